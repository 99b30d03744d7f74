"""The hard rules: between which offer and want an arc may be at all, one function for each rule.

This is the plain form, for one pair: it says which rules fail and by how much. ``filters`` holds
the same rules for millions of pairs, and a test holds the two against one another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.exchange.candidates.closure import Closure
from services.exchange.candidates.entries import DAY_MAX, SERVES, Entry, Tier, tier_between
from services.exchange.candidates.places import chord_square, ground_km, reach_square, vector
from services.exchange.items import Kind, Visibility

VALUE_SCALE: Final = 10**9
"""Values are compared for a thousand million of a measure's smallest part (a tonne in mg)."""
VALUE_MOST: Final = 2**62
"""Values beyond are all alike; no machine integer holds what is larger."""


class Rule(StrEnum):
    """The rules in their order: a pair is counted under the first one that it fails."""

    OWNER = "owner"
    KIND = "kind"
    LEVEL = "level"
    VISIBILITY = "visibility"
    BLOCK = "block"
    CATEGORY = "category"
    MEASURE = "measure"
    CERTIFICATE = "certificate"
    WINDOW = "window"
    VALUE = "value"
    DISTANCE = "distance"


UNSPOKEN: Final = frozenset({Rule.OWNER, Rule.KIND, Rule.LEVEL, Rule.VISIBILITY, Rule.BLOCK})
"""Rules that nobody is told of: to name them would tell of what another has hidden or whom
another avoids, or of nothing that its owner could change in the entry."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that a pair fails.

    Args:
        by: by how much, in the rule's own measure: kilometres, days, per mille of the value or of
            the likeness of words, missing certificates; 0 where it is a plain no.
        what: the codes of what is missing: certificates, categories, measures.
    """

    rule: Rule
    by: int = 0
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a round allows: how far apart two sides may be at its level, and which words agree."""

    level: Tier = Tier.WORLD
    text_least: int = 350


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An offer and a want side by side, with what the rules need to know.

    Args:
        likeness: how alike their words are, per mille.
    """

    offer: Entry
    want: Entry
    closure: Closure
    bounds: Bounds
    likeness: int = 0

    @property
    def comparable(self) -> bool:
        """Whether both say how much, in one measure."""
        return bool(self.offer.measure) and self.offer.measure == self.want.measure

    @property
    def steps(self) -> int | None:
        """How many levels the offer's category lies below the want's, or None."""
        return self.closure.steps(self.want.category, self.offer.category)


def failures(pair: Pair) -> list[Failure]:
    """Return every rule that an offer and a want fail, in the order of the rules."""
    return [failure for rule in Rule if (failure := _RULES[rule](pair)) is not None]


def square_between(one: Entry, other: Entry) -> int | None:
    """Return the square of the metres between two places, or None where one is not known."""
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return None
    return chord_square(vector(one.lat, one.lon), vector(other.lat, other.lon))


def value_range(entry: Entry, each: bool) -> tuple[int, int]:
    """Return an entry's values from its floor upwards, of the whole or of one large unit of it.

    Ends are rounded outwards, so that no range closes by rounding.
    """
    low = max(entry.low or 0, entry.floor or 0)
    high = entry.high
    if each:
        whole = entry.quantity or 1
        low = low * VALUE_SCALE // whole
        high = None if high is None else -(-high * VALUE_SCALE // whole)
    return min(low, VALUE_MOST), VALUE_MOST if high is None else min(high, VALUE_MOST)


def _owner(pair: Pair) -> Failure | None:
    return Failure(Rule.OWNER) if pair.offer.owner == pair.want.owner else None


def _kind(pair: Pair) -> Failure | None:
    served = SERVES.get(pair.offer.kind, frozenset())
    return None if pair.want.kind in served else Failure(Rule.KIND)


def _level(pair: Pair) -> Failure | None:
    apart = tier_between(pair.offer, pair.want)
    return Failure(Rule.LEVEL) if apart > pair.bounds.level else None


def _visibility(pair: Pair) -> Failure | None:
    both = {pair.offer.visibility, pair.want.visibility}
    hidden = pair.offer.node != pair.want.node and Visibility.NETWORK in both
    return Failure(Rule.VISIBILITY) if hidden else None


def _block(pair: Pair) -> Failure | None:
    for one, other in ((pair.offer, pair.want), (pair.want, pair.offer)):
        if other.owner in one.blocks or other.node in one.blocks:
            return Failure(Rule.BLOCK)
    return None


def _category(pair: Pair) -> Failure | None:
    if pair.steps is not None:
        return None
    wanted, offered = pair.want.category, pair.offer.category
    # Words alone carry no further than the neighbouring categories, where they are compared.
    if pair.closure.steps(pair.closure.parent(wanted), offered) is None:
        return Failure(Rule.CATEGORY, 1_000, (wanted, offered))
    short = pair.bounds.text_least - pair.likeness
    return Failure(Rule.CATEGORY, short, (wanted, offered)) if short > 0 else None


def _measure(pair: Pair) -> Failure | None:
    measures = (pair.want.measure, pair.offer.measure)
    return Failure(Rule.MEASURE, what=measures) if all(measures) and not pair.comparable else None


def _certificate(pair: Pair) -> Failure | None:
    missing = (pair.want.required - pair.offer.held) | (pair.offer.required - pair.want.held)
    return Failure(Rule.CERTIFICATE, len(missing), tuple(sorted(missing))) if missing else None


def _window(pair: Pair) -> Failure | None:
    begin = max(pair.offer.first_day or 0, pair.want.first_day or 0)
    end = min(pair.offer.last_day or DAY_MAX, pair.want.last_day or DAY_MAX)
    return Failure(Rule.WINDOW, begin - end) if begin > end else None


def _value(pair: Pair) -> Failure | None:
    if Kind.GIFT in (pair.offer.kind, pair.want.kind):
        return None
    low, high = value_range(pair.offer, pair.comparable)
    least, most = value_range(pair.want, pair.comparable)
    if max(low, least) <= min(high, most):
        return None
    if low > most:
        return Failure(Rule.VALUE, _per_mille(low, most), ("more",))
    return Failure(Rule.VALUE, _per_mille(least, high), ("less",))


def _distance(pair: Pair) -> Failure | None:
    radii = [entry.radius_km for entry in (pair.offer, pair.want) if entry.radius_km is not None]
    if not radii:
        return None
    square = square_between(pair.offer, pair.want)
    if square is None:
        # Who says how far it may be needs to know where the other one is.
        return Failure(Rule.DISTANCE)
    if square <= reach_square(min(radii)):
        return None
    return Failure(Rule.DISTANCE, max(1, ground_km(square) - min(radii)))


def _per_mille(above: int, below: int) -> int:
    """Return by how much of the lower one the upper one lies above it, at least one."""
    return max(1, (above - below) * 1_000 // max(1, below))


_RULES: Final[dict[Rule, Callable[[Pair], Failure | None]]] = {
    Rule.OWNER: _owner,
    Rule.KIND: _kind,
    Rule.LEVEL: _level,
    Rule.VISIBILITY: _visibility,
    Rule.BLOCK: _block,
    Rule.CATEGORY: _category,
    Rule.MEASURE: _measure,
    Rule.CERTIFICATE: _certificate,
    Rule.WINDOW: _window,
    Rule.VALUE: _value,
    Rule.DISTANCE: _distance,
}
