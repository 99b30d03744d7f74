"""Rings between nodes: the plan that all parties see, the letters, and the report of a round.

A ring has one decider, the node in its id. The decider writes the ring's history, and tells it
whole each time; everybody else asks it, answers it and repeats what it said. So a letter that is
lost, late or doubled does no harm: of a ring the longest history is kept.
See docs/protocol/rings.md.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.amounts import UnitCode, Whole
from shared.contracts.fields import Language, Line, Phone, Word
from shared.events import Event, Log, published

LEGS_MAX: Final = 8
"""How many legs a ring has at most; rounds propose fewer."""
TERMS_MAX: Final = 40
ENTRIES_MAX: Final = 120
NOTE_MAX: Final = 1_000
REASON_MAX: Final = 500
TITLES_MAX: Final = 8
TITLE_MAX: Final = 120
RATES_MAX: Final = 16

Node = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$")]
_OF_NODE: Final = r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?:"
RingId = Annotated[str, Field(pattern=_OF_NODE + r"[0-9a-f-]{36}$")]
"""``<decider>:<uuid7>``: nobody proposes a ring in another's name."""
ItemId = Annotated[str, Field(pattern=_OF_NODE + r"[0-9a-f-]{36}$")]
PartyId = Annotated[str, Field(pattern=_OF_NODE + r"[A-Za-z0-9._~-]{1,128}$")]
"""An entity or a person under a pseudonym, ``<node>:<id>``."""
Revision = Annotated[int, Field(ge=1, le=2**53 - 1, strict=True)]
Version = Annotated[int, Field(ge=0, le=10_000, strict=True)]
LegNumber = Annotated[int, Field(ge=0, lt=LEGS_MAX, strict=True)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Stamp = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"),
]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_MAX)]
NoteText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=NOTE_MAX,
        pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$",
    ),
]


class RingState(StrEnum):
    """Where a ring stands, as its decider says."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    IN_DELIVERY = "in-delivery"
    SETTLED = "settled"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


FINAL: Final = frozenset({RingState.SETTLED, RingState.BROKEN, RingState.WITHDRAWN})
"""States after which nothing happens to a ring any more."""
AGREED: Final = frozenset({RingState.CONFIRMED, RingState.IN_DELIVERY})
"""States in which all have accepted, and goods are under way."""


class What(StrEnum):
    """What an entry of a ring's history tells."""

    PROPOSED = "proposed"
    OPENED = "opened"
    """Every slot is held: from now on the parties are asked."""
    REFUSED = "refused"
    """A slot could not be held, or its hold has ended before its owner accepted."""
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SILENT = "silent"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    HANDED_OVER = "handed-over"
    RECEIVED = "received"
    FAILED = "failed"
    RESOLVED = "resolved"
    """Two stewards have ended a party's doubt."""
    SETTLED = "settled"
    BROKEN = "broken"


REPORTED: Final = frozenset({What.HANDED_OVER, What.RECEIVED, What.FAILED})
"""What parties report of a leg."""

Why = Literal[
    "",
    "changed",
    "damaged",
    "distance",
    "late",
    "limit",
    "not-needed",
    "not-received",
    "other",
    "overdue",
    "partner",
    "quality",
    "quantity",
    "resolved",
    "silence",
    "superseded",
    "taken",
    "time",
    "transport",
    "unknown",
    "value",
    "wrong-item",
]
"""Reasons, as words that every release translates."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class RingQuantity(_Part):
    """So many of a unit: ``amount / 10**scale``."""

    amount: Annotated[Whole, Field(ge=1)]
    scale: Annotated[int, Field(ge=0, le=3, strict=True)] = 0
    unit: UnitCode


class RingLeg(_Part):
    """One party gives something to the next.

    Args:
        offer, want: the items that meet, with the revisions that the proposer has seen.
        goods: the offer's title by language.
        value: what both sides take it to be worth, in the smallest part of the plan's unit.
        transport: who brings the goods.
        place: whose place they are handed over at; a market is named.
        from_day, until_day: between which days.
        gift: nothing is expected for it.
    """

    giver: PartyId
    receiver: PartyId
    offer: ItemId
    offer_revision: Revision
    want: ItemId
    want_revision: Revision
    goods: Annotated[dict[Language, Title], Field(min_length=1, max_length=TITLES_MAX)]
    category: Annotated[str, Field(max_length=105)] = ""
    quantity: RingQuantity | None = None
    value: Annotated[Whole, Field(ge=0)] = 0
    transport: Literal["giver", "receiver"] = "giver"
    place: Literal["giver", "receiver", "market"] = "receiver"
    market: Line = ""
    from_day: Day
    until_day: Day
    gift: bool = False


class Term(_Part):
    """One term of a ring's score: ``distance``, -40 points, of leg 2; of the ring where none."""

    code: Word
    points: Whole
    leg: LegNumber | None = None


