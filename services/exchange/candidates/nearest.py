"""The nearest of the other side that pass the rules, for each of one side."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # scipy comes without types

from services.exchange.candidates.columns import Columns, Ints, Mask

FIRST_LOOK: Final = 2
"""How many times as many as are needed are looked at first."""
LOOK_MAX: Final = 512
"""At most so many are looked at for one seeker and category."""
TOGETHER: Final = 400_000
"""Pairs that are judged together: memory stays small, whatever is asked."""

Judge = Callable[[Ints, Ints], Mask]
Pairs = tuple[Ints, Ints]
_Look = Callable[[Ints, int], Ints]


def nearest(
    seekers: Columns, rows: Ints, sought: Columns, among: Ints, passes: Judge, most: int
) -> Iterator[Pairs]:
    """Yield pairs of seekers and sought that pass, for each seeker about the nearest ``most``.

    Who has no place is met in turns: each seeker begins at another one. The same holds for those
    in one place, because places are moved a little before neighbours are sought.

    Args:
        rows, among: the rows of the seekers and of the sought.
        passes: whether pairs (seekers, sought) pass the rules.
    """
    placed = among[sought.placed[among]]
    here = rows[seekers.placed[rows]]
    if placed.size and here.size:
        tree = cKDTree(sought.points[placed], balanced_tree=False, compact_nodes=False)
        yield from _looked(here, placed, _by_distance(tree, seekers), passes, most)
        if placed.size > most * FIRST_LOOK:
            # All who look at a town from afar see the same near edge of it: each also meets some
            # in turns, so that the others there are seen as well.
            yield from _looked(here, placed, _in_turns(seekers, placed.size), passes, most, most)
    unplaced = among[~sought.placed[among]]
    if unplaced.size and here.size:
        yield from _looked(here, unplaced, _in_turns(seekers, unplaced.size), passes, most)
    nowhere = rows[~seekers.placed[rows]]
    if nowhere.size:
        turns = among[np.argsort(sought.keys[among], kind="stable")]
        yield from _looked(nowhere, turns, _in_turns(seekers, turns.size), passes, most)


def _by_distance(tree: Any, seekers: Columns) -> _Look:
    def look(rows: Ints, count: int) -> Ints:
        _, near = tree.query(seekers.points[rows], k=np.arange(1, count + 1))
        return np.asarray(near, np.int64)

    return look


def _in_turns(seekers: Columns, size: int) -> _Look:
    def look(rows: Ints, count: int) -> Ints:
        begin = (seekers.keys[rows] % np.uint64(size)).astype(np.int64)
        return (begin[:, None] + np.arange(count)) % size

    return look


def _looked(
    rows: Ints, among: Ints, look: _Look, passes: Judge, most: int, look_max: int = LOOK_MAX
) -> Iterator[Pairs]:
    """Look at more and more of the sought, until each seeker has enough or none are left."""
    look_max = min(among.size, max(look_max, most))
    count = most * FIRST_LOOK
    pending = rows
    while pending.size:
        count = min(count, look_max)
        last = count == look_max
        lacking = []
        step = max(1, TOGETHER // count)
        for begin in range(0, pending.size, step):
            part = pending[begin : begin + step]
            one, other = np.repeat(part, count), among[look(part, count).ravel()]
            good = passes(one, other)
            enough = good.reshape(-1, count).sum(axis=1) >= most
            done = np.ones(part.size, bool) if last else enough
            good &= np.repeat(done, count)
            # Those beyond ``most`` stay: a rule of the other side may take the nearer ones.
            yield one[good], other[good]
            lacking.append(part[~done])
        pending = np.concatenate(lacking)
        count *= 4
