"""What people are told: in five languages, by how much, and nothing of what is hidden."""

import re
import string
from collections.abc import Mapping
from typing import Any

import pytest

from services.exchange.candidates.closure import Closure
from services.exchange.candidates.entries import Entry, Tier
from services.exchange.candidates.explanations import (
    Missing,
    arc_words,
    considered_words,
    figures_words,
    missing_words,
    nearest_missing,
    party_words,
    ring_words,
)
from services.exchange.candidates.figures import Leg, figures
from services.exchange.candidates.rules import UNSPOKEN, Bounds, Failure, Rule
from services.exchange.candidates.search import candidates
from services.exchange.candidates.utility import Term
from services.exchange.candidates.words import LANGUAGES, catalogue, said, tenths
from services.exchange.items import Kind, Visibility
from tests.exchange.candidates.samples import a_round, offer, tree, want

KILO = 10**6


def missing(entry: Entry, *others: Entry) -> Missing | None:
    return nearest_missing(entry, others, Closure(tree()), Bounds(level=Tier.WORLD))


def sentences(found: Missing | None, entry: Entry, language: str = "en") -> list[str]:
    return [plain(one) for one in missing_words(found, entry, language)]


def plain(sentence: str) -> str:
    return re.sub("[\u2068\u2069]", "", sentence)


