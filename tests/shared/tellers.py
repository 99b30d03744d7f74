"""A service that tells: its store, its relay and a stream in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import func, select

from shared.bus_memory import MemoryBus, MemoryServer
from shared.clock import SystemClock
from shared.contracts.directory import EntityListed
from shared.contracts.node import TokenRevoked
from shared.contracts.profile import PublicProfile
from shared.events import Log, Speaker
from shared.ids import global_id
from shared.log.names import LogName
from shared.log.page import NO_PAGE, SealedPage, parse_page, sha256_hex, verify_page
from shared.log.relay import Relay, Rewound
from shared.log.seal import Sealer
from shared.store import Store, Work, open_store
from tests.nodes import until
from tests.shared.peers import Peer
from tests.shared.words import TABLES

ME = Peer("fr")


class Onlooker:
    """A witness that says what a test has it say."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.known = True
        self.rewound: str | None = None

    async def compare(self, name: LogName, store: Store, sealer: Sealer) -> bool:
        """Return whether anybody could be asked."""
        self.asked += 1
        await self.may_answer.wait()
        if self.rewound is not None:
            raise Rewound(self.rewound)
        return self.known


class Teller:
    """A service of node ``fr`` that tells of numbered things."""

    def __init__(self, store: Store, server: MemoryServer, *, log: Log = Log.PUBLIC) -> None:
        self.store = store
        self.server = server
        self.name = LogName(ME.node, ME.service, log)
        self.sealer = Sealer(
            TABLES,
            speaker=Speaker(ME.node, ME.service),
            key=ME.key,
            certificate=ME.certificate(),
        )
        self.onlooker = Onlooker()
        self.reopenings: list[str] = []
        self.buses: list[MemoryBus] = []
        self.told: list[str] = []
        self._running: list[asyncio.Task[None]] = []

    def relay(self, reopen: Callable[[LogName, str], Awaitable[None]] | None = None) -> Relay:
        """Return a relay of this service, over a connection of its own."""
        self.buses.append(MemoryBus(self.server))
        return Relay(
            self.name,
            store=self.store,
            sealer=self.sealer,
            bus=self.buses[-1],
            witness=self.onlooker,
            reopen=reopen or self._noted,
        )

    async def _noted(self, name: LogName, reason: str) -> None:
        assert name == self.name
        self.reopenings.append(reason)
        await asyncio.Event().wait()

    def run(self, relay: Relay) -> None:
        """Run a relay until the test is over, or until ``rest``."""
        self._running.append(asyncio.create_task(relay.run()))

    async def rest(self) -> None:
        """Stop all relays."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()

    async def tell(self, *names: str) -> None:
        """Tell of some things in one unit."""
        await self.store.write(self._announce, names)
        self.told += names

    def _announce(self, work: Work, names: tuple[str, ...]) -> None:
        for name in names:
            if self.name.log is Log.PRIVATE:
                work.announce(TokenRevoked(token_id=name, expires=1))
                continue
            event = EntityListed(
                entity_id=global_id(ME.node, UUID(int=7 << 76 | 2 << 62)),
                revision=1,
                profile=PublicProfile(name=name),
            )
            work.announce(event)

    async def pages(self, epoch: int = 1) -> list[SealedPage]:
        """Return the page table of an epoch."""
        return await self.store.read(
            self.sealer.pages, self.name.log, epoch=epoch, after=0, most=10_000
        )

    async def waiting(self) -> int:
        """Return how many events wait in the outbox."""
        count = select(func.count()).select_from(TABLES.outbox)
        return await self.store.read(lambda work: int(work.execute(count).scalar_one()))

    def stream(self, epoch: int = 1) -> str:
        """Return the name of an epoch's stream."""
        return self.name.stream(epoch)

    async def published(self, *, timeout_s: float = 10.0) -> None:
        """Wait until everything that was told lies in the stream."""

        async def all_there() -> bool:
            stored = self.server.stored(self.stream())
            names = [name for message in stored for name in names_in(message.data)]
            return len(names) >= len(self.told)

        await until(all_there, what="all is published", timeout_s=timeout_s)

    async def require_whole(self) -> list[SealedPage]:
        """See that the stream holds the page table, and each event once; return the pages."""
        pages = await self.pages()
        stored = self.server.stored(self.stream())
        assert [message.seq for message in stored] == list(range(1, len(pages) + 1))
        assert [message.data for message in stored] == [page.data for page in pages]
        assert [dict(message.headers) for message in stored] == [page.headers for page in pages]
        require_chain(pages)
        assert sorted(names_of(pages)) == sorted(self.told)
        return pages


def require_chain(pages: list[SealedPage]) -> None:
    """See that pages are numbered without a gap, linked by their hashes, and signed."""
    prev = NO_PAGE
    for number, page in enumerate(pages, 1):
        read = parse_page(page.data)
        assert (read.number, page.number, read.prev) == (number, number, prev)
        assert page.sha256 == sha256_hex(page.data)
        assert verify_page(page.sha256, page.signature) == ME.key.public
        prev = page.sha256


def names_of(pages: list[SealedPage]) -> list[str]:
    """Return what pages tell of, in their order."""
    return [name for page in pages for name in names_in(page.data)]


def names_in(data: bytes) -> list[str]:
    """Return what a page tells of, in its order."""
    told = [event["data"] for event in parse_page(data).events]
    return [each["token_id"] if "token_id" in each else each["profile"]["name"] for each in told]


@asynccontextmanager
async def telling(
    url: str, *, server: MemoryServer | None = None, log: Log = Log.PUBLIC
) -> AsyncIterator[Teller]:
    """Open a service that tells; its relays are started by the test."""
    server = server or MemoryServer(ME.node)
    store = await open_store(
        url,
        TABLES,
        speaker=Speaker(ME.node, ME.service),
        clock=SystemClock(),
        create=True,
    )
    teller = Teller(store, server, log=log)
    try:
        server.create(teller.stream())
        yield teller
    finally:
        await teller.rest()
        await store.aclose()
