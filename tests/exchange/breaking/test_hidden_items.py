"""What is asked of a thing that only the network sees is answered as if it were not there."""

from typing import Any

from httpx import AsyncClient, Response

from shared.paging import cursor
from tests.exchange.items.conftest import MEMBER, STEWARD, an_id, offer


async def posted(client: AsyncClient, **fields: Any) -> str:
    """Post an offer and return its id."""
    answer = await client.post("/items", json=offer(**fields), headers=STEWARD)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def told(answer: Response, item_id: str) -> tuple[int, dict[str, str], str]:
    """Return all that an answer says, but for the id that was asked for."""
    headers = {name: answer.headers.get(name, "") for name in ("etag", "cache-control")}
    return answer.status_code, headers, answer.text.replace(item_id, "")


async def test_what_went_back_to_the_network_looks_like_what_was_withdrawn(
    client: AsyncClient,
) -> None:
    hidden, ended = await posted(client), await posted(client)
    given = offer(visibility="network")
    amended = await client.put(
        f"/items/{hidden}", json=given, headers=STEWARD | {"If-Match": '"1"'}
    )
    assert amended.status_code == 200, amended.text
    closed = await client.post(f"/items/{ended}/close", json={}, headers=STEWARD)
    assert closed.status_code == 200
    one, other = await client.get(f"/items/{hidden}"), await client.get(f"/items/{ended}")
    assert one.status_code == 410
    assert told(one, hidden) == told(other, ended)
    assert (await client.get(f"/items/{hidden}", headers=MEMBER)).status_code == 200
    # Nor does its end in the network change what the federation was told.
    await client.post(f"/items/{hidden}/close", json={"outcome": "fulfilled"}, headers=STEWARD)
    assert told(await client.get(f"/items/{hidden}"), hidden) == told(other, ended)


async def test_no_cursor_tells_whether_a_hidden_thing_is_there(client: AsyncClient) -> None:
    known = await posted(client)
    for hidden in (
        await posted(client, visibility="network"),
        await posted(client, publish=False),
    ):
        for path, one, other in (
            ("/items?after=", cursor(hidden), cursor(an_id(1))),
            ("/items?q=huile&after=", cursor(0, hidden), cursor(0, an_id(1))),
        ):
            there, nowhere = await client.get(path + one), await client.get(path + other)
            assert there.status_code == nowhere.status_code == 422
            assert told(there, "") == told(nowhere, "")
            assert (await client.get(path + one, headers=MEMBER)).status_code == 200
    assert (await client.get(f"/items?after={cursor(known)}")).status_code == 200