class RateUsed(_Part):
    """By which published rates values were brought to the plan's unit."""

    node: Node
    revision: Revision
    unit: UnitCode


class RingPlan(_Part):
    """A ring as it is proposed; it never changes.

    Args:
        unit: of the values and residuals.
        names: how the parties are called.
        deadline: until when all must have accepted, by the decider's clock.
        terms: why this ring, in the public weights.
        level: of the round that found it.
        repairs: the ring in whose place it stands.
        chain: a chain of gifts with open ends.
    """

    ring_id: RingId
    unit: UnitCode
    legs: Annotated[list[RingLeg], Field(min_length=1, max_length=LEGS_MAX)]
    names: Annotated[dict[PartyId, Title], Field(max_length=LEGS_MAX + 1)] = {}
    deadline: Stamp
    terms: Annotated[list[Term], Field(max_length=TERMS_MAX)] = []
    rates: Annotated[list[RateUsed], Field(max_length=RATES_MAX)] = []
    level: Literal["network", "continent", "world"] = "network"
    repairs: RingId | None = None
    chain: bool = False

    @property
    def decider(self) -> str:
        """The node that decides about the ring."""
        return self.ring_id.partition(":")[0]


class Entry(_Part):
    """One line of a ring's history, by the decider's clock."""

    at: Stamp
    what: What
    party: PartyId | None = None
    number: Annotated[int, Field(ge=1, le=9, strict=True)] | None = None
    """Of an answer: which of the party's answers it is."""
    leg: LegNumber | None = None
    why: Why = ""


Entries = Annotated[list[Entry], Field(max_length=ENTRIES_MAX)]


class RingProposed(_Part):
    """Decider to an owner's node: hold your slots for this ring."""

    kind: ClassVar[str] = "ring.proposed"

    plan: RingPlan
    entries: Entries


class RingHeld(_Part):
    """Owner's node to decider: all slots of ours are held."""

    kind: ClassVar[str] = "ring.held"

    ring_id: RingId


class RingRefused(_Part):
    """Owner's node to decider: a slot is not held, or its hold ended before it was accepted."""

    kind: ClassVar[str] = "ring.refused"

    ring_id: RingId
    party: PartyId
    why: Why


class RingAnswered(_Part):
    """Owner's node to decider: a party accepts or declines; of two answers the higher counts."""

    kind: ClassVar[str] = "ring.answered"

    ring_id: RingId
    party: PartyId
    number: Annotated[int, Field(ge=1, le=9, strict=True)]
    accepts: bool
    why: Why = ""


class RingDecided(_Part):
    """Decider to an owner's node: the whole history so far, and where it has led.

    A ring of which the decider knows nothing is withdrawn by this, for ever: a tombstone.
    """

    kind: ClassVar[str] = "ring.decided"

    ring_id: RingId
    state: RingState
    entries: Entries


