"""The directory over HTTP: what is asked and what is answered."""

from typing import Any

import pytest
from httpx import AsyncClient, Response
from structlog.testing import capture_logs

from services.directory import handlers, projections
from services.directory.api_vocabularies import preferred
from services.directory.asking import BadBox, box_of
from services.directory.search import Box
from shared.contracts.directory import EntityListed
from shared.people import Mandate
from tests.directory.conftest import (
    NODE,
    OTHER,
    STEWARD,
    Directory,
    entity_id,
    entry,
    token,
)
from tests.directory.test_handlers import CANARY, PRIVATE, told
from tests.directory.test_projections import arrived, listed, withdrawn

TAFSUT: dict[str, Any] = {
    "name": "Coopérative Tafsut",
    "names": {"ar": "تعاونية تافسوت", "zgh-Tfng": "ⵜⴰⴼⵙⵓⵜ"},
    "practices": ["practice:producer-coop"],
    "addresses": [{"locality": "Tamanar", "country": "MA"}],
}


async def create(client: AsyncClient, **fields: Any) -> Response:
    answer = await client.post("entities", json={**TAFSUT, **fields}, headers=STEWARD)
    assert answer.status_code == 201, answer.text
    return answer


def problem(answer: Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_what_is_entered_can_be_read_found_and_counted_at_once(
    client: AsyncClient, directory: Directory
) -> None:
    made = await create(client)
    shown = made.json()
    assert shown["origin"] == NODE
    assert shown["own"]
    assert shown["visibility"] == "federation"
    assert shown["profile"]["names"] == TAFSUT["names"]
    read = await client.get(made.headers["Location"])
    assert read.json() == shown
    for q in ("tafsut", "تافسوت", "ⵜⴰⴼⵙⵓⵜ", "tamanar", "coopérative producteurs"):
        found = (await client.get("entities", params={"q": q})).json()
        assert [item["id"] for item in found["items"]] == [shown["id"]], q
    counts = (await client.get("entities/counts")).json()
    assert counts == {"own": {"origin": NODE, "entities": 1}, "others": [], "total": 1}
    assert [type(event) for event in await directory.store.read(told)] == [EntityListed]


async def test_an_entity_without_a_practice_is_refused(client: AsyncClient) -> None:
    answer = await client.post(
        "entities", json={"name": "Argane", "practices": []}, headers=STEWARD
    )
    assert problem(answer) == (422, "no-practice")


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ({"name": " "}, "no-name"),
        ({"practices": ["practice:none"]}, "unknown-term"),
        ({"nickname": 7}, "bad-profile"),
        ({"favourite": "x"}, "bad-profile"),
        ({"visibility": "nobody"}, "invalid"),
        ({"geo": {"lat": 0, "lon": 0}}, "coordinates-zero"),
        ({"geo": {"lat": -96_803_000, "lon": 310_007_000}}, "coordinates-swapped"),
        ({"geo": {"lat": 1_200_000_000, "lon": 0}}, "coordinates-out-of-range"),
        ({"addresses": [{"country": "ZZ"}]}, "unknown-country"),
        ({"board_total": 3, "board_women": 4}, "counts-disagree"),
        ({"primary_url": "javascript:alert(1)"}, "bad-url"),
    ],
)
async def test_what_is_wrong_is_refused_by_its_name(
    client: AsyncClient, fields: dict[str, Any], slug: str
) -> None:
    answer = await client.post("entities", json={**TAFSUT, **fields}, headers=STEWARD)
    assert problem(answer) == (422, slug)


