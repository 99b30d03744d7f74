"""Checking a certificate without a solver, and with other code than the solver's.

The rings are walked arc by arc. For the bound every slot has a price, and the question is only
whether some ring is worth more than its slots cost: a ring of which that is true can be entered
at a slot from which on the sum of what its arcs are worth beyond the prices never falls to zero.
So the search follows paths while their sum is positive, and most end at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, Final

from services.exchange.matching.certificate import VERSION, sealed
from services.exchange.matching.model import Problem
from services.exchange.matching.refusals import BadCertificate
from services.exchange.matching.wire import PER_MILLE, Objective, Owners

MILLION: Final = 1_000_000
_NEVER: Final = -(10**30)
_ALWAYS: Final = 10**30
_ROUNDS_MAX: Final = 20_000
_MEMBERS: Final = frozenset(
    ("v", "problem", "cap", "owners", "objective", "value", "bound", "rings", "scale", "prices",
     "seal")
)  # fmt: skip


class _Arc:
    """An arc as the certificate's reader sees it."""

    __slots__ = ("confirm", "head", "is_end", "utility")

    def __init__(self, head: int, utility: int, confirm: int, *, is_end: bool = False) -> None:
        self.head, self.utility, self.confirm, self.is_end = head, utility, confirm, is_end


_Step = tuple[int, int, _Arc]


def verify(problem: Problem, certificate: Mapping[str, Any]) -> None:
    """Check that a certificate holds for a problem: its rings, their worth, and the bound.

    Raises:
        BadCertificate: something of it is not true, or was changed after it was sealed.
    """
    _Check(problem, certificate).all()


