"""The log desk: all that a service needs to tell and to listen, put together and kept running."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import select

from shared.bus import Bus, Delivered
from shared.clock import Clock
from shared.contracts.log import LogReopened
from shared.contracts.node import (
    DescriptionPublished,
    HeadsAnnounced,
    LetterKeyAnnounced,
    Parent,
    PeerAdmitted,
    PeerCut,
    PeerLimited,
    PeerQuarantined,
)
from shared.contracts.peers import PeerReceived
from shared.events import Log, Speaker
from shared.ids import NodeName, ServiceName
from shared.keys import SigningKey
from shared.log.adoption import Adoption
from shared.log.arrived import Arrived
from shared.log.branches import reopening
from shared.log.cursors import Cursors
from shared.log.door import Door
from shared.log.epochs import (
    WITNESS_WAIT_S,
    Gathering,
    HubWitness,
    Reopener,
    SignReopening,
)
from shared.log.inbox import Inbox
from shared.log.names import LogName
from shared.log.projector import Projector
from shared.log.receipts import Receipts
from shared.log.relay import Relay
from shared.log.repair import WATCH_S, Fetch, Repairer
from shared.log.seal import LOGS, Sealer
from shared.log.take import Taker
from shared.log.trust import Trust
from shared.store import Store, Work
from shared.tasks import ended

RESTART_FIRST_S: Final = 0.2
RESTART_MOST_S: Final = 10.0
LEFT_BEHIND_MAX: Final = 1_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Which logs a service reads: those of its siblings, and those of other nodes."""

    private: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    federation: tuple[str, ...] = ()


READS: Final = {
    "directory": Reads(
        private=("portal", "node"),
        public=("governance", "node"),
        federation=("directory", "node"),
    ),
    "exchange": Reads(
        private=("directory", "portal", "node"),
        public=("directory", "governance", "node"),
        federation=("exchange", "directory", "node"),
    ),
    "governance": Reads(
        private=("directory", "portal", "node"),
        public=("directory", "exchange", "node"),
        federation=("governance", "node"),
    ),
    "portal": Reads(
        private=("directory", "exchange", "governance", "node"),
        public=("directory", "exchange", "governance", "node"),
        federation=("node",),
    ),
    "node": Reads(private=("portal",), public=("governance",), federation=("node", "governance")),
}
"""Who reads what (DESIGN section 4); every service follows all node logs, its own node's too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a service stands: its node, its keys, its hub and its siblings."""

    node: NodeName
    service: ServiceName
    continent: str
    level: str
    root_key: str
    hub: Parent | None
    gathering: Gathering | None
    siblings: tuple[ServiceName, ...]
    key: SigningKey
    certificate: str
    letter_secrets: Path
    slot: str = ""
    """The word without which nobody writes into this node's public streams."""
    restored: str = ""
    """When this node was restored from a backup, if it was: each log is reopened once for it."""
    alone: bool = False
    """Whether the operator has decided that a restored node goes on without its hub."""

    @property
    def as_parent(self) -> Parent:
        """Return what the registry holds of this node itself."""
        return Parent.model_validate(
            {
                "node": self.node,
                "continent": self.continent,
                "root_key": self.root_key,
                "level": self.level,
            }
        )

    def own(self, log_: Log) -> LogName:
        """Return the name of one of this service's logs."""
        return LogName(self.node, self.service, log_)


