"""Sequential Phragmén: the burden of each project lies on those who wanted it.

The costs of funded projects are loads on their supporters. Next is the project that leaves its
supporters with the smallest load, shared equally between them. It ends when a project that is next
would break the budget, also where another that is next with it would not. Whoever gave points
supports what got some.

Source: Brill, Freeman, Janson and Lackner (2017), Phragmén's voting methods and justified
representation; Los, Christoff and Grossi (2022) for costs; docs/decisions/0008-counting.md.
"""

import heapq
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from services.governance.counting.budgets.equal_shares import Choice
from services.governance.counting.budgets.model import Election, Integers, Room, pair


class Loading(NamedTuple):
    """One project funded, and the load that each of its supporters then carries."""

    at: int
    load: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class PhragmenRun:
    """What was funded; ``stopped_by``: what came next and did not fit, if that was the end."""

    loadings: tuple[Loading, ...] = ()
    ties: tuple[tuple[int, tuple[int, ...]], ...] = ()
    stopped_by: tuple[int, ...] = ()

    @property
    def chosen(self) -> tuple[int, ...]:
        """Return the projects in the order in which they were funded."""
        return tuple(one.at for one in self.loadings)


class _Loads:
    """How much each class of ballots carries: few different loads, over one denominator."""

    def __init__(self, of: Election) -> None:
        self._of = of
        self._group: Integers = np.zeros(len(of.sizes), dtype=np.int64)
        self._loads = [0]
        self._denominator = 1

    def after(self, at: int) -> Fraction:
        """Return what each supporter would carry if a project were funded now."""
        classes = self._of.backing[at].classes
        counts = np.zeros(len(self._loads), dtype=np.int64)
        np.add.at(counts, self._group[classes], self._of.sizes[classes])
        carried = sum(
            load * count for load, count in zip(self._loads, counts.tolist(), strict=True)
        )
        owed = carried + self._of.projects[at].cost * self._denominator
        return Fraction(owed, int(counts.sum()) * self._denominator)

    def put(self, at: int, load: Fraction) -> None:
        """Let each supporter of a project carry a load from now on."""
        factor = load.denominator // gcd(load.denominator, self._denominator)
        self._denominator *= factor
        self._loads = [one * factor for one in self._loads]
        self._loads.append(load.numerator * (self._denominator // load.denominator))
        self._group[self._of.backing[at].classes] = len(self._loads) - 1


def phragmen(of: Election, first: Choice, *, among: Collection[int]) -> PhragmenRun:
    """Return what sequential Phragmén funds.

    Args:
        first: which of equals is funded first.
        among: the projects that can be funded; each has a supporter.
    """
    room, loads = Room(of), _Loads(of)
    # Loads only grow, so what was once found for a project is never too much for it.
    waiting = [(Fraction(0), at) for at in among if of.projects[at].cost <= of.total]
    heapq.heapify(waiting)
    loadings: list[Loading] = []
    ties: list[tuple[int, tuple[int, ...]]] = []
    while True:
        asked: dict[int, Fraction] = {}
        best: Fraction | None = None
        while waiting and (best is None or waiting[0][0] <= best):
            _, at = heapq.heappop(waiting)
            if room.allowed(at):
                asked[at] = loads.after(at)
                best = asked[at] if best is None else min(best, asked[at])
        if best is None:
            return PhragmenRun(loadings=tuple(loadings), ties=tuple(ties))
        tied = sorted(at for at, load in asked.items() if load == best)
        if any(of.projects[at].cost > room.left for at in tied):
            return PhragmenRun(loadings=tuple(loadings), ties=tuple(ties), stopped_by=tuple(tied))
        at = first(tied) if len(tied) > 1 else tied[0]
        if len(tied) > 1:
            ties.append((len(loadings) + 1, tuple(tied)))
        del asked[at]
        for other, load in asked.items():
            heapq.heappush(waiting, (load, other))
        loads.put(at, best)
        room.take(at)
        loadings.append(Loading(at, best))


def told(of: Election, run: PhragmenRun) -> list[dict[str, Any]]:
    """Return a run as rounds of a report."""
    rounds: list[dict[str, Any]] = []
    left = of.total
    for at, load in run.loadings:
        project = of.projects[at]
        left -= project.cost
        rounds.append(
            {
                "kind": "budget-carried",
                "project": project.code,
                "cost": project.cost,
                "score": of.scores[at],
                "supporters": of.supporters(at),
                "load": pair(load),
                "load_about": int(load),
                "left": left,
            }
        )
    for at in run.stopped_by:
        project = of.projects[at]
        if project.cost > left:
            rounds.append(
                {
                    "kind": "budget-ended",
                    "project": project.code,
                    "cost": project.cost,
                    "left": left,
                }
            )
    return rounds
