"""How fast budgets are shared out beside pabutools: rows for the table of ``make bench``.

Both count the largest real file in one run, exactly, and must fund the same projects; times are of
the processors, around the rules alone. Without the oracles' environment only our own are measured.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from services.governance.counting.budgets.add1 import add1
from services.governance.counting.budgets.equal_shares import equal_shares
from services.governance.counting.budgets.greedy import eligible, greedy
from services.governance.counting.budgets.model import Election, Project, election
from services.governance.counting.budgets.phragmen import phragmen
from services.governance.formats.pb_files import Pabulib, read_pb
from tests.oracles.asking import ABSENT, ask, present

LARGEST: Final = "Poland_Lodz_2025.pb"
MANY_STEPS: Final = "Netherlands_Assen_2024.pb"
TIMES_MIN: Final = 30
RUNS: Final = 3
NAMES: Final = {
    "greedy_skip": "greedy",
    "mes_cost": "Equal Shares by cost",
    "mes_card": "Equal Shares by cardinality",
    "seq_phragmen": "Phragmén",
}

T = TypeVar("T")
Row = tuple[str, float, str, float, bool]
"""What was measured, its value, its unit, its limit, and whether that is the least or the most."""


def rows(data: Path | None = None) -> list[Row]:
    """Measure, and return what was found; nothing without the real files.

    Args:
        data: the folder of test data; ``TWIZA_DATA`` where left out.
    """
    folder = (data or Path(os.environ.get("TWIZA_DATA", "../shared/data"))) / "governance" / "pb"
    if not (folder / LARGEST).is_file():
        print(f"no budget is timed: {folder} is not there (TWIZA_DATA)", file=sys.stderr)
        return []
    content = (folder / LARGEST).read_bytes()
    read_s, file = _best(lambda: read_pb(content))
    laid_s, of = _best(lambda: _laid_out(file))
    of_votes = f"{file.votes:,} votes on {len(file.projects)} projects"
    found: list[Row] = [
        (f"(b) a .pb file of {of_votes} is read", read_s, "s", 0.5, False),
        ("(b) its ballots are laid out for counting", laid_s, "s", 0.3, False),
    ]
    own = {name: _best(rule) for name, rule in _rules(of).items()}
    found.append(("(b) Equal Shares by cost, exact, same file", own["mes_cost"][0], "s", 1, False))
    if not present():
        print(f"budgets are not compared: {ABSENT}", file=sys.stderr)
        return found
    found += _compared(folder / LARGEST, own, of)
    return [*found, _many_steps(folder / MANY_STEPS)]


def _rules(of: Election) -> dict[str, Callable[[], tuple[int, ...]]]:
    """Return our rules by the oracle's names; equals by the ids, as the oracle has them."""
    keys = sorted(of.codes)
    order = [keys.index(code) for code in of.codes]

    def first(tied: Any) -> int:
        return min(tied, key=order.__getitem__)

    among = eligible(of)
    return {
        "greedy_skip": lambda: greedy(of, order, among=among).chosen,
        "mes_cost": lambda: equal_shares(of, first, among=among).chosen,
        "mes_card": lambda: equal_shares(of, first, among=among, cardinality=True).chosen,
        "seq_phragmen": lambda: phragmen(of, first, among=among).chosen,
        "mes_cost_add1": lambda: add1(of, first, among=among).run.chosen,
    }


def _compared(path: Path, own: dict[str, tuple[float, tuple[int, ...]]], of: Election) -> list[Row]:
    """Return how many times faster ours are; a rule that funds otherwise is no faster at all."""
    answer = ask([{"ask": "budget", "file": str(path), "rules": list(NAMES)}])[0]
    found: list[Row] = []
    for rule, name in NAMES.items():
        taken, chosen = own[rule]
        same = sorted(of.codes[at] for at in chosen) == answer[rule]["chosen"]
        times = answer[rule]["cpu_s"] / taken if same else 0.0
        found.append(
            (f"(b) {name}, as fast as pabutools, same file", times, "times", TIMES_MIN, True)
        )
    return found


def _many_steps(path: Path) -> Row:
    """Return how many times faster Add1 is where many steps change nothing."""
    file = read_pb(path.read_bytes())
    of = _laid_out(file)
    taken, chosen = _best(_rules(of)["mes_cost_add1"])
    question = {"ask": "budget", "file": str(path), "rules": ["mes_cost_add1"]}
    answer = ask([question])[0]["mes_cost_add1"]
    same = sorted(of.codes[at] for at in chosen) == answer["chosen"]
    times = answer["cpu_s"] / taken if same else 0.0
    return (f"(b) Add1, {file.votes} votes, as fast as pabutools", times, "times", 1, True)


def _laid_out(file: Pabulib) -> Election:
    projects = [Project(code=one.code, cost=one.cost) for one in file.projects]
    return election(projects, file.total, file.ballots)


def _best(run: Callable[[], T]) -> tuple[float, T]:
    """Return the least time of a few runs, and what the last one gave."""
    times: list[float] = []
    answer: T | None = None
    for _ in range(RUNS):
        began = time.process_time()
        answer = run()
        times.append(time.process_time() - began)
    assert answer is not None
    return max(min(times), 1e-6), answer


if __name__ == "__main__":
    for what, value, unit, limit, at_least in rows():
        sign, holds = (">=", value >= limit) if at_least else ("<=", value <= limit)
        print(f"| {what} | {value:,.3f} {unit} | {sign} {limit:g} | {'yes' if holds else 'NO'} |")
