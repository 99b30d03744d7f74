"""Pages come twice, out of order, with holes and from two histories: the reader sees one log."""

import asyncio
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.log.cursors import EQUIVOCATION, LogState
from tests.faults.histories import History, Origin, Reader

PAGES = 6
FR, MA = Origin("fr"), Origin("ma")
HISTORIES = {one.name: one.told((), PAGES) for one in (FR, MA)}
LATER = {one.name: one.told(HISTORIES[one.name], 1) for one in (FR, MA)}
"""One page more of each: it makes known whatever is missing, as the next page or a head does."""
ALL = [(name, page) for name, history in HISTORIES.items() for page in history]

arrivals = st.lists(st.sampled_from(range(len(ALL))), max_size=3 * len(ALL))


async def _in_order(folder: Path, histories: dict[Origin, History]) -> str:
    async with Reader(folder, histories, name="in-order") as reader:
        for origin, history in histories.items():
            await reader.follow(origin.name, history)
        return await reader.hash()


async def _shuffled(folder: Path, order: list[int], together: int, expected: str) -> None:
    async with Reader(folder, (FR, MA)) as reader:
        for start in range(0, len(order), together):
            await reader.take(*(ALL[at] for at in order[start : start + together]))
        await reader.take(*((name, history[-1]) for name, history in LATER.items()))
        await reader.repaired(LATER)
        for name, history in LATER.items():
            assert await reader.applied(name) == [page.sha256 for page in history]
            assert (await reader.cursor(name)).state is LogState.OPEN
            assert await reader.held(name) == 0
        assert set((await reader.times()).values()) == {1}
        assert await reader.hash() == expected


@cache
def expected_hash() -> str:
    """Return the hash of what a reader remembers to which the pages came in their order."""
    with tempfile.TemporaryDirectory() as folder:
        histories = {one: LATER[one.name] for one in (FR, MA)}
        return asyncio.run(_in_order(Path(folder), histories))


@settings(max_examples=25, deadline=None)
@given(order=arrivals, together=st.integers(1, 5))
def test_whatever_the_order_each_page_is_applied_once_and_in_its_place(
    order: list[int], together: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_shuffled(Path(folder), order, together, expected_hash()))


async def test_a_gap_that_was_repaired_leaves_nothing_held(tmp_path: Path) -> None:
    history = HISTORIES[FR.name]
    async with Reader(tmp_path, [FR]) as reader:
        await reader.follow(FR.name, (history[0], history[2], history[3]))
        assert (await reader.cursor(FR.name)).state is LogState.GAP
        await reader.repaired({FR.name: history[:4]})
        cursor = await reader.cursor(FR.name)
        assert (cursor.number, cursor.state, cursor.reason) == (4, LogState.OPEN, "")
        assert await reader.held(FR.name) == 0


@pytest.mark.parametrize("at", range(PAGES))
@pytest.mark.parametrize("kept", ["first", "second"])
async def test_a_fork_anywhere_is_seen_and_healed_on_the_branch_that_the_root_key_names(
    tmp_path: Path, at: int, kept: str
) -> None:
    trunk = HISTORIES[FR.name][:at]
    first, second = FR.told(trunk, 3, word="first "), FR.told(trunk, 2, word="second ")
    branch = first if kept == "first" else second
    healed = FR.told(FR.reopened(branch, epoch=2), 2)
    async with Reader(tmp_path, [FR, MA]) as reader:
        await reader.follow(FR.name, first)
        await reader.follow(FR.name, second[at:])
        cursor = await reader.cursor(FR.name)
        assert (cursor.state, cursor.reason) == (LogState.QUARANTINED, EQUIVOCATION)
        # Another node's log goes on as if nothing had happened.
        await reader.follow(MA.name, HISTORIES[MA.name])
        assert (await reader.cursor(MA.name)).number == PAGES

        await reader.follow(FR.name, healed[len(branch) :])
        await reader.repaired({FR.name: healed, MA.name: HISTORIES[MA.name]})
        cursor = await reader.cursor(FR.name)
        assert (cursor.epoch, cursor.number, cursor.state) == (2, 3, LogState.OPEN)
        assert await reader.applied(FR.name) == [page.sha256 for page in healed]
        expected = await _in_order(tmp_path, {FR: healed, MA: HISTORIES[MA.name]})
        assert await reader.hash() == expected
