"""What a store promises, on SQLite and on PostgreSQL alike."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from shared.store import ROWS_TOGETHER, EventWaits, Store, StoreUnavailable, Work
from shared.trace import follow
from tests.nodes import until
from tests.shared.words import (
    ADD,
    WORD,
    Unheard,
    add,
    opened,
    refuse,
    tell,
    told,
    words,
)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store that is open, on each kind of database in turn."""
    async with opened(database_url) as store:
        yield store


def names(bodies: list[bytes]) -> list[str]:
    """Return the words of which events tell, in their order."""
    return [orjson.loads(body)["data"]["profile"]["name"] for body in bodies]


async def kept(store: Store) -> tuple[set[str], set[str]]:
    """Return the words that are written down, and those that are told of."""
    return await store.read(words), set(names(await store.read(told)))


async def test_the_rows_and_the_events_of_a_unit_are_there_together(store: Store) -> None:
    await store.write(add, "argane")
    assert await kept(store) == ({"argane"}, {"argane"})


async def test_a_unit_returns_what_its_function_returns(store: Store) -> None:
    def both(_: Work, a: int, *, b: int) -> tuple[int, int]:
        return a, b

    assert await store.write(both, 1, b=2) == (1, 2)
    assert await store.read(both, 1, b=2) == (1, 2)


async def test_a_unit_that_iterates_too_far_does_not_leave_its_caller_waiting(
    store: Store,
) -> None:
    def too_far(_: Work) -> str:
        return next(iter(()))

    for ask in (store.write, store.read):
        with pytest.raises(RuntimeError, match="iterates"):
            await asyncio.wait_for(ask(too_far), 5)


async def test_a_unit_that_refuses_leaves_nothing_and_harms_no_other(store: Store) -> None:
    answers = await asyncio.gather(
        *(store.write(refuse if at % 3 == 0 else add, f"w{at}") for at in range(60)),
        return_exceptions=True,
    )
    wanted = {f"w{at}" for at in range(60) if at % 3}
    assert [type(answer) for answer in answers[::3]] == [Unheard] * 20
    assert await kept(store) == (wanted, wanted)


async def test_a_defect_rises_to_its_caller_and_harms_no_other(store: Store) -> None:
    def stumble(work: Work, text: str) -> None:
        add(work, text)
        raise RuntimeError(text)

    answers = await asyncio.gather(
        *(store.write(stumble if at % 3 == 0 else add, f"w{at}") for at in range(30)),
        return_exceptions=True,
    )
    wanted = {f"w{at}" for at in range(30) if at % 3}
    assert [type(answer) for answer in answers[::3]] == [RuntimeError] * 10
    assert await kept(store) == (wanted, wanted)


async def test_a_broken_rule_of_the_database_rises_and_harms_no_other(store: Store) -> None:
    await store.write(add, "argane")
    answers = await asyncio.gather(
        *(store.write(add, text) for text in ("olive", "argane", "safran")), return_exceptions=True
    )
    assert [answer is None for answer in answers] == [True, False, True]
    assert not isinstance(answers[1], StoreUnavailable)
    assert (await kept(store))[0] == {"argane", "olive", "safran"}


@pytest.mark.parametrize("count", [1, ROWS_TOGETHER - 1, ROWS_TOGETHER, 2 * ROWS_TOGETHER + 7])
async def test_all_rows_of_one_statement_are_kept(store: Store, count: int) -> None:
    rows = [{"text": f"w{at}", "meaning": f"of {at}"} for at in range(count)]

    def meanings(work: Work) -> dict[str, str]:
        return {row.text: row.meaning for row in work.execute(select(WORD))}

    assert await store.write(Work.run, ADD, rows) == count
    assert await store.read(meanings) == {row["text"]: row["meaning"] for row in rows}


@pytest.mark.parametrize("twice", [0, ROWS_TOGETHER, 2 * ROWS_TOGETHER])
async def test_of_many_rows_none_is_kept_where_one_breaks_a_rule(store: Store, twice: int) -> None:
    rows = [{"text": f"w{at}", "meaning": ""} for at in range(2 * ROWS_TOGETHER + 1)]
    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.write(Work.run, ADD, [*rows, rows[twice]])
    assert await store.read(words) == set()


async def test_what_is_nested_can_fail_alone(store: Store) -> None:
    def unit(work: Work) -> None:
        add(work, "before")
        with pytest.raises(Unheard), work.nested():
            fail_after_inner(work)
        with work.nested():
            add(work, "inside")
            with pytest.raises(Unheard), work.nested():
                refuse(work, "deeper")
        add(work, "after")

    await store.write(unit)
    wanted = {"before", "inside", "after"}
    assert await kept(store) == (wanted, wanted)


def fail_after_inner(work: Work) -> None:
    """Keep something, and then refuse."""
    with work.nested():
        add(work, "inner")
    refuse(work, "lost")


async def test_what_is_nested_can_break_a_rule_of_the_database(store: Store) -> None:
    def unit(work: Work) -> None:
        add(work, "once")
        with pytest.raises(Exception, match=r"(?i)unique"), work.nested():
            add(work, "once")
        add(work, "after")

    await store.write(unit)
    assert await kept(store) == ({"once", "after"}, {"once", "after"})


