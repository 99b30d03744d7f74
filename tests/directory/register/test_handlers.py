"""The register's handlers on both databases: what is refused, what is told, what ends with what."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from services.directory import handlers, mandate_handlers, register_handlers, register_rows
from services.directory.register import (
    BadTerm,
    Mandate,
    MandateOver,
    MandateOverlaps,
    Member,
    NotAMember,
    NumberTaken,
    Person,
    PersonGone,
    PersonKnown,
    UnknownEntity,
    UnknownPerson,
)
from services.directory.tables import LOG
from shared.clock import SetClock, stamp
from shared.events import kind_of, read
from shared.refusals import Missing
from shared.store import Store, Work
from tests.directory.conftest import NODE, NOW, OTHER, entity_id, entry, opened

ARGAN, SAFRAN = entity_id(1), entity_id(2)
LONG_AGO = datetime(2021, 1, 1, tzinfo=UTC)


def person(**fields: Any) -> Person:
    return Person(**{"id": "", "revision": 0, "since": ""} | fields)


def as_member(id_: str, *groups: str, standing: str = "full", since: str = "") -> Member:
    return Member(id=id_, revision=0, standing=standing, groups=groups, since=since)


async def enter(store: Store, **fields: Any) -> Person:
    return await store.write(register_handlers.enter_person, person(**fields), by="steward-1")


async def admit(store: Store, id_: str, *groups: str, **fields: Any) -> Member:
    one = as_member(id_, *groups, **fields)
    return await store.write(register_handlers.admit, one, node=NODE, by="steward-1")


async def give(store: Store, who: str, entity: str = ARGAN, **term: datetime | None) -> Mandate:
    return await store.write(
        mandate_handlers.give_mandate,
        person=who,
        entity=entity,
        begins=term.get("begins"),
        ends=term.get("ends"),
        given_by="steward-1",
        by="steward-1",
        node=NODE,
    )


async def end(store: Store, mandate: str, reason: str = "ended") -> Mandate:
    return await store.write(mandate_handlers.end_mandate, mandate, reason=reason, by="steward-1")


async def told(store: Store) -> list[dict[str, Any]]:
    """Return what waits in the outbox: each event's kind with its data; all must be readable."""

    def look(work: Work) -> list[dict[str, Any]]:
        bodies = work.execute(
            select(LOG.outbox.c.body, LOG.outbox.c.log).order_by(LOG.outbox.c.position)
        ).all()
        found = []
        for body, log in bodies:
            event = json.loads(body)
            kind, version = kind_of(event["type"])
            if log == "private":
                read(kind, version, event["data"])
                found.append({"kind": kind.removeprefix("directory."), **event["data"]})
        return found

    return await store.read(look)


@pytest.fixture
async def entities(store: Store) -> Store:
    """A store with two cooperatives."""
    await store.write(handlers.list_entities, [entry(1), entry(2)])
    return store


async def test_a_person_is_told_of_by_a_pseudonym_and_never_by_name(store: Store) -> None:
    one = await enter(store, note="Amina Aït Baha", number="A-1", gender="woman", worker=True)
    (event,) = await told(store)
    assert event == {
        "kind": "person.entered",
        "person_id": one.id,
        "revision": 1,
        "since": stamp(NOW),
        "gender": "woman",
        "worker": True,
    }
    kept = await store.read(register_handlers.own_person, one.id)
    assert (kept.note, kept.number) == ("Amina Aït Baha", "A-1")


async def test_a_change_of_name_is_nobody_elses_business(store: Store) -> None:
    one = await enter(store, note="Amina")
    amended = await store.write(
        register_handlers.amend_person, person(id=one.id, note="Amina B."), by="steward-1"
    )
    assert amended.revision == 2
    again = await store.write(
        register_handlers.amend_person, person(id=one.id, note="Amina B."), by="steward-1"
    )
    assert again.revision == 2
    await store.write(register_handlers.amend_person, person(id=one.id, worker=True), by="s")
    assert [event["kind"] for event in await told(store)] == ["person.entered", "person.entered"]
    assert (await told(store))[-1]["revision"] == 3


async def test_an_id_and_a_number_are_used_once(store: Store) -> None:
    first = await enter(store, id="amina", number="A-1")
    assert first.id == "amina"
    with pytest.raises(PersonKnown):
        await enter(store, id="amina")
    with pytest.raises(NumberTaken):
        await enter(store, id="badr", number="A-1")
    second = await enter(store, number="A-2")
    with pytest.raises(NumberTaken):
        await store.write(
            register_handlers.amend_person, person(id=second.id, number="A-1"), by="s"
        )


