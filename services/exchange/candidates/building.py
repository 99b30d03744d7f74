"""From candidate arcs to the solver's problem: slots, dummies, and the way back to what passes.

An owner with one thing to give, or one wish, can stand in one ring at a time: one slot holds all
of it. Whoever has several of both has a slot for each offer and a dummy for each want, so that no
want is served twice. Further dummies say "at most one of these" and how many rings at a time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from services.exchange.candidates.columns import Ints
from services.exchange.candidates.entries import Entry
from services.exchange.candidates.figures import Leg
from services.exchange.candidates.graph import Graph
from services.exchange.items import Kind
from services.exchange.matching.model import Problem, arranged
from services.exchange.matching.wire import CAP_DEFAULT, Objective, Owners, Tier, problem_bytes

TIERS: Final = (Tier.AGREED, Tier.NETWORK, Tier.CONTINENT, Tier.VALUE, Tier.PEOPLE, Tier.SHORT)
"""What counts first: what was agreed, then rings near by, then people served, then short rings."""
CERTAIN: Final = 1_000
INSIDE: Final = -1
"""The number of the arcs that join slots of one owner: nothing passes along them."""
BALANCED: Final = 1_000
"""The standing of an owner of whom nothing is known: as much received as given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A problem, and what its rings stand for.

    Args:
        problem: as the solver takes it.
        graph: the arcs from which it was made.
        passing: of each pair of slots (tail, head) the number of the graph's arc, or ``INSIDE``.
    """

    problem: Problem
    graph: Graph
    passing: Mapping[tuple[str, str], int]

    def arcs(self, slots: Sequence[str], is_open: bool = False) -> list[int]:
        """Return the numbers of the graph's arcs along a ring or chain, in its order.

        Args:
            slots: the slots of the ring as the solver names them.
            is_open: whether it is a chain that begins with a gift.
        """
        pairs = list(zip(slots, (*slots[1:], slots[0]), strict=True))
        if is_open:
            # The giver stands first and receives nothing.
            pairs = [pair for pair in pairs if pair in self.passing]
        return [number for pair in pairs if (number := self.passing[pair]) != INSIDE]

    def legs(self, slots: Sequence[str], is_open: bool = False) -> list[Leg]:
        """Return what passes along a ring or chain, for reports and words."""
        found = (self.graph.arc(number) for number in self.arcs(slots, is_open))
        return [Leg(offer=arc.offer, want=arc.want, utility=arc.utility) for arc in found]

    def written(self) -> bytes:
        """Return the problem as the solver's process takes it."""
        problem = self.problem
        return problem_bytes(
            slots={
                "id": problem.ids,
                "owner": [str(owner) for owner in problem.owner.tolist()],
                "dummy": problem.dummy.astype(int).tolist(),
                "gift": problem.gift.astype(int).tolist(),
                "standing": problem.standing.tolist(),
            },
            arcs={
                "tail": problem.tail.tolist(),
                "head": problem.head.tolist(),
                "utility": problem.utility.tolist(),
                "confirm": problem.confirm.tolist(),
                "tier": problem.tier.tolist(),
                "fixed": problem.fixed.astype(int).tolist(),
            },
            cap=problem.cap,
            owners=problem.owners,
            objective=problem.objective,
            tiers=problem.tiers,
        )


