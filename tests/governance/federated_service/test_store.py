"""Facts lie in the database for good, whoever writes at once; on both kinds of database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from services.governance.closing import close_ballot
from services.governance.federated.ballot import BallotState
from services.governance.federated.legs import LegState
from services.governance.federated_handlers import charter_for
from services.governance.federated_keeper import due_ballots, move_on
from services.governance.federated_legs import bound_of, commit_leg, own_legs
from services.governance.federated_projections import forget
from services.governance.federated_rows import facts_of, keys_of, state_of, text_hash, text_of
from services.governance.tables.federated import FACT, FEDERATED, LEG, PENDING
from shared.clock import SetClock
from shared.ids import NodeName, ServiceName
from shared.store import Work
from tests.databases import Server, on_postgresql
from tests.governance.federated_service.world import (
    ASSOCIATION,
    NOTICE,
    VOTING,
    World,
    answers,
    key_of,
    made,
)

HOUR = timedelta(hours=1)
TWO = ("adrar", "souss")


@pytest.fixture
async def pair(
    database_url: str, tmp_path: Path, clock: SetClock, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """Two networks that have signed one charter, over each kind of database in turn."""
    urls = {name: f"sqlite:///{tmp_path / name}.db" for name in TWO}
    if on_postgresql(database_url):
        server: Server = request.getfixturevalue("postgresql_server")
        urls = {"adrar": database_url, "souss": server.new_schema()}
    async with AsyncExitStack() as stack:
        world = await made(stack, clock, tmp_path, tmp_path, names=TWO, members=6, url_of=urls)
        await world.found()
        yield world


async def voted(world: World) -> str:
    ballot_id = await world.noticed(accepting=TWO)
    world.pass_by(NOTICE + 2 * HOUR)
    await world.settle()
    for name in TWO:
        await world[name].vote(ballot_id, answers(3, 1))
    return ballot_id


async def test_a_whole_ballot_on_this_database(pair: World) -> None:
    ballot_id = await voted(pair)
    pair.pass_by(VOTING)
    await pair.settle()
    assert len(await pair.outcomes(ballot_id)) == 1
    assert await pair["souss"].state(ballot_id) is BallotState.CERTIFIED

    def left(work: Work) -> tuple[int, list[str]]:
        pending = work.execute(select(func.count()).select_from(PENDING)).scalar_one()
        return pending, list(work.execute(select(LEG.c.state)).scalars())

    assert await pair["souss"].store.read(left) == (0, ["closed"])


async def test_a_fact_stays_as_it_was_told(pair: World) -> None:
    await pair.noticed(accepting=TWO)
    with pytest.raises(DBAPIError, match="federated_fact_stays"):
        await pair["souss"].store.write(
            lambda work: work.execute(update(FACT).values(teller="lima"))
        )


async def test_what_many_look_at_once_is_done_once(pair: World) -> None:
    ballot_id = await voted(pair)
    pair.pass_by(VOTING)
    souss = pair["souss"]
    looks = [souss.store.write(move_on, souss.desk, ballot_id) for _ in range(6)]
    done = [act for found in await asyncio.gather(*looks) for act in found]
    assert done == ["commit:souss"]
    kinds = [event["type"].split(".")[4] for event in await souss.told()]
    assert kinds.count("committed") == 1


async def test_what_breaks_off_has_not_happened(pair: World) -> None:
    ballot_id = await voted(pair)
    pair.pass_by(VOTING)
    souss = pair["souss"]
    before = len(await souss.told())

    def broken(work: Work) -> None:
        commit_leg(work, souss.desk, state_of(work, ballot_id))
        raise RuntimeError("the power fails here")

    with pytest.raises(RuntimeError, match="power"):
        await souss.store.write(broken)
    assert len(await souss.told()) == before
    assert await souss.store.read(bound_of, ballot_id, souss.name) is None
    assert (await souss.store.read(own_legs, ballot_id, souss.name))[0].state == "open"
    await pair.settle()
    assert len(await pair.outcomes(ballot_id)) == 1


async def test_a_log_that_is_told_anew_gives_the_same_ballot(pair: World) -> None:
    ballot_id = await voted(pair)
    pair.pass_by(VOTING)
    await pair.settle()
    before = await pair.outcomes(ballot_id)
    souss = pair["souss"]
    await souss.store.write(forget, NodeName("adrar"), ServiceName("governance"))
    assert (await souss.ballot(ballot_id)).notice is None
    assert await souss.store.read(due_ballots, pair.clock.now()) == [ballot_id]
    await pair.carry(again=True)
    await pair.settle()
    assert await pair.outcomes(ballot_id) == before
    await souss.store.write(forget, NodeName("adrar"), ServiceName("directory"))
    assert await pair.outcomes(ballot_id) == before


async def test_keys_are_those_of_the_pages_in_which_was_told(pair: World) -> None:
    ballot_id = await pair.noticed(accepting=TWO)

    def keys(work: Work) -> dict[str, tuple[str, ...]]:
        return keys_of(work, facts_of(work, ballot_id))

    assert await pair["souss"].store.read(keys) == {name: (key_of(name).public,) for name in TWO}


async def test_texts_are_found_by_their_hash_whoever_told_them(pair: World) -> None:
    await pair.noticed(accepting=TWO)
    store = pair["souss"].store
    wanted = text_hash("Un fonds commun.")
    assert await store.read(text_of, wanted) == "Un fonds commun."
    assert await store.read(text_of, "0" * 64) is None


async def test_a_vote_whose_ballot_was_stopped_is_closed_all_the_same(pair: World) -> None:
    ballot_id = await pair.noticed(accepting=TWO)
    pair.cut = {"souss"}
    pair.pass_by(NOTICE + 2 * HOUR)
    await pair["souss"].look()
    home = await pair["souss"].home(ballot_id)
    souss = pair["souss"]
    # The notice is forgotten for good: no seal comes of the vote any more.
    await souss.store.write(forget, NodeName("adrar"), ServiceName("governance"))
    pair.pass_by(VOTING)
    await souss.look()
    legs = await souss.store.read(own_legs, ballot_id, souss.name)
    assert [one.state for one in legs] == ["closed"]
    again = await souss.store.write(lambda work: close_ballot(work, home, at=work.now))
    assert again.cast == 0


async def test_a_roll_that_a_restore_has_lost_is_sealed_anew_before_the_opening(
    pair: World,
) -> None:
    ballot_id = await pair.noticed(accepting=TWO)
    souss = pair["souss"]
    first = (await souss.ballot(ballot_id)).legs["souss"].roll
    assert first is not None

    def lost(work: Work) -> None:
        work.execute(delete(LEG))
        work.execute(update(FEDERATED).values(changed=1))

    await souss.store.write(lost)
    await pair.settle()
    again = (await pair["adrar"].ballot(ballot_id)).legs["souss"].roll
    assert again is not None
    assert (again.epoch, again.size) == (2, first.size)
    assert again.root != first.root


async def test_a_seal_that_a_restore_has_lost_is_never_made_a_second_time(pair: World) -> None:
    ballot_id = await voted(pair)
    pair.pass_by(VOTING)
    souss = pair["souss"]
    pair.cut = {"adrar"}
    await souss.look()

    def lost(work: Work) -> None:
        work.execute(delete(PENDING))
        work.execute(update(FEDERATED).values(changed=1))

    await souss.store.write(lost)
    pair.cut = set()
    pair.pass_by(timedelta(hours=80))
    await pair.settle()
    kinds = [event["type"].split(".")[4] for event in await souss.told()]
    assert (kinds.count("committed"), kinds.count("sealed")) == (1, 0)
    ballot = await pair["adrar"].ballot(ballot_id)
    assert ballot.certified is not None
    assert ballot.legs["souss"].state is LegState.MISSING


async def test_a_charter_is_worked_with_that_the_network_has_signed(pair: World) -> None:
    souss = pair["souss"]
    found = await souss.do(charter_for, ASSOCIATION)
    assert found == pair.charter
