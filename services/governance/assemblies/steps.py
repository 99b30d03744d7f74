"""What can be recorded of an assembly: one class for each kind of step.

People are pseudonymous everywhere: ``p:<person>`` and ``e:<entity>`` on the roll, and the ids of
persons where somebody acts. Names stand on paper, and in the directory.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    model_validator,
)

from services.governance.rules import Electorate, Method, Option, Quorum, Rule
from shared.cleaning import line, prose
from shared.contracts.fields import LINE_PATTERN, PROSE_PATTERN, Language
from shared.contracts.rings import Stamp

LANGUAGES_MAX: Final = 12
TITLE_MAX: Final = 250
TEXT_MAX: Final = 4_000
AGENDA_MAX: Final = 60
OPTIONS_MAX: Final = 200
SENT_TO_MAX: Final = 20_000
"""How many people one entry of sending names; more are entered in several."""
HANDS_MAX: Final = 1_000_000
SIGNED_SIZE_MAX: Final = 2**31


def _line(text: str) -> str:
    return _something(line(text), TITLE_MAX)


def _prose(text: str) -> str:
    return _something(prose(text), TEXT_MAX)


def _something(text: str, most: int) -> str:
    if not text:
        raise ValueError("nothing that can be seen stands here")
    # Some letters become several when they are composed.
    if len(text) > most:
        raise ValueError(f"at most {most} characters")
    return text


Voter = Annotated[str, Field(pattern=r"^[pe]:[a-z0-9][a-z0-9:-]{0,99}$")]
"""Who stands on a roll: ``p:<person>`` or ``e:<entity>``."""
PersonId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A person under a pseudonym, as tokens say it."""
Title = Annotated[
    str, Field(min_length=1, max_length=TITLE_MAX, pattern=LINE_PATTERN), AfterValidator(_line)
]
Words = Annotated[
    str, Field(min_length=1, max_length=TEXT_MAX, pattern=PROSE_PATTERN), AfterValidator(_prose)
]
Titles = Annotated[dict[Language, Title], Field(min_length=1, max_length=LANGUAGES_MAX)]
Texts = Annotated[dict[Language, Words], Field(min_length=1, max_length=LANGUAGES_MAX)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
OURS: Final[dict[str, JsonValue]] = {"readOnly": True}
"""Marks what is filled in here, whatever is handed in."""
Hands = Annotated[int, Field(ge=0, le=HANDS_MAX, strict=True)]


class Part(BaseModel):
    """A value that does not change, with nothing in it that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(Part):
    """A point of the agenda: information, a vote by show of hands, or a ballot on phones."""

    title: Titles
    text: Annotated[dict[Language, Words], Field(max_length=LANGUAGES_MAX)] = {}
    how: Literal["information", "room", "phones"] = "information"
    rule: Rule | None = None
    options: tuple[Option, ...] = Field(default=(), max_length=OPTIONS_MAX)
    names: Annotated[dict[str, Titles], Field(max_length=OPTIONS_MAX)] = {}
    """What the options are called, by code and language."""

    @model_validator(mode="after")
    def _fits_how_it_is_voted(self) -> Self:
        if (self.how == "information") != (self.rule is None):
            raise ValueError("what is voted on has a rule, and nothing else has")
        if self.how == "room" and self.rule and self.rule.method is not Method.YES_NO:
            raise ValueError("hands are raised for yes or no; other methods are for phones")
        codes = [option.code for option in self.options]
        if len(set(codes)) < len(codes) or set(self.names) != set(codes):
            raise ValueError("each option stands once, and has its name")
        return self


class _Step(Part):
    happened_at: Stamp | None = None
    """When it happened, where it is entered afterwards from paper; else when it was recorded."""


class Called(_Step):
    """The call: when, where, about what, and by which rules of the statutes."""

    what: Literal["called"] = "called"
    kind: Literal["ordinary", "extraordinary"]
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=LANGUAGES_MAX)]
    title: Titles
    place: Titles
    meets_at: Stamp
    zone: Annotated[str, Field(pattern=r"^[A-Za-z0-9_+/-]{1,40}$")] = "UTC"
    """The zone in which its hours are printed, for example ``Africa/Casablanca``."""
    agenda: Annotated[tuple[Item, ...], Field(min_length=1, max_length=AGENDA_MAX)]
    electorate: Electorate = Electorate()
    notice_days: int = Field(default=15, ge=0, le=365, strict=True)
    """How many days before it everybody is called, at least."""
    second_notice_days: int = Field(default=3, ge=0, le=365, strict=True)
    """The same for a second call, which is often sooner."""
    quorum: Quorum | None = None
    quorum_each_vote: bool = True
    """Whether the quorum has to be there at each vote, or at the opening alone."""
    proxies_max: int = Field(default=2, ge=0, le=10, strict=True)
    chair: PersonId
    secretary: PersonId
    tellers: Annotated[tuple[PersonId, ...], Field(min_length=2, max_length=12)]


class Sent(_Step):
    """Proof that people were called: to whom, by which channel, when.

    ``portal`` is sent by this software itself; of the others somebody says that they were.
    """

    what: Literal["sent"] = "sent"
    to: Annotated[tuple[Voter, ...], Field(max_length=SENT_TO_MAX)] = ()
    everybody: bool = False
    """To all who may take part as the register has them; their ids are filled in."""
    channel: Literal["portal", "mail", "post", "hand", "telephone", "message", "notice-board"]
    evidence: Sha256 | None = None
    """The hash of a receipt, a list of signatures, a picture of the board."""


class CalledAgain(_Step):
    """The second call, after a first one without its quorum."""

    what: Literal["called-again"] = "called-again"
    meets_at: Stamp
    place: Titles | None = None


class Named(_Step):
    """Who chairs, writes and counts from now on: assemblies often choose them as they begin."""

    what: Literal["named"] = "named"
    chair: PersonId
    secretary: PersonId
    tellers: Annotated[tuple[PersonId, ...], Field(min_length=2, max_length=12)]


class DoorsOpened(_Step):
    """Attendance is taken from now on, against the roll that is frozen at the first call."""

    what: Literal["doors-opened"] = "doors-opened"
    roll_root: str = Field(default="", json_schema_extra=OURS)
    roll_size: int = Field(default=0, ge=0, strict=True, json_schema_extra=OURS)


class Arrived(_Step):
    """A member is in the room, in person; an entity by its delegate."""

    what: Literal["arrived"] = "arrived"
    voter: Voter
    acts: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    """For an entity: which person acts for it."""


class Represented(_Step):
    """An absent member is stood for by one who is in the room, with a written power."""

    what: Literal["represented"] = "represented"
    voter: Voter
    holder: Voter
    evidence: Sha256 | None = None


class Left(_Step):
    """A member has left the room; those for whom they stood are no longer represented."""

    what: Literal["left"] = "left"
    voter: Voter


class Struck(_Step):
    """An attendance that was entered by mistake does not count; why is kept."""

    what: Literal["struck"] = "struck"
    voter: Voter
    reason: Words


class Opened(_Step):
    """The chair opens the session, the quorum being there."""

    what: Literal["opened"] = "opened"


class NotQuorate(_Step):
    """The chair states that the quorum is not there, and sends the people home."""

    what: Literal["not-quorate"] = "not-quorate"


class VoteOpened(_Step):
    """The chair puts a point to the vote; who is in the room now may vote."""

    what: Literal["vote-opened"] = "vote-opened"
    item: int = Field(ge=1, le=AGENDA_MAX, strict=True)
    decision: str = Field(default="", json_schema_extra=OURS)
    """On phones: the decision whose ballot it is."""


class HandsCounted(_Step):
    """One teller's count of the hands, entered without seeing the other's."""

    what: Literal["hands-counted"] = "hands-counted"
    item: int = Field(ge=1, le=AGENDA_MAX, strict=True)
    yes: Hands
    no: Hands
    blank: Hands


class Declared(_Step):
    """The chair declares the result of a vote; it follows from the counts."""

    what: Literal["declared"] = "declared"
    item: int = Field(ge=1, le=AGENDA_MAX, strict=True)
    report: dict[str, Any] = Field(default_factory=dict, json_schema_extra=OURS)


class Noted(_Step):
    """Words for the minutes: what was said, presented, asked."""

    what: Literal["noted"] = "noted"
    item: int | None = Field(default=None, ge=1, le=AGENDA_MAX, strict=True)
    text: Texts


class Closed(_Step):
    """The chair closes the session; points without a vote are written down as not dealt with."""

    what: Literal["closed"] = "closed"


class Cancelled(_Step):
    """The assembly does not take place."""

    what: Literal["cancelled"] = "cancelled"
    reason: Texts


class Added(_Step):
    """An addition to the record after the close: nothing that stands in it is changed."""

    what: Literal["added"] = "added"
    text: Texts


class Signed(_Step):
    """The signed copy of the minutes: its hash is kept here, the paper where it says."""

    what: Literal["signed"] = "signed"
    sha256: Sha256
    size: int = Field(ge=1, le=SIGNED_SIZE_MAX, strict=True)
    """In bytes."""
    kept_at: Annotated[str, Field(max_length=250, pattern=LINE_PATTERN)] = ""
    """Where the file and the paper are kept."""


LaterStep = (
    Sent | CalledAgain | Named | DoorsOpened | Arrived | Represented | Left | Struck
    | Opened | NotQuorate | VoteOpened | HandsCounted | Declared | Noted | Closed | Cancelled
    | Added | Signed
)  # fmt: skip
"""All that follows the call."""
Step = Called | LaterStep
STEP: Final[TypeAdapter[Step]] = TypeAdapter(Annotated[Step, Field(discriminator="what")])
