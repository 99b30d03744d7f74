"""Decisions over HTTP: who does what, in which language it is read, and what is awaited of whom."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response

from services.governance.ballot_handlers import Casting, cast
from services.governance.decision_keeper import DecisionKeeper
from services.governance.process.steps import FIRST, chained
from shared.clock import SetClock
from shared.people import Bearer
from tests.governance.conftest import AUDITOR, STEWARD, Governance, member, token
from tests.governance.process.conftest import COOPERATIVE, PROPOSER, VOTERS

WORDS = {"template": "yes-no", "language": "fr", "title": "Un four", "text": "Commun."}
PLAIN = {"rule": {"method": "yes-no"}}
OWNER = member(PROPOSER)
OTHER = member(VOTERS[1])
THIRD = member(VOTERS[2])
SECOND_STEWARD = token("steward", sub="p-second-steward")


async def begun(client: AsyncClient, who: dict[str, str] = STEWARD, **fields: Any) -> str:
    answer = await client.post("decisions", json=WORDS | fields, headers=who)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def idea(client: AsyncClient, **fields: Any) -> str:
    return await begun(client, OWNER, idea=True, **fields)


async def proposal(client: AsyncClient, **fields: Any) -> str:
    """Return a proposal of a member's that two others have supported."""
    decision = await idea(client, **fields)
    for who in (OTHER, THIRD):
        ok(await client.put(f"decisions/{decision}/support", headers=who))
    texts = {"fr": {"title": "Un four", "text": "Commun."}}
    said = {"language": "fr", "texts": texts}
    ok(await client.post(f"decisions/{decision}/versions", json=said, headers=OWNER))
    return decision


async def noticed(client: AsyncClient, rule: dict[str, Any] = PLAIN, **fields: Any) -> str:
    decision = await proposal(client, **fields)
    ok(await client.post(f"decisions/{decision}/notice", json=rule, headers=STEWARD))
    return decision


async def read(client: AsyncClient, decision: str, **query: str) -> dict[str, Any]:
    answer = await client.get(f"decisions/{decision}", params=query, headers=OTHER)
    found: dict[str, Any] = ok(answer)
    return found


def ok(answer: Response) -> Any:
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def refused(answer: Response) -> str:
    """Return the name by which something was refused."""
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["type"]).removeprefix("/problems/")


async def test_a_decision_lives_from_the_idea_to_what_became_of_it(
    network: AsyncClient, governance: Governance, keeper: DecisionKeeper, clock: SetClock
) -> None:
    decision = await noticed(network)
    before = await read(network, decision)
    assert before["notice"]["rule_hash"]
    assert (before["phase"], before["count"], before["ballot"]) == ("noticed", None, None)
    clock.move(timedelta(days=14))
    await keeper.look()
    for number, who in enumerate(VOTERS[:4]):
        choice = {"answer": "yes" if number else "no"}
        await governance.store.write(cast, Casting(ballot_id=decision, choice=choice, person=who))
    during = await read(network, decision)
    assert (during["phase"], during["count"]) == ("voting", None)
    assert not {"cast", "yes", "turnout"} & set(during["ballot"])
    clock.move(timedelta(days=7))
    await keeper.look()
    closed = await read(network, decision)
    assert closed["count"]["outcome"] == "adopted"
    assert (closed["count"]["cast"], closed["count"]["roll"]) == (4, 6)
    deadline = clock.now() + timedelta(days=30)
    said = {"owner": VOTERS[2], "deadline": deadline.isoformat(), "task": "L'acheter."}
    at = f"decisions/{decision}"
    assert refused(await network.post(f"{at}/outcome", json=said, headers=OTHER)) == "not-keeper"
    ok(await network.post(f"{at}/outcome", json=said, headers=STEWARD))
    clock.move(timedelta(days=31))
    await keeper.look()
    late = ok(await network.get(f"{at}/outcome", headers=OTHER))
    assert (late["outcome"]["state"], late["outcome"]["late"]) == ("late", True)
    done = {
        "state": "done",
        "report": "Il est là.",
        "files": [{"name": "comptes.xlsx", "sha256": "ab" * 32}],
    }
    ok(await network.post(f"{at}/follow-up", json=done, headers=THIRD))
    last = await read(network, decision)
    assert (last["phase"], last["outcome"]["state"]) == ("followed-up", "done")
    assert last["outcome"]["files"][0]["name"] == "comptes.xlsx"


