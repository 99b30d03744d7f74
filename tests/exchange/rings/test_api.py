"""Rings over HTTP: parties and their stewards see them, and to others there are none."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from shared.people import Bearer, Mandate
from tests.exchange.rings.conftest import FAR, OTHER, A, B, Post, between, token

STEWARD = token("steward")
DELEGATE = token(mandates=(Mandate(entity=A),), sub="person-a")
STRANGER = token("member", mandates=(Mandate(entity=B),), sub="person-b")
CONTACT = {"name": "Fatima A.", "telephone": "+212 600 000 000", "place": "Tamanar"}


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def proposed(post: Post, **fields: Any) -> str:
    made = between(A, FAR, decider="hub", **fields)
    await post.propose(made)
    return made.ring_id


async def accept(client: AsyncClient, ring_id: str, headers: Any, **fields: Any) -> Response:
    body = {"party": A, "consents": True, "contact": CONTACT} | fields
    return await client.post(f"rings/{ring_id}/accept", json=body, headers=headers)


async def test_a_party_sees_its_ring_in_one_sentence(client: AsyncClient, post: Post) -> None:
    ring_id = await proposed(post, values=[10_000, 15_000])
    listed = (await client.get("rings", headers=DELEGATE)).json()["items"]
    assert [one["id"] for one in listed] == [ring_id]
    names = between(A, FAR).names
    assert listed[0]["sentence"] == (
        f"You give Miel de 01 to {names[FAR]}; you receive Miel de 01 from {names[FAR]}."
    )
    assert listed[0]["residual"] == {"value": 5_000, "unit": "MAD", "text": "50.00 MAD"}
    shown = (await client.get(f"rings/{ring_id}?lang=ar", headers=DELEGATE)).json()
    assert shown["state"] == "proposed"
    assert [one["party"] for one in shown["parts"]] == [A]
    assert shown["parts"][0]["sentence"].startswith("تعطون")
    assert [one["what"] for one in shown["history"]] == ["proposed", "opened"]


async def test_others_meet_nothing_whatever_they_ask(client: AsyncClient, post: Post) -> None:
    ring_id = await proposed(post)
    assert (await client.get("rings", headers=STRANGER)).json()["items"] == []
    unknown = between(A, FAR, number=77).ring_id
    for one in (ring_id, unknown):
        assert problem(await client.get(f"rings/{one}", headers=STRANGER)) == (404, "not-found")
        assert problem(await accept(client, one, STRANGER)) == (404, "not-found")
        note = await client.get(f"rings/{one}/exchange-note", params={"party": A}, headers=STRANGER)
        assert problem(note) == (404, "not-found")
    assert (await client.get(f"rings/{ring_id}")).status_code == 401
    program = token(kind=Bearer.PROGRAM, scope=frozenset({"read"}))
    assert (await client.get(f"rings/{ring_id}", headers=program)).status_code == 200
    assert (await accept(client, ring_id, program)).status_code == 403


async def test_a_ring_is_accepted_delivered_and_settled_over_http(
    client: AsyncClient, post: Post
) -> None:
    ring_id = await proposed(post)
    seen = await client.post(f"rings/{ring_id}/seen", json={"party": A}, headers=DELEGATE)
    assert seen.json()["parts"][0]["seen"]
    for _ in range(2):
        answer = await accept(client, ring_id, DELEGATE)
        assert answer.status_code == 200, answer.text
        assert answer.json()["parts"][0]["answer"] == "accept"
    await post.deliver()
    await post.answer(ring_id, FAR)
    shown = (await client.get(f"rings/{ring_id}", headers=DELEGATE)).json()
    assert shown["state"] == "confirmed"
    assert shown["parts"][0]["contacts"] == [{"party": FAR, "withheld": False, "contact": CONTACT}]
    for leg, what in ((0, "handed-over"), (1, "received")):
        told = await client.post(
            f"rings/{ring_id}/legs/{leg}/reports",
            json={"party": A, "what": what},
            headers=DELEGATE,
        )
        assert told.status_code == 200, told.text
    wrong = await client.post(
        f"rings/{ring_id}/legs/0/reports", json={"party": A, "what": "received"}, headers=DELEGATE
    )
    assert problem(wrong) == (404, "not-found")
    await post.deliver()
    assert (await client.get(f"rings/{ring_id}", headers=DELEGATE)).json()["state"] == "in-delivery"


async def test_a_steward_enters_an_answer_given_by_telephone(
    client: AsyncClient, post: Post
) -> None:
    ring_id = await proposed(post)
    assert (await accept(client, ring_id, DELEGATE, way="telephone")).status_code == 403
    answer = await client.post(
        f"rings/{ring_id}/decline",
        json={"party": A, "why": "distance", "said": "Trop loin", "way": "telephone"},
        headers=STEWARD,
    )
    assert answer.json()["parts"][0]["way"] == "telephone"
    await post.deliver()
    late = await accept(client, ring_id, DELEGATE)
    assert problem(late) == (409, "ring-closed")


@pytest.mark.parametrize(
    ("lang", "direction", "word"),
    [
        ("ar", "rtl", "وصل مقايضة"),
        ("fr", "ltr", "Bon d&#39;échange"),
        ("es", "ltr", "Nota de intercambio"),
        ("pt", "ltr", "Nota de troca"),
        ("en", "ltr", "Exchange note"),
        ("zgh", "ltr", "Exchange note"),
    ],
)
async def test_the_exchange_note_is_printed_in_five_languages(
    client: AsyncClient, post: Post, lang: str, direction: str, word: str
) -> None:
    ring_id = await proposed(post, names={A: "<b>Tafsut</b>", FAR: "Abelha"})
    await accept(client, ring_id, DELEGATE)
    await post.deliver()
    await post.answer(ring_id, FAR)
    answer = await client.get(
        f"rings/{ring_id}/exchange-note", params={"party": A, "lang": lang}, headers=DELEGATE
    )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.text
    assert f'dir="{direction}"' in page
    assert word in page
    assert "&lt;b&gt;Tafsut" in page
    assert "2026-11-23" in page
    assert "Fatima A., +212 600 000 000" in page
    assert "@media print" in page


async def test_notes_are_written_once_for_one_key(client: AsyncClient, post: Post) -> None:
    ring_id = await proposed(post)
    for _ in range(2):
        answer = await client.post(
            f"rings/{ring_id}/notes",
            json={"party": A, "text": "Jeudi au souk ?"},
            headers={**DELEGATE, "Idempotency-Key": "k1"},
        )
        assert answer.status_code == 201, answer.text
    shown = (await client.get(f"rings/{ring_id}", headers=STEWARD)).json()
    assert [note["text"] for note in shown["notes"]] == ["Jeudi au souk ?"]
    await post.deliver()
    assert OTHER in post.stores


async def test_lists_are_paged_without_a_repeat(client: AsyncClient, post: Post) -> None:
    made = [between(A, FAR, decider="hub", number=number) for number in range(1, 4)]
    for one in made:
        await post.propose(one)
        # One slot, one ring: each goes before the next comes.
        await post.answer(one.ring_id, A)
        await client.post(
            f"rings/{one.ring_id}/decline", json={"party": A, "why": "time"}, headers=DELEGATE
        )
        await post.deliver()
    seen: list[str] = []
    after = None
    while True:
        params = {"size": 2} | ({"after": after} if after else {})
        found = (await client.get("rings", params=params, headers=STEWARD)).json()
        seen += [one["id"] for one in found["items"]]
        after = found["next"]
        if not after:
            break
    assert seen == sorted((one.ring_id for one in made), reverse=True)
    wrong = await client.get("rings", params={"after": "x!"}, headers=STEWARD)
    assert problem(wrong) == (422, "bad-cursor")


async def test_only_two_stewards_resolve_a_doubt(client: AsyncClient, post: Post) -> None:
    ring_id = await proposed(post)
    body = {"reason": "silent"}
    path = f"rings/{ring_id}/resolutions"
    assert (await client.post(path, json=body, headers=DELEGATE)).status_code == 403
    assert problem(await client.post(path, json=body, headers=STEWARD)) == (
        409,
        "ring-not-in-doubt",
    )
