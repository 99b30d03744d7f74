"""Links that two have agreed on: both sides say so, and the round keeps to them."""

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from services.exchange.tables.rings import RING
from services.exchange.tables.rounds import AGREED_LINK
from shared.contracts.rings import RingPlan
from shared.people import Mandate
from shared.store import Work
from tests.exchange.items.conftest import MEMBER, an_id, list_owner, token
from tests.exchange.rounds.conftest import (
    HONEY,
    OIL,
    STEWARD,
    WOOL,
    Exchange,
    held,
    post,
    settle,
)


def speaks_for(owner: str) -> dict[str, str]:
    """Return the header of a delegate of an owner."""
    return token("member", sub="p-delegate", mandates=[Mandate(entity=owner)])


def plans(work: Work) -> list[RingPlan]:
    """Return the plans of all rings."""
    return [RingPlan.model_validate_json(row.plan) for row in work.execute(select(RING.c.plan))]


@pytest.fixture
async def pair(exchange: Exchange, client: AsyncClient) -> tuple[str, str, str, str]:
    """Two who serve each other: an offer of oil, a want of it, an offer of honey, a want of it."""
    await settle(exchange)
    return (
        await post(client, "offer", OIL, "argan-oil"),
        await post(client, "want", HONEY, "argan-oil"),
        await post(client, "offer", HONEY, "raw-honey"),
        await post(client, "want", OIL, "raw-honey"),
    )


async def test_a_link_counts_once_both_sides_have_agreed(
    client: AsyncClient, pair: tuple[str, str, str, str]
) -> None:
    offer, want, _, _ = pair
    path = f"/links/{offer}/{want}"
    assert (await client.put(path, headers=speaks_for(OIL))).status_code == 204
    listed = (await client.get(f"/items/{offer}/links", headers=STEWARD)).json()["items"]
    assert listed == [{"offer": offer, "want": want, "giver_agrees": True, "taker_agrees": False}]
    assert (await client.put(path, headers=speaks_for(HONEY))).status_code == 204
    listed = (await client.get(f"/items/{want}/links", headers=speaks_for(HONEY))).json()["items"]
    assert [(one["giver_agrees"], one["taker_agrees"]) for one in listed] == [(True, True)]


async def test_a_round_keeps_to_what_was_agreed(
    exchange: Exchange, client: AsyncClient, pair: tuple[str, str, str, str]
) -> None:
    offer, _, _, _ = pair
    # Somebody farther from what is sought: no round would join the two by itself.
    other = an_id(905)
    await exchange.store.write(list_owner, other, name="Autre")
    want = await post(client, "want", other, "carpets")
    await post(client, "offer", other, "raw-honey")
    assert (await client.put(f"/links/{offer}/{want}", headers=STEWARD)).status_code == 204
    assert (await held(client))["proposed"] == 1
    (plan,) = await exchange.store.read(plans)
    assert (offer, want) in {(leg.offer, leg.want) for leg in plan.legs}


async def test_a_link_that_was_ended_is_forgotten(
    client: AsyncClient, pair: tuple[str, str, str, str]
) -> None:
    offer, want, _, _ = pair
    path = f"/links/{offer}/{want}"
    await client.put(path, headers=STEWARD)
    for _ in range(2):
        assert (await client.delete(path, headers=speaks_for(HONEY))).status_code == 204
    assert (await client.get(f"/items/{offer}/links", headers=STEWARD)).json()["items"] == []


async def test_who_speaks_for_neither_side_changes_nothing(
    exchange: Exchange, client: AsyncClient, pair: tuple[str, str, str, str]
) -> None:
    offer, want, _, _ = pair
    path = f"/links/{offer}/{want}"
    for headers, status in (({}, 401), (MEMBER, 403), (speaks_for(WOOL), 403)):
        for method in ("PUT", "DELETE"):
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code == status, answer.text
    rows = await exchange.store.read(lambda work: work.execute(select(AGREED_LINK)).all())
    assert rows == []


@pytest.mark.parametrize("wrong", ["turned", "own", "nothing"])
async def test_what_cannot_be_linked_is_refused_by_its_name(
    client: AsyncClient, pair: tuple[str, str, str, str], wrong: str
) -> None:
    offer, want, _, own = pair
    ids = {
        "turned": (want, offer, 422, "cannot-be-linked"),
        "own": (offer, own, 422, "cannot-be-linked"),
        "nothing": (offer, an_id(12345), 404, "not-found"),
    }
    first, second, status, slug = ids[wrong]
    answer = await client.put(f"/links/{first}/{second}", headers=STEWARD)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")


async def test_a_draft_of_somebody_else_is_as_if_it_were_not_there(
    client: AsyncClient, pair: tuple[str, str, str, str]
) -> None:
    offer = pair[0]
    given = {
        "side": "want", "owner": HONEY, "title": {"fr": "x"}, "category": "argan-oil",
        "visibility": "network", "publish": False,
    }  # fmt: skip
    draft = (await client.post("/items", json=given, headers=STEWARD)).json()["id"]
    unseen = await client.put(f"/links/{offer}/{draft}", headers=speaks_for(OIL))
    nothing = await client.put(f"/links/{offer}/{an_id(12345)}", headers=speaks_for(OIL))
    assert (unseen.status_code, unseen.json()["type"]) == (404, nothing.json()["type"])
