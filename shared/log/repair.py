"""Repair: what a log lacks is fetched from whoever holds it, since every page is signed.

A gap in a sibling's log is asked of the sibling; a gap in another node's log of the hub, whose node
service looks into its own streams, asks its parent, or asks down the leaf. The watch compares the
heads that nodes announce with what was applied here, and so finds streams that stall in silence.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

import orjson
import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from shared.bus import Bus, BusUnreachable, Delivered, NoStream
from shared.contracts.node import HeadsAnnounced
from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.log.cursors import Cursor, LogState
from shared.log.inbox import Inbox
from shared.log.names import LogName
from shared.log.page import NO_PAGE
from shared.log.take import Taken, Taker
from shared.refusals import Refusal
from shared.store import Prepared, Store, Work
from shared.subjects import ask_subject

GAP_PATIENCE_S: Final = 0.3
"""How long a gap may close by itself before what is missing is asked for."""
TICK_S: Final = 2.0
WATCH_S: Final = 60.0
"""How long an announced head may be ahead of what was applied here."""
PAGES_A_TIME: Final = 64
FETCHED_PAGES_MAX: Final = 2 * PAGES_A_TIME
"""How many pages are taken of one answer; whoever answers may go on without end."""
FETCH_MOST_S: Final = 30.0
"""How long one answer may take."""
FRUITLESS_MOST_S: Final = 30.0
"""How long a log waits at most to be asked for again, after answers that brought nothing."""
_USEFUL: Final = (Taken.APPLIED, Taken.HELD)

log = structlog.get_logger(__name__)

Fetch = Callable[[LogName, int, int], AsyncIterator[Delivered]]
"""Yields pages of a log in an epoch after a number, in order; later epochs' may follow."""


def page_request(name: LogName, epoch: int, after: int, most: int = PAGES_A_TIME) -> bytes:
    """Return the request for pages of a log, as ``ask.<hub>.pages`` takes it."""
    return orjson.dumps(
        {
            "node": name.node,
            "service": name.service,
            "epoch": epoch,
            "after": after,
            "most": most,
        }
    )


def ask_hub(bus: Bus, hub: NodeName) -> Fetch:
    """Return the fetch that asks a hub's node service."""

    def fetch(name: LogName, epoch: int, after: int) -> AsyncIterator[Delivered]:
        return bus.ask(ask_subject(hub), page_request(name, epoch, after))

    return fetch


