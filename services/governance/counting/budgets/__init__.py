"""Participatory budgets: which projects are funded, counted exactly and told step by step."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from services.governance.counting.report import Report

STEPS_OF_A_SHARE: Final = 1_000
"""In how many steps of Add1 a voter's share doubles, at least."""

if TYPE_CHECKING:
    from services.governance.counting.budgets.counting import How
    from services.governance.counting.budgets.model import Election, Said
    from services.governance.rules import BudgetRule
    from services.governance.tally import Poll


def count_budget(poll: "Poll", choices: Iterable[tuple[Mapping[str, Any], int]]) -> Report:
    """Count the ballots of a budget.

    Blank ballots have no share of it: they count for the quorum alone.

    Args:
        choices: canonical ones, ``{"options": [...]}`` or ``{"points": {...}}``, or blank, each
            with how many ballots say so.
    """
    from services.governance.counting.budgets.counting import count_election
    from services.governance.tally import lots_of

    blank, said = 0, []
    place = {option.code: at for at, option in enumerate(poll.options)}
    for choice, number in choices:
        if choice.get("blank"):
            blank += number
        else:
            said.append(_said(choice, number, place))
    rule = poll.rule.budget
    assert rule is not None, "the rule of a budget has its numbers"
    of = _election(poll, said)
    return count_election(
        of,
        replace(how_of(rule), step=step_for(rule.total, of.voters)),
        lots=lots_of(poll),
        blank=blank,
        roll=poll.roll_size,
    )


def _election(poll: "Poll", said: "list[Said]") -> "Election":
    from services.governance.counting.budgets.model import Project, election

    assert poll.rule.budget is not None
    projects = [
        Project(code=option.code, cost=option.cost or 0, groups=option.groups)
        for option in poll.options
    ]
    caps = {cap.category: cap.total for cap in poll.rule.budget.caps}
    return election(projects, poll.rule.budget.total, said, caps=caps)


def how_of(rule: "BudgetRule") -> "How":
    """Return how the rule of a budget is counted."""
    from services.governance.counting.budgets.counting import SHARES, How

    shares = rule.count in SHARES
    return How(
        count=rule.count,
        threshold=rule.threshold,
        add1=shares and rule.add1,
        then_greedy=shares and rule.then_greedy,
    )


def step_for(total: int, voters: int) -> int:
    """Return by how much shares grow in each step of Add1, in smallest units.

    It is the largest power of ten that is at most a thousandth of a share, and one at least: small
    enough for the budget to be used up, and never so small that a count takes hours because the
    money of a country has many noughts.
    """
    step = 1
    while voters and step * 10 * STEPS_OF_A_SHARE * voters <= total:
        step *= 10
    return step


def _said(choice: Mapping[str, Any], number: int, place: Mapping[str, int]) -> "Said":
    if "points" in choice:
        given = sorted((place[code], points) for code, points in choice["points"].items())
        return [at for at, _ in given], [points for _, points in given], number
    return sorted(place[code] for code in choice["options"]), (), number