@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"null", b"{", b'{"name": NaN}'])
async def test_what_is_no_object_is_refused(client: AsyncClient, body: bytes) -> None:
    headers = {**STEWARD, "Content-Type": "application/json"}
    answer = await client.post("entities", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert problem(answer)[1] in ("invalid", "malformed")


async def test_terms_may_be_said_in_any_of_the_five_languages(client: AsyncClient) -> None:
    made = await create(client, practices=["بنك الوقت"], activities=["a01"])
    profile = made.json()["profile"]
    assert profile["practices"] == ["practice:time-bank"]
    assert profile["activities"] == ["activities:a01"]


async def test_nothing_is_sent_again_to_whom_has_it_already(client: AsyncClient) -> None:
    made = await create(client)
    tag = made.headers["ETag"]
    again = await client.get(made.headers["Location"], headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    other = await client.get(made.headers["Location"], headers={"If-None-Match": '"9"'})
    assert other.status_code == 200


async def test_who_amends_has_seen_the_present_state(client: AsyncClient) -> None:
    made = await create(client)
    where, tag = made.headers["Location"], made.headers["ETag"]
    changed = {**TAFSUT, "name": "Tafsut n Wargan"}
    without = await client.put(where, json=changed, headers=STEWARD)
    assert problem(without) == (428, "match-required")
    amended = await client.put(where, json=changed, headers={**STEWARD, "If-Match": tag})
    assert amended.status_code == 200
    assert amended.json()["revision"] == 2
    late = await client.put(where, json=TAFSUT, headers={**STEWARD, "If-Match": tag})
    assert problem(late) == (412, "changed-meanwhile")
    found = (await client.get("entities", params={"q": "wargan"})).json()["items"]
    assert [item["name"] for item in found] == ["Tafsut n Wargan"]


async def test_a_delegate_amends_their_own_entity_and_no_other(
    client: AsyncClient, directory: Directory
) -> None:
    await directory.store.write(handlers.list_entities, [entry(1), entry(2)])
    delegate = token(mandates=(Mandate(entity=entity_id(1)),))
    headers = {**delegate, "If-Match": '"1"'}
    own = await client.put(f"entities/{entity_id(1)}", json=TAFSUT, headers=headers)
    assert own.status_code == 200
    other = await client.put(f"entities/{entity_id(2)}", json=TAFSUT, headers=headers)
    assert problem(other) == (403, "not-allowed")


async def test_another_nodes_entity_is_read_here_and_changed_there(
    client: AsyncClient, directory: Directory
) -> None:
    await directory.store.write(projections.remember, arrived(listed(1)))
    where = f"entities/{entity_id(1, OTHER)}"
    shown = (await client.get(where)).json()
    assert (shown["origin"], shown["own"]) == (OTHER, False)
    headers = {**STEWARD, "If-Match": "*"}
    assert problem(await client.put(where, json=TAFSUT, headers=headers)) == (403, "not-ours")
    assert problem(await client.delete(where, headers=STEWARD)) == (403, "not-ours")
    assert problem(await client.get(f"{where}/home", headers=STEWARD)) == (403, "not-ours")


async def test_what_was_withdrawn_is_gone(client: AsyncClient, directory: Directory) -> None:
    made = await create(client)
    where = made.headers["Location"]
    gone = await client.delete(where, params={"reason": "dissolved"}, headers=STEWARD)
    assert (gone.status_code, gone.content) == (204, b"")
    assert problem(await client.get(where)) == (410, "withdrawn")
    assert problem(await client.delete(where, headers=STEWARD)) == (410, "withdrawn")
    assert (await client.get("entities")).json()["items"] == []
    await directory.store.write(projections.remember, arrived(listed(1)))
    await directory.store.write(projections.remember_withdrawn, arrived(withdrawn(1, revision=2)))
    assert problem(await client.get(f"entities/{entity_id(1, OTHER)}")) == (410, "withdrawn")


async def test_what_is_not_there_is_missing(client: AsyncClient) -> None:
    for name in (entity_id(9), "x", "souss:", "%00"):
        assert problem(await client.get(f"entities/{name}")) == (404, "not-found")
    headers = {**STEWARD, "If-Match": "*"}
    answer = await client.put(f"entities/{entity_id(9)}", json=TAFSUT, headers=headers)
    assert problem(answer) == (404, "not-found")


async def test_a_write_that_is_sent_twice_is_done_once(
    client: AsyncClient, directory: Directory
) -> None:
    headers = {**STEWARD, "Idempotency-Key": "entry-1"}
    answers = [await client.post("entities", json=TAFSUT, headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert [answer.status_code for answer in answers] == [201, 201]
    assert "Idempotency-Replayed" not in answers[0].headers
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert answers[1].headers["Location"] == answers[0].headers["Location"]
    other = await client.post("entities", json={**TAFSUT, "name": "Ajjig"}, headers=headers)
    assert problem(other) == (422, "idempotency-key-reused")
    where, tag = answers[0].headers["Location"], answers[0].headers["ETag"]
    headers |= {"If-Match": tag}
    for _ in range(2):
        amended = await client.put(where, json={**TAFSUT, "name": "Ajjig"}, headers=headers)
        assert amended.json()["revision"] == 2
    headers["If-Match"] = amended.headers["ETag"]
    for _ in range(2):
        assert (await client.delete(where, headers=headers)).status_code == 204
    assert len(await directory.store.read(told)) == 3


async def test_what_only_the_network_may_see_is_nowhere_for_others(client: AsyncClient) -> None:
    hidden = await create(client, visibility="network")
    where = hidden.headers["Location"]
    member = token("member")
    assert (await client.get(where, headers=member)).json()["visibility"] == "network"
    assert len((await client.get("entities", headers=member)).json()["items"]) == 1
    none = await client.get(f"entities/{entity_id(77)}")
    for answer in (await client.get(where), await client.get(where, headers=token())):
        assert answer.status_code == 404
        assert answer.json() | {"instance": ""} == none.json() | {"instance": ""}
    assert (await client.get("entities", params={"q": "tafsut"})).json()["items"] == []
    assert (await client.get("entities/counts")).json()["total"] == 0
    await client.delete(where, headers=STEWARD)
    assert problem(await client.get(where)) == (404, "not-found")
    assert problem(await client.get(where, headers=member)) == (410, "withdrawn")


async def test_contacts_are_read_at_home_by_whom_they_concern_and_nowhere_else(
    client: AsyncClient, directory: Directory
) -> None:
    with capture_logs() as logs:
        made = await create(client, **PRIVATE)
        where = made.headers["Location"]
        at_home = await client.get(f"{where}/home", headers=STEWARD)
        public = [
            made,
            await client.get(where),
            await client.get(where, headers=STEWARD),
            await client.get("entities", headers=STEWARD),
            await client.get("entities", params={"q": CANARY}),
            await client.get("openapi.json"),
        ]
        # A refusal names the field and not what stood in it.
        wrong = {**TAFSUT, "contacts": {"email": {"value": f"{CANARY} at example"}}}
        public.append(await client.post("entities", json=wrong, headers=STEWARD))
        assert problem(public[-1]) == (422, "bad-profile")
        changed = {**at_home.json()["profile"], "name": "Tafsut n Wargan"}
        tag = {"If-Match": at_home.headers["ETag"]}
        public.append(await client.put(where, json=changed, headers={**STEWARD, **tag}))
    assert public[-1].status_code == 200
    assert at_home.json()["profile"]["contacts"] == PRIVATE["contacts"]
    assert at_home.json()["profile"]["geo"]["lat"] == PRIVATE["geo"]["lat"]
    assert at_home.headers["Cache-Control"] == "no-store"
    for answer in public:
        assert CANARY not in answer.text
        assert str(PRIVATE["geo"]["lat"]) not in answer.text
    assert CANARY not in str(logs)
    for event in await directory.store.read(told):
        assert CANARY not in event.model_dump_json()


async def test_the_tag_in_public_does_not_do_for_what_has_a_part_at_home(
    client: AsyncClient,
) -> None:
    made = await create(client, **PRIVATE)
    where = made.headers["Location"]
    seen = await client.get(where)
    headers = {**STEWARD, "If-Match": seen.headers["ETag"]}
    late = await client.put(where, json=seen.json()["profile"], headers=headers)
    assert problem(late) == (412, "changed-meanwhile")


async def test_lists_come_in_pages(client: AsyncClient, directory: Directory) -> None:
    await directory.store.write(handlers.list_entities, [entry(n) for n in range(1, 8)])
    seen: list[str] = []
    after: str | None = None
    while True:
        params = {"size": "3", **({"after": after} if after else {})}
        answer = (await client.get("entities", params=params)).json()
        seen += [item["id"] for item in answer["items"]]
        after = answer["next"]
        if after is None:
            break
    assert seen == [entity_id(n) for n in range(7, 0, -1)]
    bad = await client.get("entities", params={"after": "x"})
    assert problem(bad) == (422, "bad-cursor")


async def test_lists_are_filtered(client: AsyncClient, directory: Directory) -> None:
    await create(client, geo={"lat": 310_007_000, "lon": -96_803_000})
    await create(client, name="Autre", practices=["practice:csa"], addresses=[{"country": "FR"}])
    await directory.store.write(projections.remember, arrived(listed(1)))
    for params, names in (
        ({"country": "ma"}, ["Coopérative Tafsut"]),
        ({"practice": "csa"}, ["Autre"]),
        ({"practice": "practice:exchange"}, ["Autre"]),
        ({"origin": OTHER}, ["Cooperativa 1"]),
        ({"bbox": "-10,30.5,-9.5,31.5"}, ["Coopérative Tafsut"]),
        ({"q": "coop", "country": "MA"}, ["Coopérative Tafsut"]),
        ({"country": "MA", "practice": "csa"}, []),
    ):
        answer = (await client.get("entities", params=params)).json()
        assert [item["name"] for item in answer["items"]] == names, params
    for params, slug in (
        ({"practice": "none"}, "unknown-term"),
        ({"activity": "practice:csa"}, "unknown-term"),
        ({"bbox": "1,2,3"}, "bad-box"),
        ({"country": "Maroc"}, "invalid"),
        ({"size": "0"}, "invalid"),
    ):
        assert problem(await client.get("entities", params=params)) == (422, slug), params


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("-10,29,-8,31", Box(west=-(10**8), south=29 * 10**7, east=-8 * 10**7, north=31 * 10**7)),
        (
            "179.5,-1,-179.5,1.00000005",
            Box(west=1795000000, south=-(10**7), east=-1795000000, north=10**7),
        ),
        (" -0.1 , 0, .5,1", None),
        ("1,2,3,4,5", None),
        ("", None),
        ("181,0,1,1", None),
        ("0,5,1,4", None),
        ("0,0,1,91", None),
        ("1e1,0,1,1", None),
        ("٣,0,1,1", None),
    ],
)
def test_a_box_is_read_to_the_last_digit_or_refused(text: str, box: Box | None) -> None:
    if box is None:
        with pytest.raises(BadBox):
            box_of(text)
    else:
        assert box_of(text) == box


async def test_a_vocabulary_is_told_in_the_language_asked(client: AsyncClient) -> None:
    schemes = (await client.get("vocabularies")).json()
    assert "practice" in schemes["schemes"]
    assert schemes["languages"] == ["ar", "en", "es", "fr", "pt"]
    asked = await client.get("vocabularies/practice", params={"lang": "ar-MA"})
    terms = {term["term"]: term for term in asked.json()["terms"]}
    assert terms["practice:time-bank"]["label"] == "بنك الوقت"
    assert terms["practice:time-bank"]["broader"] == "practice:exchange"
    assert asked.headers["Content-Language"] == "ar-MA"
    browser = await client.get(
        "vocabularies/activities", headers={"Accept-Language": "de, pt-BR;q=0.8, en;q=0.5"}
    )
    assert browser.json()["language"] == "pt-BR"
    assert browser.json()["terms"][0]["label"] == "Agricultura e meio ambiente"
    assert problem(await client.get("vocabularies/none")) == (422, "unknown-term")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "en"),
        ("*", "en"),
        ("fr;q=0", "en"),
        ("en;q=0.1, ar;q=0.9", "ar"),
        ("fr;q=x, es;q=0.2", "es"),
        ("FR-ca", "FR-ca"),
    ],
)
def test_the_browsers_first_language_of_ours_is_taken(header: str | None, language: str) -> None:
    assert preferred(header) == language


async def test_a_body_that_is_too_long_is_refused(client: AsyncClient) -> None:
    long = {**TAFSUT, "description": {"fr": "x" * 300_000}}
    answer = await client.post("entities", json=long, headers=STEWARD)
    assert problem(answer) == (413, "too-large")
