"""What no honest asker hands in: it meets a refusal with a name, never a defect of ours."""

import pytest
from httpx import AsyncClient

from tests.exchange.items.conftest import NODE, STEWARD, offer


@pytest.mark.parametrize(
    "local", ["a b", "\n", "\u202e", "\u0661", "a/b", "a:b", "a\x01", "-a", "a" * 129]
)
@pytest.mark.parametrize("kind", ["person", "entity"])
@pytest.mark.parametrize("visibility", ["network", "federation"])
async def test_an_owner_that_nobody_could_be_is_refused_by_name(
    client: AsyncClient, local: str, kind: str, visibility: str
) -> None:
    given = offer(owner=f"{NODE}:{local}", owner_kind=kind, visibility=visibility)
    answer = await client.post("/items", json=given, headers=STEWARD)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/not-our-participant"


@pytest.mark.parametrize("revision", [2**53, 2**63, 10**40, 0, -1])
async def test_rates_of_a_revision_that_no_database_holds_are_refused(
    client: AsyncClient, revision: int
) -> None:
    answer = await client.get(f"/rates/{NODE}/{revision}")
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid"


@pytest.mark.parametrize("reason", ["\x00", "\u202eeslaf", "a\u2066b", "a\nb"])
async def test_what_everybody_reads_of_a_closing_has_no_control_characters(
    client: AsyncClient, reason: str
) -> None:
    made = await client.post("/items", json=offer(), headers=STEWARD)
    path = f"/items/{made.json()['id']}/close"
    answer = await client.post(path, json={"reason": reason}, headers=STEWARD)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