async def test_the_history_is_a_chain_that_a_reader_checks(network: AsyncClient) -> None:
    decision = await noticed(network)
    links: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        answer = await network.get(
            f"decisions/{decision}/history", params={"size": "2", **after}, headers=OTHER
        )
        page = ok(answer)
        links += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    head = FIRST
    for number, link in enumerate(links, start=1):
        head = chained(head, decision, number, link["body"].encode())
        assert (link["number"], link["hash"]) == (number, head)
    assert [link["step"]["what"] for link in links] == [
        "begun", "supported", "supported", "version-written", "notice-given",
    ]  # fmt: skip
    assert (await read(network, decision))["head"] == head


async def test_who_does_not_belong_reads_templates_and_nothing_else(network: AsyncClient) -> None:
    decision = await proposal(network)
    for path in ("templates", "methods"):
        ok(await network.get(path))
    for path in ("decisions", f"decisions/{decision}", f"decisions/{decision}/history",
                 f"decisions/{decision}/outcome", "objections"):  # fmt: skip
        assert refused(await network.get(path)) == "token-missing"


async def test_programs_and_services_do_not_take_part(network: AsyncClient) -> None:
    for who in (token(kind=Bearer.PROGRAM), token(sub="portal", kind=Bearer.PROGRAM)):
        answer = await network.post("decisions", json=WORDS, headers=who)
        assert refused(answer) == "not-allowed"


async def test_members_propose_and_stewards_or_facilitators_give_notice(
    network: AsyncClient,
) -> None:
    decision = await proposal(network)
    at = f"decisions/{decision}"
    assert refused(await network.post(f"{at}/notice", json=PLAIN, headers=OWNER)) == "not-keeper"
    role = {"persons": [VOTERS[3]]}
    assert refused(
        await network.put(f"{at}/roles/facilitator", json=role, headers=OWNER)
    ) == "not-keeper"  # fmt: skip
    ok(await network.put(f"{at}/roles/facilitator", json=role, headers=STEWARD))
    ok(await network.post(f"{at}/notice", json=PLAIN, headers=member(VOTERS[3])))
    texts = {"fr": {"title": "Autre"}}
    for path, body in (
        ("versions", {"language": "fr", "texts": texts}),
        ("amendments", {"version": 1, "language": "fr", "title": "A", "reason": "B"}),
        ("notice", PLAIN),
    ):
        answer = await network.post(f"{at}/{path}", json=body, headers=OWNER)
        assert refused(answer) in ("wrong-phase", "not-keeper")
    assert (await read(network, decision))["notice"]["version"] == 1


async def test_an_idea_needs_support_and_a_member_cannot_do_without(network: AsyncClient) -> None:
    answer = await network.post("decisions", json=WORDS, headers=OWNER)
    assert refused(answer) == "support-lacking"
    decision = await idea(network)
    texts = {"language": "fr", "texts": {"fr": {"title": "Un four"}}}
    answer = await network.post(f"decisions/{decision}/versions", json=texts, headers=OWNER)
    assert refused(answer) == "support-lacking"
    ok(await network.put(f"decisions/{decision}/support", headers=OTHER))
    assert refused(await network.put(f"decisions/{decision}/support", headers=OTHER)) == (
        "already-so"
    )
    ok(await network.delete(f"decisions/{decision}/support", headers=OTHER))
    assert (await read(network, decision))["support"] == 0


async def test_words_are_read_in_the_language_that_is_asked_for(network: AsyncClient) -> None:
    decision = await proposal(network)
    at = f"decisions/{decision}/versions/1/texts/ar"
    ok(await network.put(at, json={"title": "فرن", "text": "مشترك"}, headers=OTHER))
    arabic = await read(network, decision, lang="ar-MA")
    assert (arabic["words"]["language"], arabic["words"]["title"]) == ("ar", "فرن")
    assert (arabic["words"]["authoritative"], arabic["words"]["confirmed"]) == (False, False)
    hash_ = next(one["hash"] for one in arabic["languages"] if one["language"] == "ar")
    confirm = f"{at}/confirmation"
    said = {"hash": hash_}
    assert refused(await network.put(confirm, json=said, headers=OTHER)) == "own-translation"
    ok(await network.put(confirm, json=said, headers=THIRD))
    assert (await read(network, decision, lang="ar"))["words"]["confirmed"]
    spanish = await read(network, decision, lang="es")
    assert (spanish["words"]["language"], spanish["label"]) == ("fr", "Sí o no")
    listed = ok(await network.get("decisions", params={"lang": "es"}, headers=OTHER))["items"]
    assert [one["language"] for one in listed] == ["fr"]
    whole = ok(await network.get(f"decisions/{decision}/versions/1", headers=OTHER))
    assert set(whole["texts"]) == {"fr", "ar"}


