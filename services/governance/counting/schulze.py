"""Schulze's method, by winning votes: the strongest path from one option to another decides."""

import numpy as np

from services.governance.counting.pairwise import pairwise, told_pairs
from services.governance.counting.profiles import Integers, Ranked
from services.governance.counting.report import Outcome, Report
from services.governance.counting.ties import Lots
from services.governance.rules import Rule


def count_schulze(rule: Rule, ballots: Ranked, *, blank: int, roll: int, lots: Lots) -> Report:
    """Choose the option that no other one has a stronger path to than it has to that one.

    Several such options are told apart by the lot. The whole order stands in the report.

    Source: Schulze (2011), A new monotonic, clone-independent, reversal symmetric, and
    Condorcet-consistent single-winner election method; strength by winning votes.
    """
    matrix = pairwise(ballots)
    paths = strongest(matrix)
    groups = ranking(paths)
    order = [[ballots.codes[option] for option in group] for group in groups]
    marked = ballots.voters
    winners = (lots.first(order[0], why="election"),) if marked and order else ()
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
                "kind": "schulze",
                "options": list(ballots.codes),
                "paths": paths.tolist(),
                "order": order,
                "first": order[0] if marked and order else [],
            },
        ),
        ties=tuple(lots.drawn),
    )


def strongest(matrix: Integers) -> Integers:
    """Return the strength of the strongest path from each option to each other one."""
    paths = np.where(matrix > matrix.T, matrix, 0)
    for middle in range(len(paths)):
        through = np.minimum(paths[:, middle, np.newaxis], paths[np.newaxis, middle, :])
        np.maximum(paths, through, out=paths)
    np.fill_diagonal(paths, 0)
    return paths


def ranking(paths: Integers) -> list[list[int]]:
    """Return the options from first to last, those that no path tells apart together.

    Each group holds the options that no remaining one beats: "has the stronger path" is an order
    without cycles.
    """
    better = paths > paths.T
    left = list(range(len(paths)))
    groups: list[list[int]] = []
    while left:
        group = [one for one in left if not any(better[other, one] for other in left)]
        assert group, "stronger paths never run in a circle"
        groups.append(group)
        left = [one for one in left if one not in group]
    return groups
