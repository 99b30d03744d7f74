"""Five networks in one process, each with its API, for tests of what coordinators see and do."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from services.governance.access import ACCESS
from services.governance.app import assembled
from services.governance.parts import State
from services.governance.settings import GovernanceSettings
from shared.access import Gate
from shared.clock import SetClock
from shared.gate import install
from shared.ids import NodeName, ServiceName
from shared.keys import Prefix, SigningKey
from shared.people import TokenKeys
from tests.governance.conftest import Governance, token
from tests.governance.federated_service.world import Network, World, key_of, made
from tests.governance.federated_views.kit import Asking

_KEY = SigningKey(b"t" * 32, Prefix.SERVICE)


class Node(Governance):
    """The application of one of several networks."""

    def __init__(self, network: Network, clock: SetClock) -> None:
        name = str(network.name)
        settings = GovernanceSettings(node=name, languages=["fr"], keep_time_s=3_600.0)
        super().__init__(network.store, clock, settings)
        self.network = network
        self.gate = Gate(
            table=ACCESS,
            keys=TokenKeys(tokens=frozenset({_KEY.public}), services={}),
            node=NodeName(name),
            audience=ServiceName("governance"),
            clock=clock,
        )

    @asynccontextmanager
    async def _lifespan(self, app: Any) -> AsyncIterator[State]:
        install(app, self.gate)
        async with assembled(
            self.settings,
            self.store,
            self.network.name,
            clock=self.clock,
            key=key_of(self.network.name),
            # These tests say themselves when a keeper looks.
            ready=lambda: False,
        ) as parts:
            yield {"parts": parts}


@pytest.fixture
async def world(tmp_path: Path, clock: SetClock, empty_database: Path) -> AsyncIterator[World]:
    """Five networks that have signed one charter."""
    async with AsyncExitStack() as stack:
        world = await made(stack, clock, tmp_path, empty_database)
        await world.found()
        yield world


@pytest.fixture
async def ask(world: World, clock: SetClock) -> AsyncIterator[Callable[..., Asking]]:
    """Return who asks the API of a network, in a role."""
    async with AsyncExitStack() as stack:
        clients: dict[str, AsyncClient] = {}
        for one in world:
            clients[one.name] = await stack.enter_async_context(Node(one, clock).client())

        def of(name: str, *roles: str, sub: str = "p-steward") -> Asking:
            header: Mapping[str, str] = token(*(roles or ("steward",)), sub=sub, node=name)
            return Asking(clients[name], header)

        yield of
