"""Prices of slots: what a ring must be worth to be of use, and the bound that they prove.

Prices are whole numbers, so that everybody counts the same. Where no ring is worth more than its
slots cost, no choice of rings is worth more than all slots together.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from services.exchange.matching.model import Ints, Reals
from services.exchange.matching.rings import Columns
from services.exchange.matching.scipy_parts import matrix, packing_lp

DIRECT_MAX: Final = 120_000
FIRST: Final = 6_000
PER_ROUND: Final = 6_000
ROUNDS_MAX: Final = 60
_LARGE: Final = 10**6
_HUGE: Final = 10**9


class Prices(NamedTuple):
    """Prices that cover every ring.

    Args:
        scale: how many parts a unit of worth has.
        of: the price of each slot in such parts, and 0 for what is no slot.
        spare: what each ring's slots cost beyond its worth, in such parts; never negative.
    """

    scale: int
    of: Ints
    spare: Ints

    @property
    def total(self) -> int:
        """What all slots cost, in parts."""
        return int(self.of.sum())

    @property
    def bound(self) -> int:
        """No choice of rings is worth more."""
        return self.total // self.scale


def scale_of(largest: int) -> int:
    """Return in how many parts a unit is divided, so that sums stay within 64 bits."""
    return 10**6 if largest <= _LARGE else 10**3 if largest <= _HUGE else 1


def sparse(columns: Columns) -> object:
    """Return the matrix of slots and rings, without rows for slots in no ring."""
    return _matrix(columns)[0]


def _matrix(columns: Columns) -> tuple[object, Ints]:
    real = columns.nodes != columns.nothing
    slots, row = np.unique(columns.nodes[real], return_inverse=True)
    starts = np.concatenate([[0], np.cumsum(real.sum(axis=1))])
    made = matrix(np.ones(len(row)), row.astype(np.int64), starts, (len(slots), len(columns)))
    return made, slots


def linear(columns: Columns) -> tuple[float, Reals, Reals]:
    """Return value, shares and prices of the linear program over some rings.

    Returns:
        the value, the share of each ring, and the price of each slot (0 for what is no slot).
    """
    rows, slots = _matrix(columns)
    found = packing_lp(columns.weight.astype(np.float64), rows)
    price = np.zeros(columns.nothing + 1)
    if found is None:
        # Without an answer the dearest ring of each slot is its price: poor, and still a cover.
        np.maximum.at(price, columns.nodes, columns.weight[:, None].astype(np.float64))
        price[columns.nothing] = 0
        return float(price.sum()), np.zeros(len(columns)), price
    price[slots] = found.prices
    return found.value, found.x, price


class Relaxed(NamedTuple):
    """The linear program's answer: its value, the share of each ring, prices in whole parts."""

    value: float
    share: Reals
    prices: Prices


def relaxed(columns: Columns, tell: Callable[[str, int], None]) -> Relaxed:
    """Return the linear optimum over all rings; of many rings only those that matter are seen.

    Args:
        columns: all rings.
        tell: is told the step and the bound so far.
    """
    if len(columns) <= DIRECT_MAX:
        value, share, price = linear(columns)
        return Relaxed(value, share, covering(columns, price))
    chosen = np.sort(np.argsort(-columns.weight / columns.size**2, kind="stable")[:FIRST])
    tolerance = 1e-7 * max(1.0, float(columns.weight.max()))
    value, share, price = 0.0, np.zeros(0), np.zeros(columns.nothing + 1)
    best: Prices | None = None
    for _ in range(ROUNDS_MAX):
        value, part, price = linear(columns.chosen(chosen))
        share = np.zeros(len(columns))
        share[chosen] = part
        worth = columns.weight - _cost(columns, price)
        prices = covering(columns, price)
        if best is None or prices.total < best.total:
            best = prices
            tell("prices", best.bound)
        better = np.flatnonzero(worth > tolerance)
        if not len(better):
            break
        more = better[np.argsort(-worth[better], kind="stable")[:PER_ROUND]]
        chosen = np.union1d(chosen, more)
    assert best is not None
    return Relaxed(value, share, best)


def _cost(columns: Columns, price: Reals) -> Reals:
    total = np.zeros(len(columns))
    for at in range(columns.nodes.shape[1]):
        total += price[columns.nodes[:, at]]
    return total


def spare(columns: Columns, of: Ints, scale: int) -> Ints:
    """Return what each ring's slots cost beyond its worth, in parts."""
    left = -columns.weight * scale
    for at in range(columns.nodes.shape[1]):
        left += of[columns.nodes[:, at]]
    return left


def covering(columns: Columns, price: Reals) -> Prices:
    """Return prices near the given ones that cover every ring.

    A ring that is worth more than it costs raises the price of the slot from which it is listed.
    All rings that are listed from one slot exclude one another, so that no bound is lost by it.
    """
    scale = scale_of(int(columns.weight.max(initial=0)))
    of = np.ceil(np.maximum(price, 0) * scale - 1e-3).astype(np.int64)
    of[columns.nothing] = 0
    short = -spare(columns, of, scale)
    lift = np.zeros_like(of)
    np.maximum.at(lift, columns.nodes[:, 0], short)
    of += lift
    return Prices(scale, of, spare(columns, of, scale))