async def test_a_ballot_opens_in_all_languages_of_the_charter_or_not_at_all(
    governance: Governance, network: AsyncClient
) -> None:
    governance.parts.settings = governance.settings.model_copy(update={"languages": ["fr", "ar"]})
    decision = await proposal(network)
    at = f"decisions/{decision}"
    answer = await network.post(f"{at}/notice", json=PLAIN, headers=STEWARD)
    assert refused(answer) == "text-lacking"
    assert answer.json()["languages"] == ["ar"]
    assert (await read(network, decision))["lacking"] == ["ar"]
    text = f"{at}/versions/1/texts/ar"
    ok(await network.put(text, json={"title": "فرن"}, headers=OTHER))
    assert refused(await network.post(f"{at}/notice", json=PLAIN, headers=STEWARD)) == (
        "text-lacking"
    )
    hash_ = next(
        one["hash"] for one in (await read(network, decision))["languages"]
        if one["language"] == "ar"
    )  # fmt: skip
    ok(await network.put(f"{text}/confirmation", json={"hash": hash_}, headers=THIRD))
    ok(await network.post(f"{at}/notice", json=PLAIN, headers=STEWARD))


async def test_amendments_questions_and_objections_are_answered_over_http(
    network: AsyncClient,
) -> None:
    decision = await proposal(network)
    at = f"decisions/{decision}"
    amendment = {"version": 1, "language": "fr", "title": "Deux fours", "reason": "Loin."}
    question = {"language": "fr", "text": "Qui l'entretient ?"}
    objection = {"ground": "law", "language": "fr", "harm": "Le bail."}
    ok(await network.post(f"{at}/amendments", json=amendment, headers=OTHER))
    ok(await network.post(f"{at}/questions", json=question, headers=OTHER))
    ok(await network.post(f"{at}/objections", json=objection, headers=OTHER))
    assert refused(await network.post(f"{at}/notice", json=PLAIN, headers=STEWARD)) == (
        "amendments-open"
    )
    ok(await network.put(f"{at}/amendments/1/answer", json={"accept": True}, headers=OWNER))
    answer = {"language": "fr", "text": "Le comité."}
    ok(await network.put(f"{at}/questions/1/answer", json=answer, headers=OWNER))
    assert refused(await network.post(f"{at}/notice", json=PLAIN, headers=STEWARD)) == (
        "objection-unanswered"
    )
    judged = {"valid": True, "reason": "Le bail l'interdit."}
    ok(await network.post(f"{at}/objections/1/judgement", json=judged, headers=STEWARD))
    ok(await network.post(f"{at}/objections/1/integrate", headers=OWNER))
    found = await read(network, decision)
    assert found["versions"][1]["amendment"] == 1
    assert found["questions"][0]["answer"] == "Le comité."
    assert (found["objections"][0]["state"], found["objections"][0]["integrated_in"]) == (
        "integrated", 2,
    )  # fmt: skip
    ok(await network.post(f"{at}/notice", json=PLAIN, headers=STEWARD))


async def test_the_register_of_objections_is_the_whole_networks(network: AsyncClient) -> None:
    first, second = await proposal(network), await proposal(network, title="Un puits")
    for decision, who in ((first, OTHER), (second, THIRD), (second, OTHER)):
        said = {"ground": "values", "language": "fr", "harm": "L'eau.", "change": "Partager."}
        ok(await network.post(f"decisions/{decision}/objections", json=said, headers=who))
    judged = {"valid": False, "reason": "L'eau est partagée."}
    ok(
        await network.post(
            f"decisions/{first}/objections/1/judgement", json=judged, headers=STEWARD
        )
    )
    page = ok(await network.get("objections", params={"size": 2}, headers=member("p-anyone")))
    rest = ok(
        await network.get(
            "objections", params={"size": 2, "after": page["next"]}, headers=member("p-anyone")
        )
    )
    found = page["items"] + rest["items"]
    assert [(one["decision"], one["number"]) for one in found] == [
        (second, 2), (second, 1), (first, 1),
    ]  # fmt: skip
    assert (found[2]["state"], found[2]["reason"]) == ("not-validated", "L'eau est partagée.")
    waiting = ok(await network.get("objections", params={"state": "unanswered"}, headers=OTHER))
    assert len(waiting["items"]) == 2
    own = ok(await network.get("objections", params={"decision": first}, headers=OTHER))
    assert [one["title"] for one in own["items"]] == ["Un four"]


