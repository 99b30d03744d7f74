"""A round as those who look after a network hold it: over HTTP, with the real process."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from httpx import AsyncClient
from pydantic import ValidationError
from sqlalchemy import select

from services.exchange import ring_handlers, round_handlers
from services.exchange.candidates.weights import Weights
from services.exchange.matching.process import Progress
from services.exchange.matching.refusals import BadCertificate, BadProblem
from services.exchange.ring_setup import ring_desk
from services.exchange.rings.repairs import Freed
from services.exchange.round_gathering import gather
from services.exchange.rounds.question import Level
from services.exchange.settings import ExchangeSettings
from services.exchange.tables import LOG
from services.exchange.tables.rings import RING, RING_SLOT
from services.exchange.tables.rounds import ROUND
from shared.contracts.rings import RingPlan
from shared.store import Work
from tests.exchange.items.conftest import MEMBER, NODE, an_id, list_owner, token
from tests.exchange.rounds.conftest import (
    HONEY,
    OIL,
    STEWARD,
    WOOL,
    Exchange,
    held,
    post,
    settle,
    triangle,
)
from twiza import match


@pytest.fixture
async def network(exchange: Exchange, client: AsyncClient) -> AsyncClient:
    """A client of an exchange that knows three cooperatives."""
    await settle(exchange)
    return client


def plans(work: Work) -> list[RingPlan]:
    """Return the plans of all rings that this node decides."""
    return [RingPlan.model_validate_json(row.plan) for row in work.execute(select(RING.c.plan))]


def kinds_told(work: Work) -> list[str]:
    """Return the types of the events that wait to be told."""
    rows = work.execute(select(LOG.outbox.c.body))
    return [orjson.loads(row.body)["type"] for row in rows]


async def test_three_who_can_serve_each_other_are_proposed_one_ring(
    exchange: Exchange, network: AsyncClient
) -> None:
    await triangle(network)
    found = await held(network)
    assert (found["state"], found["proposed"], found["items"]) == ("done", 1, 6)
    assert found["report"]["proven"]
    assert found["report"]["value"] == found["report"]["bound"] > 0
    (plan,) = await exchange.store.read(plans)
    gives = {leg.giver: leg.receiver for leg in plan.legs}
    assert gives == {OIL: WOOL, WOOL: HONEY, HONEY: OIL}
    assert plan.names == {OIL: "Huile", HONEY: "Miel", WOOL: "Laine"}
    assert plan.terms
    told = await exchange.store.read(kinds_told)
    assert told.count("org.twiza.exchange.notice.due.v1") == 3
    assert "org.twiza.exchange.round.reported.v1" not in told, "it speaks of the network alone"


async def test_the_parties_are_asked_at_once_and_their_items_are_held(
    exchange: Exchange, network: AsyncClient
) -> None:
    await triangle(network)
    await held(network)
    answer = await network.get("/rings?lang=fr", headers=STEWARD)
    assert {row["party"] for row in answer.json()["items"]} == {OIL, HONEY, WOOL}
    slots = await exchange.store.read(
        lambda work: work.execute(select(RING_SLOT.c.item)).scalars().all()
    )
    assert len(slots) == 6


async def test_what_a_ring_holds_stands_in_no_other_round(network: AsyncClient) -> None:
    await triangle(network)
    assert (await held(network))["proposed"] == 1
    again = await held(network)
    assert (again["state"], again["items"], again["proposed"]) == ("done", 0, 0)


async def test_values_become_a_residual_in_the_unit_of_the_round(
    exchange: Exchange, network: AsyncClient
) -> None:
    worth = {OIL: 500, HONEY: 300, WOOL: 400}
    for owner, thing in ((OIL, "argan-oil"), (HONEY, "raw-honey"), (WOOL, "carpets")):
        value = {"low": worth[owner], "high": worth[owner], "unit": "MAD"}
        await post(network, "offer", owner, thing, value=value)
    wanted = {OIL: "raw-honey", HONEY: "carpets", WOOL: "argan-oil"}
    for owner, thing in wanted.items():
        await post(network, "want", owner, thing)
    assert (await held(network))["proposed"] == 1
    (plan,) = await exchange.store.read(plans)
    assert plan.unit == "MAD"
    assert {leg.giver: leg.value for leg in plan.legs} == worth


async def test_a_pair_that_was_declined_is_not_proposed_again(
    exchange: Exchange, network: AsyncClient
) -> None:
    await triangle(network)
    await held(network)
    ring_id = (await exchange.store.read(plans))[0].ring_id
    path = f"/rings/{ring_id}/decline"
    declined = await network.post(path, json={"party": OIL, "why": "not-needed"}, headers=STEWARD)
    assert declined.status_code == 200, declined.text
    again = await held(network)
    assert (again["items"], again["proposed"]) == (6, 0)


async def test_whoever_stays_unmatched_is_told_what_would_help(network: AsyncClient) -> None:
    offer = await post(
        network, "offer", OIL, "argan-oil",
        available_from="2026-12-01", available_until="2026-12-05",
    )  # fmt: skip
    await post(network, "offer", HONEY, "raw-honey")
    await post(network, "want", OIL, "raw-honey")
    await post(
        network, "want", HONEY, "argan-oil",
        available_from="2026-12-20", available_until="2026-12-24",
    )  # fmt: skip
    found = await held(network)
    assert found["proposed"] == 0
    for lang in ("ar", "fr", "es", "pt", "en"):
        told = (await network.get(f"/items/{offer}/matching?lang={lang}", headers=MEMBER)).json()
        assert told["rounds"] == 1
        assert len(told["words"]) == 1
        assert "15" in told["words"][0]
    await held(network)
    assert (await network.get(f"/items/{offer}/matching", headers=MEMBER)).json()["rounds"] == 2


async def test_what_only_the_network_sees_is_explained_to_the_network_alone(
    network: AsyncClient,
) -> None:
    hidden = await post(network, "offer", OIL, "argan-oil", visibility="network")
    await post(network, "want", HONEY, "raw-honey")
    await held(network)
    seen = await network.get(f"/items/{hidden}/matching", headers=MEMBER)
    unseen = await network.get(f"/items/{hidden}/matching")
    nothing = await network.get(f"/items/{hidden[:-1]}0/matching")
    assert seen.status_code == 200
    assert (unseen.status_code, unseen.json()["type"]) == (401, nothing.json()["type"])


async def test_a_round_says_how_it_went_in_five_languages(network: AsyncClient) -> None:
    await triangle(network)
    found = await held(network)
    words = {}
    for lang in ("ar", "fr", "es", "pt", "en"):
        words[lang] = (
            await network.get(f"/rounds/{found['id']}?lang={lang}", headers=MEMBER)
        ).json()["words"]
        assert len(words[lang]) > 3
    assert len({text[0] for text in words.values()}) == 5
    assert found["report"]["figures"]["served"] == 3


async def test_the_proof_is_for_those_who_look_after_the_network(
    network: AsyncClient,
) -> None:
    await triangle(network)
    found = await held(network)
    path = f"/rounds/{found['id']}/certificate"
    told = (await network.get(path, headers=STEWARD)).json()
    assert told["certificate"]["value"] == found["report"]["value"]
    assert len(told["certificate"]["rings"]) == 1
    assert (await network.get(path)).status_code == 401
    assert (await network.get(path, headers=MEMBER)).status_code == 403
    assert (await network.get(path, headers=token("auditor"))).status_code == 200


async def test_a_proof_is_checked_by_others_and_refused_when_changed(
    network: AsyncClient, tmp_path: Path
) -> None:
    await triangle(network)
    found = await held(network)
    path = f"/rounds/{found['id']}/certificate"
    proof = (await network.get(path, headers=STEWARD)).json()
    file = tmp_path / "proof.json"
    file.write_bytes(orjson.dumps(proof))
    told = match.checked(file)
    assert (told["value"], told["rings"]) == (found["report"]["value"], 1)
    assert told["input_hash"] == found["report"]["input_hash"]
    for changed in (
        {**proof, "certificate": {**proof["certificate"], "value": told["value"] + 1}},
        {**proof, "problem": {**proof["problem"], "cap": 5}},
        {**proof, "certificate": {}},
    ):
        file.write_bytes(orjson.dumps(changed))
        with pytest.raises(BadCertificate):
            match.checked(file)
    file.write_bytes(b"[]")
    with pytest.raises(BadProblem):
        match.checked(file)
    with pytest.raises(match.NoList):
        match.checked(tmp_path / "nothing.json")


async def test_a_round_that_nobody_may_hold_is_refused_and_leaves_nothing(
    exchange: Exchange, network: AsyncClient
) -> None:
    for headers, status in (({}, 401), (MEMBER, 403)):
        answer = await network.post("/rounds", json={"level": "network"}, headers=headers)
        assert answer.status_code == status
    wide = await network.post("/rounds", json={"level": "world"}, headers=STEWARD)
    assert (wide.status_code, wide.json()["levels"]) == (409, ["network"])
    strange = await network.post("/rounds", json={"level": "moon"}, headers=STEWARD)
    assert strange.status_code == 422
    rows = await exchange.store.read(lambda work: work.execute(select(ROUND)).all())
    assert rows == []


@pytest.mark.parametrize(
    ("limit", "failures"),
    [
        ({"round_time_limit_s": 0.05}, {"solver-too-slow"}),
        ({"round_memory_mb": 60}, {"solver-out-of-memory", "solver-stopped"}),
    ],
)
async def test_a_round_that_is_stopped_loses_nothing_but_itself(
    exchange: Exchange, limit: dict[str, float], failures: set[str]
) -> None:
    usual = exchange.settings
    await settle(exchange)
    exchange.settings = usual.model_copy(update=limit)
    async with exchange.client() as client:
        await triangle(client)
        found = await held(client)
    assert found["state"] == "failed"
    assert found["failure"] in failures
    assert await exchange.store.read(plans) == []
    exchange.settings = usual
    async with exchange.client() as client:
        assert (await held(client))["proposed"] == 1


async def test_two_rounds_of_a_level_do_not_run_at_once(exchange: Exchange) -> None:
    begin = round_handlers.begin_round
    first = await exchange.store.write(begin, node=NODE, level=Level.NETWORK)
    with pytest.raises(round_handlers.RoundRuns):
        await exchange.store.write(begin, node=NODE, level=Level.NETWORK)
    await exchange.store.write(
        round_handlers.note_progress, first, Progress(step="greedy", value=3, bound=9)
    )
    row = await exchange.store.read(round_handlers.round_of, first, network=True)
    assert orjson.loads(row.progress) == {"step": "greedy", "value": 3, "bound": 9}
    assert await exchange.store.write(round_handlers.fail_interrupted) == 1
    row = await exchange.store.read(round_handlers.round_of, first, network=True)
    assert (row.state, row.failure) == ("failed", "interrupted")
    await exchange.store.write(begin, node=NODE, level=Level.NETWORK)


async def test_a_broken_ring_is_mended_with_those_who_are_left(
    exchange: Exchange, network: AsyncClient
) -> None:
    await triangle(network)
    await held(network)
    broken = (await exchange.store.read(plans))[0]
    # Somebody else has rugs, so that the one who says no can be done without.
    other = an_id(904)
    await exchange.store.write(list_owner, other, name="Autre laine")
    await post(network, "offer", other, "carpets")
    await post(network, "want", other, "argan-oil")
    path = f"/rings/{broken.ring_id}/decline"
    answer = await network.post(path, json={"party": WOOL, "why": "time"}, headers=STEWARD)
    assert answer.status_code == 200, answer.text
    desk = ring_desk(NODE)
    await ring_handlers.repair_rings(exchange.store, desk, exchange.parts.rounds.propose_instead)
    newest = [plan for plan in await exchange.store.read(plans) if plan.repairs]
    (mended,) = newest
    assert mended.repairs == broken.ring_id
    assert {leg.giver for leg in mended.legs} == {OIL, HONEY, other}


async def test_rings_of_another_level_are_not_mended_here(exchange: Exchange) -> None:
    plan = RingPlan.model_construct(level="continent", ring_id=f"{NODE}:x", legs=[])
    left = Freed(broken=plan, absent=frozenset(), barred=(), waiting=frozenset())
    async with exchange.client():
        assert await exchange.parts.rounds.propose_instead(left) == []


async def test_weights_are_public_and_a_network_decides_on_its_own(exchange: Exchange) -> None:
    usual = Weights()
    async with exchange.client() as client:
        told = (await client.get("/weights")).json()["weights"]
    assert told["women_led"] == usual.women_led
    assert told["fit"] == usual.fit
    here = replace(exchange.parts.rounds.here, weights=Weights.of({"women_led": 200}))
    await settle(exchange)
    async with exchange.client() as client:
        await triangle(client)
    found = await exchange.store.read(gather, here, level=Level.NETWORK, cap=4)
    assert found.question.weights.women_led == 200
    for wrong in ({"luck": 1}, {"fit": -1}, {"text_least": 2_000}):
        with pytest.raises(ValidationError):
            ExchangeSettings(node=NODE, round_weights=wrong)
