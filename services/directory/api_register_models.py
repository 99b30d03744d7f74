"""What the register takes in over HTTP and what it answers."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from services.directory.register import (
    NOTE_MAX,
    NUMBER_MAX,
    Mandate,
    Member,
    Person,
    Step,
    of_our_time,
)
from shared.contracts.directory import EntityId
from shared.contracts.fields import LINE_PATTERN, PROSE_PATTERN, Day
from shared.contracts.register import Gender, Giver, Group, MemberId, PersonId, Standing

_PERSON: str = "0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e21"
_ENTITY: str = "souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11"

Number = Annotated[str, StringConstraints(max_length=NUMBER_MAX, pattern=LINE_PATTERN)]
Note = Annotated[str, StringConstraints(max_length=NOTE_MAX, pattern=PROSE_PATTERN)]
Moment = Annotated[AwareDatetime, AfterValidator(of_our_time)]
"""A moment with its offset, between 1900 and 2200."""
LeavingReason = Literal["left", "excluded"]
EndingReason = Literal["ended", "resigned", "revoked"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonDeclared(_In):
    """What is kept of a person: what they declare, and a name or note for stewards alone."""

    gender: Gender | None = Field(
        default=None, description="As they themselves declare it, and only if they wish."
    )
    worker: bool = Field(
        default=False, description="Whether they work in an enterprise of the network."
    )
    worker_since: Day | None = Field(default=None, examples=["2019-04"])
    number: Number = Field(
        default="", description="Their number in the network's own book.", examples=["A-017"]
    )
    note: Note = Field(
        default="", description="A name or a note; it stays here, and only stewards read it."
    )


class PersonIn(PersonDeclared):
    """A person to be entered."""

    id: PersonId | None = Field(
        default=None,
        description="The pseudonym that their tokens have already; a new one where none is given."
        " Never a name.",
        examples=[_PERSON],
    )


class PersonOut(BaseModel):
    """A person of the register; name and number are shown to stewards only."""

    id: str = Field(examples=[_PERSON])
    revision: int
    since: str
    gender: Gender | None
    worker: bool
    worker_since: str | None
    number: str | None = None
    note: str | None = None


class MemberIn(_In):
    """A person or an entity to be admitted, or a membership as it is to be."""

    member: MemberId = Field(examples=[_PERSON])
    standing: Standing = "full"
    groups: list[Group] = Field(default=[], max_length=20, examples=[["worker"]])
    since: Moment | None = Field(default=None, description="Where they were admitted before today.")


class MemberOut(BaseModel):
    """A membership; who has left has no standing."""

    member: str = Field(examples=[_PERSON])
    revision: int
    standing: Standing | None
    groups: list[str]
    since: str
    left_at: str | None
    reason: str | None


class LeavingIn(_In):
    """Why a membership ends."""

    reason: LeavingReason = "left"


class StepOut(BaseModel):
    """Something that has happened to somebody in the register."""

    what: str = Field(examples=["admitted"])
    at: str
    by: str
    detail: dict[str, Any]


class MandateIn(_In):
    """A mandate to be given."""

    person: PersonId = Field(examples=[_PERSON])
    entity: EntityId = Field(examples=[_ENTITY])
    begins: Moment | None = Field(default=None, description="Now, where nothing is said.")
    ends: Moment | None = Field(
        default=None, description="The end of the term; open where nothing is said."
    )
    given_by: Giver | None = Field(
        default=None,
        description="Who gave it: a decision by its id, a person by their pseudonym;"
        " whoever records it, where nothing is said.",
    )


class EndingIn(_In):
    """Why a mandate ends."""

    reason: EndingReason = "ended"


class MandateOut(BaseModel):
    """A mandate: from when to when a person may act for an entity."""

    id: str
    revision: int
    person: str
    entity: str
    begins: str
    ends: str | None
    given_by: str
    ended_at: str | None
    reason: str | None
    holds: bool = Field(description="Whether it holds now.")
    term: int = Field(description="Which mandate in a row of this person for this entity it is.")
    beyond_limit: bool = Field(description="Whether that is more than the network's limit.")


class ListIssue(BaseModel):
    """A row of a list that was not taken, or not whole."""

    line: int
    column: str
    reason: str
    detail: str


class ListAccount(BaseModel):
    """What became of a list of members."""

    rows: int
    entered: int
    amended: int
    admitted: int
    mandates: int
    unchanged: int
    issues: list[ListIssue]


def person_out(one: Person, *, notes: bool) -> PersonOut:
    """Return a person as they are shown; with name and number, if the asker may see them."""
    shown = PersonOut(
        id=one.id,
        revision=one.revision,
        since=one.since,
        gender=one.gender or None,  # type: ignore[arg-type]  # the model holds it to the words
        worker=one.worker,
        worker_since=one.worker_since or None,
    )
    if notes:
        shown.number, shown.note = one.number, one.note
    return shown


def member_out(one: Member) -> MemberOut:
    """Return a membership as it is shown."""
    return MemberOut(
        member=one.id,
        revision=one.revision,
        standing=one.standing or None,  # type: ignore[arg-type]  # the model holds it to the words
        groups=list(one.groups),
        since=one.since,
        left_at=one.left_at or None,
        reason=one.reason or None,
    )


def step_out(one: Step) -> StepOut:
    """Return what has happened as it is shown."""
    return StepOut(what=one.what, at=one.at, by=one.by, detail=one.detail)


def mandate_out(one: Mandate, *, at: str, term: int, limit: int) -> MandateOut:
    """Return a mandate as it stands at a moment."""
    return MandateOut(
        id=one.id,
        revision=one.revision,
        person=one.person,
        entity=one.entity,
        begins=one.begins,
        ends=one.ends or None,
        given_by=one.given_by,
        ended_at=one.ended_at or None,
        reason=one.reason or None,
        holds=one.begins <= at and not (one.until and one.until <= at),
        term=term,
        beyond_limit=term > limit,
    )
