"""The pay ratio: how many times the lowest pay the highest may be; the median of what is said.

Ratios are compared exactly. With an even number of ballots it is the lower of the two middle ones:
a ratio that somebody named, and the more equal one. So at least half of the voters find that it is
no lower than they wanted or exactly right, and as many that it is no higher.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from services.governance.counting.report import Outcome, Report

if TYPE_CHECKING:
    from services.governance.tally import Poll

PRESETS: Final = ((3, 1), (9, 2), (6, 1), (9, 1))
"""What is offered as a start: 3, 4.5, 6 and 9 to one."""


def count_pay_ratio(poll: "Poll", choices: Iterable[tuple[Mapping[str, Any], int]]) -> Report:
    """Count the ballots on a pay ratio.

    Args:
        choices: canonical ones, ``{"ratio": {"n": ..., "d": ...}}`` or blank, each with how many
            say so.
    """
    blank, found = 0, list[tuple[Fraction, int]]()
    for choice, number in choices:
        if choice.get("blank"):
            blank += number
        else:
            found.append((Fraction(choice["ratio"]["n"], choice["ratio"]["d"]), number))
    marked = sum(number for _, number in found)
    rounds: tuple[dict[str, Any], ...] = ()
    allocation: dict[str, int] = {}
    if marked:
        ratio = lower_median(found)
        allocation = {"n": ratio.numerator, "d": ratio.denominator}
        rounds = (
            {
                "kind": "pay-ratio",
                "ballots": marked,
                "ratio": [ratio.numerator, ratio.denominator],
                "lower": sum(number for one, number in found if one < ratio),
                "same": sum(number for one, number in found if one == ratio),
                "higher": sum(number for one, number in found if one > ratio),
            },
        )
    return Report(
        rule=poll.rule.method.value,
        outcome=Outcome.CHOSEN if marked else Outcome.REJECTED,
        classes={"counted": marked},
        cast=marked + blank,
        blank=blank,
        roll=poll.roll_size,
        rounds=rounds,
        allocation=allocation,
    )


def lower_median(values: Iterable[tuple[Fraction, int]]) -> Fraction:
    """Return the middle of ratios, each with how often it stands; of two middle ones the lower."""
    ordered = sorted(values)
    place = (sum(number for _, number in ordered) - 1) // 2
    for value, number in ordered:
        if place < number:
            return value
        place -= number
    raise AssertionError("there is at least one ratio")