class _Check:
    """One check, in steps."""

    def __init__(self, problem: Problem, certificate: Mapping[str, Any]) -> None:
        self._problem, self._given = problem, certificate
        self._place = {name: at for at, name in enumerate(problem.ids)}
        self._dummy: list[bool] = problem.dummy.tolist()
        self._owner: list[int] = problem.owner.tolist()
        self._out: list[dict[int, _Arc]] = [{} for _ in problem.ids]
        columns = (problem.tail, problem.head, problem.utility, problem.confirm)
        for tail, head, utility, confirm in zip(*(one.tolist() for one in columns), strict=True):
            self._out[tail][head] = _Arc(head, utility, confirm)

        self._surest: int = PER_MILLE if problem.gift.any() else int(problem.confirm.max(initial=0))

    def all(self) -> None:
        """Check everything."""
        self._heading()
        self._rings()
        self._bound()

    def _heading(self) -> None:
        given, problem = self._given, self._problem
        if set(given) != _MEMBERS:
            raise BadCertificate("its members are not those of a certificate")
        wanted = {
            "v": VERSION, "problem": problem.digest, "cap": problem.cap,
            "owners": problem.owners.value, "objective": problem.objective.value,
        }  # fmt: skip
        for name, value in wanted.items():
            if type(given[name]) is not type(value) or given[name] != value:
                raise BadCertificate(f"{name} is not that of the problem")
        if not all(type(given[name]) is int for name in ("value", "bound", "scale")):
            raise BadCertificate("value, bound and scale are whole numbers")
        try:
            seal = sealed(given)
        except TypeError as error:
            raise BadCertificate("it holds more than plain values") from error
        if given["seal"] != seal:
            raise BadCertificate("the seal is not that of what it says")

    def _rings(self) -> None:
        taken: set[int] = set()
        total = 0
        for ring in _listed(self._given["rings"]):
            if set(ring) != {"slots", "weight"} or not ring["slots"]:
                raise BadCertificate("a ring has slots and a weight")
            slots = [self._slot(name) for name in _listed(ring["slots"], of=str)]
            if len(set(slots)) != len(slots) or not taken.isdisjoint(slots):
                raise BadCertificate("a slot stands in it twice")
            taken.update(slots)
            worth = self._worth(slots)
            if type(ring["weight"]) is not int or ring["weight"] != worth:
                raise BadCertificate(f"a ring is worth {worth}, not {ring['weight']}")
            total += worth
        if total != self._given["value"]:
            raise BadCertificate(f"the rings are worth {total} together")

    def _slot(self, name: str) -> int:
        if name not in self._place:
            raise BadCertificate("a ring has a slot that the problem has not")
        return self._place[name]

    def _worth(self, slots: Sequence[int]) -> int:
        """Return what a ring is worth, if it is one."""
        if not 2 <= sum(not self._dummy[one] for one in slots) <= self._problem.cap:
            raise BadCertificate("a ring is longer than the cap, or too short")
        arcs = []
        for tail, head in zip(slots, (*slots[1:], slots[0]), strict=True):
            arc = self._out[tail].get(head)
            if arc is None and self._problem.gift[tail] and not self._dummy[head]:
                arc = _Arc(head, 0, PER_MILLE, is_end=True)
            if arc is None:
                raise BadCertificate("a ring takes an arc that the problem has not")
            arcs.append(arc)
        if sum(arc.is_end for arc in arcs) > 1:
            raise BadCertificate("a ring joins two chains of gifts")
        if not self._apart(slots):
            raise BadCertificate("an owner stands in a ring twice")
        return self._weight(slots, arcs)

    def _apart(self, slots: Sequence[int]) -> bool:
        owners = [self._owner[one] for one in slots if not self._dummy[one]]
        return self._problem.owners is Owners.ANY or len(set(owners)) == len(owners)

    def _weight(self, slots: Sequence[int], arcs: Sequence[_Arc]) -> int:
        total = sum(arc.utility for arc in arcs)
        if self._problem.objective is Objective.PLAIN:
            return total
        chances: list[int] = []
        # Begin at a real slot, so that each way past dummies is taken in its direction.
        first = next(at for at, one in enumerate(slots) if not self._dummy[one])
        for at in range(len(slots)):
            here = (first + at) % len(slots)
            if self._dummy[slots[here]]:
                chances[-1] = chances[-1] * arcs[here].confirm // PER_MILLE
            else:
                chances.append(arcs[here].confirm)
        millionths: int = prod(chances) * MILLION // PER_MILLE ** len(chances)
        return total * millionths // (MILLION // PER_MILLE)

    def _bound(self) -> None:
        """Check that no ring is worth more than its slots cost, and that the sum is as stated."""
        scale, prices = self._given["scale"], self._prices()
        if scale < 1 or sum(prices) // scale != self._given["bound"]:
            raise BadCertificate("the bound is not the sum of the prices")
        self._end_givers()
        if self._problem.objective is Objective.PLAIN:
            self._search(prices, scale, 0)
        else:
            for length in range(2, self._problem.cap + 1):
                self._search(prices, scale, length)

    def _prices(self) -> list[int]:
        given = self._given["prices"]
        if not isinstance(given, Mapping) or not given.keys() <= self._place.keys():
            raise BadCertificate("prices are of slots")
        if not all(type(price) is int and price > 0 for price in given.values()):
            raise BadCertificate(
                "a price is a whole number above zero; what costs nothing has none"
            )
        return [given.get(name, 0) for name in self._problem.ids]

    def _end_givers(self) -> None:
        """Let the chain of each giver end with every real slot."""
        for giver, gives in enumerate(self._problem.gift.tolist()):
            for slot in range(self._problem.size) if gives else ():
                if slot != giver and not self._dummy[slot] and slot not in self._out[giver]:
                    self._out[giver][slot] = _Arc(slot, 0, PER_MILLE, is_end=True)

    def _search(self, prices: list[int], scale: int, length: int) -> None:
        """Look for a ring that is worth more than its slots cost.

        Args:
            prices: of the slots, in parts.
            scale: parts in a unit.
            length: the rings' real slots, where their worth depends on it; else 0 for any length.
        """
        beyond = [
            sorted(
                ((self._most(arc, scale, length) - prices[tail], head, arc)
                 for head, arc in arcs.items()),
                key=lambda one: (-one[0], one[1]),
            )
            for tail, arcs in enumerate(self._out)
        ]  # fmt: skip
        cap = length or self._problem.cap
        for slots, arcs in self._positive(beyond, cap):
            if length and sum(not self._dummy[one] for one in slots) != length:
                continue
            if sum(arc.is_end for arc in arcs) > 1 or not self._apart(slots):
                continue
            if self._weight(slots, arcs) * scale > sum(prices[one] for one in slots):
                raise BadCertificate("a ring is worth more than its slots cost")

    def _most(self, arc: _Arc, scale: int, length: int) -> int:
        """Return the most that an arc can add to a ring, in parts."""
        if not length:
            return arc.utility * scale
        # What the others of the ring confirm is at most what the surest of all does.
        over = PER_MILLE ** (length - 1)
        rest: int = self._surest ** (length - 1)
        most: int = -(-arc.utility * scale * arc.confirm * rest // over)
        return most

    def _positive(
        self, beyond: list[list[_Step]], cap: int
    ) -> Iterator[tuple[list[int], list[_Arc]]]:
        """Yield the rings whose arcs, from some slot on, always sum to more than zero."""
        problem = self._problem
        into: list[list[tuple[int, int]]] = [[] for _ in beyond]
        for tail, steps in enumerate(beyond):
            for more, head, _ in steps:
                into[head].append((more, tail))
        # Where dummies give nothing of their own, the sum only falls on the way past them, and a
        # real slot is where to begin.
        dummies_give = bool((problem.utility[problem.dummy[problem.tail]] > 0).any())
        for start, steps in enumerate(beyond):
            if self._dummy[start] and not dummies_give:
                continue
            if steps and steps[0][0] > 0:
                yield from self._positive_from(start, beyond, self._ways(start, into, cap), cap)

    def _positive_from(
        self, start: int, beyond: list[list[_Step]], ways: list[dict[int, int]], cap: int
    ) -> Iterator[tuple[list[int], list[_Arc]]]:
        path, arcs, sums = [start], list[_Arc](), [0]
        real = [int(not self._dummy[start])]
        waiting = [iter(beyond[start])]
        while waiting:
            step = next(waiting[-1], None)
            # The best arcs come first: after one that does not do, none does.
            if step is None or sums[-1] + step[0] <= 0:
                for one in (waiting, path, sums, real):
                    one.pop()
                if arcs:
                    arcs.pop()
                continue
            more, head, arc = step
            if head == start:
                if real[-1] > 1:
                    yield list(path), [*arcs, arc]
                continue
            total, longer = sums[-1] + more, real[-1] + int(not self._dummy[head])
            if longer > cap or head in path or not self._returns(ways, head, cap - real[-1], total):
                continue
            path.append(head)
            arcs.append(arc)
            sums.append(total)
            real.append(longer)
            waiting.append(iter(beyond[head]))

    @staticmethod
    def _returns(ways: list[dict[int, int]], slot: int, left: int, total: int) -> bool:
        """Return whether a path may come back from a slot in time, with more than zero."""
        return left >= len(ways) or total + ways[left].get(slot, -total) > 0

    def _ways(
        self, start: int, into: list[list[tuple[int, int]]], cap: int
    ) -> list[dict[int, int]]:
        """Return for each number of real slots the most with which a slot leads to the start.

        They are walks, which may pass a slot twice: never less than what a path can have.
        """
        found: list[dict[int, int]] = []
        best = {start: 0}
        new = [start]
        for _ in range(max(1, cap - 1)):
            new = self._past_dummies(best, new, into, start)
            found.append(dict(best))
            then: dict[int, int] = {}
            for slot in new:
                for more, tail in into[slot]:
                    if tail != start and not self._dummy[tail]:
                        total = found[-1][slot] + more
                        if total > then.get(tail, best.get(tail, _NEVER)):
                            then[tail] = total
            best.update(then)
            new = list(then)
        return found

    def _past_dummies(
        self, best: dict[int, int], new: list[int], into: list[list[tuple[int, int]]], start: int
    ) -> list[int]:
        """Let dummies lead on to what is new, and return all that is."""
        changed = dict.fromkeys(new)
        waiting = list(new)
        rounds = 0
        while waiting:
            slot = waiting.pop()
            for more, tail in into[slot]:
                total = best[slot] + more
                known = best.get(tail, _NEVER)
                if self._dummy[tail] and total > known and known < _ALWAYS:
                    rounds += 1
                    # Dummies that enrich one another in a circle would never come to an end.
                    best[tail] = total if rounds < _ROUNDS_MAX else _ALWAYS
                    changed[tail] = None
                    waiting.append(tail)
        return list(changed)


def _listed(given: Any, *, of: type = dict) -> list[Any]:
    if not isinstance(given, list) or not all(isinstance(one, of) for one in given):
        raise BadCertificate("its rings are a list of slots and weights")
    return given
