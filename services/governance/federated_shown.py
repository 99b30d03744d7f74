"""What members see of a ballot between networks: the question, the legs, what is due, the outcome.

Before the close nothing is shown of any seal, and never any number that a seal withholds.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, func, select

from services.governance.federated.acts import BY_PEOPLE, due
from services.governance.federated.ballot import Ballot, outcome_of, state_at
from services.governance.federated.certificates import Certified
from services.governance.federated.legs import Leg
from services.governance.federated.notices import Notice
from services.governance.federated_legs import OwnLeg, own_legs
from services.governance.federated_rows import facts_of, state_of, text_of
from services.governance.tables.federated import FEDERATED, LEG
from shared.clock import stamp
from shared.refusals import Missing
from shared.store import Prepared, Work

_COLUMNS: Final = (
    "id", "state", "association", "matter", "convener", "opens_at", "closes_at", "outcome",
    "outcome_hash", "waits",
)  # fmt: skip
_KNOWN: Final = Prepared(
    select(func.count()).select_from(FEDERATED).where(FEDERATED.c.id == bindparam("of_id"))
)


def listed(
    work: Work, *, state: str = "", association: str = "", after: str = "", most: int
) -> list[dict[str, Any]]:
    """Return ballots in the order of their ids, those after one.

    Args:
        state, association: only those; empty for all.
    """
    local = (
        select(func.max(LEG.c.local_ballot))
        .where(LEG.c.ballot == FEDERATED.c.id, LEG.c.state != "rolled")
        .scalar_subquery()
        .label("local_ballot")
    )
    query = (
        select(*(FEDERATED.c[name] for name in _COLUMNS), local)
        .where(FEDERATED.c.id > after)
        .order_by(FEDERATED.c.id)
        .limit(most)
    )
    for name, wanted in (("state", state), ("association", association)):
        if wanted:
            query = query.where(FEDERATED.c[name] == wanted)
    return [
        {**row, "waits": orjson.loads(row["waits"]), "local_ballot": row["local_ballot"] or ""}
        for row in work.execute(query).mappings()
    ]


def known(work: Work, ballot_id: str) -> Ballot:
    """Return a ballot as it stands here.

    Raises:
        Missing: nothing was told of it.
    """
    if not work.rows(_KNOWN, {"of_id": ballot_id})[0][0]:
        raise Missing()
    return state_of(work, ballot_id)


def shown(work: Work, ballot_id: str, *, me: str) -> dict[str, Any]:
    """Return a ballot, whole, as plain JSON.

    Raises:
        Missing: nothing was told of it.
    """
    ballot, now = known(work, ballot_id), work.now
    notice = ballot.notice
    found: dict[str, Any] = {
        "id": ballot_id,
        "state": state_at(ballot, now).value,
        "convener": ballot_id.partition(":")[0],
        "facts": len(facts_of(work, ballot_id)),
        "due": [
            {"does": act.does.value, "network": act.network, "by_people": act.does in BY_PEOPLE}
            for act in due(ballot, me, now)
        ],
        "notice": None,
        "legs": [],
        "objections": [
            {
                "id": one.id,
                "network": one.network,
                "ground": one.ground,
                "state": one.state.value,
                "blocks": one.blocks,
            }
            for one in ballot.objections.values()
        ],
        "disputes": sorted(ballot.disputes),
        "local": _local(work, ballot_id, me),
        "outcome": None,
    }
    if notice is None:
        return found
    over = now >= notice.closes_at
    found["notice"] = _notice(work, notice)
    found["legs"] = [_leg(leg, over=over) for _, leg in sorted(ballot.legs.items())]
    outcome = outcome_of(ballot, now)
    if outcome is not None:
        found["outcome"] = {"outcome": outcome.outcome.outcome.value, "hash": outcome.hash}
    return found


def outcome_shown(work: Work, ballot_id: str) -> dict[str, Any]:
    """Return the outcome that was certified, from what it was computed, and who says so.

    Raises:
        Missing: nothing was told of the ballot, or nothing is certified of it.
    """
    ballot = known(work, ballot_id)
    certified: Certified | None = ballot.certified
    if certified is None or outcome_of(ballot, work.now) is None:
        raise Missing()
    return {
        "id": ballot_id,
        "hash": certified.computed.hash,
        "certified_by": list(certified.by),
        "rests_on_the_grace": certified.waits,
        "certificates": [
            {
                "network": one.network,
                "verdict": one.verdict.value,
                "outcome_hash": one.event.outcome_hash,
                "certified_at": one.event.certified_at,
            }
            for one in ballot.certificates
        ],
        "outcome": certified.computed.outcome.as_data(),
    }


def _notice(work: Work, notice: Notice) -> dict[str, Any]:
    event = notice.event
    return {
        "hash": notice.hash,
        "association": event.association,
        "charter_hash": event.charter_hash,
        "matter": event.matter,
        "level": event.level,
        "rule": notice.rule.model_dump(mode="json"),
        "rule_hash": event.rule_hash,
        "options": [one.model_dump(mode="json") for one in notice.options],
        "language": event.language,
        "texts": {
            tag: {
                "hash": one.hash,
                "confirmed": one.confirmed,
                # None until somebody has told the text that has this hash.
                "text": text_of(work, one.hash),
            }
            for tag, one in sorted(event.texts.items())
        },
        "subject": event.subject,
        "grounds": list(event.grounds),
        "noticed_at": event.noticed_at,
        "opens_at": event.opens_at,
        "closes_at": event.closes_at,
        "reveals_at": stamp(notice.reveals_at),
        "grace_ends": stamp(notice.grace_ends),
        "follows": event.follows,
        "call": event.call,
    }


def _leg(leg: Leg, *, over: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "network": leg.network,
        "speaker": leg.speaker,
        "state": leg.state.value,
        "reason": leg.reason,
        "roll": None,
        "commitment": leg.commitment,
        "faults": sorted(fault.value for fault in leg.faults),
        "counts": False,
        "seal": None,
        "seal_hash": None,
    }
    if leg.roll is not None:
        shown["roll"] = {"epoch": leg.roll.epoch, "root": leg.roll.root, "size": leg.roll.size}
    if over and leg.seal is not None:
        seal: Mapping[str, Any] = leg.seal.as_data()
        shown |= {"counts": leg.counts, "seal": seal, "seal_hash": leg.seal.hash}
    return shown


def _local(work: Work, ballot_id: str, me: str) -> dict[str, Any] | None:
    """Return the ballot of this node in which its members vote, the newest of its rolls."""
    own: list[OwnLeg] = own_legs(work, ballot_id, me)
    if not own:
        return None
    opened = [one for one in own if one.state != "rolled"]
    last = (opened or own)[-1]
    return {"ballot": last.local_ballot, "state": last.state, "roll_size": last.size}