async def test_a_read_sees_one_moment_and_hinders_no_write(store: Store) -> None:
    reading, written = threading.Event(), threading.Event()

    def twice(work: Work) -> tuple[set[str], set[str]]:
        before = words(work)
        reading.set()
        assert written.wait(10)
        return before, words(work)

    await store.write(add, "before")
    read = asyncio.create_task(store.read(twice))
    assert await asyncio.to_thread(reading.wait, 10)
    await asyncio.wait_for(store.write(add, "meanwhile"), 5)
    written.set()
    assert await read == ({"before"}, {"before"})
    assert await store.read(words) == {"before", "meanwhile"}


async def test_a_read_cannot_write_or_tell(store: Store) -> None:
    def write(work: Work) -> None:
        work.execute(insert(WORD).values(text="sly"))

    with pytest.raises(DBAPIError):
        await store.read(write)
    with pytest.raises(AssertionError, match="tells"):
        await store.read(tell, "sly")
    assert await kept(store) == (set(), set())
    await store.write(add, "honest")


async def test_an_event_that_waits_already_refuses_its_own_unit_only(store: Store) -> None:
    event_id = UUID(int=7 << 76 | 2 << 62)
    await store.write(add, "first", event_id=event_id)
    with pytest.raises(EventWaits):
        await store.write(add, "alone", event_id=event_id)
    answers = await asyncio.gather(
        *(store.write(add, f"w{at}", event_id=event_id if at == 5 else None) for at in range(10)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers if answer is not None] == [EventWaits]
    wanted = {"first", *(f"w{at}" for at in range(10) if at != 5)}
    assert await kept(store) == (wanted, wanted)


async def test_of_two_units_with_the_same_event_one_is_kept(store: Store) -> None:
    event_id = UUID(int=7 << 76 | 2 << 62 | 1)
    answers = await asyncio.gather(
        *(store.write(add, f"w{at}", event_id=event_id) for at in range(4)), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["EventWaits"] * 3 + ["NoneType"]
    assert [len(found) for found in await kept(store)] == [1, 1]


async def test_events_wait_in_the_order_in_which_they_were_told(store: Store) -> None:
    def several(work: Work, first: int) -> None:
        for at in range(first, first + 5):
            tell(work, str(at))

    for first in range(0, 50, 5):
        await store.write(several, first)
    assert names(await store.read(told)) == [str(at) for at in range(50)]


async def test_an_event_carries_the_trace_of_its_caller(store: Store) -> None:
    async def traced() -> None:
        follow(TRACE)
        await store.write(add, "traced")

    await asyncio.gather(traced(), store.write(add, "plain"))
    found = {
        event["data"]["profile"]["name"]: event.get("traceparent")
        for event in map(orjson.loads, await store.read(told))
    }
    assert found == {"traced": TRACE, "plain": None}


async def test_the_relay_is_woken_by_events_and_by_nothing_else(store: Store) -> None:
    woken: list[None] = []
    store.on_announced(lambda: woken.append(None))
    await store.write(lambda work: work.execute(insert(WORD).values(text="quiet")))
    with pytest.raises(Unheard):
        await store.write(refuse, "refused")
    assert not woken
    await store.write(add, "told")
    assert woken


async def test_closing_finishes_what_was_handed_over(database_url: str) -> None:
    async with opened(database_url) as store:
        waiting = [asyncio.create_task(store.write(add, f"w{at}")) for at in range(100)]
        await asyncio.sleep(0)
        await store.aclose()
        await asyncio.gather(*waiting)
        with pytest.raises(StoreUnavailable):
            await store.write(add, "late")
        with pytest.raises(StoreUnavailable):
            await store.read(words)
    async with opened(database_url) as store:
        assert await store.read(words) == {f"w{at}" for at in range(100)}


async def test_a_caller_that_gives_up_takes_nothing_with_it(store: Store) -> None:
    held, go_on = threading.Event(), threading.Event()

    def slowly(work: Work) -> None:
        held.set()
        assert go_on.wait(10)
        add(work, "slow")

    task = asyncio.create_task(store.write(slowly))
    assert await asyncio.to_thread(held.wait, 10)
    task.cancel()
    go_on.set()
    await asyncio.gather(task, return_exceptions=True)
    await store.write(add, "next")

    async def written() -> bool:
        return "slow" in await store.read(words)

    await until(written, what="the unit of the caller who gave up")
    assert await kept(store) == ({"slow", "next"}, {"slow", "next"})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_units_that_wait_together_are_committed_together(database_url: str) -> None:
    async with opened(database_url) as store:
        before = commits_in(database_url)
        gate = threading.Event()

        def first(work: Work) -> None:
            assert gate.wait(10)
            add(work, "first")

        waiting = [asyncio.create_task(store.write(first))]
        waiting += [asyncio.create_task(store.write(add, f"w{at}")) for at in range(200)]
        await asyncio.sleep(0.01)
        gate.set()
        await asyncio.gather(*waiting)
        assert 1 <= commits_in(database_url) - before <= 3


def commits_in(url: str) -> int:
    """Return how many commits lie in the write-ahead log, by the frames that end one.

    Source: SQLite, WAL file format: a frame is 24 bytes and a page; its second word is zero but
    for the last frame of a transaction.
    """
    wal = Path(url.removeprefix("sqlite:///") + "-wal").read_bytes()
    size = int.from_bytes(wal[8:12], "big")
    salt = wal[16:24]
    frames = (wal[at : at + 24] for at in range(32, len(wal) - size, 24 + size))
    return sum(frame[8:16] == salt and frame[4:8] != b"\0\0\0\0" for frame in frames)
