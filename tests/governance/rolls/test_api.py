"""Rolls over HTTP: counts, roots, one's own entry with its proof, and who sees the list."""

from typing import Any

import pytest
from httpx import AsyncClient

from services.governance.merkle import Proof, leaf_hash, verified
from services.governance.roll_handlers import freeze_roll
from services.governance.rules import Electorate, ElectorateKind
from shared.canonical import canonical
from shared.events import Event
from shared.people import Bearer
from tests.governance.conftest import AUDITOR, NOW, STEWARD, Governance, member, token
from tests.governance.rolls.told import REGISTER, admitted, entity, given, uuid

BALLOT = uuid(1)
ARGAN = entity(1)
MIXED = Electorate(kind=ElectorateKind.MIXED)


@pytest.fixture
async def network(governance: Governance, client: AsyncClient) -> AsyncClient:
    """A network of seven persons and one cooperative, with the roll of a ballot."""
    told: list[Event] = [
        *(admitted(f"person-{number}", 1, "worker") for number in range(6)),
        admitted("person-6", 1, "user"),
        admitted(ARGAN),
        given(1, "person-0", ARGAN),
    ]
    await governance.store.write(REGISTER.tell, told)
    await governance.store.write(freeze_roll, ballot_id=BALLOT, electorate=MIXED, at=NOW)
    return client


async def test_a_member_checks_that_they_are_in_the_roll(network: AsyncClient) -> None:
    roll = (await network.get(f"rolls/{BALLOT}", headers=member("person-3"))).json()
    assert (roll["size"], roll["kind"]) == (7, "mixed")
    answer = await network.get(f"rolls/{BALLOT}/entry", headers=member("person-3"))
    mine: dict[str, Any] = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert mine["entry"]["voter"] == "p:person-3"
    leaf = leaf_hash(canonical(mine["entry"]))
    assert leaf.hex() == mine["leaf"]
    assert verified(bytes.fromhex(roll["root"]), leaf, Proof.of_data(mine["proof"]))


async def test_a_delegate_sees_the_entry_of_the_entity(network: AsyncClient) -> None:
    answer = await network.get(f"rolls/{BALLOT}/entry", headers=member("person-0", ARGAN))
    assert answer.json()["entry"]["voter"] == f"e:{ARGAN}"
    # Without the mandate in the token the register alone does not suffice.
    answer = await network.get(f"rolls/{BALLOT}/entry", headers=member("person-0"))
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/not-in-roll"


async def test_who_is_not_in_the_roll_is_told_so(network: AsyncClient) -> None:
    answer = await network.get(f"rolls/{BALLOT}/entry", headers=member("person-9"))
    assert answer.json()["type"] == "/problems/not-in-roll"
    answer = await network.get(f"rolls/{uuid(2)}/entry", headers=member("person-3"))
    assert answer.json()["type"] == "/problems/no-roll"
    answer = await network.get(f"rolls/{uuid(2)}", headers=member("person-3"))
    assert answer.status_code == 404


async def test_the_list_is_for_stewards_and_auditors(network: AsyncClient) -> None:
    found: list[str] = []
    after: str | None = None
    while True:
        params = {"size": 3} | ({"after": after} if after else {})
        answer = (
            await network.get(f"rolls/{BALLOT}/entries", params=params, headers=AUDITOR)
        ).json()
        found += [one["voter"] for one in answer["items"]]
        after = answer["next"]
        if after is None:
            break
    assert sorted(found) == [f"e:{ARGAN}", *(f"p:person-{number}" for number in range(1, 7))]
    for path in (f"rolls/{BALLOT}/entries", "electorate/voters"):
        assert (await network.get(path, headers=STEWARD)).status_code == 200
        for header in (member("person-1"), token(kind=Bearer.PROGRAM), {}):
            assert (await network.get(path, headers=header)).status_code in (401, 403)


async def test_small_groups_are_not_counted_for_everybody(network: AsyncClient) -> None:
    answer = await network.get("electorate", headers=member("person-1"))
    assert answer.json() == {
        "kind": "persons",
        "groups": [],
        "votes": 7,
        "persons": 7,
        "entities": 0,
        "entities_without_delegate": 0,
        "by_group": [{"group": "user", "votes": None}, {"group": "worker", "votes": 6}],
    }
    for group, votes in (("worker", 6), ("user", None), ("nobody", None)):
        params = {"group": group}
        answer = await network.get("electorate", params=params, headers=member("person-1"))
        assert answer.json()["votes"] == answer.json()["persons"] == votes


async def test_the_electorate_is_listed_as_it_stands(network: AsyncClient) -> None:
    params: dict[str, Any] = {"kind": "mixed", "size": 5}
    first = (await network.get("electorate/voters", params=params, headers=STEWARD)).json()
    rest = await network.get(
        "electorate/voters", params=params | {"after": first["next"]}, headers=STEWARD
    )
    voters = [one["voter"] for one in first["items"] + rest.json()["items"]]
    assert voters == sorted(voters)
    assert len(voters) == 7
    assert first["items"][0] == {"voter": f"e:{ARGAN}", "acts": "person-0", "groups": []}


@pytest.mark.parametrize(
    "path",
    ["rolls/x", f"rolls/{BALLOT}/entries?after=!", "electorate?kind=all", "electorate?group=A%20b"],
)
async def test_what_is_malformed_is_refused(network: AsyncClient, path: str) -> None:
    answer = await network.get(path, headers=STEWARD)
    assert answer.status_code == 422
