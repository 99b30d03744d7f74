"""Votes that are carried for others at the close, where a rule has delegation.

Who has not voted, and has given their vote into another's hands, gets a ballot of their own that
says what the holder's says: with its own nonce and receipt. So every ballot in the urn is one vote,
and none shows by its weight whose it is.
"""

from datetime import datetime
from secrets import token_hex
from typing import Any

from services.governance.ballots import BallotState, Channel
from services.governance.casting import issue, issued_voters, lay, slip, tell_recorded
from services.governance.custody import hidden
from services.governance.delegations import standing
from services.governance.receipts import NONCE_BYTES
from services.governance.roll_handlers import entry
from shared.clock import stamp
from shared.store import Work


def lay_delegated(
    work: Work, ballot: BallotState, key: bytes, *, at: datetime
) -> list[dict[str, Any]]:
    """Lay a ballot for each voter whose vote another one carries; return what is told of it.

    Args:
        ballot: read alone, with delegation in its rule.
        at: the moment at which delegations must hold.
    """
    assert ballot.rule.delegation is not None
    voted = frozenset(issued_voters(work, ballot.ballot_id))
    carried = 0
    for one in standing(work, scope=ballot.rule.delegation.scope, at=stamp(at)):
        if one.giver in voted or one.holder not in voted:
            continue
        if entry(work, ballot.ballot_id, one.giver) is None:
            continue
        lying = slip(work, ballot.ballot_id, hidden(key, "voter", one.holder))
        if lying is None:
            continue
        issue(work, ballot.ballot_id, one.giver, Channel.DELEGATED)
        lay(
            work,
            ballot.ballot_id,
            hidden(key, "voter", one.giver),
            nonce=token_hex(NONCE_BYTES),
            choice=lying[1].encode(),
        )
        tell_recorded(work, ballot.ballot_id, one.giver)
        carried += 1
    return [{"kind": "delegated", "votes": carried}]
