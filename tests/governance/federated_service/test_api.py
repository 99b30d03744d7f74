"""What stewards and members do over HTTP about ballots between networks."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response

from services.governance.federated.ballot import BallotState
from services.governance.federated_answers import accept, send_back
from services.governance.federated_handlers import Reason, convene, sponsor
from services.governance.settings import GovernanceSettings
from shared.clock import SetClock, stamp
from tests.governance.conftest import STEWARD, Governance, member, token
from tests.governance.federated_service.world import (
    ASSOCIATION,
    GRACE,
    NAMES,
    NOTICE,
    VOTING,
    World,
    answers,
    key_of,
)

HOUR = timedelta(hours=1)
PATH = "federated/ballots"


@pytest.fixture
async def souss(world: World, clock: SetClock) -> AsyncIterator[AsyncClient]:
    """A client of the network Souss, whose keeper looks when a test says so."""
    settings = GovernanceSettings(node="souss", languages=["fr"], keep_time_s=3_600.0)
    made = Governance(world["souss"].store, clock, settings, key=key_of("souss"))
    async with made.client() as client:
        yield client


def call(world: World, **more: Any) -> dict[str, Any]:
    opens = world.clock.now() + NOTICE + HOUR
    return {
        "association": ASSOCIATION,
        "matter": "solidarity-fund",
        "rule": {"rule": {"method": "yes-no"}, "policy": "double"},
        "language": "fr",
        "texts": {
            "fr": {"text": "Un fonds commun."},
            "ar": {"text": "صندوق مشترك", "confirmed": True},
        },
        "legs": [{"node": name} for name in NAMES],
        "opens_at": stamp(opens),
        "closes_at": stamp(opens + VOTING),
    } | more


async def post(client: AsyncClient, path: str, said: Any, who: Any = STEWARD) -> Response:
    return await client.post(f"{PATH}{path}", json=said, headers=who)


async def called(world: World) -> str:
    ballot_id: str = await world["adrar"].do(convene, world.calling())
    await world.carry()
    await world["kaolack"].do(sponsor, ballot_id)
    await world.settle()
    return ballot_id


async def test_a_steward_calls_a_ballot_that_the_others_hear_of(
    world: World, souss: AsyncClient
) -> None:
    answer = await post(souss, "", call(world))
    assert answer.status_code == 201
    ballot_id = answer.json()["id"]
    assert answer.json()["state"] == "draft"
    await world.settle()
    await world["lima"].do(sponsor, ballot_id)
    await world.settle()
    assert await world["quebec"].state(ballot_id) is BallotState.NOTICED
    shown = (await souss.get(f"{PATH}/{ballot_id}", headers=member("p-souss-1"))).json()
    assert shown["state"] == "noticed"
    assert shown["notice"]["texts"]["ar"]["text"] == "صندوق مشترك"
    assert shown["due"] == [{"does": "answer", "network": "souss", "by_people": True}]


async def test_a_ballot_that_comes_to_nothing_is_refused_with_the_reason(
    world: World, souss: AsyncClient
) -> None:
    soon = stamp(world.clock.now() + HOUR)
    answer = await post(souss, "", call(world, opens_at=soon))
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/notice-unfit"
    assert "too short" in answer.json()["detail"]
    answer = await post(souss, "", call(world, level="intercontinental"))
    assert answer.json()["type"] == "/problems/not-competent"
    answer = await post(souss, "", call(world, matter="values"))
    assert answer.json()["type"] == "/problems/rolls-lacking"
    assert answer.json()["networks"] == list(NAMES)


async def test_members_read_and_only_stewards_act(world: World, souss: AsyncClient) -> None:
    ballot_id = await called(world)
    for who in (member("p-souss-1"), token("coordinator", sub="p-c"), token("auditor", sub="p-a")):
        assert (await souss.get(f"{PATH}/{ballot_id}", headers=who)).status_code == 200
        assert (await souss.get(PATH, headers=who)).status_code == 200
        answer = await post(souss, f"/{ballot_id}/answer", {"answer": "accept"}, who)
        assert answer.status_code == 403
    assert (await souss.get(PATH)).status_code == 401


async def test_a_network_answers_and_its_members_vote_in_an_ordinary_ballot(
    world: World, souss: AsyncClient
) -> None:
    ballot_id = await called(world)
    listed = (await souss.get(PATH, headers=STEWARD)).json()["items"]
    assert [one["id"] for one in listed] == [ballot_id]
    assert listed[0]["waits"] == [{"does": "answer", "network": "souss"}]
    answer = await post(souss, f"/{ballot_id}/answer", {"answer": "decline"})
    assert answer.json()["type"] == "/problems/reason-lacking"
    answer = await post(souss, f"/{ballot_id}/answer", {"answer": "accept"})
    assert answer.status_code == 200
    for name in NAMES[:4]:
        await world[name].do(accept, ballot_id)
    await world.settle()
    world.pass_by(NOTICE + 2 * HOUR)
    await world.settle()
    item = (await souss.get(PATH, params={"state": "open"}, headers=STEWARD)).json()["items"][0]
    home = item["local_ballot"]
    cast = await souss.post(
        f"ballots/{home}/casts",
        json={"choice": {"answer": "yes"}},
        headers=member("p-souss-1"),
    )
    assert cast.status_code == 201
    shown = (await souss.get(f"{PATH}/{ballot_id}", headers=STEWARD)).json()
    assert shown["local"] == {"ballot": home, "state": "open", "roll_size": 12}
    assert {one["seal_hash"] for one in shown["legs"]} == {None}


async def test_the_outcome_is_shown_with_all_that_it_was_computed_from(
    world: World, souss: AsyncClient
) -> None:
    ballot_id = await world.noticed()
    missing = await souss.get(f"{PATH}/{ballot_id}/outcome", headers=STEWARD)
    assert missing.status_code == 404
    world.pass_by(NOTICE + 2 * HOUR)
    await world.settle()
    for name in NAMES:
        await world[name].vote(ballot_id, answers(7, 2))
    world.pass_by(VOTING)
    await world.settle()
    found = (await souss.get(f"{PATH}/{ballot_id}/outcome", headers=STEWARD)).json()
    assert found["outcome"]["outcome"] == "adopted"
    assert found["certified_by"] == list(NAMES)
    assert {one["outcome_hash"] for one in found["certificates"]} == {found["hash"]}
    shown = (await souss.get(f"{PATH}/{ballot_id}", headers=STEWARD)).json()
    assert shown["outcome"] == {"outcome": "adopted", "hash": found["hash"]}
    assert {one["state"] for one in shown["legs"]} == {"attested"}
    listed = (await souss.get(PATH, headers=STEWARD)).json()["items"][0]
    assert (listed["state"], listed["outcome_hash"]) == ("certified", found["hash"])


async def test_a_matter_goes_back_when_a_third_says_so(world: World, souss: AsyncClient) -> None:
    ballot_id = await world.noticed()
    said = {"answer": "return", "reason": {"code": "closer", "language": "fr", "text": "À nous."}}
    assert (await post(souss, f"/{ballot_id}/answer", said)).json()["state"] == "noticed"
    await world["lima"].do(send_back, ballot_id, Reason(code="closer"))
    await world.settle()
    shown = (await souss.get(f"{PATH}/{ballot_id}", headers=STEWARD)).json()
    assert shown["state"] == "returned"
    assert shown["due"] == []


async def test_objections_are_raised_answered_and_withdrawn(
    world: World, souss: AsyncClient
) -> None:
    rule = {"rule": {"method": "consent"}, "policy": "consent"}
    answer = await post(souss, "", call(world, rule=rule))
    ballot_id = answer.json()["id"]
    await world.settle()
    await world["lima"].do(sponsor, ballot_id)
    await world.settle()
    wrong = {"ground": "taste", "language": "fr", "harm": "Non."}
    answer = await post(souss, f"/{ballot_id}/objections", wrong)
    assert answer.json()["type"] == "/problems/notice-unfit"
    answer = await post(souss, f"/{ballot_id}/objections", wrong | {"ground": "harm"})
    assert answer.status_code == 201
    objection = answer.json()["objection"]
    said = {"state": "validated", "reason": {"code": "true", "language": "fr"}}
    answer = await post(souss, f"/{ballot_id}/objections/{objection}/answer", said)
    assert answer.json()["type"] == "/problems/not-ours"
    shown = (await souss.get(f"{PATH}/{ballot_id}", headers=STEWARD)).json()
    assert shown["objections"][0]["blocks"]
    answer = await post(souss, f"/{ballot_id}/objections/{objection}/step", {"state": "withdrawn"})
    assert answer.status_code == 200
    await world.settle()
    ballot = await world["quebec"].ballot(ballot_id)
    assert ballot.standing == ()


async def test_who_called_a_ballot_takes_it_back_before_it_opens(
    world: World, souss: AsyncClient
) -> None:
    ballot_id = (await post(souss, "", call(world))).json()["id"]
    await world.settle()
    await world["lima"].do(sponsor, ballot_id)
    await world.settle()
    said = {"code": "rewritten", "language": "fr", "text": "Le texte change."}
    assert (await post(souss, f"/{ballot_id}/withdrawal", said)).json()["state"] == "withdrawn"
    await world.settle()
    assert await world["quebec"].state(ballot_id) is BallotState.WITHDRAWN
    other = await called(world)
    assert (await post(souss, f"/{other}/withdrawal", said)).json()["type"] == "/problems/not-ours"


async def test_a_request_that_comes_twice_calls_one_ballot(
    world: World, souss: AsyncClient
) -> None:
    headers = STEWARD | {"Idempotency-Key": "a-word"}
    first = await souss.post(PATH, json=call(world), headers=headers)
    second = await souss.post(PATH, json=call(world), headers=headers)
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_rolls_are_sealed_before_a_matter_of_the_charter_is_announced(
    world: World, souss: AsyncClient
) -> None:
    said = {"association": ASSOCIATION, "matter": "values", "legs": list(NAMES)}
    answer = await souss.post("federated/preparations", json=said, headers=STEWARD)
    assert answer.status_code == 201
    ballot_id = answer.json()["id"]
    await world.settle()
    answer = await post(souss, "", call(world, matter="values", ballot_id=ballot_id))
    assert answer.status_code == 201, answer.json()
    await world.settle()
    await world["lima"].do(sponsor, ballot_id)
    await world.settle()
    for name in NAMES:
        await world[name].do(accept, ballot_id)
    await world.settle()
    ballot = await world["quebec"].ballot(ballot_id)
    assert ballot.notice is not None
    for name in NAMES:
        roll = ballot.legs[name].roll
        assert roll is not None
        assert roll.root == ballot.notice.legs[name].roll_root
    again = await post(souss, "", call(world, matter="values", ballot_id=ballot_id))
    assert again.json()["type"] == "/problems/not-in-time"
    world.pass_by(NOTICE + 2 * HOUR)
    await world.settle()
    world.pass_by(VOTING + GRACE)
    await world.settle()
    assert await world["quebec"].state(ballot_id) is BallotState.CERTIFIED
