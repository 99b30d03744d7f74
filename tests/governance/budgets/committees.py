"""Committees by approval: unit costs make a budget of seats, and every way of breaking ties."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from services.governance.counting.budgets.add1 import add1
from services.governance.counting.budgets.equal_shares import Choice, equal_shares
from services.governance.counting.budgets.greedy import eligible, greedy
from services.governance.counting.budgets.model import Election, Project, election
from services.governance.counting.budgets.phragmen import phragmen
from tests.governance.budgets.samples import DATA

INSTANCES: Final = sorted((DATA / "committees").glob("*.abc.yaml"))
BRANCHES_MAX: Final = 5_000

Committees = list[list[int]]


def instance(path: Path) -> dict[str, Any]:
    """Return a file of committees: profile, num_cand, committeesize, and what is expected."""
    found: dict[str, Any] = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    return found


def seats_as_budget(found: dict[str, Any]) -> Election:
    """Return the choice of a committee as a budget: a seat is what everybody costs."""
    made = [Project(code=str(at), cost=1) for at in range(found["num_cand"])]
    return election(
        made, found["committeesize"], [(sorted(one), (), 1) for one in found["profile"]]
    )


def every(run: Callable[[Choice], Sequence[int]]) -> Committees:
    """Return what a rule gives, whichever equal comes first each time."""
    outcomes: set[tuple[int, ...]] = set()
    scripts: list[list[int]] = [[]]
    branches = 0
    while scripts:
        script = scripts.pop()
        branches += 1
        assert branches <= BRANCHES_MAX, "there are too many equals to try every order"
        met: list[int] = []

        def first(tied: Sequence[int], script: list[int] = script, met: list[int] = met) -> int:
            which = script[len(met)] if len(met) < len(script) else 0
            met.append(len(tied))
            return sorted(tied)[which]

        outcomes.add(tuple(sorted(run(first))))
        for at in range(len(script), len(met)):
            begun = [*script, *[0] * (at - len(script))]
            scripts += [[*begun, other] for other in range(1, met[at])]
    return sorted(map(list, outcomes))


def by_shares(of: Election) -> Committees:
    """Return the committees of Equal Shares, which may leave seats empty."""
    return every(lambda first: equal_shares(of, first, among=eligible(of)).chosen)


def by_raised_shares(of: Election, step: int = 1) -> Committees:
    """Return the committees of Equal Shares with Add1."""
    return every(lambda first: add1(of, first, among=eligible(of), step=step).run.chosen)


def by_loads(of: Election) -> Committees:
    """Return the committees of sequential Phragmén."""
    return every(lambda first: phragmen(of, first, among=eligible(of)).chosen)


def by_votes(of: Election, seats: int, taken: Sequence[int] = ()) -> Committees:
    """Return the committees with the most approvals, beside those who have their seats."""
    return every(lambda first: _most_approved(of, first, seats, taken))


def by_shares_then_votes(of: Election, seats: int) -> Committees:
    """Return the committees of Equal Shares, whose empty seats go by approvals."""
    found = [one for begun in by_shares(of) for one in by_votes(of, seats, begun)]
    return sorted({tuple(one): one for one in found}.values())


def _most_approved(of: Election, first: Choice, seats: int, taken: Sequence[int]) -> list[int]:
    """Fill the seats one by one; an order of all is drawn up first, as ``greedy`` wants it."""
    waiting = [at for at in range(len(of.projects)) if at not in taken]
    order: list[int] = []
    while waiting and len(order) < seats - len(taken):
        best = max(of.scores[at] for at in waiting)
        tied = [at for at in waiting if of.scores[at] == best]
        chosen = first(tied) if len(tied) > seats - len(taken) - len(order) else tied[0]
        order.append(chosen)
        waiting.remove(chosen)
    places = [*order, *waiting, *taken]
    ranks = [places.index(at) for at in range(len(of.projects))]
    run = greedy(of, ranks, among=range(len(of.projects)), funded=taken)
    assert sorted(run.chosen) == sorted(order)
    return [*taken, *run.chosen]
