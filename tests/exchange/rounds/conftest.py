"""Rounds over a real store and the real process; three cooperatives that can serve each other."""

import asyncio
from typing import Any

from httpx import AsyncClient

from tests.exchange.items.conftest import (
    NOW,
    STEWARD,
    Exchange,
    an_id,
    client,
    clock,
    exchange,
    list_owner,
    sqlite_store,
)

__all__ = ["NOW", "STEWARD", "Exchange", "client", "clock", "exchange", "sqlite_store"]

OIL, HONEY, WOOL = an_id(901), an_id(902), an_id(903)
"""Cooperatives: the one with oil wants honey, the one with honey rugs, the one with rugs oil."""
THINGS = {OIL: "argan-oil", HONEY: "raw-honey", WOOL: "carpets"}
WAIT_S = 60.0


async def settle(exchange: Exchange) -> None:
    """Have the exchange know the three cooperatives."""
    for owner, name in ((OIL, "Huile"), (HONEY, "Miel"), (WOOL, "Laine")):
        await exchange.store.write(list_owner, owner, name=name)


async def post(client: AsyncClient, side: str, owner: str, category: str, **fields: Any) -> str:
    """Post an offer or a want of a cooperative and return its id."""
    given = {
        "side": side,
        "owner": owner,
        "title": {"fr": f"{side} {category}"},
        "category": category,
        "visibility": "federation",
        **fields,
    }
    answer = await client.post("/items", json=given, headers=STEWARD)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def triangle(client: AsyncClient, **fields: Any) -> None:
    """Post three offers and three wants that make one ring."""
    for owner, wanted in ((OIL, HONEY), (HONEY, WOOL), (WOOL, OIL)):
        await post(client, "offer", owner, THINGS[owner], **fields)
        await post(client, "want", owner, THINGS[wanted], **fields)


async def held(client: AsyncClient, level: str = "network") -> dict[str, Any]:
    """Ask for a round and return it once it has ended."""
    answer = await client.post("/rounds", json={"level": level}, headers=STEWARD)
    assert answer.status_code == 202, answer.text
    began = asyncio.get_running_loop().time()
    while True:
        found: dict[str, Any] = (
            await client.get(f"/rounds/{answer.json()['id']}", headers=STEWARD)
        ).json()
        if found["state"] != "running":
            return found
        assert asyncio.get_running_loop().time() < began + WAIT_S, found
        await asyncio.sleep(0.1)
