"""How fast votes are counted: rows for the table of ``make bench``.

The large vote is made up: 100,000 ballots that each rank ten options, nearly all different. The
wards are real; the clock runs for the counting alone, and so does that of the library beside it.
Times are of the processor, so that what else runs on the machine does not count.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from services.governance import formats
from services.governance.counting.irv import count_irv
from services.governance.counting.profiles import Ranked
from services.governance.counting.ranked_pairs import count_ranked_pairs
from services.governance.counting.schulze import count_schulze
from services.governance.counting.stv import count_stv
from services.governance.counting.ties import Lots
from services.governance.formats.contest import Contest
from services.governance.rules import Method, Rule, Ties
from tests.oracles.asking import ABSENT, ask, present

BALLOTS: Final = 100_000
OPTIONS: Final = 10
LIMIT_S: Final = 0.5
TIMES: Final = 100.0
"""How many times as fast as the library's exact STV ours has to be."""

T = TypeVar("T")
Row = tuple[str, float, str, float]
"""What was measured, its value, its unit, and its limit: the first members of a ``Figure``."""


def made_up(ballots: int = BALLOTS, options: int = OPTIONS, *, seed: int = 1) -> Ranked:
    """Return ballots that rank every option by chance, so that hardly two are equal."""
    luck = np.random.default_rng(seed)
    tastes = luck.random((ballots, options))
    ranks = tastes.argsort(axis=1).argsort(axis=1).astype(np.int16)
    classes, counts = np.unique(ranks, axis=0, return_counts=True)
    codes = tuple(f"option-{at}" for at in range(options))
    return Ranked(codes, classes, counts.astype(np.int64))


def lots(codes: Sequence[str], ties: Ties = Ties.LOT) -> Lots:
    """Return an order among equals."""
    return Lots(ballot_id="bench", seed="00" * 32, options=codes, ties=ties)


def rows(data: Path | None = None) -> list[Row]:
    """Measure, and return what has to stay below a limit.

    Args:
        data: the folder of test data; ``TWIZA_DATA`` where left out.
    """
    ballots = made_up()
    how_many = f"{BALLOTS:,} ballots of {OPTIONS} ranks"
    found: list[Row] = []
    counts = {
        Method.SCHULZE: count_schulze,
        Method.RANKED_PAIRS: count_ranked_pairs,
        Method.IRV: count_irv,
    }
    for method, count in counts.items():
        taken, _ = timed(
            lambda method=method, count=count: count(  # type: ignore[misc]
                Rule(method=method), ballots, blank=0, roll=BALLOTS, lots=lots(ballots.codes)
            )
        )
        found.append((f"(n) {method.value}, {how_many}", taken, "s", LIMIT_S))
    wards = wards_of(data)
    if wards:
        found.append((f"(n) STV, {len(wards)} wards", stv_s(wards), "s", 1.0))
    return found


def wards_of(data: Path | None = None) -> list[Path]:
    """Return the files of the real wards; none where the test data are not there."""
    folder = (data or Path(os.environ.get("TWIZA_DATA", "../shared/data"))) / "governance" / "stv"
    if not folder.is_dir():
        print(f"no ward is timed: {folder} is not there (TWIZA_DATA)", file=sys.stderr)
        return []
    return sorted(folder.glob("*.csv"))


def stv_s(wards: Sequence[Path]) -> float:
    """Return how long our STV counts all wards, their files read before."""
    read = [(contest, _ballots(contest)) for contest in map(formats.read, wards)]
    taken, _ = timed(lambda: [_elected(contest, ballots) for contest, ballots in read])
    return taken


def ratio(wards: Sequence[Path]) -> tuple[float, int]:
    """Return how many times as fast as votekit's exact STV ours is, and how many wards differ.

    Both are timed in this run, each around the counting alone. The oracles' environment has to be
    there: ask ``tests.oracles.asking.present`` before.
    """
    read = [formats.read(path) for path in wards]
    answers = ask(question(contest) for contest in read)
    differ = 0
    for contest, answer in zip(read, answers, strict=True):
        ours = [contest.names[code] for code in _elected(contest, _ballots(contest))]
        differ += ours != answer["elected"]
    # The shortest of three runs: ours is over before a clock has warmed up.
    ours_s = min(stv_s(wards) for _ in range(3))
    return sum(answer["cpu_s"] for answer in answers) / ours_s, differ


def question(contest: Contest) -> dict[str, Any]:
    """Return a ward as the oracle of STV is asked about it."""
    assert contest.rule is not None
    names = contest.names
    return {
        "ask": "stv",
        "candidates": list(names.values()),
        "seats": contest.rule.seats,
        "tiebreak": "lex",
        "ballots": [
            [[names[group[0]] for group in choice["ranks"]], number]
            for choice, number in contest.choices
        ],
    }


def _ballots(contest: Contest) -> Ranked:
    return Ranked.of([option.code for option in contest.options], contest.choices)


def _elected(contest: Contest, ballots: Ranked) -> tuple[str, ...]:
    assert contest.rule is not None
    listed = lots(ballots.codes, Ties.LISTED)
    return count_stv(contest.rule, ballots, blank=0, roll=0, lots=listed).winners


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """Return how long something takes of the processor, and what it gives."""
    began = time.process_time()
    answer = run()
    return time.process_time() - began, answer


if __name__ == "__main__":
    for what, value, unit, limit in rows():
        holds = "yes" if value <= limit else "NO"
        print(f"| {what} | {value:,.3f} {unit} | <= {limit:g} | {holds} |")
    if present():
        times, differ = ratio(wards_of())
        print(
            f"| (n) STV / votekit's exact STV | {times:,.0f} x | >= {TIMES:g} | {differ} differ |"
        )
    else:
        print(ABSENT, file=sys.stderr)
