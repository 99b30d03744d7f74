"""Reading ``.bti``: anonymous graphs of barter, as plain numbers.

Line 1 ``slots arcs``; for each slot ``dummy owner``; for each arc ``tail head cost``: the tail
receives the head, and the lower the cost the dearer the wish.
"""

from typing import Final

import numpy as np

from services.exchange.matching.lists import Barter
from services.exchange.matching.model import Ints, Problem, arranged
from services.exchange.matching.refusals import BadList, BadProblem
from services.exchange.matching.wire import CAP_DEFAULT, Owners

_SLOT_CELLS: Final = 2
_ARC_CELLS: Final = 3


def read(text: str, *, cap: int = CAP_DEFAULT, owners: Owners = Owners.ONCE) -> Barter:
    """Return the graph of a ``.bti`` file; every real slot that trades counts one.

    Raises:
        BadList: the numbers are not those of a graph.
    """
    try:
        numbers = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise BadList("a .bti file holds whole numbers only") from error
    if len(numbers) < _SLOT_CELLS:
        raise BadList("line 1 says how many slots and arcs there are")
    n, m = int(numbers[0]), int(numbers[1])
    if n < 0 or m < 0 or len(numbers) != _SLOT_CELLS * (n + 1) + _ARC_CELLS * m:
        raise BadList(f"{n} slots and {m} arcs were announced, and the file holds other numbers")
    slots = numbers[2 : 2 + 2 * n].reshape(n, 2)
    arcs = numbers[2 + 2 * n :].reshape(m, 3)
    if m and int(arcs[:, 2].min()) < 0:
        raise BadList("a cost is not negative")
    # Files with a single owner have none: there nobody is known to be the same.
    nobody = n > 1 and len(np.unique(slots[:, 1])) == 1
    owner = np.arange(n) if nobody else slots[:, 1]
    try:
        problem = arranged(
            ids=[str(one) for one in range(n)],
            owners_of=owner.tolist(),
            dummy=slots[:, 0],
            tail=arcs[:, 0],
            head=arcs[:, 1],
            cap=cap,
            owners=owners,
        )
    except BadProblem as error:
        raise BadList(error.detail) from error
    return Barter(problem, _costs(problem, arcs), by_number=True)


def _costs(problem: Problem, arcs: Ints) -> Ints:
    """Return the cost of each arc of the problem; of parallel ones the lowest."""
    n = problem.size
    keys = arcs[:, 0] * n + arcs[:, 1]
    order = np.lexsort((arcs[:, 2], keys))
    keys, cost = keys[order], arcs[order, 2]
    # The names are the places in the file.
    place = np.array([int(one) for one in problem.ids], dtype=np.int64)
    wanted = place[problem.tail] * n + place[problem.head]
    found: Ints = cost[np.searchsorted(keys, wanted)]
    return found
