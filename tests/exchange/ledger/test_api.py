"""The ledger over HTTP: who may do what, what is answered twice, what is refused by its name."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from services.exchange import api_ledger
from services.exchange.ledger_access import LEDGER_ROWS
from services.exchange.ledger_accounts import begin_units
from services.exchange.ledger_purposes import mutual_credit
from services.exchange.ledger_sheets import SHEET_LINES_MAX
from services.exchange.parts import Parts
from services.exchange.settings import ExchangeSettings
from services.exchange.tables.base import LOG
from shared import problems
from shared.access import AccessTable, Gate
from shared.clock import SetClock
from shared.gate import install, undeclared
from shared.idempotency import Answers
from shared.ids import ServiceName
from shared.keys import Prefix, SigningKey
from shared.people import Bearer, Claims, Mandate, TokenKeys, issue
from shared.store import Store
from tests.exchange.ledger.conftest import NODE, NOW, opened, uuid

KEY = SigningKey(b"t" * 32, Prefix.SERVICE)
TABLE = AccessTable(LEDGER_ROWS)
COOPERATIVE = f"{NODE}:{uuid(77)}"


def token(*roles: str, **claims: Any) -> dict[str, str]:
    """Return the header by which somebody with these roles asks."""
    given = {"sub": "somebody", "kind": Bearer.PERSON, "node": NODE, "roles": frozenset(roles)}
    said = Claims.lasting(timedelta(minutes=5), now=NOW, **{**given, **claims})
    return {"Authorization": f"Bearer {issue(said, KEY)}"}


STEWARD = token("steward", sub="sara")
AMINA, BADR, CARLA = (token("member", sub=name) for name in ("amina", "badr", "carla"))
DELEGATE = token(sub="fadma", mandates=(Mandate(entity=COOPERATIVE),))
AUDITOR = token("auditor", sub="omar")


@cache
def routes() -> FastAPI:
    """Return an application with the ledger's paths alone; making it takes longer than a test."""
    app = FastAPI()
    problems.install(app)
    app.include_router(api_ledger.router())
    return app


def application(clock: SetClock) -> FastAPI:
    """Return the application, with tokens judged by a test's own clock."""
    app = routes()
    keys = TokenKeys(tokens=frozenset({KEY.public}), services={})
    audience = ServiceName("exchange")
    install(app, Gate(table=TABLE, keys=keys, node=NODE, audience=audience, clock=clock))
    return app


@asynccontextmanager
async def served(store: Store, clock: SetClock) -> AsyncIterator[AsyncClient]:
    """Serve the ledger of a store in this process."""
    await store.write(begin_units, node=NODE)
    app = application(clock)
    fields: dict[str, Any] = {
        "settings": ExchangeSettings(node=NODE),
        "node": NODE,
        "store": store,
        "answers": Answers(LOG),
        "clock": clock,
        "changed": lambda: None,
    }
    known = Parts.__dataclass_fields__
    parts = Parts(**{name: fields.get(name) for name in known})

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": {"parts": parts}}, receive, send)

    transport = ASGITransport(app=with_state)
    async with AsyncClient(transport=transport, base_url="http://node/") as client:
        yield client


@pytest.fixture
async def store(tmp_path: Path, clock: SetClock) -> AsyncIterator[Store]:
    """A store in a file."""
    async with opened(f"sqlite:///{tmp_path / 'exchange.db'}", clock) as store:
        yield store


@pytest.fixture
async def client(store: Store, clock: SetClock) -> AsyncIterator[AsyncClient]:
    """A client of a ledger in which Amina, Badr and a cooperative have accounts in hours."""
    async with served(store, clock) as client:
        for owner, kind in (("amina", "person"), ("badr", "person"), (COOPERATIVE, "entity")):
            account = {"owner": owner, "kind": kind, "floor": -60, "ceiling": 120}
            answer = await client.post("ledger/accounts", json=account, headers=STEWARD)
            assert answer.status_code == 201
        yield client


