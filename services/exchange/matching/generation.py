"""Rings of a dense pool: found as they are needed, by the best walks at the prices so far.

A closed walk of positive worth splits into rings of which one is positive. So where no walk is
positive, no ring is, and the linear program is solved without listing its rings.

Source: column generation over cycles (Abraham, Blum and Sandholm, 2007); smoothing after Wentges.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from services.exchange.matching.hops import Hops
from services.exchange.matching.model import Ints, Problem, Reals
from services.exchange.matching.prices import Prices, Relaxed, linear, scale_of, spare
from services.exchange.matching.rings import Columns, columns_of, joined, pairs_of
from services.exchange.matching.wire import PER_MILLE, Objective, Owners

POOL_MAX: Final = 1_500
ROUNDS_MAX: Final = 200
PER_SLOT: Final = 3
SMOOTHING: Final = 0.5
_NONE: Final = -(2**60)


def is_suited(problem: Problem, hops: Hops) -> bool:
    """Return whether walks can price the rings: no dummies, givers, owners twice; one chance."""
    distinct = len(np.unique(hops.owner)) == hops.size
    return bool(
        hops.size <= POOL_MAX
        and not hops.via.shape[1]
        and not hops.closing.any()
        and (distinct or problem.owners is Owners.ANY)
        and (problem.objective is Objective.PLAIN or len(np.unique(hops.chance)) == 1)
    )


class Generated(NamedTuple):
    """The linear optimum over all rings, and the rings that were needed for it."""

    relaxed: Relaxed
    columns: Columns


def generated(problem: Problem, hops: Hops, tell: Callable[[str, int], None]) -> Generated:
    """Return the linear optimum of a pool without listing its rings."""
    columns = pairs_of(problem, hops)
    pool = _Pool(problem, hops)
    centre: Reals | None = None
    best = np.inf
    value, share, price = 0.0, np.zeros(0), np.zeros(problem.size + 1)
    for _ in range(ROUNDS_MAX):
        if len(columns):
            value, share, price = linear(columns)
        asked = price if centre is None else SMOOTHING * centre + (1 - SMOOTHING) * price
        more, lift = pool.better(asked)
        bound = float(asked.sum() + lift)
        if bound < best:
            best, centre = bound, asked
            tell("prices", int(bound))
        fresh = _fresh(columns, more, price)
        if not len(fresh) and asked is not price:
            more, lift = pool.better(price)
            if float(price.sum() + lift) < best:
                best, centre = float(price.sum() + lift), price
            fresh = _fresh(columns, more, price)
        if not len(fresh):
            break
        columns = joined([columns, fresh], problem.size)
    return Generated(Relaxed(value, share, pool.covering(columns, price)), columns)


def _fresh(columns: Columns, more: Columns, price: Reals) -> Columns:
    """Return the rings that are worth more than they cost, each set of slots once."""
    worth = more.weight - price[more.nodes].sum(axis=1)
    more = more.chosen(worth > 1e-7 * max(1.0, float(more.weight.max(initial=0))))
    if not len(more):
        return more
    members = np.sort(more.nodes, axis=1)
    _, first = np.unique(members, axis=0, return_index=True)
    return more.chosen(np.sort(first))


class _Pool:
    """A pool as matrices: what each way from slot to slot is worth in a ring of each length."""

    def __init__(self, problem: Problem, hops: Hops) -> None:
        self._problem, self._hops = problem, hops
        n = hops.size
        self._arc = np.full((n, n), -1, dtype=np.int64)
        self._arc[hops.tail, hops.head] = np.arange(len(hops.tail))
        self._scale = scale_of(int(hops.utility.max(initial=1)) * PER_MILLE * problem.cap)
        self._worth = {k: self._worth_of(k) for k in range(2, problem.cap + 1)}

    def _worth_of(self, length: int) -> Ints:
        """Return what each arc adds to a ring of that length, in parts, and never too little."""
        hops = self._hops
        worth = hops.utility * self._scale
        if self._problem.objective is Objective.EXPECTED:
            chance = int(hops.chance[0])
            over = PER_MILLE ** (length - 1)
            worth = np.array(
                [-(-int(one) * chance**length // over) for one in worth.tolist()], dtype=np.int64
            )
        made = np.full((hops.size, hops.size), _NONE, dtype=np.int64)
        made[hops.tail, hops.head] = worth
        return made

    def better(self, price: Reals) -> tuple[Columns, float]:
        """Return rings that are worth more than they cost, and by how much the bound is off."""
        parts = np.round(price * self._scale).astype(np.int64)
        found, lift = self._priced(parts)
        return joined(found, self._problem.size), float(lift.sum()) / self._scale

    def covering(self, columns: Columns, price: Reals) -> Prices:
        """Return prices that cover every ring of the pool."""
        parts = np.ceil(price * self._scale).astype(np.int64)
        parts[self._problem.size] = 0
        _, lift = self._priced(parts)
        parts[self._hops.slot] += lift
        return Prices(self._scale, parts, spare(columns, parts, self._scale))

    def _priced(self, parts: Ints) -> tuple[list[Columns], Ints]:
        """Return good rings of each length, and for each rank the most that one is worth."""
        cap, price = self._problem.cap, parts[self._hops.slot]
        lift = np.zeros(self._hops.size, dtype=np.int64)
        found: list[Columns] = []
        for length in range(2, cap + 1):
            step = np.maximum(self._worth[length] - price[:, None], _NONE)
            total, walk = _walks(step, length)
            np.maximum(lift, total.max(axis=1, initial=0), out=lift)
            start, end = _best_pairs(total)
            if len(start):
                found.append(self._rings(walk(start, end)))
        return found, lift

    def _rings(self, ranks: Ints) -> Columns:
        """Return walks that are rings as columns; each begins with its lowest rank."""
        members = np.sort(ranks, axis=1)
        ranks = ranks[(members[:, 1:] != members[:, :-1]).all(axis=1)]
        first = ranks.argmin(axis=1)
        length = ranks.shape[1]
        turned = (np.arange(length)[None, :] + first[:, None]) % length
        ranks = np.take_along_axis(ranks, turned, axis=1)
        chain = [self._arc[ranks[:, at], ranks[:, (at + 1) % length]] for at in range(length)]
        return columns_of(self._problem, self._hops, chain)


def _best_pairs(total: Ints) -> tuple[Ints, Ints]:
    """Return for each start the ends of its best positive walks."""
    keep = min(PER_SLOT, total.shape[1])
    ends = np.argsort(-total, axis=1, kind="stable")[:, :keep]
    starts = np.repeat(np.arange(len(total)), keep)
    flat = ends.ravel()
    good = total[starts, flat] > 0
    return starts[good], flat[good]


def _product(left: Ints, right: Ints) -> Ints:
    """Return for each pair the best sum over a slot between."""
    best = np.full((len(left), right.shape[1]), _NONE, dtype=np.int64)
    room = np.empty_like(best)
    for between in range(left.shape[1]):
        np.add(left[:, between, None], right[None, between, :], out=room)
        np.maximum(best, room, out=best)
    return np.maximum(best, _NONE)


def _between(left: Ints, right: Ints, start: Ints, end: Ints) -> Ints:
    """Return the slot that the best sum of each pair goes through."""
    return np.asarray((left[start] + right[:, end].T).argmax(axis=1))


Walk = Callable[[Ints, Ints], Ints]


def _walks(step: Ints, length: int) -> tuple[Ints, Walk]:
    """Return the worth of the best closed walk through each pair, and how to retrace it.

    The walk of two leads to the end and back; of three through one more on the way; of four
    through one more each way; of five through two on the way and one back.
    """
    if length == 2:
        return step + step.T, lambda start, end: np.column_stack([start, end])
    two = _product(step, step)
    if length == 3:
        return two + step.T, lambda start, end: np.column_stack(
            [start, _between(step, step, start, end), end]
        )
    if length == 4:
        return two + two.T, lambda start, end: np.column_stack(
            [start, _between(step, step, start, end), end, _between(step, step, end, start)]
        )
    three = _product(two, step)

    def walk(start: Ints, end: Ints) -> Ints:
        last = _between(two, step, start, end)
        first = _between(step, step, start, last)
        return np.column_stack([start, first, last, end, _between(step, step, end, start)])

    return three + two.T, walk
