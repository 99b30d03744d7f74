"""Networks for tests of decisions: stores on each kind of database, and members who vote."""

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from services.governance.decision_keeper import DecisionKeeper
from shared.clock import SetClock
from shared.events import Event
from shared.store import Store
from tests.governance.conftest import Governance, opened
from tests.governance.rolls.told import REGISTER, admitted, entity, given

VOTERS = tuple(f"p-voter-{number}" for number in range(6))
PROPOSER = VOTERS[0]
COOPERATIVE = entity(7)


@pytest.fixture
async def both(database_url: str, clock: SetClock) -> AsyncIterator[Store]:
    """A store of governance, on each kind of database in turn; on the server it is a schema."""
    async with opened(database_url, clock=clock) as store:
        yield store


async def tell_register(store: Store) -> None:
    """Have governance know six members, and a cooperative with its delegate."""
    told: list[Event] = [
        *(admitted(person) for person in VOTERS),
        admitted(COOPERATIVE),
        given(1, VOTERS[5], COOPERATIVE),
    ]
    await store.write(REGISTER.tell, told)


@pytest.fixture
async def network(governance: Governance, client: AsyncClient) -> AsyncClient:
    """A client of a network of six members and a cooperative."""
    await tell_register(governance.store)
    return client


@pytest.fixture
def keeper(governance: Governance, clock: SetClock) -> DecisionKeeper:
    """The keeper of the network's decisions, which looks when a test says so."""
    return DecisionKeeper(governance.store, clock, every_s=3_600.0)
