"""The terms of the utility for many arcs at once; ``utility`` says the same of one arc."""

import numpy as np

from services.exchange.candidates.chances import Chances
from services.exchange.candidates.columns import KINDS, Ints, root, square_of
from services.exchange.candidates.entries import Entry, Tier
from services.exchange.candidates.filters import Filters
from services.exchange.candidates.likeness import Likeness
from services.exchange.candidates.utility import LEAST, TERMS
from services.exchange.candidates.weights import Weights


class Scoring:
    """What arcs of a round are worth, and how likely they are to come true."""

    def __init__(
        self, filters: Filters, likeness: Likeness, weights: Weights, chances: Chances
    ) -> None:
        self._filters, self._likeness, self._weights = filters, likeness, weights
        wants = filters.wants
        self._of_receiver = np.array(
            [_of_receiver(entry, weights) for entry in wants.entries], np.int64
        ).reshape(-1, 6)
        self._chances = np.tile(_row("", chances), (len(wants), 1, 1))
        for number, entry in enumerate(wants.entries):
            if entry.owner in chances.members:
                self._chances[number] = _row(entry.owner, chances)

    def likeness(self, o: Ints, w: Ints) -> Ints:
        """Return how alike the words of pairs are, per mille."""
        return self._likeness.of(self._filters.offers.text[o], self._filters.wants.text[w])

    def chances(self, o: Ints, w: Ints) -> Ints:
        """Return how likely each arc's receiver is to accept, per mille."""
        found: Ints = self._chances[w, self._filters.offers.kind[o], self._filters.tiers(o, w)]
        return found

    def terms(self, o: Ints, w: Ints, likeness: Ints) -> Ints:
        """Return the terms of each arc, one column for each of ``TERMS``."""
        filters, weights = self._filters, self._weights
        offers, wants = filters.offers, filters.wants
        tier = filters.tiers(o, w)
        beyond = (tier > offers.prefers[o]).astype(np.int64) + (tier > wants.prefers[w])
        placed = offers.placed[o] & wants.placed[w]
        tens = root(square_of(offers, wants, o, w)) // 10_000
        distance = np.minimum(weights.ten_km * tens, weights.distance_most) * placed
        receiver = self._of_receiver[w]
        found = np.empty((o.size, len(TERMS)), np.int64)
        found[:, 0] = weights.fit * self._fit(o, w, likeness) // 1_000
        found[:, 1] = np.array([weights.network, weights.continent, 0])[tier]
        found[:, 2] = -weights.beyond * beyond
        found[:, 3:8] = receiver[:, :5]
        found[:, 8] = -distance
        found[:, 9] = receiver[:, 5]
        found[:, 10] = np.maximum(0, LEAST - found[:, :10].sum(axis=1))
        return found

    def _fit(self, o: Ints, w: Ints, likeness: Ints) -> Ints:
        filters, weights = self._filters, self._weights
        offers, wants = filters.offers, filters.wants
        steps = filters.steps(o, w)
        category = np.where(
            steps < 0, weights.by_text, np.maximum(0, 1_000 - weights.level_lost * steps)
        )
        worded = (offers.text[o] != 0) & (wants.text[w] != 0)
        measured = filters.comparable(o, w)
        offered, wanted = offers.quantity[o], wants.quantity[w]
        covered = np.where(offered >= wanted, 1_000, np.minimum(offered, wanted) * 1_000 // wanted)
        points = weights.fit_category * category
        points = points + weights.fit_text * likeness * worded
        points = points + weights.fit_quantity * covered * measured
        whole = weights.fit_category + weights.fit_text * worded + weights.fit_quantity * measured
        found: Ints = points // whole
        return found


def _of_receiver(want: Entry, weights: Weights) -> tuple[int, int, int, int, int, int]:
    """Return the terms that depend on who receives alone: small to received little, and rank."""
    lack = 0 if want.received is None else 1_000 - min(1_000, want.received)
    return (
        weights.small * want.small,
        weights.women_led * want.women_led,
        weights.marginalised * want.marginalised,
        min(weights.waited * want.waited, weights.waited_most),
        weights.received_little * lack // 1_000,
        -min(weights.rank * want.rank, weights.rank_most),
    )


def _row(owner: str, chances: Chances) -> Ints:
    """Return an owner's chances by kind of offer and tier; a nameless one's are the default."""
    return np.array([[chances.of(owner, kind, tier) for tier in Tier] for kind in KINDS], np.int64)
