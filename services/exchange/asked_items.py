"""An offer or a want as it is handed in: the whole of it each time."""

from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from shared.contracts.exchange import (
    ItemKind,
    OwnerWord,
    PreferWord,
    RepeatWord,
    RingsWord,
    TransportWord,
)
from shared.contracts.fields import LINE_PATTERN

OWNER_MAX: Final = 161
WORD_MAX: Final = 100
HANDED_IN_MAX: Final = 200_000
"""Characters of a text that are looked at at all; a limit with a name stands below it."""

EXAMPLE: Final[dict[str, Any]] = {
    "side": "offer",
    "owner": "souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11",
    "title": {"fr": "Huile d'argan, bidons de cinq litres", "ar": "زيت أركان، خمسة لترات"},
    "text": {"fr": "Pressée à froid cette semaine; bidons consignés."},
    "category": "argan-oil",
    "quantity": {"amount": "60", "unit": "l"},
    "value": {"low": 28_000, "high": 32_000, "unit": "MAD", "each": True, "floor": 27_000},
    "place": {"lat": 310_000_000, "lon": -96_800_000, "country": "MA", "locality": "Tamanar"},
    "radius_km": 300,
    "available_from": "2026-11-21",
    "available_until": "2027-02-28",
    "certificates": ["spp", "souss:pgs-arganeraie"],
    "visibility": "federation",
    "rings": "federation",
    "repeat": "monthly",
    "market": "Souk du dimanche, Tamanar",
}

Text = Annotated[str, Field(max_length=HANDED_IN_MAX)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class QuantityIn(_In):
    """So many of a unit, as a decimal with at most three digits behind the point."""

    amount: Annotated[str, Field(max_length=40)] | StrictInt = Field(examples=["2.5"])
    unit: Annotated[str, Field(max_length=WORD_MAX)] = Field(examples=["kg"])


class ValueIn(_In):
    """What it is worth to its owner, in the smallest part of the unit."""

    low: StrictInt = Field(examples=[28_000])
    high: StrictInt = Field(examples=[32_000])
    unit: Annotated[str, Field(max_length=WORD_MAX)] = Field(examples=["MAD"])
    each: bool = Field(default=False, description="Of one unit of the quantity, not of the whole.")
    floor: StrictInt | None = Field(
        default=None, description="Below which a fair trade does not go; on offers.", examples=[27]
    )


class PlaceIn(_In):
    """Where it is or is needed, in 1e-7 degree; it is kept to about a kilometre."""

    lat: StrictInt = Field(examples=[310_000_000])
    lon: StrictInt = Field(examples=[-96_800_000])
    country: Annotated[str, Field(max_length=2)] = Field(default="", examples=["MA"])
    locality: Text = Field(default="", examples=["Tamanar"])


class ItemIn(_In):
    """An offer or a want."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    draft_id: UUID | None = Field(
        default=None,
        description="An id of the asker's for this one item: posted twice with it, it is one.",
        examples=["0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e20"],
    )
    side: Literal["offer", "want"]
    kind: ItemKind = "exchange"
    owner: Annotated[str, Field(max_length=OWNER_MAX)] = Field(
        description="The participant: `<node>:<id>` of an entity, or of a person.",
    )
    owner_kind: OwnerWord = "entity"
    language: Annotated[str, Field(max_length=WORD_MAX)] | None = Field(
        default=None, description="Of texts that are not given by language.", examples=["fr"]
    )
    title: Text | dict[str, Text]
    text: Text | dict[str, Text] = ""
    category: Annotated[str, Field(max_length=WORD_MAX, pattern=LINE_PATTERN)] = Field(
        description="A code of /categories, of the tree or of this network's own leaves.",
    )
    quantity: QuantityIn | None = None
    value: ValueIn | None = None
    place: PlaceIn | None = Field(
        default=None, description="The owner's own place where nothing is said."
    )
    radius_km: StrictInt | None = None
    available_from: date | None = None
    available_until: date | None = None
    expires_on: date | None = Field(
        default=None, description="The last day on which it stands.", examples=["2027-01-31"]
    )
    certificates: list[Annotated[str, Field(max_length=WORD_MAX)]] = Field(
        default=[], max_length=WORD_MAX, description="Held by an offer, required by a want."
    )
    visibility: Literal["network", "federation"] = Field(
        default="federation", description="Who may know of it at all."
    )
    rings: RingsWord | None = Field(
        default=None,
        description="In which rings it may be proposed; `federation` opts in to the rounds.",
    )
    prefer: PreferWord = Field(
        default="network",
        description="How near the others should be: it orders what is found, and refuses nobody.",
    )
    repeat: RepeatWord = "once"
    transport: TransportWord = "either"
    market: Text = ""
    rank: StrictInt = Field(default=0, description="Of a want: how many others come before it.")
    choice: Annotated[str, Field(max_length=WORD_MAX)] = Field(
        default="", description="Of the owner's items with one word at most one is matched."
    )
    pictures: list[Text] = Field(default=[], max_length=WORD_MAX)
    publish: bool = Field(
        default=True, description="Whether it is published at once, or stays a draft."
    )
