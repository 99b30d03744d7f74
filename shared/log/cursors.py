"""Where this service stands in the logs of others: cursors, applied pages, positions in streams."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import BindParameter, and_, bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.log.evidence import EQUIVOCATION, LEFT_BRANCH, OLDER_EPOCH, Evidence
from shared.log.held import (
    HELD_PAGES_MAX,
    HeldPages,
    named,
    of_name,
    page_columns,
    page_of,
    page_row,
)
from shared.log.names import LogName
from shared.log.page import NO_PAGE, SealedPage
from shared.log.tables import LogTables
from shared.store import Prepared, Work

__all__ = [
    "EQUIVOCATION",
    "HELD_PAGES_MAX",
    "LEFT_BRANCH",
    "OLDER_EPOCH",
    "Cursor",
    "Cursors",
    "LogState",
]

REPLAYED_TOGETHER: Final = 64
"""How many pages are read at a time for a replay."""


class LogState(StrEnum):
    """How a log of another stands with this reader."""

    OPEN = "open"
    GAP = "gap"
    QUARANTINED = "quarantined"


@dataclass(slots=True)
class Cursor:
    """How far a log has been applied: its epoch, the last page's number and hash."""

    name: LogName
    epoch: int = 1
    number: int = 0
    hash: str = NO_PAGE
    state: LogState = LogState.OPEN
    reason: str = ""


