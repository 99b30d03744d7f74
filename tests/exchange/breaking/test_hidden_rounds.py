"""What a network's own rounds would tell of what only the network may see."""

from httpx import AsyncClient

from services.exchange import round_handlers
from services.exchange.rounds.question import Level
from tests.exchange.items.conftest import MEMBER, NODE, STEWARD, an_id, token
from tests.exchange.rounds.conftest import HONEY, OIL, Exchange, held, post, settle

NARROW = token("member", sub="p-amina", scope=frozenset({"create_item"}))
"""A member's token that is good for one thing and not for reading."""


async def test_a_networks_own_rounds_are_its_peoples(
    exchange: Exchange, client: AsyncClient
) -> None:
    await settle(exchange)
    before = await client.get("/rounds")
    await post(client, "offer", OIL, "argan-oil", visibility="network")
    await post(client, "want", HONEY, "argan-oil", visibility="network")
    found = await held(client)
    path = f"/rounds/{found['id']}"
    nowhere = f"/rounds/{an_id(1)}"
    for headers in ({}, NARROW):
        after = await client.get("/rounds", headers=headers)
        assert (after.status_code, after.content) == (200, before.content)
        hidden, nothing = [await client.get(one, headers=headers) for one in (path, nowhere)]
        assert hidden.status_code == nothing.status_code == 404
        assert hidden.json()["type"] == nothing.json()["type"]
    assert (await client.get(path, headers=MEMBER)).json()["items"] == 2
    listed = (await client.get("/rounds", headers=STEWARD)).json()["items"]
    assert [one["id"] for one in listed] == [found["id"]]


async def test_rounds_between_networks_are_everybodys(
    exchange: Exchange, client: AsyncClient
) -> None:
    begin = round_handlers.begin_round
    wide = await exchange.store.write(begin, node=NODE, level=Level.CONTINENT)
    own = await exchange.store.write(begin, node=NODE, level=Level.NETWORK)
    listed = (await client.get("/rounds")).json()["items"]
    assert [one["id"] for one in listed] == [wide]
    assert (await client.get(f"/rounds/{wide}")).json()["level"] == "continent"
    listed = (await client.get("/rounds", headers=MEMBER)).json()["items"]
    assert [one["id"] for one in listed] == [own, wide]


async def test_what_would_help_says_nothing_of_what_the_asker_may_not_see(
    exchange: Exchange, client: AsyncClient
) -> None:
    await settle(exchange)
    offer = await post(
        client, "offer", OIL, "argan-oil",
        available_from="2026-12-01", available_until="2026-12-05",
    )  # fmt: skip
    await held(client)
    path = f"/items/{offer}/matching"
    before = [await client.get(path, headers=headers) for headers in ({}, NARROW)]
    await post(
        client, "want", HONEY, "argan-oil", visibility="network",
        available_from="2026-12-20", available_until="2026-12-24",
    )  # fmt: skip
    await held(client)
    after = [await client.get(path, headers=headers) for headers in ({}, NARROW)]
    for one, other in zip(before, after, strict=True):
        assert one.status_code == other.status_code
        assert "words" not in one.json()
        assert "words" not in other.json()
    assert "15" in (await client.get(path, headers=MEMBER)).json()["words"][0]
