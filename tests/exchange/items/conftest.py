"""Exchanges for tests: stores on real SQLite files and on a real PostgreSQL, and items."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from services.exchange import item_handlers, item_projections, participants
from services.exchange.access import ACCESS
from services.exchange.app import application, assembled
from services.exchange.asked_items import ItemIn
from services.exchange.intake import item_of
from services.exchange.item_words import Indexer
from services.exchange.items import Item
from services.exchange.parts import Parts, State
from services.exchange.records import Kept
from services.exchange.ring_setup import ring_desk
from services.exchange.round_gathering import Here
from services.exchange.round_keeper import RoundKeeper
from services.exchange.settings import ExchangeSettings
from services.exchange.tables import LOG
from shared.access import Gate
from shared.clock import SetClock
from shared.events import Speaker
from shared.gate import install
from shared.health import Checks
from shared.ids import NodeName, ServiceName, global_id
from shared.keys import Prefix, SigningKey
from shared.log.desk import LogDesk
from shared.log.projector import Projector
from shared.people import Bearer, Claims, TokenKeys, issue
from shared.store import Store, Work, open_store
from tests.databases import NewDatabase, database_url, postgresql, postgresql_server

__all__ = ["NewDatabase", "database_url", "postgresql", "postgresql_server"]

NODE = NodeName("souss")
OTHER = NodeName("ilhas")
NOW = datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)
LIMIT = 500


def an_id(number: int, node: NodeName = NODE) -> str:
    """Return an id that is the same in every run."""
    return global_id(node, UUID(int=(0x0199 << 112) | (7 << 76) | (2 << 62) | number))


OWNER = an_id(900)
"""A cooperative of this node that the federation knows."""
OFFER: dict[str, Any] = {
    "side": "offer",
    "owner": OWNER,
    "title": {"fr": "Huile d'argan, bidons de cinq litres"},
    "category": "argan-oil",
    "quantity": {"amount": "60", "unit": "l"},
    "value": {"low": 28_000, "high": 32_000, "unit": "MAD", "each": True, "floor": 27_000},
    "visibility": "federation",
}


def offer(**fields: Any) -> dict[str, Any]:
    """Return an offer as it is handed in."""
    return OFFER | fields


def want(**fields: Any) -> dict[str, Any]:
    """Return a want as it is handed in."""
    plain = {"title": "Miel de thym", "category": "raw-honey", "value": None}
    return OFFER | {"side": "want"} | plain | fields


def item(number: int = 1, *, node: NodeName = NODE, now: datetime = NOW, **fields: Any) -> Item:
    """Return an item as intake makes it."""
    given = ItemIn.model_validate(offer(**fields))
    return item_of(given, item_id=an_id(number, node), node=node, language="fr", now=now)


def post(work: Work, one: Item, *, publish: bool = True) -> Kept:
    """Post an item in a unit of a test."""
    return item_handlers.post_item(work, one, node=NODE, limit=LIMIT, publish=publish)


def profile(name: str = "Tafsut n Wargan", **fields: Any) -> dict[str, Any]:
    """Return the public profile of an entity."""
    return {
        "name": name,
        "addresses": [{"locality": "Tamanar", "country": "MA", "is_main": True}],
        "geo": {"lat": 310_007_000, "lon": -96_803_000},
        "women_led": True,
        "members_total": 42,
        **fields,
    }


def list_owner(work: Work, owner: str = OWNER, revision: int = 1, **fields: Any) -> None:
    """Have the exchange know an entity, as its directory tells of it."""
    origin = owner.partition(":")[0]
    row = participants.row_of(owner, origin, revision, profile(**fields), work.moment)
    work.run(participants.KEEP, row)


@asynccontextmanager
async def opened(url: str, *, node: NodeName = NODE, clock: SetClock) -> AsyncIterator[Store]:
    """Open an exchange's store with its tables, and one cooperative that it knows."""
    store = await open_store(
        url, LOG, speaker=Speaker(node, ServiceName("exchange")), clock=clock, create=True
    )
    try:
        await store.write(list_owner)
        yield store
    finally:
        await store.aclose()


