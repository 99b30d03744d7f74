"""First things first: what counts more is made as good as can be, and kept, before the next.

Each tier is an integer program of its own, with what the tiers before have reached as conditions.
So no weight has to be so large that others are lost beside it.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.exchange.matching.model import Ints, Problem, Reals
from services.exchange.matching.prices import Prices, sparse
from services.exchange.matching.rings import Columns
from services.exchange.matching.scipy_parts import integer_program, stacked
from services.exchange.matching.wire import Tier

COLUMNS_MAX: Final = 20_000
_OWN_NETWORK: Final = 0
_OWN_CONTINENT: Final = 1


class _Goal(NamedTuple):
    """What a tier makes large: something of each ring, or how many of some owners are served."""

    name: str
    weight: Ints
    served: Ints | None = None


def tiered(
    problem: Problem, columns: Columns, prices: Prices, chosen: Ints, *, nodes: int
) -> tuple[Ints, list[dict[str, Any]]]:
    """Return the choice that is best tier by tier, and what each tier reached.

    Args:
        problem: names the tiers.
        columns: the rings to choose from; of very many only the most promising are looked at.
        prices: of the slots.
        chosen: a choice to begin with.
        nodes: the most nodes of each integer program.
    """
    pool = _pool(columns, prices, chosen)
    part = columns.chosen(pool)
    whole = len(pool) == len(columns)
    now = np.searchsorted(pool, chosen)
    program = _Program(problem, part, nodes)
    told: list[dict[str, Any]] = []
    for tier in problem.tiers:
        for goal in _goals(problem, part, tier):
            now, bound = program.best(goal, now)
            reached = program.reached(goal, now)
            told.append(
                {
                    "tier": goal.name, "value": abs(reached), "bound": abs(bound),
                    "proven": whole and reached >= bound,
                }
            )  # fmt: skip
    return np.sort(pool[now]), told


def _pool(columns: Columns, prices: Prices, chosen: Ints) -> Ints:
    if len(columns) <= COLUMNS_MAX:
        return np.arange(len(columns))
    nearest = np.argsort(prices.spare, kind="stable")[:COLUMNS_MAX]
    agreed = np.flatnonzero(columns.agreed)[:COLUMNS_MAX]
    return np.union1d(np.union1d(nearest, agreed), chosen)


def _goals(problem: Problem, columns: Columns, tier: Tier) -> list[_Goal]:
    weight = columns.weight
    if tier is Tier.AGREED:
        return [_Goal(tier.value, columns.agreed)]
    if tier is Tier.NETWORK:
        return [_Goal(tier.value, np.where(columns.tier <= _OWN_NETWORK, weight, 0))]
    if tier is Tier.CONTINENT:
        return [_Goal(tier.value, np.where(columns.tier <= _OWN_CONTINENT, weight, 0))]
    if tier is Tier.VALUE:
        return [_Goal(tier.value, weight)]
    if tier is Tier.SHORT:
        return [_Goal(tier.value, -(columns.size**2))]
    real = np.flatnonzero(~problem.dummy)
    people = np.unique(problem.owner[real])
    none = np.zeros(len(columns), dtype=np.int64)
    if tier is Tier.PEOPLE:
        return [_Goal(tier.value, none, people)]
    worst = np.full(int(problem.owner.max(initial=0)) + 1, 2**60, dtype=np.int64)
    np.minimum.at(worst, problem.owner[real], problem.standing[real])
    return [
        _Goal(f"{tier.value} {standing}", none, people[worst[people] == standing])
        for standing in np.unique(worst[people]).tolist()
    ]


class _Program:
    """The choice of rings, with the conditions that the tiers before have left."""

    def __init__(self, problem: Problem, columns: Columns, nodes: int) -> None:
        self._columns, self._nodes = columns, nodes
        self._rows = sparse(columns)
        self._owner_of = _owners_of(problem, columns)
        self._kept: list[tuple[_Goal, int]] = []

    def best(self, goal: _Goal, now: Ints) -> tuple[Ints, int]:
        """Return the best choice by a goal, and the bound; what it reaches is kept from then on."""
        found, bound = self._solved(goal)
        if found is not None and self.reached(goal, found) > self.reached(goal, now):
            now = found
        reached = self.reached(goal, now)
        self._kept.append((goal, reached))
        return now, max(reached, bound)

    def reached(self, goal: _Goal, chosen: Ints) -> int:
        """Return what a choice is worth by a goal."""
        total = int(goal.weight[chosen].sum())
        if goal.served is None:
            return total
        owners = np.unique(self._owner_of[chosen])
        return total + int(np.isin(owners, goal.served).sum())

    def _solved(self, goal: _Goal) -> tuple[Ints | None, int]:
        """Return the answer of the integer program, which may be none, and its bound."""
        goals = [*self._kept, (goal, 0)]
        served = [one.served for one, _ in goals if one.served is not None]
        people = np.unique(np.concatenate(served)) if served else np.zeros(0, dtype=np.int64)
        n = len(self._columns)
        rows, low, high = stacked(
            self._rows, self._served(people), n, len(people),
            [(self._weights(one, people), float(least)) for one, least in self._kept],
        )  # fmt: skip
        weights = self._weights(goal, people)
        found = integer_program(
            weights, rows, low, high,
            integral=np.concatenate([np.ones(n), np.zeros(len(people))]), nodes=self._nodes,
        )  # fmt: skip
        most = int(np.maximum(weights, 0).sum())
        bound = most if not np.isfinite(found.bound) else int(np.floor(found.bound + 1e-6))
        if found.x is None:
            return None, bound
        chosen = np.flatnonzero(found.x[:n] > 0.5)
        holds = all(self.reached(one, chosen) >= least for one, least in self._kept)
        if not holds:
            return None, most
        return chosen, self.reached(goal, chosen) if found.optimal else bound

    def _weights(self, goal: _Goal, people: Ints) -> Reals:
        share = np.zeros(len(people))
        if goal.served is not None:
            share[np.searchsorted(people, goal.served)] = 1.0
        return np.concatenate([goal.weight.astype(np.float64), share])

    def _served(self, people: Ints) -> tuple[Ints, Ints]:
        """Return pairs of a person's place and a ring that serves that person."""
        ring = np.repeat(np.arange(len(self._columns)), self._owner_of.shape[1])
        owner = self._owner_of.ravel()
        which: NDArray[np.bool_] = np.isin(owner, people)
        pairs = np.unique(np.column_stack([owner[which], ring[which]]), axis=0)
        return np.searchsorted(people, pairs[:, 0]), pairs[:, 1]


def _owners_of(problem: Problem, columns: Columns) -> Ints:
    """Return the owners of each ring's real slots; -1 where there is no slot, or a dummy."""
    owner = np.append(np.where(problem.dummy, -1, problem.owner), -1)
    return np.asarray(owner[columns.nodes])
