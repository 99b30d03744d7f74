"""How fast decisions are counted, cast and proved, beside the limits and beside other libraries."""

from tests.load import budgets, casting, counting, merkle, seals, together
from tests.oracles.asking import ABSENT, present

Row = tuple[str, float, str, float, bool]
"""What was measured, the figure, its unit, its limit, and whether the limit is the least."""


def rows() -> list[Row]:
    """Measure, and return what was found; beside other libraries where their environment is."""
    plain = [*counting.rows(), *merkle.rows(), *casting.rows(), *seals.rows(), *together.rows()]
    found = [_row(*row) for row in plain] + [_row(*row) for row in budgets.rows()]
    wards = counting.wards_of()
    if wards and present():
        times, differ = counting.ratio(wards)
        what = f"STV of {len(wards)} wards, as fast as votekit's exact STV"
        found.append((what, times, "times", counting.TIMES, True))
        found.append(("wards where the two elect others", differ, "wards", 0, False))
    elif wards:
        print(f"STV is not compared: {ABSENT}")
    return [
        (f"(g) {_unlettered(what)}", value, unit, limit, at_least)
        for what, value, unit, limit, at_least in found
    ]


def _unlettered(what: str) -> str:
    return what.split(") ", 1)[1] if what.startswith("(") else what


def _row(what: str, value: float, unit: str, limit: float, at_least: bool = False) -> Row:
    return what, value, unit, limit, at_least
