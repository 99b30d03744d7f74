"""Rolls on both databases: frozen once, never changed, and one vote for each person."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.governance.electorates import ENTITY
from services.governance.merkle import verified
from services.governance.roll_handlers import (
    act_as,
    entries,
    entry,
    entry_for,
    freeze_roll,
    proof_of,
    roll_of,
    standing_voters,
)
from services.governance.rolls import (
    ActsForAnother,
    EmptyRoll,
    NoRoll,
    NotInRoll,
    RollFrozen,
)
from services.governance.rules import Electorate, ElectorateKind
from shared.clock import SetClock, stamp
from shared.events import Event
from shared.store import Store, Work
from tests.governance.conftest import NOW, opened
from tests.governance.rolls.told import (
    REGISTER,
    admitted,
    ended,
    entered,
    entity,
    given,
    left,
    uuid,
)

PERSONS = Electorate()
ENTITIES = Electorate(kind=ElectorateKind.ENTITIES)
MIXED = Electorate(kind=ElectorateKind.MIXED)
BALLOT = uuid(1)
ARGAN, SAFRAN, TAPIS = entity(1), entity(2), entity(3)
SOON = stamp(NOW + timedelta(days=1))

SMALL: list[Event] = [
    *(entered(who) for who in ("amina", "badr", "chadia", "driss")),
    admitted("amina", 1, "worker"),
    admitted("badr", 1, "user"),
    admitted("driss", 1, standing="observer"),
    *(admitted(one) for one in (ARGAN, SAFRAN, TAPIS)),
    given(1, "amina", ARGAN),
    given(2, "chadia", ARGAN),
    given(3, "chadia", SAFRAN),
]


async def freeze(store: Store, electorate: Electorate = PERSONS, ballot: str = BALLOT) -> Any:
    return await store.write(freeze_roll, ballot_id=ballot, electorate=electorate, at=NOW)


async def test_a_roll_is_frozen_with_a_root_over_all_its_entries(store: Store) -> None:
    await store.write(REGISTER.tell, SMALL)
    roll = await freeze(store)
    assert (roll.size, roll.kind, roll.frozen_at) == (2, "persons", stamp(NOW))
    assert await store.read(roll_of, BALLOT) == roll
    for one in await store.read(entries, BALLOT, most=10):
        proof = await store.read(proof_of, BALLOT, one.place)
        assert verified(bytes.fromhex(roll.root), one.leaf(BALLOT), proof)
    with pytest.raises(NotInRoll):
        await store.read(proof_of, BALLOT, 2)


async def test_two_rolls_of_the_same_members_have_nothing_in_common_to_see(
    sqlite_store: Store,
) -> None:
    await sqlite_store.write(REGISTER.tell, SMALL)
    first = await freeze(sqlite_store)
    second = await freeze(sqlite_store, ballot=uuid(2))
    assert first.root != second.root


async def test_a_roll_is_made_once_and_what_happens_later_does_not_change_it(
    store: Store,
) -> None:
    await store.write(REGISTER.tell, SMALL)
    roll = await freeze(store)
    await store.write(REGISTER.tell, [left("badr"), admitted("chadia")])
    with pytest.raises(RollFrozen):
        await freeze(store, MIXED)
    assert await store.read(roll_of, BALLOT) == roll
    assert await store.read(entry, BALLOT, "p:badr") is not None
    assert await store.read(entry, BALLOT, "p:chadia") is None
    now = await store.read(standing_voters, PERSONS, at=NOW)
    assert [one.voter for one in now] == ["p:amina", "p:chadia"]


async def test_a_ballot_in_which_nobody_could_vote_has_no_roll(store: Store) -> None:
    with pytest.raises(EmptyRoll):
        await freeze(store)
    with pytest.raises(NoRoll):
        await store.read(roll_of, BALLOT)
    await store.write(REGISTER.tell, SMALL)
    assert (await freeze(store)).size == 2


CHANGES = (
    "UPDATE roll SET size = 3",
    "DELETE FROM roll",
    "UPDATE roll_entry SET voter = 'p:mallory'",
    "DELETE FROM roll_entry",
    "INSERT INTO roll_entry (ballot, place, voter, acts, groups, salt)"
    f" VALUES ('{BALLOT}', 99, 'p:mallory', 'mallory', '', '')",
    "UPDATE roll_act SET voter = 'e:mallory'",
    "DELETE FROM roll_act",
)


async def test_the_database_itself_refuses_to_change_a_roll(store: Store) -> None:
    await store.write(REGISTER.tell, SMALL)
    await freeze(store, ENTITIES)
    await store.write(act_as, BALLOT, person="amina", voter=ENTITY + ARGAN)
    for change in map(text, CHANGES):
        with pytest.raises(DBAPIError, match=r"roll_is_frozen|roll_act_stays"):
            await store.write(lambda work, change=change: work.execute(change))
    assert len(await store.read(entries, BALLOT, most=10)) == 3


@pytest.fixture
async def two_stores(database_url: str, clock: SetClock) -> AsyncIterator[list[Store]]:
    """Two stores over one database, as two workers have them."""
    async with (
        opened(database_url, clock=clock) as first,
        opened(database_url, clock=clock, create=False) as second,
    ):
        yield [first, second]


async def test_of_many_who_freeze_a_roll_at_once_one_does(two_stores: list[Store]) -> None:
    await two_stores[0].write(REGISTER.tell, SMALL)
    asked = [freeze(store) for store in two_stores for _ in range(5)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    made = [one for one in answers if not isinstance(one, BaseException)]
    assert len(made) == 1
    assert sum(isinstance(one, RollFrozen) for one in answers) == 9
    assert await two_stores[1].read(roll_of, BALLOT) == made[0]
    assert len(await two_stores[1].read(entries, BALLOT, most=10)) == 2


async def test_a_delegate_who_asks_for_two_entities_at_once_acts_for_one(
    two_stores: list[Store],
) -> None:
    await two_stores[0].write(REGISTER.tell, SMALL)
    await freeze(two_stores[0], ENTITIES)
    asked = [
        store.write(act_as, BALLOT, person="elif", voter=ENTITY + one)
        for store in two_stores
        for one in (ARGAN, SAFRAN)
        for _ in range(3)
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(one is None for one in answers) == 6
    assert sum(isinstance(one, ActsForAnother) for one in answers) == 6


async def test_a_person_votes_by_their_own_entry(store: Store) -> None:
    await store.write(REGISTER.tell, SMALL)
    await freeze(store)
    mine = await store.read(entry_for, BALLOT, person="amina", entities=frozenset({ARGAN}))
    assert mine is not None
    assert (mine.voter, mine.acts, mine.groups) == ("p:amina", "amina", ("worker",))
    assert await store.read(entry_for, BALLOT, person="driss", entities=frozenset()) is None
    assert await store.read(entry_for, BALLOT, person="chadia", entities=frozenset()) is None


async def test_a_delegate_needs_the_mandate_in_the_token_and_in_the_register(
    store: Store,
) -> None:
    await store.write(REGISTER.tell, SMALL)
    await freeze(store, ENTITIES)

    async def voter(person: str, *entities: str) -> str | None:
        found = await store.read(entry_for, BALLOT, person=person, entities=frozenset(entities))
        return found and found.voter

    assert await voter("amina", ARGAN) == ENTITY + ARGAN
    assert await voter("amina") is None
    assert await voter("badr", ARGAN) is None
    assert await voter("chadia", ARGAN, SAFRAN, TAPIS) == ENTITY + SAFRAN
    assert await voter("chadia", ARGAN) is None


async def test_a_mandate_must_hold_when_the_vote_is_cast(store: Store, clock: SetClock) -> None:
    await store.write(REGISTER.tell, SMALL)
    await freeze(store, ENTITIES)
    both = frozenset({ARGAN, TAPIS})
    assert await store.read(entry_for, BALLOT, person="amina", entities=both) is not None
    clock.move(timedelta(days=2))
    await store.write(
        REGISTER.tell,
        [
            ended(1, "amina", ARGAN, SOON),
            given(4, "badr", ARGAN, begins=SOON),
            # Named for another one, amina takes no second vote in this roll.
            given(5, "amina", TAPIS, begins=SOON),
        ],
    )
    assert await store.read(entry_for, BALLOT, person="amina", entities=both) is None
    found = await store.read(entry_for, BALLOT, person="badr", entities=both)
    assert found is not None
    assert found.voter == ENTITY + ARGAN


async def test_in_a_mixed_roll_nobody_votes_as_a_person_and_as_a_delegate(store: Store) -> None:
    await store.write(REGISTER.tell, SMALL)
    roll = await freeze(store, MIXED)
    assert roll.size == 4
    mine = await store.read(entry_for, BALLOT, person="amina", entities=frozenset({ARGAN}))
    assert mine is not None
    assert mine.voter == ENTITY + ARGAN
    assert await store.read(entry, BALLOT, "p:amina") is None
    # badr has a vote of his own: a mandate that comes later gives him no second one.
    await store.write(REGISTER.tell, [given(6, "badr", TAPIS)])
    his = await store.read(entry_for, BALLOT, person="badr", entities=frozenset({TAPIS}))
    assert his is not None
    assert his.voter == "p:badr"


async def test_a_free_delegate_of_two_entities_stays_with_the_one_they_acted_for(
    store: Store,
) -> None:
    await store.write(REGISTER.tell, SMALL)
    await freeze(store, ENTITIES)
    await store.write(REGISTER.tell, [given(7, "elif", ARGAN), given(8, "elif", TAPIS)])
    both = frozenset({ARGAN, TAPIS})

    async def voter() -> str | None:
        found = await store.read(entry_for, BALLOT, person="elif", entities=both)
        return found and found.voter

    # Nobody was named for the carpet weavers; they come first.
    assert await voter() == ENTITY + TAPIS
    await store.write(act_as, BALLOT, person="elif", voter=ENTITY + ARGAN)
    assert await voter() == ENTITY + ARGAN
    await store.write(act_as, BALLOT, person="elif", voter=ENTITY + ARGAN)
    with pytest.raises(ActsForAnother):
        await store.write(act_as, BALLOT, person="elif", voter=ENTITY + TAPIS)
    await store.write(REGISTER.tell, [ended(7, "elif", ARGAN, stamp(NOW))])
    assert await voter() is None


async def test_the_subject_of_an_admission_is_left_out(sqlite_store: Store) -> None:
    await sqlite_store.write(REGISTER.tell, SMALL)
    roll = await sqlite_store.write(
        freeze_roll, ballot_id=BALLOT, electorate=PERSONS, at=NOW, without=["p:badr"]
    )
    assert roll.size == 1


async def test_twenty_thousand_members_are_frozen_in_two_seconds(store: Store) -> None:
    many = 20_000
    told: list[Event] = [admitted(f"person-{number}", 1, "worker") for number in range(many)]
    await store.write(REGISTER.tell, told)
    began = time.process_time(), time.perf_counter()
    roll = await freeze(store)
    used = time.process_time() - began[0]
    print(f"{used:.2f} s of processor, {time.perf_counter() - began[1]:.2f} s")
    assert roll.size == many
    assert used < 2


async def test_whatever_happens_while_votes_are_cast_nobody_acts_for_two(
    sqlite_store: Store, clock: SetClock
) -> None:
    luck = Random(7)
    people = [f"person-{number}" for number in range(6)]
    places = [entity(number) for number in range(5)]
    kinds = list(ElectorateKind)
    for round_ in range(20):
        number, ballot = round_ * 100, uuid(round_)
        given_out: list[tuple[int, str, str]] = []

        def mandated(
            work: Work, number: int = number, given_out: list[tuple[int, str, str]] = given_out
        ) -> None:
            if given_out and luck.random() < 0.4:
                one = given_out.pop(luck.randrange(len(given_out)))
                REGISTER.tell(work, [ended(*one, work.moment)])
                return
            one = (number + work.now.minute, luck.choice(people), luck.choice(places))
            given_out.append(one)
            REGISTER.tell(work, [given(*one, begins=work.moment)])

        def cast(work: Work, ballot: str = ballot) -> tuple[str, str] | None:
            who = luck.choice(people)
            mine = entry_for(work, ballot, person=who, entities=places)
            if mine is None:
                return None
            act_as(work, ballot, person=who, voter=mine.voter)
            return who, mine.voter

        def settled(work: Work, revision: int = round_ + 1) -> None:
            told: list[Event] = [admitted(places[0], revision)]
            for one in people + places[1:]:
                standing = luck.choice(["full", "full", "observer"])
                told.append(admitted(one, revision, standing=standing))
            REGISTER.tell(work, told)

        await sqlite_store.write(settled)
        for _ in range(5):
            clock.move(timedelta(minutes=1))
            await sqlite_store.write(mandated)
        electorate = Electorate(kind=luck.choice(kinds[1:]))
        await freeze(sqlite_store, electorate, ballot)
        votes: dict[str, set[str]] = {}
        for _ in range(25):
            clock.move(timedelta(minutes=1))
            if luck.random() < 0.3:
                await sqlite_store.write(mandated)
            voted = await sqlite_store.write(cast)
            if voted:
                votes.setdefault(voted[0], set()).add(voted[1])
        assert all(len(some) == 1 for some in votes.values())
        clock.move(timedelta(minutes=60 - clock.now().minute))
