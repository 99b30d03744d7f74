"""The public profile of an entity, as it travels in the directory's events.

Nothing in it is personal unless the person wished it to be public: contacts stand here only when
their visibility is public and a consent is recorded at home, and the place is as exact as the
entity allows. There are no floats: coordinates are integers of 1e-7 degree, shares are whole
percent, times are text. Keys are ASCII. What is unknown is empty, so that
``model_dump(exclude_defaults=True)`` of a small profile is small.

The id, the node and the revision stand in the event around the profile. In ``activities`` and
``practices`` the first one is the primary one.
"""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.fields import (
    PROSE_PATTERN,
    Code,
    Country,
    Day,
    Email,
    Evidence,
    Headcount,
    Instant,
    Language,
    Latitude,
    Line,
    Longitude,
    Name,
    Percent,
    Phone,
    Prose,
    Summary,
    Tag,
    Uri,
    Url,
    Word,
)

LANGUAGES_MAX: Final = 24
OPENING_HOURS_MAX: Final = 500
CODES_MAX: Final = 50
TAGS_MAX: Final = 100
LIST_MAX: Final = 50
ADDRESSES_MAX: Final = 200
POLYGONS_MAX: Final = 5
POLYGON_POINTS_MAX: Final = 200
PROVENANCE_MAX: Final = 100
PAY_MAX: Final = 1_000_000

Names = Annotated[dict[Language, Name], Field(max_length=LANGUAGES_MAX)]
Summaries = Annotated[dict[Language, Summary], Field(max_length=LANGUAGES_MAX)]
Texts = Annotated[dict[Language, Prose], Field(max_length=LANGUAGES_MAX)]
Codes = Annotated[tuple[Code, ...], Field(strict=False, max_length=CODES_MAX)]
Point = Annotated[list[Longitude], Field(min_length=2, max_length=2)]
"""Longitude, then latitude, in integers of 1e-7 degree, as GeoJSON orders them."""
Polygon = Annotated[list[Point], Field(min_length=4, max_length=POLYGON_POINTS_MAX)]

Status = Literal["active", "in_planning", "on_hold", "completed", "cancelled"]
ReviewState = Literal["created", "confirmed", "archived", "rejected"]
Economy = Literal["social", "solidarity", "both", "unsaid"]
Precision = Literal["exact", "street", "postcode", "locality", "region", "country"]
LocationVisibility = Literal["exact", "blurred", "country"]
Scope = Literal["", "local", "regional", "national", "international"]
BeneficiarySide = Literal["members", "outside"]
BeneficiaryGroup = Literal[
    "all", "women", "youth", "rural", "disabled", "migrants", "elderly", "other"
]


class Part(BaseModel):
    """A frozen value; fields that it does not know are passed over."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore", strict=True)


class SameAs(Part):
    """Another record of what is said to be the same entity."""

    uri: Uri
    asserted_by: Line = ""
    score: Percent = 100


class Identifier(Part):
    """A number in a register: ``siren``, ``companies_house``, ``ma_ice``, ``wikidata``."""

    scheme: Word
    value: Name


class Translation(Part):
    """How the texts of one language came about; ``by`` is a team or an engine, not a person."""

    lang: Language
    by: Line = ""
    machine: bool = False
    at: Instant | None = None


class LocalForm(Part):
    """The legal form as the country's law calls it."""

    text: Line = ""
    country: Country | None = None
    code: Code | None = None


class Value(Part):
    """How far the entity sees itself on one value, from 0 to 3; levels are never added up."""

    code: Code
    level: Annotated[int, Field(ge=0, le=3)] = 0
    evidence: Evidence = ""


class Certification(Part):
    """A label or guarantee that the entity holds."""

    scheme: Word
    holder_id: Line = ""
    scope: Line = ""
    valid_from: Day | None = None
    valid_to: Day | None = None
    evidence_url: Url | None = None
    verified_by: Line = ""


class Address(Part):
    """A place where the entity is found; the first with ``is_main`` is its seat."""

    street: Line = ""
    locality: Line = ""
    region: Line = ""
    postcode: Line = ""
    country: Country | None = None
    admin1: Line = ""
    admin2: Line = ""
    commune: Line = ""
    is_main: bool = False


class Geo(Part):
    """A point on the map, and how far it may be believed."""

    lat: Latitude
    lon: Longitude
    precision: Precision = "exact"
    source: Literal["given", "geocoded"] = "given"
    geocoder: Line = ""


class Area(Part):
    """Where the entity is at work."""

    scope: Scope = ""
    codes: tuple[Line, ...] = Field(strict=False, max_length=CODES_MAX, default=())
    polygons: tuple[Polygon, ...] = Field(strict=False, max_length=POLYGONS_MAX, default=())


class PublicContacts(Part):
    """The contacts that may be read by everybody, with the consent of whom they reach."""

    email: Email | None = None
    phone: Phone | None = None
    contact_name: Line = ""