async def test_who_leaves_the_register_is_forgotten_and_all_of_theirs_ends(
    entities: Store,
) -> None:
    one = await enter(entities, note="Amina", number="A-1", gender="woman")
    await admit(entities, one.id, "worker")
    given = await give(entities, one.id)
    await entities.write(register_handlers.remove_person, one.id, by="steward-1")
    kept = await entities.read(register_rows.person, one.id)
    assert kept is not None
    assert (kept.note, kept.number, kept.gender, kept.left_at) == ("", "", "", stamp(NOW))
    events = (await told(entities))[-3:]
    assert [event["kind"] for event in events] == ["member.left", "mandate.ended", "person.left"]
    assert events[0]["reason"] == events[1]["reason"] == "person-left"
    ended = await entities.read(register_rows.mandate, given.id)
    assert ended is not None
    assert ended.over(stamp(NOW))
    with pytest.raises(PersonGone):
        await give(entities, one.id, SAFRAN)
    with pytest.raises(PersonGone):
        await admit(entities, one.id)
    with pytest.raises(PersonKnown):
        await enter(entities, id=one.id)
    # The number is free again.
    await enter(entities, number="A-1")


async def test_members_are_persons_and_entities_that_are_known(entities: Store) -> None:
    one = await enter(entities)
    assert (await admit(entities, one.id, "worker", "user")).groups == ("user", "worker")
    assert (await admit(entities, ARGAN)).standing == "full"
    with pytest.raises(UnknownPerson):
        await admit(entities, "nobody")
    with pytest.raises(UnknownEntity):
        await admit(entities, entity_id(9))
    with pytest.raises(UnknownEntity):
        await admit(entities, entity_id(1, OTHER))


async def test_a_membership_that_is_as_it_was_is_not_told_again(store: Store) -> None:
    one = await enter(store)
    first = await admit(store, one.id, "worker")
    assert (await admit(store, one.id, "worker")).revision == first.revision
    changed = await admit(store, one.id, standing="observer")
    assert (changed.revision, changed.since) == (2, first.since)
    assert len(await told(store)) == 3


async def test_a_member_leaves_once_and_may_come_back(store: Store, clock: SetClock) -> None:
    one = await enter(store)
    with pytest.raises(NotAMember):
        await store.write(register_handlers.let_go, one.id, reason="left", by="s")
    await admit(store, one.id, "worker")
    left = await store.write(register_handlers.let_go, one.id, reason="excluded", by="s")
    assert (left.standing, left.groups, left.left_at) == ("", (), stamp(NOW))
    with pytest.raises(NotAMember):
        await store.write(register_handlers.let_go, one.id, reason="left", by="s")
    clock.move(timedelta(days=1))
    back = await admit(store, one.id)
    assert (back.revision, back.since) == (3, stamp(NOW + timedelta(days=1)))
    assert (await told(store))[-1]["kind"] == "member.admitted"


async def test_a_mandate_is_of_a_known_person_and_a_known_entity(entities: Store) -> None:
    one = await enter(entities)
    with pytest.raises(UnknownEntity):
        await give(entities, one.id, entity_id(9))
    with pytest.raises(UnknownPerson):
        await give(entities, "nobody")
    with pytest.raises(Missing):
        await end(entities, "0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e31")


async def test_a_term_has_bounds(entities: Store) -> None:
    one = await enter(entities)
    for begins, ends in (
        (NOW, NOW),
        (NOW, NOW - timedelta(days=1)),
        (NOW, NOW + timedelta(days=3_661)),
        (NOW + timedelta(days=367), None),
    ):
        with pytest.raises(BadTerm):
            await give(entities, one.id, begins=begins, ends=ends)
    # A term that is over is noted for the record.
    over = await give(entities, one.id, begins=LONG_AGO, ends=LONG_AGO + timedelta(days=365))
    with pytest.raises(MandateOver):
        await end(entities, over.id)


