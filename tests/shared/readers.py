"""A service that listens, without a network: all of a log desk but its running tasks."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select, text

from shared.bus import Delivered
from shared.bus_memory import MemoryBus, MemoryServer
from shared.clock import SystemClock
from shared.contracts.directory import EntityAmended, EntityListed, EntityWithdrawn
from shared.contracts.log import LogReopened
from shared.events import Speaker
from shared.log.cursors import Cursor
from shared.log.desk import LogDesk, Place
from shared.log.epochs import Gathering, Statement, signed_reopening
from shared.log.names import LogName
from shared.log.page import SealedPage
from shared.log.projector import Projector
from shared.log.repair import Fetch
from shared.log.take import Result
from shared.store import Store, Work, open_store
from tests.desks import Notes
from tests.shared.peers import Peer

HUB = Peer("eu", "node", level="continental")
"""The hub below which the readers of tests stand."""


class Reader:
    """A service that listens, with small projections, whose pages are brought by hand.

    Args:
        url: its database.
        me: whose service it is.
        hub: the hub that it has joined, if any.
        known: the nodes that its hub has admitted.
        release: what its projector calls itself.
        fetch, fetch_sibling: ask for pages of other nodes, and of the node's own services.
        siblings: the other services of its node.
    """

    def __init__(
        self,
        url: str,
        *known: Peer,
        me: Peer | None = None,
        hub: Peer | None = HUB,
        release: str = "1",
        fetch: Fetch | None = None,
        fetch_sibling: Fetch | None = None,
        siblings: tuple[Peer, ...] = (),
        fed: MemoryServer | None = None,
        gathering: Gathering | None = None,
        watch_s: float = 60.0,
    ) -> None:
        self.url = url
        self.me = me or Peer("souss")
        self.hub = hub
        self.known = known
        self.release = release
        self.notes = Notes()
        self.desk: LogDesk
        self.store: Store
        self.server = fed or MemoryServer(self.me.node)
        self.bus: MemoryBus
        self._fetch = fetch
        self._fetch_sibling = fetch_sibling or fetch_nothing
        self._siblings = siblings
        self._gathering = gathering
        self._watch_s = watch_s
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Reader":
        self.store = await open_store(
            self.url,
            self.notes.log,
            speaker=Speaker(self.me.node, self.me.service),
            clock=SystemClock(),
            create=True,
        )
        self._stack.push_async_callback(self.store.aclose)
        self.bus = MemoryBus(self.server)
        self.desk = LogDesk(
            self.place(),
            store=self.store,
            projector=self.projector(),
            fed=self.bus,
            app=MemoryBus(self.server),
            sign_reopening=self._sign,
            fetch_sibling=self._fetch_sibling,
            fetch_remote=self._fetch,
            clock=SystemClock(),
            watch_s=self._watch_s,
        )
        await self.desk.load()
        await self.admit(*self.known)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.desk.aclose()
        await self._stack.aclose()

    def projector(self) -> Projector:
        """Return the projections of this service, in its release."""
        projector = Projector(self.notes.log, release=self.release)
        for contract in (EntityListed, EntityAmended, EntityWithdrawn):
            projector.on(contract, self.notes.remember)
        projector.on_forget(self.notes.forget)
        return projector

    def place(self) -> Place:
        """Return where this service stands."""
        return Place(
            node=self.me.node,
            service=self.me.service,
            continent=self.me.continent,
            level=self.me.level,
            root_key=self.me.root.public,
            hub=self.hub.as_parent if self.hub else None,
            gathering=self._gathering,
            siblings=(self.me.service, *(peer.service for peer in self._siblings)),
            key=self.me.key,
            certificate=self.me.certificate(),
            letter_secrets=Path(),
        )

    async def _sign(self, asked: Statement) -> LogReopened:
        self.server.create(asked.name.stream(asked.epoch))
        return signed_reopening(self.me.root, asked)

    async def admit(self, *peers: Peer, revision: int = 1) -> None:
        """Learn nodes, as if the hub had told of them."""

        def learn(work: Work) -> None:
            for peer in peers:
                assert self.hub is not None
                event = peer.admission(revision=revision)
                self.desk.trust.admitted(work, event, origin=self.hub.node)

        await self.store.write(learn)
        await self.desk.trust.refresh(self.store)

    async def take(self, peer: Peer, *pages: SealedPage) -> Result:
        """Take in pages of a log together, as they come in one batch."""
        return await self.take_all([(peer.name, page) for page in pages])

    async def take_all(self, pages: Sequence[tuple[LogName, SealedPage]]) -> Result:
        """Take in pages of several logs together."""
        return await self.desk.inbox.take_in(
            [(name, Delivered(0, "", page.data, page.headers)) for name, page in pages]
        )

    async def cursor(self, peer: Peer) -> Cursor:
        """Return where a log stands here."""
        return await self.store.read(self.desk.cursors.load, peer.name)

    async def state(self) -> dict[str, str]:
        """Return the names that are remembered, by id."""
        return await self.store.read(self.notes.state)

    async def applied(self, peer: Peer) -> list[str]:
        """Return the hashes of the applied pages of a log, in order."""
        pages = await self.store.read(self.desk.cursors.all_pages, peer.name)
        return [page.sha256 for page in pages]

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of one of the log's tables."""

        def found(work: Work) -> list[dict[str, Any]]:
            statement = select(self.store.tables.metadata.tables[table])
            return [dict(row) for row in work.execute(statement).mappings()]

        return await self.store.read(found)

    async def told(self) -> list[dict[str, Any]]:
        """Return the events that this service is about to tell."""
        return [orjson.loads(row["body"]) for row in await self.rows("outbox")]

    async def empty(self) -> None:
        """Forget everything, as if the database were new."""

        def clear(work: Work) -> None:
            for table in self.store.tables.metadata.sorted_tables:
                work.execute(text(f"DELETE FROM {table.name}"))

        await self.store.write(clear)
        await self.desk.trust.load(self.store)
        await self.admit(*self.known)


async def fetch_nothing(name: LogName, epoch: int, after: int) -> AsyncGenerator[Delivered, None]:
    """Yield no pages."""
    none: tuple[Delivered, ...] = ()
    for page in none:
        yield page


def fetch_from(*holders: Sequence[tuple[LogName, SealedPage]]) -> Fetch:
    """Return the fetch that asks holders of pages; each yields what follows, as hubs do."""

    async def fetch(name: LogName, epoch: int, after: int) -> AsyncGenerator[Delivered, None]:
        at = (epoch, after)
        for holder in holders:
            for whose, page in holder:
                place = (page.epoch, page.number)
                follows = place == (at[0], at[1] + 1) or (place[0] > at[0] and place[1] == 1)
                if whose == name and follows:
                    at = place
                    yield Delivered(0, "", page.data, page.headers)

    return fetch
