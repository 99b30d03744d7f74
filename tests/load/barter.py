"""How fast rings are found, and how near to the best: rows for the table of ``make bench``.

The network is made up: towns in a square, people around them with one to three offers and wants of
300 categories, each want linked to the eight nearest offers; the nearer, the better. Times are of
the processors, so that what else runs on the machine does not count.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from scipy.spatial import cKDTree

from services.exchange.matching import bti
from services.exchange.matching.model import Problem, arranged
from services.exchange.matching.outcome import Outcome
from services.exchange.matching.solve import solve
from services.exchange.matching.unbounded import ceiling
from services.exchange.matching.wire import Owners

CATEGORIES: Final = 300
NEAREST: Final = 8
PEOPLE_100K: Final = 6_500
PEOPLE_1M: Final = 62_000
DENSE: Final = "KP_Num153_N256_A0"
REPOSITORY: Final = Path(__file__).parents[2]

T = TypeVar("T")
Row = tuple[str, float, str, float]
"""What was measured, its value, its unit, and its limit: the first members of a ``Figure``."""


def network(people: int, *, cap: int, seed: int = 1) -> Problem:
    """Return a made-up network; 6,500 people have about 100,000 arcs."""
    luck = np.random.default_rng(seed)
    towns = luck.random((max(5, people // 150), 2))
    place = towns[luck.integers(len(towns), size=people)] + luck.normal(0, 0.01, (people, 2))
    share = np.arange(1, CATEGORIES + 1) ** -0.8
    share /= share.sum()
    offers = np.repeat(np.arange(people), luck.integers(1, 4, size=people))
    wants = np.repeat(np.arange(people), luck.integers(1, 4, size=people))
    offered = luck.choice(CATEGORIES, size=len(offers), p=share)
    wanted = luck.choice(CATEGORIES, size=len(wants), p=share)
    tails, heads, worths = [], [], []
    for category in range(CATEGORIES):
        givers, takers = offers[offered == category], wants[wanted == category]
        if not len(givers) or not len(takers):
            continue
        near = min(NEAREST, len(givers))
        far, which = cKDTree(place[givers]).query(place[takers], k=near)
        tails.append(np.repeat(takers, near))
        heads.append(givers[which].ravel())
        worths.append(np.maximum(1, 100 - 60 * far.ravel()).astype(np.int64))
    tail, head, worth = map(np.concatenate, (tails, heads, worths))
    other = tail != head
    return arranged(
        ids=[f"p{one}" for one in range(people)], owners_of=np.arange(people),
        tail=tail[other], head=head[other], utility=worth[other], cap=cap,
    )  # fmt: skip


def rows(data: Path | None = None) -> list[Row]:
    """Measure, and return what was found; without the real lists only the made-up network.

    Args:
        data: the folder of test data; ``TWIZA_DATA`` where left out.
    """
    found: list[Row] = []
    lists = (data or Path(os.environ.get("TWIZA_DATA", "../shared/data"))) / "exchange" / "barter"
    if lists.is_dir():
        found += _real(lists)
    else:
        print(f"no list of barter is timed: {lists} is not there (TWIZA_DATA)", file=sys.stderr)
    problem = network(PEOPLE_100K, cap=3)
    arcs = f"{round(len(problem.tail), -3):,} arcs"
    taken, _ = _timed(lambda: ceiling(problem))
    found.append((f"(m) without a cap, {arcs}", taken, "s", 1))
    found += _sized(problem, f"cap 3, {arcs}", 0.5, 10)
    found += _sized(problem.replaced(cap=4), f"cap 4, {arcs}", 5.0, None)
    problem = network(PEOPLE_1M, cap=3)
    found += _sized(problem, f"cap 3, {round(len(problem.tail), -3):,} arcs", 1.0, 15)
    return found


def _real(lists: Path) -> list[Row]:
    """Return the rows of the real lists, each solved to proven optimality."""
    expected: dict[str, Any] = json.loads((lists / "expected.json").read_bytes())
    times: list[float] = []
    unproven = 0
    for name in sorted(expected):
        if name == DENSE:
            continue
        taken, outcome = _solved(lists, name, 4)
        times.append(taken)
        unproven += not _is_best(outcome, expected[name], 4)
    found: list[Row] = [
        ("(m) sparse lists at cap 4, not proven", float(unproven), "lists", 0),
        ("(m) sparse lists at cap 4, median", statistics.median(times), "s", 2),
        ("(m) sparse lists at cap 4, slowest", max(times), "s", 6),
    ]
    for cap in (3, 4):
        taken, outcome = _solved(lists, DENSE, cap)
        # A run that proved nothing is as bad as one that never ended.
        best = _is_best(outcome, expected[DENSE], cap)
        found.append((f"(m) a dense pool at cap {cap}", taken if best else 1e9, "s", 2))
    return found


def _is_best(outcome: Outcome, expected: dict[str, Any], cap: int) -> bool:
    return outcome.proven and outcome.value == expected["ring_cap_optimum"][str(cap)]


def _solved(lists: Path, name: str, cap: int) -> tuple[float, Outcome]:
    barter = bti.read((lists / f"{name}.bti").read_text(), cap=cap, owners=Owners.ANY)
    return _timed(lambda: solve(barter.problem))


def _sized(problem: Problem, what: str, gap: float, limit_s: float | None) -> list[Row]:
    """Return how near to the bound a large network is solved, and in which time."""
    taken, outcome = _timed(lambda: solve(problem))
    found: list[Row] = [(f"(m) gap, {what}", outcome.gap_ppm / 10_000, "%", gap)]
    if limit_s is not None:
        found.append((f"(m) time, {what}", taken, "s", limit_s))
    return found


def _timed(run: Callable[[], T]) -> tuple[float, T]:
    began = time.process_time()
    answer = run()
    return time.process_time() - began, answer


if __name__ == "__main__":
    for what, value, unit, limit in rows():
        holds = "yes" if value <= limit else "NO"
        print(f"| {what} | {value:,.2f} {unit} | <= {limit:g} | {holds} |")
