"""What a directory remembers of other nodes' entities, and of its own when they come back."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.directory import handlers, index, projections
from services.directory.tables import AT_HOME, ENTITY, LOG, SEARCH, TERM
from shared.clock import SetClock
from shared.contracts.directory import EntityAmended, EntityListed, EntityWithdrawn
from shared.contracts.profile import PublicProfile
from shared.events import Event, Log, NotItsNamespace
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.log.page import Page
from shared.log.projector import Projector
from shared.store import Store, Work
from tests.directory.conftest import NODE, OTHER, entity_id, entry

DIRECTORY = ServiceName("directory")


def arrived(*events: Event, origin: NodeName = OTHER) -> list[Arrived[Any]]:
    return [
        Arrived(
            contract=type(event),
            data=event.model_dump(mode="json", exclude_defaults=True),
            origin=origin,
            service=DIRECTORY,
            event_id=str(number),
            at="2026-11-21T17:00:00.000Z",
            epoch=1,
            number=1,
        )
        for number, event in enumerate(events)
    ]


def listed(
    number: int, *, revision: int = 1, node: NodeName = OTHER, **fields: Any
) -> EntityListed:
    profile = PublicProfile.model_validate({"name": f"Cooperativa {number}", **fields})
    return EntityListed(entity_id=entity_id(number, node), revision=revision, profile=profile)


def amended(number: int, *, revision: int, **fields: Any) -> EntityAmended:
    told = listed(number, revision=revision, **fields)
    return EntityAmended(entity_id=told.entity_id, revision=revision, profile=told.profile)


def withdrawn(number: int, *, revision: int, node: NodeName = OTHER) -> EntityWithdrawn:
    return EntityWithdrawn(entity_id=entity_id(number, node), revision=revision)


def tell(work: Work, events: Sequence[Arrived[Any]]) -> None:
    for one in events:
        if isinstance(one.event, EntityWithdrawn):
            projections.remember_withdrawn(work, [one])
        else:
            projections.remember(work, [one])


def state(work: Work) -> dict[str, tuple[int, int, str, str, str]]:
    rows = work.execute(select(ENTITY).order_by(ENTITY.c.id))
    return {
        row.id: (row.revision, row.withdrawn, row.origin, row.name, row.profile) for row in rows
    }


async def test_what_is_told_of_an_entity_is_kept_with_its_origin(store: Store) -> None:
    told = listed(
        1,
        practices=["practice:csa", "practice:fair-trade"],
        addresses=[{"country": "ES"}, {"country": "PT", "is_main": True}],
        geo={"lat": 377_000_000, "lon": -256_000_000},
    )
    await store.write(projections.remember, arrived(told))
    row = await store.read(lambda work: work.execute(select(ENTITY)).one())
    assert (row.id, row.origin, row.revision) == (told.entity_id, OTHER, 1)
    assert (row.name, row.country, row.practice) == ("Cooperativa 1", "PT", "practice:csa")
    assert (row.lat, row.lon, row.withdrawn, row.indexed) == (377_000_000, -256_000_000, 0, 0)
    assert PublicProfile.model_validate_json(row.profile) == told.profile


async def test_the_highest_revision_stays_whatever_comes_after_it(store: Store) -> None:
    later = amended(1, revision=3, name="Nova")
    for events in ([later], [listed(1)], [amended(1, revision=2, name="Velha")], [later]):
        await store.write(tell, arrived(*events))
    assert (await store.read(state))[later.entity_id][:4] == (3, 0, OTHER, "Nova")


async def test_a_withdrawal_leaves_a_tombstone_and_nothing_to_find(store: Store) -> None:
    await store.write(tell, arrived(listed(1, practices=["practice:csa"]), listed(2)))
    await index.follow(store)
    await store.write(tell, arrived(withdrawn(1, revision=2)))
    found = await store.read(state)
    assert found[entity_id(1, OTHER)] == (2, 1, OTHER, "", "")

    def left(work: Work) -> tuple[int, int, int]:
        return (
            len(work.execute(select(ENTITY.c.key)).all()),
            len(work.execute(select(SEARCH.c.entity)).all()),
            len(work.execute(select(TERM.c.entity)).all()),
        )

    assert await store.read(left) == (2, 1, 0)


async def test_a_withdrawal_that_comes_before_its_listing_stays(store: Store) -> None:
    await store.write(tell, arrived(withdrawn(1, revision=2), listed(1)))
    assert (await store.read(state))[entity_id(1, OTHER)][:2] == (2, 1)


async def test_a_late_withdrawal_takes_nothing_from_a_newer_entity(store: Store) -> None:
    await store.write(tell, arrived(amended(1, revision=5)))
    await index.follow(store)
    await store.write(tell, arrived(withdrawn(1, revision=4)))
    assert (await store.read(state))[entity_id(1, OTHER)][:2] == (5, 0)
    assert await store.read(lambda work: len(work.execute(select(SEARCH.c.entity)).all())) == 1


@pytest.mark.parametrize("told", [listed(1, node=NODE), withdrawn(1, revision=9, node=NODE)])
async def test_nobody_tells_of_another_nodes_entity(store: Store, told: Event) -> None:
    await store.write(handlers.list_entity, entry(1))
    with pytest.raises(NotItsNamespace):
        await store.write(tell, arrived(told, origin=OTHER))
    assert (await store.read(state))[entity_id(1)][:4] == (1, 0, NODE, "Coopérative 1")


async def test_a_name_that_only_begins_like_the_origin_is_not_its_own(store: Store) -> None:
    told = listed(1, node=NodeName("ilhas-do-sul"))
    with pytest.raises(NotItsNamespace):
        await store.write(tell, arrived(told, origin=OTHER))


async def test_one_bad_event_of_a_page_is_set_aside_and_the_others_are_kept(store: Store) -> None:
    projector = Projector(LOG, release="test")
    projections.register(projector)
    page = _page([listed(1), listed(2, node=NODE), withdrawn(3, revision=2)])
    assert await store.write(projector.apply, page) == 1
    assert (await store.read(state)).keys() == {entity_id(1, OTHER), entity_id(3, OTHER)}
    aside = await store.read(lambda work: work.execute(select(LOG.set_aside)).one())
    assert (aside.place, aside.reason) == (1, NotItsNamespace.slug)


async def test_own_pages_that_come_back_leave_what_is_kept_at_home(store: Store) -> None:
    own = entry(1, contacts={"phone": {"value": "+212 600 000 000", "visibility": "node"}})
    await store.write(handlers.list_entity, own)
    newer = EntityAmended(
        entity_id=own.entity_id, revision=4, profile=PublicProfile(name="Renommée")
    )
    await store.write(tell, arrived(newer, origin=NODE))
    assert (await store.read(state))[own.entity_id][:4] == (4, 0, NODE, "Renommée")
    private = await store.read(lambda work: work.execute(select(AT_HOME.c.private)).scalar_one())
    assert private == own.private


async def test_what_came_of_a_nodes_directory_is_forgotten_with_its_tombstones(
    store: Store,
) -> None:
    await store.write(handlers.list_entity, entry(7))
    await store.write(tell, arrived(listed(1), listed(2), withdrawn(2, revision=2)))
    await index.follow(store)
    await store.write(projections.forget, OTHER, ServiceName("exchange"))
    assert len(await store.read(state)) == 3
    await store.write(projections.forget, OTHER, DIRECTORY)
    assert (await store.read(state)).keys() == {entity_id(7)}
    assert await store.read(lambda work: len(work.execute(select(SEARCH.c.entity)).all())) == 1


histories = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3]), st.integers(1, 6), st.sampled_from(["listed", "withdrawn"])
    ),
    max_size=20,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(histories, st.randoms(use_true_random=False))
async def test_order_and_repeats_make_no_difference(
    sqlite_store: Store, clock: SetClock, history: list[tuple[int, int, str]], order: Any
) -> None:
    # A revision is told once: what it says does not depend on how often it comes.
    said = {(number, revision): kind for number, revision, kind in history}
    events = [
        withdrawn(number, revision=revision)
        if kind == "withdrawn"
        else amended(number, revision=revision, name=f"{number} at {revision}")
        for (number, revision), kind in said.items()
    ]
    shuffled = [*events, *events]
    order.shuffle(shuffled)

    def after(work: Work, told: Sequence[Event]) -> Any:
        projections.forget(work, OTHER, DIRECTORY)
        tell(work, arrived(*told))
        return state(work)

    assert await sqlite_store.write(after, events) == await sqlite_store.write(after, shuffled)


def _page(events: Sequence[Event]) -> Page:
    return Page(
        node=OTHER,
        service=DIRECTORY,
        log=Log.PUBLIC,
        epoch=1,
        number=1,
        prev="0" * 64,
        sealed_at="2026-11-21T17:00:00.000Z",
        events=[
            {
                "specversion": "1.0",
                "id": str(number),
                "source": f"twiza:{OTHER}/directory",
                "type": event.wire_type(),
                "subject": event.about(),
                "time": "2026-11-21T17:00:00.000Z",
                "datacontenttype": "application/json",
                "data": event.model_dump(mode="json", exclude_defaults=True),
            }
            for number, event in enumerate(events)
        ],
    )
