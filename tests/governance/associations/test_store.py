"""What the keeper of an association keeps, on both databases: once is once, and stays."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, insert, select, update

from services.governance.association_keeper import AssociationKeeper
from services.governance.association_rows import association_at, register, tell_due
from services.governance.federated.membership import MembershipState
from services.governance.federated_rows import Place, keep_facts, note_key
from services.governance.tables import LOG
from services.governance.tables.associations import STAYS, TOLD
from shared.clock import SetClock
from shared.events import Log
from shared.ids import NodeName, ServiceName, new_uuid7
from shared.log.page import Page
from shared.log.projector import Projector
from shared.store import Store, Work
from tests.governance.associations.kit import ASSOCIATION, FOUNDERS, World, root_key_of
from tests.governance.conftest import opened
from tests.governance.federated.kit import KEYS

DAKAR = "dakar"


@pytest.fixture(scope="module")
def story() -> World:
    """A network has asked, and a certified ballot has made it an observer."""
    world = World(others=(DAKAR,))
    world.apply(DAKAR)
    world.sponsor(DAKAR)
    world.decide("admission", DAKAR)
    return world


@pytest.fixture
async def both(database_url: str, clock: SetClock, story: World) -> AsyncIterator[Store]:
    """A store of the keeper that has heard all facts, on each kind of database in turn."""
    clock.move(story.now - clock.now())

    def hear(work: Work) -> None:
        for node, keys in KEYS.items():
            note_key(work, node, keys[0])
        keep_facts(work, [(fact, Place(new_uuid7(), 0, 0), None) for fact in story.facts])

    async with opened(database_url, clock=clock) as store:
        await store.write(hear)
        yield store


def told_by(work: Work) -> list[dict[str, object]]:
    outbox = LOG.outbox
    return [dict(one) for one in work.execute(select(outbox.c.body)).mappings()]


async def test_two_units_at_once_tell_one_thing_once(both: Store) -> None:
    units = [both.write(tell_due, "adrar", ASSOCIATION) for _ in range(4)]
    told = [word for words in await asyncio.gather(*units) for word in words]
    assert [(one.node, one.what, one.revision) for one in told] == [(DAKAR, "observer", 1)]
    assert len(await both.read(told_by)) == 1
    assert await both.write(tell_due, "adrar", ASSOCIATION) == []
    assert await both.write(tell_due, "lima", ASSOCIATION) == []


async def test_what_was_told_stays(both: Store) -> None:
    await both.write(tell_due, "adrar", ASSOCIATION)
    for change in (update(TOLD).values(what="expelled"), delete(TOLD)):

        def refused(work: Work, change: object = change) -> None:
            work.execute(change)  # type: ignore[call-overload]

        with pytest.raises(Exception, match=STAYS):
            await both.write(refused)


async def test_a_restored_keeper_that_has_read_its_own_pages_tells_nothing_twice(
    both: Store, clock: SetClock, story: World
) -> None:
    (word,) = story.words()
    event = {
        "specversion": "1.0",
        "id": new_uuid7(),
        "source": "twiza:adrar/governance",
        "type": word.wire_type(),
        "subject": word.about(),
        "time": "2026-01-01T00:00:00.000Z",
        "datacontenttype": "application/json",
        "data": word.model_dump(mode="json", exclude_defaults=True),
    }

    def page(node: str) -> Page:
        return Page(
            node=NodeName(node),
            service=ServiceName("governance"),
            log=Log.PUBLIC,
            epoch=1,
            number=1,
            prev="0" * 64,
            sealed_at="2026-01-01T00:00:00.000Z",
            events=[{**event, "source": f"twiza:{node}/governance"}],
        )

    projector = Projector(LOG, release="1")
    register(projector)
    keeper = AssociationKeeper(both, clock, "adrar", every_s=3_600.0)
    # Another network cannot speak for the keeper, so that the word is still to be told.
    await both.write(projector.apply, page("lima"))
    found = await both.read(association_at, ASSOCIATION, clock.now())
    assert found.told == {}
    assert found.state_of(DAKAR) is MembershipState.OBSERVER
    await both.write(projector.apply, page("adrar"))
    assert await keeper.look() == []
    assert await both.read(told_by) == []


async def test_a_registry_names_the_root_key_of_who_leaves(
    both: Store, clock: SetClock, story: World
) -> None:
    keeper = AssociationKeeper(both, clock, "adrar", every_s=3_600.0)
    await keeper.look()
    world = World(founders=FOUNDERS, others=())
    world.now = story.now
    departure = world.leave("souss")

    def leaves(work: Work) -> None:
        row = {"node": "souss", "continent": "af", "root_key": root_key_of("souss").public}
        row |= {"level": "local", "admitted_by": "adrar", "standing": "normal"}
        work.execute(insert(LOG.known_node).values(row))
        keep_facts(work, [(departure, Place(new_uuid7(), 0, 0), None)])

    await both.write(leaves)
    assert [(one.node, one.what) for one in await keeper.look()] == [("souss", "withdrawn")]
