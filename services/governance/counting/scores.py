"""Grades: the highest sum or mean wins; STAR lets the two best meet."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from services.governance.counting.profiles import Integers, Scored
from services.governance.counting.report import Outcome, Report
from services.governance.counting.ties import Lots
from services.governance.rules import MissingGrade, Rule


def count_score(rule: Rule, ballots: Scored, *, blank: int, roll: int, lots: Lots) -> Report:
    """Choose the option with the highest grade.

    A grade that was not given counts as zero; or, if the rule leaves it out, the mean of the given
    ones decides, among the options that at least half of the ballots have graded. Means are
    compared as shares of whole numbers.
    """
    marked = int(ballots.counts.sum())
    totals, graded = _totals(ballots)
    excluded = rule.missing_grade is MissingGrade.EXCLUDED
    able = [
        code
        for code in ballots.codes
        if graded[code] > 0 and (not excluded or 2 * graded[code] >= marked)
    ]
    worth = {code: Fraction(totals[code], graded[code] if excluded else 1) for code in able}
    highest = max(worth.values(), default=Fraction(0))
    equals = [code for code in able if worth[code] == highest]
    winners = [lots.first(equals, why="election")] if equals else []
    found: dict[str, Any] = {"kind": "score", "votes": totals, "ballots": marked}
    if excluded:
        found |= {
            "kind": "score-mean",
            "graded": graded,
            "means": {code: [totals[code], graded[code]] for code in able},
        }
    return _report(rule, winners, marked, blank, roll, [found], lots)


def count_star(rule: Rule, ballots: Scored, *, blank: int, roll: int, lots: Lots) -> Report:
    """Score, then automatic runoff: of the two highest sums the one that more voters grade higher.

    A grade that was not given is zero. Equal sums are told apart by how many of the equals each
    beats between the two of them, then by the lot; an even runoff by the lot.
    """
    marked = int(ballots.counts.sum())
    totals, _ = _totals(ballots)
    filled = ballots.grades.clip(min=0)
    finalists: list[str] = []
    for total in sorted(set(totals.values()), reverse=True):
        equals = [code for code in ballots.codes if totals[code] == total]
        seats = min(2, len(ballots.codes)) - len(finalists)
        if seats <= 0:
            break
        finalists += _preferred(equals, seats, filled, ballots, lots)
    rounds: list[dict[str, Any]] = [{"kind": "score", "votes": totals, "ballots": marked}]
    if not marked or not finalists:
        return _report(rule, [], marked, blank, roll, rounds, lots)
    winner = finalists[0]
    if len(finalists) == 2:
        one, other = finalists
        wins, losses = (
            _before(filled, ballots, one, other), _before(filled, ballots, other, one)
        )  # fmt: skip
        if wins == losses:
            winner = lots.first(finalists, why="runoff")
        else:
            winner = one if wins > losses else other
        rounds.append(
            {"kind": "runoff", "votes": {one: wins, other: losses}, "even": marked - wins - losses}
        )
    return _report(rule, [winner], marked, blank, roll, rounds, lots)


def _preferred(
    equals: list[str], seats: int, filled: Integers, ballots: Scored, lots: Lots
) -> list[str]:
    """Return options of equal sums: those first that beat more of the others between the two."""
    if len(equals) < 2:
        return equals[:seats]
    beaten = dict.fromkeys(equals, 0)
    for one in equals:
        for other in equals:
            if one != other:
                beaten[one] += _before(filled, ballots, one, other) > _before(
                    filled, ballots, other, one
                )
    found: list[str] = []
    for number in sorted(set(beaten.values()), reverse=True):
        same = [code for code in equals if beaten[code] == number]
        left = seats - len(found)
        if left <= 0:
            break
        decides = len(same) > left
        found += (lots.ranked(same, why="finalist") if decides else lots.ordered(same))[:left]
    return found


def _before(filled: Integers, ballots: Scored, one: str, other: str) -> int:
    """Return how many voters grade an option higher than another."""
    first, second = ballots.codes.index(one), ballots.codes.index(other)
    return int(ballots.counts[filled[:, first] > filled[:, second]].sum())


def _totals(ballots: Scored) -> tuple[dict[str, int], dict[str, int]]:
    """Return the sum of each option's grades, and how many ballots have graded it."""
    given = ballots.grades >= 0
    weights = ballots.counts[:, np.newaxis]
    totals = (ballots.grades.clip(min=0) * weights).sum(axis=0)
    graded = (given * weights).sum(axis=0)
    return (
        dict(zip(ballots.codes, totals.tolist(), strict=True)),
        dict(zip(ballots.codes, graded.tolist(), strict=True)),
    )


def _report(
    rule: Rule,
    winners: Sequence[str],
    marked: int,
    blank: int,
    roll: int,
    rounds: list[dict[str, Any]],
    lots: Lots,
) -> Report:
    return Report(
        rule=rule.method.value,
        outcome=Outcome.CHOSEN if winners else Outcome.REJECTED,
        winners=tuple(winners),
        classes={"counted": marked},
        cast=marked + blank,
        blank=blank,
        roll=roll,
        rounds=tuple(rounds),
        ties=tuple(lots.drawn),
    )