async def awaited(client: AsyncClient, who: dict[str, str]) -> dict[str, list[str]]:
    page = ok(await client.get("decisions", params={"needs": "me"}, headers=who))
    return {one["id"]: [need["what"] for need in one["needs"]] for one in page["items"]}


async def test_everybody_sees_what_waits_for_them(
    network: AsyncClient, governance: Governance, keeper: DecisionKeeper, clock: SetClock
) -> None:
    decision = await idea(network)
    assert await awaited(network, OTHER) == {decision: ["support"]}
    for who in (OTHER, THIRD):
        await network.put(f"decisions/{decision}/support", headers=who)
    assert await awaited(network, OTHER) == {}
    assert await awaited(network, OWNER) == {decision: ["write"]}
    texts = {"language": "fr", "texts": {"fr": {"title": "Un four"}}}
    ok(await network.post(f"decisions/{decision}/versions", json=texts, headers=OWNER))
    assert await awaited(network, STEWARD) == {decision: ["notice"]}
    question = {"language": "fr", "text": "Qui ?"}
    ok(await network.post(f"decisions/{decision}/questions", json=question, headers=OTHER))
    objection = {"ground": "law", "language": "fr", "harm": "Le bail."}
    ok(await network.post(f"decisions/{decision}/objections", json=objection, headers=OTHER))
    assert await awaited(network, STEWARD) == {decision: ["judge"]}
    assert await awaited(network, OWNER) == {decision: ["question"]}
    judged = {"valid": False, "reason": "Le bail le permet."}
    at = f"decisions/{decision}"
    ok(await network.post(f"{at}/objections/1/judgement", json=judged, headers=STEWARD))
    ok(await network.post(f"{at}/notice", json=PLAIN, headers=STEWARD))
    assert await awaited(network, OTHER) == {}
    clock.move(timedelta(days=14))
    await keeper.look()
    assert await awaited(network, OTHER) == {decision: ["vote"]}
    assert await awaited(network, member("p-observer")) == {}
    casting = Casting(ballot_id=decision, choice={"answer": "yes"}, person=VOTERS[1])
    await governance.store.write(cast, casting)
    assert await awaited(network, OTHER) == {}
    clock.move(timedelta(days=7))
    await keeper.look()
    assert await awaited(network, STEWARD) == {decision: ["settle"]}


async def test_decisions_are_listed_by_phase_and_paged(network: AsyncClient) -> None:
    made = [await idea(network, title=f"Idée {number}") for number in range(3)]
    other = await begun(network)
    page = ok(await network.get("decisions", params={"size": 3}, headers=OTHER))
    assert [one["id"] for one in page["items"]] == [other, *made[:0:-1]]
    rest = ok(
        await network.get("decisions", params={"size": 3, "after": page["next"]}, headers=OTHER)
    )
    assert [one["id"] for one in rest["items"]] == made[:1]
    ideas = ok(await network.get("decisions", params={"phase": "idea"}, headers=OTHER))
    assert {one["id"] for one in ideas["items"]} == set(made)
    assert ideas["items"][0]["title"] == "Idée 2"
    bad = await network.get("decisions", params={"after": "x"}, headers=OTHER)
    assert refused(bad) == "bad-cursor"


async def test_a_delegate_proposes_for_their_entity_and_for_no_other(network: AsyncClient) -> None:
    delegate = member(VOTERS[5], COOPERATIVE)
    decision = await begun(network, delegate, idea=True, entity=COOPERATIVE)
    assert (await read(network, decision))["entity"] == COOPERATIVE
    answer = await network.post(
        "decisions", json=WORDS | {"idea": True, "entity": "souss:other"}, headers=delegate
    )
    assert refused(answer) == "not-theirs"


