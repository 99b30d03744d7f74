"""Which arcs lie on a ring of two or three: what can close soon is kept before what cannot."""

from typing import Any, Final

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]  # scipy comes without types

from services.exchange.candidates.columns import Ints, Mask

PATHS: Final = 8_000_000
"""Paths of two arcs that are held at once."""


def closes(receiver: Ints, giver: Ints, among: Mask) -> Mask:
    """Return which arcs lie on a ring of two or three owners whose other arcs are among some.

    Args:
        receiver, giver: the owners of each arc's want and offer, as numbers.
        among: the arcs that may be the others of the ring.
    """
    if not receiver.size:
        return np.zeros(0, bool)
    size = int(max(receiver.max(), giver.max())) + 1
    # From who receives to who gives.
    arcs = _joined(receiver[among], giver[among], size)
    # A ring is closed by an arc from the one to the other and a way back of one or two steps.
    back = _joined(giver, receiver, size)
    found = []
    for begin, end in _blocks(arcs):
        for ways in (arcs[begin:end], arcs[begin:end] @ arcs):
            there = ways.multiply(back[begin:end]).tocoo()
            start, stop = there.row.astype(np.int64) + begin, there.col.astype(np.int64)
            found.append(stop * size + start)
    return np.isin(receiver * size + giver, np.concatenate(found))


def _joined(row: Ints, column: Ints, size: int) -> Any:
    """Return a matrix that says who is joined to whom; parallel arcs are one."""
    found = sparse.csr_array((np.ones(row.size, np.int32), (row, column)), shape=(size, size))
    found.data[:] = 1
    return found


def _blocks(arcs: Any) -> list[tuple[int, int]]:
    """Return ranges of rows from which there are not too many paths of two arcs each."""
    out = np.diff(arcs.indptr)
    paths = np.cumsum(arcs @ out)
    block = paths // PATHS
    begins = np.flatnonzero(np.concatenate(([True], block[1:] != block[:-1])))
    ends = np.append(begins[1:], block.size)
    return list(zip(begins.tolist(), ends.tolist(), strict=True))