class RingAsked(_Part):
    """Owner's node to decider: how does it stand? Repeated ever more rarely until it has ended.

    Args:
        version: how many entries of its history we were told.
        seen: who of ours has looked at the proposal.
    """

    kind: ClassVar[str] = "ring.asked"

    ring_id: RingId
    version: Version
    seen: Annotated[list[PartyId], Field(max_length=LEGS_MAX)] = []


class RingReported(_Part):
    """Owner's node to decider: a leg was handed over or received, or has failed."""

    kind: ClassVar[str] = "ring.reported"

    ring_id: RingId
    leg: LegNumber
    what: Literal[What.HANDED_OVER, What.RECEIVED, What.FAILED]
    why: Why = ""


class RingResolved(_Part):
    """Owner's node to decider: two stewards have ended the doubt; our slots are free."""

    kind: ClassVar[str] = "ring.resolved"

    ring_id: RingId
    party: PartyId


class RingContact(_Part):
    """Owner's node to the node of a neighbour in the ring: whom to call, for this ring only.

    Args:
        withheld: no consent was given; the network's stewards put the two through.
    """

    kind: ClassVar[str] = "ring.contact"

    ring_id: RingId
    party: PartyId
    for_party: PartyId
    withheld: bool = False
    name: Line = ""
    telephone: Annotated[str, Field(max_length=40)] = ""
    place: Line = ""


class RingContactAsked(_Part):
    """Owner's node to the node of a neighbour: we have not got your party's contact yet."""

    kind: ClassVar[str] = "ring.contact-asked"

    ring_id: RingId
    party: PartyId
    for_party: PartyId


class RingNoted(_Part):
    """A party's note, to the nodes of all other parties."""

    kind: ClassVar[str] = "ring.noted"

    ring_id: RingId
    note_id: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    party: PartyId
    at: Stamp
    text: NoteText


RingLetter = (
    RingProposed
    | RingHeld
    | RingRefused
    | RingAnswered
    | RingDecided
    | RingAsked
    | RingReported
    | RingResolved
    | RingContact
    | RingContactAsked
    | RingNoted
)
LETTERS: Final[Mapping[str, type[RingLetter]]] = MappingProxyType(
    {
        letter.kind: letter
        for letter in (
            RingProposed,
            RingHeld,
            RingRefused,
            RingAnswered,
            RingDecided,
            RingAsked,
            RingReported,
            RingResolved,
            RingContact,
            RingContactAsked,
            RingNoted,
        )
    }
)
"""The letters of rings by their kind."""


class LengthCount(_Part):
    """How many rings of a length a round proposed."""

    length: Annotated[int, Field(ge=1, le=LEGS_MAX, strict=True)]
    rings: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]


class Fairness(_Part):
    """How a round's gains were spread; shares and the Gini index per mille.

    Args:
        served: participants who are in a ring, of those who took part.
        small_producers, women_led: their shares of those served.
        gini: of what participants gain.
        price: what fairness cost, (optimum - fair) / optimum.
    """

    participants: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)] = 0
    served: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)] = 0
    small_producers: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    women_led: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    gini: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    price: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None


@published
class RoundReported(Event):
    """How a round of matching went, in counts; it names nobody.

    Args:
        input_hash: SHA-256 of what was matched, so that others can check the certificate.
        objective, bound: in points of the public weights; the optimum lies between them.
        gap: (bound - objective) / bound in parts per million.
    """

    kind: ClassVar[str] = "exchange.round.reported"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "round_id"

    round_id: RingId
    level: Literal["network", "continent", "world"]
    input_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    cap: Annotated[int, Field(ge=2, le=LEGS_MAX, strict=True)]
    offers: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
    wants: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
    arcs: Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]
    rings: Annotated[list[LengthCount], Field(max_length=LEGS_MAX)] = []
    objective: Annotated[Whole, Field(ge=0)]
    bound: Annotated[Whole, Field(ge=0)]
    gap: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    fairness: Fairness = Fairness()


class Contact(_Part):
    """Whom to call about a hand-over, and where; given by its owner for one ring."""

    name: Line
    telephone: Phone
    place: Line = ""
