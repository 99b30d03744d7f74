"""Ballots over HTTP: who may ask for what, receipts and their proofs, tellers, delegations."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from httpx import AsyncClient

from services.governance.merkle import Proof, verified
from services.governance.package import recount
from services.governance.receipts import receipt_of
from shared.canonical import canonical
from shared.clock import SetClock, stamp
from shared.people import Bearer
from tests.governance.ballots.polls import (
    BALLOT,
    CLOSES,
    NO,
    SAFIA,
    TOUDA,
    YES,
    begin,
    close,
    options,
    person,
    rule,
    vote,
)
from tests.governance.conftest import AUDITOR, NOW, STEWARD, Governance, member, token
from tests.governance.rolls.told import entity, uuid

PATH = f"/ballots/{BALLOT}"
HANDS = {"safia": member(SAFIA), "touda": member(TOUDA)}


def who(number: int, *entities: str) -> dict[str, str]:
    """Return the header of a person."""
    return member(person(number), *entities)


def slug(answer: Any) -> str:
    """Return the name of a refusal."""
    return str(answer.json()["type"]).removeprefix("/problems/")


async def test_a_vote_gets_a_receipt_whose_proof_leads_to_the_published_root(
    client: AsyncClient, governance: Governance
) -> None:
    await governance.store.write(begin)
    nonce = "0f" * 32
    answer = await client.post(
        f"{PATH}/casts", json={"choice": YES, "nonce": nonce}, headers=who(0)
    )
    assert answer.status_code == 201
    receipt = answer.json()["receipt"]
    assert receipt == receipt_of(BALLOT, nonce, canonical(YES))
    assert "yes" not in answer.text
    assert slug(await client.get(f"{PATH}/receipts/{receipt}", headers=who(1))) == (
        "ballot-still-open"
    )
    await governance.store.write(vote, 1, NO)
    await governance.store.write(close)
    told = (await client.get(PATH, headers=who(2))).json()
    assert (told["state"], told["result"]["cast"], told["result"]["small_groups"]) == (
        "closed", 2, ["no", "yes"],
    )  # fmt: skip
    found = (await client.get(f"{PATH}/receipts/{receipt}", headers=who(2))).json()
    root = bytes.fromhex(told["result"]["root"])
    assert verified(root, bytes.fromhex(receipt), Proof.of_data(found))
    listed = (await client.get(f"{PATH}/receipts?beginning={receipt[:3]}", headers=who(2))).json()
    assert receipt in [one["receipt"] for one in listed["items"]]
    assert slug(await client.get(f"{PATH}/receipts/{'0' * 64}", headers=who(2))) == (
        "no-such-receipt"
    )


async def test_a_report_is_told_round_by_round_in_the_language_that_is_asked_for(
    client: AsyncClient, governance: Governance
) -> None:
    await governance.store.write(begin)
    await governance.store.write(vote, 1, NO)
    await governance.store.write(close)
    for lang, line in (
        ("fr", "Oui : 0 ; non : 1 ; blancs : 0."),
        ("pt-BR", "Sim: 0; não: 1; em branco: 0."),
        ("de", "Yes: 0; no: 1; blank: 0."),
    ):
        result = (await client.get(f"{PATH}?lang={lang}", headers=who(2))).json()["result"]
        assert line in result["words"]


async def test_a_surplus_is_told_by_use_once_it_is_counted(
    client: AsyncClient, governance: Governance
) -> None:
    part = {"surplus": [{"code": "reserves"}, {"code": "social"}]}
    await governance.store.write(
        lambda work: begin(work, under=rule("surplus", **part), among=options("reserves", "social"))
    )
    amounts = f"/decisions/{BALLOT}/surplus?amount=7"
    assert slug(await client.get(amounts, headers=who(2))) == "ballot-still-open"
    await governance.store.write(vote, 1, {"percent": {"reserves": 60, "social": 40}})
    await governance.store.write(close)
    lines = (await client.get(amounts, headers=who(2))).json()["lines"]
    assert sum(line["amount"] for line in lines) == 7


async def test_nothing_of_an_open_ballot_is_told(
    client: AsyncClient, governance: Governance, clock: SetClock
) -> None:
    await governance.store.write(begin, 11)
    for n in range(6):
        await governance.store.write(vote, n, YES)
    assert (await client.get(PATH, headers=who(0))).json()["result"] is None
    for path in ("receipts", f"receipts/{'0' * 64}", "issued", "package", "export"):
        for header in (STEWARD, AUDITOR):
            assert slug(await client.get(f"{PATH}/{path}", headers=header)) == "ballot-still-open"
    turnout = await client.get(f"{PATH}/turnout", headers=STEWARD)
    assert turnout.json() == {"voted": 6, "roll_size": 11}
    assert (await client.get(f"{PATH}/turnout", headers=HANDS["safia"])).status_code == 200
    assert slug(await client.get(f"{PATH}/turnout", headers=who(0))) == "not-a-teller"
    clock.move(CLOSES - clock.now())
    told = (await client.get(PATH, headers=who(0))).json()
    assert (told["state"], told["result"]) == ("over", None)


async def test_one_sees_that_one_has_voted_and_never_what(
    client: AsyncClient, governance: Governance
) -> None:
    await governance.store.write(begin)
    before = (await client.get(f"{PATH}/own", headers=who(0))).json()
    assert (before["takes_votes"], before["may_change"]) == (True, True)
    assert [one["voted"] for one in before["votes"]] == [False]
    await client.post(f"{PATH}/casts", json={"choice": NO}, headers=who(0))
    after = await client.get(f"{PATH}/own", headers=who(0))
    assert after.json()["votes"] == [
        {
            "voter": f"p:{person(0)}",
            "voted": True,
            "channel": "online",
            "hour": "2026-11-22T09",
            "by_proxy": False,
        }
    ]
    assert "no" not in after.text.replace("nonce", "")
    assert (await client.get(f"{PATH}/own", headers=member("stranger"))).json()["votes"] == []


async def test_a_request_that_comes_twice_is_one_vote_and_nothing_of_it_is_kept_with_its_sender(
    client: AsyncClient, governance: Governance
) -> None:
    await governance.store.write(begin)
    headers = who(0) | {"Idempotency-Key": "once"}
    first = await client.post(f"{PATH}/casts", json={"choice": YES}, headers=headers)
    second = await client.post(f"{PATH}/casts", json={"choice": YES}, headers=headers)
    assert (first.json()["receipt"], "idempotency-replayed" in first.headers) == (
        second.json()["receipt"], False,
    )  # fmt: skip
    assert second.headers["idempotency-replayed"] == "true"
    other = await client.post(f"{PATH}/casts", json={"choice": NO}, headers=headers)
    assert slug(other) == "idempotency-key-reused"
    kept = await governance.store.read(
        lambda work: work.connection.exec_driver_sql("SELECT count(*) FROM answered").scalar_one()
    )
    assert kept == 0


async def test_refusals_of_a_vote_are_named(
    client: AsyncClient, governance: Governance, clock: SetClock
) -> None:
    under = rule("approval", choices_max=1, electorate={"kind": "mixed"})
    opens = NOW + timedelta(hours=1)
    await governance.store.write(
        begin, 2, under=under, among=options("a", "b"), cooperatives=2, opens=opens
    )

    async def refused(said: Any, headers: dict[str, str]) -> str:
        answer = await client.post(f"{PATH}/casts", json=said, headers=headers)
        assert 400 <= answer.status_code < 500
        return slug(answer)

    good = {"choice": {"options": ["a"]}}
    assert await refused(good, who(0)) == "ballot-not-open"
    clock.move(timedelta(hours=2))
    assert await refused(good, {}) == "token-missing"
    assert await refused(good, token("member", kind=Bearer.PROGRAM)) == "not-allowed"
    assert await refused(good, member("stranger")) == "not-in-roll"
    foreign = member("delegate-0", entity(1))
    assert await refused(good, foreign) == "wrong-mandate"
    assert await refused(good | {"voter": f"p:{person(1)}"}, who(0)) == "no-proxy"
    assert await refused({"choice": {"options": ["z"]}}, who(0)) == "unknown-option"
    assert await refused({"choice": {"options": ["a", "b"]}}, who(0)) == "too-many-options"
    assert await refused({"choice": {"ranks": []}}, who(0)) == "malformed-choice"
    assert await refused({"choice": [], "more": 1}, who(0)) == "invalid"
    assert await refused(good | {"nonce": "short"}, who(0)) == "invalid"
    missing = await client.post(f"/ballots/{uuid(9)}/casts", json=good, headers=who(0))
    assert slug(missing) == "not-found"
    clock.move(CLOSES - clock.now())
    assert await refused(good, who(0)) == "ballot-closed"


@pytest.mark.parametrize("secrecy", ["open", "custody"])
async def test_packages_are_for_stewards_and_auditors_and_for_all_where_votes_are_open(
    client: AsyncClient, governance: Governance, secrecy: str
) -> None:
    await governance.store.write(begin, under=rule(secrecy=secrecy))
    await governance.store.write(vote, 0, YES)
    await governance.store.write(close)
    for header in (STEWARD, AUDITOR):
        data = (await client.get(f"{PATH}/package", headers=header)).content
        assert recount(data).cast == 1
        csv = await client.get(f"{PATH}/export?form=csv", headers=header)
        assert csv.text.splitlines() == ["ballot,blank,answer", "1,0,yes"]
        assert slug(await client.get(f"{PATH}/export?form=pb", headers=header)) == "no-such-export"
        issued = (await client.get(f"{PATH}/issued", headers=header)).json()
        assert [one["voter"] for one in issued["items"]] == [f"p:{person(0)}"]
    public = secrecy == "open"
    for path in ("package", "export", "roll-call"):
        answer = await client.get(f"{PATH}/{path}", headers=who(3))
        assert answer.status_code == (200 if public else 403), path
    assert (await client.get(f"{PATH}/issued", headers=who(3))).status_code == 403
    assert (await client.get(f"{PATH}/package")).status_code == 401


async def test_two_tellers_enter_papers_over_http(
    client: AsyncClient, governance: Governance
) -> None:
    await governance.store.write(begin)
    named = await client.put(f"{PATH}/tellers", json={"persons": [SAFIA, TOUDA]}, headers=who(0))
    assert named.status_code == 403
    named = await client.put(f"{PATH}/tellers", json={"persons": [SAFIA, TOUDA]}, headers=STEWARD)
    assert named.json() == {"persons": [SAFIA, TOUDA]}
    paper = {"subject": f"p:{person(0)}", "channel": "phone", "choice": YES}

    async def enter(teller: str, said: Any = paper) -> Any:
        return await client.post(f"{PATH}/papers", json=said, headers=HANDS[teller])

    assert (await enter("safia")).json()["state"] == "waiting"
    assert (await enter("touda", paper | {"choice": NO})).json()["others"] == YES
    shown = await client.get(f"{PATH}/papers/p:{person(0)}", headers=HANDS["safia"])
    assert (shown.json()["state"], shown.json()["others"]) == ("differs", NO)
    lines = (await client.get(f"{PATH}/papers", headers=HANDS["touda"])).text
    assert "differs" in lines
    assert "answer" not in lines
    assert (await enter("touda")).json()["state"] == "agreed"
    assert slug(await client.post(f"{PATH}/papers", json=paper, headers=who(1))) == "not-a-teller"
    slip = {"subject": "s:1", "channel": "urn", "spoilt": True}
    assert [(await enter(one, slip)).json()["state"] for one in HANDS] == ["waiting", "spoilt"]
    assert slug(await enter("safia", {"subject": "s:2", "channel": "urn"})) == "malformed-choice"
    tick = await client.post(
        f"{PATH}/ticks", json={"voter": f"p:{person(1)}"}, headers=HANDS["safia"]
    )
    assert tick.status_code == 204
    assert slug(await client.post(f"{PATH}/casts", json={"choice": YES}, headers=who(1))) == (
        "voted-elsewhere"
    )
    closed = await governance.store.write(close)
    assert (closed.cast, closed.invalid, closed.issued) == (1, 1, 2)


async def test_proxies_and_delegations_over_http(
    client: AsyncClient, governance: Governance
) -> None:
    under = rule(proxies_max=1, delegation={"scope": "housing", "held_max": 2})
    await governance.store.write(begin, 6, under=under)
    voter = [f"p:{person(n)}" for n in range(6)]
    given = await client.post(
        f"{PATH}/proxies", json={"giver": voter[1], "holder": voter[0]}, headers=HANDS["safia"]
    )
    assert given.status_code == 201
    own = (await client.get(f"{PATH}/own", headers=who(0))).json()
    assert [(one["voter"], one["by_proxy"]) for one in own["votes"]] == [
        (voter[0], False), (voter[1], True),
    ]  # fmt: skip
    for said in ({"choice": YES}, {"choice": YES, "voter": voter[1]}):
        assert (await client.post(f"{PATH}/casts", json=said, headers=who(0))).status_code == 201
    until = stamp(NOW + timedelta(days=30))
    for number in (2, 3, 4, 5):
        wanted = {"holder": voter[0], "scope": "housing", "until": until}
        answer = await client.post("/delegations", json=wanted, headers=who(number))
        assert answer.status_code == 201
    taken_back = (await client.get("/delegations", headers=who(2))).json()["items"][0]["id"]
    assert (
        await client.post(f"/delegations/{taken_back}/revocation", headers=who(3))
    ).status_code == 404
    assert (await client.post(f"/delegations/{taken_back}/revocation", headers=who(2))).json()[
        "revoked_at"
    ]
    holders = (await client.get("/delegations/holders", headers=who(5))).json()["items"]
    assert holders == [{"holder": voter[0], "scope": "housing", "votes": 3}]
    for wrong in (
        {"holder": voter[2], "scope": "housing", "until": until},
        {"holder": voter[0], "scope": "housing", "until": stamp(NOW)},
    ):
        assert slug(await client.post("/delegations", json=wrong, headers=who(2))) == (
            "bad-delegation"
        )
    acts = {"giver": f"e:{entity(1)}", "holder": voter[0], "scope": "a", "until": until}
    assert slug(await client.post("/delegations", json=acts, headers=who(2))) == "wrong-mandate"
    await client.post(f"{PATH}/casts", json={"choice": NO}, headers=who(3))
    closed = await governance.store.write(close)
    # The holder's own, the proxy's, one who voted against the holder, and two carried.
    assert closed.report.classes == {"yes": 4, "no": 1}
    assert closed.notes == ({"kind": "delegated", "votes": 2, "abstaining": {}},)
    package = (await client.get(f"{PATH}/package", headers=STEWARD)).content
    assert recount(package).cast == closed.cast == closed.issued == 5


async def test_a_list_of_receipts_is_paged_in_the_order_of_the_tree(
    client: AsyncClient, governance: Governance
) -> None:
    await governance.store.write(begin, 9)
    for n in range(9):
        await governance.store.write(vote, n, YES)
    await governance.store.write(close)
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        query = f"?size=4&after={after}" if after else "?size=4"
        page = (await client.get(f"{PATH}/receipts{query}", headers=who(0))).json()
        found += [one["receipt"] for one in page["items"]]
        after = page["next"]
    package = orjson.loads((await client.get(f"{PATH}/package", headers=AUDITOR)).content)
    assert len(found) == len(package["parts"]["ballots"]) == 9
    assert found == sorted(found)
