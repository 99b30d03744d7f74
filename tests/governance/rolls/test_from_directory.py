"""What a directory's handlers tell is what governance knows, in whatever order it arrives."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from services.directory import handlers, mandate_handlers, register_handlers, register_rows
from services.directory.register import Member, Person
from services.directory.tables import LOG as DIRECTORY_LOG
from services.governance import register_views
from shared.clock import SetClock, stamp
from shared.events import Event, Log, contracts, kind_of
from shared.refusals import Refusal
from shared.store import Store, Work
from tests.directory.conftest import entity_id, entry
from tests.directory.conftest import opened as directory_opened
from tests.governance.conftest import NODE
from tests.governance.rolls.told import REGISTER

PEOPLE = [f"person-{number}" for number in range(5)]
ENTITIES = [entity_id(number) for number in range(1, 5)]


@pytest.fixture
async def directory(tmp_path: Path, clock: SetClock) -> AsyncIterator[Store]:
    """A directory's store, with four entities."""
    async with directory_opened(f"sqlite:///{tmp_path / 'directory.db'}", clock=clock) as store:
        await store.write(handlers.list_entities, [entry(number) for number in range(1, 5)])
        yield store


def step(work: Work, luck: Random) -> None:
    """Do something to the register that a steward may do; what is refused changes nothing."""
    who, what = luck.choice(PEOPLE), luck.choice(ENTITIES)
    one = luck.choice([who, what])
    member = Member(
        id=one,
        revision=0,
        standing=luck.choice(["full", "full", "observer"]),
        groups=tuple(luck.sample(["worker", "user"], luck.randrange(3))),
        since="",
    )
    begins = work.now + timedelta(days=luck.choice([-100, 0, 1]))
    ends = luck.choice([None, begins + timedelta(days=luck.choice([2, 400]))])
    held = [each.id for each in register_rows.mandates_of(work, person=who)]
    match luck.randrange(10):
        case 0 | 1:
            register_handlers.enter_person(work, Person(id=who, revision=0, since=""), by="s")
        case 2 | 3 | 4:
            register_handlers.admit(work, member, node=NODE, by="s")
        case 5 | 6:
            mandate_handlers.give_mandate(
                work, person=who, entity=what, begins=begins, ends=ends, given_by="s", by="s",
                node=NODE,
            )  # fmt: skip
        case 7 if held:
            mandate_handlers.end_mandate(work, luck.choice(held), reason="ended", by="s")
        case 8:
            register_handlers.let_go(work, one, reason="left", by="s")
        case _ if luck.random() < 0.2:
            register_handlers.remove_person(work, who, by="s")
        case _ if luck.random() < 0.1:
            handlers.withdraw_entity(work, what, node=NODE)


def told(work: Work) -> list[Event]:
    """Return what a directory has told on its private log."""
    outbox = DIRECTORY_LOG.outbox
    bodies = work.execute(
        select(outbox.c.body).where(outbox.c.log == Log.PRIVATE.value).order_by(outbox.c.position)
    )
    events: list[dict[str, Any]] = [json.loads(row.body) for row in bodies]
    return [
        contracts()[kind_of(event["type"])[0]].model_validate(event["data"]) for event in events
    ]


@pytest.mark.parametrize("seed", range(2))
async def test_governance_knows_the_register_as_the_directory_keeps_it(
    directory: Store, sqlite_store: Store, clock: SetClock, seed: int
) -> None:
    luck = Random(seed)
    for _ in range(120):
        clock.move(timedelta(hours=luck.randrange(30)))
        with suppress(Refusal):
            await directory.write(step, luck)
    events = await directory.read(told)
    assert len(events) > 30
    shuffled = events + luck.choices(events, k=20)
    luck.shuffle(shuffled)
    assert await sqlite_store.write(REGISTER.tell, shuffled) == 0

    members = await directory.read(register_rows.listed_members, after=0, most=50)
    known = await sqlite_store.read(register_views.members)
    standing = {one.id: (one.standing, one.groups) for one in known if one.standing}
    assert standing == {one.id: (one.standing, one.groups) for one in members}
    now = clock.now()
    holding = await directory.read(register_rows.listed_mandates, after=0, most=50, at=stamp(now))
    for who in PEOPLE:
        for what in ENTITIES:
            acts = await sqlite_store.read(register_views.acts_for, who, what, now)
            assert acts is ((who, what) in [(one.person, one.entity) for one in holding])
