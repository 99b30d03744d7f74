"""Five networks in one process, for tests of ballots between them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from shared.clock import SetClock
from tests.governance.federated_service.world import World, made


@pytest.fixture
async def world(tmp_path: Path, clock: SetClock, empty_database: Path) -> AsyncIterator[World]:
    """Five networks that have signed one charter."""
    async with AsyncExitStack() as stack:
        world = await made(stack, clock, tmp_path, empty_database)
        await world.found()
        yield world