def transfer(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return an hour of Badr's care for Amina's father, as it is handed in."""
    plain = {"id": uuid(number), "payer": "amina", "payee": "badr", "amount": 60}
    return {**plain, "purpose": "care", **fields}


async def account_of(client: AsyncClient, owner: str) -> dict[str, Any]:
    """Return an owner's account in hours."""
    answer = await client.get(
        "ledger/accounts", params={"owner": owner, "unit": "hours"}, headers=STEWARD
    )
    [found] = answer.json()["items"]
    return dict(found)


def problem(answer: Any) -> tuple[int, str]:
    """Return the status and the name of a refusal."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_every_operation_has_its_row_and_is_guarded_by_it(clock: SetClock) -> None:
    assert undeclared(application(clock), TABLE) == []


async def test_units_and_purposes_are_told_to_everybody(client: AsyncClient) -> None:
    units = (await client.get("ledger/units")).json()["units"]
    assert {(one["code"], one["kind"], one["parts"]) for one in units} == {
        ("hours", "time", 60),
        (mutual_credit(NODE), "mutual", 100),
    }
    purposes = (await client.get("ledger/purposes")).json()["purposes"]
    assert {"code": "care", "names": {
        "en": "Care", "ar": "رعاية", "fr": "Soin et accompagnement", "es": "Cuidados",
        "pt": "Cuidados",
    }} in purposes  # fmt: skip


async def test_the_payer_records_a_transfer_and_a_retry_is_answered_as_the_first(
    client: AsyncClient,
) -> None:
    given = transfer(note="two visits", happened_on="2026-11-20")
    first = await client.post("ledger/transfers", json=given, headers=AMINA)
    assert first.status_code == 201
    told = first.json()
    assert (told["payer"]["owner"], told["payee"]["owner"]) == ("amina", "badr")
    assert (told["amount"], told["unit"], told["purpose"]) == (60, "hours", "care")
    again = await client.post("ledger/transfers", json=given, headers=AMINA)
    assert (again.status_code, again.json()) == (201, told)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await client.post("ledger/transfers", json=given | {"amount": 59}, headers=AMINA)
    assert problem(other) == (409, "same-id-other-content")
    assert (await account_of(client, "badr"))["posted"] == 60


async def test_a_key_stands_for_an_id(client: AsyncClient) -> None:
    given = transfer()
    del given["id"]
    headers = {**AMINA, "Idempotency-Key": "one tap"}
    first = await client.post("ledger/transfers", json=given, headers=headers)
    again = await client.post("ledger/transfers", json=given, headers=headers)
    assert first.json() == again.json()
    assert (await account_of(client, "badr"))["posted"] == 60
    reused = await client.post("ledger/transfers", json=given | {"amount": 1}, headers=headers)
    assert problem(reused) == (422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"amount": 61}, (409, "limit-reached")),
        ({"amount": 0}, (422, "bad-amount")),
        ({"amount": -1}, (422, "bad-amount")),
        ({"amount": 1.5}, (422, "invalid")),
        ({"amount": 2**53}, (422, "invalid")),
        ({"payee": "amina"}, (422, "one-account")),
        ({"payee": "nobody"}, (422, "unknown-account")),
        ({"unit": "MAD"}, (403, "not-allowed")),
        ({"purpose": "bribe"}, (422, "unknown-purpose")),
        ({"happened_on": "2026-11-23"}, (422, "invalid")),
        ({"note": "x" * 281}, (422, "invalid")),
        ({"note": "\0"}, (422, "invalid")),
        ({"id": "one"}, (422, "invalid")),
        ({"more": 1}, (422, "invalid")),
    ],
)
async def test_what_cannot_pass_is_refused_by_its_name(
    client: AsyncClient, change: dict[str, Any], refusal: tuple[int, str]
) -> None:
    answer = await client.post("ledger/transfers", json=transfer(**change), headers=AMINA)
    assert problem(answer) == refusal
    assert (await account_of(client, "amina"))["posted"] == 0


async def test_nobody_takes_from_the_account_of_another(client: AsyncClient) -> None:
    for headers, status in ((BADR, 403), (AUDITOR, 403), ({}, 401), (token("member"), 403)):
        for payer in ("amina", "nobody"):
            given = transfer(payer=payer, amount=5)
            answer = await client.post("ledger/transfers", json=given, headers=headers)
            assert answer.status_code == status
    given = transfer(payer=COOPERATIVE, amount=5)
    for headers, status in ((AMINA, 403), (DELEGATE, 201), (STEWARD, 201)):
        answer = await client.post("ledger/transfers", json=given, headers=headers)
        assert answer.status_code == status


async def test_an_account_is_seen_by_its_owner_and_its_keepers(client: AsyncClient) -> None:
    account = (await account_of(client, "amina"))["id"]
    missing = str(uuid(9))
    paths = ("ledger/accounts/{}", "ledger/accounts/{}/statement",
             "ledger/accounts/{}/statement.csv")  # fmt: skip
    for path in paths:
        for headers, status, none in (
            ({}, 401, 401), (BADR, 403, 403), (AMINA, 200, 403), (AUDITOR, 200, 404),
            (STEWARD, 200, 404), (DELEGATE, 403, 403),
        ):  # fmt: skip
            assert (await client.get(path.format(account), headers=headers)).status_code == status
            assert (await client.get(path.format(missing), headers=headers)).status_code == none
    everybody = await client.get("ledger/accounts", headers=BADR)
    assert problem(everybody) == (403, "not-allowed")
    first = (await client.get("ledger/accounts", params={"size": 2}, headers=AUDITOR)).json()
    rest = await client.get("ledger/accounts", params={"after": first["next"]}, headers=AUDITOR)
    assert len(first["items"]) + len(rest.json()["items"]) == 3


async def test_members_open_accounts_of_their_own_without_choosing_limits(
    client: AsyncClient,
) -> None:
    own = {"owner": "carla", "kind": "person"}
    for given, headers, status in (
        (own, BADR, 403), (own | {"floor": -9999}, CARLA, 403), (own, CARLA, 201),
        (own, CARLA, 200), (own | {"kind": "entity"}, STEWARD, 422),
        (own | {"unit": "MAD"}, STEWARD, 422), (own | {"owner": "ilhas:x"}, STEWARD, 422),
        ({"owner": COOPERATIVE, "kind": "entity", "unit": mutual_credit(NODE)}, DELEGATE, 201),
        (own | {"unit": mutual_credit(NODE), "floor": None}, STEWARD, 201),
    ):  # fmt: skip
        answer = await client.post("ledger/accounts", json=given, headers=headers)
        assert answer.status_code == status
    # A floor that was said to be none is none.
    assert (answer.json()["floor"], answer.json()["available"]) == (None, None)
    assert (await account_of(client, "carla"))["floor"] == -1200


async def test_limits_and_states_are_changed_by_who_has_seen_the_account(
    client: AsyncClient,
) -> None:
    path = f"ledger/accounts/{(await account_of(client, 'amina'))['id']}"
    seen = await client.get(path, headers=STEWARD)
    tag = {"If-Match": seen.headers["ETag"]}
    same = await client.get(path, headers={**AMINA, "If-None-Match": seen.headers["ETag"]})
    assert same.status_code == 304
    for headers, refusal in (
        ({**AMINA, **tag}, (403, "not-allowed")),
        (STEWARD, (428, "match-required")),
        ({**STEWARD, "If-Match": '"0/0"'}, (412, "changed-meanwhile")),
    ):
        answer = await client.patch(path, json={"state": "frozen"}, headers=headers)
        assert problem(answer) == refusal
    frozen = await client.patch(path, json={"state": "frozen"}, headers={**STEWARD, **tag})
    assert frozen.json()["state"] == "frozen"
    answer = await client.post("ledger/transfers", json=transfer(), headers=AMINA)
    assert problem(answer) == (409, "account-frozen")
    now = {"If-Match": frozen.headers["ETag"]}
    change = {"state": "open", "floor": -5}
    opened_again = await client.patch(path, json=change, headers={**STEWARD, **now})
    assert (opened_again.json()["floor"], opened_again.json()["ceiling"]) == (-5, 120)
    answer = await client.post("ledger/transfers", json=transfer(amount=6), headers=AMINA)
    assert problem(answer) == (409, "limit-reached")


async def test_a_request_is_made_by_the_payee_and_answered_by_the_payer(
    client: AsyncClient,
) -> None:
    given = transfer(amount=30)
    for headers, status in ((AMINA, 403), (CARLA, 403), (BADR, 201), (BADR, 201)):
        answer = await client.post("ledger/requests", json=given, headers=headers)
        assert answer.status_code == status
    assert answer.headers["Idempotency-Replayed"] == "true"
    path = f"ledger/requests/{uuid(1)}"
    for do, headers, status in (
        ("confirm", BADR, 403), ("decline", BADR, 403), ("withdraw", AMINA, 403),
        ("confirm", AMINA, 201), ("confirm", AMINA, 201), ("decline", AMINA, 409),
        ("withdraw", BADR, 409),
    ):  # fmt: skip
        assert (await client.post(f"{path}/{do}", headers=headers)).status_code == status
    read = await client.get(f"ledger/transfers/{uuid(1)}", headers=BADR)
    assert (read.json()["kind"], read.json()["amount"]) == ("request", 30)
    assert (await client.get(f"ledger/transfers/{uuid(1)}", headers=CARLA)).status_code == 403
    assert (await client.get(f"ledger/transfers/{uuid(9)}", headers=CARLA)).status_code == 403
    assert (await client.get(f"ledger/transfers/{uuid(9)}", headers=STEWARD)).status_code == 404


async def test_requests_are_listed_for_whom_they_concern(client: AsyncClient) -> None:
    for number in (1, 2, 3):
        await client.post("ledger/requests", json=transfer(number, amount=5), headers=BADR)
    await client.post(
        f"ledger/requests/{uuid(2)}/decline", json={"reason": "it was one"}, headers=AMINA
    )
    await client.post(f"ledger/requests/{uuid(3)}/withdraw", headers=BADR)
    account = {"account": (await account_of(client, "amina"))["id"]}
    listed = await client.get("ledger/requests", params=account | {"size": 2}, headers=AMINA)
    assert [(one["id"], one["state"]) for one in listed.json()["items"]] == [
        (uuid(3), "withdrawn"),
        (uuid(2), "declined"),
    ]
    after = account | {"after": listed.json()["next"]}
    rest = await client.get("ledger/requests", params=after, headers=AMINA)
    assert [one["id"] for one in rest.json()["items"]] == [uuid(1)]
    asked = await client.get("ledger/requests", params={"state": "asked"}, headers=AUDITOR)
    assert [one["id"] for one in asked.json()["items"]] == [uuid(1)]
    for headers in (AMINA, CARLA):
        assert (await client.get("ledger/requests", headers=headers)).status_code == 403
    for path in ("confirm", "decline", "withdraw"):
        unknown = f"ledger/requests/{uuid(9)}/{path}"
        assert (await client.post(unknown, headers=AMINA)).status_code == 403
        assert (await client.post(unknown, headers=STEWARD)).status_code == 404


async def test_a_correction_is_made_by_who_received_or_by_a_steward(client: AsyncClient) -> None:
    for number in (1, 2):
        await client.post("ledger/transfers", json=transfer(number, amount=20), headers=AMINA)
    path = f"ledger/transfers/{uuid(1)}/reversal"
    back = {"id": uuid(5), "note": "the wrong day"}
    for headers, status in ((AMINA, 403), (CARLA, 403), (BADR, 201), (BADR, 201)):
        answer = await client.post(path, json=back, headers=headers)
        assert answer.status_code == status
    [told] = answer.json()["transfers"]
    assert (told["reverses"], told["payer"]["owner"], told["amount"]) == (uuid(1), "badr", 20)
    twice = await client.post(path, json={"id": uuid(6)}, headers=STEWARD)
    assert problem(twice) == (409, "already-reversed")
    other = await client.post(f"ledger/transfers/{uuid(2)}/reversal", json={}, headers=STEWARD)
    assert other.status_code == 201
    none = f"ledger/transfers/{uuid(9)}/reversal"
    assert (await client.post(none, json={}, headers=STEWARD)).status_code == 404
    assert (await client.post(none, json={}, headers=BADR)).status_code == 403
    assert (await account_of(client, "amina"))["posted"] == 0


async def test_a_steward_enters_a_paper_sheet(client: AsyncClient) -> None:
    lines = [
        transfer(1), transfer(2), transfer(3, payee=COOPERATIVE, payer="badr", amount=30),
        transfer(4, payee="nobody"),
    ]  # fmt: skip
    assert (
        await client.post("ledger/sheets", json={"lines": lines}, headers=AMINA)
    ).status_code == 403
    first = await client.post("ledger/sheets", json={"lines": lines}, headers=STEWARD)
    again = await client.post("ledger/sheets", json={"lines": lines}, headers=STEWARD)
    outcomes = [[one["outcome"] for one in told.json()["lines"]] for told in (first, again)]
    assert outcomes == [
        ["recorded", "refused", "recorded", "refused"],
        ["known", "refused", "known", "refused"],
    ]
    assert [one["type"] for one in first.json()["lines"]] == [
        "", "/problems/limit-reached", "", "/problems/unknown-account",
    ]  # fmt: skip
    too_long = {"lines": lines * SHEET_LINES_MAX}
    for sheet in ({"lines": []}, too_long, {"lines": [transfer(5) | {"id": None}]}):
        answer = await client.post("ledger/sheets", json=sheet, headers=STEWARD)
        assert problem(answer) == (422, "invalid")


async def test_a_statement_is_read_by_its_owner_in_pages_and_as_a_file(
    client: AsyncClient,
) -> None:
    for number, amount in ((1, 10), (2, 20), (3, 5)):
        given = transfer(number, amount=amount, note="soupe à l'oignon")
        await client.post("ledger/transfers", json=given, headers=AMINA)
    path = f"ledger/accounts/{(await account_of(client, 'amina'))['id']}/statement"
    first = (await client.get(path, params={"size": 2}, headers=AMINA)).json()
    assert [(one["given"], one["after"]["posted"], one["after"]["available"])
            for one in first["lines"]] == [(10, -10, 50), (20, -30, 30)]  # fmt: skip
    rest = (await client.get(path, params={"after": first["next"]}, headers=AMINA)).json()
    assert (rest["before"]["posted"], rest["lines"][0]["after"]["posted"]) == (-30, -35)
    assert (rest["next"], rest["account"]["posted"]) == (None, -35)
    file = await client.get(f"{path}.csv", params={"language": "fr"}, headers=AMINA)
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert (len(rows), rows[0][6:8]) == (5, ["reçu (minutes)", "donné (minutes)"])
    day = {"since": "2026-11-22"}
    later = await client.get(path, params=day, headers=AMINA)
    assert (later.json()["lines"], later.json()["before"]["posted"]) == ([], -35)
    for wrong in ({"since": "yesterday"}, {"after": "x"}, {"size": 0}):
        assert (await client.get(path, params=wrong, headers=AMINA)).status_code == 422


async def test_whether_the_books_are_right_is_told_to_those_who_look_after_them(
    client: AsyncClient,
) -> None:
    await client.post("ledger/transfers", json=transfer(), headers=AMINA)
    checked = (await client.get("ledger/check", headers=AUDITOR)).json()
    assert checked["holds"] is True
    assert [one["invariant"] for one in checked["findings"]] == [
        "I1", "I2", "I3", "I4", "I5", "I6", "I7",
    ]  # fmt: skip
    assert (await client.get("ledger/check", headers=AMINA)).status_code == 403
