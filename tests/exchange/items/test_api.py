"""Offers and wants over HTTP: posted once, seen by whom they are for, moved on by whom they are."""

from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from services.exchange import access
from shared.gate import undeclared
from shared.store import Store
from tests.exchange.items.conftest import (
    DELEGATE,
    MEMBER,
    NODE,
    OWNER,
    STEWARD,
    Exchange,
    an_id,
    list_owner,
    offer,
    token,
    want,
)

Json = dict[str, Any]


async def posted(client: AsyncClient, given: Json, **headers: str) -> Json:
    answer = await client.post("/items", json=given, headers=STEWARD | headers)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def refused(client: AsyncClient, given: Json, headers: Json = STEWARD) -> str:
    answer = await client.post("/items", json=given, headers=headers)
    assert answer.status_code >= 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    slug: str = answer.json()["type"]
    return slug.removeprefix("/problems/")


async def ids(client: AsyncClient, headers: Json | None = None, **asked: Any) -> list[str]:
    answer = await client.get("/items", params=asked, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def test_every_operation_has_a_row_and_every_row_an_operation(exchange: Exchange) -> None:
    assert undeclared(exchange.app, access.ACCESS) == []


async def test_what_is_posted_is_found_and_read_by_everybody(client: AsyncClient) -> None:
    made = await posted(client, offer())
    assert (made["state"], made["revision"], made["own"]) == ("published", 1, True)
    assert made["item"]["place"]["locality"] == "Tamanar"
    answer = await client.get(f"/items/{made['id']}")
    assert answer.json() == made
    again = await client.get(
        f"/items/{made['id']}", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304
    listed = (await client.get("/items")).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert listed[0]["owner_name"] == "Tafsut n Wargan"


async def test_a_double_tap_makes_one_offer(client: AsyncClient) -> None:
    given = offer(draft_id=str(uuid4()))
    first, second = await posted(client, given), await posted(client, given)
    assert first == second
    keyed = [await posted(client, want(), **{"Idempotency-Key": "tap"}) for _ in range(2)]
    assert keyed[0] == keyed[1]
    assert len(await ids(client)) == 2
    assert await refused(client, given | {"category": "olive-oil"}) == "draft-taken"


async def test_one_draft_of_two_owners_is_two_offers(
    client: AsyncClient, store_known: None
) -> None:
    draft = str(uuid4())
    first = await posted(client, offer(draft_id=draft))
    second = await posted(client, offer(draft_id=draft, owner=an_id(901)))
    assert first["id"] != second["id"]


@pytest.fixture
async def store_known(sqlite_store: Store) -> None:
    await sqlite_store.write(list_owner, an_id(901), name="Ait Baha")


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"quantity": {"amount": "-5", "unit": "kg"}}, "bad-quantity"),
        ({"quantity": {"amount": -5, "unit": "kg"}}, "bad-quantity"),
        ({"quantity": {"amount": "0", "unit": "kg"}}, "bad-quantity"),
        ({"quantity": {"amount": "1e9", "unit": "kg"}}, "bad-quantity"),
        ({"quantity": {"amount": "0.0001", "unit": "kg"}}, "bad-quantity"),
        ({"quantity": {"amount": "0.001", "unit": "piece"}}, "bad-quantity"),
        ({"quantity": {"amount": "٥", "unit": "kg"}}, "bad-quantity"),
        ({"quantity": {"amount": "5", "unit": "parsec"}}, "unknown-unit"),
        ({"quantity": {"amount": "5", "unit": "../kg"}}, "unknown-unit"),
        ({"quantity": {"amount": "999999999", "unit": "t"}}, "quantity-too-large"),
        ({"value": {"low": 9, "high": 3, "unit": "MAD"}}, "floor-above-ceiling"),
        ({"value": {"low": 1, "high": 3, "unit": "MAD", "floor": 4}}, "floor-above-ceiling"),
        ({"value": {"low": -1, "high": 3, "unit": "MAD"}}, "bad-value"),
        ({"value": {"low": 1, "high": 10**13, "unit": "MAD"}}, "bad-value"),
        ({"value": {"low": 1, "high": 3, "unit": "BTC"}}, "unknown-value-unit"),
        ({"value": {"low": 1, "high": 3, "unit": "ilhas:credit"}}, "unknown-value-unit"),
        (
            {"quantity": None, "value": {"low": 1, "high": 3, "unit": "MAD", "each": True}},
            "value-each-of-nothing",
        ),
        ({"title": "x" * 121}, "text-too-long"),
        ({"text": {"fr": "x" * 2_001}}, "text-too-long"),
        ({"text": "x" * 150_000}, "text-too-long"),
        ({"market": "x" * 251}, "text-too-long"),
        ({"title": "  "}, "no-title"),
        ({"title": {}}, "no-title"),
        ({"title": {"not a tag": "x"}}, "invalid"),
        ({"category": "spaceships"}, "unknown-category"),
        ({"category": "souss:spaceships"}, "unknown-category"),
        ({"available_from": "2026-12-01", "available_until": "2026-11-30"}, "window-ends-first"),
        ({"available_until": "2026-11-20"}, "window-ends-first"),
        ({"available_from": "9999-12-31"}, "window-ends-first"),
        ({"expires_on": "2026-11-20"}, "window-ends-first"),
        ({"kind": "sale", "rings": "network"}, "rings-not-of-this-kind"),
        ({"visibility": "network", "rings": "federation"}, "rounds-need-federation"),
        ({"kind": "time", "category": "childcare"}, "time-in-time"),
        ({"radius_km": -1}, "invalid"),
        ({"radius_km": 20_001}, "invalid"),
        ({"rank": -1}, "invalid"),
        ({"place": {"lat": 910_000_000, "lon": 0}}, "invalid"),
        ({"pictures": ["javascript:alert(1)"]}, "bad-url"),
        ({"pictures": [f"https://example.org/{n}.jpg" for n in range(6)]}, "too-many-of-these"),
        ({"certificates": ["x"] * 11}, "too-many-of-these"),
        ({"certificates": ["Not A Word"]}, "invalid"),
        ({"choice": "Not A Word"}, "invalid"),
        ({"owner": an_id(900, "ilhas")}, "not-our-participant"),
        ({"owner": "nobody"}, "not-our-participant"),
        ({"owner": an_id(77)}, "owner-not-listed"),
        ({"quantity": {"amount": 5.5, "unit": "kg"}}, "invalid"),
        ({"state": "fulfilled"}, "invalid"),
    ],
)
async def test_what_is_wrong_is_refused_by_its_name(
    client: AsyncClient, wrong: Json, slug: str
) -> None:
    assert await refused(client, offer(**wrong)) == slug
    assert await ids(client) == []


