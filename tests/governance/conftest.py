"""Governance for tests: stores on real SQLite files and on a real PostgreSQL, and who asks it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import create_engine

from services.governance.access import ACCESS
from services.governance.app import application, assembled, projections
from services.governance.parts import Parts, State
from services.governance.settings import GovernanceSettings
from services.governance.tables import LOG, metadata
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
from shared.store import Store, open_store
from tests.databases import NewDatabase, database_url, postgresql, postgresql_server

__all__ = ["NewDatabase", "database_url", "postgresql", "postgresql_server"]

NODE = NodeName("souss")
NOW = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)
ENTITY = global_id(NODE, "01990000-0000-7000-8000-000000000001")
"""A cooperative of this node."""
SETTINGS = GovernanceSettings(node=NODE, languages=["fr"], keep_time_s=3_600.0)
"""A network whose charter has one language; its keeper of time is asked by tests themselves."""

_KEY = SigningKey(b"t" * 32, Prefix.SERVICE)

NewClient = Callable[..., Any]


@asynccontextmanager
async def opened(url: str, *, clock: SetClock, create: bool = True) -> AsyncIterator[Store]:
    """Open a store of governance with its tables."""
    store = await open_store(
        url, LOG, speaker=Speaker(NODE, ServiceName("governance")), clock=clock, create=create
    )
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
def clock() -> SetClock:
    """A clock that a test moves."""
    return SetClock(NOW)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables of governance and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("governance") / "empty.db"
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
async def sqlite_store(
    tmp_path: Path, clock: SetClock, empty_database: Path
) -> AsyncIterator[Store]:
    """A store of governance in a file."""
    path = copyfile(empty_database, tmp_path / "governance.db")
    async with opened(f"sqlite:///{path}", clock=clock, create=False) as store:
        yield store


@pytest.fixture
async def postgresql_store(postgresql: NewDatabase, clock: SetClock) -> AsyncIterator[Store]:
    """A store of governance on a server."""
    async with opened(postgresql(), clock=clock) as store:
        yield store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """A store of governance, on each kind of database in turn."""
    made: Store = request.getfixturevalue(f"{request.param}_store")
    return made


@pytest.fixture
def projector() -> Projector:
    """The projections of this node's governance."""
    return projections(LOG, SETTINGS)


def token(*roles: str, kind: Bearer = Bearer.PERSON, **claims: Any) -> dict[str, str]:
    """Return the header by which somebody with these roles asks; ``sub`` is who it is.

    It is good from ``NOW`` on for 200 days, so that a test may move its clock.
    """
    given = {"sub": f"{kind}-1", "kind": kind, "node": NODE, "roles": frozenset(roles)} | claims
    said = issue(Claims.lasting(timedelta(days=200), now=NOW, **given), _KEY)
    return {"Authorization": f"Bearer {said}"}


STEWARD = token("steward", sub="p-steward")
AUDITOR = token("auditor", sub="p-auditor")


def member(person: str, *entities: str) -> dict[str, str]:
    """Return the header of a member of the network, with mandates of entities."""
    return token("member", sub=person, mandates=[{"entity": one} for one in entities])


class Governance:
    """The application of governance in process, over a store, without NATS.

    Args:
        store: its database.
        clock: the time by which tokens and decisions are judged.
        settings: of the network.
        key: by which it signs what it tells other networks.
    """

    def __init__(
        self,
        store: Store,
        clock: SetClock,
        settings: GovernanceSettings = SETTINGS,
        *,
        key: SigningKey = _KEY,
    ) -> None:
        self.key = key
        self.store = store
        self.clock = clock
        self.settings = settings
        self.gate = Gate(
            table=ACCESS,
            keys=TokenKeys(tokens=frozenset({_KEY.public}), services={}),
            node=NODE,
            audience=ServiceName("governance"),
            clock=clock,
        )
        self.parts: Parts

    @cached_property
    def app(self) -> FastAPI:
        """The application with this one's own lifespan, for whoever serves it."""
        return application(
            self.settings, lifespan=self._lifespan, checks=Checks(), desk_of=_no_desk
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[AsyncClient]:
        """Run the application and return a client of it."""
        app = _FREE.pop() if _FREE else _bare_application()
        async with self._lifespan(app) as state:

            async def with_state(scope: Any, receive: Any, send: Any) -> None:
                await app({**scope, "state": dict(state)}, receive, send)

            transport = ASGITransport(app=with_state)
            async with AsyncClient(transport=transport, base_url="http://node/") as client:
                yield client
        _FREE.append(app)

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[State]:
        install(app, self.gate)
        async with assembled(
            self.settings, self.store, NODE, clock=self.clock, key=self.key
        ) as parts:
            self.parts = parts
            yield {"parts": parts}


def _no_desk() -> LogDesk:
    raise AssertionError("these tests read no log")


def _bare_application() -> FastAPI:
    """Return an application that opens nothing: making its paths takes longer than most tests."""

    @asynccontextmanager
    async def nothing(app: FastAPI) -> AsyncIterator[State]:
        states: list[State] = []
        for state in states:
            yield state

    return application(SETTINGS, lifespan=nothing, checks=Checks(), desk_of=_no_desk)


_FREE: list[FastAPI] = []
"""Applications that no client uses at the moment."""


@pytest.fixture
def governance(sqlite_store: Store, clock: SetClock) -> Governance:
    """The application of governance over a file."""
    return Governance(sqlite_store, clock)


@pytest.fixture
async def client(governance: Governance) -> AsyncIterator[AsyncClient]:
    """A client of governance, by default without a token."""
    async with governance.client() as client:
        yield client
