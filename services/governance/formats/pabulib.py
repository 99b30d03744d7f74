"""A `.pb` file as a contest: its projects and ballots, and the count by the rule that it names.

The rule's name in a file says less than it seems: what a city calls greedy has several forms, and
some results include what was decided outside of the ballots. A name that we do not know is counted
by votes, passing over what does not fit, and a notice says so.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from services.governance.formats.contest import Contest, codes_for, wrong
from services.governance.formats.pb_files import Pabulib, PbBallots, read_pb, write_pabulib
from services.governance.rules import (
    BudgetBallot,
    BudgetCount,
    BudgetRule,
    Method,
    Option,
    Rule,
    Ties,
)

if TYPE_CHECKING:
    from services.governance.counting.budgets.counting import How
    from services.governance.counting.report import Report

__all__ = ["contest", "counted_by", "how_in", "read_pb", "rule_of", "write_pabulib"]

_CODE_MAX: Final = 64
_UNIT_MAX: Final = 32
_POINTS_MAX: Final = 1_000
_KNOWN: Final = {
    "greedy": (BudgetCount.GREEDY_SKIP, False),
    "greedy-no-skip": (BudgetCount.GREEDY_STOP, False),
    "greedy-threshold": (BudgetCount.GREEDY_SKIP, False),
    "equalshares": (BudgetCount.SHARES_COST, False),
    "equalshares/add1": (BudgetCount.SHARES_COST, True),
    "equalshares/add1-comparison": (BudgetCount.SHARES_COST, True),
}
"""The names of rules in files, and whether the voters' shares grow."""


def contest(content: str | bytes, *, name: str) -> Contest:
    """Return what a `.pb` file holds, with the count by the file's own rule.

    Equals stand in the file's order. A project's name in the contest is its id in the file.

    Raises:
        BadContestFile: it is no such file, or it was damaged.
    """
    file = read_pb(content)
    if not file.total:
        raise wrong("there is no money to share out")
    ids = [one.code for one in file.projects]
    plain = all(code.isascii() and len(code) <= _CODE_MAX for code in ids)
    codes = ids if plain else codes_for(ids)
    named = file.meta.get("rule", "")
    rule = rule_of(file)
    notices = []
    if named not in _KNOWN:
        notices.append(
            f"The file's rule, {named or 'not named'!r}, is none of ours; counted by "
            f"{BudgetCount.GREEDY_SKIP.value}."
        )
    return Contest(
        format="pabulib",
        name=file.meta.get("description", name),
        # Ids of files have other signs than our codes; they are kept, so that they are recognised.
        options=tuple(
            Option.model_construct(code=code, cost=one.cost, groups=())
            for code, one in zip(codes, file.projects, strict=True)
        ),
        names=dict(zip(codes, ids, strict=True)),
        choices=tuple((_choice(file, one, codes), one.ballots) for one in file.ballots),
        rule=rule,
        own=lambda: counted_by(file, codes, rule),
        by=lambda other: counted_by(file, codes, other),
        notices=tuple(notices),
    )


def rule_of(file: Pabulib) -> Rule:
    """Return the rule that a file names, with its threshold; equals stand in the file's order."""
    count, add1 = _KNOWN.get(file.meta.get("rule", ""), (BudgetCount.GREEDY_SKIP, False))
    points = max((sum(one.points) for one in file.ballots), default=0)
    budget = BudgetRule(
        total=file.total,
        unit=(file.meta.get("currency") or "1")[:_UNIT_MAX],
        count=count,
        ballot=BudgetBallot.POINTS if file.vote_type.gives_points else BudgetBallot.APPROVAL,
        points=min(max(1, points), _POINTS_MAX),
        threshold=file.threshold,
        add1=add1,
        then_greedy=False,
    )
    return Rule(method=Method.BUDGET, budget=budget, ties=Ties.LISTED)


def counted_by(file: Pabulib, codes: list[str], rule: Rule) -> "Report":
    """Return the count of a file; a step of Add1 is one whole unit of the file's currency."""
    from services.governance.counting.budgets.counting import count_election
    from services.governance.counting.budgets.model import Project, election
    from services.governance.counting.ties import Lots

    projects = [
        Project(code=code, cost=one.cost) for code, one in zip(codes, file.projects, strict=True)
    ]
    of = election(projects, file.total, file.ballots)
    lots = Lots(ballot_id="", seed="", options=codes, ties=Ties.LISTED)
    return count_election(of, how_in(file, rule), lots=lots)


def how_in(file: Pabulib, rule: Rule) -> "How":
    """Return how a budget rule is counted in a file's amounts."""
    from dataclasses import replace

    from services.governance.counting.budgets import how_of

    assert rule.budget is not None
    return replace(how_of(rule.budget), step=file.scale)


def _choice(file: Pabulib, ballots: PbBallots, codes: list[str]) -> Mapping[str, Any]:
    named = [codes[at] for at in ballots.projects]
    if not file.vote_type.gives_points:
        return {"options": sorted(named)}
    return {
        "points": {code: given for code, given in zip(named, ballots.points, strict=True) if given}
    }
