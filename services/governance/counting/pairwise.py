"""Pairs: how many voters rank each option above each other one."""

from typing import Any

import numpy as np

from services.governance.counting.profiles import Integers, Ranked


def pairwise(ballots: Ranked) -> Integers:
    """Return the matrix P with P[a, b] = voters who rank a above b.

    What a ballot does not rank is tied last, so that there is no vote between two such options.
    """
    size = len(ballots.codes)
    found = np.zeros((size, size), dtype=np.int64)
    columns = np.ascontiguousarray(ballots.ranks.T)
    for one in range(size):
        for other in range(one):
            above, below = columns[one] < columns[other], columns[other] < columns[one]
            found[one, other] = ballots.counts[above].sum()
            found[other, one] = ballots.counts[below].sum()
    return found


def condorcet_winner(matrix: Integers) -> int | None:
    """Return the option that beats each other one between the two, if there is one."""
    beats = (matrix > matrix.T).sum(axis=1)
    for option in np.flatnonzero(beats == len(matrix) - 1).tolist():
        return int(option)
    return None


def told_pairs(ballots: Ranked, matrix: Integers) -> dict[str, Any]:
    """Return the matrix as a round of a report."""
    best = condorcet_winner(matrix)
    return {
        "kind": "pairwise",
        "options": list(ballots.codes),
        "matrix": matrix.tolist(),
        "condorcet": "" if best is None else ballots.codes[best],
    }
