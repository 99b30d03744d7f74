"""Largest remainder: exact shares become whole numbers with the same sum."""

from collections.abc import Callable, Mapping
from fractions import Fraction


def largest_remainder(
    shares: Mapping[str, Fraction], whole: int, first: Callable[[str], str]
) -> tuple[dict[str, int], list[str]]:
    """Return whole numbers that sum to ``whole``, and those between which only an order decided.

    Args:
        shares: exact, zero or more; they sum to ``whole``.
        first: by what equals stand: those with the smallest come first.

    Source: Hamilton's method; of equal remainders the larger share comes first, then the order.
    """
    assert sum(shares.values()) == whole
    floors = {code: share.numerator // share.denominator for code, share in shares.items()}
    missing = whole - sum(floors.values())

    # The larger remainder comes first, then the larger share.
    weight = {code: (floors[code] - share, -share) for code, share in shares.items()}
    ranking = sorted(shares, key=lambda code: (weight[code], first(code)))
    for code in ranking[:missing]:
        floors[code] += 1
    if 0 < missing < len(ranking):
        last, next_one = (weight[ranking[at]] for at in (missing - 1, missing))
        if last == next_one:
            return floors, [code for code in ranking if weight[code] == last]
    return floors, []
