"""Records on both databases: added to and never changed, one step after another, hash by hash."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from services.governance.assemblies import refusals as no
from services.governance.assemblies import steps as said
from services.governance.assemblies.judging import Actor
from services.governance.assembly_handlers import (
    Kept,
    assembly_of,
    call_assembly,
    members_of,
    record_step,
)
from services.governance.assembly_rows import (
    ASSEMBLIES,
    FIRST_HASH,
    declarations,
    declare,
    step_hash,
)
from shared.clock import SetClock, stamp
from shared.refusals import Missing
from shared.store import Store, Work
from tests.governance.assemblies.samples import call
from tests.governance.assemblies.test_whole import PEOPLE, VOTERS, know
from tests.governance.conftest import NOW

STEWARD = Actor(person="p-steward", steward=True)
SECRETARY = Actor(person=PEOPLE[1])
MEETS = NOW + timedelta(days=20)


def begin(work: Work) -> str:
    """Call an assembly of the members that the register has."""
    know(work)
    called = call(meets_at=stamp(MEETS), chair=PEOPLE[0], secretary=PEOPLE[1], tellers=PEOPLE[2:4])
    return call_assembly(work, called, actor=STEWARD, languages=("fr",)).id


def sql(work: Work, statement: str) -> None:
    """Run a statement as somebody would who has only the database."""
    work.connection.exec_driver_sql(statement)


@pytest.fixture
async def assembly(store: Store, clock: SetClock) -> str:
    """An assembly on the morning of its day, with its doors open."""
    made = await store.write(begin)
    await store.write(record_step, made, said.Sent(everybody=True, channel="mail"), actor=STEWARD)
    clock.move(MEETS - NOW)
    await store.write(record_step, made, said.DoorsOpened(), actor=SECRETARY)
    return made


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE assembly_step SET body = '{}'", "assembly_step_stays"),
        ("DELETE FROM assembly_step", "assembly_step_stays"),
        (
            "INSERT INTO assembly_step SELECT assembly, number + 7, what, body, actor, at, hash"
            " FROM assembly_step WHERE number = 1",
            "assembly_step_follows",
        ),
        (
            "INSERT INTO assembly_step SELECT assembly, number, what, body, actor, at, hash"
            " FROM assembly_step WHERE number = 1",
            "assembly_step",
        ),
        ("UPDATE declaration SET body = '{}'", "declaration_stays"),
        ("DELETE FROM declaration", "declaration_stays"),
    ],
)
async def test_what_was_recorded_is_never_changed(
    store: Store, assembly: str, statement: str, name: str
) -> None:
    await store.write(declare, kind="pay", year=2025, body={"highest": 3}, actor="p-steward")
    before = await store.read(assembly_of, assembly)
    with pytest.raises(DBAPIError, match=name):
        await store.write(sql, statement)
    assert (await store.read(assembly_of, assembly)).hash == before.hash
    assert [one.body for one in await store.read(declarations)] == [{"highest": 3}]


async def test_a_record_is_not_emptied_nor_replaced(store: Store, assembly: str) -> None:
    def at_once(work: Work) -> None:
        if work.dialect.name == "postgresql":
            sql(work, "TRUNCATE assembly_step")
        else:
            sql(work, "INSERT OR REPLACE INTO assembly_step SELECT * FROM assembly_step")

    with pytest.raises(DBAPIError, match="assembly_step_"):
        await store.write(at_once)
    assert len((await store.read(assembly_of, assembly)).record) == 3


async def test_the_hash_of_a_record_follows_from_its_steps(store: Store, assembly: str) -> None:
    rows = await store.read(ASSEMBLIES.record, assembly)
    found = FIRST_HASH
    for row in rows:
        found = step_hash(found, number=row.number, body=row.body, actor=row.actor, at=row.at)
        assert found == row.hash
    assert (await store.read(assembly_of, assembly)).hash == found


async def test_two_who_write_at_once_follow_one_another(store: Store, assembly: str) -> None:
    steps = [said.Arrived(voter=voter) for voter in (*VOTERS, VOTERS[0])]
    found = await asyncio.gather(
        *(store.write(record_step, assembly, step, actor=SECRETARY) for step in steps),
        return_exceptions=True,
    )
    refused = [one for one in found if not isinstance(one, Kept)]
    assert [type(one) for one in refused] == [no.InTheRoom]
    kept = await store.read(assembly_of, assembly)
    assert [one.number for one in kept.record] == list(range(1, 16))
    assert kept.assembly.present == 12


async def test_the_roll_is_frozen_when_the_doors_open(store: Store, assembly: str) -> None:
    kept = await store.read(assembly_of, assembly)
    assert (kept.assembly.roll_size, len(kept.assembly.roll_root)) == (12, 64)
    members, needs = await store.read(members_of, kept)
    assert (members, needs.needed) == (VOTERS, 6)


async def test_a_sheet_before_the_doors_has_who_is_a_member_so_far(store: Store) -> None:
    made = await store.write(begin)
    members, needs = await store.read(members_of, await store.read(assembly_of, made))
    assert (members, needs.needed, needs.roll) == (VOTERS, 6, 12)


async def test_a_refused_step_leaves_nothing_behind(store: Store, assembly: str) -> None:
    before = await store.read(assembly_of, assembly)
    with pytest.raises(no.NotYourPart):
        await store.write(
            record_step, assembly, said.Opened(), actor=Actor(person="p-nobody", steward=True)
        )
    assert await store.read(assembly_of, assembly) == before


async def test_what_is_not_there_is_missing(store: Store) -> None:
    nowhere = "01990000-0000-7000-8000-000000000000"
    for unit in (assembly_of, ASSEMBLIES.lock):
        with pytest.raises(Missing):
            await store.write(unit, nowhere)
