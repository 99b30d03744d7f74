"""A ballot between networks from its notice to its certificate, each network for itself."""

from datetime import timedelta

import pytest

from services.governance.ballot_refusals import BallotClosed, BallotNotOpen
from services.governance.ballots import the_ballot
from services.governance.federated.ballot import BallotState
from services.governance.federated.legs import LegState
from services.governance.federated_answers import accept, decline
from services.governance.federated_handlers import Reason
from tests.governance.federated_service.world import (
    GRACE,
    NAMES,
    NOTICE,
    VOTING,
    World,
    answers,
)

HOUR = timedelta(hours=1)


async def opened(world: World) -> str:
    ballot_id = await world.noticed()
    world.pass_by(NOTICE + 2 * HOUR)
    await world.settle()
    return ballot_id


async def voted(world: World) -> str:
    ballot_id = await opened(world)
    for name in NAMES:
        await world[name].vote(ballot_id, answers(7, 3, 1))
    return ballot_id


async def test_all_networks_come_to_one_outcome(world: World) -> None:
    ballot_id = await voted(world)
    world.pass_by(VOTING)
    await world.settle()
    hashes = await world.outcomes(ballot_id)
    assert len(hashes) == 1
    assert "" not in hashes
    for one in world:
        ballot = await one.ballot(ballot_id)
        assert await one.state(ballot_id) is BallotState.CERTIFIED
        assert ballot.certified is not None
        found = ballot.certified.computed.outcome
        assert found.outcome.value == "adopted"
        assert (found.figures["yes"], found.figures["no"], found.figures["blank"]) == (35, 15, 5)
        assert {leg.state for leg in ballot.legs.values()} == {LegState.ATTESTED}


async def test_what_is_heard_again_and_in_another_order_changes_nothing(world: World) -> None:
    ballot_id = await voted(world)
    world.pass_by(VOTING)
    await world.settle()
    before = await world.outcomes(ballot_id)
    told = {one.name: len(await one.told()) for one in world}
    for _ in range(3):
        await world.carry(again=True)
        await world.settle()
    assert await world.outcomes(ballot_id) == before
    assert {one.name: len(await one.told()) for one in world} == told


async def test_a_keeper_that_begins_anew_at_each_step_goes_on_where_it_was(world: World) -> None:
    ballot_id = await world.noticed()
    for by in (NOTICE + 2 * HOUR, VOTING, HOUR):
        world.pass_by(by)
        await world.settle(restarting=True)
        if by == NOTICE + 2 * HOUR:
            for name in NAMES:
                await world[name].vote(ballot_id, answers(6, 2))
    assert len(await world.outcomes(ballot_id)) == 1
    for one in world:
        assert await one.state(ballot_id) is BallotState.CERTIFIED
        kinds = [event["type"].split(".")[4] for event in await one.told()]
        for once in ("rolled", "opened", "committed", "sealed", "certified"):
            assert kinds.count(once) == 1


async def test_members_vote_while_the_network_is_cut_off(world: World) -> None:
    ballot_id = await world.noticed()
    world.cut = {"lima"}
    world.pass_by(NOTICE + 2 * HOUR)
    await world.settle()
    for name in NAMES:
        await world[name].vote(ballot_id, answers(5, 4))
    world.pass_by(VOTING)
    await world.settle()
    # It has closed and is bound, but nobody has heard of it; it has heard of nobody.
    assert (await world["lima"].ballot(ballot_id)).legs["lima"].commitment is not None
    assert (await world["souss"].ballot(ballot_id)).legs["lima"].state is LegState.ROLL_SEALED
    assert (await world["souss"].ballot(ballot_id)).certified is None
    world.pass_by(GRACE / 2)
    world.cut = set()
    await world.settle()
    assert len(await world.outcomes(ballot_id)) == 1
    ballot = await world["souss"].ballot(ballot_id)
    assert ballot.certified is not None
    assert ballot.certified.computed.outcome.figures["sealed"] == 5


