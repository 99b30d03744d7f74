"""What governance remembers of the register: the highest revision, in whatever order they come."""

from datetime import UTC, datetime
from itertools import permutations

from services.governance.register_views import (
    Held,
    acts_for,
    mandates,
    members,
    persons,
    served,
    terms,
)
from shared.contracts.register import MemberLeft
from shared.events import Event
from shared.ids import NodeName, ServiceName
from shared.store import Store, Work
from tests.governance.conftest import NODE, NOW
from tests.governance.rolls.told import (
    BEFORE,
    REGISTER,
    admitted,
    ended,
    entered,
    entity,
    given,
    gone,
    left,
)

ARGAN, SAFRAN = entity(1), entity(2)


async def test_the_register_is_remembered_as_it_is_told(store: Store) -> None:
    told: list[Event] = [
        entered("amina", gender="woman", worker=True, worker_since="2019"),
        entered("badr"),
        admitted("amina", 1, "worker", "user"),
        admitted(ARGAN),
        given(1, "amina", ARGAN),
    ]
    assert await store.write(REGISTER.tell, told) == 0
    found = {one.id: one for one in await store.read(persons)}
    assert found["amina"].gender == "woman"
    assert found["amina"].worker
    assert found["amina"].standing == "full"
    assert found["badr"].standing == ""
    assert [one.id for one in await store.read(members)] == ["amina", ARGAN]
    assert (await store.read(members))[0].groups == ("user", "worker")
    assert await store.read(acts_for, "amina", ARGAN, NOW)
    assert not await store.read(acts_for, "amina", SAFRAN, NOW)
    assert not await store.read(acts_for, "badr", ARGAN, NOW)


async def test_the_highest_revision_stays_in_whatever_order_they_come(sqlite_store: Store) -> None:
    told: list[Event] = [
        admitted("amina", 1, standing="observer"),
        admitted("amina", 2, "worker"),
        left("amina", 3),
        admitted("amina", 4, "user"),
    ]
    for turn in permutations(told):

        def tell(work: Work, turn: tuple[Event, ...] = turn) -> None:
            for one in (*turn, *turn):
                REGISTER.tell(work, [one])

        await sqlite_store.write(tell)
        ((one),) = await sqlite_store.read(members)
        assert (one.standing, one.groups, one.left_at) == ("full", ("user",), "")


async def test_who_has_left_the_register_has_no_membership_and_acts_for_nobody(
    store: Store,
) -> None:
    # The person's own tombstone is enough, should the others be late.
    told: list[Event] = [
        gone("amina", 2),
        entered("amina", gender="woman"),
        admitted("amina"),
        given(1, "amina", ARGAN),
    ]
    await store.write(REGISTER.tell, told)
    assert await store.read(members) == []
    assert await store.read(mandates) == []
    assert await store.read(persons) == []
    assert not await store.read(acts_for, "amina", ARGAN, NOW)


async def test_a_mandate_holds_to_its_term_or_until_it_was_ended(store: Store) -> None:
    term, cut = "2026-06-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"
    await store.write(
        REGISTER.tell,
        [
            given(1, "amina", ARGAN, ends=term),
            given(2, "badr", ARGAN, ends=term),
            ended(2, "badr", ARGAN, cut, ends=term),
            # What was ended after its term was over has not held for longer.
            ended(3, "chadia", ARGAN, "2026-09-01T00:00:00.000Z", ends=term),
        ],
    )
    untils = {one.person: one.until for one in await store.read(mandates)}
    assert untils == {"amina": term, "badr": cut, "chadia": term}
    april = datetime(2026, 4, 1, tzinfo=UTC)
    assert await store.read(acts_for, "amina", ARGAN, april)
    assert not await store.read(acts_for, "badr", ARGAN, april)


async def test_terms_in_a_row_are_counted_for_each_entity(store: Store) -> None:
    years = {number: f"{2018 + 2 * number}-01-01T00:00:00.000Z" for number in range(5)}
    await store.write(
        REGISTER.tell,
        [
            *(given(n, "amina", ARGAN, begins=years[n], ends=years[n + 1]) for n in range(3)),
            given(7, "amina", SAFRAN, begins=years[2]),
            given(8, "badr", ARGAN, begins=years[0], ends=years[1]),
        ],
    )
    assert await store.read(served, "amina", at=datetime(2023, 6, 1, tzinfo=UTC)) == 3
    assert await store.read(served, "badr") == 0
    assert await store.read(served, "nobody") == 0
    # The mandates for one entity ended in 2024; for the other the first one runs.
    assert await store.read(served, "amina") == 1
    found = await store.read(terms)
    assert found[0] == Held(
        "amina", ARGAN, datetime(2018, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    )
    assert len(found) == 5
    assert sum(one.term.until is None for one in found) == 1


async def test_another_node_says_nothing_of_our_register(sqlite_store: Store) -> None:
    set_aside = await sqlite_store.write(
        REGISTER.tell, [admitted("amina")], origin=NodeName("ilhas")
    )
    assert set_aside == 1
    assert await sqlite_store.read(members) == []


async def test_a_log_that_is_told_again_is_remembered_anew(sqlite_store: Store) -> None:
    forget = REGISTER.projector.forget
    await sqlite_store.write(REGISTER.tell, [entered("amina"), admitted("amina")])
    await sqlite_store.write(forget, NODE, ServiceName("exchange"))
    await sqlite_store.write(forget, NodeName("ilhas"), ServiceName("directory"))
    assert len(await sqlite_store.read(members)) == 1
    await sqlite_store.write(forget, NODE, ServiceName("directory"))
    assert await sqlite_store.read(members) == []


async def test_a_member_who_was_excluded_has_no_vote(sqlite_store: Store) -> None:
    at = "2026-11-23T00:00:00.000Z"
    event = MemberLeft(member_id="amina", revision=2, since=BEFORE, left_at=at, reason="excluded")
    await sqlite_store.write(REGISTER.tell, [admitted("amina"), event])
    ((one),) = await sqlite_store.read(members)
    assert one.left_at == at
    assert not one.votes(at)
