"""Log desks for tests: a service tells and listens over real parts; its projection is small."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.bus import Delivered
from shared.bus_nats import NatsBus
from shared.canonical import canonical
from shared.clock import SystemClock
from shared.contracts.directory import EntityAmended, EntityListed, EntityWithdrawn
from shared.contracts.log import LogReopened
from shared.contracts.node import Parent, PeerAdmitted
from shared.contracts.profile import PublicProfile
from shared.events import Log, Speaker
from shared.ids import NodeName, ServiceName, global_id, uuid7
from shared.keys import SigningKey
from shared.log.arrived import Arrived
from shared.log.certificates import certify
from shared.log.desk import LogDesk, Place
from shared.log.epochs import Gathering, SignReopening, Statement, signed_reopening
from shared.log.names import LogName
from shared.log.page import sha256_hex
from shared.log.projector import Projector
from shared.log.repair import Fetch, ask_hub
from shared.log.tables import LogTables
from shared.store import Prepared, Store, Work, open_store
from shared.subjects import Level, continental_stream, inbox_prefix
from tests.nodes import TestNode


class Notes:
    """What a test service remembers: each entity's newest revision and name."""

    def __init__(self) -> None:
        self.metadata = MetaData()
        self.log = LogTables(self.metadata)
        self.said: list[tuple[str, str]] = []
        """Each name that was told, and the time that came with it."""
        self.table = Table(
            "note",
            self.metadata,
            Column("id", Text, primary_key=True),
            Column("origin", Text, nullable=False),
            Column("revision", BigInteger, nullable=False),
            Column("name", Text, nullable=False),
            Column("times", BigInteger, nullable=False),
        )
        keep = insert(self.table)
        self.keep = Prepared(
            keep.on_conflict_do_update(
                index_elements=("id",),
                set_={
                    "revision": keep.excluded.revision,
                    "name": keep.excluded.name,
                    "times": self.table.c.times + 1,
                },
                where=keep.excluded.revision > self.table.c.revision,
            ),
            columns=("id", "origin", "revision", "name", "times"),
        )

    def projector(self) -> Projector:
        """Return the projections of this service."""
        projector = Projector(self.log, release="test")
        for contract in (EntityListed, EntityAmended, EntityWithdrawn):
            projector.on(contract, self.remember)
        projector.on_forget(self.forget)
        return projector

    def remember(self, work: Work, arrived: Sequence[Arrived[Any]]) -> None:
        """Remember entities; a withdrawn one keeps an empty name."""
        rows = [
            {
                "id": told.event.entity_id,
                "origin": told.origin,
                "revision": told.event.revision,
                "name": told.event.profile.name if hasattr(told.event, "profile") else "",
                "times": 1,
            }
            for told in arrived
        ]
        work.run(self.keep, rows)
        self.said += [(row["name"], told.at) for row, told in zip(rows, arrived, strict=True)]

    def forget(self, work: Work, node: NodeName, service: ServiceName) -> None:
        """Forget a node's entities."""
        if service == "directory":
            work.execute(delete(self.table).where(self.table.c.origin == node))

    def list_one(
        self, work: Work, node: str, name: str, *, entity_id: str = "", revision: int = 1
    ) -> str:
        """List an entity of the node itself, and tell of it."""
        entity_id = entity_id or global_id(NodeName(node), uuid7())
        row = {"id": entity_id, "origin": node, "revision": revision, "name": name, "times": 1}
        work.run(self.keep, row)
        work.announce(
            EntityListed(entity_id=entity_id, revision=revision, profile=PublicProfile(name=name))
        )
        return entity_id

    def state(self, work: Work) -> dict[str, str]:
        """Return what is remembered: names by id."""
        return {row.id: row.name for row in work.execute(select(self.table))}

    def hash(self, work: Work) -> str:
        """Return a hash of all that is remembered, which is equal on all nodes at rest."""
        rows = work.execute(select(self.table).order_by(self.table.c.id))
        return sha256_hex(canonical([[r.id, r.origin, r.revision, r.name] for r in rows]))


