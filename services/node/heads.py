"""The heads: where this node's public logs stand, told when it is idle.

Every page is a signed head of its own log; these tell the others what they may have missed. They
come a minute after the last page, then at doubling intervals up to an hour.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import func, select

from services.node import tables
from services.node.credentials import Epochs
from services.node.handlers import next_revision
from shared.contracts.node import Head, HeadsAnnounced
from shared.events import Log
from shared.ids import FEDERATED, NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.log.names import LogName
from shared.log.page import parse_page, sha256_hex
from shared.log.repair import Repairer
from shared.log.seal import Sealer
from shared.refusals import Refusal
from shared.store import Store, Work

LOOKS_IN_FIRST: Final = 12
"""How often the logs are looked at within the first interval."""

log = structlog.get_logger(__name__)

Stood = dict[ServiceName, Head]
Tail = Callable[[str], Awaitable[tuple[int, bytes] | None]]
"""Returns the number and the bytes of a stream's last message, none where it is empty."""


@dataclass(slots=True)
class Pace:
    """When heads are due: ``first_s`` after the last page, then twice as late each time.

    Args:
        first_s, most_s: the shortest and the longest time between, in seconds.
        since: when the last page, or the last announcement, was; seconds of any clock.
    """

    first_s: float
    most_s: float
    since: float
    wait_s: float = 0.0

    def __post_init__(self) -> None:
        self.wait_s = self.wait_s or self.first_s

    def moved(self, now: float) -> None:
        """Note that a page was told: the next heads come soon after it."""
        self.since, self.wait_s = now, self.first_s

    def due(self, now: float) -> bool:
        """Return whether heads are due."""
        return now - self.since >= self.wait_s

    def told(self, now: float) -> None:
        """Note that heads were told: the next ones come later."""
        self.since, self.wait_s = now, min(2 * self.wait_s, self.most_s)


class Heads:
    """Announces the heads of this node's public logs.

    Args:
        own: this node.
        store: the node service's database.
        sealer: knows the node service's own pages.
        repairer: remembers heads, those of this node like the others'.
        tail: shows the last message of a stream.
        epochs: returns the current epochs of the node's logs.
        first_s, most_s: see ``Pace``.
    """

    def __init__(
        self,
        own: NodeName,
        *,
        store: Store,
        sealer: Sealer,
        repairer: Repairer,
        tail: Tail,
        epochs: Callable[[], Epochs],
        first_s: float,
        most_s: float,
    ) -> None:
        self._own = own
        self._store = store
        self._sealer = sealer
        self._repairer = repairer
        self._tail = tail
        self._epochs = epochs
        self._look_s = first_s / LOOKS_IN_FIRST
        self._pace = Pace(first_s, most_s, time.monotonic())
        self._stood: Stood = {}
        self._soon = False

    def soon(self) -> None:
        """Announce at the next look: a log goes on in a new epoch, which a hub must know."""
        self._soon = True

    async def run(self) -> None:
        """Look at the logs and announce their heads when they are due, until cancelled."""
        while True:
            await asyncio.sleep(self._look_s)
            try:
                await self.look(time.monotonic())
            except Refusal as error:
                log.info("heads put off", reason=error.slug)

    async def look(self, now: float) -> bool:
        """Look at the logs once; return whether heads were announced.

        Args:
            now: seconds of a clock that only goes forward.
        """
        stand = await self.stand()
        if await self._has_moved(stand):
            self._pace.moved(now)
        self._stood = stand
        if not stand or not (self._soon or self._pace.due(now)):
            return False
        self._soon = False
        await self._store.write(self._announce, [stand[name] for name in sorted(stand)])
        self._pace.told(now)
        return True

    async def stand(self) -> Stood:
        """Return the last published page of each public log; a log without pages is left out.

        What counts is what has left the service: the streams, and not the page tables.
        """
        epochs, found = self._epochs().public, Stood()
        for service in FEDERATED:
            epoch = epochs.get(service, 1)
            name = LogName(self._own, service, Log.PUBLIC)
            last = await self._tail(name.stream(epoch))
            if last is not None:
                number, data = last
                found[service] = Head(
                    service=service,  # type: ignore[arg-type]  # one of the federated services
                    epoch=epoch,
                    number=number,
                    hash=sha256_hex(data),
                )
        return found

    async def _has_moved(self, stand: Stood) -> bool:
        """Return whether a page came that holds anything but heads, which announce themselves."""
        for service, head in stand.items():
            last = self._stood.get(service)
            if head == last:
                continue
            if service != "node" or last is None or last.epoch != head.epoch:
                return True
            if await self._store.read(self._more_than_heads, last):
                return True
        return False

    def _more_than_heads(self, work: Work, last: Head) -> bool:
        pages = self._sealer.pages(
            work, Log.PUBLIC, epoch=last.epoch, after=last.number, most=2**31 - 1
        )
        return any(
            event["type"] != HeadsAnnounced.wire_type()
            for page in pages
            for event in parse_page(page.data).events
        )

    def _announce(self, work: Work, heads: list[Head]) -> None:
        table = tables.LOG.announced_head
        last = work.execute(
            select(func.max(table.c.revision)).where(table.c.node == self._own)
        ).scalar_one()
        event = HeadsAnnounced(node=self._own, revision=next_revision(work, last), heads=heads)
        event_id = work.announce(event)
        arrived: Arrived[Any] = Arrived(
            contract=type(event),
            data=event.model_dump(mode="json"),
            origin=self._own,
            service=ServiceName("node"),
            event_id=str(event_id),
            at=work.moment,
            epoch=0,
            number=0,
        )
        self._repairer.remember_heads(work, [arrived])
