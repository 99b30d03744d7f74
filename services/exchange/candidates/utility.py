"""What an arc is worth, in whole points, term by term, so that each can be explained.

This is the plain form, for one arc; ``scoring`` computes the same for all arcs of a round.
"""

from enum import StrEnum
from typing import Final

from services.exchange.candidates.entries import PREFERRED, Entry, tier_between
from services.exchange.candidates.places import straight_km
from services.exchange.candidates.rules import Pair, square_between
from services.exchange.candidates.weights import Weights

LEAST: Final = 1
"""The least that an arc is worth: what may be at all is better than nothing."""


class Term(StrEnum):
    """The terms of an arc's utility, in their order."""

    FIT = "fit"
    TIER = "tier"
    BEYOND = "beyond"
    SMALL = "small"
    WOMEN_LED = "women_led"
    MARGINALISED = "marginalised"
    WAITED = "waited"
    RECEIVED_LITTLE = "received_little"
    DISTANCE = "distance"
    RANK = "rank"
    LEAST = "least"


TERMS: Final = tuple(Term)


def terms(pair: Pair, weights: Weights) -> dict[Term, int]:
    """Return the terms of an arc's utility; their sum is the utility, at least one."""
    offer, want = pair.offer, pair.want
    apart = tier_between(offer, want)
    beyond = sum(apart > PREFERRED[entry.prefers] for entry in (offer, want))
    found = {
        Term.FIT: weights.fit * fit(pair, weights) // 1_000,
        Term.TIER: (weights.network, weights.continent, 0)[apart],
        Term.BEYOND: -weights.beyond * beyond,
        Term.SMALL: weights.small * want.small,
        Term.WOMEN_LED: weights.women_led * want.women_led,
        Term.MARGINALISED: weights.marginalised * want.marginalised,
        Term.WAITED: min(weights.waited * want.waited, weights.waited_most),
        Term.RECEIVED_LITTLE: weights.received_little * _lack(want) // 1_000,
        Term.DISTANCE: -_distance(pair, weights),
        Term.RANK: -min(weights.rank * want.rank, weights.rank_most),
    }
    found[Term.LEAST] = max(0, LEAST - sum(found.values()))
    return found


def fit(pair: Pair, weights: Weights) -> int:
    """Return how well an offer fits a want, per mille, from the parts that are known."""
    steps = pair.steps
    category = weights.by_text if steps is None else max(0, 1_000 - weights.level_lost * steps)
    points, whole = weights.fit_category * category, weights.fit_category
    if pair.offer.text and pair.want.text:
        points += weights.fit_text * pair.likeness
        whole += weights.fit_text
    if pair.comparable:
        points += weights.fit_quantity * covered(pair)
        whole += weights.fit_quantity
    return points // whole


def covered(pair: Pair) -> int:
    """Return how much of what is wanted the offer holds, per mille; both say how much."""
    offered, wanted = pair.offer.quantity or 1, pair.want.quantity or 1
    return 1_000 if offered >= wanted else offered * 1_000 // wanted


def _lack(want: Entry) -> int:
    return 0 if want.received is None else 1_000 - min(1_000, want.received)


def _distance(pair: Pair, weights: Weights) -> int:
    square = square_between(pair.offer, pair.want)
    if square is None:
        return 0
    return min(weights.ten_km * (straight_km(square) // 10), weights.distance_most)
