"""Approval: each ballot names the options that it can live with; the most named are chosen."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.governance.counting.majority import needed, reaches
from services.governance.counting.report import Outcome, Report
from services.governance.counting.ties import Lots
from services.governance.rules import Base, Rule


def count_approval(
    rule: Rule,
    codes: Sequence[str],
    choices: Iterable[tuple[Mapping[str, Any], int]],
    *,
    blank: int,
    roll: int,
    lots: Lots,
) -> Report:
    """Count approvals and fill the seats with the most approved.

    With a threshold, only options that reach it are chosen, and seats may stay empty; of the base
    "votes" are the ballots that are not blank. An option that nobody names is never chosen.
    """
    approvals = dict.fromkeys(codes, 0)
    marked = 0
    for choice, number in choices:
        marked += number
        for code in choice["options"]:
            approvals[code] += number
    cast = marked + blank
    rounds: list[dict[str, Any]] = [
        {"kind": "approval", "votes": approvals, "ballots": marked, "seats": rule.seats}
    ]
    able = [code for code in codes if approvals[code] > 0]
    if rule.threshold is not None:
        wanted = rule.threshold
        of = {Base.VOTES: marked, Base.CAST: cast, Base.ROLL: roll}[wanted.base]
        able = [
            code
            for code in able
            if reaches(approvals[code], wanted.share, of, at_least=wanted.at_least)
        ]
        rounds.append(
            {
                "kind": "floor",
                "share": [wanted.share.n, wanted.share.d],
                "base": wanted.base.value,
                "of": of,
                "needed": needed(wanted.share, of, at_least=wanted.at_least),
                "able": able,
            }
        )
    winners = best(able, approvals, rule.seats, lots)
    return Report(
        rule=rule.method.value,
        outcome=Outcome.CHOSEN if winners else Outcome.REJECTED,
        winners=tuple(winners),
        classes={"counted": marked},
        cast=cast,
        blank=blank,
        roll=roll,
        rounds=tuple(rounds),
        ties=tuple(lots.drawn),
    )


def best(codes: Sequence[str], votes: Mapping[str, int], seats: int, lots: Lots) -> list[str]:
    """Return the options with the most votes, as many as there are seats.

    The order among equals is noted only where it decides who gets a seat.
    """
    winners: list[str] = []
    for number in sorted({votes[code] for code in codes}, reverse=True):
        equals = [code for code in codes if votes[code] == number]
        left = seats - len(winners)
        if left <= 0:
            break
        order = lots.ranked(equals, why="election") if len(equals) > left else lots.ordered(equals)
        winners += order[:left]
    return winners