class Repairer:
    """Closes the gaps of the logs that this service follows.

    Args:
        inbox: takes in what was fetched, by the same door.
        fetch_remote: asks for another node's pages; none where there is no hub.
        fetch_sibling: asks a sibling service for its own.
        watch_s: how long an announced head may be ahead, in seconds.
    """

    def __init__(
        self,
        node: NodeName,
        *,
        store: Store,
        taker: Taker,
        inbox: Inbox,
        fetch_remote: Fetch | None,
        fetch_sibling: Fetch,
        follows: Callable[[LogName], bool],
        watch_s: float = WATCH_S,
    ) -> None:
        self._node = node
        self._store = store
        self._taker = taker
        self._inbox = inbox
        self._fetch_remote = fetch_remote
        self._fetch_sibling = fetch_sibling
        self._follows = follows
        self._watch_s = watch_s
        self._wake = asyncio.Event()
        self._behind_since: dict[LogName, tuple[int, float]] = {}
        self._fruitless: dict[LogName, tuple[float, float]] = {}
        self._stalled: list[Callable[[LogName], Awaitable[None]]] = []
        self.repaired_pages = 0
        heads = store.tables.announced_head
        keep = insert(heads)
        changing = ("epoch", "number", "hash", "revision", "at")
        self._keep_head = Prepared(
            keep.on_conflict_do_update(
                index_elements=("node", "service"),
                set_={column: keep.excluded[column] for column in changing},
                where=keep.excluded.revision > heads.c.revision,
            ),
            columns=("node", "service", *changing),
        )
        inbox.on_gap(lambda _: self._wake.set())

    def on_stall(self, call: Callable[[LogName], Awaitable[None]]) -> None:
        """Call back when a log stays behind its announced head: its source may have stalled."""
        self._stalled.append(call)

    def remember_heads(self, work: Work, arrived: Sequence[Arrived[HeadsAnnounced]]) -> None:
        """Remember where other nodes say that their logs stand."""
        work.run(
            self._keep_head,
            [
                {
                    "node": told.origin,
                    "service": head.service,
                    "epoch": head.epoch,
                    "number": head.number,
                    "hash": head.hash,
                    "revision": told.event.revision,
                    "at": work.moment,
                }
                for told in arrived
                for head in told.event.heads
            ],
        )

    async def run(self) -> None:
        """Repair gaps and watch heads until cancelled."""
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), TICK_S)
                self._wake.clear()
                await asyncio.sleep(GAP_PATIENCE_S)
            except TimeoutError:
                pass
            try:
                await self.round(patient=True)
            except (BusUnreachable, NoStream) as error:
                log.debug("repair waits", reason=error.slug)

    async def round(self, *, patient: bool = False) -> int:
        """Try to close every gap once; return how many pages were taken in.

        Args:
            patient: whether to leave those logs alone for a while of which nobody had anything: a
                page of far ahead would have its hub asked for ever.
        """
        taken = 0
        for cursor in await self._store.read(self._taker.cursors.all):
            if cursor.state is LogState.GAP and not (patient and self._is_early(cursor.name)):
                taken += await self._repair(cursor)
        for name, epoch, number in await self._behind():
            log.warning("log is behind its head", log=str(name), epoch=epoch, page=number)
            cursor = await self._store.read(self._taker.cursors.load, name)
            found = await self._repair(cursor)
            taken += found
            if not found:
                for call in self._stalled:
                    await call(name)
        self.repaired_pages += taken
        return taken

    async def _repair(self, cursor: Cursor) -> int:
        """Fetch what a log lacks; return how many pages could be applied, or had been missing."""
        name = cursor.name
        fetch = self._fetch_sibling if name.node == self._node else self._fetch_remote
        if fetch is None:
            return 0
        epoch, after = await self._store.read(self._taker.missing, cursor)
        pages, answered = await self._fetched(fetch, name, epoch, after)
        useful = 0
        if pages:
            result = await self._inbox.take_in([(name, page) for page in pages])
            useful = sum(taken in _USEFUL for taken in result.taken)
        if useful:
            log.info("log repaired", log=str(name), epoch=epoch, pages=useful)
            self._fruitless.pop(name, None)
            self._wake.set()
        elif answered:
            _, wait_s = self._fruitless.get(name, (0.0, TICK_S / 2))
            wait_s = min(2 * wait_s, FRUITLESS_MOST_S)
            self._fruitless[name] = (asyncio.get_running_loop().time() + wait_s, wait_s)
        return useful

    def _is_early(self, name: LogName) -> bool:
        """Return whether it is too early to ask again for what nobody had."""
        not_before, _ = self._fruitless.get(name, (0.0, 0.0))
        return asyncio.get_running_loop().time() < not_before

    async def _fetched(
        self, fetch: Fetch, name: LogName, epoch: int, after: int
    ) -> tuple[list[Delivered], bool]:
        """Return what was fetched, and whether there was an answer to its end."""
        pages: list[Delivered] = []
        answer = fetch(name, epoch, after)
        try:
            async with asyncio.timeout(FETCH_MOST_S):
                async for page in answer:
                    pages.append(page)
                    if len(pages) >= FETCHED_PAGES_MAX:
                        break
        except (BusUnreachable, NoStream, Refusal, TimeoutError) as error:
            reason = error.slug if isinstance(error, Refusal) else "timeout"
            log.info("repair waits", log=str(name), reason=reason)
            return pages, False
        finally:
            if isinstance(answer, AsyncGenerator):
                await answer.aclose()
        return pages, True

    async def _behind(self) -> list[tuple[LogName, int, int]]:
        """Return the logs whose announced head has been ahead of their cursor for too long."""
        now = asyncio.get_running_loop().time()
        late: list[tuple[LogName, int, int]] = []
        for name, epoch, number, hash_ in await self._store.read(self._heads):
            cursor = await self._store.read(self._taker.cursors.load, name)
            if (cursor.epoch, cursor.number) >= (epoch, number):
                self._behind_since.pop(name, None)
                same_epoch = epoch == cursor.epoch and hash_ != NO_PAGE
                if same_epoch and cursor.state is not LogState.QUARANTINED:
                    await self._compare(name, epoch, number, hash_)
                continue
            at, since = self._behind_since.setdefault(name, (cursor.number, now))
            if at != cursor.number:
                # It moves: the stream is only busy.
                self._behind_since[name] = (cursor.number, now)
            elif now - since >= self._watch_s and cursor.state is not LogState.QUARANTINED:
                late.append((name, epoch, number))
                self._behind_since[name] = (cursor.number, now)
        return late

    async def _compare(self, name: LogName, epoch: int, number: int, hash_: str) -> None:
        def ours(work: Work) -> str | None:
            return self._taker.cursors.hash_at(work, name, epoch, number)

        known = await self._store.read(ours)
        if known is not None and known != hash_:

            def differs(work: Work) -> None:
                self._taker.head_differs(work, name, epoch=epoch, number=number, hash_=hash_)

            await self._store.write(differs)

    def _heads(self, work: Work) -> list[tuple[LogName, int, int, str]]:
        heads = self._store.tables.announced_head
        rows: list[Any] = list(work.execute(select(heads)))
        named = [
            (
                LogName(NodeName(row.node), ServiceName(row.service), Log.PUBLIC),
                row.epoch,
                row.number,
                row.hash,
            )
            for row in rows
        ]
        return [row for row in named if self._follows(row[0])]
