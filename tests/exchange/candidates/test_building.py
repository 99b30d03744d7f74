"""What the solver is given means what offers and wants mean, and its rings lead back to them."""

from collections import Counter, defaultdict

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.exchange.candidates.building import Built, built
from services.exchange.candidates.entries import Agreed, Entry
from services.exchange.candidates.figures import figures
from services.exchange.candidates.graph import Arc
from services.exchange.candidates.search import Settings, candidates
from services.exchange.items import Kind
from services.exchange.matching.model import problem_of
from services.exchange.matching.solve import solve
from services.exchange.matching.wire import Objective, Tier
from tests.exchange.candidates.samples import a_round, offer, tree, want


def rings(problem: Built) -> list[list[Arc]]:
    found = solve(problem.problem).rings
    return [
        [problem.graph.arc(number) for number in problem.arcs(ring.slots, ring.is_open)]
        for ring in found
    ]


def passes(problem: Built) -> list[list[tuple[str, str]]]:
    return [sorted((arc.offer.id, arc.want.id) for arc in ring) for ring in rings(problem)]


def person(name: str, gives: list[str], takes: list[str], **values: object) -> list[Entry]:
    """Return an owner's offers and wants, one for each category, named by it."""
    owner = f"fes:{name}"
    return [
        *(offer(id=f"fes:{name}-o-{c}", owner=owner, category=c, **values) for c in gives),
        *(want(id=f"fes:{name}-w-{c}", owner=owner, category=c, **values) for c in takes),
    ]


def test_two_who_want_what_the_other_has_are_a_ring() -> None:
    entries = [*person("a", ["g0.0"], ["g1.0"]), *person("b", ["g1.0"], ["g0.0"])]
    found = passes(built(candidates(entries, tree())))
    assert found == [[("fes:a-o-g0.0", "fes:b-w-g0.0"), ("fes:b-o-g1.0", "fes:a-w-g1.0")]]


def test_one_with_a_single_want_is_in_one_ring_whatever_it_offers() -> None:
    entries = [
        *person("a", ["g0.0", "g0.1"], ["g1.0"]),
        *person("b", ["g1.0"], ["g0.0"]),
        *person("c", ["g1.0"], ["g0.1"]),
    ]
    problem = built(candidates(entries, tree()))
    assert not problem.problem.dummy.any()
    assert len(passes(problem)) == 1


def test_several_offers_and_wants_are_in_as_many_rings_and_no_want_is_served_twice() -> None:
    entries = [
        *person("a", ["g0.0", "g0.1", "g0.2"], ["g1.0", "g1.1"]),
        *person("b", ["g1.0"], ["g0.0"]),
        *person("c", ["g1.1"], ["g0.1"]),
        *person("d", ["g1.1"], ["g0.2"]),
    ]
    assert len(passes(built(candidates(entries, tree())))) == 2
    quota = built(candidates(entries, tree()), quotas={"fes:a": 1})
    assert len(passes(quota)) == 1


def test_a_quota_between_one_and_all_is_kept() -> None:
    partners = [*person("b", ["g1.0"], ["g0.0"]), *person("c", ["g1.1"], ["g0.1"])]
    partners += person("d", ["g1.2"], ["g0.2"])
    entries = [*person("a", ["g0.0", "g0.1", "g0.2"], ["g1.0", "g1.1", "g1.2"]), *partners]
    graph = candidates(entries, tree())
    assert len(passes(built(graph))) == 3
    assert len(passes(built(graph, quotas={"fes:a": 2}))) == 2


@pytest.mark.parametrize("which", ["offers", "wants"])
def test_of_a_choice_at_most_one_is_matched(which: str) -> None:
    entries = [
        *person("a", ["g0.0", "g0.1"], ["g1.0", "g1.1"]),
        *person("b", ["g1.0"], ["g0.0"]),
        *person("c", ["g1.1"], ["g0.1"]),
    ]
    assert len(passes(built(candidates(entries, tree())))) == 2
    one = [entry for entry in entries if entry.owner != "fes:a"]
    gives = person("a", ["g0.0", "g0.1"], [], **({"choice": "x"} if which == "offers" else {}))
    takes = person("a", [], ["g1.0", "g1.1"], **({"choice": "x"} if which == "wants" else {}))
    assert len(passes(built(candidates([*one, *gives, *takes], tree())))) == 1


def test_a_choice_among_three_offers_leaves_the_fourth_free() -> None:
    chosen = person("a", ["g0.0", "g0.1", "g0.2"], [], choice="x")
    partners = [*person("b", ["g1.0"], ["g0.0"]), *person("c", ["g1.1"], ["g0.1"])]
    partners += person("d", ["g1.2"], ["g0.3"])
    entries = [*chosen, *person("a", ["g0.3"], ["g1.0", "g1.1", "g1.2"]), *partners]
    found = passes(built(candidates(entries, tree())))
    given_by_a = sorted(o for ring in found for o, _ in ring if o.startswith("fes:a"))
    assert len(given_by_a) == 2
    assert "fes:a-o-g0.3" in given_by_a


