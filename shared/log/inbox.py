"""The inbox: reads its siblings' logs and other nodes' pages, each stream from its own cursor."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from shared.bus import Bus, BusUnreachable, Delivered, Feed, NoStream
from shared.clock import stamp
from shared.crash import crash_point
from shared.ids import NodeName, ServiceName
from shared.log.checked import Checked, as_claimed
from shared.log.cursors import LogState
from shared.log.door import Door, NodeQuarantined, SignedButBad, UnknownNode
from shared.log.names import LogName, federated_log
from shared.log.page import CERTIFICATE_HEADER, SIGNATURE_HEADER, SealedPage
from shared.log.projector import DEFECT
from shared.log.take import Result, Taker
from shared.log.trust import Standing, Trust
from shared.refusals import Refusal
from shared.store import Store, StoreUnavailable, Work, of_the_database
from shared.subjects import federated_subject, in_stream

PAGES_TOGETHER_MAX: Final = 16
"""How many pages are applied in one transaction when the reader is behind."""
IDLE_S: Final = 5.0
RETRY_S: Final = 0.3
HELD_FOR_TRUST: Final = ("unknown-node", "node-quarantined")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """A stream that is read: the federation's, or one log of a sibling."""

    bus: Bus
    subjects: tuple[str, ...] = ()
    sibling: LogName | None = None


