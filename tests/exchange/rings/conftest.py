"""Exchanges with rings for tests: real databases, nodes that hand letters to each other, an API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from services.exchange import api_rings, ring_handlers
from services.exchange.api_rings import RING_ROWS
from services.exchange.parts import Parts
from services.exchange.ring_copies import hold_slot
from services.exchange.ring_desk import RingDesk, Rules
from services.exchange.ring_handlers import Entered, Said
from services.exchange.ring_letters import send, take_in
from services.exchange.round_gathering import Here
from services.exchange.round_keeper import RoundKeeper
from services.exchange.settings import ExchangeSettings
from services.exchange.tables import LOG
from services.exchange.tables.rings import RING_TABLES
from shared import problems
from shared.access import AccessTable, Gate
from shared.clock import SetClock
from shared.contracts.rings import Contact, RingPlan
from shared.events import Speaker
from shared.gate import install
from shared.idempotency import Answers
from shared.ids import NodeName, ServiceName
from shared.keys import Prefix, SigningKey
from shared.people import Bearer, Claims, TokenKeys, issue
from shared.store import Store, Work, open_store
from tests.databases import NewDatabase, database_url, postgresql, postgresql_server
from tests.exchange.rings.samples import NOW, AllThere, Letterbox, party, plan

__all__ = ["NewDatabase", "database_url", "postgresql", "postgresql_server"]

assert RING_TABLES, "they are in the catalogue of tables once they are imported"
NODE = NodeName("souss")
OTHER = NodeName("ilhas")
A, B, C = party(NODE, 1), party(NODE, 2), party(NODE, 3)
FAR = party(OTHER, 1)
BY = Entered(by="person-1")
CONTACT = Contact(name="Fatima A.", telephone="+212 600 000 000", place="Tamanar")
YES = Said(accepts=True, consents=True, contact=CONTACT)
NO = Said(accepts=False, why="distance", said="Trop loin")


@asynccontextmanager
async def opened(url: str, clock: SetClock, node: NodeName = NODE) -> AsyncIterator[Store]:
    """Open an exchange's store with its tables."""
    speaker = Speaker(node, ServiceName("exchange"))
    store = await open_store(url, LOG, speaker=speaker, clock=clock, create=True)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
def clock() -> SetClock:
    """A clock that a test moves."""
    return SetClock(NOW)


@pytest.fixture
async def store(database_url: str, clock: SetClock) -> AsyncIterator[Store]:
    """An exchange's store, on each kind of database in turn."""
    async with opened(database_url, clock) as store:
        yield store


def desk_of(node: str = NODE, **fields: Any) -> RingDesk:
    """Return a desk whose items are all there, and whose letters are kept."""
    said: dict[str, Any] = {
        "node": node,
        "items": AllThere(),
        "post": Letterbox(),
        "rules": Rules(hold=hold_slot),
    }
    return RingDesk(**(said | fields))


@dataclass(slots=True)
class Post:
    """Nodes that hand their letters to each other at once."""

    stores: dict[str, Store]
    desks: dict[str, RingDesk]

    async def deliver(self) -> int:
        """Deliver all letters until none is left; return how many there were."""
        count = 0
        while True:
            waiting = [
                (name, to, letter)
                for name, desk in self.desks.items()
                for to, letter in self._take(desk)
            ]
            if not waiting:
                return count
            for name, to, letter in waiting:
                count += 1

                def received(work: Work, desk: RingDesk, sender: str, said: Any) -> None:
                    send(work, desk, take_in(work, desk, sender, said))

                await self.stores[to].write(received, self.desks[to], name, letter)

    @staticmethod
    def _take(desk: RingDesk) -> list[tuple[str, Any]]:
        box = desk.post
        assert isinstance(box, Letterbox)
        sent, box.sent = box.sent, []
        return sent

    async def answer(self, ring_id: str, *members: str, said: Said = YES) -> None:
        """Have members answer at their nodes, and deliver the letters."""
        for member in members:
            node = member.partition(":")[0]
            await self.stores[node].write(
                ring_handlers.answer_ring, self.desks[node], ring_id, member, said, entered=BY
            )
            await self.deliver()

    async def propose(self, made: RingPlan) -> None:
        """Propose a ring at its decider, and deliver the letters."""
        await self.stores[made.decider].write(
            ring_handlers.propose_ring, self.desks[made.decider], made
        )
        await self.deliver()


@pytest.fixture
async def post(tmp_path: Path, clock: SetClock) -> AsyncIterator[Post]:
    """Three nodes: two with parties, and a hub."""
    names = [NODE, OTHER, NodeName("hub")]
    async with (
        opened(f"sqlite:///{tmp_path / 'a.db'}", clock, names[0]) as first,
        opened(f"sqlite:///{tmp_path / 'b.db'}", clock, names[1]) as second,
        opened(f"sqlite:///{tmp_path / 'h.db'}", clock, names[2]) as hub,
    ):
        stores = dict(zip(names, (first, second, hub), strict=True))
        yield Post(stores=dict(stores), desks={name: desk_of(name) for name in names})


KEY = SigningKey(b"t" * 32, Prefix.SERVICE)
"""Signs the tokens of tests."""


def token(*roles: str, kind: Bearer = Bearer.PERSON, **claims: Any) -> dict[str, str]:
    """Return the header by which somebody with these roles asks."""
    given = {"sub": f"{kind}-1", "kind": kind, "node": NODE, "roles": frozenset(roles)} | claims
    life = timedelta(minutes=5)
    said = issue(Claims.lasting(life, now=NOW, **given), KEY)
    return {"Authorization": f"Bearer {said}"}


@pytest.fixture
async def client(post: Post, clock: SetClock) -> AsyncIterator[AsyncClient]:
    """A client of the API of rings at ``souss``."""
    app = FastAPI()
    problems.install(app)
    app.include_router(api_rings.router(lambda node: post.desks[node]))
    gate = Gate(
        table=AccessTable(RING_ROWS),
        keys=TokenKeys(tokens=frozenset({KEY.public}), services={}),
        node=NODE,
        audience=ServiceName("exchange"),
        clock=clock,
    )
    install(app, gate)
    settings = ExchangeSettings(node=NODE)
    here = Here(node=NODE, continent="af")
    store, desk = post.stores[NODE], post.desks[NODE]
    parts = Parts(
        settings=settings,
        node=NODE,
        store=store,
        answers=Answers(LOG),
        clock=clock,
        changed=lambda: None,
        rounds=RoundKeeper(settings, store, desk, here, level="local", clock=clock),
    )

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": {"parts": parts}}, receive, send)

    transport = ASGITransport(app=with_state)
    async with AsyncClient(transport=transport, base_url="http://node/") as client:
        yield client


def between(*members: str, **fields: Any) -> RingPlan:
    """Return a ring of these members."""
    return plan(members or (A, FAR), **fields)