class LogDesk:
    """A service's relays, inbox and repair, over one store and two connections.

    Args:
        place: where the service stands.
        store: its database.
        projector: its projections; those of the registry and the heads are added here.
        fed, app: the connections within the federation's account and the node's own.
        sign_reopening: has the root key sign a new epoch and makes its stream.
        fetch_sibling: asks a sibling service for pages of its own.
        fetch_remote: asks the hub for other nodes' pages; none where there is no hub.
        watch_s: how long an announced head may be ahead of a cursor, in seconds.
        witness_wait_s: how long to wait for the hub's word before anything is sealed, in seconds.
    """

    def __init__(
        self,
        place: Place,
        *,
        store: Store,
        projector: Projector,
        fed: Bus,
        app: Bus,
        sign_reopening: SignReopening,
        fetch_sibling: Fetch,
        fetch_remote: Fetch | None,
        clock: Clock,
        watch_s: float = WATCH_S,
        witness_wait_s: float = WITNESS_WAIT_S,
    ) -> None:
        self.place = place
        self.store = store
        self.fed = fed
        self.app = app
        self.trust = Trust(store.tables, own=place.as_parent, hub=place.hub)
        self.door = Door(self.trust)
        self.sealer = Sealer(
            store.tables,
            speaker=Speaker(place.node, place.service),
            key=place.key,
            certificate=place.certificate,
        )
        self.cursors = Cursors(store.tables)
        self.projector = projector
        self.taker = Taker(self.cursors, projector, self.trust)
        self.witness = HubWitness(fed, self.door, place.gathering, wait_s=witness_wait_s)
        self.reopener = Reopener(
            store=store,
            sealer=self.sealer,
            adoption=Adoption(
                store.tables, sealer=self.sealer, projector=projector, cursors=self.cursors
            ),
            bus_of=self._bus_of,
            door=self.door,
            stated=lambda page: reopening(page, self.trust),
            witness=self.witness,
            sign=sign_reopening,
        )
        self.relays = {log_: self._relay(log_) for log_ in LOGS}
        self.receipts = Receipts(
            place.own(Log.PUBLIC),
            store=store,
            sealer=self.sealer,
            cursors=self.cursors,
            door=self.door,
            relay=self.relays[Log.PUBLIC],
        )
        self.inbox = Inbox(
            place.node,
            place.service,
            store=store,
            taker=self.taker,
            door=self.door,
            trust=self.trust,
            own_page=self._own_pages,
        )
        self.repairer = Repairer(
            place.node,
            store=store,
            taker=self.taker,
            inbox=self.inbox,
            fetch_remote=fetch_remote,
            fetch_sibling=fetch_sibling,
            follows=self._follows,
            watch_s=watch_s,
        )
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._follow_registry()

    async def start(self) -> None:
        """Begin to tell and to listen; return when the registry of nodes has been read."""
        await self.load()
        for relay in self.relays.values():
            self._run(f"relay {relay.name}", relay.run)
        self._run("repair", self.repairer.run)
        reads = READS[self.place.service]
        for service in self.place.siblings:
            if service == self.place.service:
                continue
            if service in reads.private:
                self._listen(LogName(self.place.node, service, Log.PRIVATE), self.app)
            if service in reads.public:
                self._listen(LogName(self.place.node, service, Log.PUBLIC), self.fed)
        services = sorted({ServiceName(name) for name in reads.federation} | {self.place.service})

        async def federation() -> None:
            await self.inbox.follow_federation(self.fed, services)

        if self.place.hub is not None or self.place.level != "local":
            self._run("federation", federation)

    async def load(self) -> None:
        """Read what must be known before a page comes; read what an older release could not."""
        await self.trust.load(self.store)
        for name, certificate in await self.store.read(self.cursors.certificates):
            self.door.remember(name, certificate)
        while await self.store.write(self.projector.retry_set_aside):
            log.info("events set aside were tried again", service=self.place.service)

    async def aclose(self) -> None:
        """Stop telling and listening; what is committed stays, and is told at the next start."""
        await ended(*self._tasks)
        self._tasks.clear()

    async def standing(self) -> dict[str, Any]:
        """Return where the own logs stand, and where this service stands in those it follows."""
        heads = {log_.value: await self.store.read(self.sealer.head_seen, log_) for log_ in LOGS}
        cursors = await self.store.read(self.cursors.all)
        return {
            "own": {
                log_.value: {
                    "epoch": heads[log_].epoch,
                    "number": heads[log_].number,
                    "hash": heads[log_].hash,
                    "published": list(relay.state.published),
                    "receipt": list(relay.state.receipt),
                    "witnessed": relay.state.witnessed,
                    "trouble": relay.state.trouble,
                }
                for log_, relay in self.relays.items()
            },
            "followed": [
                {
                    "node": cursor.name.node,
                    "service": cursor.name.service,
                    "log": cursor.name.log.value,
                    "epoch": cursor.epoch,
                    "number": cursor.number,
                    "hash": cursor.hash,
                    "state": cursor.state.value,
                    "reason": cursor.reason,
                }
                for cursor in cursors
            ],
            "left_behind": await self.store.read(self._left_behind),
        }

    def _left_behind(self, work: Work) -> list[dict[str, Any]]:
        """Return what the world had not seen when a log was reopened, the newest pages first."""
        table = self.store.tables.left_behind
        newest = select(table).order_by(table.c.epoch.desc(), table.c.number.desc())
        return [dict(row) for row in work.execute(newest.limit(LEFT_BEHIND_MAX)).mappings()]

    def _relay(self, log_: Log) -> Relay:
        return Relay(
            self.place.own(log_),
            store=self.store,
            sealer=self.sealer,
            bus=self._bus_of(log_),
            slot=self.place.slot if log_ is Log.PUBLIC else "",
            witness=self.witness,
            reopen=self.reopener.reopen,
            prepare=self._reopen_restored,
        )

    async def _reopen_restored(self, name: LogName) -> None:
        await self.reopener.reopen_restored(name, cause=self.place.restored, alone=self.place.alone)

    def _bus_of(self, log_: Log) -> Bus:
        return self.fed if log_ is Log.PUBLIC else self.app

    def _follows(self, name: LogName) -> bool:
        reads = READS[self.place.service]
        if name.node != self.place.node:
            return name.service in reads.federation
        # A sibling whose log goes on two epochs later is found by its head alone.
        siblings = {*self.place.siblings} - {self.place.service}
        return name.service in siblings and name.service in reads.public

    def _listen(self, name: LogName, bus: Bus) -> None:
        async def follow() -> None:
            await self.inbox.follow_sibling(bus, name)

        self._run(f"sibling {name}", follow)

    def _run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(_kept_running(name, work), name=name))

    def _follow_registry(self) -> None:
        """Have the projector keep the registry of nodes, which every service keeps alike."""
        trust = self.trust

        def described(work: Work, arrived: Sequence[Arrived[DescriptionPublished]]) -> None:
            for told in arrived:
                trust.described(work, told.event, origin=told.origin)

        def admitted(work: Work, arrived: Sequence[Arrived[PeerAdmitted]]) -> None:
            for told in arrived:
                trust.admitted(work, told.event, origin=told.origin)

        def received(work: Work, arrived: Sequence[Arrived[PeerReceived]]) -> None:
            for told in arrived:
                trust.received(work, told.event, origin=told.origin)

        def standing(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
            for told in arrived:
                trust.standing_changed(work, told.event, origin=told.origin)

        def letter_key(work: Work, arrived: Sequence[Arrived[LetterKeyAnnounced]]) -> None:
            for told in arrived:
                trust.letter_key(work, told.event, origin=told.origin)

        def reopened(work: Work, arrived: Sequence[Arrived[LogReopened]]) -> None:
            """The cursor itself goes over to the new epoch; there is nothing more to remember."""

        self.projector.on(DescriptionPublished, described)
        self.projector.on(PeerAdmitted, admitted)
        self.projector.on(PeerReceived, received)
        for contract in (PeerLimited, PeerQuarantined, PeerCut):
            self.projector.on(contract, standing)
        self.projector.on(LetterKeyAnnounced, letter_key)
        self.projector.on(HeadsAnnounced, self.repairer.remember_heads)
        self.projector.on(LogReopened, reopened)

    def _own_pages(self, messages: Sequence[Delivered]) -> None:
        """Compare own pages that came back with the page table: receipts, or a second instance."""
        task = asyncio.create_task(self.receipts.take(messages))
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)


async def _kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run something for as long as the service lives; a defect in it is logged, then it goes on."""
    wait_s = RESTART_FIRST_S
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("background work failed", task=name)
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, RESTART_MOST_S)