class Inbox:
    """Takes in what the logs tell that this service follows.

    Args:
        node, service: whose inbox it is.
        store: the service's database.
        taker: applies pages.
        door: checks them.
        trust: the registry of nodes, refreshed when a node's log changes it.
        own_page: is told of own pages that came back: the receipts of the relay.
    """

    def __init__(
        self,
        node: NodeName,
        service: ServiceName,
        *,
        store: Store,
        taker: Taker,
        door: Door,
        trust: Trust,
        own_page: Callable[[Sequence[Delivered]], None],
    ) -> None:
        self._node = node
        self._service = service
        self._store = store
        self._taker = taker
        self._door = door
        self._trust = trust
        self._own_page = own_page
        self._gaps: list[Callable[[LogName], None]] = []
        self._arrived: list[Callable[[], None]] = []
        self.applied_events = 0

    def on_gap(self, call: Callable[[LogName], None]) -> None:
        """Call back when a log has a gap."""
        self._gaps.append(call)

    def on_arrival(self, call: Callable[[], None]) -> None:
        """Call back after each commit that applied pages."""
        self._arrived.append(call)

    async def follow_federation(self, bus: Bus, services: Sequence[ServiceName]) -> None:
        """Follow the public logs of some services of every node, until cancelled."""
        subjects = tuple(federated_subject("*", "*", service) for service in services)
        source = Source(bus, subjects)
        while True:
            await self._follow(in_stream(self._node), source)

    async def follow_sibling(self, bus: Bus, name: LogName) -> None:
        """Follow one log of a sibling service through its epochs, until cancelled."""
        while True:
            cursor = await self._store.read(self._taker.cursors.load, name)
            await self._follow(name.stream(cursor.epoch), Source(bus, sibling=name))

    async def take_in(self, messages: Sequence[tuple[LogName, Delivered]]) -> Result:
        """Take in pages that were fetched and not fed: a repair. They pass the same door."""
        checked = Checked()
        for name, message in messages:
            self._check(name, message, checked)
        return await self._apply(checked, None)

    async def retry_held(self) -> None:
        """Bring pages before the door again that were held for want of trust."""
        for reason in HELD_FOR_TRUST:
            held = await self._store.read(self._taker.cursors.held_for, reason)
            known = [(name, page) for name, page in held if self._trusted(name)]
            if not known:
                continue
            checked = Checked()
            for name, page in known:
                message = Delivered(0, "", page.data, page.headers)
                self._check(name, message, checked)
            still = {(name, page.sha256) for name, page, _ in checked.held}
            await self._store.write(
                self._release, [(n, p) for n, p in known if (n, p.sha256) not in still]
            )
            await self._apply(checked, None)

    def _trusted(self, name: LogName) -> bool:
        """Return whether a log's pages need not be held for want of trust any longer."""
        node = self._trust.node(name.node)
        return node is not None and node.standing is not Standing.QUARANTINED

    async def _follow(self, stream: str, source: Source) -> None:
        """Read a stream until it ends, stalls or is replaced."""
        feed: Feed | None = None
        try:
            state = await source.bus.state(stream)
            created, seq = await self._store.read(self._taker.cursors.position, stream)
            if created != state.created or seq > state.last:
                # Another stream of that name, or one that has lost its end and will fill again:
                # from its first page; the cursors drop what is known.
                seq = 0
            feed = await source.bus.feed(stream, start=seq + 1, subjects=source.subjects)
            await self._drain(stream, state.created, source, feed)
        except (BusUnreachable, NoStream, StoreUnavailable) as error:
            log.debug("feed ends", stream=stream, reason=error.slug)
            await asyncio.sleep(RETRY_S)
        finally:
            if feed is not None:
                await feed.aclose()

    async def _drain(self, stream: str, created: str, source: Source, feed: Feed) -> None:
        """Check one batch while the one before it commits."""
        committing: asyncio.Task[Result] | None = None
        try:
            while True:
                messages = await _next(feed, committing)
                if not messages and source.sibling and await self._moved_on(source, stream):
                    return
                for start in range(0, len(messages), PAGES_TOGETHER_MAX):
                    some = messages[start : start + PAGES_TOGETHER_MAX]
                    checked = await self._checked(source, some)
                    if committing is not None:
                        await committing
                    committing = asyncio.create_task(
                        self._apply(checked, (stream, created, some[-1].seq))
                    )
                if committing is not None and len(messages) < PAGES_TOGETHER_MAX:
                    # Nothing waits behind these: what fails to commit is known at once.
                    done, committing = committing, None
                    await done
        finally:
            if committing is not None:
                await asyncio.wait({committing})

    async def _moved_on(self, source: Source, stream: str) -> bool:
        """Return whether a sibling's log goes on in another stream than the one that is read."""
        assert source.sibling is not None
        cursor = await self._store.read(self._taker.cursors.load, source.sibling)
        if source.sibling.stream(cursor.epoch) != stream:
            return True
        following = source.sibling.stream(cursor.epoch + 1)
        try:
            feed = await source.bus.feed(following, start=1)
        except (NoStream, BusUnreachable):
            return False
        try:
            first = await feed.batch(1.0)
        finally:
            await feed.aclose()
        await self._apply(await self._checked(source, first), None)
        return bool(first)

    async def _checked(self, source: Source, messages: Sequence[Delivered]) -> Checked:
        checked = Checked()
        for place, message in enumerate(messages):
            if place:
                # A long page takes milliseconds: what was checked before is handed to the writer
                # meanwhile, and whoever else waits for the loop has its turn.
                await asyncio.sleep(0)
            name = source.sibling or federated_log(message.subject)
            if name is None:
                log.warning("subject of no log", subject=message.subject[:200])
            elif name.node == self._node and source.sibling is None:
                if name.service == self._service:
                    checked.own.append(message)
            else:
                self._check(name, message, checked)
        return checked

    def _check(self, name: LogName, message: Delivered, checked: Checked) -> None:
        signature = message.headers.get(SIGNATURE_HEADER, "")
        certificate = message.headers.get(CERTIFICATE_HEADER, "")
        try:
            page = self._door.check(
                message.data, signature=signature, certificate=certificate, expected=name
            )
        except (UnknownNode, NodeQuarantined) as error:
            claimed = as_claimed(name, message.data, signature, certificate)
            checked.held.append((name, claimed, error.slug))
        except SignedButBad as error:
            claimed = as_claimed(name, message.data, signature, certificate)
            checked.bad.append((name, claimed, error))
        except Refusal as error:
            claimed = as_claimed(name, message.data, signature, certificate)
            checked.refused.append((name, claimed, error))
        else:
            now = stamp(self._store.clock.now())
            checked.pages.append(self._taker.read(page, arrived_at=now))

    async def _apply(self, checked: Checked, position: tuple[str, str, int] | None) -> Result:
        if checked.own:
            self._own_page(checked.own)
        result = await self._taken(checked, position)
        crash_point("committed-before-next")
        self.applied_events += result.events
        if result.node_logs:
            await self._trust.refresh(self._store)
        # A page may have been found unknown a moment before its node became known.
        if result.node_logs or any(self._trusted(name) for name, _, _ in checked.held):
            await self.retry_held()
        for name in result.gaps:
            for call in self._gaps:
                call(name)
        for arrived in self._arrived:
            arrived()
        return result

    async def _taken(self, checked: Checked, position: tuple[str, str, int] | None) -> Result:
        try:
            return await self._store.write(self._take, checked, position)
        except Exception as error:
            if of_the_database(error):
                raise
            # One page at which our own code fails must not stop the logs of all others.
            log.error("pages failed together", pages=len(checked.pages), error=type(error).__name__)
            return await self._store.write(self._take_each, checked, position)

    def _take_each(
        self, work: Work, checked: Checked, position: tuple[str, str, int] | None
    ) -> Result:
        """Take in each message for itself; one at which our own code fails stops its log alone."""
        together = Result()
        for name, page, one in checked.each():
            try:
                with work.nested():
                    result = self._take(work, one, None)
            except Exception as error:
                if of_the_database(error):
                    raise
                log.exception("page failed", log=str(name), epoch=page.epoch, page=page.number)
                self._stop(work, name, page, type(error).__name__)
                continue
            together.taken += result.taken
            together.events += result.events
            together.gaps |= result.gaps
            together.node_logs |= result.node_logs
        if position is not None:
            self._taker.cursors.keep_position(work, *position)
        return together

    def _stop(self, work: Work, name: LogName, page: SealedPage, error: str) -> None:
        """Leave a log where it stands; its next page is asked for again, by a later release too."""
        cursors = self._taker.cursors
        cursors.count_refusal(work, name.node, DEFECT)
        cursors.keep_evidence(work, name, page, reason=DEFECT, detail=error)
        cursor = cursors.load(work, name)
        if cursor.state is LogState.OPEN:
            cursor.state, cursor.reason = LogState.GAP, DEFECT
            cursors.keep(work, cursor)

    def _take(self, work: Work, checked: Checked, position: tuple[str, str, int] | None) -> Result:
        cursors = self._taker.cursors
        for name, page, slug in checked.held:
            cursors.hold(work, name, page, reason=slug)
        for name, page, refusal in checked.refused:
            log.info("page refused", origin=name.node, service=name.service, reason=refusal.slug)
            cursors.count_refusal(work, name.node, refusal.slug)
            cursors.keep_evidence(work, name, page, reason=refusal.slug, detail=refusal.detail)
        result = self._taker.take_in(work, checked.pages, position=position)
        # What is no page has no place in its log: the good ones beside it count first.
        for name, page, bad in checked.bad:
            self._taker.quarantine(work, name, page, bad)
        crash_point("applied-before-commit")
        return result

    def _release(self, work: Work, pages: Sequence[tuple[LogName, SealedPage]]) -> None:
        for name, page in pages:
            self._taker.cursors.release(work, name, page)


async def _next(feed: Feed, committing: asyncio.Task[Result] | None) -> Sequence[Delivered]:
    """Return what a feed brings next; what fails to commit meanwhile is raised at once."""
    if committing is None or committing.done():
        if committing is not None:
            await committing
        return await feed.batch(IDLE_S)
    fetching = asyncio.ensure_future(feed.batch(IDLE_S))
    try:
        await asyncio.wait({fetching, committing}, return_when=asyncio.FIRST_COMPLETED)
        if committing.done():
            await committing
        return await fetching
    finally:
        if not fetching.done():
            fetching.cancel()
            await asyncio.wait({fetching})
