"""Quarantine: a log with two histories, or whose key signs what is no page, is followed no further.

Both histories are kept as evidence, and the reader's own node is told once.
"""

from typing import Final

import structlog

from shared.contracts.log import LogQuarantined
from shared.log.cursors import EQUIVOCATION, Cursor, Cursors, LogState
from shared.log.door import SignedButBad
from shared.log.names import LogName
from shared.log.page import SealedPage
from shared.store import Work

QUARANTINED: Final = "log-quarantined"
"""The reason of pages that are refused since their log is in quarantine."""

log = structlog.get_logger(__name__)


class Quarantines:
    """Puts logs of others into quarantine, within units of work."""

    def __init__(self, cursors: Cursors) -> None:
        self.cursors = cursors

    def quarantine(self, work: Work, name: LogName, page: SealedPage, error: SignedButBad) -> None:
        """Quarantine a log whose own key has signed what is no page.

        What came before, or claims an epoch that the root key has closed, begins no new quarantine.
        """
        cursor, reason = self.cursors.load(work, name), error.reason
        old = 0 < page.epoch < cursor.epoch
        detail = reason.detail
        new = self.cursors.keep_evidence(
            work, name, page, reason=reason.slug, detail=detail, proof=True
        )
        if old or not new:
            self.cursors.count_refusal(work, name.node, reason.slug)
            return
        self._quarantine(work, cursor, page, reason=reason.slug, detail=detail)
        self.cursors.keep(work, cursor)

    def head_differs(
        self, work: Work, name: LogName, *, epoch: int, number: int, hash_: str
    ) -> None:
        """Quarantine a log whose node announces another page than the one that was applied."""
        cursor = self.cursors.load(work, name)
        ours = self.cursors.hash_at(work, name, epoch, number)
        if ours is None or ours == hash_ or cursor.state is LogState.QUARANTINED:
            return
        if epoch < cursor.epoch:
            # It was told before the root key said which branch counts.
            return
        cursor.state, cursor.reason = LogState.QUARANTINED, EQUIVOCATION
        self._announce(work, name, epoch, number, EQUIVOCATION, first=ours, second=hash_)
        self.cursors.keep(work, cursor)

    def _quarantine(
        self, work: Work, cursor: Cursor, sealed: SealedPage, *, reason: str, detail: str
    ) -> None:
        """Keep both histories as evidence, follow this log no further, and say so."""
        name = cursor.name
        self.cursors.keep_evidence(work, name, sealed, reason=reason, detail=detail, proof=True)
        self.cursors.count_refusal(work, name.node, reason)
        if cursor.state is LogState.QUARANTINED:
            return
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
