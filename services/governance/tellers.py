"""Tellers: the people named for one ballot, who enter what comes on paper or by telephone."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from services.governance.ballot_refusals import BallotClosed, NotATeller
from services.governance.ballots import ballot_alone
from services.governance.tables.ballots import BALLOT_TELLER, PAPER_ENTRY
from shared.store import Prepared, Work

_NAME: Final = Prepared(
    insert(BALLOT_TELLER).on_conflict_do_nothing(), columns=("ballot_id", "person", "named_by")
)
_ONE: Final = Prepared(
    select(BALLOT_TELLER.c.person).where(
        BALLOT_TELLER.c.ballot_id == bindparam("of_ballot"),
        BALLOT_TELLER.c.person == bindparam("who"),
    )
)
_ALL: Final = Prepared(
    select(BALLOT_TELLER.c.person)
    .where(BALLOT_TELLER.c.ballot_id == bindparam("of_ballot"))
    .order_by(BALLOT_TELLER.c.person)
)


def name_tellers(work: Work, ballot_id: str, persons: Sequence[str], *, by: str) -> list[str]:
    """Name the tellers of a ballot in place of those before; return them.

    Who has entered something stays a teller: what they have read can be compared still.

    Raises:
        Missing: there is no such ballot.
        BallotClosed
    """
    if ballot_alone(work, ballot_id).closed is not None:
        raise BallotClosed()
    busy = select(PAPER_ENTRY.c.teller).where(PAPER_ENTRY.c.ballot_id == ballot_id)
    work.execute(
        delete(BALLOT_TELLER).where(
            BALLOT_TELLER.c.ballot_id == ballot_id,
            BALLOT_TELLER.c.person.not_in([*persons]),
            BALLOT_TELLER.c.person.not_in(busy),
        )
    )
    rows = [{"ballot_id": ballot_id, "person": one, "named_by": by} for one in sorted({*persons})]
    if rows:
        work.run(_NAME, rows)
    return tellers(work, ballot_id)


def tellers(work: Work, ballot_id: str) -> list[str]:
    """Return who was named for a ballot."""
    return [row[0] for row in work.rows(_ALL, {"of_ballot": ballot_id})]


def is_teller(work: Work, ballot_id: str, person: str) -> bool:
    """Return whether a person was named for a ballot."""
    return bool(work.rows(_ONE, {"of_ballot": ballot_id, "who": person}))


def require_teller(work: Work, ballot_id: str, person: str) -> None:
    """Return quietly where a person was named for a ballot.

    Raises:
        NotATeller
    """
    if not is_teller(work, ballot_id, person):
        raise NotATeller()
