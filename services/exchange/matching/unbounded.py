"""Rings of any length: the most that could be traded, as an assignment.

Source: TradeMaximizer's objective: the most real slots traded, then the least priority cost.
"""

from typing import NamedTuple

import numpy as np

from services.exchange.matching.model import Ints, Problem
from services.exchange.matching.prices import Prices, scale_of
from services.exchange.matching.scipy_parts import assignment
from services.exchange.matching.wire import Objective


class Trades(NamedTuple):
    """How much is traded without a cap: real slots, their priority cost, and who gets what."""

    trades: int
    cost: int
    receives: Ints


def most_trades(problem: Problem, cost: Ints) -> Trades:
    """Return a choice of the most trades, of those one of the least cost.

    Args:
        problem: slots and arcs.
        cost: of each arc of the problem, 0 or more; arcs out of dummies cost nothing.
    """
    own = np.arange(problem.size)
    priced = np.where(problem.dummy[problem.tail], 0, cost)
    aside = (int(priced.max()) if len(priced) else 0) * problem.size + 1
    receives = assignment(
        problem.size,
        np.concatenate([problem.tail, own]),
        np.concatenate([problem.head, own]),
        np.concatenate([priced, np.where(problem.dummy, 0, aside)]),
    )
    traded = (receives != own) & ~problem.dummy
    taken = receives[problem.tail] == problem.head
    return Trades(int(traded.sum()), int(priced[taken].sum()), receives)


def ceiling(problem: Problem) -> Prices:
    """Return prices that cover every ring of any length; their sum is the best without a cap.

    A ring's chance is at most that of each of its arcs, so the sum of each arc's own expected
    worth is at least the ring's. The prices are the duals of the assignment.
    """
    n = problem.size
    tail, head, value = _worths(problem)
    scale = scale_of(int(value.max(initial=0)))
    receives = assignment(n, tail, head, int(value.max(initial=0)) - value)
    taken = receives[tail] == head
    gained = np.zeros(n, dtype=np.int64)
    gained[tail[taken]] = value[taken]
    # With g the price of receiving and t that of giving: g[tail] + t[head] >= value, and equal
    # where it is taken. t follows by going round until nothing changes.
    given = np.zeros(n, dtype=np.int64)
    for _ in range(n + 1):
        asked = gained - given[receives]
        better = given.copy()
        np.maximum.at(better, head, value - asked[tail])
        if (better == given).all():
            break
        given = better
    of = np.zeros(n + 1, dtype=np.int64)
    of[:n] = (gained - given[receives] + given) * scale
    assert int(of.sum()) == int(gained.sum()) * scale
    return Prices(scale, of, np.zeros(0, dtype=np.int64))


def _worths(problem: Problem) -> tuple[Ints, Ints, Ints]:
    """Return tail, head and worth of the arcs, of staying alone, and of the open ends."""
    worth = problem.utility
    if problem.objective is Objective.EXPECTED:
        worth = worth * problem.confirm
    own = np.arange(problem.size)
    gives = np.flatnonzero(problem.gift)
    # A giver's chain may end with anybody.
    tail = np.concatenate([problem.tail, own, np.repeat(gives, problem.size)])
    head = np.concatenate([problem.head, own, np.tile(own, len(gives))])
    value = np.concatenate([worth, np.zeros(len(tail) - len(worth), dtype=np.int64)])
    order = np.lexsort((-value, head, tail))
    tail, head, value = tail[order], head[order], value[order]
    first = np.ones(len(tail), dtype=np.bool_)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    return tail[first], head[first], value[first]
