"""Small budgets for tests, slow counts that follow the definitions word by word, and real files."""

import os
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from services.governance.counting.budgets.model import Election, Project, Said, election
from services.governance.rules import Option, Rule
from services.governance.tally import Poll

BALLOT: Final = "0197b0a0-0000-7000-8000-000000000001"
SEED: Final = "ab" * 32
REPOSITORY: Final = Path(__file__).parents[3]
DATA: Final = (
    Path(os.environ.get("TWIZA_DATA", REPOSITORY.parent / "shared" / "data")) / "governance"
)


def budget(costs: Mapping[str, int], total: int, ballots: Sequence[str], **caps: int) -> Election:
    """Return an election from costs by code, and ballots like ``3: a b`` or ``2: a=4 b=1``."""
    codes = list(costs)
    said: list[Said] = []
    for line in ballots:
        number, _, names = line.partition(":")
        given = [name.partition("=") for name in names.split()]
        places = sorted((codes.index(code), int(points or 1)) for code, _, points in given)
        said.append(
            (
                [at for at, _ in places],
                [points for _, points in places] if "=" in names else (),
                int(number),
            )
        )
    projects = [
        Project(code=code, cost=cost, groups=tuple(group for group in caps if group in code))
        for code, cost in costs.items()
    ]
    return election(projects, total, said, caps=caps)


def poll(rule: Mapping[str, Any], costs: Mapping[str, int], *, seed: str = SEED) -> Poll:
    """Return a poll about projects with these costs."""
    return Poll(
        ballot_id=BALLOT,
        rule=Rule.model_validate({"method": "budget", "budget": {"unit": "MAD", **rule}}),
        options=tuple(Option(code=code, cost=cost) for code, cost in costs.items()),
        roll_size=1_000,
        seed=seed,
    )


@st.composite
def elections(draw: st.DrawFn, *, points: bool = False, projects: int = 6) -> Election:
    """Draw a budget with few projects, whose costs and supporters often make equals."""
    costs = draw(st.lists(st.integers(0, 30), min_size=1, max_size=projects))
    total = draw(st.integers(1, 80))
    places = st.lists(st.integers(0, len(costs) - 1), unique=True).map(sorted)
    said: list[Said] = []
    for named, count in draw(st.lists(st.tuples(places, st.integers(1, 4)), max_size=8)):
        given = [draw(st.integers(0, 4)) for _ in named] if points else ()
        said.append((named, given, count))
    made = [Project(code=f"p{at}", cost=cost) for at, cost in enumerate(costs)]
    return election(made, total, said)


def voters_of(of: Election) -> list[dict[int, int]]:
    """Return the points that each single voter gives to each project."""
    found: list[dict[int, int]] = [{} for _ in of.sizes]
    for at, backing in enumerate(of.backing):
        given = [1] * len(backing.classes) if backing.points is None else backing.points.tolist()
        for one, points in zip(backing.classes.tolist(), given, strict=True):
            found[one][at] = points
    return [
        dict(one) for one, size in zip(found, of.sizes.tolist(), strict=True) for _ in range(size)
    ]


def slow_shares(
    of: Election, among: Sequence[int], *, cardinality: bool, each: Fraction
) -> tuple[list[int], list[Fraction]]:
    """Return what is bought, and all purses at the end: voter by voter, by the definition."""
    voters = voters_of(of)
    purses = [each for _ in voters]
    chosen: list[int] = [at for at in sorted(among) if of.projects[at].cost == 0]
    while True:
        found: dict[int, Fraction] = {}
        for at in among:
            backers = [one for one, points in enumerate(voters) if points.get(at)]
            if at not in chosen and sum(purses[one] for one in backers) >= of.projects[at].cost:
                found[at] = _price(
                    of.projects[at].cost, {one: voters[one][at] for one in backers}, purses
                )
        if not found:
            return chosen, purses
        worth = {at: Fraction(1 if cardinality else of.projects[at].cost) for at in found}
        at = min(found, key=lambda at: (found[at] / worth[at], at))
        chosen.append(at)
        for one, points in enumerate(voters):
            if points.get(at):
                purses[one] -= min(purses[one], found[at] * points[at])


def _price(cost: int, points: Mapping[int, int], purses: Sequence[Fraction]) -> Fraction:
    """Return the smallest price of a point at which the supporters' payments reach the cost."""
    for one in sorted(points, key=lambda one: purses[one] / points[one]):
        reach = purses[one] / points[one]
        if sum(min(purses[who], reach * points[who]) for who in points) >= cost:
            # Below this reach the poorer pay all they have, and the price solves a line.
            poor = [who for who in points if purses[who] / points[who] < reach]
            rest = cost - sum(purses[who] for who in poor)
            return Fraction(rest) / sum(points[who] for who in points if who not in poor)
    raise AssertionError("the supporters can pay")


def slow_phragmen(of: Election, among: Sequence[int]) -> list[int]:
    """Return what sequential Phragmén funds: voter by voter, by the definition."""
    voters = voters_of(of)
    loads = [Fraction(0) for _ in voters]
    left, chosen = of.total, list[int]()
    waiting = [at for at in among if of.projects[at].cost <= of.total]
    while waiting:
        after = {
            at: (
                sum(load for load, one in zip(loads, voters, strict=True) if one.get(at))
                + of.projects[at].cost
            )
            / Fraction(sum(1 for one in voters if one.get(at)))
            for at in waiting
        }
        best = min(after.values())
        tied = [at for at in sorted(waiting) if after[at] == best]
        if any(of.projects[at].cost > left for at in tied):
            break
        at = tied[0]
        loads = [best if one.get(at) else load for load, one in zip(loads, voters, strict=True)]
        left -= of.projects[at].cost
        chosen.append(at)
        waiting.remove(at)
    return chosen


def by(keys: Sequence[str], of: Election) -> Callable[[Sequence[int]], int]:
    """Return the choice between equals by a list of codes, the first one first."""
    return lambda tied: min(tied, key=lambda at: keys.index(of.codes[at]))
