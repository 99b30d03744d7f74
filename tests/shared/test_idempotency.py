"""A request that is sent twice is done once, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, insert, select

from shared.access import ANYBODY, Caller
from shared.clock import SetClock
from shared.events import Speaker
from shared.idempotency import REPLAYED_HEADER, Answer, Answers, Asked, KeyReused, asked
from shared.ids import NodeName, ServiceName
from shared.log.tables import LogTables
from shared.people import Bearer
from shared.refusals import Missing
from shared.store import Store, Work, open_store

NOW = datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)
METADATA = MetaData()
LOG = LogTables(METADATA)
DONE = Table("done", METADATA, Column("what", Text))
ANSWERS = Answers(LOG)
STEWARD = Caller(id="p-1", kind=Bearer.PERSON)


def do_once(work: Work, wanted: Asked | None, what: str) -> Answer:
    def do() -> Answer:
        if what == "refused":
            raise Missing()
        work.execute(insert(DONE).values(what=what))
        return Answer(status=201, body=what.encode(), headers={"ETag": '"1"'}, media_type="text/x")

    return ANSWERS.once(work, wanted, do)


def all_done(work: Work) -> list[str]:
    return [row.what for row in work.execute(select(DONE))]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock
) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'once.db'}"
    if request.param == "postgresql":
        new_database: Callable[[], str] = request.getfixturevalue("postgresql")
        url = new_database()
    speaker = Speaker(NodeName("souss"), ServiceName("directory"))
    store = await open_store(url, LOG, speaker=speaker, clock=clock, create=True)
    yield store
    await store.aclose()


async def test_the_same_request_is_done_once_and_answered_alike(store: Store) -> None:
    once = asked(STEWARD, "create", "k", b"body")
    first = await store.write(do_once, once, "a")
    second = await store.write(do_once, once, "b")
    assert await store.read(all_done) == ["a"]
    assert (second.status, second.body, second.headers) == (201, b"a", {"ETag": '"1"'})
    assert (first.replayed, second.replayed) == (False, True)
    assert second.response().headers[REPLAYED_HEADER] == "true"
    assert second.response().media_type == first.response().media_type == "text/x"


async def test_another_request_with_the_key_is_refused_and_changes_nothing(store: Store) -> None:
    await store.write(do_once, asked(STEWARD, "create", "k", b"body"), "a")
    for other in (
        asked(STEWARD, "create", "k", b"another"),
        asked(STEWARD, "create", "k", b"bo", b"dy"),
        asked(STEWARD, "create", "k", b"body", None),
    ):
        with pytest.raises(KeyReused):
            await store.write(do_once, other, "b")
    assert await store.read(all_done) == ["a"]


async def test_keys_of_other_callers_and_operations_are_other_keys(store: Store) -> None:
    program = Caller(id="p-1", kind=Bearer.PROGRAM)
    for number, once in enumerate(
        [
            asked(STEWARD, "create", "k", b"x"),
            asked(program, "create", "k", b"y"),
            asked(ANYBODY, "create", "k", b"z"),
            asked(STEWARD, "withdraw", "k", b"w"),
            asked(STEWARD, "create", "other", b"v"),
        ]
    ):
        await store.write(do_once, once, str(number))
    assert len(await store.read(all_done)) == 5


async def test_without_a_key_each_request_is_done(store: Store) -> None:
    assert asked(STEWARD, "create", None, b"body") is None
    for what in ("a", "b"):
        await store.write(do_once, None, what)
    assert await store.read(all_done) == ["a", "b"]


async def test_what_was_refused_may_be_tried_again_with_its_key(store: Store) -> None:
    once = asked(STEWARD, "create", "k", b"body")
    with pytest.raises(Missing):
        await store.write(do_once, once, "refused")
    await store.write(do_once, once, "a")
    assert await store.read(all_done) == ["a"]


async def test_of_many_at_the_same_time_one_is_done(store: Store) -> None:
    once = asked(STEWARD, "create", "k", b"body")
    answers = await asyncio.gather(*(store.write(do_once, once, "a") for _ in range(8)))
    assert await store.read(all_done) == ["a"]
    assert sorted(answer.replayed for answer in answers) == [False, *[True] * 7]


async def test_a_key_is_forgotten_after_a_day(store: Store, clock: SetClock) -> None:
    once = asked(STEWARD, "create", "k", b"body")
    await store.write(do_once, once, "a")
    clock.move(timedelta(hours=23))
    await store.write(do_once, asked(STEWARD, "create", "young", b"body"), "b")
    assert await store.write(ANSWERS.purge) == 0
    clock.move(timedelta(hours=2))
    again = await store.write(do_once, asked(STEWARD, "create", "k", b"another"), "c")
    assert not again.replayed
    clock.move(timedelta(hours=23))
    assert await store.write(ANSWERS.purge) == 1
    assert await store.read(all_done) == ["a", "b", "c"]
