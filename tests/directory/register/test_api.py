"""The register over HTTP: who sees what, pages, keys, and refusals by name."""

from typing import Any

import pytest
from httpx import AsyncClient

from services.directory import handlers
from shared.people import Bearer, Mandate
from tests.directory.conftest import STEWARD, Directory, entity_id, entry, token

ARGAN, SAFRAN = entity_id(1), entity_id(2)
PROGRAM = token(kind=Bearer.PROGRAM)


@pytest.fixture
async def steward(directory: Directory, client: AsyncClient) -> AsyncClient:
    """A client that asks as a steward where it says nothing else; two cooperatives are listed."""
    await directory.store.write(handlers.list_entities, [entry(1), entry(2)])
    client.headers.update(STEWARD)
    return client


async def entered(client: AsyncClient, **fields: Any) -> str:
    answer = await client.post("persons", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def mandated(client: AsyncClient, person: str, entity: str = ARGAN) -> dict[str, Any]:
    answer = await client.post("mandates", json={"person": person, "entity": entity})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_names_are_for_stewards_alone(steward: AsyncClient) -> None:
    who = await entered(steward, note="Amina", number="A-1", gender="woman")
    mine = (await steward.get(f"persons/{who}")).json()
    assert (mine["note"], mine["number"]) == ("Amina", "A-1")
    for header in (PROGRAM, token("auditor"), token("member", sub=who)):
        answer = await steward.get(f"persons/{who}", headers=header)
        assert answer.json()["gender"] == "woman"
        assert answer.json()["note"] is answer.json()["number"] is None
        assert answer.headers["Cache-Control"] == "no-store"
    listed = await steward.get("persons", headers=PROGRAM)
    assert [one["note"] for one in listed.json()["items"]] == [None]
    history = await steward.get(f"members/{who}/history")
    assert "Amina" not in history.text


async def test_members_and_delegates_read_their_own(steward: AsyncClient) -> None:
    who, other = await entered(steward), await entered(steward)
    for one in (who, other, ARGAN):
        assert (await steward.post("members", json={"member": one})).status_code == 200
    own = token("member", sub=who, mandates=(Mandate(entity=ARGAN),))
    for path in (
        f"persons/{who}",
        f"members/{who}",
        f"members/{ARGAN}",
        f"members/{ARGAN}/history",
    ):
        assert (await steward.get(path, headers=own)).status_code == 200
    for path in (f"persons/{other}", f"members/{other}", f"members/{SAFRAN}", "persons", "members"):
        assert (await steward.get(path, headers=own)).status_code == 403
    mine, of_argan, of_others = [
        await mandated(steward, *pair) for pair in ((who, SAFRAN), (other, ARGAN), (other, SAFRAN))
    ]
    listed = (await steward.get("mandates", headers=own)).json()["items"]
    assert [one["id"] for one in listed] == [mine["id"], of_argan["id"]]
    assert (await steward.get(f"mandates/{of_argan['id']}", headers=own)).status_code == 200
    assert (await steward.get(f"mandates/{of_others['id']}", headers=own)).status_code == 403
    asked = await steward.get("mandates", params={"person": other}, headers=own)
    assert asked.status_code == 403
    asked = await steward.get("mandates", params={"entity": ARGAN}, headers=own)
    assert [one["id"] for one in asked.json()["items"]] == [of_argan["id"]]


async def test_lists_are_paged_and_filtered(steward: AsyncClient) -> None:
    people = [await entered(steward) for _ in range(5)]
    for number, one in enumerate(people):
        body = {"member": one, "groups": ["worker" if number % 2 else "worker-support"]}
        if number == 4:
            body["standing"] = "observer"
        await steward.post("members", json=body)
    first = (await steward.get("members", params={"size": 2})).json()
    second = (await steward.get("members", params={"size": 5, "after": first["next"]})).json()
    assert [one["member"] for one in first["items"] + second["items"]] == people
    assert second["next"] is None
    found = (await steward.get("members", params={"group": "worker"})).json()["items"]
    assert [one["member"] for one in found] == [people[1], people[3]]
    found = (await steward.get("members", params={"standing": "observer"})).json()["items"]
    assert [one["member"] for one in found] == [people[4]]
    await steward.post(f"members/{people[0]}/end", json={"reason": "excluded"})
    (left,) = (await steward.get("members", params={"former": True})).json()["items"]
    assert (left["member"], left["standing"], left["reason"]) == (people[0], None, "excluded")
    answer = await steward.get("members", params={"after": "!"})
    assert answer.json()["type"] == "/problems/bad-cursor"


async def test_a_mandate_says_its_number_in_the_row(steward: AsyncClient) -> None:
    who = await entered(steward)
    for year in (2020, 2022, 2024):
        answer = await steward.post(
            "mandates",
            json={
                "person": who,
                "entity": ARGAN,
                "begins": f"{year}-01-01T00:00:00Z",
                "ends": f"{year + 2}-01-01T00:00:00Z",
                "given_by": "0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e99",
            },
        )
        assert answer.status_code == 201
    terms = (await steward.get("mandates", params={"person": who})).json()["items"]
    assert [(one["term"], one["beyond_limit"], one["holds"]) for one in terms] == [
        (1, False, False),
        (2, False, False),
        (3, True, False),
    ]
    held = await steward.get("mandates", params={"at": "2023-06-01T00:00:00Z"})
    assert [one["term"] for one in held.json()["items"]] == [2]


async def test_a_request_that_comes_twice_is_done_once(steward: AsyncClient) -> None:
    key = {"Idempotency-Key": "one"}
    answers = [await steward.post("persons", json={"note": "A"}, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len((await steward.get("persons")).json()["items"]) == 1
    other = await steward.post("persons", json={"note": "B"}, headers=key)
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_a_person_is_amended_as_they_were_read(steward: AsyncClient) -> None:
    who = await entered(steward, note="Amina")
    tag = (await steward.get(f"persons/{who}")).headers["ETag"]
    changed = await steward.put(f"persons/{who}", json={"note": "B"}, headers={"If-Match": tag})
    assert changed.json()["revision"] == 2
    late = await steward.put(f"persons/{who}", json={"note": "C"}, headers={"If-Match": tag})
    assert late.status_code == 412
    assert (await steward.delete(f"persons/{who}")).status_code == 204
    gone = await steward.get(f"persons/{who}")
    assert (gone.status_code, gone.json()["type"]) == (410, "/problems/person-gone")


@pytest.mark.parametrize(
    ("method", "path", "body", "problem"),
    [
        ("POST", "persons", {"id": "Amina Aït"}, "invalid"),
        ("POST", "persons", {"note": "a\u202eb"}, "invalid"),
        ("POST", "persons", {"gender": "unknown"}, "invalid"),
        ("POST", "members", {"member": "nobody"}, "unknown-person"),
        ("POST", "members", {"member": entity_id(9)}, "unknown-entity"),
        ("POST", "members", {"member": ARGAN, "groups": ["A b"]}, "invalid"),
        ("POST", "members", {"member": ARGAN, "since": "0001-01-01T00:00:00+14:00"}, "invalid"),
        ("GET", "mandates?at=9999-12-31T23:59:59-12:00", None, "invalid"),
        ("POST", "members/nobody/end", {}, "not-a-member"),
        ("POST", "mandates", {"person": "nobody", "entity": ARGAN}, "unknown-person"),
        ("POST", "mandates", {"person": "x", "entity": "souss"}, "invalid"),
        ("POST", f"mandates/{ARGAN[6:]}/end", {}, "not-found"),
        ("GET", "persons/nobody", None, "not-found"),
        ("GET", "members/nobody", None, "not-found"),
    ],
)
async def test_every_no_has_a_name(
    steward: AsyncClient, method: str, path: str, body: dict[str, Any] | None, problem: str
) -> None:
    answer = await steward.request(method, path, json=body)
    assert 400 <= answer.status_code < 500
    assert answer.json()["type"] == f"/problems/{problem}"


async def test_a_list_is_tried_and_then_taken(steward: AsyncClient) -> None:
    text = f"number,name,delegate_of\nA-1,Amina,{ARGAN}\nA-2,Badr,{entity_id(9)}\n".encode()
    headers = {"Content-Type": "text/csv"}
    tried = await steward.post("register/import?preview=true", content=text, headers=headers)
    assert tried.json()["entered"] == 1
    assert (await steward.get("persons")).json()["items"] == []
    taken = await steward.post("register/import", content=text, headers=headers)
    account = taken.json()
    assert (account["rows"], account["entered"], account["mandates"]) == (2, 1, 1)
    assert [(one["line"], one["reason"]) for one in account["issues"]] == [(3, "unknown-entity")]
    bad = await steward.post("register/import", content=b"\xff\n", headers=headers)
    assert bad.json()["type"] == "/problems/bad-list"
