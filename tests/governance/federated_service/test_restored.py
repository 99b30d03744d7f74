"""A network that was restored from a backup reads what it has said, and says nothing otherwise."""

import sqlite3
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from pathlib import Path

from services.governance.federated.ballot import BallotState
from services.governance.federated.legs import LegState
from services.governance.federated_answers import accept
from services.governance.tables import LOG
from shared.clock import SetClock
from shared.events import Speaker
from shared.ids import NodeName, ServiceName
from shared.store import open_store
from tests.governance.federated_service.world import (
    GRACE,
    NAMES,
    NOTICE,
    VOTING,
    Network,
    World,
    answers,
)

HOUR = timedelta(hours=1)


def backup(folder: Path, name: str) -> Path:
    """Copy the database of a network that runs."""
    copy = folder / f"{name}-backup.db"
    with (
        closing(sqlite3.connect(folder / f"{name}.db")) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


async def restored(
    stack: AsyncExitStack, world: World, name: str, copy: Path, clock: SetClock
) -> Network:
    """Return a network as it stands after a restore that has fetched its own former pages."""
    store = await open_store(
        f"sqlite:///{copy}",
        LOG,
        speaker=Speaker(NodeName(name), ServiceName("governance")),
        clock=clock,
        create=False,
    )
    stack.push_async_callback(store.aclose)
    before = world[name]
    again = Network(name, store, clock, len(before.members))
    here = {event["id"] for event in await again.told()}
    told = list(enumerate(await before.told(), 1))
    await again.hear((before, number, event) for number, event in told if event["id"] not in here)
    return again


async def test_what_was_bound_before_is_not_bound_again(
    world: World, tmp_path: Path, clock: SetClock
) -> None:
    ballot_id = await world.noticed()
    world.pass_by(NOTICE + 2 * HOUR)
    await world.settle()
    for name in NAMES:
        await world[name].vote(ballot_id, answers(6, 2))
    copy = backup(tmp_path, "souss")
    await world["souss"].vote(ballot_id, answers(6, 3))
    world.pass_by(VOTING)
    souss = world["souss"]
    await souss.look()
    async with AsyncExitStack() as stack:
        again = await restored(stack, world, "souss", copy, clock)
        first = (await souss.ballot(ballot_id)).legs["souss"].commitment
        assert (await again.ballot(ballot_id)).legs["souss"].commitment == first
        said = len(await again.told())
        await again.look()
        # The last vote was lost with the disk: no seal of these ballots would be the one.
        assert len(await again.told()) == said
        world.networks = {**world.networks, "souss": again}
        world.pass_by(GRACE + HOUR)
        await world.settle()
        ballot = await world["lima"].ballot(ballot_id)
        assert await world["lima"].state(ballot_id) is BallotState.CERTIFIED
        assert ballot.legs["souss"].state is LegState.MISSING
        assert ballot.disputes == frozenset()
        assert len(await world.outcomes(ballot_id)) == 1


async def test_what_was_answered_before_is_not_answered_again(
    world: World, tmp_path: Path, clock: SetClock
) -> None:
    ballot_id = await world.noticed(accepting=NAMES[:4])
    copy = backup(tmp_path, "souss")
    await world.settle()
    await world["souss"].do(accept, ballot_id)
    await world.settle()
    async with AsyncExitStack() as stack:
        again = await restored(stack, world, "souss", copy, clock)
        # The roll that was told is not here: until the opening it is sealed anew.
        world.networks = {**world.networks, "souss": again}
        await world.settle()
        legs = (await world["lima"].ballot(ballot_id)).legs
        assert legs["souss"].state is LegState.ROLL_SEALED
        assert legs["souss"].roll is not None
        assert legs["souss"].roll.epoch == 2
        world.pass_by(NOTICE + 2 * HOUR)
        await world.settle()
        await again.vote(ballot_id, answers(3, 0))
        world.pass_by(VOTING)
        await world.settle()
        ballot = await world["lima"].ballot(ballot_id)
        assert ballot.certified is not None
        assert ballot.certified.computed.outcome.figures["yes"] == 3