async def test_a_floor_stands_on_offers_only(client: AsyncClient) -> None:
    value = {"low": 1, "high": 3, "unit": "MAD", "floor": 1}
    assert await refused(client, want(value=value)) == "floor-on-want"


async def test_an_owner_has_so_many_wants_and_no_more(client: AsyncClient) -> None:
    for number in range(20):
        await posted(client, want(title=f"Miel {number}"))
    assert await refused(client, want(title="Miel encore")) == "too-many-items"
    made = await posted(client, offer())
    assert made["side"] == "offer"


async def test_the_networks_own_things_are_nothing_to_others(client: AsyncClient) -> None:
    hidden = await posted(client, offer(visibility="network"))
    path = f"/items/{hidden['id']}"
    assert await ids(client) == []
    assert await ids(client, q="argan") == []
    assert await ids(client, MEMBER) == [hidden["id"]]
    nothing = f"/items/{an_id(5)}"
    for headers in ({}, token("member", scope={"amend_item"})):
        for method, end in (("GET", ""), ("POST", "/close"), ("POST", "/pause")):
            one, other = [
                await client.request(method, at + end, headers=headers) for at in (path, nothing)
            ]
            assert one.status_code == other.status_code
            for body in (one.json(), other.json()):
                body.pop("instance", None)
            assert one.json()["type"] == other.json()["type"]
    cursor = (await client.get("/items", params={"size": 1}, headers=MEMBER)).json()
    assert cursor["next"] is None


async def test_a_draft_is_its_owners(client: AsyncClient) -> None:
    draft = await posted(client, offer(publish=False))
    path = f"/items/{draft['id']}"
    assert draft["state"] == "draft"
    assert (await client.get(path)).status_code == 404
    assert (await client.get(path, headers=MEMBER)).status_code == 404
    assert (await client.get(path, headers=DELEGATE)).status_code == 200
    own = await client.get(f"/owners/{OWNER}/items", headers=DELEGATE)
    assert [one["state"] for one in own.json()["items"]] == ["draft"]
    assert (await client.get(f"/owners/{OWNER}/items", headers=MEMBER)).status_code == 403
    moved = await client.post(f"{path}/publish", headers=DELEGATE)
    assert moved.json()["state"] == "published"
    assert (await client.get(path)).status_code == 200