class Link(Part):
    """A page elsewhere; ``kind`` is ``website``, ``mastodon``, ``shop`` and so on."""

    url: Url
    kind: Word = "website"
    title: Line = ""


class Image(Part):
    """A picture at its own place, its licence, and words for those who do not see it."""

    url: Url
    licence: Line = ""
    alt: Texts = Field(default_factory=dict)


class PayRatio(Part):
    """The highest pay to the lowest, as a pair of integers: 4 to 1."""

    highest: Annotated[int, Field(ge=1, le=PAY_MAX)]
    lowest: Annotated[int, Field(ge=1, le=PAY_MAX)] = 1


class Beneficiaries(Part):
    """Whom the work reaches: members or people outside, of which group, how many if known."""

    side: BeneficiarySide
    group: BeneficiaryGroup = "all"
    number: Headcount | None = None


class Relationship(Part):
    """``member_of``, ``federates``, ``supplies``, ``founded_by``: and whom."""

    predicate: Word
    object_uri: Uri


class Provenance(Part):
    """Where a field came from."""

    node: Line = ""
    source_record: Line = ""
    retrieved_at: Instant | None = None
    epoch: Annotated[int, Field(ge=0)] | None = None
    page: Annotated[int, Field(ge=0)] | None = None
    event: Annotated[int, Field(ge=0)] | None = None


class ProfileFields(Part):
    """All fields that the profile at home and the public one have in common.

    What is listed is a tuple: an empty one is shared by all profiles, where an empty list would be
    made for each field of each profile that is read.
    """

    name: Name
    legal_name: Line = ""
    nickname: Line = ""
    names: Names = Field(default_factory=dict)
    summary: Summaries = Field(default_factory=dict)
    description: Texts = Field(default_factory=dict)
    mission: Texts = Field(default_factory=dict)
    original_language: Language | None = None
    translations: tuple[Translation, ...] = Field(
        strict=False, max_length=LANGUAGES_MAX, default=()
    )

    uri: Url | None = None
    same_as: tuple[SameAs, ...] = Field(strict=False, max_length=LIST_MAX, default=())
    identifiers: tuple[Identifier, ...] = Field(strict=False, max_length=LIST_MAX, default=())

    status: Status = "active"
    review_state: ReviewState = "created"

    org_structure: Code | None = None
    legal_form: Code | None = None
    legal_form_local: LocalForm | None = None
    membership_type: Code | None = None
    activities: Codes = ()
    activities_ica: Codes = ()
    practices: Codes = ()
    economy: Economy = "unsaid"
    products: Codes = ()
    qualifiers: Codes = ()
    themes: Codes = ()
    tags: tuple[Tag, ...] = Field(strict=False, max_length=TAGS_MAX, default=())
    values: tuple[Value, ...] = Field(strict=False, max_length=LIST_MAX, default=())
    certifications: tuple[Certification, ...] = Field(strict=False, max_length=LIST_MAX, default=())
    labour_types: Codes = ()
    beneficiaries: tuple[Beneficiaries, ...] = Field(strict=False, max_length=LIST_MAX, default=())

    addresses: tuple[Address, ...] = Field(strict=False, max_length=ADDRESSES_MAX, default=())
    geo: Geo | None = None
    location_visibility: LocationVisibility = "exact"
    area_served: Area | None = None

    primary_url: Url | None = None
    rss: Url | None = None
    links: tuple[Link, ...] = Field(strict=False, max_length=LIST_MAX, default=())
    images: tuple[Image, ...] = Field(strict=False, max_length=LIST_MAX, default=())
    opening_hours: Annotated[
        str, StringConstraints(max_length=OPENING_HOURS_MAX, pattern=PROSE_PATTERN)
    ] = ""
    founded_on: Day | None = None
    ended_on: Day | None = None

    members_total: Headcount | None = None
    members_women: Headcount | None = None
    members_men: Headcount | None = None
    members_other: Headcount | None = None
    members_youth: Headcount | None = None
    workers: Headcount | None = None
    board_total: Headcount | None = None
    board_women: Headcount | None = None
    board_youth: Headcount | None = None
    women_led: bool | None = None
    """What the entity says of itself; where it says nothing, the board's numbers tell."""
    pay_ratio: PayRatio | None = None
    rural: bool | None = None
    year: Annotated[int, Field(ge=1800, le=2200)] | None = None
    """The year that the numbers of members, workers and board are of."""

    relationships: tuple[Relationship, ...] = Field(strict=False, max_length=LIST_MAX, default=())
    licence: Line = ""
    attribution: Line = ""
    provenance: dict[Word, Provenance] = Field(max_length=PROVENANCE_MAX, default_factory=dict)

    created_at: Instant | None = None
    updated_at: Instant | None = None
    verified_at: Instant | None = None
    expires_at: Instant | None = None


class PublicProfile(ProfileFields):
    """What the federation may know of an entity."""

    contacts: PublicContacts | None = None
