"""How the entries of tellers for networks without software lie in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.governance.tables.federated_desks import PAPER_ENTRY, PAPER_TELLER
from shared.canonical import canonical
from shared.contracts.decisions import CLASSES_MAX, ToldClass
from shared.contracts.log import Sha256
from shared.contracts.seals import Count, Tally
from shared.store import Prepared, Work

ROLL: Final = "roll"
RESULT: Final = "result"

_of_leg: Final = (
    PAPER_ENTRY.c.ballot == bindparam("of_ballot"),
    PAPER_ENTRY.c.network == bindparam("of_network"),
)
_KEEP: Final = Prepared(
    (_put := insert(PAPER_ENTRY)).on_conflict_do_update(
        index_elements=("ballot", "network", "what", "teller"),
        set_={"body": _put.excluded.body, "entered_at": _put.excluded.entered_at},
    ),
    columns=("ballot", "network", "what", "teller", "body", "entered_at"),
)
_ENTRIES: Final = Prepared(
    select(
        PAPER_ENTRY.c.what,
        PAPER_ENTRY.c.teller,
        PAPER_ENTRY.c.body,
        PAPER_ENTRY.c.entered_at,
        PAPER_ENTRY.c.settled,
    )
    .where(*_of_leg)
    .order_by(PAPER_ENTRY.c.what, PAPER_ENTRY.c.teller)
)
_SETTLE: Final = Prepared(
    update(PAPER_ENTRY)
    .where(*_of_leg, PAPER_ENTRY.c.what == bindparam("of_what"), PAPER_ENTRY.c.settled == 0)
    .values(settled=1)
)
_of_tellers: Final = (
    PAPER_TELLER.c.ballot == bindparam("of_ballot"),
    PAPER_TELLER.c.network == bindparam("of_network"),
)
_TELLERS: Final = Prepared(
    select(PAPER_TELLER.c.person).where(*_of_tellers).order_by(PAPER_TELLER.c.person)
)
_DISMISS: Final = Prepared(delete(PAPER_TELLER).where(*_of_tellers))
_NAME: Final = Prepared(
    insert(PAPER_TELLER).on_conflict_do_nothing(), columns=("ballot", "network", "person")
)


class PaperRoll(BaseModel):
    """What a paper says of who could vote there.

    Args:
        size: how many they are.
        paper_hash: of the scanned list, which the network keeps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Count
    paper_hash: Sha256


class PaperResult(BaseModel):
    """What a signed paper says of a vote.

    Args:
        issued: how many were given a ballot.
        tally: the numbers of the ballot's method; for the others ``classes``.
        classes: equal ballots with their count, for a method whose numbers do not add up.
        paper_hash: of the scan of the signed paper.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issued: Count
    blank: Count = 0
    invalid: Count = 0
    tally: Tally = Tally()
    classes: tuple[ToldClass, ...] = Field(default=(), max_length=CLASSES_MAX)
    paper_hash: Sha256


Reading = PaperRoll | PaperResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Where the entries for a network on paper stand.

    Args:
        by: who has entered something.
        told: whether two agreed, so that it was told.
        differs: whether two have entered different things.
    """

    what: str
    by: tuple[str, ...]
    told: bool
    differs: bool


def keep_tellers(work: Work, ballot_id: str, network: str, persons: Sequence[str]) -> None:
    """Name who enters what a network has done on paper, in the place of others."""
    work.run(_DISMISS, _which(ballot_id, network))
    rows = [{"ballot": ballot_id, "network": network, "person": one} for one in persons]
    work.run(_NAME, rows)


def tellers_of(work: Work, ballot_id: str, network: str) -> list[str]:
    """Return who enters what a network has done on paper."""
    return [row[0] for row in work.rows(_TELLERS, _which(ballot_id, network))]


def settle(work: Work, ballot_id: str, network: str, what: str) -> None:
    """Note that what two have entered was told; from now on it stays."""
    work.run(_SETTLE, {**_which(ballot_id, network), "of_what": what})


def standing(work: Work, ballot_id: str, network: str, what: str) -> Entered:
    """Return where the entries of a roll or a result stand, without what anybody has entered."""
    rows = [row for row in work.rows(_ENTRIES, _which(ballot_id, network)) if row[0] == what]
    told = any(row[4] for row in rows)
    return Entered(
        what=what,
        by=tuple(row[1] for row in rows),
        told=told,
        differs=not told and len({row[2] for row in rows}) > 1,
    )


def own_entry(
    work: Work, ballot_id: str, network: str, what: str, teller: str
) -> dict[str, Any] | None:
    """Return what somebody has entered themselves; once it is told, any of those who agreed."""
    found: dict[str, Any] | None = None
    for of_what, by, body, _, _ in work.rows(_ENTRIES, _which(ballot_id, network)):
        if of_what == what and by == teller:
            found = orjson.loads(body)
    return found


def keep_entry(
    work: Work,
    ballot_id: str,
    network: str,
    what: Literal["roll", "result"],
    reading: Reading,
    teller: str,
) -> list[str]:
    """Keep an entry; return the tellers who have entered the same, by name."""
    body = canonical(reading.model_dump(mode="json")).decode()
    row = {"ballot": ballot_id, "network": network, "what": what, "teller": teller}
    work.run(_KEEP, row | {"body": body, "entered_at": work.moment})
    # Who is no teller any more has entered nothing.
    named = set(tellers_of(work, ballot_id, network))
    return [
        by
        for of_what, by, theirs, _, _ in work.rows(_ENTRIES, _which(ballot_id, network))
        if of_what == what and theirs == body and by in named
    ]


def _which(ballot_id: str, network: str) -> dict[str, str]:
    return {"of_ballot": ballot_id, "of_network": network}
