"""An offer or a want: what somebody gives or needs, and the rules that it keeps.

One form serves both, because a ring joins the one to the other. Whoever owns an item is a
participant: an entity of the directory or a person under a pseudonym, in both cases
``<node>:<id>``, so that no node can speak of another's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final

from services.exchange.units import MeasureMismatch, base_amount, unit_of
from shared.refusals import Kind as RefusalKind
from shared.refusals import Refusal


class Side(StrEnum):
    """Whether something is given or needed."""

    OFFER = "offer"
    WANT = "want"


class Kind(StrEnum):
    """By which rules something passes."""

    EXCHANGE = "exchange"
    GIFT = "gift"
    LOAN = "loan"
    TIME = "time"
    SHARE = "share"
    SALE = "sale"


IN_RINGS: Final = frozenset({Kind.EXCHANGE, Kind.GIFT, Kind.LOAN, Kind.TIME})
"""The kinds that rings are made of."""


class State(StrEnum):
    """Where an item stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"
    FULFILLED = "fulfilled"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


OPEN: Final = frozenset({State.PUBLISHED, State.PAUSED})
"""The states that others see; the three last ones are closed."""
FOLLOWING: Final[Mapping[State, frozenset[State]]] = {
    State.DRAFT: frozenset({State.PUBLISHED, State.WITHDRAWN}),
    State.PUBLISHED: frozenset({State.PAUSED, State.FULFILLED, State.EXPIRED, State.WITHDRAWN}),
    State.PAUSED: frozenset({State.PUBLISHED, State.FULFILLED, State.EXPIRED, State.WITHDRAWN}),
    # What has run out may be offered once more as it is.
    State.EXPIRED: frozenset({State.PUBLISHED, State.WITHDRAWN}),
    State.FULFILLED: frozenset(),
    State.WITHDRAWN: frozenset(),
}


class Visibility(StrEnum):
    """Who may know of an item at all."""

    NETWORK = "network"
    FEDERATION = "federation"


class Rings(StrEnum):
    """Which rings may be proposed with an item."""

    NONE = "none"
    NETWORK = "network"
    """Rings inside its own network."""
    FEDERATION = "federation"
    """Rounds between networks, too: its owner has opted in."""


class Preference(StrEnum):
    """How near the others should be; it orders what is found and refuses nobody."""

    NETWORK = "network"
    CONTINENT = "continent"
    ANYWHERE = "anywhere"


class Repeat(StrEnum):
    """How often the same is given or needed again."""

    ONCE = "once"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    SEASONAL = "seasonal"
    YEARLY = "yearly"


class Transport(StrEnum):
    """Who brings the goods."""

    GIVER = "giver"
    RECEIVER = "receiver"
    EITHER = "either"


class OwnerKind(StrEnum):
    """What a participant is."""

    ENTITY = "entity"
    PERSON = "person"


class FloorAboveCeiling(Refusal):
    """The lowest value, or the floor, lies above the highest one."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "floor-above-ceiling"
    title: ClassVar[str] = "The lowest value and the price floor are at most the highest value"


class WindowEndsFirst(Refusal):
    """A time window ends before it begins, or has ended already."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "window-ends-first"
    title: ClassVar[str] = "The window ends after it begins, and has not ended yet"


class NotInThisState(Refusal):
    """Something was to happen to an item that its state does not allow."""

    kind: ClassVar[RefusalKind] = RefusalKind.CONFLICT
    slug: ClassVar[str] = "not-in-this-state"
    title: ClassVar[str] = "This cannot happen to an item in this state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """So many of a unit, exactly: ``amount / 10**scale``; two and a half kilograms are 25, 1, kg.

    Args:
        amount: more than zero.
        scale: how many of its digits stand behind the point, 0 to 3.
        unit: a code of ``services.exchange.units``.
    """

    amount: int
    scale: int = 0
    unit: str

    def base(self) -> int:
        """Return the quantity in the smallest part of its measure: milligrams, minutes, pieces."""
        return base_amount(self.amount, self.scale, self.unit)

    def measure(self) -> str:
        """Return what is measured; only quantities of one measure are compared."""
        return unit_of(self.unit).measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What something is worth to its owner, from one value to another; nothing is paid by it.

    Args:
        low, high: in the smallest part of the unit.
        unit: a national currency (``MAD``), ``min`` for hours, or a network's own unit.
        each: whether the values are of one unit of the quantity, or of the whole.
        floor: below which a fair trade does not go, on offers only.
    """

    low: int
    high: int
    unit: str
    each: bool = False
    floor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the goods are or are needed, to about a kilometre; coordinates in 1e-7 degree."""

    lat: int
    lon: int
    country: str = ""
    locality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCategory:
    """A leaf that a network has added below one of ours."""

    code: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An offer or a want as it stands; an empty field says nothing.

    Args:
        item_id: ``<node>:<uuid7>``.
        revision: rises with each change.
        owner, owner_kind: the participant, ``<node>:<id>``.
        title, text: by language.
        category: a code of our tree, also where the network has a narrower leaf of its own.
        radius_km: how far from its place it goes or may come from; None for any distance.
        available_from, available_until: the window, days as ``2026-11-21``.
        expires_at: when it closes by itself, as a moment in UTC.
        certificates: held by an offer, required by a want.
        rank: of a want, how many others its owner puts first.
        choice: of its owner's items with the same word at most one is matched at a time.
        market: a named place of handing over.
        pictures: addresses that people may follow and no node fetches.
    """

    item_id: str
    side: Side
    kind: Kind
    state: State
    visibility: Visibility
    revision: int
    owner: str
    owner_kind: OwnerKind
    title: Mapping[str, str]
    text: Mapping[str, str] = field(default_factory=dict)
    original_language: str = ""
    category: str
    own_category: OwnCategory | None = None
    quantity: Quantity | None = None
    value: Value | None = None
    place: Place | None = None
    radius_km: int | None = None
    available_from: str = ""
    available_until: str = ""
    expires_at: str = ""
    certificates: tuple[str, ...] = ()
    rings: Rings = Rings.NETWORK
    prefer: Preference = Preference.NETWORK
    repeat: Repeat = Repeat.ONCE
    transport: Transport = Transport.EITHER
    market: str = ""
    rank: int = 0
    choice: str = ""
    pictures: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """The node whose item it is."""
        return self.item_id.partition(":")[0]


def following(present: State, wanted: State) -> State:
    """Return the state that follows.

    Raises:
        NotInThisState: nothing leads from the one to the other.
    """
    if wanted not in FOLLOWING[present]:
        raise NotInThisState(f"from {present} to {wanted}", state=present.value)
    return wanted


def whole_value(item: Item, base: int | None = None) -> tuple[int, int] | None:
    """Return the value range of so much of an item, in the smallest part of its value's unit.

    What one unit is worth is multiplied exactly; the lower end is rounded down and the upper one
    up, so that no range closes by rounding. The lower end is never below the fair floor.

    Args:
        item: the offer or want.
        base: how much of it in its measure's smallest part; all of it where nothing is said.

    Raises:
        MeasureMismatch: a part is asked of something that has no quantity.
    """
    if (value := item.value) is None:
        return None
    low = value.low if value.floor is None else max(value.low, value.floor)
    if item.quantity is None:
        if base is not None:
            raise MeasureMismatch("it has no quantity")
        return low, value.high
    whole = item.quantity.base()
    wanted = whole if base is None else base
    if value.each:
        unit = unit_of(item.quantity.unit)
        numerator, denominator = wanted * unit.denominator, unit.numerator
    else:
        numerator, denominator = wanted, whole
    return low * numerator // denominator, -(-value.high * numerator // denominator)
