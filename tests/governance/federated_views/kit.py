"""What tests of the view of coordinators have in common: asking, and ballots at a certain point."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from httpx import AsyncClient, Response

from services.governance.federated.policies import FederatedRule
from tests.governance.federated_service.world import GRACE, NAMES, NOTICE, VOTING, World, answers

VOTES = {"adrar": (9, 2), "kaolack": (3, 8), "lima": (7, 1), "quebec": (6, 3), "souss": (5, 4)}
LITTLE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who asks the API of a network."""

    client: AsyncClient
    header: Mapping[str, str]

    async def get(self, path: str, **params: Any) -> Response:
        return await self.client.get(path, params=params or None, headers=dict(self.header))

    async def post(self, path: str, body: Any, **headers: str) -> Response:
        return await self.client.post(path, json=body, headers={**self.header, **headers})

    async def put(self, path: str, body: Any) -> Response:
        return await self.client.put(path, json=body, headers=dict(self.header))

    async def send(self, path: str, data: bytes) -> Response:
        return await self.client.post(path, content=data, headers=dict(self.header))


async def voted(
    world: World,
    rule: FederatedRule | None = None,
    *,
    votes: Mapping[str, tuple[int, int]] = VOTES,
    **more: Any,
) -> str:
    """Return a ballot that is open everywhere, and on which members have voted."""
    ballot = await world.noticed(rule, **more)
    world.pass_by(NOTICE + LITTLE)
    await world.settle()
    for name in NAMES:
        if name in votes:
            await world[name].vote(ballot, answers(*votes[name]))
    return ballot


async def certified(world: World, rule: FederatedRule | None = None, **more: Any) -> str:
    """Return a ballot of which the outcome is certified everywhere."""
    ballot = await voted(world, rule, **more)
    world.pass_by(VOTING)
    await world.settle()
    return ballot


async def after_grace(world: World) -> None:
    world.pass_by(GRACE)
    await world.settle()
