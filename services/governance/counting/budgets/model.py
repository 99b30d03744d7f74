"""A budget to share out: projects with their costs, and ballots laid out in columns.

Equal ballots are one class with a count, so that the work depends on how many different things
were said. All that decides is an integer; a rational is a pair of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

JSON_INTEGER_MAX: Final = 2**53 - 1
"""Beyond this a report writes an integer as text, because canonical JSON has no larger one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as the count sees it; ``cost`` is in the smallest unit of the budget."""

    code: str
    cost: int
    groups: tuple[str, ...] = ()
    """Categories and territories whose caps it uses up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """Who supports a project: classes of equal ballots, and the points of one ballot of each."""

    classes: Integers
    points: Integers | None = None
    """None where a ballot only names projects: one point each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Election:
    """What is counted.

    Args:
        total: the budget, in smallest units.
        sizes: how many ballots are in each class.
        backing: for each project, who supports it.
        scores: for each project, the votes or points that it has.
        caps: the most that the projects of one group may cost together.
    """

    projects: tuple[Project, ...]
    total: int
    sizes: Integers
    backing: tuple[Backing, ...]
    scores: tuple[int, ...]
    caps: Mapping[str, int] = field(default_factory=dict)

    @property
    def voters(self) -> int:
        """Return how many ballots there are."""
        return int(self.sizes.sum())

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the projects' codes, in their order."""
        return tuple(one.code for one in self.projects)

    def supporters(self, at: int) -> int:
        """Return how many ballots support a project."""
        return int(self.sizes[self.backing[at].classes].sum())

    def cost_of(self, chosen: Iterable[int]) -> int:
        """Return what projects cost together."""
        return sum(self.projects[at].cost for at in chosen)

    def reached(self, chosen: Iterable[int]) -> int:
        """Return how many ballots support at least one of some projects."""
        touched = np.zeros(len(self.sizes), dtype=bool)
        for at in chosen:
            touched[self.backing[at].classes] = True
        return int(self.sizes[touched].sum())


Said = tuple[Sequence[int], Sequence[int], int]
"""One class of ballots: places of projects, points of each (none: one each), and the count."""


def election(
    projects: Sequence[Project],
    total: int,
    ballots: Iterable[Said],
    *,
    caps: Mapping[str, int] | None = None,
) -> Election:
    """Return projects and ballots laid out for counting; the order of ballots changes nothing.

    Args:
        ballots: no project stands twice in one; points are 0 or more, and 0 points are no support.
    """
    equal: defaultdict[tuple[tuple[int, ...], tuple[int, ...]], int] = defaultdict(int)
    for named, points, count in ballots:
        equal[tuple(named), tuple(points)] += count
    said = list(equal)
    sizes = np.fromiter((equal[one] for one in said), dtype=np.int64, count=len(said))
    lengths = np.fromiter((len(one[0]) for one in said), dtype=np.int64, count=len(said))
    named_at = np.fromiter(chain.from_iterable(one[0] for one in said), dtype=np.int64)
    class_at = np.repeat(np.arange(len(said), dtype=np.int64), lengths)
    points_at = None
    if any(one[1] for one in said):
        each = (one[1] or (1,) * len(one[0]) for one in said)
        points_at = np.fromiter(chain.from_iterable(each), dtype=np.int64)
        some = points_at > 0
        named_at, class_at, points_at = named_at[some], class_at[some], points_at[some]
    order = np.argsort(named_at, kind="stable")
    ends = np.searchsorted(named_at[order], np.arange(1, len(projects) + 1))
    parts = np.split(order, ends)[: len(projects)]
    backing = tuple(
        Backing(classes=class_at[part], points=None if points_at is None else points_at[part])
        for part in parts
    )
    return Election(
        projects=tuple(projects),
        total=total,
        sizes=sizes,
        backing=backing,
        scores=tuple(_score(sizes, one) for one in backing),
        caps=dict(caps or {}),
    )


def _score(sizes: Integers, backing: Backing) -> int:
    counts = sizes[backing.classes]
    return int(counts.sum() if backing.points is None else (counts * backing.points).sum())


class Room:
    """What is left of the budget and of the caps while projects are chosen."""

    def __init__(self, of: Election) -> None:
        self._projects = of.projects
        self.left = of.total
        self._caps = dict(of.caps)

    def fits(self, at: int) -> bool:
        """Return whether a project fits into what is left, and under its caps."""
        return self._projects[at].cost <= self.left and self.allowed(at)

    def allowed(self, at: int) -> bool:
        """Return whether a project fits under its caps, whatever the budget says."""
        cost = self._projects[at].cost
        return all(self._caps.get(group, cost) >= cost for group in self._projects[at].groups)

    def take(self, at: int) -> None:
        """Spend what a project costs; the budget itself may be overdrawn, caps never are."""
        cost = self._projects[at].cost
        self.left -= cost
        for group in self._projects[at].groups:
            if group in self._caps:
                self._caps[group] -= cost
                assert self._caps[group] >= 0


def pair(value: Fraction) -> list[Any]:
    """Return a rational as ``[n, d]``; as texts where one is too large for canonical JSON."""
    both = (value.numerator, value.denominator)
    if max(abs(one) for one in both) > JSON_INTEGER_MAX:
        return [str(one) for one in both]
    return list(both)
