"""Listing all rings up to a length, many at a time: each from its slot of the lowest rank.

Paths grow by one hop in each step, for a block of starts together. A path goes on only to slots
from which its start can still be reached in time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.exchange.matching.hops import Hops
from services.exchange.matching.model import Flags, Ints, Problem
from services.exchange.matching.wire import PER_MILLE, Objective, Owners

RINGS_MAX: Final = 4_000_000
BLOCK_CELLS: Final = 24_000_000
BLOCK_PATHS: Final = 1_500_000
FAR: Final = 100
Near = npt.NDArray[np.uint8]
_CHANCE_DIGITS: Final = 6


class Columns(NamedTuple):
    """Rings as columns of a packing, one for each set of slots.

    Args:
        nodes: the slots of each ring in their order, dummies among them, with gaps.
        nothing: the number that fills the gaps.
        size: real slots of each.
        weight: in the problem's objective.
        tier: the farthest of its arcs.
        agreed: how many of its arcs were agreed beforehand.
        closed: it ends a chain of gifts.
    """

    nodes: Ints
    nothing: int
    size: Ints
    weight: Ints
    tier: Ints
    agreed: Ints
    closed: Flags

    def chosen(self, which: Ints | Flags) -> "Columns":
        """Return some of the rings."""
        return Columns(
            self.nodes[which], self.nothing, self.size[which], self.weight[which],
            self.tier[which], self.agreed[which], self.closed[which],
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.weight)


@dataclass(slots=True, eq=False)
class _Paths:
    """Paths that grow: the hops they took, and the ranks where they have been."""

    hops: list[Ints]
    ranks: list[Ints]

    def chosen(self, which: Ints | Flags) -> "_Paths":
        return _Paths([one[which] for one in self.hops], [one[which] for one in self.ranks])


def expected_count(hops: Hops, cap: int) -> float:
    """Return about how many rings there are, from the mean number of hops out of a slot."""
    degree = len(hops.tail) / max(1, hops.size)
    return float(sum(degree**length / length for length in range(2, cap + 1)))


def rings_of(problem: Problem, hops: Hops, *, most: int = RINGS_MAX) -> tuple[Columns, bool]:
    """Return the rings, and whether they are all there are (or the first ``most``)."""
    parts: list[Columns] = []
    total, whole = 0, True
    for found in _found(problem, hops):
        parts.append(columns_of(problem, hops, found))
        total += len(parts[-1])
        if total > most:
            whole = False
            break
    return _distinct(joined(parts, problem.size)), whole


def pairs_of(problem: Problem, hops: Hops) -> Columns:
    """Return the rings of two."""
    return rings_of(problem.replaced(cap=2), hops)[0]


def joined(parts: list[Columns], nothing: int) -> Columns:
    """Return the rings of several lists as one."""
    width = max((part.nodes.shape[1] for part in parts), default=1)
    nodes = [
        np.pad(part.nodes, ((0, 0), (0, width - part.nodes.shape[1])), constant_values=nothing)
        for part in parts
    ]
    none = np.zeros(0, dtype=np.int64)
    if not parts:
        return Columns(none.reshape(0, 1), nothing, none, none, none, none, none.astype(bool))
    size, weight, tier, agreed, closed = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("size", "weight", "tier", "agreed", "closed")
    )
    return Columns(np.concatenate(nodes), nothing, size, weight, tier, agreed, closed)


def _found(problem: Problem, hops: Hops) -> Iterator[list[Ints]]:
    """Yield lists of hops that close: one list a length and block of starts."""
    degree = np.bincount(hops.tail, minlength=hops.size)
    second = np.bincount(hops.tail, weights=degree[hops.head], minlength=hops.size)
    third = np.bincount(hops.tail, weights=second[hops.head], minlength=hops.size)
    load = np.cumsum((third if problem.cap > 3 else second) / 4 + 1)
    starts_most = max(1, min(BLOCK_CELLS // max(1, hops.size), 4096))
    first = 0
    search = _Search(problem, hops)
    while first < hops.size:
        before = load[first - 1] if first else 0.0
        last = int(np.searchsorted(load, before + BLOCK_PATHS * 4, side="right"))
        last = min(max(last, first + 1), first + starts_most, hops.size)
        yield from search.block(first, last)
        first = last


class _Search:
    """The search for rings from a block of starts."""

    def __init__(self, problem: Problem, hops: Hops) -> None:
        self._hops, self._cap = hops, problem.cap
        self._once = problem.owners is Owners.ONCE
        self._out = np.searchsorted(hops.tail, np.arange(hops.size + 1))
        self._back = np.argsort(hops.head, kind="stable")
        self._in = np.searchsorted(hops.head[self._back], np.arange(hops.size + 1))
        self._pair = hops.tail * hops.size + hops.head

    def block(self, first: int, last: int) -> Iterator[list[Ints]]:
        """Yield the rings that are listed from the ranks of a block, by their hops."""
        hops, cap = self._hops, self._cap
        near = self._distances(first, last)
        hop = np.arange(self._out[first], self._out[last])
        hop = hop[hops.head[hop] > hops.tail[hop]]
        paths = _Paths([hop], [hops.tail[hop], hops.head[hop]])
        if cap == 2:
            paths = self._reaching(paths, near, first, 1)
        for taken in range(1, cap):
            if not len(paths.hops[0]):
                return
            yield self._closed(paths, near, first)
            if taken + 1 < cap:
                paths = self._onwards(paths, near, first, cap - taken - 1)

    def _distances(self, first: int, last: int) -> Near:
        """Return for each start and rank in how few hops the rank leads back to the start."""
        hops = self._hops
        near = np.full((last - first, hops.size), FAR, dtype=np.uint8)
        hop = self._back[self._in[first] : self._in[last]]
        hop = hop[hops.tail[hop] > hops.head[hop]]
        start, here = hops.head[hop] - first, hops.tail[hop]
        near[start, here] = 1
        for step in range(2, self._cap - 1):
            which, hop = _spread(self._in[here], self._in[here + 1])
            start, here = start[which], hops.tail[self._back[hop]]
            new = (here > start + first) & (near[start, here] == FAR)
            start, here = start[new], here[new]
            near[start, here] = step
            flat = np.unique(start * hops.size + here)
            start, here = flat // hops.size, flat % hops.size
        return near

    def _onwards(self, paths: _Paths, near: Near, first: int, left: int) -> _Paths:
        """Return the paths, led on by one hop to where the start is within ``left`` hops."""
        hops, here = self._hops, paths.ranks[-1]
        which, hop = _spread(self._out[here], self._out[here + 1])
        head, start = hops.head[hop], paths.ranks[0][which]
        good = np.flatnonzero((head > start) & (near[start - first, head] <= left))
        which, hop, head = which[good], hop[good], head[good]
        new = np.ones(len(which), dtype=np.bool_)
        for rank in paths.ranks[1:-1]:
            new &= rank[which] != head
        if self._once:
            for rank in paths.ranks:
                new &= hops.owner[rank[which]] != hops.owner[head]
        which, hop, head = which[new], hop[new], head[new]
        longer = paths.chosen(which)
        return _Paths([*longer.hops, hop], [*longer.ranks, head])

    def _reaching(self, paths: _Paths, near: Near, first: int, left: int) -> _Paths:
        return paths.chosen(near[paths.ranks[0] - first, paths.ranks[-1]] <= left)

    def _closed(self, paths: _Paths, near: Near, first: int) -> list[Ints]:
        """Return the hops of the rings that close with one hop more."""
        paths = self._reaching(paths, near, first, 1)
        pair = paths.ranks[-1] * self._hops.size + paths.ranks[0]
        low = np.searchsorted(self._pair, pair)
        high = np.searchsorted(self._pair, pair, side="right")
        which, hop = _spread(low, high)
        return [*(one[which] for one in paths.hops), hop]


def _spread(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return for ranges of numbers which range each number is of, and the numbers."""
    counts = high - low
    which = np.repeat(np.arange(len(low)), counts)
    ends = np.cumsum(counts)
    number = np.arange(len(which)) + np.repeat(low - (ends - counts), counts)
    return which, number


