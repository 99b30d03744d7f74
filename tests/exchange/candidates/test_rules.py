"""Every hard rule keeps a pair apart that differs in nothing else, and both forms say the same."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.exchange.candidates.closure import BadTree, Closure
from services.exchange.candidates.columns import Common, columns
from services.exchange.candidates.entries import BadEntry, Entry, Tier
from services.exchange.candidates.filters import PASSED, RULES, Filters
from services.exchange.candidates.rules import Bounds, Failure, Pair, Rule, failures
from services.exchange.items import Kind, Side, Visibility
from tests.exchange.candidates.samples import a_round, offer, tree, want

FES = {"lat": 340_331_000, "lon": -50_003_000}
MEKNES = {"lat": 338_935_000, "lon": -55_473_000}
KILO = 10**6

CASES: list[tuple[Rule, Mapping[str, Any], Mapping[str, Any], Failure]] = [
    (Rule.OWNER, {"owner": "fes:a"}, {"owner": "fes:a"}, Failure(Rule.OWNER)),
    (Rule.KIND, {"kind": Kind.LOAN}, {"kind": Kind.EXCHANGE}, Failure(Rule.KIND)),
    (Rule.KIND, {"kind": Kind.EXCHANGE}, {"kind": Kind.GIFT}, Failure(Rule.KIND)),
    (Rule.KIND, {"kind": Kind.SALE}, {"kind": Kind.SALE}, Failure(Rule.KIND)),
    (
        Rule.LEVEL,
        {"node": "lyon", "continent": "europe"},
        {"continent": "africa"},
        Failure(Rule.LEVEL),
    ),
    (
        Rule.VISIBILITY,
        {"node": "rabat", "continent": "africa", "visibility": Visibility.NETWORK},
        {"continent": "africa"},
        Failure(Rule.VISIBILITY),
    ),
    (Rule.BLOCK, {"blocks": frozenset({"fes:b"})}, {"owner": "fes:b"}, Failure(Rule.BLOCK)),
    (Rule.BLOCK, {"owner": "fes:a"}, {"blocks": frozenset({"fes:a"})}, Failure(Rule.BLOCK)),
    (
        Rule.BLOCK,
        {"node": "rabat", "continent": "africa"},
        {"continent": "africa", "blocks": frozenset({"rabat"})},
        Failure(Rule.BLOCK),
    ),
    (
        Rule.CATEGORY,
        {"category": "g1.0"},
        {"category": "g0.0"},
        Failure(Rule.CATEGORY, 1_000, ("g0.0", "g1.0")),
    ),
    (
        # Any oil is no olive oil.
        Rule.CATEGORY,
        {"category": "g0"},
        {"category": "g0.0"},
        Failure(Rule.CATEGORY, 350, ("g0.0", "g0")),
    ),
    (
        Rule.MEASURE,
        {"quantity": KILO, "measure": "mass"},
        {"quantity": 6, "measure": "bottle"},
        Failure(Rule.MEASURE, 0, ("bottle", "mass")),
    ),
    (
        Rule.CERTIFICATE,
        {"held": frozenset({"pgs"})},
        {"required": frozenset({"pgs", "organic"})},
        Failure(Rule.CERTIFICATE, 1, ("organic",)),
    ),
    (Rule.WINDOW, {"first_day": 11}, {"last_day": 8}, Failure(Rule.WINDOW, 3)),
    (Rule.VALUE, {"low": 120}, {"high": 100}, Failure(Rule.VALUE, 200, ("more",))),
    (Rule.VALUE, {"low": 1, "floor": 150}, {"high": 100}, Failure(Rule.VALUE, 500, ("more",))),
    (Rule.VALUE, {"high": 100}, {"low": 101}, Failure(Rule.VALUE, 10, ("less",))),
    (
        # 30 for each kilogram are more than 25 for each, however little the whole is.
        Rule.VALUE,
        {"low": 30, "quantity": KILO, "measure": "mass"},
        {"high": 250, "quantity": 10 * KILO, "measure": "mass"},
        Failure(Rule.VALUE, 200, ("more",)),
    ),
    (Rule.DISTANCE, {**FES, "radius_km": 20}, MEKNES, Failure(Rule.DISTANCE, 33)),
    (Rule.DISTANCE, FES, {**MEKNES, "radius_km": 50}, Failure(Rule.DISTANCE, 3)),
    (Rule.DISTANCE, {"radius_km": 1_000}, MEKNES, Failure(Rule.DISTANCE)),
]


def the_pair(offered: Entry, wanted: Entry, likeness: int = 0) -> Pair:
    bounds = Bounds(level=Tier.CONTINENT)
    closure = Closure(tree())
    return Pair(offer=offered, want=wanted, closure=closure, bounds=bounds, likeness=likeness)


def first_failed(offered: Entry, wanted: Entry, likeness: int = 0) -> Rule | None:
    common = Common.empty()
    sides = columns([offered], common), columns([wanted], common)
    filters = Filters(*sides, common, Closure(tree()), Bounds(level=Tier.CONTINENT))
    row = np.zeros(1, np.int64)
    found = int(filters.first_failed(row, row, np.array([likeness]))[0])
    return None if found == PASSED else RULES[found]


def test_an_offer_and_a_want_of_one_category_are_an_arc() -> None:
    assert failures(the_pair(offer(), want())) == []
    assert first_failed(offer(), want()) is None


@pytest.mark.parametrize(("rule", "offered", "wanted", "failure"), CASES)
def test_a_rule_keeps_a_pair_apart_and_says_by_how_much(
    rule: Rule, offered: Mapping[str, Any], wanted: Mapping[str, Any], failure: Failure
) -> None:
    assert failures(the_pair(offer(**offered), want(**wanted))) == [failure]
    assert first_failed(offer(**offered), want(**wanted)) is rule


def test_every_rule_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(Rule)


def test_a_wider_want_is_served_by_a_narrower_offer() -> None:
    assert failures(the_pair(offer(category="g0.3"), want(category="goods"))) == []


def test_words_join_neighbouring_categories_alone() -> None:
    beside, elsewhere = offer(category="g0.1"), offer(category="g1.1")
    assert failures(the_pair(beside, want(category="g0.0"), 350)) == []
    assert failures(the_pair(beside, want(category="g0.0"), 349)) != []
    assert failures(the_pair(elsewhere, want(category="g0.0"), 1_000)) != []
    assert first_failed(beside, want(category="g0.0"), 350) is None
    assert first_failed(elsewhere, want(category="g0.0"), 1_000) is Rule.CATEGORY


def test_a_gift_has_no_value_to_compare() -> None:
    assert failures(the_pair(offer(kind=Kind.GIFT, low=500), want(high=1))) == []


def test_values_that_touch_overlap() -> None:
    assert failures(the_pair(offer(low=100, high=120), want(low=50, high=100))) == []


def test_the_same_price_of_other_quantities_overlaps() -> None:
    third = {"quantity": 3 * KILO, "measure": "mass"}
    whole = {"quantity": 7 * KILO, "measure": "mass"}
    assert failures(the_pair(offer(low=100, **third), want(high=234, **whole))) == []


@pytest.mark.parametrize(
    "values",
    [
        {"quantity": 0, "measure": "mass"},
        {"quantity": -5, "measure": "mass"},
        {"quantity": 2**53, "measure": "mass"},
        {"quantity": 5},
        {"measure": "mass"},
        {"low": 5, "high": 4},
        {"floor": 5, "high": 4},
        {"low": -1},
        {"low": True},
        {"lat": 1},
        {"lat": 900_000_001, "lon": 0},
        {"radius_km": 99_999},
        {"first_day": 5, "last_day": 4},
        {"waited": -1},
        {"id": ""},
    ],
)
def test_what_cannot_be_matched_is_refused_by_name(values: Mapping[str, Any]) -> None:
    with pytest.raises(BadEntry):
        offer(**values)


@pytest.mark.parametrize(
    "ancestors",
    [
        {"a": ("b",), "b": ("a",)},
        {"a": ("a",)},
        {"a": ("b",), "b": ("c",)},
        {str(n): [str(above) for above in range(n)] for n in range(20)},
    ],
)
def test_a_tree_that_is_none_is_refused_by_name(ancestors: Mapping[str, Any]) -> None:
    with pytest.raises(BadTree):
        Closure(ancestors)


def test_the_closure_knows_who_stands_where() -> None:
    closure = Closure(tree())
    assert closure.with_above("g0.1") == ["g0.1", "g0", "goods"]
    assert closure.parent("g0.1") == "g0"
    assert closure.parent("elsewhere") == "elsewhere"
    assert closure.steps("goods", "g0.1") == 2
    assert closure.steps("g0.1", "goods") is None
    assert closure.common("g0.1", "g0.2") == "g0"
    assert closure.common("g0.1", "elsewhere") is None


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), likeness=st.integers(0, 1_000))
def test_many_pairs_are_judged_as_each_alone(seed: int, likeness: int) -> None:
    entries = a_round(40, seed, owners=9)
    common = Common.empty()
    offers = [entry for entry in entries if entry.side is Side.OFFER]
    wants = [entry for entry in entries if entry.side is Side.WANT]
    closure, bounds = Closure(tree()), Bounds(level=Tier.CONTINENT)
    filters = Filters(columns(offers, common), columns(wants, common), common, closure, bounds)
    o, w = (part.ravel() for part in np.meshgrid(range(len(offers)), range(len(wants))))
    found = filters.first_failed(o, w, np.full(o.size, likeness, np.int64))
    for row in range(o.size):
        plain = failures(
            Pair(
                offer=offers[o[row]], want=wants[w[row]], closure=closure, bounds=bounds,
                likeness=likeness,
            )
        )  # fmt: skip
        assert found[row] == (RULES.index(plain[0].rule) if plain else PASSED)
