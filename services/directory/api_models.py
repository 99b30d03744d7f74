"""What comes in over HTTP and what goes out: entities."""

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, RootModel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from services.directory.profile import Profile
from services.directory.search import Found
from shared.contracts.directory import EntityId
from shared.contracts.profile import PublicProfile

Visibility = Literal["federation", "network"]

_ID: Final = "souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11"
_AT: Final = "2026-11-21T17:00:00.123Z"
_ENTRY: Final[dict[str, Any]] = {
    "name": "Coopérative Tafsut n Wargan",
    "names": {"ar": "تعاونية تافسوت نوركان"},
    "summary": {"fr": "Huile d'argan, pressée par quarante-deux femmes de six douars."},
    "practices": ["practice:producer-coop", "practice:fair-trade"],
    "activities": ["activities:a01"],
    "economy": "both",
    "addresses": [{"locality": "Tamanar", "country": "MA", "is_main": True}],
    "geo": {"lat": 310_007_000, "lon": -96_803_000, "precision": "locality"},
    "location_visibility": "blurred",
    "primary_url": "https://tafsut-wargan.example.org",
    "founded_on": "2009",
    "members_total": 42,
    "tags": ["huile d'argan"],
}
_CONTACTS: Final[dict[str, Any]] = {
    "phone": {
        "value": "+212 600 000 000",
        "visibility": "members",
        "consent": {"at": "2026-11-01T10:00:00Z", "by": "the board"},
    }
}


class EntityFields(Profile):
    """An entity as its network enters it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_ENTRY, "contacts": _CONTACTS}]},
    )

    visibility: Annotated[
        Visibility, Field(description="Who may know of the entity at all.", examples=["network"])
    ] = "federation"


class EntityIn(RootModel[dict[str, Any]]):
    """An entity as it is entered: the whole of it each time.

    It is read more kindly than its schema says: a term may be its code, its address or its label in
    any of the five languages, texts are cleaned, and what is wrong is refused by its name.
    """

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> JsonSchemaValue:
        """Return the schema of what is taken in the end."""
        return handler(EntityFields.__pydantic_core_schema__)


class EntityOut(BaseModel):
    """An entity, as everybody who may know of it sees it."""

    id: EntityId = Field(examples=[_ID])
    origin: str = Field(description="The node to which it belongs.", examples=["souss"])
    own: bool = Field(description="Whether it belongs to this node.", examples=[True])
    revision: int = Field(examples=[3])
    visibility: Visibility = Field(examples=["federation"])
    listed_at: str = Field(description="When it arrived in this directory.", examples=[_AT])
    changed_at: str = Field(description="When its last change arrived here.", examples=[_AT])
    profile: PublicProfile = Field(examples=[_ENTRY])


class EntityAtHomeOut(BaseModel):
    """An entity as its own node keeps it, contacts and exact place included."""

    id: EntityId = Field(examples=[_ID])
    revision: int = Field(examples=[3])
    visibility: Visibility = Field(examples=["federation"])
    profile: Profile = Field(examples=[{**_ENTRY, "contacts": _CONTACTS}])


class EntityItem(BaseModel):
    """An entity in a list: enough to show a card and a pin, and no contacts."""

    id: EntityId = Field(examples=[_ID])
    origin: str = Field(examples=["souss"])
    own: bool = Field(examples=[True])
    revision: int = Field(examples=[3])
    changed_at: str = Field(examples=[_AT])
    name: str = Field(examples=[_ENTRY["name"]])
    names: dict[str, str] = Field(default={}, examples=[_ENTRY["names"]])
    summary: dict[str, str] = Field(default={}, examples=[_ENTRY["summary"]])
    country: str = Field(default="", examples=["MA"])
    locality: str = Field(default="", examples=["Tamanar"])
    practices: list[str] = Field(default=[], examples=[_ENTRY["practices"]])
    activities: list[str] = Field(default=[], examples=[_ENTRY["activities"]])
    lat: int | None = Field(default=None, description="In 1e-7 degree.", examples=[310_000_000])
    lon: int | None = Field(default=None, description="In 1e-7 degree.", examples=[-97_000_000])


class OriginCount(BaseModel):
    """How many entities there are of one node."""

    origin: str = Field(examples=["souss"])
    entities: int = Field(examples=[35])


class CountsOut(BaseModel):
    """How many entities are seen here, of whose nodes."""

    own: OriginCount
    others: list[OriginCount]
    total: int = Field(examples=[176])


def item_of(found: Found, *, own: str) -> EntityItem:
    """Return an entity as a list shows it."""
    profile: dict[str, Any] = orjson.loads(found.profile)
    addresses: list[dict[str, Any]] = profile.get("addresses", [])
    seat = next((one for one in addresses if one.get("is_main")), addresses[0] if addresses else {})
    geo = profile.get("geo", {})
    return EntityItem(
        id=found.id,
        origin=found.origin,
        own=found.origin == own,
        revision=found.revision,
        changed_at=found.changed_at,
        name=profile["name"],
        names=profile.get("names", {}),
        summary=profile.get("summary", {}),
        country=seat.get("country", ""),
        locality=seat.get("locality", ""),
        practices=profile.get("practices", []),
        activities=profile.get("activities", []),
        lat=geo.get("lat"),
        lon=geo.get("lon"),
    )
