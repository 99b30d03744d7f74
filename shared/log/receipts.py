"""Receipts: own pages that come back show that the hub has them, or that we are one of two."""

from collections.abc import Sequence

import structlog
from sqlalchemy import select

from shared.bus import Delivered
from shared.log.cursors import Cursors
from shared.log.door import Door
from shared.log.evidence import EQUIVOCATION
from shared.log.names import LogName
from shared.log.page import (
    CERTIFICATE_HEADER,
    SIGNATURE_HEADER,
    SealedPage,
    claimed_place,
    sha256_hex,
)
from shared.log.relay import Relay
from shared.log.seal import Head, Sealer
from shared.refusals import Refusal
from shared.store import Store, Work

Place = tuple[int, int]
"""Epoch and number of a page; (0, 0) before the first."""

log = structlog.get_logger(__name__)


class Receipts:
    """Compares each own page that comes back with the page table.

    Args:
        name: the own log.
        relay: is told of receipts, and made to doubt where another page came back.
    """

    def __init__(
        self,
        name: LogName,
        *,
        store: Store,
        sealer: Sealer,
        cursors: Cursors,
        door: Door,
        relay: Relay,
    ) -> None:
        self.newest: Place = (0, 0)
        self._name = name
        self._store = store
        self._sealer = sealer
        self._cursors = cursors
        self._door = door
        self._relay = relay

    async def take(self, messages: Sequence[Delivered]) -> None:
        """Take own pages that came back, in the order in which they came."""
        places = [claimed_place(message.data) for message in messages]
        head, ours = await self._store.read(self._ours, [place for place in places if place])
        newest = self.newest
        for place, message in zip(places, messages, strict=True):
            if place is None:
                continue
            if ours.get(place) == sha256_hex(message.data):
                newest = max(newest, place)
            elif place[0] >= head.epoch and (other := self._signed(message)) is not None:
                await self._keep_other(other)
        if newest > self.newest:
            self.newest = newest
            self._relay.receipt(newest)

    async def _keep_other(self, other: SealedPage) -> None:
        """Keep a page that our own key has signed and we have not: we are one of two.

        The node was restored or cloned. The relay finds the page among the evidence before it
        seals anything more, also after a restart.
        """
        log.warning("another own page", log=str(self._name), epoch=other.epoch, page=other.number)

        def keep(work: Work) -> None:
            # The log may have been reopened meanwhile, and the page be ours by now.
            head, ours = self._ours(work, [(other.epoch, other.number)])
            if head.epoch <= other.epoch and other.sha256 not in ours.values():
                self._cursors.keep_evidence(work, self._name, other, reason=EQUIVOCATION)

        await self._store.write(keep)
        self._relay.doubt()

    def _ours(self, work: Work, places: Sequence[Place]) -> tuple[Head, dict[Place, str]]:
        """Return the own log's head, and the hashes of the own pages at some places."""
        pages = self._store.tables.pages
        rows = work.execute(
            select(pages.c.epoch, pages.c.number, pages.c.sha256).where(
                pages.c.log == self._name.log.value,
                pages.c.epoch.in_({epoch for epoch, _ in places}),
                pages.c.number.in_({number for _, number in places}),
            )
        )
        hashes = {(row.epoch, row.number): str(row.sha256) for row in rows}
        return self._sealer.head_seen(work, self._name.log), hashes

    def _signed(self, message: Delivered) -> SealedPage | None:
        """Return the page that a message is, where our own key has signed it."""
        try:
            return self._door.check(
                message.data,
                signature=message.headers.get(SIGNATURE_HEADER, ""),
                certificate=message.headers.get(CERTIFICATE_HEADER, ""),
                expected=self._name,
            ).sealed
        except Refusal:
            return None