async def test_people_post_for_themselves_and_delegates_for_their_entities(
    client: AsyncClient,
) -> None:
    own = offer(
        owner=f"{NODE}:p-amina", owner_kind="person", kind="time", category="childcare",
        quantity={"amount": 3, "unit": "h"}, value=None,
    )  # fmt: skip
    assert (await client.post("/items", json=own, headers=MEMBER)).status_code == 201
    assert (await client.post("/items", json=own, headers=DELEGATE)).status_code == 403
    assert (await client.post("/items", json=offer(), headers=MEMBER)).status_code == 403
    assert (await client.post("/items", json=offer(), headers=DELEGATE)).status_code == 201
    assert (await client.post("/items", json=offer())).status_code == 401


async def test_an_amendment_names_what_it_has_seen(client: AsyncClient) -> None:
    made = await posted(client, offer())
    path = f"/items/{made['id']}"
    blind = await client.put(path, json=offer(), headers=STEWARD)
    assert blind.status_code == 428
    tag = (await client.get(path)).headers["etag"]
    better = offer(title={"fr": "Huile d'argan, fûts"})
    answer = await client.put(path, json=better, headers=STEWARD | {"If-Match": tag})
    assert (answer.status_code, answer.json()["revision"]) == (200, 2)
    late = await client.put(path, json=offer(), headers=STEWARD | {"If-Match": tag})
    assert late.status_code == 412
    fixed = await client.put(
        path, json=better | {"side": "want", "value": None},
        headers=STEWARD | {"If-Match": answer.headers["etag"]},
    )  # fmt: skip
    assert fixed.json()["type"] == "/problems/item-fixed"


async def test_an_item_goes_through_its_states(client: AsyncClient) -> None:
    made = await posted(client, offer())
    path = f"/items/{made['id']}"
    paused = await client.post(f"{path}/pause", headers=DELEGATE)
    assert paused.json()["state"] == "paused"
    assert await ids(client) == []
    assert await ids(client, state="paused") == [made["id"]]
    assert (await client.post(f"{path}/publish", headers=DELEGATE)).json()["state"] == "published"
    done = {"outcome": "fulfilled", "reason": "vendu"}
    closed = await client.post(f"{path}/close", json=done, headers=DELEGATE)
    assert closed.json()["state"] == "fulfilled"
    assert (await client.get(path)).status_code == 410
    assert (await client.get(path, headers=MEMBER)).json()["state"] == "fulfilled"
    again = await client.post(f"{path}/publish", headers=DELEGATE)
    assert again.json()["type"] == "/problems/not-in-this-state"
    other = await client.post(f"{path}/close", json=done, headers=MEMBER)
    assert other.status_code == 403


@pytest.mark.parametrize(
    "words", ["huile argan", "زيت أركان", "óleo de argão", "argan oil", "aceite", "bidon", "arg"]
)
async def test_an_offer_is_found_in_the_words_of_five_languages(
    client: AsyncClient, words: str
) -> None:
    made = await posted(client, offer())
    await posted(client, want())
    assert await ids(client, q=words) == [made["id"]]


async def test_lists_are_filtered_and_paged(client: AsyncClient) -> None:
    made = [await posted(client, offer(title=f"Huile {n}")) for n in range(5)]
    await posted(client, want())
    newest = [one["id"] for one in reversed(made)]
    assert await ids(client, category="food", side="offer") == newest
    assert await ids(client, category="oils") == newest
    assert await ids(client, category="cosmetics") == []
    assert await ids(client, near="31.0,-9.7", within_km=20, side="offer") == newest
    assert await ids(client, near="14.7,-17.4", within_km=50) == []
    assert await ids(client, owner=an_id(1)) == []
    for words in ("", "huile"):
        seen: list[str] = []
        after: str | None = None
        while True:
            asked: Json = {"side": "offer", "q": words, "size": 2}
            answer = await client.get("/items", params=asked | ({"after": after} if after else {}))
            seen += [one["id"] for one in answer.json()["items"]]
            after = answer.json()["next"]
            if after is None:
                break
        assert seen == newest
    for wrong in ({"after": "rubbish"}, {"near": "x,y"}, {"category": "spaceships"}):
        assert (await client.get("/items", params=wrong)).status_code == 422