def columns_of(problem: Problem, hops: Hops, chain: list[Ints]) -> Columns:
    """Return rings that are given by their hops, without those that pass a dummy twice."""
    if hops.via.shape[1] and len(chain[0]):
        passed = np.sort(np.column_stack([hops.via[hop] for hop in chain]), axis=1)
        twice = ((passed[:, 1:] == passed[:, :-1]) & (passed[:, 1:] != hops.nothing)).any(axis=1)
        chain = [hop[~twice] for hop in chain]
    closing = _total(hops.closing.astype(np.int64), chain)
    # What would join two chains of gifts is as good as the two.
    chain = [hop[closing <= 1] for hop in chain]
    nodes = np.column_stack(
        [part for hop in chain for part in (hops.slot[hops.tail[hop]], hops.via[hop])]
    )
    utility = _total(hops.utility, chain)
    chance: Ints = np.prod([hops.chance[hop] for hop in chain], axis=0, dtype=np.int64)
    weight = utility
    if problem.objective is Objective.EXPECTED:
        weight = expected(utility, chance, len(chain))
    made = Columns(
        nodes, problem.size, np.full(len(weight), len(chain), dtype=np.int64), weight,
        np.max([hops.tier[hop] for hop in chain], axis=0),
        _total(hops.agreed, chain),
        closing[closing <= 1] > 0,
    )  # fmt: skip
    return made.chosen((weight > 0) | (made.agreed > 0))


def _total(of: Ints, chain: list[Ints]) -> Ints:
    return np.asarray(sum((of[hop] for hop in chain[1:]), start=of[chain[0]]))


def expected(utility: Ints, chance: Ints, length: int) -> Ints:
    """Return the expected worth in thousandths: the chance is cut to millionths before.

    Args:
        utility: the sum of the utilities.
        chance: the product of as many chances per mille as the ring is long.
        length: how many.
    """
    millionths = chance // PER_MILLE ** (length - _CHANCE_DIGITS // 3)
    return np.asarray(utility * millionths // PER_MILLE)


def _distinct(columns: Columns) -> Columns:
    """Return the best ring of each set of slots, in an order that depends on the sets alone."""
    if not len(columns):
        return columns
    members = np.sort(columns.nodes, axis=1)
    # Two random sums tell sets apart; the rows are compared where both are equal.
    salt = np.random.default_rng(20_260_101).integers(1, 2**62, size=columns.nothing + 1)
    salt[columns.nothing] = 0
    key = np.zeros(len(columns), dtype=np.int64)
    for at in range(members.shape[1]):
        key += salt[members[:, at]]
    order = np.lexsort((-columns.weight, columns.agreed, columns.tier, key))
    after, before = order[1:], order[:-1]
    same = key[after] == key[before]
    # Where levels count before the worth, another ring of the same slots may be the better one.
    same &= columns.tier[after] == columns.tier[before]
    same &= columns.agreed[after] == columns.agreed[before]
    same &= (members[after] == members[before]).all(axis=1)
    first = np.concatenate([[True], ~same])
    kept = order[first]
    ordered = kept[np.lexsort((*members[kept].T[::-1], columns.size[kept]))]
    return columns.chosen(ordered)
