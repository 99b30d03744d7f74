"""Candidate generation: limits on both sides, no favour by order, and what the pruning costs."""

import os
import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]  # no types

from services.exchange.candidates.chances import Chances
from services.exchange.candidates.entries import Agreed, Entry, Tier, TwiceTheSame
from services.exchange.candidates.graph import Graph
from services.exchange.candidates.rules import Pair, failures
from services.exchange.candidates.search import BadAgreement, Settings, candidates
from services.exchange.candidates.utility import terms
from services.exchange.items import Kind, Side
from services.exchange.rings.confidence import Record
from tests.exchange.candidates.samples import a_round, offer, tree, want


def arcs(graph: Graph) -> list[tuple[str, str]]:
    pairs = zip(graph.offer.tolist(), graph.want.tolist(), strict=True)
    return [(graph.offers[o].id, graph.wants[w].id) for o, w in pairs]


def same(one: Graph, other: Graph) -> bool:
    names = ("offer", "want", "fixed", "likeness", "terms", "chance", "tier", "quantity")
    return (
        arcs(one) == arcs(other)
        and one.considered == other.considered
        and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    )


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), each=st.integers(1, 12))
def test_no_want_and_no_offer_has_more_arcs_than_agreed_and_each_arc_keeps_every_rule(
    seed: int, each: int
) -> None:
    graph = candidates(a_round(300, seed, owners=40), tree(), Settings(each=each))
    for side in (graph.offer, graph.want):
        assert max(Counter(side.tolist()).values(), default=0) <= each
    for number in range(len(graph)):
        arc = graph.arc(number)
        pair = Pair(
            offer=arc.offer, want=arc.want, closure=graph.closure, bounds=graph.bounds,
            likeness=arc.likeness,
        )  # fmt: skip
        assert failures(pair) == []
        assert arc.terms == terms(pair, graph.weights)
        assert arc.utility >= 1
    found = graph.considered
    assert found.kept == len(graph)
    assert found.seen == sum(found.refused.values()) + found.crowded + found.kept


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_the_input_does_not_matter(seed: int) -> None:
    entries = a_round(300, seed, owners=40)
    shuffled = entries.copy()
    random.Random(seed).shuffle(shuffled)
    assert same(candidates(entries, tree()), candidates(shuffled, tree()))


def test_an_entry_is_in_a_round_once() -> None:
    with pytest.raises(TwiceTheSame):
        candidates([offer(), offer()], tree())


def test_a_round_of_nothing_has_no_arcs() -> None:
    assert len(candidates([], tree())) == 0
    assert len(candidates([want()], tree())) == 0
    assert len(candidates([offer()], {})) == 0


def test_a_favourite_does_not_crowd_the_others_out() -> None:
    """Forty wants and forty offers; one offer is by far the nearest and best of all."""
    at = {"lat": 340_000_000, "lon": -50_000_000}
    wants = [want(id=f"fes:w{n:02}", owner=f"fes:b{n}", text="honey", **at) for n in range(40)]
    far = {"lat": 345_000_000, "lon": -50_000_000}
    offers = [offer(id=f"fes:o{n:02}", owner=f"fes:a{n}", **far) for n in range(40)]
    offers.append(offer(id="fes:best", owner="fes:best", text="honey", **at))
    graph = candidates([*wants, *offers], tree(), Settings(each=4))
    held = Counter(one for one, _ in arcs(graph))
    assert held["fes:best"] == 4
    assert set(held) == {entry.id for entry in offers}
    assert {one for _, one in arcs(graph)} == {entry.id for entry in wants}


def test_who_stands_in_one_place_meets_different_neighbours() -> None:
    at = {"lat": 340_000_000, "lon": -50_000_000}
    entries = [offer(id=f"fes:o{n:03}", owner=f"fes:a{n}", **at) for n in range(200)]
    entries += [want(id=f"fes:w{n:03}", owner=f"fes:b{n}", **at) for n in range(200)]
    held = Counter(one for one, _ in arcs(candidates(entries, tree(), Settings(each=3))))
    assert len(held) > 190


def test_a_far_match_is_found_behind_many_near_ones_that_fail() -> None:
    near = [
        offer(id=f"fes:o{n:03}", owner=f"fes:a{n}", lat=340_000_000 + n, lon=0) for n in range(300)
    ]
    held = frozenset({"organic"})
    far = offer(id="fes:far", owner="fes:far", lat=300_000_000, lon=0, held=held)
    wanted = want(required=held, lat=340_000_000, lon=0)
    assert arcs(candidates([*near, far, wanted], tree())) == [("fes:far", wanted.id)]


def test_who_says_no_place_is_met_too() -> None:
    placed, nowhere = offer(id="fes:o1", lat=0, lon=0), offer(id="fes:o2")
    wanted, online = want(id="fes:w1", lat=0, lon=0), want(id="fes:w2")
    found = arcs(candidates([placed, nowhere, wanted, online], tree()))
    assert len(found) == 4