def test_a_gift_begins_a_chain_that_somebody_ends() -> None:
    entries = [
        offer(id="fes:gift", owner="fes:giver", kind=Kind.GIFT, category="g2.0"),
        *person("a", ["g0.0"], ["g2.0"]),
        *person("b", ["g5.0"], ["g0.0"]),
    ]
    found = passes(built(candidates(entries, tree())))
    assert found == [[("fes:a-o-g0.0", "fes:b-w-g0.0"), ("fes:gift", "fes:a-w-g2.0")]]


def test_who_asks_for_a_gift_gives_nothing() -> None:
    entries = [
        offer(id="fes:gift", owner="fes:giver", kind=Kind.GIFT),
        want(id="fes:need", owner="fes:a", kind=Kind.GIFT),
    ]
    assert passes(built(candidates(entries, tree()))) == [[("fes:gift", "fes:need")]]


def test_an_agreed_link_comes_before_what_is_worth_more() -> None:
    entries = [
        *person("a", ["g0.0"], ["g1.0"]),
        *person("b", ["g3.0"], ["g0.0"], waited=10, small=True),
        *person("c", ["g1.0"], ["g3.0"]),
        *person("d", ["g1.0"], ["g4.0"]),
    ]
    link = Agreed("fes:a-o-g0.0", "fes:d-w-g4.0")
    graph = candidates(entries, tree(), agreed=[link])
    found = passes(built(graph, tiers=(Tier.AGREED, Tier.VALUE)))
    assert [sorted(ring) for ring in found] == [
        [("fes:a-o-g0.0", "fes:d-w-g4.0"), ("fes:d-o-g1.0", "fes:a-w-g1.0")]
    ]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_rings_of_a_random_round_keep_all_that_was_asked(seed: int) -> None:
    entries = a_round(200, seed, owners=25)
    graph = candidates(entries, tree())
    quotas = {entry.owner: 1 + seed % 2 for entry in entries[::3]}
    problem = built(graph, cap=3, quotas=quotas, tiers=(Tier.VALUE,))
    outcome = solve(problem.problem)
    used: Counter[str] = Counter()
    times: dict[str, int] = defaultdict(int)
    for ring in outcome.rings:
        arcs = [graph.arc(number) for number in problem.arcs(ring.slots, ring.is_open)]
        assert len(arcs) == ring.size - ring.is_open
        for arc in arcs:
            used.update((arc.offer.id, arc.want.id))
            times[arc.want.owner] += arc.want.kind is not Kind.GIFT
        takers = Counter(arc.want.owner for arc in arcs)
        assert max(takers.values()) == 1
        if not ring.is_open:
            assert takers == Counter(arc.offer.owner for arc in arcs)
    assert max(used.values(), default=1) == 1
    assert all(times[owner] <= quota for owner, quota in quotas.items())


def test_pruning_loses_little_of_the_rings() -> None:
    entries = a_round(2_000, 4, owners=500)
    found = []
    for everything in (False, True):
        graph = candidates(entries, tree(), Settings(everything=everything))
        problem = built(graph, cap=3, tiers=(Tier.VALUE,), objective=Objective.EXPECTED)
        found.append((len(graph), solve(problem.problem)))
    (some, pruned), (every, full) = found
    loss = 1 - pruned.value / full.bound
    print(f"cap 3: {some} of {every} arcs, {pruned.value} of at most {full.bound}: {loss:.2%} lost")
    assert loss <= 0.05


def test_a_problem_is_written_as_the_solvers_process_takes_it() -> None:
    problem = built(candidates(a_round(300, 8, owners=40), tree()), cap=3)
    assert problem_of(orjson.loads(problem.written())).digest == problem.problem.digest


def test_rings_become_legs_for_the_report_of_the_round() -> None:
    entries = a_round(400, 8, owners=60)
    graph = candidates(entries, tree())
    problem = built(graph, cap=3, tiers=(Tier.VALUE,))
    outcome = solve(problem.problem)
    rings = [problem.legs(ring.slots, ring.is_open) for ring in outcome.rings]
    found = figures(entries, rings, value=outcome.value, bound=outcome.bound)
    parties = [{one.owner for leg in ring for one in (leg.offer, leg.want)} for ring in rings]
    sizes = Counter(map(len, parties))
    assert found.by_length == sizes
    assert sum(found.by_length.values()) == len(outcome.rings) > 0
    assert found.matched_wants == sum(len(ring) for ring in rings)
    assert 0 < found.served <= found.participants
    assert 0 <= found.gini <= 1_000
