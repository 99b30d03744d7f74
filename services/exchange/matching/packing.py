"""Choosing rings that share no slot: a quick choice, and its betterment in many small steps."""

from typing import Final

import numpy as np
import numpy.typing as npt

from services.exchange.matching.model import Ints, Reals
from services.exchange.matching.rings import Columns

BATCH_MAX: Final = 2_000
HOT: Final = 0.06
COLD: Final = 0.006


def value_of(columns: Columns, chosen: Ints) -> int:
    """Return the worth of chosen rings."""
    return int(columns.weight[chosen].sum())


def is_packing(columns: Columns, chosen: Ints) -> bool:
    """Return whether chosen rings share no slot."""
    used = columns.nodes[chosen]
    used = used[used != columns.nothing]
    return len(np.unique(used)) == len(used)


def greedy(columns: Columns, order: Ints, start: Ints | None = None) -> Ints:
    """Return the rings that fit when they are taken one by one.

    Args:
        columns: all rings.
        order: which come first.
        start: rings that are taken before.
    """
    free = np.ones(columns.nothing + 1, dtype=np.bool_)
    chosen: list[int] = []
    if start is not None:
        free[columns.nodes[start]] = False
        chosen += start.tolist()
    free[columns.nothing] = True
    waiting = order
    while len(waiting):
        # Those that do not fit any more are left out at once, the rest is looked at in turn.
        waiting = waiting[free[columns.nodes[waiting]].all(axis=1)]
        if not len(waiting):
            break
        claim = np.full(columns.nothing + 1, len(waiting), dtype=np.int64)
        nodes = columns.nodes[waiting]
        place = np.broadcast_to(np.arange(len(waiting))[:, None], nodes.shape)
        claim[nodes[::-1].ravel()] = place[::-1].ravel()
        first = (claim[nodes] == place) | (nodes == columns.nothing)
        taken = waiting[first.all(axis=1)]
        chosen += taken.tolist()
        free[columns.nodes[taken]] = False
        free[columns.nothing] = True
    return np.sort(np.array(chosen, dtype=np.int64))


class Annealing:
    """Simulated annealing with many proposals at a time.

    A proposal takes a ring in and puts out those that share a slot with it. Of a batch those are
    done that are accepted and touch nothing that an earlier one of the batch touches.
    """

    def __init__(self, columns: Columns, start: Ints, *, seed: int) -> None:
        self._columns = columns
        self._random = np.random.default_rng(seed)
        self._weight = np.append(columns.weight, 0)
        self._none = len(columns)
        self._holder = np.full(columns.nothing + 1, self._none, dtype=np.int64)
        self._take(start)
        self.value = value_of(columns, start)
        self.best, self.best_value = start, self.value

    def _take(self, rings: Ints) -> None:
        self._holder[self._columns.nodes[rings]] = rings[:, None]
        self._holder[self._columns.nothing] = self._none

    def run(self, pool: Ints, *, moves: int, hot: float = HOT, cold: float = COLD) -> None:
        """Propose rings of a pool, hot first and cold last.

        Args:
            pool: which rings are proposed.
            moves: how many proposals.
            hot: the first temperature, as a share of the mean worth of a ring.
            cold: the last one.
        """
        if not len(pool):
            return
        mean = float(self._columns.weight[pool].mean())
        batch = max(8, min(BATCH_MAX, len(pool) // 8))
        steps = max(1, moves // batch)
        heats = mean * hot * (cold / hot) ** (np.arange(steps) / steps)
        offset = len(pool)
        order = pool
        for heat in heats:
            if offset + batch > len(pool):
                order, offset = self._random.permutation(pool), 0
            self._step(order[offset : offset + batch], float(heat))
            offset += batch

    def _step(self, rings: Ints, heat: float) -> None:
        nodes = self._columns.nodes[rings]
        held = np.sort(self._holder[nodes], axis=1)
        held[:, 1:][held[:, 1:] == held[:, :-1]] = self._none
        gain = self._columns.weight[rings] - self._weight[held].sum(axis=1)
        luck = self._random.random(len(rings))
        inside = (held == rings[:, None]).any(axis=1)
        accepted = np.flatnonzero((gain > heat * np.log(luck)) & ~inside)
        if not len(accepted):
            return
        nodes, held, rings = nodes[accepted], held[accepted], rings[accepted]
        done = self._apart(nodes, held)
        self.value += int(gain[accepted][done].sum())
        out = held[done]
        gone = self._columns.nodes[out[out != self._none]]
        self._holder[gone] = self._none
        self._take(rings[done])
        if self.value > self.best_value:
            self.best_value = self.value
            self.best = self.chosen()

    def _apart(self, nodes: Ints, held: Ints) -> npt.NDArray[np.bool_]:
        """Return which proposals touch nothing that an earlier one touches."""
        place = np.arange(len(nodes))[:, None]
        claim = np.full(self._columns.nothing + 1, -1, dtype=np.int64)
        claim[nodes[::-1]] = place[::-1]
        mine = (claim[nodes] == place) | (nodes == self._columns.nothing)
        taken = np.full(self._none + 1, -1, dtype=np.int64)
        taken[held[::-1]] = place[::-1]
        return np.asarray(
            mine.all(axis=1) & ((taken[held] == place) | (held == self._none)).all(axis=1)
        )

    def chosen(self) -> Ints:
        """Return the rings that are in now."""
        found = np.unique(self._holder)
        return np.asarray(found[found != self._none])


def by_price(columns: Columns, share: Reals, spare: Ints) -> Ints:
    """Return the rings in the order of the linear program's opinion of them."""
    return np.lexsort((-columns.weight, spare, -share))
