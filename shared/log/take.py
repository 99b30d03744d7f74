"""Taking in: a page of another log is applied once, in one transaction with its cursor.

The page has passed the door. Here its place decides: too low is skipped, the next one with the
right ``prev`` is applied, a gap holds this log while the others go on, two histories quarantine it,
and a new epoch opens only with an event signed by the node's root key.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final

import structlog

from shared.contracts.log import REOPENING_TAG, LogQuarantined, LogReopened
from shared.events import read
from shared.keys import BadKey, BadSignature, verify
from shared.log.cursors import (
    EQUIVOCATION,
    LEFT_BRANCH,
    OLDER_EPOCH,
    Cursor,
    Cursors,
    LogState,
)
from shared.log.door import SignedButBad, require_namespace
from shared.log.names import LogName
from shared.log.page import NO_PAGE, Page, SealedPage, SignedPage, Unsigned, parse_page, unpadded
from shared.log.projector import Projector
from shared.log.trust import Trust
from shared.refusals import Kind, Refusal
from shared.store import Work

GAP: Final = "gap"

log = structlog.get_logger(__name__)


class BadReopening(Refusal):
    """A new epoch begins without the node's root key having said so."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "bad-reopening"
    title: ClassVar[str] = "A new epoch begins with an event signed by the node's root key"


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


