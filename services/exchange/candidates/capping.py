"""At most so many arcs of each want and of each offer, chosen in turns."""

import numpy as np
import numpy.typing as npt

from services.exchange.candidates.columns import Ints, Mask
from services.exchange.candidates.likeness import ranks


def chosen(
    o: Ints, w: Ints, first: Mask, worth: Ints, ties: npt.NDArray[np.uint64], each: int
) -> Mask:
    """Return which pairs stay, so that no offer and no want has more than ``each``.

    First come the pairs that are the best of their offer or of their want, then the second best,
    and so on: whoever is far away or small has a turn before the favourites have their tenth.

    Args:
        o, w: the rows of the offers and wants of each pair.
        first: pairs that stand before all others of their offer and want.
        worth: what each pair is worth; more is better.
        ties: what decides between equals.
    """
    by_worth = np.lexsort((ties, -worth, ~first))
    turn = np.minimum(_rank(o, by_worth), _rank(w, by_worth))
    order = by_worth[np.argsort(turn[by_worth], kind="stable")]
    left_o = [each] * (int(o.max()) + 1 if o.size else 0)
    left_w = [each] * (int(w.max()) + 1 if w.size else 0)
    kept = bytearray(o.size)
    for pair, offer, want in zip(order.tolist(), o[order].tolist(), w[order].tolist(), strict=True):
        if left_o[offer] and left_w[want]:
            left_o[offer] -= 1
            left_w[want] -= 1
            kept[pair] = 1
    return np.frombuffer(bytes(kept), np.bool_)


def _rank(group: Ints, by_worth: Ints) -> Ints:
    """Return the place of each pair within its group, the most worthy first."""
    order = by_worth[np.argsort(group[by_worth], kind="stable")]
    found = np.empty(group.size, np.int64)
    found[order] = ranks(group[order])
    return found
