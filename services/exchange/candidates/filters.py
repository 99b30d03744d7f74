"""The hard rules for many pairs at once; ``rules`` says the same of one pair, in plain words."""

from collections.abc import Callable
from typing import Final

import numpy as np

from services.exchange.candidates.closure import Closure
from services.exchange.candidates.columns import (
    ANY_REACH,
    KINDS,
    Columns,
    Common,
    Ints,
    Mask,
    by_pair,
    square_of,
)
from services.exchange.candidates.entries import SERVES
from services.exchange.candidates.rules import Bounds, Rule
from services.exchange.items import Kind

RULES: Final = tuple(Rule)
PASSED: Final = len(RULES)
NO_STEPS: Final = -1
"""The offer lies beside the wanted category, below its parent."""
FAR: Final = -2
"""The offer lies elsewhere."""

_SERVES: Final = np.array([[want in SERVES.get(offer, ()) for want in KINDS] for offer in KINDS])
_GIFT: Final = KINDS.index(Kind.GIFT)


class Filters:
    """The rules of one round over its offers and wants."""

    def __init__(
        self, offers: Columns, wants: Columns, common: Common, closure: Closure, bounds: Bounds
    ) -> None:
        self.offers, self.wants, self.closure, self.bounds = offers, wants, closure, bounds
        self._categories = [str(code) for code in common.categories.values]
        self._certificates = [frozenset(_set(value)) for value in common.certificates.values]
        self._blocks = [frozenset(_set(value)) for value in common.blocks.values]
        self._owners, self._nodes = common.owners.values, common.nodes.values
        by_rule: dict[Rule, Callable[[Ints, Ints], Mask]] = {
            Rule.OWNER: lambda o, w: offers.owner[o] == wants.owner[w],
            Rule.KIND: lambda o, w: ~_SERVES[offers.kind[o], wants.kind[w]],
            Rule.LEVEL: lambda o, w: self.tiers(o, w) > bounds.level,
            Rule.VISIBILITY: self._visibility,
            Rule.BLOCK: self._block,
            Rule.CATEGORY: lambda o, w: self._category(o, w, np.zeros(o.size, np.int64)),
            Rule.MEASURE: self._measure,
            Rule.CERTIFICATE: self._certificate,
            Rule.WINDOW: self._window,
            Rule.VALUE: self._value,
            Rule.DISTANCE: self._distance,
        }
        self._by_rule = [by_rule[rule] for rule in RULES]

    def first_failed(self, o: Ints, w: Ints, likeness: Ints | None = None) -> Ints:
        """Return the number of the first rule that each pair fails, or ``PASSED``.

        Args:
            o, w: the rows of the offers and wants.
            likeness: how alike the words of each pair are, per mille; None where all pairs are of
                the wanted categories.
        """
        found = np.full(o.size, PASSED, np.int64)
        left = np.arange(o.size)
        # Each rule judges what the rules before it have left: most pairs are few rules' work.
        for number, failed in enumerate(self._by_rule):
            if RULES[number] is not Rule.CATEGORY:
                bad = failed(o, w)
            elif likeness is not None:
                bad = self._category(o, w, likeness[left])
            else:
                continue
            if bad.any():
                found[left[bad]] = number
                good = ~bad
                left, o, w = left[good], o[good], w[good]
        return found

    def tiers(self, o: Ints, w: Ints) -> Ints:
        """Return how far apart pairs are in the federation, as ``Tier`` numbers it."""
        offers, wants = self.offers, self.wants
        continent = offers.continent[o]
        near = (continent == wants.continent[w]) & (continent != 0)
        home = offers.node[o] == wants.node[w]
        return np.where(home, 0, np.where(near, 1, 2)).astype(np.int64)

    def steps(self, o: Ints, w: Ints) -> Ints:
        """Return how many levels each offer lies below what is wanted, NO_STEPS, or FAR."""
        return by_pair(self.offers.category[o], self.wants.category[w], self._steps)

    def comparable(self, o: Ints, w: Ints) -> Mask:
        """Return which pairs say how much, in one measure."""
        measure = self.offers.measure[o]
        found: Mask = (measure == self.wants.measure[w]) & (measure != 0)
        return found

    def _steps(self, offered: int, wanted: int) -> int:
        want, offer = self._categories[wanted], self._categories[offered]
        steps = self.closure.steps(want, offer)
        if steps is not None:
            return steps
        return FAR if self.closure.steps(self.closure.parent(want), offer) is None else NO_STEPS

    def _category(self, o: Ints, w: Ints, likeness: Ints) -> Mask:
        steps = self.steps(o, w)
        found: Mask = (steps == FAR) | ((steps == NO_STEPS) & (likeness < self.bounds.text_least))
        return found

    def _visibility(self, o: Ints, w: Ints) -> Mask:
        hidden = self.offers.hidden[o] | self.wants.hidden[w]
        found: Mask = hidden & (self.offers.node[o] != self.wants.node[w])
        return found

    def _measure(self, o: Ints, w: Ints) -> Mask:
        offered, wanted = self.offers.measure[o], self.wants.measure[w]
        found: Mask = (offered != 0) & (wanted != 0) & (offered != wanted)
        return found

    def _window(self, o: Ints, w: Ints) -> Mask:
        begin = np.maximum(self.offers.first[o], self.wants.first[w])
        found: Mask = begin > np.minimum(self.offers.last[o], self.wants.last[w])
        return found

    def _distance(self, o: Ints, w: Ints) -> Mask:
        reach = np.minimum(self.offers.reach[o], self.wants.reach[w])
        known = self.offers.placed[o] & self.wants.placed[w]
        too_far = square_of(self.offers, self.wants, o, w) > reach
        found: Mask = (reach < ANY_REACH) & (~known | too_far)
        return found

    def _value(self, o: Ints, w: Ints) -> Mask:
        one = self.comparable(o, w)
        lows, highs = (
            choice(
                np.where(one, self.offers.each[end][o], self.offers.whole[end][o]),
                np.where(one, self.wants.each[end][w], self.wants.whole[end][w]),
            )
            for end, choice in ((0, np.maximum), (1, np.minimum))
        )
        gift = (self.offers.kind[o] == _GIFT) | (self.wants.kind[w] == _GIFT)
        found: Mask = (lows > highs) & ~gift
        return found

    def _certificate(self, o: Ints, w: Ints) -> Mask:
        offers, wants = self.offers, self.wants
        return self._lacking(offers.held[o], wants.required[w]) | self._lacking(
            wants.held[w], offers.required[o]
        )

    def _lacking(self, held: Ints, required: Ints) -> Mask:
        found = np.zeros(held.size, bool)
        asked = np.flatnonzero(required)
        sets = self._certificates
        lacking = by_pair(held[asked], required[asked], lambda h, r: not sets[r] <= sets[h])
        found[asked] = lacking.astype(bool)
        return found

    def _block(self, o: Ints, w: Ints) -> Mask:
        offers, wants = self.offers, self.wants
        found = np.zeros(o.size, bool)
        for one, a, other, b in ((offers, o, wants, w), (wants, w, offers, o)):
            asked = np.flatnonzero(one.blocks[a])
            blocks, rows = one.blocks[a][asked], b[asked]
            owners = by_pair(blocks, other.owner[rows], lambda s, x: self._in(s, self._owners[x]))
            nodes = by_pair(blocks, other.node[rows], lambda s, x: self._in(s, self._nodes[x]))
            found[asked] |= (owners | nodes).astype(bool)
        return found

    def _in(self, blocks: int, name: object) -> bool:
        return name in self._blocks[blocks]


def _set(value: object) -> frozenset[str]:
    assert isinstance(value, frozenset)
    return value
