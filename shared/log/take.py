"""Taking in: a page of another log is applied once, in one transaction with its cursor.

The page has passed the door. Here its place decides: too low is skipped, the next one with the
right ``prev`` is applied, a gap holds this log while the others go on, two histories quarantine it,
and a new epoch opens only with an event signed by the node's root key.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog

from shared.events import FutureVersion, Log
from shared.log.branches import BadReopening, Way, is_unread, reopening, way_of
from shared.log.cursors import (
    EQUIVOCATION,
    LEFT_BRANCH,
    OLDER_EPOCH,
    Cursor,
    Cursors,
    LogState,
)
from shared.log.held import GAP
from shared.log.names import LogName
from shared.log.page import Page, SealedPage, SignedPage, parse_page
from shared.log.projector import Projector
from shared.log.quarantine import QUARANTINED, Quarantines
from shared.log.trust import Trust
from shared.store import Work

FETCHED_BACK: Final = 64
"""How many pages before a missing one are asked for, where a branch is fetched backwards."""

log = structlog.get_logger(__name__)


class Taken(StrEnum):
    """What became of a page."""

    APPLIED = "applied"
    SKIPPED = "skipped"
    HELD = "held"
    QUARANTINED = "quarantined"
    REFUSED = "refused"


@dataclass(slots=True)
class Result:
    """What became of the pages of one unit."""

    taken: list[Taken] = field(default_factory=list)
    events: int = 0
    gaps: set[LogName] = field(default_factory=set)
    node_logs: bool = False
    """Whether a page of a node service was applied, so that the registry may have changed."""


class Taker(Quarantines):
    """Applies pages of other logs to one service's database."""

    def __init__(self, cursors: Cursors, projector: Projector, trust: Trust) -> None:
        super().__init__(cursors)
        self._projector = projector
        self._trust = trust

    def read(self, signed: SignedPage, *, arrived_at: str) -> SignedPage:
        """Return a page with its events read; its place has not been looked at yet."""
        try:
            readable = self._projector.readable(signed.page, arrived_at=arrived_at)
        except Exception:  # noqa: BLE001  # it fails again where it is taken in, for its log alone
            readable = None
        return SignedPage(page=signed.page, sealed=signed.sealed, readable=readable)

    def take_in(
        self,
        work: Work,
        pages: Iterable[SignedPage],
        *,
        position: tuple[str, str, int] | None = None,
    ) -> Result:
        """Take in pages in the order in which they came, and move the stream's position.

        Args:
            work: the unit; everything of it commits together.
            pages: pages that passed the door.
            position: the stream's name, creation and last sequence, where they came from one.
        """
        result = Result()
        cursors: dict[LogName, Cursor] = {}
        applied: dict[LogName, list[SealedPage]] = {}
        for signed in pages:
            name = LogName(signed.page.node, signed.page.service, signed.page.log)
            cursor = cursors.get(name)
            if cursor is None:
                cursor = cursors[name] = self.cursors.load(work, name)
            taken = self._in_order(work, cursor, signed, applied, result)
            if taken is None:
                # Anything but the next page looks at the pages that lie in the table.
                self._flush(work, applied)
                taken = self._out_of_order(work, cursor, signed.page, signed.sealed, result)
            result.taken.append(taken)
        self._flush(work, applied)
        for cursor in cursors.values():
            self._settle(work, cursor, result)
            self.cursors.keep(work, cursor)
            if cursor.state is LogState.GAP:
                result.gaps.add(cursor.name)
        if position is not None:
            self.cursors.keep_position(work, *position)
        return result

    def missing(self, work: Work, cursor: Cursor) -> tuple[int, int]:
        """Return the place (epoch, number) after which a repair has to ask for pages.

        It is where the cursor stands, unless a reopening waits and what follows here is of another
        branch than the one that counts: then that one is fetched from its end backwards.
        """
        ahead, place = self._ahead(work, cursor), (cursor.epoch, cursor.number)
        waiting = self._openings(cursor, ahead)
        if waiting:
            way = self._way(work, cursor, waiting[-1])
            parted = any(page.epoch == cursor.epoch for page in ahead)
            if way.missing is not None and (parted or way.missing <= place):
                epoch, number = way.missing
                return epoch, max(0, number - FETCHED_BACK)
        return place

    def _in_order(
        self,
        work: Work,
        cursor: Cursor,
        signed: SignedPage,
        applied: dict[LogName, list[SealedPage]],
        result: Result,
    ) -> Taken | None:
        """Apply the page where it is simply the next one of an open log."""
        page, sealed = signed.page, signed.sealed
        if (
            cursor.state is LogState.QUARANTINED
            or page.epoch != cursor.epoch
            or page.number != cursor.number + 1
            or page.prev != cursor.hash
        ):
            return None
        self._projector.apply(work, page, readable=signed.readable)
        applied.setdefault(cursor.name, []).append(sealed)
        cursor.number, cursor.hash = page.number, sealed.sha256
        result.events += len(page.events)
        result.node_logs |= page.service == "node"
        return Taken.APPLIED

    def _flush(self, work: Work, applied: dict[LogName, list[SealedPage]]) -> None:
        for name, pages in applied.items():
            self.cursors.add_pages(work, name, pages)
        applied.clear()

    def _out_of_order(
        self, work: Work, cursor: Cursor, page: Page, sealed: SealedPage, result: Result
    ) -> Taken:
        name = cursor.name
        if page.epoch > cursor.epoch:
            if page.number == 1:
                return self._reopened(work, cursor, page, sealed, result)
            return self._hold(work, cursor, sealed)
        if page.epoch == cursor.epoch and page.number > cursor.number + 1:
            return self._hold(work, cursor, sealed)
        if page.epoch == cursor.epoch and page.number == cursor.number + 1:
            if cursor.state is LogState.QUARANTINED:
                return self._refuse(work, name, QUARANTINED)
            return self._parted(work, cursor, sealed, detail="other prev")
        known = self.cursors.hash_at(work, name, page.epoch, page.number)
        if known == sealed.sha256:
            return Taken.SKIPPED
        if page.epoch < cursor.epoch and not self._waits(work, cursor):
            # A branch that the node's root key has left, or a second instance that goes on with it.
            self.cursors.keep_evidence(work, name, sealed, reason=OLDER_EPOCH)
            return self._refuse(work, name, OLDER_EPOCH)
        return self._parted(work, cursor, sealed, detail="same number")

    def _parted(self, work: Work, cursor: Cursor, sealed: SealedPage, *, detail: str) -> Taken:
        """Quarantine a log with two histories, unless its root key has said which one counts."""
        if self._waits(work, cursor):
            return self._hold(work, cursor, sealed)
        return self._stop(work, cursor, sealed, reason=EQUIVOCATION, detail=detail)

    def _hold(self, work: Work, cursor: Cursor, sealed: SealedPage) -> Taken:
        if cursor.state is LogState.QUARANTINED:
            return self._refuse(work, cursor.name, QUARANTINED)
        held = self.cursors.hold(work, cursor.name, sealed, reason=GAP)
        if cursor.state is LogState.OPEN:
            cursor.state, cursor.reason = LogState.GAP, f"page {cursor.number + 1} is missing"
            log.info("gap", log=str(cursor.name), epoch=cursor.epoch, page=cursor.number + 1)
        return Taken.HELD if held else Taken.SKIPPED

    def _ahead(self, work: Work, cursor: Cursor) -> list[SealedPage]:
        """Return the held pages that may come next, and the reopenings that wait, in order."""
        return self.cursors.held_next(work, cursor.name, epoch=cursor.epoch, after=cursor.number)

    def _waits(self, work: Work, cursor: Cursor) -> bool:
        """Return whether a reopening waits until its branch is whole."""
        ahead = self._ahead(work, cursor) if cursor.state is LogState.GAP else []
        return bool(self._openings(cursor, ahead))

    def _openings(self, cursor: Cursor, ahead: list[SealedPage]) -> list[SealedPage]:
        """Return the held pages that the root key has let begin a later epoch.

        One in a newer form is none of them: nobody knows yet who has signed it.
        """
        later = (sealed for sealed in ahead if sealed.epoch > cursor.epoch)
        return [sealed for sealed in later if not is_unread(sealed, self._trust)]

    def _settle(self, work: Work, cursor: Cursor, result: Result) -> None:
        """Apply held pages as far as they follow now, and look again at those left behind."""
        while cursor.state is not LogState.OPEN and self._one_held(work, cursor, result):
            pass
        if cursor.state is LogState.OPEN:
            return
        name, place = cursor.name, {"epoch": cursor.epoch, "number": cursor.number}
        waiting = self._waits(work, cursor)
        for sealed in self.cursors.overtaken(work, name, **place):
            known = self.cursors.hash_at(work, name, sealed.epoch, sealed.number)
            if known == sealed.sha256 or is_unread(sealed, self._trust):
                self.cursors.release(work, name, sealed)
            elif not waiting:
                # Each is the page that was applied, or the proof of a second history.
                self.cursors.release(work, name, sealed)
                self._out_of_order(work, cursor, parse_page(sealed.data), sealed, result)
        if cursor.state is LogState.GAP and not self.cursors.any_behind_gap(work, name):
            cursor.state, cursor.reason = LogState.OPEN, ""

    def _one_held(self, work: Work, cursor: Cursor, result: Result) -> bool:
        """Apply one held page, or go over to a new epoch; return whether anything could be."""
        ahead = self._ahead(work, cursor)
        waiting = self._openings(cursor, ahead)
        for sealed in ahead:
            page = parse_page(sealed.data)
            if sealed.epoch > cursor.epoch:
                if self._go_over(work, cursor, page, sealed, result):
                    self.cursors.release(work, cursor.name, sealed)
                    return True
            elif cursor.state is LogState.QUARANTINED:
                self.cursors.release(work, cursor.name, sealed)
                self._refuse(work, cursor.name, QUARANTINED)
            elif page.prev == cursor.hash:
                self.cursors.release(work, cursor.name, sealed)
                self._apply(work, cursor, page, sealed, result)
                return True
            elif not waiting:
                self.cursors.release(work, cursor.name, sealed)
                self._quarantine(work, cursor, sealed, reason=EQUIVOCATION, detail="other prev")
        return False

    def _reopened(
        self, work: Work, cursor: Cursor, page: Page, sealed: SealedPage, result: Result
    ) -> Taken:
        """Go over to a new epoch, or wait until the branch that its first event names is whole."""
        try:
            reopening(page, self._trust)
        except FutureVersion:
            return self._hold(work, cursor, sealed)
        except BadReopening as error:
            # Whatever its key signed in the place of a reopening: this log stops, no other one.
            return self._stop(work, cursor, sealed, reason=error.slug, detail=error.detail)
        if self._go_over(work, cursor, page, sealed, result):
            return Taken.APPLIED
        if cursor.state is LogState.QUARANTINED:
            # The root key has decided: what is missing of the branch that counts may be repaired.
            cursor.state, cursor.reason = LogState.GAP, f"epoch {page.epoch} waits for its branch"
        return self._hold(work, cursor, sealed)

    def _go_over(
        self, work: Work, cursor: Cursor, page: Page, sealed: SealedPage, result: Result
    ) -> bool:
        """Leave the branch that does not count, and follow the new epoch, where all is here."""
        try:
            name, way = cursor.name, self._way(work, cursor, sealed)
        except FutureVersion:
            return False
        if way.base is None:
            return False
        epoch, number, _ = way.base
        dropped = self.cursors.drop_pages(work, name, epoch=epoch, after=number, reason=LEFT_BRANCH)
        cursor.epoch, cursor.number, cursor.hash = way.base
        if dropped:
            self._replay(work, name)
        for held in way.pages:
            self.cursors.release(work, name, held)
            self._apply(work, cursor, parse_page(held.data), held, result)
        self._apply(work, cursor, page, sealed, result)
        log.info("log reopened", log=str(name), epoch=page.epoch, dropped=dropped)
        # Later pages of the new epoch may be held already, and those of branches that were left.
        more = self.cursors.any_behind_gap(work, name)
        cursor.state, cursor.reason = (LogState.GAP, "") if more else (LogState.OPEN, "")
        return True

    def _way(self, work: Work, cursor: Cursor, sealed: SealedPage) -> Way:
        return way_of(work, self.cursors, cursor.name, sealed, self._trust)

    def _apply(
        self, work: Work, cursor: Cursor, page: Page, sealed: SealedPage, result: Result
    ) -> None:
        """Apply the page that comes next, in this epoch or as the first of a later one."""
        self._projector.apply(work, page)
        self.cursors.add_pages(work, cursor.name, [sealed])
        cursor.epoch, cursor.number, cursor.hash = page.epoch, page.number, sealed.sha256
        result.events += len(page.events)
        result.node_logs |= page.service == "node"

    def _replay(self, work: Work, name: LogName) -> None:
        """Forget what was remembered of this log's service, and remember the kept pages anew."""
        self._projector.forget(work, name.node, name.service)
        for each in Log:
            for sealed in self.cursors.each_page(work, LogName(name.node, name.service, each)):
                self._projector.apply(work, parse_page(sealed.data))

    def _stop(
        self, work: Work, cursor: Cursor, sealed: SealedPage, *, reason: str, detail: str
    ) -> Taken:
        self._quarantine(work, cursor, sealed, reason=reason, detail=detail)
        return Taken.QUARANTINED

    def _refuse(self, work: Work, name: LogName, reason: str) -> Taken:
        self.cursors.count_refusal(work, name.node, reason)
        return Taken.REFUSED
