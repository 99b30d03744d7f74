"""Sealing: committed events leave the outbox and become a signed page, in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.events import Log, Speaker
from shared.keys import SigningKey
from shared.log.page import (
    EVENTS_BYTES_MAX,
    NO_PAGE,
    PAGE_EVENTS_MAX,
    SealedPage,
    page_bytes,
    sha256_hex,
    sign_page,
)
from shared.log.tables import LogTables
from shared.store import Prepared, Work

FRESH_EVENTS_MIN: Final = 128
"""How many events must be committed together to be sealed at once, past the outbox."""
LOGS: Final = (Log.PUBLIC, Log.PRIVATE)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands: its newest page, or number 0 before the first of an epoch."""

    epoch: int
    number: int
    hash: str
    receipt: tuple[int, int] = (0, 0)
    """The newest own page (epoch, number) that came back from the hub."""


class Sealed(NamedTuple):
    """A page that was sealed just now, and how many events it holds."""

    page: SealedPage
    events: int


class Sealer:
    """Seals the pages of one service's logs.

    Args:
        tables: the service's log tables.
        speaker: the node and service.
        key: the service's signing key.
        certificate: the key's certificate, as it travels with each page.
    """

    def __init__(
        self, tables: LogTables, *, speaker: Speaker, key: SigningKey, certificate: str
    ) -> None:
        self.fresh_min = FRESH_EVENTS_MIN
        """How many events committed together are sealed at once; the relay makes it 1 when idle."""
        self._speaker = speaker
        self._key = key
        self._certificate = certificate
        self._tables = tables
        self._heads = select(tables.log_head)
        outbox, head, pages = tables.outbox, tables.log_head, tables.pages
        of_log: BindParameter[str] = bindparam("of_log")
        self._head = Prepared(
            select(
                head.c.epoch,
                head.c.number,
                head.c.hash,
                head.c.receipt_epoch,
                head.c.receipt_number,
            )
            .where(head.c.log == of_log)
            .with_for_update()
        )
        self._begin = Prepared(
            insert(head).on_conflict_do_nothing(), columns=("log", "epoch", "number", "hash")
        )
        self._waiting = Prepared(
            select(outbox.c.position, outbox.c.body)
            .where(outbox.c.log == of_log)
            .order_by(outbox.c.position)
            .limit(PAGE_EVENTS_MAX)
        )
        self._any = Prepared(select(outbox.c.position).where(outbox.c.log == of_log).limit(1))
        self._taken = Prepared(delete(outbox).where(outbox.c.position == bindparam("at")))
        self._taken_range = Prepared(
            delete(outbox).where(
                outbox.c.log == of_log,
                outbox.c.position.between(bindparam("first"), bindparam("last")),
            )
        )
        self._keep = Prepared(
            insert(pages),
            columns=(
                "log",
                "epoch",
                "number",
                "bytes",
                "sha256",
                "signature",
                "certificate",
                "sealed_at",
            ),
        )
        self._move = Prepared(
            update(head)
            .where(head.c.log == of_log)
            .values(
                epoch=bindparam("to_epoch"),
                number=bindparam("to_number"),
                hash=bindparam("to_hash"),
            )
        )
        self._receipt = Prepared(
            update(head)
            .where(head.c.log == of_log)
            .values(receipt_epoch=bindparam("to_epoch"), receipt_number=bindparam("to_number"))
        )
        page = (
            pages.c.epoch,
            pages.c.number,
            pages.c.bytes,
            pages.c.sha256,
            pages.c.signature,
            pages.c.certificate,
        )
        self._pages = Prepared(
            select(*page)
            .where(
                pages.c.log == of_log,
                pages.c.epoch == bindparam("of_epoch"),
                pages.c.number > bindparam("after"),
            )
            .order_by(pages.c.number)
            .limit(bindparam("most"))
        )

    def head(self, work: Work, log: Log) -> Head:
        """Return where a log stands; in a unit that writes, nobody else moves it meanwhile."""
        rows = work.rows(self._head, {"of_log": log.value})
        if not rows:
            work.run(self._begin, {"log": log.value, "epoch": 1, "number": 0, "hash": NO_PAGE})
            # Another one may have begun the log meanwhile, and sealed its first page.
            rows = work.rows(self._head, {"of_log": log.value})
        epoch, number, hash_, receipt_epoch, receipt_number = rows[0]
        return Head(epoch, number, hash_, (receipt_epoch, receipt_number))

    def head_seen(self, work: Work, log: Log) -> Head:
        """Return where a log stands, in a query; before its first page where it has none."""
        rows = work.execute(self._heads.where(self._tables.log_head.c.log == log.value)).all()
        if not rows:
            return Head(1, 0, NO_PAGE)
        row = rows[0]
        return Head(row.epoch, row.number, row.hash, (row.receipt_epoch, row.receipt_number))

    def seal(self, work: Work, log: Log) -> Sealed | None:
        """Seal the oldest events that wait into the log's next page; none where none wait."""
        head = self.head(work, log)
        waiting = work.rows(self._waiting, {"of_log": log.value})
        if not waiting:
            return None
        bodies = next(_page_loads([body for _, body in waiting]))
        page = self._seal(work, log, head.epoch, head.number + 1, head.hash, bodies)
        self._take_out(work, log, [at for at, _ in waiting[: len(bodies)]])
        return Sealed(page, len(bodies))

    def seal_fresh(
        self, work: Work, events: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[Sealed]]:
        """Seal public events that are being committed, where they fill a page or the log is idle.

        They need not go through the outbox then; where older ones wait there, or the new ones are
        few and the relay is busy, all take the usual way, so that the order stays and pages fill.

        Returns:
            What is left for the outbox, and the pages, in their order.
        """
        bodies = [row["body"] for row in events if row["log"] == Log.PUBLIC.value]
        if len(bodies) < self.fresh_min or not bodies:
            return events, []
        if work.rows(self._any, {"of_log": Log.PUBLIC.value}):
            return events, []
        pages = []
        head = self.head(work, Log.PUBLIC)
        number, prev = head.number, head.hash
        for some in _page_loads(bodies):
            number += 1
            page = self._seal(work, Log.PUBLIC, head.epoch, number, prev, some)
            prev = page.sha256
            pages.append(Sealed(page, len(some)))
        # Until the relay says again that it is idle.
        self.fresh_min = FRESH_EVENTS_MIN
        return [row for row in events if row["log"] != Log.PUBLIC.value], pages

    def _take_out(self, work: Work, log: Log, positions: list[int]) -> None:
        """Delete the events of a page from the outbox, and none that was committed meanwhile."""
        first, last = positions[0], positions[-1]
        if last - first + 1 == len(positions):
            # Nothing can lie between: each position of the range belongs to one of these.
            work.run(self._taken_range, {"of_log": log.value, "first": first, "last": last})
        else:
            work.run(self._taken, [{"at": at} for at in positions])

    def open_epoch(self, work: Work, log: Log, *, epoch: int, first: bytes) -> SealedPage:
        """Go on in a new epoch, whose first page holds the event that says so.

        Args:
            epoch: the new epoch, greater than any that was seen.
            first: the canonical ``log.reopened``, with the root key's signature in it.
        """
        head = self.head(work, log)
        assert epoch > head.epoch
        return self._seal(work, log, epoch, 1, NO_PAGE, [first])

    def pages(self, work: Work, log: Log, *, epoch: int, after: int, most: int) -> list[SealedPage]:
        """Return sealed pages of an epoch after a number, in order, at most so many."""
        rows = work.rows(
            self._pages,
            {"of_log": log.value, "of_epoch": epoch, "after": after, "most": most},
        )
        return [
            SealedPage(
                log=log,
                epoch=found,
                number=number,
                data=bytes(data),
                sha256=sha256,
                signature=signature,
                certificate=certificate,
            )
            for found, number, data, sha256, signature, certificate in rows
        ]

    def receipt(self, work: Work, log: Log, epoch: int, number: int) -> None:
        """Keep the newest own page that came back from the hub."""
        work.run(self._receipt, {"of_log": log.value, "to_epoch": epoch, "to_number": number})

    def keep(self, work: Work, page: SealedPage, *, sealed_at: str) -> None:
        """Write a page into the page table and move the log's head onto it."""
        work.run(
            self._keep,
            {
                "log": page.log.value,
                "epoch": page.epoch,
                "number": page.number,
                "bytes": page.data,
                "sha256": page.sha256,
                "signature": page.signature,
                "certificate": page.certificate,
                "sealed_at": sealed_at,
            },
        )
        work.run(
            self._move,
            {
                "of_log": page.log.value,
                "to_epoch": page.epoch,
                "to_number": page.number,
                "to_hash": page.sha256,
            },
        )

    def _seal(
        self, work: Work, log: Log, epoch: int, number: int, prev: str, bodies: list[bytes]
    ) -> SealedPage:
        sealed_at = work.moment
        data = page_bytes(
            node=self._speaker.node,
            service=self._speaker.service,
            log=log,
            epoch=epoch,
            number=number,
            prev=prev,
            sealed_at=sealed_at,
            bodies=bodies,
        )
        sha256 = sha256_hex(data)
        page = SealedPage(
            log=log,
            epoch=epoch,
            number=number,
            data=data,
            sha256=sha256,
            signature=sign_page(sha256, self._key),
            certificate=self._certificate,
        )
        self.keep(work, page, sealed_at=sealed_at)
        return page


def _page_loads(bodies: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield the events as pages hold them: at most 256, and at most the bytes of a page."""
    load: list[bytes] = []
    size = 0
    for body in bodies:
        if load and (len(load) == PAGE_EVENTS_MAX or size + len(body) + 1 > EVENTS_BYTES_MAX):
            yield load
            load, size = [], 0
        load.append(body)
        size += len(body) + 1
    yield load
