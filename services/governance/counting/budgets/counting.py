"""One count of a budget, from the ballots to the report, with what greedy would have funded.

The comparison stands in every report: how many voters get something, and how many projects there
are, by the rule that was chosen and by what most cities do. It decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.governance.counting.budgets import equal_shares, phragmen
from services.governance.counting.budgets.add1 import add1
from services.governance.counting.budgets.greedy import eligible, greedy
from services.governance.counting.budgets.model import Election, pair
from services.governance.counting.report import Outcome, Report
from services.governance.counting.ties import Lots
from services.governance.rules import BudgetCount

SHARES: Final = frozenset({BudgetCount.SHARES_COST, BudgetCount.SHARES_CARDINALITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """By which rule a budget is counted.

    Args:
        threshold: the least score of a project that can be funded.
        add1: Equal Shares: the voters' shares grow, step by step, until the budget is used up.
        step: how much such a step is, in smallest units.
        then_greedy: Equal Shares: what is left is spent by votes.
    """

    count: BudgetCount
    threshold: int = 0
    add1: bool = False
    step: int = 1
    then_greedy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Funded:
    """What a rule has funded: places of projects, the rounds, and where equals had to be parted."""

    chosen: tuple[int, ...]
    rounds: tuple[dict[str, Any], ...] = ()
    ties: tuple[tuple[int, tuple[int, ...]], ...] = ()


def funded(of: Election, how: How, order: Sequence[int]) -> Funded:
    """Return what a rule funds.

    Args:
        order: for each project its rank among equals; the smallest comes first.
    """
    among = eligible(of, how.threshold)
    if how.count in SHARES:
        return _by_shares(of, how, order, among)
    if how.count is BudgetCount.PHRAGMEN:
        carried = phragmen.phragmen(of, _first(order), among=among)
        return Funded(
            chosen=carried.chosen, rounds=tuple(phragmen.told(of, carried)), ties=carried.ties
        )
    run = greedy(of, order, among=among, stop=how.count is BudgetCount.GREEDY_STOP)
    return Funded(chosen=run.chosen, rounds=run.rounds, ties=run.ties)


def _by_shares(of: Election, how: How, order: Sequence[int], among: Sequence[int]) -> Funded:
    cardinality = how.count is BudgetCount.SHARES_CARDINALITY
    first = _first(order)
    rounds: list[dict[str, Any]] = []
    if how.add1:
        raised = add1(of, first, among=among, cardinality=cardinality, step=how.step)
        run = raised.run
        rounds.append(
            {
                "kind": "budget-raised",
                "by": raised.steps * how.step,
                "each": pair(run.each),
                "each_about": int(run.each),
            }
        )
    else:
        run = equal_shares.equal_shares(of, first, among=among, cardinality=cardinality)
    rounds += equal_shares.told(of, run)
    chosen, ties = run.chosen, run.ties
    if how.then_greedy:
        rest = greedy(of, order, among=among, funded=chosen)
        rounds += [
            one | {"kind": "budget-completed"} if one["kind"] == "budget-funded" else one
            for one in rest.rounds
        ]
        ties += tuple((at + len(chosen), tied) for at, tied in rest.ties)
        chosen += rest.chosen
    return Funded(chosen=chosen, rounds=tuple(rounds), ties=ties)


def _first(order: Sequence[int]) -> equal_shares.Choice:
    def first(tied: Sequence[int]) -> int:
        return min(tied, key=order.__getitem__)

    return first


def order_of(of: Election, lots: Lots) -> list[int]:
    """Return for each project its rank among equals."""
    ranking = {code: rank for rank, code in enumerate(lots.ordered(of.codes))}
    return [ranking[code] for code in of.codes]


def count_election(of: Election, how: How, *, lots: Lots, blank: int = 0, roll: int = 0) -> Report:
    """Return the report of a budget.

    Args:
        of: the projects, and the ballots that are not blank.
        lots: the order among equals, by the projects' codes.
        roll: how many could have voted.
    """
    order = order_of(of, lots)
    found = funded(of, how, order)
    spent = of.cost_of(found.chosen)
    assert spent <= of.total
    for at, tied in found.ties:
        lots.ranked([of.codes[one] for one in tied], why="funding", at=at)
    voters = of.voters
    return Report(
        rule=how.count.value,
        outcome=Outcome.CHOSEN if found.chosen else Outcome.REJECTED,
        winners=tuple(of.codes[at] for at in found.chosen),
        classes={"counted": voters},
        cast=voters + blank,
        blank=blank,
        roll=roll,
        rounds=(_begin(of, how), *found.rounds, compared(of, found.chosen, order, how)),
        ties=tuple(lots.drawn),
        allocation={of.codes[at]: of.projects[at].cost for at in found.chosen},
    )


def _begin(of: Election, how: How) -> dict[str, Any]:
    began: dict[str, Any] = {
        "kind": "budget-begin",
        "total": of.total,
        "voters": of.voters,
        "projects": len(of.projects),
        "scores": dict(zip(of.codes, of.scores, strict=True)),
    }
    if how.threshold:
        below = {at for at, score in enumerate(of.scores) if score < how.threshold}
        began["threshold"] = how.threshold
        began["below"] = [of.codes[at] for at in sorted(below)]
    if of.caps:
        began["caps"] = dict(of.caps)
    return began


def compared(of: Election, chosen: Sequence[int], order: Sequence[int], how: How) -> dict[str, Any]:
    """Return who gets something, by the rule that was chosen and by greedy with skip."""
    plain = greedy(of, order, among=eligible(of, how.threshold)).chosen
    voters = of.voters
    return {
        "kind": "budget-comparison",
        "rule": how.count.value,
        "voters": voters,
        "funded": len(chosen),
        "reached": of.reached(chosen),
        "spent": of.cost_of(chosen),
        "greedy_funded": len(plain),
        "greedy_reached": of.reached(plain),
        "greedy_spent": of.cost_of(plain),
        "reached_percent": _percent(of.reached(chosen), voters),
        "greedy_reached_percent": _percent(of.reached(plain), voters),
    }


def _percent(part: int, whole: int) -> int:
    """Return a share in percent, to the nearest, halves up; 0 of nobody."""
    return (200 * part + whole) // (2 * whole) if whole else 0
