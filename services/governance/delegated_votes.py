"""Votes that are carried for others at the close, where a rule has delegation.

Who has not voted, and has given their vote into another's hands, gets a ballot of their own that
says what the holder's says: with its own nonce and receipt. So every ballot in the urn is one vote,
and none shows by its weight whose it is.
"""

from collections import Counter
from datetime import datetime
from secrets import token_hex
from typing import Any

from services.governance.ballots import BallotState, Channel
from services.governance.casting import issue, issued_voters, lay, slip, tell_recorded
from services.governance.counting.delegation import Given, carried
from services.governance.custody import hidden
from services.governance.delegations import standing
from services.governance.receipts import NONCE_BYTES
from services.governance.roll_handlers import entry
from shared.clock import moment, stamp
from shared.store import Work


def lay_delegated(
    work: Work, ballot: BallotState, key: bytes, *, at: datetime
) -> list[dict[str, Any]]:
    """Lay a ballot for each voter whose vote another one carries; return what is told of it.

    Nothing is carried by who put a slip without a name into an urn: what it says is not known.

    Args:
        ballot: read alone, with delegation in its rule.
        at: the moment at which delegations must hold.
    """
    rule, ballot_id = ballot.rule.delegation, ballot.ballot_id
    assert rule is not None, "votes are carried where the rule has delegation"
    given = [
        Given(
            giver=one.giver,
            holder=one.holder,
            scope=one.scope,
            given_at=moment(one.given_at),
            until=moment(one.until),
        )
        for one in standing(work, scope=rule.scope, at=stamp(at))
        if entry(work, ballot_id, one.giver) is not None
    ]
    voted = issued_voters(work, ballot_id)
    found = carried(given, voted, scope=rule.scope, at=at, held_max=rule.held_max)
    why = Counter(reason.value for reason in found.abstaining.values())
    votes = 0
    for giver, holder in sorted(found.by.items()):
        lying = slip(work, ballot_id, hidden(key, "voter", holder))
        if lying is None:
            why["holder-in-the-urn"] += 1
            continue
        issue(work, ballot_id, giver, Channel.DELEGATED)
        slip_id, nonce = hidden(key, "voter", giver), token_hex(NONCE_BYTES)
        lay(work, ballot_id, slip_id, nonce=nonce, choice=lying[1].encode())
        tell_recorded(work, ballot_id, giver)
        votes += 1
    return [{"kind": "delegated", "votes": votes, "abstaining": dict(sorted(why.items()))}]