async def test_a_network_adds_leaves_below_ours(client: AsyncClient) -> None:
    leaf = {"word": "tagra", "above": "pottery", "labels": {"fr": "Tagra en terre cuite"}}
    made = await client.post("/categories", json=leaf, headers=STEWARD)
    assert (made.status_code, made.json()["code"]) == (201, "souss:tagra")
    assert (await client.post("/categories", json=leaf, headers=STEWARD)).status_code == 201
    other = leaf | {"above": "soap"}
    taken = await client.post("/categories", json=other, headers=STEWARD)
    assert taken.json()["type"] == "/problems/category-taken"
    lost = await client.post("/categories", json=leaf | {"above": "moon"}, headers=STEWARD)
    assert lost.json()["type"] == "/problems/unknown-category"
    item = await posted(client, offer(category="souss:tagra"))
    assert item["item"]["category"] == "pottery"
    assert item["item"]["own_category"]["code"] == "souss:tagra"
    for category in ("souss:tagra", "pottery", "crafts"):
        assert await ids(client, category=category) == [item["id"]]
    assert (await client.delete("/categories/souss:tagra", headers=STEWARD)).status_code == 204
    assert await refused(client, offer(category="souss:tagra")) == "unknown-category"
    codes = [one["code"] for one in (await client.get("/categories")).json()["items"]]
    assert "argan-oil" in codes
    assert "souss:tagra" not in codes
    sought = (await client.get("/categories", params={"q": "zit laoud", "lang": "ar"})).json()
    assert sought["items"][0]["label"] == "زيت الزيتون"


async def test_rates_are_published_once_and_kept(client: AsyncClient) -> None:
    rate = {"unit": "MAD", "numerator": 92, "denominator": 1_000}
    given = {"measure": "EUR", "rates": [rate]}
    for _ in range(2):
        answer = await client.put("/rates", json=given, headers=STEWARD)
        assert answer.json()["revision"] == 1
    changed = given | {"rates": [rate | {"numerator": 93}]}
    assert (await client.put("/rates", json=changed, headers=STEWARD)).json()["revision"] == 2
    assert (await client.get("/rates/souss/1")).json()["rates"][0]["numerator"] == 23
    assert (await client.get("/rates/souss/3")).status_code == 404
    assert len((await client.get("/rates")).json()["items"]) == 1
    for wrong, slug in (
        ({"measure": "EUR", "rates": [rate, rate]}, "rate-twice"),
        ({"measure": "gold", "rates": [rate]}, "unknown-value-unit"),
    ):
        answer = await client.put("/rates", json=wrong, headers=STEWARD)
        assert answer.json()["type"] == f"/problems/{slug}"
    zero = {"measure": "EUR", "rates": [rate | {"numerator": 0}]}
    assert (await client.put("/rates", json=zero, headers=STEWARD)).status_code == 422


async def test_who_blocks_whom_is_their_own_affair(client: AsyncClient) -> None:
    others = [an_id(3), "ilhas"]
    for other in others:
        at = f"/owners/{OWNER}/blocks/{other}"
        assert (await client.put(at, headers=DELEGATE)).status_code == 204
    found = await client.get(f"/owners/{OWNER}/blocks", headers=DELEGATE)
    assert found.json()["items"] == sorted(others)
    assert (await client.get(f"/owners/{OWNER}/blocks", headers=MEMBER)).status_code == 403
    itself = await client.put(f"/owners/{OWNER}/blocks/{NODE}", headers=DELEGATE)
    assert itself.json()["type"] == "/problems/blocks-itself"
    for other in others:
        await client.delete(f"/owners/{OWNER}/blocks/{other}", headers=DELEGATE)
    found = await client.get(f"/owners/{OWNER}/blocks", headers=DELEGATE)
    assert found.json()["items"] == []


async def test_participants_are_shown_as_their_directory_tells(client: AsyncClient) -> None:
    found = (await client.get(f"/participants/{OWNER}")).json()
    assert (found["name"], found["women_led"], found["members"]) == ("Tafsut n Wargan", True, 42)
    assert (await client.get(f"/participants/{an_id(1)}")).status_code == 404
    units = (await client.get("/units")).json()
    assert "souss:credit" in units["values"]