class TestDesk:
    """A service of a test node: its store, its desk and its notes."""

    __test__ = False

    def __init__(
        self, node: TestNode, service: str, *, database: str = "", watch_s: float = 1.0
    ) -> None:
        self.node = node
        self.service = ServiceName(service)
        self.url = database or f"sqlite:///{node.home.database(service)}"
        self.notes = Notes()
        self.desk: LogDesk
        self.store: Store
        self._watch_s = watch_s
        self._stack = AsyncExitStack()
        self.fetched: list[LogName] = []

    async def __aenter__(self) -> "TestDesk":
        place = place_of(self.node, self.service)
        enter = self._stack.push_async_callback
        self.store = await open_store(
            self.url,
            self.notes.log,
            speaker=Speaker(place.node, place.service),
            clock=SystemClock(),
            create=True,
        )
        enter(self.store.aclose)
        fed = await bus(self.node, "fed", self.service)
        enter(fed.aclose)
        app = await bus(self.node, "app", self.service)
        enter(app.aclose)
        self.desk = LogDesk(
            place,
            store=self.store,
            projector=self.notes.projector(),
            fed=fed,
            app=app,
            sign_reopening=signer(self.node),
            fetch_sibling=self._nothing,
            fetch_remote=self._remote(fed, place),
            clock=SystemClock(),
            watch_s=self._watch_s,
        )
        await self.desk.start()
        enter(self.desk.aclose)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def list(self, name: str, *, entity_id: str = "", revision: int = 1) -> str:
        """List an entity and return its id, once it is committed."""
        return await self.store.write(
            self.notes.list_one, self.node.name, name, entity_id=entity_id, revision=revision
        )

    async def names(self) -> set[str]:
        """Return the names of the entities that this service knows."""
        return set((await self.store.read(self.notes.state)).values())

    async def knows(self, *names: str) -> bool:
        """Return whether all these names are known here."""
        return set(names) <= await self.names()

    async def hash(self) -> str:
        """Return the hash of what is remembered."""
        return await self.store.read(self.notes.hash)

    def _remote(self, fed: NatsBus, place: Place) -> Fetch | None:
        if place.hub is None and place.level == "local":
            return None
        # A hub's services ask their own node service.
        asked = ask_hub(fed, NodeName(place.hub.node if place.hub else place.node))

        def fetch(name: LogName, epoch: int, after: int) -> AsyncIterator[Delivered]:
            self.fetched.append(name)
            return asked(name, epoch, after)

        return fetch

    async def _nothing(self, name: LogName, epoch: int, after: int) -> AsyncIterator[Delivered]:
        none: tuple[Delivered, ...] = ()
        for page in none:
            yield page


def place_of(node: TestNode, service: ServiceName) -> Place:
    """Return where a service of a test node stands."""
    home, settings, federation = node.home, node.settings, node.home.federation()
    root = SigningKey.load(home.root_key)
    key = SigningKey.load(home.service_key(service))
    hub = None
    gathering = None
    if federation is not None:
        hub = Parent.model_validate(
            {
                "node": federation.hub,
                "continent": federation.hub_continent,
                "root_key": federation.hub_root_key,
                "level": "continental" if settings.level is Level.LOCAL else "intercontinental",
            }
        )
        if settings.level is Level.LOCAL:
            gathering = Gathering(federation.hub, continental_stream(federation.hub))
    return Place(
        node=node.name,
        service=service,
        continent=settings.continent,
        level=settings.level.value,
        root_key=root.public,
        hub=hub,
        gathering=gathering,
        siblings=tuple(settings.services),
        key=key,
        certificate=certify(root, node=node.name, service=service, key=key.public),
        letter_secrets=Path(home.keys / "letters" / service),
        slot=home.slot(),
    )


async def bus(node: TestNode, account: Any, service: str) -> NatsBus:
    """Return a service's connection to its node's server."""
    federation = node.home.federation()
    return await NatsBus.connect(
        node.server.url,
        credentials=node.home.user_creds(account, service),
        inbox_prefix=inbox_prefix(node.name, federation.hub if federation else None, service),
        name=f"{node.name}/{service}",
    )


def signer(node: TestNode) -> SignReopening:
    """Return what the node's root key does when a log is reopened."""

    async def sign(asked: Statement) -> LogReopened:
        streams = await node.streams()
        private = asked.name.log is Log.PRIVATE
        await streams.open_epoch(asked.name.service, asked.epoch, private=private)
        return signed_reopening(SigningKey.load(node.home.root_key), asked)

    return sign


def admission(node: TestNode, *, revision: int = 1) -> PeerAdmitted:
    """Return the event by which a hub admits a node."""
    return PeerAdmitted.model_validate(
        {
            "node": node.name,
            "revision": revision,
            "continent": node.settings.continent,
            "root_key": SigningKey.load(node.home.root_key).public,
            "level": node.settings.level.value,
        }
    )


async def admit(hub_node: TestDesk, *members: TestNode, revision: int = 1) -> None:
    """Have a hub's node service admit members."""

    def announce(work: Work) -> None:
        for member in members:
            work.announce(admission(member, revision=revision))
            hub_node.desk.trust.admitted(
                work, admission(member, revision=revision), origin=hub_node.node.name
            )

    await hub_node.store.write(announce)
    await hub_node.desk.trust.refresh(hub_node.store)
