"""What it costs to match near by first: the optimum over all at once, less the sum of the levels.

Networks match their own offers and wants, then continents what is left, then all the world. Whoever
is served at one level waits for the next round; so the levels together are one choice of rings.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from services.exchange.candidates.building import built
from services.exchange.candidates.columns import Ints
from services.exchange.candidates.entries import Entry
from services.exchange.candidates.graph import Graph
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
    """Match entries level by level, and all at once, over all arcs that may be."""
    entries = list(entries)
    graph = candidates(entries, ancestors, Settings(level=Level.WORLD.tier, everything=True))
    flat, _ = _matched(graph, FLAT_CAP)
    left = {entry.id: entry for entry in entries}
    found: dict[Level, int] = {}
    for level in Level:
        found[level] = 0
        for some in _rooms(left.values(), level):
            outcome, served = _matched(_within(graph, some), CAPS[level])
            found[level] += outcome.value
            left = {one: entry for one, entry in left.items() if entry.owner not in served}
    return Levels(by_level=found, flat=flat.value, flat_bound=flat.bound)


def _rooms(entries: Iterable[Entry], level: Level) -> list[set[str]]:
    """Return the ids of the entries of each network, of each continent, or of all."""
    rooms: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        at = {Level.NETWORK: entry.node, Level.CONTINENT: entry.continent, Level.WORLD: ""}
        rooms[at[level]].add(entry.id)
    return [rooms[name] for name in sorted(rooms)]


def _within(graph: Graph, some: set[str]) -> Graph:
    """Return the part of a graph that joins some entries; its arcs are worth what they were."""
    offers, offer_at = _kept(graph.offers, some)
    wants, want_at = _kept(graph.wants, some)
    stays = (offer_at[graph.offer] >= 0) & (want_at[graph.want] >= 0)
    names = ("fixed", "likeness", "terms", "chance", "tier", "quantity")
    return replace(
        graph,
        offers=offers,
        wants=wants,
        offer=offer_at[graph.offer[stays]],
        want=want_at[graph.want[stays]],
        **{name: getattr(graph, name)[stays] for name in names},
    )


def _kept(entries: Sequence[Entry], some: set[str]) -> tuple[list[Entry], Ints]:
    """Return the entries that are among some, and of each the place that it has then, or -1."""
    kept = [entry for entry in entries if entry.id in some]
    at = np.full(len(entries), -1, np.int64)
    at[[place for place, entry in enumerate(entries) if entry.id in some]] = np.arange(len(kept))
    return kept, at


def _matched(graph: Graph, cap: int) -> tuple[Outcome, set[str]]:
    """Return the best rings of a graph, and the owners who are in them."""
    if not len(graph):
        return Outcome(value=0, bound=0, rings=(), proven=True, certificate={}), set()
    made = built(graph, cap=cap, tiers=(Tier.VALUE,))
    outcome = solve(made.problem)
    arcs = [
        graph.arc(number)
        for ring in outcome.rings
        for number in made.arcs(ring.slots, ring.is_open)
    ]
    return outcome, {entry.owner for arc in arcs for entry in (arc.offer, arc.want)}


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
