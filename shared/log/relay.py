"""The relay: seals what a service has committed, and publishes the pages, one after another.

The page table is the truth and the stream is transport: there is no mark "sent". Page N of an epoch
is sequence N of its stream, by the expected last sequence, so that a second relay, a lost
acknowledgement or a replay is refused by the server and the relay reads the tail again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from shared.bus import Bus, BusUnreachable, NoStream, StreamFull, WrongLast
from shared.crash import crash_point
from shared.events import Log
from shared.log.names import LogName
from shared.log.page import PAGE_EVENTS_MAX, SealedPage
from shared.log.seal import FRESH_EVENTS_MIN, Head, Sealed, Sealer
from shared.store import Store, StoreUnavailable
from shared.subjects import slotted
from shared.tasks import ended

PACE_S: Final = 0.010
"""How long the relay waits after a page of several events, so that the next one fills."""
BUSY_EVENTS: Final = 32
BUSY_PACE_S: Final = 0.025
"""The same after a page of many events: each page costs every reader a commit."""
POLL_S: Final = 1.0
RETRY_FIRST_S: Final = 0.05
RETRY_MOST_S: Final = 2.0
REFILL_PAGES: Final = 64
SILENCE_S: Final = 5.0
"""After this long without a receipt for what was published the link counts as having been down."""
LOST_S: Final = 0.25
"""How long the publisher waits for a page's predecessor before it reads the table."""
SEALED_AHEAD_MAX: Final = 8
"""How many sealed pages may wait in memory for the stream."""

log = structlog.get_logger(__name__)


class Rewound(Exception):
    """The world has pages of this log that the page table lacks, or other bytes of one.

    The node was restored or cloned; nothing may be sealed in this epoch any more.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Witness(Protocol):
    """Who has seen this log from outside: the hub, and the node's own stream."""

    async def compare(self, name: LogName, store: Store, sealer: Sealer) -> bool:
        """Return whether anybody outside could be asked; quiet when they know no more than we.

        Raises:
            Rewound: they know more, or otherwise.
        """
        ...


@dataclass(slots=True)
class RelayState:
    """What a relay has done, for health and for ``twiza federation lag``."""

    published: tuple[int, int] = (0, 0)
    receipt: tuple[int, int] = (0, 0)
    witnessed: bool = False
    compared: bool = False
    """Whether the log is known to be whole, as far as anybody could be asked."""
    trouble: str = ""


Reopen = Callable[[LogName, str], Awaitable[None]]


