"""Stores of governance, and six networks in one process, for tests of associations."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from shared.clock import SetClock
from tests.governance.associations.assembled import NAMES, Assembled
from tests.governance.federated_service.world import made


@pytest.fixture
async def world(tmp_path: Path, clock: SetClock, empty_database: Path) -> AsyncIterator[Assembled]:
    """Networks with an association, founded by all but one of them."""
    async with AsyncExitStack() as stack:
        world = await made(stack, clock, tmp_path, empty_database, names=NAMES)
        assembled = Assembled(world)
        await assembled.begin()
        yield assembled