class Cursors(HeldPages, Evidence):
    """The rows of the inbox, read and written within units of work.

    ``insert`` of the PostgreSQL dialect is used for its ``ON CONFLICT``, which SQLite writes the
    same way.
    """

    def __init__(self, tables: LogTables) -> None:
        HeldPages.__init__(self, tables)
        Evidence.__init__(self, tables)
        peer, pages = tables.peer_log, tables.peer_pages
        self._load = Prepared(
            select(peer.c.epoch, peer.c.number, peer.c.hash, peer.c.state, peer.c.reason).where(
                *of_name(peer)
            )
        )
        keep = insert(peer)
        fields = ("epoch", "number", "hash", "state", "reason", "applied_at")
        self._keep = Prepared(
            keep.on_conflict_do_update(
                index_elements=("node", "service", "log"),
                set_={field: keep.excluded[field] for field in fields},
            ),
            columns=("node", "service", "log", *fields),
        )
        self._all = select(peer)
        self._add_pages = Prepared(
            insert(pages).on_conflict_do_nothing(), columns=[column.name for column in pages.c]
        )
        epoch: BindParameter[int] = bindparam("of_epoch")
        number: BindParameter[int] = bindparam("of_number")
        of_epoch = (*of_name(pages), pages.c.epoch == epoch)
        self._hash_at = Prepared(select(pages.c.sha256).where(*of_epoch, pages.c.number == number))
        page = select(*page_columns(pages)).limit(bindparam("most"))
        self._pages_after = Prepared(
            page.where(*of_epoch, pages.c.number > number).order_by(pages.c.number)
        )
        beyond = tuple_(pages.c.epoch, pages.c.number) > tuple_(epoch, number)
        self._beyond = Prepared(
            page.where(*of_name(pages), beyond).order_by(pages.c.epoch, pages.c.number)
        )
        position = insert(tables.inbox_cursor)
        self._position = Prepared(
            position.on_conflict_do_update(
                index_elements=("stream",),
                set_={"created": position.excluded.created, "seq": position.excluded.seq},
            ),
            columns=("stream", "created", "seq"),
        )
        cursor = tables.inbox_cursor
        self._position_of = Prepared(
            select(cursor.c.created, cursor.c.seq).where(cursor.c.stream == bindparam("of_stream"))
        )

    def load(self, work: Work, name: LogName) -> Cursor:
        """Return where a log stands; before its first page where nothing is known of it."""
        rows = work.rows(self._load, named(name))
        if not rows:
            return Cursor(name)
        epoch, number, hash_, state, reason = rows[0]
        return Cursor(name, epoch, number, hash_, LogState(state), reason)

    def all(self, work: Work) -> list[Cursor]:
        """Return where every log stands."""
        return [
            Cursor(
                LogName(NodeName(row.node), ServiceName(row.service), Log(row.log)),
                row.epoch,
                row.number,
                row.hash,
                LogState(row.state),
                row.reason,
            )
            for row in work.execute(self._all)
        ]

    def keep(self, work: Work, cursor: Cursor) -> None:
        """Write down where a log stands."""
        work.run(
            self._keep,
            {
                "node": cursor.name.node,
                "service": cursor.name.service,
                "log": cursor.name.log.value,
                "epoch": cursor.epoch,
                "number": cursor.number,
                "hash": cursor.hash,
                "state": cursor.state.value,
                "reason": cursor.reason,
                "applied_at": work.moment,
            },
        )

    def add_pages(self, work: Work, name: LogName, pages: Sequence[SealedPage]) -> None:
        """Keep pages that were applied."""
        work.run(self._add_pages, [page_row(name, page) for page in pages])

    def hash_at(self, work: Work, name: LogName, epoch: int, number: int) -> str | None:
        """Return the hash of an applied page, or none where there is none."""
        rows = work.rows(self._hash_at, {**named(name), "of_epoch": epoch, "of_number": number})
        return str(rows[0][0]) if rows else None

    def pages_after(
        self, work: Work, name: LogName, *, epoch: int, after: int, most: int
    ) -> list[SealedPage]:
        """Return applied pages of an epoch after a number, in order, at most so many."""
        parameters = {**named(name), "of_epoch": epoch, "of_number": after, "most": most}
        return [page_of(name, row) for row in work.rows(self._pages_after, parameters)]

    def each_page(
        self, work: Work, name: LogName, *, epoch: int = 0, after: int = 0
    ) -> Iterator[SealedPage]:
        """Yield the applied pages of a log after a place, in order, a few at a time."""
        while True:
            place = {"of_epoch": epoch, "of_number": after, "most": REPLAYED_TOGETHER}
            rows = work.rows(self._beyond, named(name) | place)
            for row in rows:
                yield page_of(name, row)
            if len(rows) < REPLAYED_TOGETHER:
                return
            epoch, after = rows[-1][0], rows[-1][1]

    def all_pages(self, work: Work, name: LogName) -> list[SealedPage]:
        """Return all applied pages of a log, in order."""
        return list(self.each_page(work, name))

    def certificates(self, work: Work) -> list[tuple[LogName, str]]:
        """Return, of each log, the certificate of the last page that was applied."""
        peer, pages = self.tables.peer_log, self.tables.peer_pages
        same = [peer.c[key] == pages.c[key] for key in ("node", "service", "log")]
        same += [peer.c.epoch == pages.c.epoch, peer.c.number == pages.c.number]
        statement = select(pages.c.node, pages.c.service, pages.c.log, pages.c.certificate)
        return [
            (LogName(NodeName(row.node), ServiceName(row.service), Log(row.log)), row.certificate)
            for row in work.execute(statement.join(peer, and_(*same)))
        ]

    def drop_pages(self, work: Work, name: LogName, *, epoch: int, after: int, reason: str) -> int:
        """Take the pages of a branch that does not count out; they stay as evidence.

        Returns how many pages of this epoch after ``after``, and of later epochs, were dropped.
        """
        dropped = 0
        for page in self.each_page(work, name, epoch=epoch, after=after):
            self.keep_evidence(work, name, page, reason=reason)
            dropped += 1
        # What could not be read of these pages will not be tried again either.
        for table in (self.tables.peer_pages, self.tables.set_aside):
            beyond = (table.c.epoch > epoch) | ((table.c.epoch == epoch) & (table.c.number > after))
            work.execute(delete(table).where(*of_name(table), beyond), named(name))
        return dropped

    def position(self, work: Work, stream: str) -> tuple[str, int]:
        """Return the creation and the last sequence that was read of a stream."""
        rows = work.rows(self._position_of, {"of_stream": stream})
        return (str(rows[0][0]), int(rows[0][1])) if rows else ("", 0)

    def keep_position(self, work: Work, stream: str, created: str, seq: int) -> None:
        """Write down how far a stream was read."""
        work.run(self._position, {"stream": stream, "created": created, "seq": seq})