async def test_who_is_cut_off_beyond_the_grace_is_late_and_not_counted(world: World) -> None:
    ballot_id = await opened(world)
    for name in NAMES:
        await world[name].vote(ballot_id, answers(5, 4))
    world.cut = {"lima"}
    for by in (VOTING, timedelta(hours=25), GRACE):
        world.pass_by(by)
        await world.settle()
    ballot = await world["souss"].ballot(ballot_id)
    assert ballot.certified is not None
    assert ballot.certified.computed.outcome.outcome.value == "adopted"
    assert ballot.legs["lima"].state is LegState.MISSING
    # Who hears nobody does not say that all others were silent.
    assert (await world["lima"].ballot(ballot_id)).certificates == ()
    world.cut = set()
    await world.carry()
    await world.settle()
    hashes = await world.outcomes(ballot_id)
    assert hashes == {ballot.certified.computed.hash}
    for one in world:
        after = await one.ballot(ballot_id)
        assert after.legs["lima"].state is LegState.LATE
        assert await one.state(ballot_id) is BallotState.CERTIFIED


async def test_it_is_certified_early_where_nobody_can_change_it_any_more(world: World) -> None:
    ballot_id = await opened(world)
    for name in NAMES:
        if name != "lima":
            await world[name].vote(ballot_id, answers(12, 0))
    world.cut = {"lima"}
    world.pass_by(VOTING)
    await world.settle()
    assert await world["souss"].state(ballot_id) is BallotState.CLOSED
    # Nobody shows a seal before all are bound, or the time for it is over.
    world.pass_by(timedelta(hours=25))
    await world.settle()
    ballot = await world["souss"].ballot(ballot_id)
    assert ballot.certified is not None
    assert not ballot.certified.waits
    assert ballot.certified.computed.outcome.outcome.value == "adopted"


async def test_who_has_declined_is_not_awaited(world: World) -> None:
    ballot_id = await world.noticed(accepting=NAMES[:4])
    await world["souss"].do(decline, ballot_id, Reason(code="no-time", language="fr", text="Non."))
    await world.settle()
    world.pass_by(NOTICE + 2 * HOUR)
    await world.settle()
    for name in NAMES[:4]:
        await world[name].vote(ballot_id, answers(4, 5))
    world.pass_by(VOTING)
    await world.settle()
    assert len(await world.outcomes(ballot_id)) == 1
    ballot = await world["souss"].ballot(ballot_id)
    assert ballot.legs["souss"].state is LegState.DECLINED
    assert ballot.certified is not None
    assert ballot.certified.computed.outcome.outcome.value == "rejected"


async def test_the_clock_of_the_network_opens_and_closes_the_vote(world: World) -> None:
    ballot_id = await world.noticed()
    world.pass_by(NOTICE + 2 * HOUR)
    await world["souss"].look()
    await world["souss"].vote(ballot_id, answers(1, 0))
    home = await world["souss"].home(ballot_id)
    ballot = await world["souss"].store.read(the_ballot, home)
    notice = (await world["souss"].ballot(ballot_id)).notice
    assert notice is not None
    assert ballot.rule == notice.rule.rule
    assert (ballot.opens_at, ballot.closes_at) == (notice.opens_at, notice.closes_at)
    world.pass_by(VOTING)
    with pytest.raises(BallotClosed):
        await world["souss"].vote(ballot_id, answers(1, 1))
    world.pass_by(-VOTING - 2 * HOUR)
    with pytest.raises(BallotNotOpen):
        await world["souss"].vote(ballot_id, answers(1, 1))


async def test_who_accepts_twice_says_it_once(world: World) -> None:
    ballot_id = await world.noticed()
    await world["souss"].do(accept, ballot_id)
    kinds = [event["type"] for event in await world["souss"].told()]
    assert kinds.count("org.twiza.governance.decision.accepted.v1") == 1
