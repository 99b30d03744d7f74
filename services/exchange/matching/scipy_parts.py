"""The parts of scipy that are used, in one place and with types."""

from typing import Any, Final, NamedTuple

import numpy as np
from scipy.optimize import (  # type: ignore[import-untyped]  # scipy ships no types
    Bounds,
    LinearConstraint,
    linprog,
    milp,
)
from scipy.sparse import (  # type: ignore[import-untyped]  # scipy ships no types
    csc_array,
    csr_array,
    eye_array,
    hstack,
    vstack,
)
from scipy.sparse.csgraph import (  # type: ignore[import-untyped]  # scipy ships no types
    connected_components,
    min_weight_full_bipartite_matching,
)

from services.exchange.matching.model import Ints, Reals

_OPTIMAL: Final = 0
INTERIOR_MIN: Final = 30_000
"""Columns from which a linear program is solved from its inside."""


def components(size: int, tail: Ints, head: Ints) -> Ints:
    """Return for each node the number of its strongly connected component."""
    graph = csr_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(size, size))
    _, label = connected_components(graph, directed=True, connection="strong")
    found: Ints = label.astype(np.int64)
    return found


def assignment(size: int, row: Ints, column: Ints, cost: Ints) -> Ints:
    """Return for each row the column of a full assignment of least cost; one must exist."""
    # An explicit zero would be dropped as if there were no arc.
    graph = csr_array(((cost + 1).astype(np.float64), (row, column)), shape=(size, size))
    rows, columns = min_weight_full_bipartite_matching(graph)
    found = np.empty(size, dtype=np.int64)
    found[rows] = columns
    return found


def matrix(values: Reals, rows: Ints, starts: Ints, shape: tuple[int, int]) -> Any:
    """Return a sparse matrix by columns."""
    return csc_array((values, rows, starts), shape=shape)


class Linear(NamedTuple):
    """An optimum of a linear program: its value, its variables and the prices of its rows."""

    value: float
    x: Reals
    prices: Reals


def packing_lp(weights: Reals, rows: Any, *, right: Reals | None = None) -> Linear | None:
    """Return the optimum of: largest weight, each row at most its right side (1), x >= 0."""
    side = np.ones(rows.shape[0]) if right is None else right
    # On many columns of little difference the simplex goes round for minutes.
    method = "highs-ipm" if len(weights) > INTERIOR_MIN else "highs-ds"
    found = linprog(-weights, A_ub=rows, b_ub=side, bounds=(0, None), method=method)
    if found.status != _OPTIMAL:
        return None
    return Linear(-float(found.fun), found.x, np.maximum(0.0, -found.ineqlin.marginals))


class Integer(NamedTuple):
    """What an integer program ended with: a choice if one was found, and a bound if one is known.

    Args:
        x: the variables, or nothing.
        bound: no choice is worth more; infinite where nothing is known.
        optimal: whether the choice was proven to be the best.
    """

    x: Reals | None
    bound: float
    optimal: bool


def integer_program(
    weights: Reals,
    rows: Any,
    low: Reals,
    high: Reals,
    *,
    integral: Reals | None = None,
    nodes: int | None = None,
    limit_s: float | None = None,
    gap: float = 0.0,
) -> Integer:
    """Return the best 0-1 choice of: largest weight, low <= rows <= high.

    Args:
        weights: of each variable.
        rows: the matrix of the conditions.
        low: left sides.
        high: right sides.
        integral: 1 for whole variables, 0 for those between; all are whole where left out.
        nodes: the most nodes of the search.
        limit_s: seconds after which it is given up; not used where answers must repeat.
        gap: relative gap at which it may stop.
    """
    options: dict[str, Any] = {"mip_rel_gap": gap, "disp": False}
    if nodes is not None:
        options["node_limit"] = nodes
    if limit_s is not None:
        options["time_limit"] = limit_s
    found = milp(
        -weights,
        integrality=np.ones(len(weights)) if integral is None else integral,
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, low, high),
        options=options,
    )
    known = getattr(found, "mip_dual_bound", None)
    bound = np.inf if known is None else -float(known)
    return Integer(found.x, bound, found.status == _OPTIMAL and found.x is not None)


def stacked(
    rows: Any,
    served: tuple[Ints, Ints],
    rings: int,
    people: int,
    least: list[tuple[Reals, float]],
) -> tuple[Any, Reals, Reals]:
    """Return the rows of a program of rings and people, with their left and right sides.

    Args:
        rows: slots by rings; each holds one ring at most.
        served: pairs of a person and a ring that serves that person.
        rings: how many rings.
        people: how many people; a person counts as served where one of the rings is chosen.
        least: weights over rings and people, and what they must come to at least.
    """
    slots = rows.shape[0]
    parts = [hstack([rows, csr_array((slots, people))])]
    low, high = [np.full(slots, -np.inf)], [np.ones(slots)]
    if people:
        who, ring = served
        serves = csr_array((-np.ones(len(who)), (who, ring)), shape=(people, rings))
        parts.append(hstack([serves, eye_array(people)]))
        low.append(np.full(people, -np.inf))
        high.append(np.zeros(people))
    for weights, value in least:
        parts.append(csr_array(weights[None, :]))
        low.append(np.array([value]))
        high.append(np.array([np.inf]))
    return vstack(parts).tocsc(), np.concatenate(low), np.concatenate(high)