async def test_the_same_request_again_is_one_step(network: AsyncClient) -> None:
    again = {"Idempotency-Key": "one"}
    said = WORDS | {"idea": True}
    first = await network.post("decisions", json=said, headers=OWNER | again)
    second = await network.post("decisions", json=said, headers=OWNER | again)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    decision = first.json()["id"]
    question = {"language": "fr", "text": "Qui ?"}
    at = f"decisions/{decision}/questions"
    answers = [
        await network.post(at, json=question, headers=OTHER | {"Idempotency-Key": "two"})
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert len((await read(network, decision))["questions"]) == 1
    other = await network.post(
        at, json=question | {"text": "Quand ?"}, headers=OTHER | {"Idempotency-Key": "two"}
    )
    assert refused(other) == "idempotency-key-reused"


async def test_who_writes_on_what_they_have_read_is_told_of_other_writers(
    network: AsyncClient,
) -> None:
    decision = await proposal(network)
    answer = await network.get(f"decisions/{decision}", headers=OWNER)
    tag = answer.headers["ETag"]
    same = await network.get(f"decisions/{decision}", headers=OWNER | {"If-None-Match": tag})
    assert same.status_code == 304
    other = await network.get(
        f"decisions/{decision}", params={"lang": "fr"}, headers=OWNER | {"If-None-Match": tag}
    )
    assert (other.status_code, other.headers["Content-Language"]) == (200, "fr")
    tag = other.headers["ETag"]
    strange = await network.get(f"decisions/{decision}", params={"lang": "é/"}, headers=OWNER)
    assert refused(strange) == "invalid"
    texts = {"language": "fr", "texts": {"fr": {"title": "Deux"}}}
    at = f"decisions/{decision}/versions"
    both = await asyncio.gather(
        *(network.post(at, json=texts, headers=OWNER | {"If-Match": tag}) for _ in range(2))
    )
    assert sorted(one.status_code for one in both) == [200, 412]


async def test_an_appeal_orders_a_recount_which_agrees(
    network: AsyncClient, governance: Governance, keeper: DecisionKeeper, clock: SetClock
) -> None:
    decision = await noticed(network)
    clock.move(timedelta(days=14))
    await keeper.look()
    for who in VOTERS[:3]:
        casting = Casting(ballot_id=decision, choice={"answer": "yes"}, person=who)
        await governance.store.write(cast, casting)
    clock.move(timedelta(days=7))
    await keeper.look()
    at = f"decisions/{decision}"
    appeal = {"ground": "count", "language": "fr", "text": "Trois oui seulement ?"}
    ok(await network.post(f"{at}/appeals", json=appeal, headers=OTHER))
    judged = {"order": "recount", "reasons": "On recompte."}
    assert refused(
        await network.post(f"{at}/appeals/1/judgement", json=judged, headers=STEWARD)
    ) == "decided-it"  # fmt: skip
    for who in (AUDITOR, SECOND_STEWARD):
        ok(await network.post(f"{at}/appeals/1/judgement", json=judged, headers=who))
    assert (await read(network, decision))["phase"] == "appealed"
    ok(await network.post(f"{at}/appeals/1/recount", headers=AUDITOR))
    found = await read(network, decision)
    assert (found["phase"], found["appeals"][0]["done"]) == ("closed", True)
    assert found["count"]["outcome"] == "adopted"
    history = ok(await network.get(f"{at}/history", headers=OTHER))
    assert history["items"][-1]["step"]["agrees"] is True


async def test_an_appeal_orders_a_new_vote_which_begins_as_a_proposal(
    network: AsyncClient, keeper: DecisionKeeper, clock: SetClock
) -> None:
    decision = await noticed(network)
    for days in (14, 7):
        clock.move(timedelta(days=days))
        await keeper.look()
    at = f"decisions/{decision}"
    appeal = {"ground": "roll", "language": "fr", "text": "Il en manque."}
    ok(await network.post(f"{at}/appeals", json=appeal, headers=OTHER))
    judged = {"order": "new-vote", "reasons": "Il en manquait."}
    for who in (AUDITOR, SECOND_STEWARD):
        ok(await network.post(f"{at}/appeals/1/judgement", json=judged, headers=who))
    again = ok(await network.post(f"{at}/new-vote", headers=STEWARD))
    assert again["phase"] == "proposal"
    old, new = await read(network, decision), await read(network, again["id"])
    assert (old["phase"], old["successor"], new["follows"]) == ("annulled", again["id"], decision)
    assert new["words"]["title"] == old["words"]["title"]


async def test_a_decision_about_somebody_says_about_whom(network: AsyncClient) -> None:
    answer = await network.post(
        "decisions", json=WORDS | {"template": "admission"}, headers=STEWARD
    )
    assert refused(answer) == "subject-missing"
    answer = await network.post("decisions", json=WORDS | {"template": "none"}, headers=STEWARD)
    assert refused(answer) == "no-such-template"
    decision = await begun(network, template="admission", subject="p:p-new")
    assert (await read(network, decision))["subject"] == "p:p-new"


async def test_candidates_accept_are_dropped_and_their_count_is_told_by_name(
    network: AsyncClient, governance: Governance, keeper: DecisionKeeper, clock: SetClock
) -> None:
    decision = await proposal(network, template="committee")
    at = f"decisions/{decision}/options"
    words = {"fr": {"title": "Chama"}}
    chama = {"sort": "candidate", "words": words, "person": VOTERS[2]}
    ok(await network.put(f"{at}/chama", json=chama, headers=OTHER))
    assert await awaited(network, THIRD) == {decision: ["candidacy"]}
    ok(await network.put(f"{at}/chama/candidacy", json={"accepts": True}, headers=THIRD))
    ok(await network.put(f"{at}/badr", json=chama | {"person": VOTERS[3]}, headers=OTHER))
    dropped = {"reason": "Elle ne peut pas."}
    ok(await network.post(f"{at}/badr/drop", json=dropped, headers=STEWARD))
    (option,) = (await read(network, decision))["options"]
    assert (option["code"], option["accepted"], option["words"]["title"]) == (
        "chama", True, "Chama",
    )  # fmt: skip
    stv = {"rule": {"method": "stv", "seats": 1}}
    ok(await network.post(f"decisions/{decision}/notice", json=stv, headers=STEWARD))
    clock.move(timedelta(days=14))
    await keeper.look()
    choice = {"ranks": [["chama"]]}
    await governance.store.write(cast, Casting(ballot_id=decision, choice=choice, person=VOTERS[2]))
    clock.move(timedelta(days=7))
    await keeper.look()
    answer = await network.get(f"ballots/{decision}", params={"lang": "fr-MA"}, headers=OTHER)
    words = ok(answer)["result"]["words"]
    assert "Sont retenus : Chama." in words


async def test_two_rounds_without_consent_end_in_the_fallback_of_the_template(
    network: AsyncClient,
) -> None:
    decision = await proposal(network, template="consent")
    at = f"decisions/{decision}"
    for number in (1, 2):
        said = {"ground": "values", "language": "fr", "harm": f"Toujours {number}."}
        ok(await network.post(f"{at}/objections", json=said, headers=OTHER))
        judged = {"valid": True, "reason": "Cela touche nos valeurs."}
        ok(await network.post(f"{at}/objections/{number}/judgement", json=judged, headers=STEWARD))
        answer = {"answer": "Nous ne voyons pas comment."}
        ok(await network.post(f"{at}/objections/{number}/answer", json=answer, headers=OWNER))
        ok(await network.post(f"{at}/rounds", headers=STEWARD))
    consent = {"rule": {"method": "consent"}}
    assert refused(await network.post(f"{at}/notice", json=consent, headers=STEWARD)) == (
        "objections-stand"
    )
    assert refused(await network.post(f"{at}/fallback", headers=STEWARD)) == "not-proposer"
    ok(await network.post(f"{at}/fallback", headers=OWNER))
    assert refused(await network.post(f"{at}/notice", json=PLAIN, headers=STEWARD)) == (
        "rule-not-of-template"
    )
    three_quarters = {"share": {"n": 3, "d": 4}}
    rule = {"rule": {"method": "yes-no", "threshold": three_quarters}}
    ok(await network.post(f"{at}/notice", json=rule, headers=STEWARD))


async def test_a_decision_is_withdrawn_over_http_until_it_opens(
    network: AsyncClient, keeper: DecisionKeeper, clock: SetClock
) -> None:
    first, second = await noticed(network), await noticed(network)
    path = "decisions/{}/withdrawal"
    assert refused(
        await network.post(path.format(first), json={"reason": "Non."}, headers=OTHER)
    ) == "not-proposer"  # fmt: skip
    ok(await network.post(path.format(first), json={"reason": "Trop tôt."}, headers=OWNER))
    assert (await read(network, first))["withdrawn"] == "Trop tôt."
    clock.move(timedelta(days=14))
    await keeper.look()
    assert refused(await network.post(path.format(second), json={}, headers=OWNER)) == "wrong-phase"


async def test_a_second_call_is_a_decision_of_its_own(
    network: AsyncClient, keeper: DecisionKeeper, clock: SetClock
) -> None:
    half, quarter = {"n": 1, "d": 2}, {"n": 1, "d": 4}
    quorum = {"share": half, "second_call": {"share": quarter, "days_min": 3}}
    decision = await noticed(network, {"rule": {"method": "yes-no", "quorum": quorum}})
    for days in (14, 7):
        clock.move(timedelta(days=days))
        await keeper.look()
    at = f"decisions/{decision}/second-call"
    early = {"opens_at": (clock.now() + timedelta(days=1)).isoformat()}
    assert refused(await network.post(at, json=early, headers=STEWARD)) == "times-unfit"
    again = ok(await network.post(at, json={}, headers=STEWARD))
    found = await read(network, again["id"])
    assert (found["phase"], found["call"], found["follows"]) == ("noticed", 2, decision)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rule": {"method": "yes-no", "capital": 3}},
        {"rule": {"method": "yes-no", "threshold": {"share": {"n": 2, "d": 1}}}},
        {"rule": {"method": "yes-no", "threshold": {"share": {"n": 0.5, "d": 1}}}},
        {"rule": {"method": "yes-no"}, "opens_at": "2026-12-24T09:00:00"},
        {"rule": {"method": "blind"}},
        {"rule": {"method": "yes-no"}, "opens_at": "9999-12-31T23:59:59.999-23:59"},
        {"rule": {"method": "yes-no"}, "closes_at": "0001-01-01T00:00:00+23:59"},
    ],
)
async def test_a_notice_that_says_no_rule_is_refused_by_name(
    network: AsyncClient, body: dict[str, Any]
) -> None:
    decision = await proposal(network)
    answer = await network.post(f"decisions/{decision}/notice", json=body, headers=STEWARD)
    assert refused(answer) == "invalid"