class Relay:
    """Publishes one log of one service.

    Args:
        name: the log.
        store: the service's database.
        sealer: seals its pages.
        bus: the connection within the log's account.
        witness: is asked before anything is sealed, at start and after each reconnection.
        reopen: opens a new epoch when the log turns out to be rewound.
        slot: the node's secret word, through which a public log is written.
        prepare: what must have been done once before anything is sealed: a restore's reopening.
    """

    def __init__(
        self,
        name: LogName,
        *,
        store: Store,
        sealer: Sealer,
        bus: Bus,
        witness: Witness,
        reopen: Reopen,
        slot: str = "",
        prepare: Callable[[LogName], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self.state = RelayState()
        self._store = store
        self._sealer = sealer
        self._bus = bus
        self._witness = witness
        self._reopen = reopen
        self._prepare = prepare
        self._subject = slotted(name.subject, slot)
        self._wake = asyncio.Event()
        self._wake.set()
        self._unanswered_since: float | None = None
        self._ahead: asyncio.Queue[SealedPage] = asyncio.Queue(SEALED_AHEAD_MAX)
        self._dropped = False
        self._fresh = 0
        self._received = asyncio.Event()
        self._doubted = asyncio.Event()
        self._doubted.set()
        store.on_announced(self._wake.set)
        bus.on_reconnected(self.doubt)

    def doubt(self) -> None:
        """Compare with the witness again before the next page is sealed."""
        self._seal_at_commit(on=False)
        self.state.compared = False
        self._doubted.set()
        self._wake.set()

    def receipt(self, place: tuple[int, int]) -> None:
        """Note that an own page came back from the hub; after a long silence doubt returns.

        While no receipt came, the link was down and another instance of this node may have been up.
        """
        now = asyncio.get_running_loop().time()
        if self._unanswered_since is not None and now - self._unanswered_since > SILENCE_S:
            self.doubt()
        self._unanswered_since = None if place >= self.state.published else now
        self.state.receipt = place
        self._received.set()

    @property
    def _receipts_flow(self) -> bool:
        """Whether pages come back from the hub at all, and have not ceased to."""
        since = self._unanswered_since
        now = asyncio.get_running_loop().time()
        return self.state.receipt > (0, 0) and (since is None or now - since < SILENCE_S / 5)

    async def run(self) -> None:
        """Seal and publish until cancelled."""
        wait_s, reached = RETRY_FIRST_S, self.state.published
        while True:
            try:
                if self._prepare is not None:
                    await self._prepare(self.name)
                    self._prepare = None
                await self._compared()
                await self._pump()
            except Rewound as error:
                log.warning("log rewound", log=str(self.name), reason=error.reason)
                self._doubted.set()
                await self._reopened(error.reason)
            except (BusUnreachable, NoStream, StreamFull, WrongLast, StoreUnavailable) as error:
                if self.state.trouble != error.slug:
                    log.info("relay waits", log=str(self.name), reason=error.slug)
                self.state.trouble = error.slug
                if self.state.published != reached:
                    wait_s, reached = RETRY_FIRST_S, self.state.published
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, RETRY_MOST_S)

    async def _reopened(self, reason: str) -> None:
        """Open a new epoch; where what was published cannot be had now, wait and look again."""
        try:
            await self._reopen(self.name, reason)
        except (BusUnreachable, NoStream, StoreUnavailable) as error:
            self.state.trouble = f"rewound: {reason}; {error.slug}"
            await asyncio.sleep(RETRY_MOST_S)

    def _seal_at_commit(self, *, on: bool) -> None:
        if self.name.log is Log.PUBLIC:
            seal = self._sealer.seal_fresh if on else None
            self._store.seal_at_commit(seal, self._take_sealed)

    async def _compared(self) -> None:
        """Ask the witness where there is doubt. Nothing has been sealed since the doubt rose."""
        if self._doubted.is_set():
            self._doubted.clear()
            try:
                self.state.witnessed = await self._witness.compare(
                    self.name, self._store, self._sealer
                )
            except BaseException:
                self._doubted.set()
                raise
            # Doubt may have come back meanwhile.
            self.state.compared = not self._doubted.is_set()

    async def _pump(self) -> None:
        head, last = await self._tail()
        if last:
            # What lies there may be there since an acknowledgement that was lost.
            self.state.published = (head.epoch, last)
        if last == head.number:
            self.state.trouble = ""
        ahead = self._ahead = asyncio.Queue(SEALED_AHEAD_MAX)
        publishing = asyncio.create_task(self._publish(ahead, head.epoch, last))
        try:
            self._seal_at_commit(on=not self._doubted.is_set())
            await self._seal(ahead, publishing)
        finally:
            self._seal_at_commit(on=False)
            await ended(publishing)
        if not publishing.cancelled() and (error := publishing.exception()) is not None:
            raise error

    async def _tail(self) -> tuple[Head, int]:
        """Return the head and the stream's last sequence, which is the last published page.

        Raises:
            Rewound: the stream has more pages than the page table.
        """
        head = await self._store.write(self._sealer.head, self.name.log)
        state = await self._bus.state(self.name.stream(head.epoch))
        if state.last > head.number:
            raise Rewound(f"stream has page {state.last}, we have {head.number}")
        if state.last:
            await self._require_same_tail(head, state.last)
        return head, state.last

    async def _require_same_tail(self, head: Head, last: int) -> None:
        stored = await self._bus.message(self.name.stream(head.epoch), last)
        ours = await self._store.read(
            self._sealer.pages, self.name.log, epoch=head.epoch, after=last - 1, most=1
        )
        if stored is not None and (not ours or ours[0].data != stored.data):
            raise Rewound(f"the stream's page {last} has other bytes than ours")

    async def _seal(self, ahead: asyncio.Queue[SealedPage], publishing: asyncio.Task[None]) -> None:
        """Seal at once when idle, and paced after a page, by what a page costs just now."""
        loop = asyncio.get_running_loop()
        while not publishing.done():
            self._wake.clear()
            if self._doubted.is_set():
                # What has been sealed goes out first; then the witness is asked, then we go on.
                await _first(ahead.join(), publishing)
                return
            started = loop.time()
            sealed = await self._store.write(self._sealer.seal, self.name.log)
            if sealed is not None:
                await _first(ahead.put(sealed.page), publishing)
                events = sealed.events
            else:
                # What the store has sealed meanwhile counts like a page of ours.
                events, self._fresh = self._fresh, 0
            if events:
                await self._paced(events, ahead, publishing, started)
            else:
                await self._idle(publishing)

    async def _paced(
        self,
        events: int,
        ahead: asyncio.Queue[SealedPage],
        publishing: asyncio.Task[None],
        started: float,
    ) -> None:
        """Let events gather for the next page after one of so many."""
        if events >= PAGE_EVENTS_MAX:
            return
        if events == 1:
            await _first(ahead.join(), publishing)
        else:
            pace_s = BUSY_PACE_S if events >= BUSY_EVENTS else PACE_S
            await asyncio.sleep(max(0.0, pace_s - (asyncio.get_running_loop().time() - started)))
        # Each page is synced once more at the hub and at every node, by streams that all share:
        # where the hub is slow to give pages back, the next one shall hold more.
        if self._receipts_flow:
            await _first(self._nearly_received(), publishing, timeout_s=BUSY_PACE_S)

    async def _nearly_received(self) -> None:
        """Wait until the hub has given back all published pages but the newest."""
        while self.state.receipt < (self.state.published[0], self.state.published[1] - 1):
            self._received.clear()
            await self._received.wait()

    async def _idle(self, publishing: asyncio.Task[None]) -> None:
        """Wait for events; the first that come are sealed as they are committed."""
        if self.name.log is Log.PUBLIC:
            self._sealer.fresh_min = 1
        await _first(self._wake.wait(), publishing, timeout_s=POLL_S)
        if self.name.log is Log.PUBLIC:
            self._sealer.fresh_min = FRESH_EVENTS_MIN

    async def _publish(self, ahead: asyncio.Queue[SealedPage], epoch: int, last: int) -> None:
        """Publish the pages of an epoch after ``last``: those of the table, then the new ones.

        New ones may come in another order than their numbers, since the store hands over what it
        has sealed itself, or not at all where too many wait; the table has them in any case.
        """
        last = await self._refill(epoch, last)
        early: dict[int, SealedPage] = {}
        while True:
            missing = bool(early) or self._dropped
            try:
                page = await asyncio.wait_for(ahead.get(), LOST_S if missing else POLL_S)
                if page.epoch != epoch:
                    # Another process of this service has reopened the log: its stream is another.
                    raise WrongLast(f"{self.name} goes on in epoch {page.epoch}")
                early[page.number] = page
            except TimeoutError:
                if early or self._dropped:
                    self._dropped = False
                    last = await self._refill(epoch, last)
            for number in sorted(early):
                if number == last + 1:
                    await self._publish_one(early[number])
                    last = number
                if number <= last:
                    del early[number]
                    ahead.task_done()

    async def _refill(self, epoch: int, last: int) -> int:
        """Publish the pages that the table has after ``last``; return the last one's number."""
        while pages := await self._store.read(
            self._sealer.pages, self.name.log, epoch=epoch, after=last, most=REFILL_PAGES
        ):
            for page in pages:
                await self._publish_one(page)
                last = page.number
        return last

    def _take_sealed(self, pages: list[Sealed]) -> None:
        """Take pages that the store has sealed at a commit."""
        for sealed in pages:
            self._fresh += sealed.events
            try:
                self._ahead.put_nowait(sealed.page)
            except asyncio.QueueFull:
                # The publisher reads it from the table.
                self._dropped = True
        self._wake.set()

    async def _publish_one(self, page: SealedPage) -> None:
        crash_point("sealed-before-publish")
        await self._bus.publish(
            self.name.stream(page.epoch),
            self._subject,
            page.data,
            headers=page.headers,
            expected_last=page.number - 1,
        )
        crash_point("published-before-noted")
        self.state.trouble = ""
        self.state.published = (page.epoch, page.number)
        if self._unanswered_since is None and self.state.receipt < self.state.published:
            self._unanswered_since = asyncio.get_running_loop().time()


async def _first(
    waited: Coroutine[Any, Any, Any], other: asyncio.Task[None], *, timeout_s: float | None = None
) -> None:
    """Wait for ``waited``, but no longer than ``other`` runs."""
    waiting = asyncio.ensure_future(waited)
    try:
        await asyncio.wait({waiting, other}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
