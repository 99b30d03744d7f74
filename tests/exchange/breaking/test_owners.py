"""Posting for others: nobody passes an entity off as a person, nor themselves as an entity."""

import pytest
from httpx import AsyncClient

from tests.exchange.items.conftest import DELEGATE, MEMBER, NODE, OWNER, an_id, offer, token

UNLISTED = an_id(950)
"""An entity of this network that the federation does not know."""
ITS_DELEGATE = token("member", sub="p-fadma", mandates=[{"entity": UNLISTED}])
HERSELF = f"{NODE}:p-amina"


async def test_an_entity_that_the_federation_does_not_know_is_not_told_as_a_person(
    client: AsyncClient,
) -> None:
    given = offer(owner=UNLISTED)
    plain = await client.post("/items", json=given, headers=ITS_DELEGATE)
    assert plain.json()["type"] == "/problems/owner-not-listed"
    passed_off = await client.post(
        "/items", json=given | {"owner_kind": "person"}, headers=ITS_DELEGATE
    )
    assert (passed_off.status_code, passed_off.json()["type"]) == (422, "/problems/invalid")
    for_network = await client.post(
        "/items", json=given | {"visibility": "network"}, headers=ITS_DELEGATE
    )
    assert for_network.status_code == 201


@pytest.mark.parametrize("visibility", ["network", "federation"])
async def test_nobody_posts_for_themselves_as_an_entity(
    client: AsyncClient, visibility: str
) -> None:
    given = offer(owner=HERSELF, visibility=visibility, owner_kind="entity")
    refused = await client.post("/items", json=given, headers=MEMBER)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid")
    taken = await client.post("/items", json=given | {"owner_kind": "person"}, headers=MEMBER)
    assert taken.status_code == 201


@pytest.mark.parametrize("kind", ["person", "entity"])
async def test_others_are_not_posted_for(client: AsyncClient, kind: str) -> None:
    for headers, owner in ((MEMBER, OWNER), (DELEGATE, UNLISTED), (DELEGATE, HERSELF)):
        given = offer(owner=owner, owner_kind=kind)
        answer = await client.post("/items", json=given, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")
