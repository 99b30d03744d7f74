"""Rings by the names of their slots, and found again by their slots."""

from collections.abc import Iterator

import numpy as np

from services.exchange.matching.model import Ints, Problem
from services.exchange.matching.outcome import Ring
from services.exchange.matching.rings import Columns


def same_sets(columns: Columns, wanted: Ints) -> Ints:
    """Return the places of rings by their slots; those that are not there are left out."""
    place = {tuple(sorted(row)): at for at, row in enumerate(_sets(columns.nodes, columns.nothing))}
    found = [place.get(tuple(sorted(row))) for row in _sets(wanted, columns.nothing)]
    return np.array(sorted(one for one in found if one is not None), dtype=np.int64)


def _sets(nodes: Ints, nothing: int) -> Iterator[list[int]]:
    for row in nodes.tolist():
        yield [one for one in row if one != nothing]


def named_rings(problem: Problem, columns: Columns, chosen: Ints) -> Iterator[Ring]:
    """Yield chosen rings by the names of their slots, each from its lowest real slot."""
    made: list[Ring] = []
    for ring in chosen.tolist():
        nodes = [one for one in columns.nodes[ring].tolist() if one != columns.nothing]
        is_open = bool(columns.closed[ring])
        firsts = [one for one in nodes if not problem.dummy[one]]
        first = _giver(problem, nodes) if is_open else min(firsts)
        at = nodes.index(first)
        slots = tuple(problem.ids[one] for one in (*nodes[at:], *nodes[:at]))
        made.append(
            Ring(
                slots=slots, weight=int(columns.weight[ring]), size=int(columns.size[ring]),
                is_open=is_open,
            )
        )  # fmt: skip
    place = {one: at for at, one in enumerate(problem.ids)}
    yield from sorted(made, key=lambda one: place[one.slots[0]])


def _giver(problem: Problem, nodes: list[int]) -> int:
    """Return the giver of a chain: the one that has no arc to whom it stands before."""
    own = set(zip(problem.tail.tolist(), problem.head.tolist(), strict=True))
    after = [*nodes[1:], nodes[0]]
    return next(
        one for one, then in zip(nodes, after, strict=True)
        if problem.gift[one] and (one, then) not in own
    )  # fmt: skip
