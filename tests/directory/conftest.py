"""Directories for tests: stores on real SQLite files and on a real PostgreSQL, and entries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.directory.entries import Entry, entry_of
from services.directory.intake import profile_of
from services.directory.tables import LOG
from shared.clock import SetClock
from shared.events import Speaker
from shared.ids import NodeName, ServiceName, global_id
from shared.store import Store, open_store
from tests.databases import NewDatabase, database_url, postgresql

NODE = NodeName("souss")
OTHER = NodeName("ilhas")
NOW = datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)

__all__ = ["NewDatabase", "database_url", "postgresql"]


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
