"""Who is told what, what is taken in from whom, and when a network takes itself for cut off."""

from collections import Counter
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import select

from services.governance.decision_notices import tell_some
from services.governance.federated.legs import LegState
from services.governance.federated_handlers import prepare
from services.governance.federated_hearing import STEADY_S, Hearing
from services.governance.federated_keeper import PREPARED_MAX
from services.governance.federated_legs import own_legs
from services.governance.tables import LOG
from shared.events import Log
from shared.log.relay import RelayState
from shared.store import Work
from tests.governance.federated_service.world import (
    ASSOCIATION,
    NAMES,
    NOTICE,
    VOTING,
    Network,
    World,
    answers,
    page_of,
)

HOUR = timedelta(hours=1)


async def notices(network: Network) -> Counter[tuple[str, str]]:
    """Return of what voters were told, by voter."""
    while await network.store.write(tell_some):
        pass

    def read(work: Work) -> Counter[tuple[str, str]]:
        rows = work.execute(select(LOG.outbox.c.body).where(LOG.outbox.c.log == "private"))
        told = [orjson.loads(row.body)["data"] for row in rows]
        return Counter((one["to"], one["what"]) for one in told if one["what"] != "recorded")

    return await network.store.read(read)


async def test_voters_are_told_once_that_the_vote_is_open_and_that_it_is_decided(
    world: World,
) -> None:
    ballot_id = await world.noticed()
    world.pass_by(NOTICE + 2 * HOUR)
    await world.settle()
    await world["souss"].vote(ballot_id, answers(4, 1))
    opened = {(f"p:{one}", "opened"): 1 for one in world["souss"].members}
    assert await notices(world["souss"]) == opened
    world.pass_by(VOTING)
    await world.settle()
    await world.carry(again=True)
    await world.settle()
    closed = {(f"p:{one}", "closed"): 1 for one in world["souss"].members}
    assert await notices(world["souss"]) == opened | closed


async def test_a_network_that_speaks_for_another_is_not_heard(world: World) -> None:
    ballot_id = await world.noticed(accepting=NAMES[:4])
    [accepted] = [
        one for one in await world["quebec"].told() if one["type"].endswith("accepted.v1")
    ]
    forged: dict[str, Any] = {**accepted, "data": {**accepted["data"], "node": "souss"}}
    forged["subject"] = f"souss:{ballot_id.partition(':')[2]}"
    lima, page = world["lima"], page_of("quebec", "governance", Log.PUBLIC, 900, [forged])
    assert await lima.store.write(lambda work: lima.projector.apply(work, page)) == 1
    named = {**accepted, "data": {**accepted["data"], "leg": "souss"}}
    page = page_of("quebec", "governance", Log.PUBLIC, 901, [named])
    assert await lima.store.write(lambda work: lima.projector.apply(work, page)) == 0
    assert (await lima.ballot(ballot_id)).legs["souss"].state is LegState.INVITED


async def test_one_network_cannot_have_rolls_frozen_without_end(world: World) -> None:
    asked = [
        await world["adrar"].do(prepare, association=ASSOCIATION, matter="values", legs=NAMES)
        for _ in range(PREPARED_MAX + 3)
    ]
    await world.settle()

    def frozen(work: Work) -> int:
        return sum(bool(own_legs(work, one, "souss")) for one in asked)

    assert await world["souss"].store.read(frozen) == PREPARED_MAX
    another = await world["lima"].do(prepare, association=ASSOCIATION, matter="values", legs=NAMES)
    await world.settle()
    assert await world["souss"].store.read(own_legs, another, "souss")


def test_who_gets_no_page_back_does_not_hear_the_others() -> None:
    seconds = [100.0]
    state = RelayState(published=(1, 5), witnessed=True, compared=True)
    hears = Hearing(state, has_hub=True, seconds=lambda: seconds[0])
    assert not hears()
    seconds[0] += STEADY_S
    # Nothing was told since the start, and the hub has answered.
    assert hears()
    state.published = (1, 6)
    assert not hears()
    state.receipt = (1, 6)
    assert not hears()
    seconds[0] += STEADY_S
    assert hears()
    state.compared = False
    assert not hears()


def test_a_network_without_a_hub_hears_all_there_is() -> None:
    state = RelayState(published=(1, 5))
    hears = Hearing(state, has_hub=False)
    assert not hears()
    state.compared = True
    assert hears()


def test_who_does_not_know_whether_the_hub_has_more_waits() -> None:
    state = RelayState(compared=True, witnessed=False)
    hears = Hearing(state, has_hub=True, seconds=lambda: 0.0)
    assert not hears()
