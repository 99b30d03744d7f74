"""What goes out over HTTP of offers and wants, and what comes in besides them."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.exchange.asked_items import EXAMPLE
from shared.contracts.exchange import ItemId, PublicItem, PublicRate
from shared.contracts.fields import LINE_PATTERN

StateWord = Literal["draft", "published", "paused", "fulfilled", "expired", "withdrawn"]

_ID: Final = "souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e20"
_AT: Final = "2026-11-21T17:00:00.123Z"
_ASKED_ONLY: Final = ("side", "visibility")
_ITEM: Final[dict[str, Any]] = {
    **{name: value for name, value in EXAMPLE.items() if name not in _ASKED_ONLY},
    "kind": "exchange",
    "quantity": {"amount": 60, "scale": 0, "unit": "l"},
}


class ItemOut(BaseModel):
    """An offer or a want, as everybody who may know of it sees it."""

    id: ItemId = Field(examples=[_ID])
    side: Literal["offer", "want"] = Field(examples=["offer"])
    origin: str = Field(description="The node to which it belongs.", examples=["souss"])
    own: bool = Field(description="Whether it belongs to this node.", examples=[True])
    revision: int = Field(examples=[1])
    state: StateWord = Field(examples=["published"])
    visibility: Literal["network", "federation"] = Field(examples=["federation"])
    listed_at: str = Field(description="When it arrived here.", examples=[_AT])
    changed_at: str = Field(description="When its last change arrived here.", examples=[_AT])
    item: PublicItem = Field(examples=[_ITEM])


class ItemInList(ItemOut):
    """An offer or a want in a list, with what is known of its owner."""

    owner_name: str = Field(default="", examples=["Coopérative Tafsut n Wargan"])
    owner_names: dict[str, str] = Field(default={}, examples=[{"ar": "تعاونية تافسوت نوركان"}])
    women_led: bool | None = Field(default=None, examples=[True])


class Publishing(BaseModel):
    """Until when something stands that is published again."""

    model_config = ConfigDict(extra="forbid")

    expires_on: date | None = Field(default=None, examples=["2027-01-31"])


class Closing(BaseModel):
    """How an item ends."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["fulfilled", "withdrawn"] = "withdrawn"
    reason: Annotated[str, Field(max_length=200, pattern=LINE_PATTERN)] = Field(
        default="", description="Why, for everybody to read.", examples=["sold at the fair"]
    )


class CategoryOut(BaseModel):
    """A category of the tree, or a leaf of this network's own."""

    code: str = Field(examples=["argan-oil"])
    above: str = Field(description="The broader one; empty at the top.", examples=["oils"])
    depth: int = Field(examples=[2])
    own: bool = Field(description="Whether this network has added it.", examples=[False])
    leaf: bool = Field(description="Whether no category of the tree stands below.")
    label: str = Field(description="In the language asked for.", examples=["Huile d'argan"])
    labels: dict[str, str] = Field(examples=[{"fr": "Huile d'argan", "ar": "زيت أركان"}])
    activity: str = Field(default="", examples=["activities:a03"])
    product: str = Field(default="", examples=["products-services:73130000"])


class CategoriesOut(BaseModel):
    """Categories: all in their order, or those that a text speaks of, the likeliest first."""

    items: list[CategoryOut]


class CategoryIn(BaseModel):
    """A leaf that this network adds below one of our tree."""

    model_config = ConfigDict(extra="forbid")

    word: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", examples=["tagra"])
    above: Annotated[str, Field(max_length=60)] = Field(examples=["pottery"])
    labels: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[a-z]{2,8}(-[A-Za-z0-9]{1,8})*$")],
            Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")],
        ],
        Field(min_length=1, max_length=24),
    ] = Field(examples=[{"fr": "Tagra en terre cuite"}])
    synonyms: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[a-z]{2,8}(-[A-Za-z0-9]{1,8})*$")],
            Annotated[list[Annotated[str, Field(max_length=120)]], Field(max_length=20)],
        ],
        Field(max_length=24),
    ] = Field(default={}, examples=[{"fr": ["plat à poisson"]}])


class UnitOut(BaseModel):
    """A unit of quantities: so many of its measure's smallest part."""

    code: str = Field(examples=["kg"])
    measure: str = Field(examples=["mass"])
    part: str = Field(description="The measure's smallest part.", examples=["mg"])
    numerator: int = Field(examples=[1_000_000])
    denominator: int = Field(examples=[1])


class UnitsOut(BaseModel):
    """In what quantities and values may be said here."""

    items: list[UnitOut]
    values: list[str] = Field(
        description="Units of value: national money, hours, this network's own.",
        examples=[["MAD", "min", "souss:credit"]],
    )


class RatesIn(BaseModel):
    """What this node's units are worth in a common measure, all of them."""

    model_config = ConfigDict(extra="forbid")

    measure: Annotated[str, Field(max_length=64)] = Field(examples=["EUR"])
    rates: Annotated[list[PublicRate], Field(max_length=50)] = Field(
        examples=[[{"unit": "MAD", "numerator": 92, "denominator": 1000}]]
    )


class RatesOut(BaseModel):
    """The rates of a node; a proposal names the node and the revision."""

    node: str = Field(examples=["souss"])
    revision: int = Field(examples=[3])
    measure: str = Field(examples=["EUR"])
    rates: list[PublicRate]
    published_at: str = Field(examples=[_AT])


class AllRatesOut(BaseModel):
    """The present rates of all nodes."""

    items: list[RatesOut]


class BlocksOut(BaseModel):
    """With whom a participant does not trade."""

    items: list[str] = Field(examples=[["teranga:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e12"]])


class ParticipantOut(BaseModel):
    """An entity as the exchange knows it from its directory."""

    id: str = Field(examples=["souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11"])
    origin: str = Field(examples=["souss"])
    name: str = Field(examples=["Coopérative Tafsut n Wargan"])
    names: dict[str, str] = Field(default={}, examples=[{"ar": "تعاونية تافسوت نوركان"}])
    country: str = Field(default="", examples=["MA"])
    locality: str = Field(default="", examples=["Tamanar"])
    women_led: bool | None = Field(default=None, examples=[True])
    members: int | None = Field(default=None, examples=[42])
    workers: int | None = Field(default=None, examples=[6])
    certificates: list[str] = Field(default=[], examples=[["spp"]])
