"""Counts from a matrix of pairs alone: for sums of several polls, whose ballots nobody has."""

from collections.abc import Sequence

import numpy as np

from services.governance.counting.profiles import Integers
from services.governance.counting.schulze import ranking, strongest


def matrix_of(rows: Sequence[Sequence[int]]) -> Integers:
    """Return a square of whole numbers as the engines take it; P[a, b] = voters with a above b."""
    return np.array([list(row) for row in rows], dtype=np.int64).reshape(len(rows), len(rows))


def schulze_order(codes: Sequence[str], rows: Sequence[Sequence[int]]) -> list[list[str]]:
    """Return the options from first to last by Schulze's method, those that are equal together."""
    return [[codes[one] for one in group] for group in ranking(strongest(matrix_of(rows)))]