def test_words_find_what_stands_in_the_neighbouring_category() -> None:
    oil = offer(id="fes:oil", category="g0.0", text="huile d'olive vierge de zerhoun")
    soap = offer(id="fes:soap", category="g0.1", text="savon noir au beldi")
    wanted = want(category="g0.2", text="huile d olive vierge")
    graph = candidates([oil, soap, wanted], tree())
    assert arcs(graph) == [("fes:oil", wanted.id)]
    assert 500 < graph.likeness[0] <= 1_000


def test_many_with_the_very_same_words_are_found_in_turns() -> None:
    offers = [
        offer(id=f"fes:o{n:03}", owner=f"fes:a{n}", category="g0.0", text="olive oil")
        for n in range(500)
    ]
    wants = [
        want(id=f"fes:w{n:03}", owner=f"fes:b{n}", category="g0.1", text="olive oil")
        for n in range(100)
    ]
    held = Counter(one for one, _ in arcs(candidates([*offers, *wants], tree())))
    assert len(held) > 100


def test_an_agreed_link_is_fixed_whatever_the_rules_say_and_what_it_holds_is_set_aside() -> None:
    fixed, other = offer(id="fes:o1", category="g3.0"), offer(id="fes:o2")
    taken, free = want(id="fes:w1"), want(id="fes:w2", owner="fes:third")
    graph = candidates([fixed, other, taken, free], tree(), agreed=[Agreed("fes:o1", "fes:w1")])
    assert arcs(graph) == [("fes:o1", "fes:w1"), ("fes:o2", "fes:w2")]
    assert graph.fixed.tolist() == [True, False]
    assert graph.considered.fixed == 1


@pytest.mark.parametrize("link", [Agreed("fes:o1", "fes:none"), Agreed("fes:o1", "fes:own")])
def test_an_agreed_link_that_joins_nothing_is_refused(link: Agreed) -> None:
    entries = [offer(id="fes:o1", owner="fes:a"), want(id="fes:own", owner="fes:a")]
    with pytest.raises(BadAgreement):
        candidates(entries, tree(), agreed=[link])


def test_a_round_of_a_level_stays_within_it() -> None:
    entries = [
        offer(node="lyon", continent="europe"),
        offer(id="rabat:1", node="rabat", continent="africa", owner="rabat:a"),
        want(continent="africa"),
    ]
    counts = [len(candidates(entries, tree(), Settings(level=level))) for level in Tier]
    assert counts == [0, 1, 2]
    world = candidates(entries, tree())
    assert sorted(world.tier.tolist()) == [Tier.CONTINENT, Tier.WORLD]


def test_shares_and_sales_are_not_in_rings() -> None:
    assert len(candidates([offer(kind=Kind.SALE), want(kind=Kind.SALE)], tree()).offers) == 0


def test_what_was_learned_of_a_member_and_a_class_is_the_arcs_chance() -> None:
    chances = Chances(
        members={"fes:shy": Record(yes=1, no=9), "fes:keen": Record(yes=500)},
        classes={(Kind.EXCHANGE, Tier.NETWORK): Record(yes=90, no=0)},
    )
    wants = [want(id=f"fes:{name}", owner=f"fes:{name}") for name in ("keen", "new", "shy")]
    graph = candidates([offer(), *wants], tree(), Settings(chances=chances))
    learned = dict(zip((one for _, one in arcs(graph)), graph.chance.tolist(), strict=True))
    assert learned == {"fes:keen": 980, "fes:new": 980, "fes:shy": 545}
    assert candidates([offer(), wants[1]], tree()).chance.tolist() == [900]


def _best(graph: Graph) -> int:
    """Return the most that one offer for each want, and one want for each offer, is worth."""
    worth = np.zeros((len(graph.offers), len(graph.wants)), np.int64)
    worth[graph.offer, graph.want] = graph.utility * graph.chance // 1_000
    rows, cells = linear_sum_assignment(worth, maximize=True)
    return int(worth[rows, cells].sum())


def _served(entries: list[Entry], graph: Graph) -> float:
    """Return the share of wants with any arc."""
    return len(set(graph.want.tolist())) / sum(entry.side is Side.WANT for entry in entries)


@pytest.mark.parametrize("seed", [1, 2])
def test_pruning_loses_little_of_the_full_graph(seed: int) -> None:
    entries = a_round(2_000, seed, owners=500)
    pruned = candidates(entries, tree())
    full = candidates(entries, tree(), Settings(everything=True))
    assert set(arcs(pruned)) <= set(arcs(full))
    loss = 1 - _best(pruned) / _best(full)
    print(f"{len(pruned)} of {len(full)} arcs; loss {loss:.4%}")
    assert loss <= 0.02
    assert _served(entries, pruned) >= 0.99 * _served(entries, full)


_DIGEST = """
import hashlib
from services.exchange.candidates.building import built
from services.exchange.candidates.search import candidates
from tests.exchange.candidates.samples import a_round, tree
print(built(candidates(a_round(400, 9, owners=60), tree())).problem.digest)
"""


def test_every_process_makes_the_same_problem_of_the_same_round() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