class Taker:
    """Applies pages of other logs to one service's database."""

    def __init__(self, cursors: Cursors, projector: Projector, trust: Trust) -> None:
        self.cursors = cursors
        self._projector = projector
        self._trust = trust

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
            taken = self._in_order(work, cursor, signed.page, signed.sealed, applied, result)
            if taken is None:
                # Anything but the next page looks at the pages that lie in the table.
                self._flush(work, applied)
                taken = self._out_of_order(work, cursor, signed.page, signed.sealed, result)
            result.taken.append(taken)
        self._flush(work, applied)
        for cursor in cursors.values():
            if self._held(work, cursor, result):
                result.node_logs |= cursor.name.service == "node"
            self.cursors.keep(work, cursor)
            if cursor.state is LogState.GAP:
                result.gaps.add(cursor.name)
        if position is not None:
            self.cursors.keep_position(work, *position)
        return result

    def quarantine(self, work: Work, name: LogName, page: SealedPage, error: SignedButBad) -> None:
        """Quarantine a log whose own key has signed what is no page."""
        cursor = self.cursors.load(work, name)
        self._quarantine(work, cursor, page, reason=error.reason.slug, detail=error.reason.detail)
        self.cursors.keep(work, cursor)

    def head_differs(
        self, work: Work, name: LogName, *, epoch: int, number: int, hash_: str
    ) -> None:
        """Quarantine a log whose node announces another page than the one that was applied."""
        cursor = self.cursors.load(work, name)
        ours = self.cursors.hash_at(work, name, epoch, number)
        if ours is None or ours == hash_ or cursor.state is LogState.QUARANTINED:
            return
        cursor.state, cursor.reason = LogState.QUARANTINED, EQUIVOCATION
        self._announce(work, name, epoch, number, EQUIVOCATION, first=ours, second=hash_)
        self.cursors.keep(work, cursor)

    def _in_order(
        self,
        work: Work,
        cursor: Cursor,
        page: Page,
        sealed: SealedPage,
        applied: dict[LogName, list[SealedPage]],
        result: Result,
    ) -> Taken | None:
        """Apply the page where it is simply the next one of an open log."""
        if (
            cursor.state is LogState.QUARANTINED
            or page.epoch != cursor.epoch
            or page.number != cursor.number + 1
            or page.prev != cursor.hash
        ):
            return None
        self._projector.apply(work, page)
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
            if cursor.state is LogState.QUARANTINED:
                return self._refuse(work, name, "log-quarantined")
            return self._hold(work, cursor, sealed)
        if page.epoch == cursor.epoch and page.number == cursor.number + 1:
            if cursor.state is LogState.QUARANTINED:
                return self._refuse(work, name, "log-quarantined")
            return self._quarantine(work, cursor, sealed, reason=EQUIVOCATION, detail="other prev")
        known = self.cursors.hash_at(work, name, page.epoch, page.number)
        if known == sealed.sha256:
            return Taken.SKIPPED
        if page.epoch < cursor.epoch:
            # A branch that the node's root key has left, or a second instance that goes on with it.
            self.cursors.keep_evidence(work, name, sealed, reason=OLDER_EPOCH)
            return self._refuse(work, name, OLDER_EPOCH)
        return self._quarantine(work, cursor, sealed, reason=EQUIVOCATION, detail="same number")

    def _hold(self, work: Work, cursor: Cursor, sealed: SealedPage) -> Taken:
        self.cursors.hold(work, cursor.name, sealed, reason=GAP)
        if cursor.state is LogState.OPEN:
            cursor.state, cursor.reason = LogState.GAP, f"page {cursor.number + 1} is missing"
            log.info("gap", log=str(cursor.name), epoch=cursor.epoch, page=cursor.number + 1)
        return Taken.HELD

    def _held(self, work: Work, cursor: Cursor, result: Result) -> bool:
        """Apply held pages as far as they follow now; return whether any did."""
        moved = False
        while cursor.state is not LogState.OPEN:
            sealed = self.cursors.held_next(work, cursor)
            if sealed is None:
                break
            page = parse_page(sealed.data)
            self.cursors.release(work, cursor.name, sealed)
            applied: dict[LogName, list[SealedPage]] = {}
            taken = self._in_order(work, cursor, page, sealed, applied, result)
            self._flush(work, applied)
            if taken is None:
                taken = self._out_of_order(work, cursor, page, sealed, result)
            if taken is not Taken.APPLIED:
                break
            moved = True
        if cursor.state is not LogState.OPEN:
            # A repair brings pages that are held, too: each is the one that was applied, or proof.
            for sealed in self.cursors.overtaken(work, cursor):
                self.cursors.release(work, cursor.name, sealed)
                self._out_of_order(work, cursor, parse_page(sealed.data), sealed, result)
        if cursor.state is LogState.GAP and not self.cursors.held_count(work, cursor.name):
            cursor.state, cursor.reason = LogState.OPEN, ""
        return moved

    def _reopened(
        self, work: Work, cursor: Cursor, page: Page, sealed: SealedPage, result: Result
    ) -> Taken:
        """Go over to a new epoch, on the branch that its first event names."""
        try:
            statement = self._statement(page)
        except Refusal as error:
            # Whatever its key signed in the place of a reopening: this log stops, no other one.
            detail = error.detail if isinstance(error, BadReopening) else error.slug
            return self._quarantine(work, cursor, sealed, reason=BadReopening.slug, detail=detail)
        kept = self._at_branch(work, cursor, statement)
        if not kept:
            return self._hold(work, cursor, sealed)
        dropped = self.cursors.drop_pages(
            work,
            cursor.name,
            epoch=statement.old_epoch,
            after=statement.last_page,
            reason=LEFT_BRANCH,
        )
        cursor.epoch, cursor.number, cursor.hash = page.epoch, 0, NO_PAGE
        cursor.state, cursor.reason = LogState.OPEN, ""
        if dropped:
            self._replay(work, cursor.name)
        log.info("log reopened", log=str(cursor.name), epoch=page.epoch, dropped=dropped)
        applied: dict[LogName, list[SealedPage]] = {}
        taken = self._in_order(work, cursor, page, sealed, applied, result)
        self._flush(work, applied)
        assert taken is Taken.APPLIED
        # Later pages of the new epoch may be held already.
        cursor.state = LogState.GAP if self.cursors.held_count(work, cursor.name) else cursor.state
        return taken

    def _at_branch(self, work: Work, cursor: Cursor, statement: LogReopened) -> bool:
        """Return whether the last page that counts has been applied here.

        Where this reader followed the other branch it goes back to the old epoch's beginning, and
        the pages that count are fetched again.
        """
        name, place = cursor.name, (statement.old_epoch, statement.last_page)
        if statement.last_page == 0:
            return place <= (cursor.epoch, cursor.number)
        ours = self.cursors.hash_at(work, name, *place)
        if ours == statement.hash:
            return True
        if ours is not None:
            self.cursors.drop_pages(
                work, name, epoch=statement.old_epoch, after=0, reason=LEFT_BRANCH
            )
            cursor.epoch, cursor.number, cursor.hash = statement.old_epoch, 0, NO_PAGE
            cursor.state = LogState.GAP
            self._replay(work, name)
        elif cursor.state is LogState.QUARANTINED:
            # The quarantine ends: what is missing up to the page that counts may be repaired.
            cursor.state = LogState.GAP
        return False

    def _replay(self, work: Work, name: LogName) -> None:
        """Forget what was remembered of this log's service, and remember the kept pages anew."""
        self._projector.forget(work, name.node, name.service)
        for sealed in self.cursors.all_pages(work, name):
            self._projector.apply(work, parse_page(sealed.data))

    def _statement(self, page: Page) -> LogReopened:
        first = page.events[0]
        kind, version = require_namespace(first, page)
        if kind != LogReopened.kind:
            raise BadReopening(f"epoch {page.epoch} begins with {kind}")
        event = read(kind, version, first["data"])
        assert isinstance(event, LogReopened)
        named = (event.node, event.service, event.which, event.epoch)
        if named != (page.node, page.service, page.log.value, page.epoch):
            raise BadReopening("the event names another log or epoch")
        if event.old_epoch >= event.epoch:
            raise BadReopening("the new epoch does not come after the old one")
        node = self._trust.node(page.node)
        try:
            assert node is not None
            verify(node.root_key, REOPENING_TAG + event.statement(), unpadded(event.signature))
        except (BadKey, BadSignature, Unsigned) as error:
            raise BadReopening("not signed by the node's root key") from error
        return event

    def _quarantine(
        self, work: Work, cursor: Cursor, sealed: SealedPage, *, reason: str, detail: str
    ) -> Taken:
        """Keep both histories as evidence, follow this log no further, and say so."""
        name = cursor.name
        self.cursors.keep_evidence(work, name, sealed, reason=reason, detail=detail)
        self.cursors.count_refusal(work, name.node, reason)
        if cursor.state is LogState.QUARANTINED:
            return Taken.QUARANTINED
        at = min(sealed.number, cursor.number) if reason == EQUIVOCATION else cursor.number
        ours = self.cursors.pages_after(
            work, name, epoch=cursor.epoch, after=max(at, 1) - 1, most=1
        )
        for page in ours if reason == EQUIVOCATION else []:
            self.cursors.keep_evidence(
                work, name, page, reason=EQUIVOCATION, detail="the page that came first"
            )
        cursor.state, cursor.reason = LogState.QUARANTINED, reason
        self._announce(
            work,
            name,
            sealed.epoch,
            sealed.number,
            reason,
            first=ours[0].sha256 if ours else "",
            second=sealed.sha256,
        )
        return Taken.QUARANTINED

    def _announce(
        self,
        work: Work,
        name: LogName,
        epoch: int,
        number: int,
        reason: str,
        *,
        first: str,
        second: str,
    ) -> None:
        log.warning("log quarantined", log=str(name), epoch=epoch, page=number, reason=reason)
        work.announce(
            LogQuarantined(
                node=name.node,
                service=name.service,
                which=name.log.value,
                epoch=max(epoch, 1),
                number=max(number, 0),
                reason=reason,
                first_hash=first,
                second_hash=second,
            )
        )

    def _refuse(self, work: Work, name: LogName, reason: str) -> Taken:
        self.cursors.count_refusal(work, name.node, reason)
        return Taken.REFUSED