@pytest.fixture
def clock() -> SetClock:
    """A clock that a test moves."""
    return SetClock(NOW)


@pytest.fixture
async def sqlite_store(tmp_path: Path, clock: SetClock) -> AsyncIterator[Store]:
    """An exchange's store in a file."""
    async with opened(f"sqlite:///{tmp_path / 'exchange.db'}", clock=clock) as store:
        yield store


@pytest.fixture
async def postgresql_store(postgresql: NewDatabase, clock: SetClock) -> AsyncIterator[Store]:
    """An exchange's store on a server."""
    async with opened(postgresql(), clock=clock) as store:
        yield store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """An exchange's store, on each kind of database in turn."""
    made: Store = request.getfixturevalue(f"{request.param}_store")
    return made


@pytest.fixture
def projector() -> Projector:
    """The projections of this node's exchange."""
    made = Projector(LOG, release="test")
    item_projections.register(made, node=NODE)
    return made


KEY = SigningKey(b"t" * 32, Prefix.SERVICE)
"""Signs the tokens of tests."""


def token(*roles: str, kind: Bearer = Bearer.PERSON, **claims: Any) -> dict[str, str]:
    """Return the header by which somebody with these roles asks."""
    given = {"sub": f"{kind}-1", "kind": kind, "node": NODE, "roles": frozenset(roles)} | claims
    life = timedelta(minutes=5)
    said = issue(Claims.lasting(life, now=NOW, **given), KEY)
    return {"Authorization": f"Bearer {said}"}


STEWARD = token("steward")
MEMBER = token("member", sub="p-amina")
DELEGATE = token("member", sub="p-fadma", mandates=[{"entity": OWNER}])


class Exchange:
    """The exchange's application in process, over a store, without NATS.

    Args:
        store: its database.
        clock: the time by which tokens are judged.
    """

    def __init__(self, store: Store, clock: SetClock) -> None:
        self.store = store
        self.clock = clock
        self.settings = ExchangeSettings(
            node=NODE, index_poll_s=0.05, items_per_owner=20, languages=["fr"]
        )
        self.gate = Gate(
            table=ACCESS,
            keys=TokenKeys(tokens=frozenset({KEY.public}), services={}),
            node=NODE,
            audience=ServiceName("exchange"),
            clock=clock,
        )
        self.parts: Parts
        self.app = application(
            self.settings, lifespan=self._lifespan, checks=Checks(), desk_of=self._no_desk
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[AsyncClient]:
        """Run the application and return a client of it."""
        async with self.app.router.lifespan_context(self.app) as state:

            async def with_state(scope: Any, receive: Any, send: Any) -> None:
                await self.app({**scope, "state": dict(state)}, receive, send)

            transport = ASGITransport(app=with_state)
            async with AsyncClient(transport=transport, base_url="http://node/") as client:
                yield client

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[State]:
        install(app, self.gate)
        indexer = Indexer(self.store, poll_s=self.settings.index_poll_s)
        rounds = RoundKeeper(
            self.settings,
            self.store,
            ring_desk(NODE),
            Here(node=NODE, continent="africa"),
            level="local",
            clock=self.clock,
        )
        async with assembled(
            self.settings, self.store, NODE, clock=self.clock, indexer=indexer, rounds=rounds
        ) as parts:
            self.parts = parts
            yield {"parts": parts}

    def _no_desk(self) -> LogDesk:
        raise AssertionError("these tests read no log")


@pytest.fixture
def exchange(sqlite_store: Store, clock: SetClock) -> Exchange:
    """The exchange's application over a file."""
    return Exchange(sqlite_store, clock)


@pytest.fixture
async def client(exchange: Exchange) -> AsyncIterator[AsyncClient]:
    """A client of the application; without a header it is nobody."""
    async with exchange.client() as client:
        yield client
