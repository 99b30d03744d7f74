"""What an exchange tells of offers and wants, with their whole state each time, and of its rates.

Amounts are integers: a quantity is ``amount / 10**scale`` of its unit, values are in the smallest
part of theirs. Coordinates are rounded to about a kilometre. What is unknown is left out.
"""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, StringConstraints

from shared.contracts.directory import Revision
from shared.contracts.fields import (
    LINE_PATTERN,
    PROSE_PATTERN,
    Country,
    Language,
    Latitude,
    Line,
    Longitude,
    Url,
)
from shared.contracts.profile import LANGUAGES_MAX, Part
from shared.events import Event, Log, published

TITLE_MAX: Final = 120
TEXT_MAX: Final = 2_000
PICTURES_MAX: Final = 5
CERTIFICATES_MAX: Final = 10
RADIUS_KM_MAX: Final = 20_000
AMOUNT_MAX: Final = 10**15
VALUE_MAX: Final = 10**12
"""Ten thousand million of a currency with centimes."""
RANK_MAX: Final = 99
RATES_MAX: Final = 50
RATE_PART_MAX: Final = 10**12

ItemId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}:[0-9a-f-]{36}$")]
Participant = Annotated[
    str, Field(pattern=r"^[a-z0-9-]{1,32}:[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$", max_length=161)
]
"""``<node>:<id>`` of an entity, or of a person under a pseudonym."""
Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_MAX, pattern=LINE_PATTERN)]
Text = Annotated[str, StringConstraints(max_length=TEXT_MAX, pattern=PROSE_PATTERN)]
Titles = Annotated[dict[Language, Title], Field(min_length=1, max_length=LANGUAGES_MAX)]
Texts = Annotated[dict[Language, Text], Field(max_length=LANGUAGES_MAX)]
CategoryCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
OwnCategoryCode = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}:[a-z][a-z0-9-]{0,59}$")
]
UnitWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,19}$")]
ValueUnit = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,63}$")]
Certificate = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9-]{1,32}:)?[a-z][a-z0-9_-]{0,39}$")
]
ChoiceWord = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
WholeDay = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")
]
Stamp = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
    ),
]
Worth = Annotated[int, Field(ge=0, le=VALUE_MAX, strict=True)]

ItemKind = Literal["exchange", "gift", "loan", "time", "share", "sale"]
OpenState = Literal["published", "paused"]
Outcome = Literal["fulfilled", "expired", "withdrawn"]
RingsWord = Literal["none", "network", "federation"]
PreferWord = Literal["network", "continent", "anywhere"]
RepeatWord = Literal["once", "weekly", "monthly", "seasonal", "yearly"]
TransportWord = Literal["giver", "receiver", "either"]
OwnerWord = Literal["entity", "person"]


class PublicQuantity(Part):
    """So many of a unit: ``amount / 10**scale``."""

    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
    scale: Annotated[int, Field(ge=0, le=3)] = 0
    unit: UnitWord


class PublicValue(Part):
    """What it is worth to its owner, as a yardstick; ``each``: of one unit, not of the whole."""

    low: Worth
    high: Worth
    unit: ValueUnit
    each: bool = False
    floor: Worth | None = None


class PublicPlace(Part):
    """Where it is or is needed, to about a kilometre."""

    lat: Latitude
    lon: Longitude
    country: Country | None = None
    locality: Line = ""


class PublicOwnCategory(Part):
    """A leaf that a network has added below the category, with its words."""

    code: OwnCategoryCode
    labels: Titles


class PublicItem(Part):
    """An offer or a want as everybody who may know of it sees it."""

    kind: ItemKind
    state: OpenState = "published"
    owner: Participant
    owner_kind: OwnerWord = "entity"
    title: Titles
    text: Texts = Field(default_factory=dict)
    original_language: Language | None = None
    category: CategoryCode
    own_category: PublicOwnCategory | None = None
    quantity: PublicQuantity | None = None
    value: PublicValue | None = None
    place: PublicPlace | None = None
    radius_km: Annotated[int, Field(ge=0, le=RADIUS_KM_MAX)] | None = None
    available_from: WholeDay | None = None
    available_until: WholeDay | None = None
    expires_at: Stamp | None = None
    certificates: tuple[Certificate, ...] = Field(
        strict=False, max_length=CERTIFICATES_MAX, default=()
    )
    rings: RingsWord = "network"
    prefer: PreferWord = "network"
    repeat: RepeatWord = "once"
    transport: TransportWord = "either"
    market: Line = ""
    rank: Annotated[int, Field(ge=0, le=RANK_MAX)] = 0
    choice: ChoiceWord | None = None
    pictures: tuple[Url, ...] = Field(strict=False, max_length=PICTURES_MAX, default=())


class _ItemTold(Event):
    about_field: ClassVar[str] = "item_id"

    item_id: ItemId
    revision: Revision


class _ItemClosed(_ItemTold):
    outcome: Outcome
    reason: str = Field(default="", max_length=200)


@published
class OfferPosted(_ItemTold):
    """Somebody offers something; the whole offer is told."""

    kind: ClassVar[str] = "exchange.offer.posted"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    item: PublicItem


@published
class OfferAmended(_ItemTold):
    """An offer has changed, was paused or goes on; the whole of it is told."""

    kind: ClassVar[str] = "exchange.offer.amended"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    item: PublicItem


@published
class OfferClosed(_ItemClosed):
    """An offer has found its end; its revision stays as a tombstone."""

    kind: ClassVar[str] = "exchange.offer.closed"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC


@published
class WantPosted(_ItemTold):
    """Somebody needs something; the whole want is told."""

    kind: ClassVar[str] = "exchange.want.posted"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    item: PublicItem


@published
class WantAmended(_ItemTold):
    """A want has changed, was paused or goes on; the whole of it is told."""

    kind: ClassVar[str] = "exchange.want.amended"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    item: PublicItem


@published
class WantClosed(_ItemClosed):
    """A want has found its end; its revision stays as a tombstone."""

    kind: ClassVar[str] = "exchange.want.closed"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC


class PublicRate(Part):
    """``numerator`` smallest parts of the measure are worth ``denominator`` of the unit's."""

    unit: ValueUnit
    numerator: Annotated[int, Field(ge=1, le=RATE_PART_MAX)]
    denominator: Annotated[int, Field(ge=1, le=RATE_PART_MAX)]


@published
class RatesPublished(Event):
    """A node has said what its units are worth in the common measure, all of them anew.

    A proposal between networks names the node and the revision by which it has reckoned.
    """

    kind: ClassVar[str] = "exchange.rates.published"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "node"

    node: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    revision: Revision
    measure: ValueUnit
    rates: tuple[PublicRate, ...] = Field(strict=False, max_length=RATES_MAX)
