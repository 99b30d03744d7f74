"""Pages that wait: behind a gap, for their node's admission, or until a branch is whole."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.log.names import LogName
from shared.log.page import SealedPage
from shared.log.tables import LogTables, storable
from shared.store import Prepared, Work

HELD_PAGES_MAX: Final = 1_000
"""How many pages of one log may be held behind a gap; what comes above is fetched again later."""
GAP: Final = "gap"
"""The reason of pages that have passed the door, and wait for pages before them."""


class HeldPages:
    """The rows of held pages, read and written within units of work."""

    def __init__(self, tables: LogTables) -> None:
        self.tables = tables
        held = tables.held_page
        epoch: BindParameter[int] = bindparam("of_epoch")
        number: BindParameter[int] = bindparam("of_number")
        sha256: BindParameter[str] = bindparam("of_sha256")
        of_log, for_gap = of_name(held), held.c.reason == GAP
        page = page_columns(held)
        order = (held.c.epoch, held.c.number, held.c.sha256)
        self._hold = Prepared(
            insert(held).on_conflict_do_nothing(), columns=[column.name for column in held.c]
        )
        self._held_next = Prepared(
            select(*page)
            .where(*of_log, for_gap)
            .where(
                ((held.c.epoch == epoch) & (held.c.number == number))
                | ((held.c.epoch > epoch) & (held.c.number == 1))
            )
            .order_by(*order)
        )
        self._overtaken = Prepared(
            select(*page)
            .where(*of_log, for_gap)
            .where((held.c.epoch < epoch) | ((held.c.epoch == epoch) & (held.c.number <= number)))
            .order_by(*order)
        )
        self._held_at = Prepared(
            select(*page).where(
                *of_log, for_gap, held.c.epoch == epoch, held.c.number == number
            ).where(held.c.sha256 == sha256)
        )  # fmt: skip
        self._held_count = Prepared(select(func.count()).select_from(held).where(*of_log))
        self._behind_gap = Prepared(select(held.c.number).where(*of_log, for_gap).limit(1))
        self._release = Prepared(
            delete(held).where(
                *of_log, held.c.epoch == epoch, held.c.number == number, held.c.sha256 == sha256
            )
        )

    def hold(self, work: Work, name: LogName, page: SealedPage, *, reason: str) -> bool:
        """Hold a page that cannot be applied yet; return whether it is held since now.

        Above the limit it is dropped instead. A page of an unknown node has not been checked: its
        headers may hold anything.
        """
        if self.held_count(work, name) >= HELD_PAGES_MAX:
            return False
        row = page_row(name, page)
        for header, most in (("signature", 256), ("certificate", 2048)):
            row[header] = storable(row[header], most)
        return work.run(self._hold, {**row, "reason": reason}) > 0

    def held_next(self, work: Work, name: LogName, *, epoch: int, after: int) -> list[SealedPage]:
        """Return the held pages that may come next: of the following number, and first ones.

        Of one number there may be several: those of two branches, and the first pages of all later
        epochs.
        """
        place = {"of_epoch": epoch, "of_number": after + 1}
        rows = work.rows(self._held_next, named(name) | place)
        return [page_of(name, row) for row in rows]

    def held_at(
        self, work: Work, name: LogName, *, epoch: int, number: int, sha256: str
    ) -> SealedPage | None:
        """Return the held page of a place and a hash, if it is here."""
        place = {"of_epoch": epoch, "of_number": number, "of_sha256": sha256}
        rows = work.rows(self._held_at, named(name) | place)
        return page_of(name, rows[0]) if rows else None

    def overtaken(self, work: Work, name: LogName, *, epoch: int, number: int) -> list[SealedPage]:
        """Return the held pages up to a place, where another has come to stand meanwhile."""
        place = {"of_epoch": epoch, "of_number": number}
        return [page_of(name, row) for row in work.rows(self._overtaken, named(name) | place)]

    def held_count(self, work: Work, name: LogName) -> int:
        """Return how many pages of a log are held."""
        return int(work.rows(self._held_count, named(name))[0][0])

    def any_behind_gap(self, work: Work, name: LogName) -> bool:
        """Return whether any page of a log waits for pages before it."""
        return bool(work.rows(self._behind_gap, named(name)))

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
            found.append((name, page_of(name, place)))
        return found

    def release(self, work: Work, name: LogName, page: SealedPage) -> None:
        """Hold a page no longer."""
        place = {"of_epoch": page.epoch, "of_number": page.number, "of_sha256": page.sha256}
        work.run(self._release, named(name) | place)


def of_name(table: Any) -> tuple[Any, ...]:
    """Return the conditions under which a row belongs to a log; ``named`` gives its values."""
    return (
        table.c.node == bindparam("of_node"),
        table.c.service == bindparam("of_service"),
        table.c.log == bindparam("of_log"),
    )


def named(name: LogName) -> dict[str, Any]:
    """Return the values of the conditions of ``of_name``."""
    return {"of_node": name.node, "of_service": name.service, "of_log": name.log.value}


def page_columns(table: Any) -> tuple[Any, ...]:
    """Return the columns of which ``page_of`` makes a page."""
    names = ("epoch", "number", "bytes", "sha256", "signature", "certificate")
    return tuple(table.c[name] for name in names)


def page_of(name: LogName, row: Sequence[Any]) -> SealedPage:
    """Return the page of a row of ``page_columns``."""
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


def page_row(name: LogName, page: SealedPage) -> dict[str, Any]:
    """Return the row of a page of another's log."""
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
