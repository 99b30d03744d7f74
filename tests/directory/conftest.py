"""Directories for tests: stores on real SQLite files and on a real PostgreSQL, and entries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from services.directory.access import ACCESS
from services.directory.app import application, assembled
from services.directory.entries import Entry, entry_of
from services.directory.index import Indexer
from services.directory.intake import profile_of
from services.directory.parts import Parts, State
from services.directory.settings import DirectorySettings
from services.directory.tables import LOG
from shared.access import Gate
from shared.clock import SetClock
from shared.events import Speaker
from shared.gate import install
from shared.health import Checks
from shared.ids import NodeName, ServiceName, global_id
from shared.keys import Prefix, SigningKey
from shared.log.desk import LogDesk
from shared.people import Bearer, Claims, TokenKeys, issue
from shared.store import Store, open_store
from tests.databases import NewDatabase, database_url, postgresql, postgresql_server

__all__ = ["NewDatabase", "database_url", "postgresql", "postgresql_server"]

NODE = NodeName("souss")
OTHER = NodeName("ilhas")
NOW = datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)


def entity_id(number: int, node: NodeName = NODE) -> str:
    """Return an id that is the same in every run."""
    return global_id(node, UUID(int=(0x0199 << 112) | (7 << 76) | (2 << 62) | number))


def entry(number: int = 1, *, network_only: bool = False, **fields: Any) -> Entry:
    """Return an entry of this node, with what is given and otherwise plain."""
    given = {"name": f"Coopérative {number}", "practices": ["practice:worker-coop"], **fields}
    return entry_of(profile_of(given), entity_id=entity_id(number), network_only=network_only)


@asynccontextmanager
async def opened(url: str, *, node: NodeName = NODE, clock: SetClock) -> AsyncIterator[Store]:
    """Open a directory's store with its tables."""
    store = await open_store(
        url, LOG, speaker=Speaker(node, ServiceName("directory")), clock=clock, create=True
    )
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
def clock() -> SetClock:
    """A clock that a test moves."""
    return SetClock(NOW)


@pytest.fixture
async def sqlite_store(tmp_path: Path, clock: SetClock) -> AsyncIterator[Store]:
    """A directory's store in a file."""
    async with opened(f"sqlite:///{tmp_path / 'directory.db'}", clock=clock) as store:
        yield store


@pytest.fixture
async def postgresql_store(postgresql: NewDatabase, clock: SetClock) -> AsyncIterator[Store]:
    """A directory's store on a server."""
    async with opened(postgresql(), clock=clock) as store:
        yield store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """A directory's store, on each kind of database in turn."""
    made: Store = request.getfixturevalue(f"{request.param}_store")
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


class Directory:
    """The directory's application in process, over a store, without NATS.

    Args:
        store: its database.
        clock: the time by which tokens are judged.
    """

    def __init__(self, store: Store, clock: SetClock) -> None:
        self.store = store
        self.settings = DirectorySettings(node=NODE, index_poll_s=0.05)
        self.gate = Gate(
            table=ACCESS,
            keys=TokenKeys(tokens=frozenset({KEY.public}), services={}),
            node=NODE,
            audience=ServiceName("directory"),
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
        self.store.on_announced(indexer.changed)
        async with assembled(self.settings, self.store, NODE, indexer=indexer) as parts:
            self.parts = parts
            yield {"parts": parts}

    def _no_desk(self) -> LogDesk:
        raise AssertionError("these tests read no log")


@pytest.fixture
def directory(sqlite_store: Store, clock: SetClock) -> Directory:
    """The directory's application over a file."""
    return Directory(sqlite_store, clock)


@pytest.fixture
async def client(directory: Directory) -> AsyncIterator[AsyncClient]:
    """A client of the application; without a header it is nobody."""
    async with directory.client() as client:
        yield client