async def test_two_mandates_of_one_entity_do_not_overlap(entities: Store, clock: SetClock) -> None:
    one, other = await enter(entities), await enter(entities)
    first = await give(entities, one.id, ends=NOW + timedelta(days=100))
    with pytest.raises(MandateOverlaps):
        await give(entities, one.id)
    with pytest.raises(MandateOverlaps):
        await give(entities, one.id, begins=NOW + timedelta(days=99))
    await give(entities, one.id, SAFRAN)
    await give(entities, other.id)
    later = await give(entities, one.id, begins=NOW + timedelta(days=100))
    clock.move(timedelta(days=1))
    await end(entities, first.id, "resigned")
    with pytest.raises(MandateOver):
        await end(entities, first.id)
    await give(entities, one.id, ends=NOW + timedelta(days=100))
    # One that is ended before it begins was never held, and stands in nobody's way.
    await end(entities, later.id, "revoked")
    await give(entities, one.id, begins=NOW + timedelta(days=100))


async def test_mandates_in_a_row_are_numbered(entities: Store) -> None:
    one = await enter(entities)
    years = [LONG_AGO.replace(year=2018 + 2 * number) for number in range(5)]
    made = [
        await give(entities, one.id, begins=begins, ends=ends)
        for begins, ends in reversed(list(pairwise(years)))
    ]
    numbers = [await entities.read(mandate_handlers.term_number, each) for each in made]
    assert numbers == [4, 3, 2, 1]
    served = mandate_handlers.terms_served
    assert await entities.read(served, one.id, ARGAN, at=LONG_AGO) == 2
    assert await entities.read(served, one.id, SAFRAN, at=LONG_AGO) == 0


async def test_with_an_entity_go_its_membership_and_its_mandates(entities: Store) -> None:
    one = await enter(entities)
    await admit(entities, ARGAN)
    await admit(entities, SAFRAN)
    given, kept = await give(entities, one.id), await give(entities, one.id, SAFRAN)
    await entities.write(handlers.withdraw_entity, ARGAN, node=NODE)
    argan = await entities.read(register_rows.member, ARGAN)
    assert argan is not None
    assert (argan.standing, argan.reason) == ("", "entity-withdrawn")
    ended = await entities.read(register_rows.mandate, given.id)
    assert ended is not None
    assert ended.reason == "entity-withdrawn"
    assert await entities.read(register_rows.mandate, kept.id) is not None
    events = (await told(entities))[-2:]
    assert [event["kind"] for event in events] == ["member.left", "mandate.ended"]
    with pytest.raises(UnknownEntity):
        await give(entities, one.id)
    with pytest.raises(UnknownEntity):
        await admit(entities, ARGAN)


async def test_what_has_happened_can_be_read_and_names_nobody(entities: Store) -> None:
    one = await enter(entities, note="Amina", number="A-1")
    await admit(entities, one.id, "worker")
    given = await give(entities, one.id)
    await end(entities, given.id, "resigned")
    found = await entities.read(register_rows.steps, one.id, after=0, most=10)
    assert [step.what for step in found] == [
        "entered", "admitted", "mandate-given", "mandate-ended",
    ]  # fmt: skip
    assert {step.by for step in found} == {"steward-1"}
    assert "Amina" not in repr(found)
    of_entity = await entities.read(register_rows.steps, ARGAN, after=0, most=10)
    assert [step.what for step in of_entity] == ["mandate-given", "mandate-ended"]


@pytest.fixture
async def two_stores(database_url: str, clock: SetClock) -> AsyncIterator[list[Store]]:
    """Two stores over one database, as two workers have them."""
    async with opened(database_url, clock=clock) as first, opened(database_url, clock=clock) as two:
        yield [first, two]


async def test_of_many_who_do_the_same_at_once_one_does(two_stores: list[Store]) -> None:
    first = two_stores[0]
    await first.write(handlers.list_entities, [entry(1)])

    async def all_at_once(*, refused: type[Exception], ask: Any) -> None:
        asked = [ask(store) for store in two_stores for _ in range(3)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(isinstance(one, refused) for one in answers) == 5, answers

    await all_at_once(refused=PersonKnown, ask=lambda store: enter(store, id="amina"))
    await all_at_once(refused=NumberTaken, ask=lambda store: enter(store, number="A-1"))
    await all_at_once(refused=MandateOverlaps, ask=lambda store: give(store, "amina"))
    (given,) = await first.read(register_rows.mandates_of, person="amina")
    await all_at_once(refused=MandateOver, ask=lambda store: end(store, given.id))
    await asyncio.gather(*(admit(store, "amina", "worker") for store in two_stores * 3))
    found = await first.read(register_rows.member, "amina")
    assert found is not None
    assert found.revision == 1
