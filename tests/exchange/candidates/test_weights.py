"""A network may change the weights, in whole numbers of known names; each term follows them."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.exchange.candidates.closure import Closure
from services.exchange.candidates.rules import Bounds, Pair
from services.exchange.candidates.search import Settings, candidates
from services.exchange.candidates.utility import Term, terms
from services.exchange.candidates.weights import BadWeights, Weights
from services.exchange.items import Preference
from tests.exchange.candidates.samples import a_round, offer, tree, want

KILO = 10**6


def the_terms(
    offered: Mapping[str, Any], wanted: Mapping[str, Any], likeness: int = 0, **weights: int
) -> dict[Term, int]:
    pair = Pair(
        offer=offer(**offered), want=want(**wanted), closure=Closure(tree()), bounds=Bounds(),
        likeness=likeness,
    )  # fmt: skip
    return terms(pair, Weights(**weights))


@pytest.mark.parametrize(
    "values",
    [{"fits": 3}, {"fit": -1}, {"fit": 100_001}, {"fit": True}, {"text_least": 1_001},
     {"fit_category": 0}],
)  # fmt: skip
def test_weights_that_are_none_are_refused_by_name(values: Mapping[str, int]) -> None:
    with pytest.raises(BadWeights):
        Weights.of(values)


def test_what_a_network_does_not_change_stays() -> None:
    assert Weights.of({"small": 90}) == Weights(small=90)


@pytest.mark.parametrize(
    ("term", "offered", "wanted", "points"),
    [
        (Term.FIT, {}, {}, 1_000),
        (Term.FIT, {}, {"category": "g0"}, 950),
        (Term.FIT, {}, {"category": "goods"}, 900),
        (
            Term.FIT,
            {"quantity": KILO, "measure": "mass"},
            {"quantity": 4 * KILO, "measure": "mass"},
            (60 * 1_000 + 15 * 250) // 75,
        ),
        (Term.TIER, {}, {}, 200),
        (Term.TIER, {"node": "rabat", "continent": "africa"}, {"continent": "africa"}, 100),
        (Term.TIER, {"node": "rabat"}, {}, 0),
        (Term.BEYOND, {"node": "rabat"}, {"prefers": Preference.NETWORK}, -50),
        (Term.SMALL, {"small": True}, {}, 0),
        (Term.SMALL, {}, {"small": True}, 60),
        (Term.WOMEN_LED, {}, {"women_led": True}, 40),
        (Term.MARGINALISED, {}, {"marginalised": True}, 60),
        (Term.WAITED, {}, {"waited": 3}, 60),
        (Term.WAITED, {}, {"waited": 300}, 200),
        (Term.RECEIVED_LITTLE, {}, {"received": 500}, 25),
        (Term.RECEIVED_LITTLE, {}, {"received": 5_000}, 0),
        (Term.RECEIVED_LITTLE, {}, {"received": None}, 0),
        (Term.DISTANCE, {"lat": 0, "lon": 0}, {"lat": 10_000_000, "lon": 0}, -110),
        (Term.DISTANCE, {"lat": 0, "lon": 0}, {"lat": 0, "lon": 1_700_000_000}, -300),
        (Term.RANK, {}, {"rank": 2}, -40),
        (Term.LEAST, {}, {}, 0),
    ],
)
def test_a_term_is_what_its_weight_says(
    term: Term, offered: Mapping[str, Any], wanted: Mapping[str, Any], points: int
) -> None:
    assert the_terms(offered, wanted)[term] == points


def test_words_count_where_both_sides_have_some() -> None:
    assert the_terms({"text": "a"}, {"text": "b"}, 400)[Term.FIT] == (60_000 + 25 * 400) // 85
    assert the_terms({"text": "a"}, {}, 400)[Term.FIT] == 1_000


def test_an_arc_is_worth_one_at_the_least() -> None:
    found = the_terms({}, {"rank": 5}, fit=0, network=0)
    assert found[Term.LEAST] == 101
    assert sum(found.values()) == 1


def test_a_waiting_want_overtakes_an_equal_one() -> None:
    entries = [
        offer(),
        want(id="fes:w1", owner="fes:b1"),
        want(id="fes:w2", owner="fes:b2", waited=1),
    ]
    graph = candidates(entries, tree(), Settings(each=1))
    assert [graph.wants[row].id for row in graph.want] == ["fes:w2"]


def test_other_weights_make_other_arcs_worth_more() -> None:
    entries = a_round(300, 5, owners=40)
    plain = candidates(entries, tree(), Settings(everything=True))
    small = candidates(entries, tree(), Settings(everything=True, weights=Weights(small=5_000)))
    gained = small.utility - plain.utility
    by_small = [entry.small for entry in (plain.wants[row] for row in plain.want)]
    assert gained.tolist() == [4_940 * one for one in by_small]
