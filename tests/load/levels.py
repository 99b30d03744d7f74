"""What it costs to match near by first: the optimum over all at once, less the sum of the levels.

Networks match their own offers and wants, then continents what is left, then all the world. What a
lower level has matched is not there for the next one.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.exchange.candidates.building import Built, built
from services.exchange.candidates.entries import Entry
from services.exchange.candidates.search import Settings, candidates
from services.exchange.matching.outcome import Outcome
from services.exchange.matching.solve import solve
from services.exchange.matching.wire import Tier
from services.exchange.rounds.question import Level

ENTRIES: Final = 800
CAPS: Final = {Level.NETWORK: 4, Level.CONTINENT: 3, Level.WORLD: 3}
FLAT_CAP: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The worth of rings, in points of expected completed utility.

    Args:
        by_level: what each level has found.
        flat: the worth of the best rings over all at once.
        flat_bound: no choice of rings over all at once is worth more.
    """

    by_level: Mapping[Level, int]
    flat: int
    flat_bound: int

    @property
    def price(self) -> float:
        """The price of subsidiarity: how much of the flat optimum is lost, in per cent."""
        return 100 * (self.flat - sum(self.by_level.values())) / max(1, self.flat)


def levels(entries: Iterable[Entry], ancestors: Mapping[str, Sequence[str]]) -> Levels:
    """Match entries level by level, and all at once, over all arcs that may be.

    How alike words are depends on the words of the round; rings are valued as the round over all at
    once values them, or, where it knows no such arc, as their own round does.
    """
    entries = list(entries)
    flat = _matched(entries, ancestors, Level.WORLD, FLAT_CAP)
    worth = {
        (arc.offer.id, arc.want.id): (arc.utility, arc.chance)
        for arc in map(flat.made.graph.arc, range(len(flat.made.graph)))
    }
    left = {entry.id: entry for entry in entries}
    found: dict[Level, int] = {}
    for level in Level:
        found[level] = 0
        for some in _rooms(left.values(), level):
            for ring in _matched(some, ancestors, level, CAPS[level]).rings:
                found[level] += _worth([worth.get(pair, own) for pair, own in ring])
                for pair, _ in ring:
                    for item in pair:
                        left.pop(item, None)
    return Levels(by_level=found, flat=flat.outcome.value, flat_bound=flat.outcome.bound)


def _rooms(entries: Iterable[Entry], level: Level) -> list[list[Entry]]:
    """Return the entries of each network, of each continent, or all of them."""
    rooms: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        at = {Level.NETWORK: entry.node, Level.CONTINENT: entry.continent, Level.WORLD: ""}
        rooms[at[level]].append(entry)
    return [rooms[name] for name in sorted(rooms)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matched:
    made: Built
    outcome: Outcome

    @property
    def rings(self) -> list[list[tuple[tuple[str, str], tuple[int, int]]]]:
        """The legs of each ring: an offer and a want, and what this round takes them for."""
        graph = self.made.graph
        arcs = [
            [graph.arc(number) for number in self.made.arcs(ring.slots, ring.is_open)]
            for ring in self.outcome.rings
        ]
        return [
            [((arc.offer.id, arc.want.id), (arc.utility, arc.chance)) for arc in ring]
            for ring in arcs
        ]


def _matched(
    entries: Sequence[Entry], ancestors: Mapping[str, Sequence[str]], level: Level, cap: int
) -> _Matched:
    """Return the best rings over all arcs of a level."""
    graph = candidates(entries, ancestors, Settings(level=level.tier, everything=True))
    made = built(graph, cap=cap, tiers=(Tier.VALUE,))
    return _Matched(made=made, outcome=solve(made.problem))


def _worth(legs: Sequence[tuple[int, int]]) -> int:
    """Return the expected completed utility of a ring, in thousandths of a point."""
    whole = sum(utility for utility, _ in legs) * 1_000
    for _, chance in legs:
        whole *= chance
    return whole // 1_000 ** len(legs)


def main() -> None:
    """Print the worth of each level, and the price of subsidiarity."""
    from tests.exchange.candidates.samples import a_round, tree

    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    found = levels(a_round(count), tree())
    for level, value in found.by_level.items():
        print(f"{level}: {value:,}")
    print(f"all at once: {found.flat:,} (at most {found.flat_bound:,})")
    print(f"price of subsidiarity: {found.price:.2f} %")


if __name__ == "__main__":
    main()
