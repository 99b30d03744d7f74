"""From slot to slot: the graph of what is real, with the dummies between as part of the way.

A hop leads from a real slot to the next real slot of a ring, past the dummies between them. Slots
are numbered by rank: those with many hops first, so that rings are listed from their busiest slot.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.exchange.matching.model import Flags, Ints, Problem
from services.exchange.matching.refusals import TooManyPaths
from services.exchange.matching.scipy_parts import components
from services.exchange.matching.wire import PER_MILLE, Owners

HOPS_MAX: Final = 30_000_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Hops:
    """The hops between real slots, sorted by tail and head.

    Args:
        slot: the slot of each rank.
        owner: the owner of each rank.
        tail: ranks.
        head: ranks.
        via: the dummies of each hop in their order, filled up with ``nothing``.
        nothing: the number that stands for no slot: one past the last.
        utility: the sum of its arcs' utilities.
        chance: the chance that it is confirmed, per mille.
        tier: the farthest of its arcs.
        agreed: how many of its arcs were agreed beforehand.
        closing: it ends a chain of gifts, and nothing is given along it.
    """

    slot: Ints
    owner: Ints
    tail: Ints
    head: Ints
    via: Ints
    nothing: int
    utility: Ints
    chance: Ints
    tier: Ints
    agreed: Ints
    closing: Flags

    @property
    def size(self) -> int:
        """The number of ranks."""
        return len(self.slot)


@dataclass(slots=True, eq=False)
class _Ways:
    """Ways on the road: where they began, what they passed, where they are."""

    start: Ints
    via: Ints
    here: Ints
    utility: Ints
    chance: Ints
    tier: Ints
    agreed: Ints
    closing: Flags

    def chosen(self, which: Flags | Ints) -> "_Ways":
        return _Ways(*(getattr(self, name)[which] for name in self.__slots__))


def hops_of(problem: Problem) -> Hops:
    """Return the hops that can lie on a ring.

    Raises:
        TooManyPaths: dummies lead to dummies in so many ways that they cannot be listed.
    """
    arcs = _arcs(problem)
    label = components(problem.size, arcs.start, arcs.here)
    arcs = arcs.chosen(label[arcs.start] == label[arcs.here])
    ways = _contracted(problem, arcs)
    if problem.owners is Owners.ONCE:
        ways = ways.chosen(problem.owner[ways.start] != problem.owner[ways.here])
    return _ranked(problem, _undominated(problem, ways))


def _arcs(problem: Problem) -> _Ways:
    """Return the arcs, and those that close the chains of gifts."""
    m = len(problem.tail)
    ends = _ends(problem)
    more = len(ends)
    tail = np.concatenate([problem.tail, ends[:, 0]])
    head = np.concatenate([problem.head, ends[:, 1]])
    order = np.lexsort((head, tail))

    def column(given: Ints, default: int) -> Ints:
        made = np.concatenate([given, np.full(more, default, dtype=np.int64)])
        return made[order]

    return _Ways(
        start=tail[order],
        via=np.zeros((m + more, 0), dtype=np.int64),
        here=head[order],
        utility=column(problem.utility, 0),
        chance=column(problem.confirm, PER_MILLE),
        tier=column(problem.tier, 0),
        agreed=column(problem.fixed.astype(np.int64), 0),
        closing=column(np.zeros(m, dtype=np.int64), 1).astype(np.bool_),
    )


def _ends(problem: Problem) -> Ints:
    """Return for each giver the real slots with which a chain from it may end, as pairs."""
    givers = np.flatnonzero(problem.gift)
    if not len(givers):
        return np.zeros((0, 2), dtype=np.int64)
    order = np.argsort(problem.head, kind="stable")
    takers = problem.tail[order]
    begins = np.searchsorted(problem.head[order], np.arange(problem.size + 1))
    own = set(zip(problem.tail.tolist(), problem.head.tolist(), strict=True))
    found: list[tuple[int, int]] = []
    for giver in givers.tolist():
        depth = {giver: 1}
        waiting = [giver]
        for slot in waiting:
            for taker in takers[begins[slot] : begins[slot + 1]].tolist():
                reached = depth[slot] + int(not problem.dummy[taker])
                if reached <= problem.cap and reached < depth.get(taker, problem.cap + 1):
                    depth[taker] = reached
                    waiting.append(taker)
        found += [
            (giver, slot)
            for slot in sorted(depth)
            if slot != giver and not problem.dummy[slot] and (giver, slot) not in own
        ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _contracted(problem: Problem, arcs: _Ways) -> _Ways:
    """Return all ways from a real slot to the next real one."""
    begins = np.searchsorted(arcs.start, np.arange(problem.size + 1))
    ways = arcs.chosen(~problem.dummy[arcs.start])
    done: list[_Ways] = []
    total = 0
    while len(ways.start):
        arrived = ~problem.dummy[ways.here]
        done.append(ways.chosen(arrived & (ways.here != ways.start)))
        ways = ways.chosen(~arrived)
        counts = begins[ways.here + 1] - begins[ways.here]
        total += len(done[-1].start)
        if total + int(counts.sum()) > HOPS_MAX:
            raise TooManyPaths(f"more than {HOPS_MAX} ways from offer to offer")
        ways = _onwards(ways, arcs, begins, counts)
        ways = ways.chosen(~(ways.via == ways.here[:, None]).any(axis=1))
    return _joined(done, problem.size)


def _onwards(ways: _Ways, arcs: _Ways, begins: Ints, counts: Ints) -> _Ways:
    """Return the ways, each led on along every arc out of where it is."""
    which = np.repeat(np.arange(len(ways.start)), counts)
    arc = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    arc += begins[ways.here[which]]
    return _Ways(
        start=ways.start[which],
        via=np.column_stack([ways.via[which], ways.here[which]]),
        here=arcs.here[arc],
        utility=ways.utility[which] + arcs.utility[arc],
        chance=ways.chance[which] * arcs.chance[arc] // PER_MILLE,
        tier=np.maximum(ways.tier[which], arcs.tier[arc]),
        agreed=ways.agreed[which] + arcs.agreed[arc],
        closing=ways.closing[which] | arcs.closing[arc],
    )


def _joined(parts: list[_Ways], nothing: int) -> _Ways:
    width = max((part.via.shape[1] for part in parts), default=0)

    def filled(via: Ints) -> Ints:
        made = np.full((len(via), width), nothing, dtype=np.int64)
        made[:, : via.shape[1]] = via
        return made

    if not parts:
        none = np.zeros(0, dtype=np.int64)
        empty = none.reshape(0, 0)
        return _Ways(none, empty, none, none, none, none, none, none.astype(np.bool_))
    columns = [
        np.concatenate(
            [filled(part.via) if name == "via" else getattr(part, name) for part in parts]
        )
        for name in _Ways.__slots__
    ]
    return _Ways(*columns)


def _undominated(problem: Problem, ways: _Ways) -> _Ways:
    """Leave out the ways past dummies where a direct one is no worse, and equal ways."""
    if not ways.via.shape[1]:
        return ways
    passed = np.sort(ways.via, axis=1)
    keys = [passed[:, at] for at in range(passed.shape[1])]
    # Direct ways come first: they hold nothing but the number that stands for no slot.
    best = (ways.closing, ways.tier, -ways.utility, -ways.utility * ways.chance, -ways.agreed)
    order = np.lexsort((*best, *keys, ways.here, ways.start))
    ways = ways.chosen(order)
    passed = passed[order]
    direct = np.flatnonzero((ways.via == problem.size).all(axis=1))
    pair = ways.start * problem.size + ways.here
    before = np.maximum(np.arange(len(pair)) - 1, 0)
    repeated = (passed[before] == passed).all(axis=1) & _no_worse(ways, pair, before)
    if not len(direct):
        return ways.chosen(~repeated)
    place = direct[np.minimum(np.searchsorted(pair[direct], pair), len(direct) - 1)]
    worse = _no_worse(ways, pair, place)
    return ways.chosen(~(repeated | worse))


def _no_worse(ways: _Ways, pair: Ints, other: Ints) -> Flags:
    """Return which ways have another between the same slots that is no worse in anything."""
    return np.asarray(
        (pair[other] == pair)
        & (other != np.arange(len(pair)))
        & (ways.utility[other] >= ways.utility)
        & (ways.chance[other] >= ways.chance)
        & (ways.tier[other] <= ways.tier)
        & (ways.agreed[other] >= ways.agreed)
        & (ways.closing[other] <= ways.closing)
    )


def _ranked(problem: Problem, ways: _Ways) -> Hops:
    """Return the ways with their real slots numbered by rank."""
    degree = np.bincount(ways.start, minlength=problem.size)
    degree += np.bincount(ways.here, minlength=problem.size)
    used = np.flatnonzero(degree)
    slot = used[np.lexsort((used, -degree[used]))]
    rank = np.full(problem.size, -1, dtype=np.int64)
    rank[slot] = np.arange(len(slot))
    tail, head = rank[ways.start], rank[ways.here]
    order = np.lexsort((head, tail))
    ways = ways.chosen(order)
    return Hops(
        slot=slot, owner=problem.owner[slot], tail=tail[order], head=head[order], via=ways.via,
        nothing=problem.size, utility=ways.utility, chance=ways.chance, tier=ways.tier,
        agreed=ways.agreed, closing=ways.closing,
    )  # fmt: skip