def fields(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_says_everything_with_the_same_values(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert other.keys() == english.keys()
    for key, sentence in other.items():
        assert fields(sentence) == fields(english[key]), key
        assert language == "en" or sentence != english[key], key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_and_every_rule_has_words(language: str) -> None:
    words = catalogue(language)
    assert all(f"term_{term.value}" in words for term in Term)
    assert all(f"refused_{rule.value}" in words for rule in Rule if rule not in UNSPOKEN)
    assert not any(f"refused_{rule.value}" in words for rule in UNSPOKEN)


def test_other_languages_are_answered_in_english_and_variants_in_their_own() -> None:
    assert said("zgh", "utility", points=3) == "In all: 3 points."
    assert said("pt-BR", "utility", points=3) == "No total: 3 pontos."


def test_a_name_keeps_its_own_direction() -> None:
    assert said("en", "you_give", what="x", who="تعاونية") == (
        "You give \u2068x\u2069 to \u2068تعاونية\u2069."
    )


def test_shares_are_said_with_the_comma_of_the_language() -> None:
    assert [tenths(language, 1_234) for language in LANGUAGES] == [
        "123٫4", "123.4", "123,4", "123,4", "123,4",
    ]  # fmt: skip
    assert tenths("en", -5) == "-0.5"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_arc_is_explained_term_by_term_and_adds_up(language: str) -> None:
    graph = candidates(a_round(400, 3, owners=60), tree())
    for number in range(len(graph)):
        arc = graph.arc(number)
        told = arc_words(arc.terms, language)
        points = [int(re.findall(r"\d+", sentence)[0]) for sentence in told]
        signs = [1 if value > 0 else -1 for value in arc.terms.values() if value]
        assert sum(s * p for s, p in zip(signs, points, strict=False)) == points[-1] == arc.utility


@pytest.mark.parametrize(
    ("offered", "wanted", "sentence"),
    [
        (
            {"lat": 340_331_000, "lon": -50_003_000},
            {"lat": 338_935_000, "lon": -55_473_000, "radius_km": 20},
            "It is too far away. Kilometres beyond the radius: 33.",
        ),
        ({"first_day": 11}, {"last_day": 8}, "The dates miss each other. Days between them: 3."),
        (
            {"low": 125},
            {"high": 100},
            "What is offered is valued 25.0 % above the most that you allow.",
        ),
        (
            {"high": 100},
            {"low": 110},
            "What is offered is worth too little: your lowest value lies 10.0 % above it.",
        ),
        ({}, {"required": frozenset({"organic", "pgs"})}, "Missing certificates: organic, pgs."),
        (
            {"quantity": 5, "measure": "bottle"},
            {"quantity": KILO, "measure": "mass"},
            "The other side measures in another way: wanted is mass, offered is bottle.",
        ),
        (
            {},
            {"radius_km": 5},
            "A radius was given, but one of the two sides has no place.",
        ),
        (
            {"category": "g0.1"},
            {},
            "Something similar is there in a neighbouring category. "
            "A more fitting category or a clearer description could help.",
        ),
    ],
)
def test_what_is_missing_is_said_with_by_how_much(
    offered: Mapping[str, Any], wanted: Mapping[str, Any], sentence: str
) -> None:
    entry = want(**wanted)
    assert sentences(missing(entry, offer(**offered)), entry) == [sentence]
    for language in LANGUAGES:
        assert len(sentences(missing(entry, offer(**offered)), entry, language)) == 1


def test_the_offering_side_is_told_from_its_own_side() -> None:
    entry = offer(low=125)
    assert sentences(missing(entry, want(high=100)), entry) == [
        "Your lowest value lies 25.0 % above what the other side allows."
    ]
    entry = offer(high=100)
    assert sentences(missing(entry, want(low=110)), entry) == [
        "The other side looks for something worth 10.0 % more."
    ]


def test_the_nearest_of_several_is_named_whatever_their_order() -> None:
    entry = want(high=100)
    others = [offer(id=f"fes:{low}", owner=f"fes:{low}", low=low) for low in (180, 110, 150)]
    for order in (others, others[::-1]):
        found = missing(entry, *order)
        assert found == Missing("fes:110", (Failure(Rule.VALUE, 100, ("more",)),))


def test_one_rule_is_nearer_than_two() -> None:
    entry = want(high=100, last_day=8)
    two = offer(id="fes:two", owner="fes:two", low=101, first_day=9)
    one = offer(id="fes:one", owner="fes:one", low=120)
    found = missing(entry, two, one)
    assert found is not None
    assert found.other == "fes:one"


def test_nothing_is_told_of_what_is_hidden_or_of_who_avoids_whom() -> None:
    entry = want(high=100, node="fes")
    hidden = offer(node="rabat", visibility=Visibility.NETWORK, low=101)
    avoiding = offer(blocks=frozenset({entry.owner}), low=101)
    own = offer(owner=entry.owner, low=101)
    lent = offer(kind=Kind.LOAN)
    elsewhere = offer(category="g9.9")
    assert missing(entry, hidden, avoiding, own, lent, elsewhere) is None
    assert sentences(None, entry) == ["Nobody offers anything like it at present."]
    assert sentences(None, offer()) == ["Nobody wants anything like it at present."]


def test_who_had_no_turn_is_told_so() -> None:
    entry = want()
    assert sentences(missing(entry, offer()), entry) == [
        "There is a possible exchange, but no ring could be closed with it this time."
    ]


def a_ring() -> list[Leg]:
    honey = offer(id="fes:honey", owner="fes:a", small=True, women_led=True)
    oil = offer(id="fes:oil", owner="fes:b", category="g1.0")
    wants_oil = want(id="fes:w-oil", owner="fes:a", category="g1.0", small=True, women_led=True)
    wants_honey = want(id="fes:w-honey", owner="fes:b")
    return [
        Leg(offer=honey, want=wants_honey, utility=900),
        Leg(offer=oil, want=wants_oil, utility=300),
    ]


def test_a_ring_is_told_leg_by_leg_and_to_each_party() -> None:
    names = {"fes:a": "Amal", "fes:b": "Badr", "fes:honey": "honey", "fes:oil": "oil"}
    legs = ring_words(a_ring(), "en", names.__getitem__, names.__getitem__)
    assert [plain(leg) for leg in legs] == ["Amal gives honey to Badr.", "Badr gives oil to Amal."]
    mine = party_words(a_ring(), "fes:a", "en", names.__getitem__, names.__getitem__)
    assert [plain(one) for one in mine] == ["You give honey to Badr.", "You receive oil from Badr."]


def test_what_was_considered_is_told_without_what_is_hidden() -> None:
    told = considered_words(
        100, {Rule.BLOCK: 2, Rule.VISIBILITY: 3, Rule.DISTANCE: 40}, 20, 35, "en"
    )
    assert told == [
        "Pairs of an offer and a want that were looked at: 100.",
        "Left out because of the distance: 40.",
        "Left out for other reasons: 5.",
        "Gave way to others of the same offer or want: 20.",
        "Possible exchanges that were weighed: 35.",
    ]


def test_a_round_is_reported_in_figures_and_words() -> None:
    ring = a_ring()
    entries = [*(leg.offer for leg in ring), *(leg.want for leg in ring)]
    entries += [offer(id="fes:x", owner="fes:c", small=True), want(id="fes:y", owner="fes:d")]
    found = figures(entries, [ring], value=972, bound=1_000, best=1_000, fair=972)
    assert found.document() == {
        "participants": 4, "offers": 3, "wants": 3, "served": 2,
        "matched_offers": 2, "matched_wants": 2, "matched_share": 666,
        "rings_by_length": {"2": 1}, "chains": 0, "value": 972, "bound": 1_000, "gap": 28,
        "small_present": 2, "small_served": 1, "women_led_present": 1, "women_led_served": 1,
        "marginalised_present": 0, "marginalised_served": 0, "gini": 625, "fairness_price": 28,
    }  # fmt: skip
    told = [plain(one) for one in figures_words(found, "en")]
    assert told[0] == "Participants who would receive something: 2 of 4 (50.0 %)."
    assert "Small producers: 1 of 2 are served; 50.0 % of all who are served." in told
    for language in LANGUAGES:
        assert len(figures_words(found, language)) == len(told)


def test_a_round_in_which_nothing_happened_has_figures_too() -> None:
    found = figures([], [], value=0, bound=0)
    assert (found.matched_share, found.served_share, found.gap, found.gini) == (0, 0, 0, 0)
    assert found.fairness_price is None


def test_a_chain_of_gifts_counts_its_giver() -> None:
    gift = Leg(offer=offer(kind=Kind.GIFT), want=want(), utility=10)
    found = figures([gift.offer, gift.want], [[gift]], value=10, bound=10)
    assert (found.chains, dict(found.by_length)) == (1, {2: 1})
