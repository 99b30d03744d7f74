"""Choosing rings by integer programs: exactly where few are left, else a part at a time."""

from typing import Final, NamedTuple

import numpy as np

from services.exchange.matching.model import Flags, Ints
from services.exchange.matching.packing import value_of
from services.exchange.matching.prices import Prices, sparse
from services.exchange.matching.rings import Columns
from services.exchange.matching.scipy_parts import integer_program

NEIGHBOURHOOD_COLUMNS_MAX: Final = 800
NEIGHBOURHOOD_NODES: Final = 50
GROWTH: Final = 8
"""Chosen rings that a neighbourhood takes in at a time."""
GROWTH_MAX: Final = 100
_WHOLE: Final = 1e-6


class Choice(NamedTuple):
    """Chosen rings, and a bound on the worth of any choice among those that were looked at."""

    chosen: Ints
    bound: int
    optimal: bool


def kept(columns: Columns, prices: Prices, value: int) -> Ints:
    """Return the rings that can be part of a choice that is worth more than ``value``.

    A ring whose slots cost more than it is worth takes as much from the bound.
    """
    return np.flatnonzero(prices.spare <= prices.total - (value + 1) * prices.scale)


def best_of(columns: Columns, among: Ints, *, nodes: int) -> Choice | None:
    """Return the best choice among some rings, or what was found within so many nodes."""
    if not len(among):
        return Choice(among, 0, True)
    part = columns.chosen(among)
    rows = sparse(part)
    sides = rows.shape[0]  # type: ignore[attr-defined]  # a matrix of scipy
    found = integer_program(
        part.weight.astype(np.float64),
        rows,
        np.full(sides, -np.inf),
        np.ones(sides),
        nodes=nodes,
    )
    if found.x is None:
        return None
    chosen = among[np.flatnonzero(found.x > 0.5)]
    value = value_of(columns, chosen)
    bound = value if found.optimal else _floor(found.bound, int(part.weight.sum()))
    return Choice(chosen, max(bound, value), found.optimal)


def _floor(bound: float, most: int) -> int:
    if not np.isfinite(bound):
        return most
    return int(np.floor(bound + _WHOLE * max(1.0, abs(bound) * 1e-3)))


class Neighbourhoods:
    """Betterment by freeing a part of the chosen rings and choosing there anew, exactly."""

    def __init__(self, columns: Columns, pool: Ints, *, seed: int) -> None:
        self._columns, self._pool = columns, pool
        self._random = np.random.default_rng(seed)
        nodes = columns.nodes[pool]
        real = nodes != columns.nothing
        self._ring = np.repeat(np.arange(len(pool)), real.sum(axis=1))
        order = np.argsort(nodes[real], kind="stable")
        self._ring = self._ring[order]
        self._begin = np.searchsorted(nodes[real][order], np.arange(columns.nothing + 2))

    def better(self, chosen: Ints, *, most: int = NEIGHBOURHOOD_COLUMNS_MAX) -> Ints:
        """Return a choice that is at least as good, after one neighbourhood was looked at."""
        columns = self._columns
        holder = np.full(columns.nothing + 1, -1, dtype=np.int64)
        holder[columns.nodes[chosen]] = np.arange(len(chosen))[:, None]
        holder[columns.nothing] = -1
        freed = self._grown(chosen, holder, most)
        stays = np.ones(len(chosen), dtype=np.bool_)
        stays[freed] = False
        blocked = np.zeros(columns.nothing + 1, dtype=np.bool_)
        blocked[columns.nodes[chosen[stays]]] = True
        blocked[columns.nothing] = False
        among = self._pool[~blocked[columns.nodes[self._pool]].any(axis=1)]
        among = np.union1d(among, chosen[freed])
        found = best_of(columns, among, nodes=NEIGHBOURHOOD_NODES)
        if found is None or value_of(columns, found.chosen) < value_of(columns, chosen[freed]):
            return chosen
        return np.sort(np.concatenate([chosen[stays], found.chosen]))

    def _grown(self, chosen: Ints, holder: Ints, most: int) -> Ints:
        """Return places of chosen rings that lie together, grown from a random slot."""
        columns = self._columns
        inside = np.zeros(len(chosen), dtype=np.bool_)
        slots = self._pool_slots(int(self._random.integers(len(self._pool))))
        seen = np.zeros(columns.nothing + 1, dtype=np.bool_)
        # Chosen rings that touch none of the pool are never reached: so it ends by itself.
        for _ in range(GROWTH_MAX):
            seen[slots] = True
            new = np.unique(holder[slots])
            new = new[new >= 0]
            new = new[~inside[new]]
            if len(new) > GROWTH:
                new = self._random.choice(new, GROWTH, replace=False)
            inside[new] = True
            members = np.union1d(slots, columns.nodes[chosen[new]].ravel())
            members = members[members != columns.nothing]
            if self._free_count(chosen, inside) > most and inside.sum() > len(new) > 0:
                inside[new] = False
                return np.flatnonzero(inside)
            if inside.all():
                return np.flatnonzero(inside)
            near = [self._ring[self._begin[one] : self._begin[one + 1]] for one in members.tolist()]
            rings = np.unique(np.concatenate(near))
            if len(rings) > 60:
                rings = self._random.choice(rings, 60, replace=False)
            slots = np.unique(columns.nodes[self._pool[rings]])
            slots = slots[(slots != columns.nothing) & ~seen[slots]]
            if not len(slots):
                slots = self._pool_slots(int(self._random.integers(len(self._pool))))
        return np.flatnonzero(inside)

    def _pool_slots(self, place: int) -> Ints:
        nodes: Ints = self._columns.nodes[self._pool[place]]
        return np.asarray(nodes[nodes != self._columns.nothing])

    def _free_count(self, chosen: Ints, inside: Flags) -> int:
        blocked = np.zeros(self._columns.nothing + 1, dtype=np.bool_)
        blocked[self._columns.nodes[chosen[~inside]]] = True
        blocked[self._columns.nothing] = False
        return int((~blocked[self._columns.nodes[self._pool]].any(axis=1)).sum())
