"""The health of governance over HTTP, from real decisions, a real register and declarations."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from services.governance.ballot_handlers import Casting, cast
from services.governance.decision_keeper import DecisionKeeper
from services.governance.health.declared import DECLARATION
from services.governance.health.signs import SIGNS
from services.governance.health_gathering import gathered, limits
from services.governance.health_handlers import NotDecided, YearNotBegun, record_declaration
from services.governance.prepared_decisions import Prepared, announce
from services.governance.rules import Method, Rule, SurplusPart
from shared.clock import SetClock
from shared.events import Event
from shared.store import Store, Work
from tests.governance.conftest import AUDITOR, STEWARD, member
from tests.governance.rolls.told import REGISTER, admitted, entered, entity, given

PEOPLE = [f"m-{number:02d}" for number in range(1, 13)]
READER = member("m-12")
ATTESTED = {"by": "Commission de contrôle", "sha256": "ab" * 32}
SURPLUS = Rule(
    method=Method.SURPLUS,
    surplus=tuple(SurplusPart(code=code) for code in ("members", "reserves", "social")),
)


def know(work: Work) -> None:
    """Have the register hold twelve workers, eight of them women, and six mandates."""
    told: list[Event] = [
        entered(person, gender="woman" if number < 8 else "man", worker=True)
        for number, person in enumerate(PEOPLE)
    ]
    told += [admitted(person) for person in PEOPLE[:9]]
    told += [given(number, PEOPLE[number], entity(number)) for number in range(3, 9)]
    REGISTER.tell(work, told)


def prepare(work: Work, rule: Rule, template: str) -> str:
    """Announce a decision."""
    prepared = Prepared(
        template=template, rule=rule, languages=("fr",), title={"fr": "Une question"}, text={},
        because="",
    )  # fmt: skip
    return announce(work, prepared, proposer="m-01")


async def held(
    store: Store, clock: SetClock, rule: Rule, template: str, choice: Mapping[str, Any], voters: int
) -> str:
    """Hold a decision from its notice to its count, and return its id."""
    keeper = DecisionKeeper(store, clock, every_s=3_600)
    decision = await store.write(prepare, rule, template)
    clock.move(timedelta(days=rule.notice_days, minutes=1))
    await keeper.look()
    for person in PEOPLE[:voters]:
        await store.write(cast, Casting(ballot_id=decision, choice=choice, person=person))
    clock.move(timedelta(days=rule.voting_days))
    await keeper.look()
    return decision


async def sign(client: AsyncClient, code: str, lang: str = "en") -> dict[str, Any]:
    """Return a sign as a member reads it."""
    answer = await client.get(f"/health/{code}", headers=READER, params={"lang": lang})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def declares(client: AsyncClient, **form: Any) -> Any:
    """Declare something as a steward."""
    body = {"year": 2025, "attestation": ATTESTED} | form
    return await client.post("/health/declarations", headers=STEWARD, json=body)


async def test_signs_are_taken_from_what_was_decided(
    client: AsyncClient, sqlite_store: Store, clock: SetClock
) -> None:
    await sqlite_store.write(know)
    rule = Rule(method=Method.YES_NO)
    await held(sqlite_store, clock, rule, "yes-no", {"answer": "yes"}, voters=6)
    told = await sign(client, "turnout")
    assert (told["value"], told["shown"]) == ([6, 9], "67 %")
    assert told["beside"][0] | {"code": "kind-yes-no", "value": [6, 9]} == told["beside"][0]
    assert (await sign(client, "deliberation"))["value"] == [14, 1]
    packages = (await sign(client, "transparency"))["beside"][0]
    assert (packages["code"], packages["value"]) == ("packages", [1, 1])


async def test_signs_are_taken_from_the_register(client: AsyncClient, sqlite_store: Store) -> None:
    await sqlite_store.write(know)
    gender = await sign(client, "gender-balance", "fr")
    assert (gender["value"], gender["name"]) == ([3, 20], "Équilibre entre femmes et hommes")
    assert [one["name"] for one in gender["alerts"]] == ["gender-low"]
    assert "PEOPLE" not in str(gender)
    assert (await sign(client, "worker-members"))["value"] == [9, 12]
    assert (await sign(client, "terms"))["value"] == [1, 1]


async def test_the_whole_health_has_thirteen_signs_in_each_language(
    client: AsyncClient,
) -> None:
    for lang in ("ar", "en", "es", "fr", "pt", "zgh-Tfng"):
        answer = await client.get("/health", headers=READER, params={"lang": lang})
        signs = answer.json()["signs"]
        assert [one["code"] for one in signs] == list(SIGNS)
        # A network that has just begun has no value, and is told why.
        assert all(one["value"] or one["reason"] for one in signs)
        assert all(len(one["trend"]) in (5, 8) for one in signs)
    assert (await client.get("/health")).status_code == 401
    assert (await client.get("/health/ranking", headers=READER)).status_code == 404


async def test_pay_is_declared_with_an_attestation_and_amended_by_a_newer_one(
    client: AsyncClient,
) -> None:
    assert (await declares(client, kind="pay", highest=950, lowest=200)).status_code == 201
    told = await sign(client, "pay-ratio", "pt")
    assert (told["value"], told["shown"], told["span"]) == ([950, 200], "4,8", "2025")
    assert [one["name"] for one in told["alerts"]] == ["pay-apart"]
    await declares(client, kind="pay", highest=800, lowest=200)
    assert (await sign(client, "pay-ratio"))["alerts"] == []
    listed = await client.get("/health/declarations?size=1", headers=AUDITOR)
    assert (listed.json()["items"][0]["body"]["highest"], bool(listed.json()["next"])) == (
        950,
        True,
    )
    after = {"size": 1, "after": listed.json()["next"]}
    last = (await client.get("/health/declarations", headers=AUDITOR, params=after)).json()
    assert (last["items"][0]["body"]["highest"], last["next"]) == (800, None)


async def test_a_declaration_that_is_sent_twice_with_a_key_is_one(client: AsyncClient) -> None:
    body = {"kind": "business", "year": 2025, "attestation": ATTESTED}
    body |= {"turnover": 100, "outside": 60}
    headers = STEWARD | {"Idempotency-Key": "business-2025"}
    answers = [
        await client.post("/health/declarations", headers=headers, json=body) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert [one["name"] for one in (await sign(client, "outside-business"))["alerts"]] == [
        "business-outside"
    ]


async def test_a_surplus_is_laid_beside_its_decision(
    client: AsyncClient, sqlite_store: Store, clock: SetClock
) -> None:
    await sqlite_store.write(know)
    choice = {"percent": {"members": 45, "reserves": 45, "social": 10}}
    decision = await held(sqlite_store, clock, SURPLUS, "surplus", choice, voters=7)
    lines = await client.get(
        f"/decisions/{decision}/surplus", headers=READER, params={"amount": 1_001}
    )
    assert {one["code"]: one["amount"] for one in lines.json()["lines"]} == {
        "members": 451, "reserves": 450, "social": 100,
    }  # fmt: skip
    uses = {"members": 600, "reserves": 400}
    answer = await declares(client, kind="surplus", uses=uses, decision=decision)
    assert answer.status_code == 201, answer.text
    told = await sign(client, "surplus-use", "es")
    figures = {one["code"]: (one["name"], one["value"]) for one in told["beside"]}
    assert figures["as-decided"] == ("Según lo decidido", [850, 1_000])
    assert [one["name"] for one in told["alerts"]] == ["surplus-elsewhere"]


async def test_a_limit_is_changed_by_a_decision_alone(
    client: AsyncClient, sqlite_store: Store, clock: SetClock
) -> None:
    await sqlite_store.write(know)
    await declares(client, kind="pay", highest=1_000, lowest=200)
    form = {"kind": "threshold", "year": 2026, "limit": "pay-apart", "n": 6, "d": 1}
    nowhere = "01990000-0000-7000-8000-000000000000"
    refused = await client.post(
        "/health/declarations", headers=STEWARD, json=form | {"decision": nowhere}
    )
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-decided")
    rule = Rule(method=Method.YES_NO)
    no = await held(sqlite_store, clock, rule, "yes-no", {"answer": "no"}, voters=6)
    yes = await held(sqlite_store, clock, rule, "yes-no", {"answer": "yes"}, voters=6)
    for decision, status in ((no, 409), (yes, 201)):
        form["decision"] = decision
        # The year has turned meanwhile or not: the limit holds from now on.
        answer = await client.post("/health/declarations", headers=STEWARD, json=form)
        assert answer.status_code == status
    assert await sqlite_store.read(limits) == {"pay-apart": (6, 1)}


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "pay", "highest": 1, "lowest": 2},
        {"kind": "pay", "highest": 2.5, "lowest": 2},
        {"kind": "workers", "workers": 3, "members": 4},
        {"kind": "business", "turnover": 3, "outside": 4},
        {"kind": "accounts", "published_on": "2026-4-3"},
        {"kind": "accounts", "published_on": "2026-02-31"},
        {"kind": "rank", "of": "everybody"},
        {"kind": "pay", "highest": 3, "lowest": 2, "year": 2027},
        {"kind": "pay", "highest": 3, "lowest": 2, "attestation": None},
        {"kind": "threshold", "limit": "no-such", "n": 1, "d": 2, "decision": "0" * 36},
    ],
)
async def test_what_cannot_be_is_not_declared(client: AsyncClient, form: dict[str, Any]) -> None:
    assert (await declares(client, **form)).status_code == 422
    body = {"kind": "pay", "year": 2025, "attestation": ATTESTED, "highest": 3, "lowest": 2}
    forbidden = await client.post("/health/declarations", headers=READER, json=body)
    assert forbidden.status_code == 403


async def test_facts_are_gathered_on_both_databases(store: Store, clock: SetClock) -> None:
    await store.write(know)
    rule = Rule(method=Method.YES_NO)
    decision = await held(store, clock, rule, "yes-no", {"answer": "yes"}, voters=4)
    pay = {"kind": "pay", "year": 2025, "attestation": ATTESTED, "highest": 3, "lowest": 1}
    await store.write(record_declaration, DECLARATION.validate_python(pay), steward="p-s")
    facts = await store.read(gathered)
    (one,) = facts.decisions
    assert (one.cast, one.roll, one.adopted, one.author) == (4, 9, True, "m-01")
    assert (len(facts.people), len(facts.offices), facts.voters) == (12, 6, 9)
    assert facts.years[2025].pay == (3, 1)
    surplus = {"kind": "surplus", "year": 2025, "attestation": ATTESTED, "uses": {"reserves": 1}}
    wrong = DECLARATION.validate_python(surplus | {"decision": decision})
    with pytest.raises(NotDecided):
        await store.write(record_declaration, wrong, steward="p-s")
    early = DECLARATION.validate_python(pay | {"year": 2030})
    with pytest.raises(YearNotBegun):
        await store.write(record_declaration, early, steward="p-s")
