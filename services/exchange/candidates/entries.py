"""An offer or a want as matching sees it: integers and codes, no names and no pictures."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import ClassVar, Final

from services.exchange.items import IN_RINGS, Kind, Preference, Side, Visibility
from shared.amounts import INTEGER_MAX
from shared.contracts.fields import LATITUDE_MAX, LONGITUDE_MAX
from shared.refusals import Kind as RefusalKind
from shared.refusals import Refusal

SERVES: Final = {
    Kind.EXCHANGE: frozenset({Kind.EXCHANGE, Kind.TIME}),
    Kind.TIME: frozenset({Kind.EXCHANGE, Kind.TIME}),
    Kind.LOAN: frozenset({Kind.LOAN}),
    Kind.GIFT: frozenset({Kind.EXCHANGE, Kind.TIME, Kind.LOAN, Kind.GIFT}),
}
"""The kinds of wants that an offer of each kind may serve. What is lent must come back, so it
serves those who want to borrow; a gift serves everybody; who wants a gift gives nothing."""

TEXT_MAX: Final = 160
"""Letters of an entry's text that are compared; a title and a line of description."""
RADIUS_KM_MAX: Final = 20_038
"""Half of the earth's girth: no place is farther away."""
WAITED_MAX: Final = 10_000
RANK_MAX: Final = 10_000
DAY_MAX: Final = 3_652_059
"""The last day that a calendar of four digits knows, as an ordinal."""


class BadEntry(Refusal):
    """An offer or want cannot be matched as it stands."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "bad-entry"
    title: ClassVar[str] = "This offer or want cannot be matched as it stands"


class TwiceTheSame(Refusal):
    """Two entries of one round have one id."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "entry-twice"
    title: ClassVar[str] = "An offer or want is in a round once"


class Tier(IntEnum):
    """How far apart two sides are in the federation; nearer is smaller."""

    NETWORK = 0
    CONTINENT = 1
    WORLD = 2


PREFERRED: Final = {
    Preference.NETWORK: Tier.NETWORK,
    Preference.CONTINENT: Tier.CONTINENT,
    Preference.ANYWHERE: Tier.WORLD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An offer or a want of one round.

    Args:
        id: ``<node>:<uuid7>``; unique in the round.
        owner: the participant, ``<node>:<id>``.
        node, continent: where it is at home.
        category: a code of the tree; one that the tree does not know stands alone.
        text: folded, in any language; empty where nothing is said.
        quantity: in the smallest part of its measure, more than zero; None where nobody measures.
        measure: what is measured (``mass``), empty without a quantity.
        low, high: the value of the whole in the round's common measure; None is no bound.
        floor: the fair-trade floor of category and region, for the whole.
        lat, lon: in 1e-7 degree, both or none.
        radius_km: how far from its place it goes or may come from; None is any distance.
        first_day, last_day: the window, both days within, as ordinals; None is no bound.
        held, required: certificates that its side holds, and that it asks of the other side.
        prefers: how near the other side should be; it orders and refuses nobody.
        waited: rounds in which it was there and stayed unmatched.
        small, women_led, marginalised: what its owner is.
        received: what its owner has received of what it has given in the last twelve months, per
            mille; None where nothing is known.
        blocks: owners and nodes that its owner does not trade with.
        choice: of its owner's entries with the same word at most one is matched.
        rank: of a want, how many others its owner puts first.
    """

    id: str
    owner: str
    node: str
    continent: str = ""
    side: Side
    kind: Kind = Kind.EXCHANGE
    category: str
    text: str = ""
    quantity: int | None = None
    measure: str = ""
    low: int | None = None
    high: int | None = None
    floor: int | None = None
    lat: int | None = None
    lon: int | None = None
    radius_km: int | None = None
    first_day: int | None = None
    last_day: int | None = None
    held: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    visibility: Visibility = Visibility.FEDERATION
    prefers: Preference = Preference.ANYWHERE
    waited: int = 0
    small: bool = False
    women_led: bool = False
    marginalised: bool = False
    received: int | None = None
    blocks: frozenset[str] = frozenset()
    choice: str = ""
    rank: int = 0

    def __post_init__(self) -> None:
        if not (self.id and self.owner and self.node and self.category):
            raise BadEntry("an id, an owner, a node and a category are needed")
        if (self.quantity is None) != (self.measure == ""):
            raise BadEntry("a quantity has a measure, and a measure a quantity")
        if (self.lat is None) != (self.lon is None):
            raise BadEntry("a place has a latitude and a longitude")
        for name, least, most in _RANGES:
            number = getattr(self, name)
            if number is not None and not (type(number) is int and least <= number <= most):
                raise BadEntry(f"{name} is a whole number from {least} to {most}", field=name)
        _ordered(self.low, self.high, "low is at most high")
        _ordered(self.floor, self.high, "the floor is at most the highest value")
        _ordered(self.first_day, self.last_day, "a window ends after it begins")


_RANGES: Final = (
    ("quantity", 1, INTEGER_MAX),
    ("low", 0, INTEGER_MAX),
    ("high", 0, INTEGER_MAX),
    ("floor", 0, INTEGER_MAX),
    ("lat", -LATITUDE_MAX, LATITUDE_MAX),
    ("lon", -LONGITUDE_MAX, LONGITUDE_MAX),
    ("radius_km", 0, RADIUS_KM_MAX),
    ("first_day", 1, DAY_MAX),
    ("last_day", 1, DAY_MAX),
    ("waited", 0, WAITED_MAX),
    ("received", 0, 1_000_000),
    ("rank", 0, RANK_MAX),
)


@dataclass(frozen=True, slots=True, order=True)
class Agreed:
    """A link that two sides have agreed on outside the matching; it is fixed."""

    offer: str
    want: str


def tier_between(one: Entry, other: Entry) -> Tier:
    """Return how far apart two entries are; continents that nobody has named differ."""
    if one.node == other.node:
        return Tier.NETWORK
    if one.continent and one.continent == other.continent:
        return Tier.CONTINENT
    return Tier.WORLD


def ordered(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that rings are made of, by their ids: no other order ever matters.

    Raises:
        TwiceTheSame
    """
    found = sorted((entry for entry in entries if entry.kind in IN_RINGS), key=_by_id)
    for one, other in pairwise(found):
        if one.id == other.id:
            raise TwiceTheSame(one.id)
    return found


def _by_id(entry: Entry) -> str:
    return entry.id


def _ordered(low: int | None, high: int | None, sentence: str) -> None:
    if low is not None and high is not None and low > high:
        raise BadEntry(sentence)