async def test_ids_and_numbers_of_nothing_are_refused_by_name(network: AsyncClient) -> None:
    decision = await proposal(network)
    said = {"valid": True, "reason": "Oui."}
    none = f"decisions/{'0' * 36}"
    assert refused(await network.get(none, headers=OTHER)) == "not-found"
    assert refused(await network.get(f"{none}/history", headers=OTHER)) == "not-found"
    assert refused(await network.get("decisions/none", headers=OTHER)) == "invalid"
    for path in ("objections/7/judgement", "objections/99999/judgement"):
        answer = await network.post(f"decisions/{decision}/{path}", json=said, headers=STEWARD)
        assert refused(answer) == "no-such-part"
    answer = await network.get(f"decisions/{decision}/versions/9", headers=OTHER)
    assert refused(answer) == "no-such-part"
    # Composed as they are kept, these letters are three times as many.
    longer = await network.post(
        "decisions", json=WORDS | {"title": "\ufb2c" * 200}, headers=STEWARD
    )
    assert refused(longer) == "invalid"
    hidden = await network.post("decisions", json=WORDS | {"title": "a\u202eb"}, headers=STEWARD)
    assert refused(hidden) == "invalid"


async def test_templates_and_methods_speak_five_languages(client: AsyncClient) -> None:
    for lang in ("ar", "en", "es", "fr", "pt", "zgh"):
        found = ok(await client.get("templates", params={"lang": lang}))
        assert {"yes-no", "consent", "choose-several", "rank", "committee", "assembly-item",
                "budget", "surplus", "pay-ratio", "admission", "charter-change",
                "charter-purpose"} <= {one["code"] for one in found}  # fmt: skip
        assert all(len(one["labels"]) == 5 and one["label"] and one["text"] for one in found)
    methods = ok(await client.get("methods", params={"lang": "pt"}))
    assert [one["code"] for one in methods["offered"]] == [
        "yes-no", "consent", "approval", "schulze", "stv", "budget",
    ]  # fmt: skip
    assert len(methods["more"]) == 6
    assert methods["offered"][3]["label"] == "Ordenar"
