"""What comes in and what goes out over HTTP: rings, as their parties see them."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.fields import PROSE_PATTERN
from shared.contracts.rings import (
    REASON_MAX,
    Contact,
    Entry,
    NoteText,
    PartyId,
    RateUsed,
    RingId,
    RingLeg,
    RingState,
    Term,
)

_RING: Final = "souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e31"
_PARTY: Final = "souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11"
_OTHER: Final = "ilhas:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e12"
_AT: Final = "2026-11-21T17:00:00.123Z"
_DAY: Final = "2026-11-23"
_SENTENCE: Final = (
    "You give argan oil (5 l) to Abelha Mestra; you receive thyme honey (20 kg) from Miel du Souss."
)
_LEG: Final[dict[str, Any]] = {
    "giver": _PARTY,
    "receiver": _OTHER,
    "offer": _PARTY,
    "offer_revision": 1,
    "want": _OTHER,
    "want_revision": 1,
    "goods": {"fr": "Huile d'argan"},
    "goods_said": "Huile d'argan",
    "quantity": {"amount": 5, "scale": 0, "unit": "l"},
    "value": 150_000,
    "transport": "giver",
    "place": "market",
    "market": "Souk el Had",
    "from_day": _DAY,
    "until_day": "2026-11-29",
}

AnswerWhy = Literal[
    "distance", "late", "not-needed", "other", "partner", "quality", "quantity", "time",
    "transport", "value", "wrong-item",
]  # fmt: skip
"""Why somebody declines; each word improves the next matching."""
FailWhy = Literal["changed", "damaged", "late", "not-received", "other", "quality", "quantity"]
Way = Literal["party", "telephone"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AcceptIn(_In):
    """A yes, for one of the ring's parties.

    A steward who enters what was said by telephone says so.
    """

    party: PartyId = Field(examples=[_PARTY])
    consents: bool = Field(
        default=False,
        description="Whether the contact may be handed on to the neighbours, for this ring only;"
        " it is erased 90 days after the ring has ended.",
        examples=[True],
    )
    contact: Contact | None = Field(
        default=None,
        examples=[{"name": "Fatima A.", "telephone": "+212 600 000 000", "place": "Tamanar"}],
    )
    way: Way = Field(default="party", examples=["party"])


class DeclineIn(_In):
    """A no, with its reason."""

    party: PartyId = Field(examples=[_PARTY])
    why: AnswerWhy = Field(default="other", examples=["distance"])
    said: Annotated[str, Field(max_length=REASON_MAX, pattern=PROSE_PATTERN)] = Field(
        default="", description="Words that stay in this network.", examples=["Trop loin en hiver"]
    )
    way: Way = Field(default="party", examples=["telephone"])


class LookIn(_In):
    """That a party has seen a proposal, or was told of it."""

    party: PartyId = Field(examples=[_PARTY])


class ReportIn(_In):
    """What has become of a leg."""

    party: PartyId = Field(examples=[_PARTY])
    what: Literal["handed-over", "received", "failed"] = Field(examples=["received"])
    why: FailWhy | None = Field(default=None, examples=["damaged"])
    way: Way = Field(default="party", examples=["party"])


class NoteIn(_In):
    """A few words to the others in the ring."""

    party: PartyId = Field(examples=[_PARTY])
    text: NoteText = Field(examples=["Nous venons jeudi au souk."])


class ResolveIn(_In):
    """Why a doubt is to end."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_MAX, pattern=PROSE_PATTERN)] = (
        Field(examples=["Their node has been silent for a month."])
    )


class ResolvedOut(BaseModel):
    """Whether a doubt has ended, or waits for the word of a second steward."""

    ended: bool = Field(examples=[False])


class ResidualOut(BaseModel):
    """What a party receives beyond what it gives; below zero it gives more."""

    value: int = Field(description="In the unit's smallest part.", examples=[-5_000])
    unit: str = Field(examples=["MAD"])
    text: str = Field(examples=["-50.00 MAD"])


class NeighbourContact(BaseModel):
    """Whom to call; nothing where it was withheld."""

    party: str = Field(examples=[_OTHER])
    withheld: bool = Field(examples=[False])
    contact: Contact | None = Field(
        examples=[{"name": "Inês P.", "telephone": "+351 900 000 000", "place": ""}]
    )


class _PartFields(BaseModel):
    party: str = Field(examples=[_PARTY])
    sentence: str = Field(examples=[_SENTENCE])
    gives: int | None = Field(description="The number of a leg.", examples=[0])
    receives: int | None = Field(description="The number of a leg.", examples=[1])
    residual: ResidualOut
    standing: str = Field(description="Where the party stands.", examples=["held"])
    answer: Literal["accept", "decline"] | None = Field(examples=["accept"])
    way: str = Field(description="How the answer came in.", examples=["party"])
    seen: bool = Field(description="Whether the proposal was looked at.", examples=[True])


class RingItem(_PartFields):
    """A ring in a list, as one of its parties sees it."""

    id: RingId = Field(examples=[_RING])
    state: RingState = Field(examples=["proposed"])
    deadline: str = Field(examples=[_AT])


class PartOut(_PartFields):
    """A party of this node in a ring."""

    contacts: list[NeighbourContact] = []


class LegOut(RingLeg):
    """A leg, with its goods in the language that was asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LEG]})

    goods_said: str


class NoteOut(BaseModel):
    """A few words of a party."""

    id: str = Field(examples=[_RING.partition(":")[2]])
    party: str = Field(examples=[_PARTY])
    text: str = Field(examples=["Nous venons jeudi au souk."])
    at: str = Field(examples=[_AT])


class RingOut(BaseModel):
    """A ring as its parties and the stewards of their nodes see it."""

    id: RingId = Field(examples=[_RING])
    decider: str = Field(description="The node that decides about it.", examples=["souss"])
    state: RingState = Field(examples=["proposed"])
    deadline: str = Field(examples=[_AT])
    level: str = Field(examples=["network"])
    unit: str = Field(examples=["MAD"])
    repairs: str | None = Field(examples=[None])
    names: dict[str, str] = Field(examples=[{_PARTY: "Tafsut n Wargan"}])
    legs: list[LegOut]
    terms: list[Term] = Field(
        description="Why this ring: the terms of its score.",
        examples=[[{"code": "distance", "points": -40, "leg": 0}]],
    )
    rates: list[RateUsed] = Field(examples=[[]])
    history: list[Entry] = Field(examples=[[{"at": _AT, "what": "proposed"}]])
    notes: list[NoteOut]
    parts: list[PartOut]
