"""Ranked pairs: majorities are locked from the strongest on, unless they would close a circle."""

from itertools import groupby

import numpy as np

from services.governance.counting.pairwise import pairwise, told_pairs
from services.governance.counting.profiles import Integers, Ranked
from services.governance.counting.report import Outcome, Report
from services.governance.counting.ties import Lots
from services.governance.rules import Rule

Pair = tuple[int, int]


def count_ranked_pairs(rule: Rule, ballots: Ranked, *, blank: int, roll: int, lots: Lots) -> Report:
    """Lock majorities by winning votes, then by fewer votes against, then by the lot.

    Between equal majorities the lot of the winning option decides, then that of the losing one.
    The option that no locked majority is against is chosen; where some pairs are even there may be
    several, and the lot decides.

    Source: Tideman (1987), Independence of clones as a criterion for voting rules; winning votes.
    """
    matrix = pairwise(ballots)
    pairs = _sorted(matrix, ballots.codes, lots)
    locked, passed = lock(pairs, len(ballots.codes))
    marked = ballots.voters
    beaten = {loser for _, loser in locked}
    first = [code for at, code in enumerate(ballots.codes) if at not in beaten]
    winners = (lots.first(first, why="election"),) if marked and first else ()
    return Report(
        rule=rule.method.value,
        outcome=Outcome.CHOSEN if winners else Outcome.REJECTED,
        winners=winners,
        classes={"counted": marked},
        cast=marked + blank,
        blank=blank,
        roll=roll,
        rounds=(
            told_pairs(ballots, matrix),
            {
                "kind": "ranked-pairs",
                "locked": [_named(pair, ballots.codes) for pair in locked],
                "passed": [_named(pair, ballots.codes) for pair in passed],
                "first": first if marked else [],
            },
        ),
        ties=tuple(lots.drawn),
    )


def lock(pairs: list[Pair], size: int) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs that could be locked in their order, and those that close a circle."""
    reach = np.eye(size, dtype=bool)
    locked: list[Pair] = []
    passed: list[Pair] = []
    for winner, loser in pairs:
        if reach[loser, winner]:
            passed.append((winner, loser))
            continue
        locked.append((winner, loser))
        # Whoever reaches the winner now reaches whatever the loser reaches.
        reach |= np.outer(reach[:, winner], reach[loser])
    return locked, passed


def _sorted(matrix: Integers, codes: tuple[str, ...], lots: Lots) -> list[Pair]:
    """Return the majorities from the strongest on, and note where the lot had to order them."""
    pairs = [
        (one, other)
        for one in range(len(codes))
        for other in range(len(codes))
        if matrix[one, other] > matrix[other, one]
    ]

    def strength(pair: Pair) -> tuple[int, int]:
        return (-int(matrix[pair]), int(matrix[pair[::-1]]))

    def among_equals(pair: Pair) -> tuple[str, str]:
        return (lots.key(codes[pair[0]]), lots.key(codes[pair[1]]))

    found: list[Pair] = []
    for _, together in groupby(sorted(pairs, key=strength), key=strength):
        order = sorted(together, key=among_equals)
        if len(order) > 1:
            lots.note_pairs([_named(pair, codes) for pair in order])
        found += order
    return found


def _named(pair: Pair, codes: tuple[str, ...]) -> list[str]:
    return [codes[pair[0]], codes[pair[1]]]
