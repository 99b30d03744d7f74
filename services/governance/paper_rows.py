"""Tellers' entries in the database: whose they are on one side, what was read on the other."""

from typing import Final, NamedTuple

from sqlalchemy import and_, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.governance.custody import hidden
from services.governance.tables.ballots import PAPER_ENTRY, PAPER_MARK
from shared.store import Prepared, Work

SLIP: Final = "s:"
"""What stands before the number of a slip without a name."""
COUNTED: Final = ("agreed", "spoilt")
"""The states of an entry that nothing changes any more."""


class Entry(NamedTuple):
    """One teller's entry, without what they have read."""

    teller: str
    channel: str
    state: str


_of_subject: Final = (
    PAPER_ENTRY.c.ballot_id == bindparam("of_ballot"),
    PAPER_ENTRY.c.subject == bindparam("of_subject"),
)
_ENTRIES: Final = Prepared(
    select(PAPER_ENTRY.c.teller, PAPER_ENTRY.c.channel, PAPER_ENTRY.c.state)
    .where(*_of_subject)
    .order_by(PAPER_ENTRY.c.teller)
)
_TAKE_BACK: Final = Prepared(
    delete(PAPER_ENTRY).where(*_of_subject, PAPER_ENTRY.c.teller == bindparam("of_teller"))
)
_new = insert(PAPER_ENTRY)
_KEEP: Final = Prepared(
    _new.on_conflict_do_update(
        index_elements=("ballot_id", "subject", "teller"),
        set_={"channel": _new.excluded.channel, "state": _new.excluded.state},
    ),
    columns=("ballot_id", "subject", "teller", "channel", "state"),
)
_of_mark: Final = (
    PAPER_MARK.c.ballot_id == bindparam("of_ballot"),
    PAPER_MARK.c.mark_id == bindparam("of_mark"),
)
_MARK: Final = Prepared(select(PAPER_MARK.c.choice).where(*_of_mark))
_UNMARK: Final = Prepared(delete(PAPER_MARK).where(*_of_mark))
_new_mark = insert(PAPER_MARK)
_KEEP_MARK: Final = Prepared(
    _new_mark.on_conflict_do_update(
        index_elements=("ballot_id", "mark_id"), set_={"choice": _new_mark.excluded.choice}
    ),
    columns=("ballot_id", "mark_id", "choice"),
)


def entries_of(work: Work, ballot_id: str, subject: str) -> dict[str, Entry]:
    """Return the entries of a subject by teller."""
    rows = work.rows(_ENTRIES, {"of_ballot": ballot_id, "of_subject": subject})
    return {row[0]: Entry(*row) for row in rows}


def keep_entry(work: Work, ballot_id: str, subject: str, entry: Entry) -> None:
    """Keep a teller's entry in place of their earlier one."""
    work.run(_KEEP, {"ballot_id": ballot_id, "subject": subject, **entry._asdict()})


def drop_entry(work: Work, ballot_id: str, subject: str, teller: str) -> None:
    """Forget that a teller has entered a subject."""
    work.run(_TAKE_BACK, {"of_ballot": ballot_id, "of_subject": subject, "of_teller": teller})


def mark(work: Work, key: bytes, ballot_id: str, subject: str, teller: str, choice: str) -> None:
    """Keep what a teller has read, apart from whom it is of."""
    mark_id = hidden(key, "mark", subject, teller)
    work.run(_KEEP_MARK, {"ballot_id": ballot_id, "mark_id": mark_id, "choice": choice})


def marked(work: Work, key: bytes, ballot_id: str, subject: str, teller: str) -> str:
    """Return what a teller has read, as canonical JSON."""
    mark_id = hidden(key, "mark", subject, teller)
    [(choice,)] = work.rows(_MARK, {"of_ballot": ballot_id, "of_mark": mark_id})
    return str(choice)


def unmark(work: Work, key: bytes, ballot_id: str, subject: str, teller: str) -> None:
    """Forget what a teller has read."""
    mark_id = hidden(key, "mark", subject, teller)
    work.run(_UNMARK, {"of_ballot": ballot_id, "of_mark": mark_id})


def listed_entries(
    work: Work, ballot_id: str, *, after: tuple[str, str] | None, most: int
) -> list[tuple[str, Entry]]:
    """Return subjects and entries of a ballot, without what was read."""
    table = PAPER_ENTRY.c
    query = (
        select(table.subject, table.teller, table.channel, table.state)
        .where(table.ballot_id == ballot_id)
        .order_by(table.subject, table.teller)
        .limit(most)
    )
    if after is not None:
        subject, teller = after
        query = query.where(
            or_(table.subject > subject, and_(table.subject == subject, table.teller > teller))
        )
    return [(row.subject, Entry(row.teller, row.channel, row.state)) for row in work.execute(query)]
