"""The use of a surplus: every voter splits a hundred percent, and the middle of all is taken.

For each use the median of what the ballots give it. Medians need not sum to a hundred: what is
wanting is added in proportion to them, what is too much is taken from what stands above the
minima, in proportion. No part falls below the minimum that law or statutes demand. At the end the
shares become whole percents by largest remainder.

With an even number of ballots a median is the middle between the two middle ones. Where all
medians are zero, because everybody wants something else, the means take their place.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from services.governance.counting.apportioning import largest_remainder
from services.governance.counting.report import Outcome, Report
from services.governance.counting.ties import Lots
from services.governance.rules import SurplusPart

if TYPE_CHECKING:
    from services.governance.tally import Poll

WHOLE: Final = 100
TENTHS: Final = 10
"""A median is a whole or a half percent, and so a whole number of tenths."""


Split = tuple[Mapping[str, int], int]
"""The percents of a ballot, and how many ballots say so."""


def count_surplus(poll: "Poll", choices: Iterable[tuple[Mapping[str, Any], int]]) -> Report:
    """Count the ballots on the use of a surplus.

    Args:
        choices: canonical ones, ``{"percent": {...}}`` or blank, each with how many say so.
    """
    blank, splits = 0, []
    for choice, number in choices:
        if choice.get("blank"):
            blank += number
        else:
            splits.append((choice["percent"], number))
    marked = sum(number for _, number in splits)
    parts = poll.rule.surplus
    codes = [part.code for part in parts]
    lots = Lots(ballot_id=poll.ballot_id, seed=poll.seed, options=codes, ties=poll.rule.ties)
    percent: dict[str, int] = {}
    rounds: list[dict[str, Any]] = []
    if marked:
        percent, rounds = allocated(parts, splits, lots)
    return Report(
        rule=poll.rule.method.value,
        outcome=Outcome.CHOSEN if marked else Outcome.REJECTED,
        winners=tuple(
            sorted(
                (code for code in percent if percent[code]),
                key=lambda code: (-percent[code], codes.index(code)),
            )
        ),
        classes={"counted": marked},
        cast=marked + blank,
        blank=blank,
        roll=poll.roll_size,
        rounds=tuple(rounds),
        ties=tuple(lots.drawn),
        allocation=percent,
    )


def allocated(
    parts: Sequence[SurplusPart], splits: Sequence[Split], lots: Lots
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Return the percents of a surplus, and the rounds that tell how they came about.

    Args:
        parts: the uses, with their minima, which sum to a hundred at most.
        splits: at least one; each sums to a hundred.
    """
    ballots = sum(number for _, number in splits)
    middle = {part.code: median([(one[part.code], n) for one, n in splits]) for part in parts}
    least = {part.code: Fraction(part.percent_min) for part in parts}
    means = not any(middle.values())
    wanted = middle
    if means:
        totals = {code: sum(one[code] * number for one, number in splits) for code in middle}
        wanted = {code: Fraction(total, ballots) for code, total in totals.items()}
    shares = repaired(wanted, least)
    percent, equals = largest_remainder(shares, WHOLE, lots.key)
    if equals:
        lots.ranked(equals, why="remainder")
    minima = {part.code: part.percent_min for part in parts if part.percent_min}
    total = sum(middle.values(), Fraction(0))
    told: list[dict[str, Any]] = [
        {
            "kind": "surplus-medians",
            "ballots": ballots,
            "scale": TENTHS,
            "medians": {code: int(share * TENTHS) for code, share in middle.items()},
            "sum": int(total * TENTHS),
        },
        *([{"kind": "surplus-minima", "minima": minima}] if minima else []),
        {"kind": "surplus-means" if means else "surplus-repaired", "shares": _pairs(shares)},
        {"kind": "surplus-percent", "percent": percent},
    ]
    return percent, told


def median(values: Iterable[tuple[int, int]]) -> Fraction:
    """Return the middle of numbers, each with how often it stands; between two, their middle."""
    ordered = sorted(values)
    count = sum(number for _, number in ordered)
    assert count > 0
    low, high = _at(ordered, (count - 1) // 2), _at(ordered, count // 2)
    return Fraction(low + high, 2)


def _at(ordered: Sequence[tuple[int, int]], place: int) -> int:
    for value, number in ordered:
        if place < number:
            return value
        place -= number
    raise AssertionError("the place lies within the numbers")


def repaired(wanted: Mapping[str, Fraction], least: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Return shares that sum to a hundred and keep the minima.

    Args:
        wanted: zero or more, not all zero.
        least: the minima; they sum to a hundred at most.
    """
    raised = {code: max(share, least[code]) for code, share in wanted.items()}
    total = sum(raised.values(), Fraction(0))
    if total <= WHOLE:
        return {code: share * WHOLE / total for code, share in raised.items()}
    floor = sum(least.values(), Fraction(0))
    kept = (WHOLE - floor) / (total - floor)
    return {code: least[code] + (share - least[code]) * kept for code, share in raised.items()}


def _pairs(shares: Mapping[str, Fraction]) -> dict[str, list[int]]:
    return {code: [share.numerator, share.denominator] for code, share in shares.items()}
