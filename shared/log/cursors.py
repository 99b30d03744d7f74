"""Where this service stands in the logs of others: cursors, applied pages, held pages, evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BindParameter, and_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.log.names import LogName
from shared.log.page import NO_PAGE, SealedPage
from shared.log.tables import LogTables, storable
from shared.store import Prepared, Work

HELD_PAGES_MAX: Final = 1_000
"""How many pages of one log may be held behind a gap; what comes above is fetched again later."""
EVIDENCE_ROWS_MAX: Final = 10_000
EVIDENCE_BYTES_MAX: Final = 512_000
REFUSED_BYTES_KEPT: Final = 4_096
EQUIVOCATION: Final = "equivocation"
LEFT_BRANCH: Final = "left-branch"
OLDER_EPOCH: Final = "older-epoch"
WHOLE_EVIDENCE: Final = frozenset({EQUIVOCATION, LEFT_BRANCH, OLDER_EPOCH})
"""Reasons for which pages are kept whole: two of them together prove two histories."""


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


class Cursors:
    """The rows of the inbox, read and written within units of work.

    ``insert`` of the PostgreSQL dialect is used for its ``ON CONFLICT``, which SQLite writes the
    same way.
    """

    def __init__(self, tables: LogTables) -> None:
        self.tables = tables
        peer, pages, held = tables.peer_log, tables.peer_pages, tables.held_page
        of = _of(peer)
        self._load = Prepared(
            select(peer.c.epoch, peer.c.number, peer.c.hash, peer.c.state, peer.c.reason).where(*of)
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
        self._hash_at = Prepared(
            select(pages.c.sha256)
            .where(*_of(pages), pages.c.epoch == epoch)
            .where(pages.c.number == number)
        )
        place = (
            pages.c.epoch,
            pages.c.number,
            pages.c.bytes,
            pages.c.sha256,
            pages.c.signature,
            pages.c.certificate,
        )
        self._pages_after = Prepared(
            select(*place)
            .where(*_of(pages), pages.c.epoch == epoch, pages.c.number > number)
            .order_by(pages.c.number)
            .limit(bindparam("most"))
        )
        self._all_pages = select(*place).order_by(pages.c.epoch, pages.c.number)
        self._hold = Prepared(
            insert(held).on_conflict_do_nothing(), columns=[column.name for column in held.c]
        )
        waiting = (
            held.c.epoch,
            held.c.number,
            held.c.bytes,
            held.c.sha256,
            held.c.signature,
            held.c.certificate,
        )
        self._held_next = Prepared(
            select(*waiting)
            .where(*_of(held), held.c.reason == "gap")
            .where(
                ((held.c.epoch == epoch) & (held.c.number == number))
                | ((held.c.epoch > epoch) & (held.c.number == 1))
            )
            .order_by(held.c.epoch, held.c.number)
        )
        self._overtaken = Prepared(
            select(*waiting)
            .where(*_of(held), held.c.reason == "gap")
            .where((held.c.epoch < epoch) | ((held.c.epoch == epoch) & (held.c.number <= number)))
            .order_by(held.c.epoch, held.c.number)
        )
        self._held_count = Prepared(select(func.count()).select_from(held).where(*_of(held)))
        self._release = Prepared(
            delete(held).where(
                *_of(held),
                held.c.epoch == epoch,
                held.c.number == number,
                held.c.sha256 == bindparam("of_sha256"),
            )
        )
        self._count = counting(tables)
        self._evidence = Prepared(
            insert(tables.quarantine).on_conflict_do_nothing(),
            columns=[c.name for c in tables.quarantine.c if c.name != "id"],
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
        rows = work.rows(self._load, _named(name))
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
        work.run(self._add_pages, [_row(name, page) for page in pages])

    def hash_at(self, work: Work, name: LogName, epoch: int, number: int) -> str | None:
        """Return the hash of an applied page, or none where there is none."""
        rows = work.rows(self._hash_at, {**_named(name), "of_epoch": epoch, "of_number": number})
        return str(rows[0][0]) if rows else None

    def pages_after(
        self, work: Work, name: LogName, *, epoch: int, after: int, most: int
    ) -> list[SealedPage]:
        """Return applied pages of an epoch after a number, in order, at most so many."""
        parameters = {**_named(name), "of_epoch": epoch, "of_number": after, "most": most}
        return [_page(name, row) for row in work.rows(self._pages_after, parameters)]

    def all_pages(self, work: Work, name: LogName) -> list[SealedPage]:
        """Return all applied pages of a log, in order, for a replay."""
        statement = self._all_pages.where(*_of(self.tables.peer_pages))
        return [_page(name, tuple(row)) for row in work.execute(statement, _named(name))]

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
        table = self.tables.peer_pages
        beyond = (table.c.epoch > epoch) | ((table.c.epoch == epoch) & (table.c.number > after))
        found = work.execute(self._all_pages.where(*_of(table), beyond), _named(name)).all()
        for row in found:
            self.keep_evidence(work, name, _page(name, tuple(row)), reason=reason)
        work.execute(delete(table).where(*_of(table), beyond), _named(name))
        aside = self.tables.set_aside
        later = (aside.c.epoch > epoch) | ((aside.c.epoch == epoch) & (aside.c.number > after))
        work.execute(delete(aside).where(*_of(aside), later), _named(name))
        return len(found)

    def hold(self, work: Work, name: LogName, page: SealedPage, *, reason: str) -> None:
        """Hold a page that cannot be applied yet; above the limit it is dropped instead.

        A page of an unknown node has not been checked: its headers may hold anything.
        """
        count = work.rows(self._held_count, _named(name))[0][0]
        if count < HELD_PAGES_MAX:
            row = _row(name, page)
            for header, most in (("signature", 256), ("certificate", 2048)):
                row[header] = storable(row[header], most)
            work.run(self._hold, {**row, "reason": reason})

    def held_next(self, work: Work, cursor: Cursor) -> SealedPage | None:
        """Return the held page that may come next: the following number, or a new epoch's first."""
        rows = work.rows(
            self._held_next,
            {**_named(cursor.name), "of_epoch": cursor.epoch, "of_number": cursor.number + 1},
        )
        return _page(cursor.name, rows[0]) if rows else None

    def overtaken(self, work: Work, cursor: Cursor) -> list[SealedPage]:
        """Return the held pages whose places have been applied meanwhile, by a repair."""
        rows = work.rows(
            self._overtaken,
            {**_named(cursor.name), "of_epoch": cursor.epoch, "of_number": cursor.number},
        )
        return [_page(cursor.name, row) for row in rows]

    def held_count(self, work: Work, name: LogName) -> int:
        """Return how many pages of a log are held."""
        return int(work.rows(self._held_count, _named(name))[0][0])

    def held_for(self, work: Work, reason: str) -> list[tuple[LogName, SealedPage]]:
        """Return the pages that are held for a reason, by log and number."""
        held = self.tables.held_page
        rows = work.execute(
            select(held)
            .where(held.c.reason == reason)
            .order_by(held.c.node, held.c.service, held.c.epoch, held.c.number)
        )
        found = []
        for row in rows:
            name = LogName(NodeName(row.node), ServiceName(row.service), Log(row.log))
            place = (row.epoch, row.number, row.bytes, row.sha256, row.signature, row.certificate)
            found.append((name, _page(name, place)))
        return found

    def release(self, work: Work, name: LogName, page: SealedPage) -> None:
        """Hold a page no longer."""
        work.run(
            self._release,
            {
                **_named(name),
                "of_epoch": page.epoch,
                "of_number": page.number,
                "of_sha256": page.sha256,
            },
        )

    def forget_held(self, work: Work, name: LogName) -> None:
        """Hold nothing of a log any longer."""
        held = self.tables.held_page
        work.execute(delete(held).where(*_of(held)), _named(name))

    def count_refusal(self, work: Work, node: str, reason: str) -> None:
        """Count one refusal of something that came in a node's name."""
        work.run(self._count, {"node": node, "reason": reason, "count": 1})

    def keep_evidence(
        self, work: Work, name: LogName, page: SealedPage, *, reason: str, detail: str = ""
    ) -> None:
        """Keep refused bytes with their reason; they are never repaired.

        Of what proves nothing against its signer only the beginning is kept.
        """
        most = EVIDENCE_BYTES_MAX if reason in WHOLE_EVIDENCE else REFUSED_BYTES_KEPT
        work.run(
            self._evidence,
            {
                "node": name.node,
                "service": name.service,
                "log": name.log.value,
                "epoch": page.epoch,
                "number": page.number,
                "reason": reason,
                "detail": storable(detail, 500),
                "bytes": page.data[:most],
                "signature": storable(page.signature, 256),
                "certificate": storable(page.certificate, 2048),
                "at": work.moment,
            },
        )
        table = self.tables.quarantine
        # Old refusals make room; a page is at most 512 kB, and most refused bytes are cut short.
        newest = select(func.max(table.c.id)).scalar_subquery()
        work.execute(delete(table).where(table.c.id <= newest - EVIDENCE_ROWS_MAX))

    def position(self, work: Work, stream: str) -> tuple[str, int]:
        """Return the creation and the last sequence that was read of a stream."""
        rows = work.rows(self._position_of, {"of_stream": stream})
        return (str(rows[0][0]), int(rows[0][1])) if rows else ("", 0)

    def keep_position(self, work: Work, stream: str, created: str, seq: int) -> None:
        """Write down how far a stream was read."""
        work.run(self._position, {"stream": stream, "created": created, "seq": seq})


