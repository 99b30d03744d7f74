"""Stores for tests of ballots: on a server each in a schema, which costs less than a database."""

from collections.abc import AsyncIterator

import pytest

from shared.clock import SetClock
from shared.store import Store
from tests.governance.conftest import opened


@pytest.fixture
async def store(database_url: str, clock: SetClock) -> AsyncIterator[Store]:
    """A store of governance, on each kind of database in turn."""
    async with opened(database_url, clock=clock) as store:
        yield store