def built(
    graph: Graph,
    *,
    cap: int = CAP_DEFAULT,
    owners: Owners = Owners.ONCE,
    objective: Objective = Objective.EXPECTED,
    tiers: Sequence[Tier] = TIERS,
    quotas: Mapping[str, int] | None = None,
) -> Built:
    """Return the solver's problem of a round's candidate arcs.

    Args:
        graph: the candidate arcs.
        cap: how many take part in a ring at most.
        owners: whether an owner may stand in a ring more than once.
        objective: what a ring is worth.
        tiers: what counts first.
        quotas: in how many rings an owner may be at a time, at least one; as many as its offers
            and wants allow where nothing is said.
    """
    slots = _Slots(graph, quotas or {})
    tail, head, number = slots.arcs()
    inside = number == INSIDE
    utility = np.where(inside, 0, graph.utility[number])
    confirm = np.where(inside, CERTAIN, graph.chance[number])
    fixed = np.where(inside, False, graph.fixed[number])
    # Of several ways between two slots the best is kept, as the solver itself would keep it.
    order = np.lexsort((number, -utility, -utility * confirm, ~fixed, head, tail))
    tail, head = tail[order], head[order]
    first = np.ones(order.size, bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    kept = order[first]
    tail, head, number = tail[first], head[first], number[kept]
    problem = arranged(
        ids=slots.names,
        owners_of=slots.owners,
        dummy=np.array(slots.dummy, bool),
        gift=np.array(slots.gift, bool),
        standing=np.array(slots.standing, np.int64),
        tail=tail,
        head=head,
        utility=utility[kept],
        confirm=confirm[kept],
        tier=np.where(number == INSIDE, 0, graph.tier[number]),
        fixed=fixed[kept],
        cap=cap,
        owners=owners,
        objective=objective,
        tiers=tiers,
    )
    names = slots.names
    passing = {
        (names[a], names[b]): one
        for a, b, one in zip(tail.tolist(), head.tolist(), number.tolist(), strict=True)
    }
    return Built(problem=problem, graph=graph, passing=passing)


@dataclass(slots=True)
class _Owned:
    """What one owner has in the graph: rows of offers and wants, in groups of "one of these"."""

    offers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    wants: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class _Slots:
    """The slots of a problem as they come to be."""

    def __init__(self, graph: Graph, quotas: Mapping[str, int]) -> None:
        self.names: list[str] = []
        self.owners: list[str] = []
        self.dummy: list[bool] = []
        self.gift: list[bool] = []
        self.standing: list[int] = []
        self._graph = graph
        self._inside: list[tuple[int, int]] = []
        self._gives = np.full(len(graph.offers), -1, np.int64)
        self._takes = np.full(len(graph.wants), -1, np.int64)
        for owner, owned in sorted(self._owned().items()):
            self._place(owner, owned, quotas.get(owner))

    def arcs(self) -> tuple[Ints, Ints, Ints]:
        """Return tails, heads, and the number of the graph's arc or ``INSIDE``."""
        tail, head = self._takes[self._graph.want], self._gives[self._graph.offer]
        number = np.flatnonzero((tail >= 0) & (head >= 0))
        inside = np.array(self._inside, np.int64).reshape(-1, 2)
        return (
            np.concatenate((tail[number], inside[:, 0])),
            np.concatenate((head[number], inside[:, 1])),
            np.concatenate((number, np.full(len(inside), INSIDE))),
        )

    def _owned(self) -> dict[str, _Owned]:
        """Return what each owner has in rings; gifts have slots of their own."""
        found: dict[str, _Owned] = defaultdict(_Owned)
        for row in np.unique(self._graph.offer).tolist():
            entry = self._graph.offers[row]
            if entry.kind is Kind.GIFT:
                self._gives[row] = self._slot(entry.id, entry, gift=True)
            else:
                found[entry.owner].offers[_group(entry)].append(row)
        for row in np.unique(self._graph.want).tolist():
            entry = self._graph.wants[row]
            if entry.kind is Kind.GIFT:
                self._takes[row] = self._slot(entry.id, entry)
            else:
                found[entry.owner].wants[_group(entry)].append(row)
        for row, entry in enumerate(self._graph.offers):
            # What nobody can take lets its owner end a chain of gifts, and makes no other ring.
            if entry.kind is not Kind.GIFT and not found[entry.owner].offers:
                found[entry.owner].offers[_group(entry)].append(row)
        return {owner: owned for owner, owned in found.items() if owned.offers and owned.wants}

    def _place(self, owner: str, owned: _Owned, quota: int | None) -> None:
        """Make the slots of one owner."""
        most = min(len(owned.offers), len(owned.wants))
        quota = most if quota is None else max(1, min(quota, most))
        entry = self._graph.offers[next(iter(owned.offers.values()))[0]]
        if quota == 1:
            slot = self._slot(f"{owner}#all", entry)
            for rows in owned.offers.values():
                self._gives[rows] = slot
            for rows in owned.wants.values():
                self._takes[rows] = slot
            return
        takes = []
        for number, rows in enumerate(owned.wants.values()):
            takes.append(self._slot(f"{owner}#want:{number}", entry, dummy=True))
            self._takes[rows] = takes[-1]
        if quota < most:
            turns = [self._slot(f"{owner}#turn:{turn}", entry, dummy=True) for turn in range(quota)]
            self._inside += [(turn, take) for turn in turns for take in takes]
            takes = turns
        for number, rows in enumerate(owned.offers.values()):
            gives = [self._slot(self._graph.offers[row].id, entry) for row in rows]
            self._gives[rows] = gives
            if len(gives) > 1:
                one = self._slot(f"{owner}#offer:{number}", entry, dummy=True)
                self._inside += [(give, one) for give in gives]
                gives = [one]
            self._inside += [(give, take) for give in gives for take in takes]

    def _slot(self, name: str, entry: Entry, *, dummy: bool = False, gift: bool = False) -> int:
        self.names.append(name)
        self.owners.append(entry.owner)
        self.dummy.append(dummy)
        self.gift.append(gift)
        self.standing.append(BALANCED if entry.received is None else entry.received)
        return len(self.names) - 1


def _group(entry: Entry) -> str:
    """Return the name of the group of which at most one is matched; ids are their own group."""
    return f"={entry.choice}" if entry.choice else entry.id