def counting(tables: LogTables) -> Prepared:
    """Return the statement that counts one refusal of something in a node's name."""
    table = tables.refusal_count
    return Prepared(
        insert(table).on_conflict_do_update(
            index_elements=("node", "reason"), set_={"count": table.c.count + 1}
        ),
        columns=("node", "reason", "count"),
    )


def _of(table: Any) -> tuple[Any, ...]:
    return (
        table.c.node == bindparam("of_node"),
        table.c.service == bindparam("of_service"),
        table.c.log == bindparam("of_log"),
    )


def _named(name: LogName) -> dict[str, Any]:
    return {"of_node": name.node, "of_service": name.service, "of_log": name.log.value}


def _row(name: LogName, page: SealedPage) -> dict[str, Any]:
    return {
        "node": name.node,
        "service": name.service,
        "log": name.log.value,
        "epoch": page.epoch,
        "number": page.number,
        "bytes": page.data,
        "sha256": page.sha256,
        "signature": page.signature,
        "certificate": page.certificate,
    }


def _page(name: LogName, row: Sequence[Any]) -> SealedPage:
    epoch, number, data, sha256, signature, certificate = row
    return SealedPage(
        log=name.log,
        epoch=epoch,
        number=number,
        data=bytes(data),
        sha256=sha256,
        signature=signature,
        certificate=certificate,
    )
