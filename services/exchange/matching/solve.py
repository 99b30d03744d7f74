"""Solving a problem of matching: from the graph to rings, a bound, and a certificate of both.

Budgets count moves, rounds and nodes of a search, not seconds, so that one input has one answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.exchange.matching import certificate
from services.exchange.matching.exact import Choice, Neighbourhoods, best_of, kept
from services.exchange.matching.generation import generated, is_suited
from services.exchange.matching.hops import Hops, hops_of
from services.exchange.matching.model import Ints, Problem
from services.exchange.matching.naming import named_rings, same_sets
from services.exchange.matching.outcome import Outcome
from services.exchange.matching.packing import (
    Annealing,
    by_price,
    greedy,
    is_packing,
    value_of,
)
from services.exchange.matching.prices import Prices, Relaxed, relaxed, spare
from services.exchange.matching.rings import RINGS_MAX, Columns, expected_count, rings_of
from services.exchange.matching.tiers import tiered
from services.exchange.matching.unbounded import ceiling
from services.exchange.matching.wire import Tier

DENSE: Final = 100_000
"""Rings from which a pool is dense, however thin its graph."""
DENSE_SMALL: Final = 5_000
DENSE_SHARE: Final = 0.1
"""Rings and share of all possible hops from which a small pool is dense."""
EXACT_FIRST: Final = 3_000
FAR_SHARE: Final = 16
"""A first choice that misses more than this part of the bound is bettered by steps first."""
FAR_MOVES: Final = 30
FAR_HOT: Final = 0.1
FAR_COLD: Final = 0.01
FAR_SPARE: Final = 0.1
FAR_SPARE_AROUND: Final = 0.25
"""What a ring may cost beyond its worth, in steps and in parts, as a share of the mean worth."""
FAR_TURNS: Final = 7
EQUAL_TURNS: Final = 38
EQUAL_NEIGHBOURHOODS: Final = (900, 4_000)
"""Where every item counts one, most steps gain nothing, and few large parts do better."""
IDLE_TURNS: Final = 50
"""Parts in a row without a gain, after which no more are tried."""
FAR_NEIGHBOURHOODS: Final = (500, 900)
NEIGHBOURHOODS: Final = (400, 800)
"""Rings that a neighbourhood holds, the first thirty and then."""

Tell = Callable[[str, int, int], None]
"""Is told the step, the worth so far, and the bound so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much is tried, in units that are the same on every machine.

    Args:
        moves: proposals of the local search.
        first_nodes: nodes of the first integer program, over the most promising rings.
        nodes: nodes of the last one, over all rings that can still matter.
        neighbourhoods: parts of the choice that are freed and chosen anew.
        rings: the most rings that are listed.
        seed: of the random choices.
    """

    moves: int = 600_000
    first_nodes: int = 100
    nodes: int = 500
    neighbourhoods: int = 60
    rings: int = RINGS_MAX
    seed: int = 1


def _silent(step: str, value: int, bound: int) -> None:
    pass


def solve(problem: Problem, *, budget: Budget | None = None, tell: Tell = _silent) -> Outcome:
    """Return the best rings that were found, a bound, and a certificate.

    Raises:
        TooManyPaths: the dummies are nested too deeply.
    """
    return _Run(problem, budget or Budget(), tell).outcome()


class _Run:
    """One run, step by step."""

    def __init__(self, problem: Problem, budget: Budget, tell: Tell) -> None:
        self._problem, self._budget, self._tell_out = problem, budget, tell
        self._chosen: Ints = np.zeros(0, dtype=np.int64)
        self._bound = 0
        self._steps: list[dict[str, Any]] = []

    def outcome(self) -> Outcome:
        """Return what the run finds."""
        hops = hops_of(self._problem)
        columns, found, whole = self._rings(hops)
        self._bound = found.prices.bound
        if len(columns):
            self._improve(columns, found, whole=whole)
            columns, found = self._all(hops, columns, found, whole=whole)
        value = self._value(columns)
        flat = value, self._bound
        chosen = self._chosen
        tiers: list[dict[str, Any]] = []
        if self._problem.tiers != (Tier.VALUE,) and len(columns):
            chosen, tiers = tiered(
                self._problem, columns, found.prices, self._chosen, nodes=self._budget.nodes
            )
        return self._written(hops, columns, found.prices, chosen, flat, tiers)

    def _rings(self, hops: Hops) -> tuple[Columns, Relaxed, bool]:
        """Return rings, the linear optimum, and whether the rings are all there are."""
        problem = self._problem
        if _is_dense(problem, hops) and problem.tiers == (Tier.VALUE,):
            made = generated(problem, hops, lambda step, bound: self._tell(step, bound=bound))
            return made.columns, made.relaxed, False
        columns, whole = rings_of(problem, hops, most=self._budget.rings)
        self._tell("rings", bound=0)
        if not whole:
            prices = ceiling(problem)
            prices = prices._replace(spare=spare(columns, prices.of, prices.scale))
            return columns, Relaxed(0.0, np.zeros(len(columns)), prices), False
        if not len(columns):
            none = np.zeros(problem.size + 1, dtype=np.int64)
            return columns, Relaxed(0.0, np.zeros(0), Prices(1, none, none[:0])), True
        found = relaxed(columns, lambda step, bound: self._tell(step, bound=bound))
        return columns, found, True

    def _improve(self, columns: Columns, found: Relaxed, *, whole: bool) -> None:
        """Make the choice better until it is proven, or the budget is spent."""
        prices, budget = found.prices, self._budget
        order = by_price(columns, found.share, prices.spare)
        self._take(columns, greedy(columns, order), "greedy")
        left = self._left(columns, prices)
        if not len(left):
            return
        far = (self._bound - self._value(columns)) * FAR_SHARE > self._bound
        if len(left) > EXACT_FIRST and not far:
            self._exactly(columns, left[_near(prices, found, left)], budget.first_nodes)
            left = self._left(columns, prices)
        if len(left) > EXACT_FIRST:
            self._search(columns, prices, left)
            left = self._left(columns, prices)
        if 0 < len(left) <= EXACT_FIRST:
            choice = self._exactly(columns, left, budget.nodes)
            if whole and choice is not None:
                # Rings that were left aside cannot be part of anything better than what we have.
                self._bound = min(self._bound, max(choice.bound, self._value(columns)))
            left = self._left(columns, prices)
            if len(left) and whole:
                self._search(columns, prices, left)

    def _search(self, columns: Columns, prices: Prices, left: Ints) -> None:
        """Search nearby: by many small steps, then by neighbourhoods that grow."""
        budget = self._budget
        far = (self._bound - self._value(columns)) * FAR_SHARE > self._bound
        steps = Annealing(columns, self._chosen, seed=budget.seed)
        turns, parts = budget.neighbourhoods, NEIGHBOURHOODS
        if far:
            # Where much is missing, rings that cost more than they are worth only stand in the way.
            near = _worthwhile(columns, prices, left, FAR_SPARE)
            steps.run(near, moves=budget.moves * FAR_MOVES, hot=FAR_HOT, cold=FAR_COLD)
            left = _worthwhile(columns, prices, left, FAR_SPARE_AROUND)
            turns, parts = turns * FAR_TURNS, FAR_NEIGHBOURHOODS
            if int(columns.weight.max()) <= self._problem.cap:
                turns, parts = EQUAL_TURNS, EQUAL_NEIGHBOURHOODS
        else:
            steps.run(left, moves=budget.moves)
        self._take(columns, steps.best, "annealing")
        around = Neighbourhoods(columns, left, seed=budget.seed)
        idle = 0
        for turn in range(turns):
            before = self._value(columns)
            if before >= self._bound or not len(left) or idle == IDLE_TURNS:
                return
            most = parts[min(turn // 30, len(parts) - 1)]
            self._take(columns, around.better(self._chosen, most=most), "neighbourhood")
            idle = 0 if self._value(columns) > before else idle + 1

    def _all(
        self, hops: Hops, columns: Columns, found: Relaxed, *, whole: bool
    ) -> tuple[Columns, Relaxed]:
        """List the rings of a dense pool after all, where those that were needed prove nothing."""
        few = expected_count(hops, self._problem.cap) < self._budget.rings
        dense = not whole and few and _is_dense(self._problem, hops)
        if not dense or self._value(columns) >= self._bound:
            return columns, found
        every, complete = rings_of(self._problem, hops, most=self._budget.rings)
        if not complete:
            return columns, found
        prices = found.prices._replace(spare=spare(every, found.prices.of, found.prices.scale))
        matter = np.flatnonzero(prices.spare <= prices.total - self._value(columns) * prices.scale)
        kept_here = every.chosen(matter)
        prices = prices._replace(spare=prices.spare[matter])
        whole_found = Relaxed(found.value, np.zeros(len(matter)), prices)
        before, chosen = self._value(columns), columns.nodes[self._chosen]
        self._chosen = same_sets(kept_here, chosen)
        if self._value(kept_here) < before:
            return columns, found
        self._improve(kept_here, whole_found, whole=True)
        return kept_here, whole_found

    def _exactly(self, columns: Columns, among: Ints, nodes: int) -> Choice | None:
        choice = best_of(columns, np.union1d(among, self._chosen), nodes=nodes)
        if choice is not None:
            self._take(columns, choice.chosen, "integer program")
        return choice

    def _left(self, columns: Columns, prices: Prices) -> Ints:
        """Return the rings that something better could hold; none where nothing is better."""
        value = self._value(columns)
        if value >= self._bound:
            return np.zeros(0, dtype=np.int64)
        return kept(columns, prices, value)

    def _take(self, columns: Columns, chosen: Ints, step: str) -> None:
        if not len(self._chosen) or value_of(columns, chosen) > self._value(columns):
            assert is_packing(columns, chosen)
            self._chosen = np.sort(chosen)
            self._tell(step, value=self._value(columns))

    def _value(self, columns: Columns) -> int:
        return value_of(columns, self._chosen)

    def _tell(self, step: str, *, value: int = 0, bound: int | None = None) -> None:
        bound = self._bound if bound is None else bound
        self._steps.append({"step": step, "value": value, "bound": bound})
        self._tell_out(step, value, bound)

    def _written(
        self,
        hops: Hops,
        columns: Columns,
        prices: Prices,
        chosen: Ints,
        flat: tuple[int, int],
        tiers: list[dict[str, Any]],
    ) -> Outcome:
        rings = tuple(named_rings(self._problem, columns, chosen))
        value = sum(ring.weight for ring in rings)
        report = {
            "slots": self._problem.size, "arcs": len(self._problem.tail),
            "slots_on_rings": hops.size, "rings_seen": len(columns),
            "flat_value": flat[0], "tiers": tiers, "steps": self._steps[-50:],
        }  # fmt: skip
        return Outcome(
            value=value,
            bound=flat[1],
            rings=rings,
            proven=flat[0] >= flat[1] and all(one["proven"] for one in tiers),
            certificate=certificate.written(self._problem, rings, prices),
            report=report,
        )


def _is_dense(problem: Problem, hops: Hops) -> bool:
    """Return whether rings are better found as they are needed than listed."""
    rings = expected_count(hops, problem.cap)
    share = len(hops.tail) / max(1, hops.size) ** 2
    return (rings > DENSE or (rings > DENSE_SMALL and share >= DENSE_SHARE)) and is_suited(
        problem, hops
    )


def _worthwhile(columns: Columns, prices: Prices, left: Ints, share: float) -> Ints:
    """Return the rings that cost little more than they are worth: a share of the mean worth."""
    most = share * float(columns.weight[left].mean()) * prices.scale
    return left[prices.spare[left] <= most]


def _near(prices: Prices, found: Relaxed, left: Ints) -> Ints:
    """Return the places of the rings that the linear program thinks most of."""
    luck = np.random.default_rng(7).random(len(left))
    order = np.lexsort((luck, prices.spare[left], -found.share[left]))
    return np.sort(order[:EXACT_FIRST])
