"""What can be recorded of a budget cycle: one class for each kind of step.

Amounts are whole numbers of the smallest unit of the cycle's budget, and each stands on a line of
the network's budget, so that statements of account can be laid beside it.
"""

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, model_validator

from services.governance.assemblies.steps import (
    LANGUAGES_MAX,
    OURS,
    Part,
    PersonId,
    Sha256,
    Texts,
    Title,
    Titles,
    Words,
)
from services.governance.rules import BudgetRule, Code, Rule
from shared.contracts.fields import Language
from shared.contracts.rings import Stamp

AMOUNT_MAX: Final = 2**53 - 1
PLACES_MAX: Final = 200
SHORTLIST_MAX: Final = 500
PEOPLE_MAX: Final = 1_000_000

Amount = Annotated[int, Field(ge=0, le=AMOUNT_MAX, strict=True)]
Line = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,63}$")]
"""A line of the network's budget, as its accounts call it: ``2027/6135``."""


def _day(text: str) -> str:
    # February has no 31st; ``fromisoformat`` says so as a ValueError.
    date.fromisoformat(text)
    return text


Date = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
    AfterValidator(_day),
]


class Place(Part):
    """A territory or a theme that has its own gatherings."""

    code: Code
    names: Titles


class Delivery(Part):
    """What became of the projects of a cycle; the next notice shows it."""

    cycle: str
    funded: int = Field(ge=0, strict=True)
    done: int = Field(ge=0, strict=True)
    dropped: int = Field(ge=0, strict=True)
    late: int = Field(ge=0, strict=True)
    decided: Amount
    spent: Amount


class Begun(Part):
    """The notice: how much, where, by which rule, who looks after it, and the last cycle."""

    what: Literal["begun"] = "begun"
    title: Titles
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=LANGUAGES_MAX)]
    territories: Annotated[tuple[Place, ...], Field(max_length=PLACES_MAX)] = ()
    themes: Annotated[tuple[Place, ...], Field(max_length=PLACES_MAX)] = ()
    rule: Rule
    line: Line
    ends_at: Stamp
    """Until when its projects are to be delivered."""
    coordinators: Annotated[tuple[PersonId, ...], Field(min_length=1, max_length=20)]
    costers: Annotated[tuple[PersonId, ...], Field(min_length=1, max_length=50)]
    """Who says what an idea costs and whether it can be done, with reasons that all can read."""
    people_per_delegate: int = Field(default=10, ge=1, le=10_000, strict=True)
    follows: str = Field(default="", pattern=r"^([0-9a-f-]{36})?$")
    """The cycle before."""
    delivery: Delivery | None = Field(default=None, json_schema_extra=OURS)

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        if self.rule.budget is None:
            raise ValueError("a budget cycle is counted by the rule of a budget")
        codes = [place.code for place in (*self.territories, *self.themes)]
        if len(set(codes)) < len(codes):
            raise ValueError("each territory and each theme has a code of its own")
        if any(cap.category not in codes for cap in self.rule.budget.caps):
            raise ValueError("what is capped is a territory or a theme")
        return self

    @property
    def budget(self) -> BudgetRule:
        """What is shared out, and how."""
        assert self.rule.budget is not None
        return self.rule.budget


class Gathered(Part):
    """A gathering of a territory or a theme took place, with so many people."""

    what: Literal["gathered"] = "gathered"
    of: Code
    held_at: Stamp
    present: int = Field(ge=1, le=PEOPLE_MAX, strict=True)
    text: Texts | None = None
    attendance: Sha256 | None = None
    """The hash of the sheet that the people have signed."""


class IdeaPut(Part):
    """Somebody, or a gathering, has put up an idea."""

    what: Literal["idea-put"] = "idea-put"
    idea: Code
    territory: Code | None = None
    theme: Code | None = None
    title: Titles
    text: Texts
    gathering: int | None = Field(default=None, ge=1, strict=True)
    """The number of the gathering that has put it up, if one has."""


class Translated(Part):
    """An idea was put into another language."""

    what: Literal["translated"] = "translated"
    idea: Code
    language: Language
    title: Title
    text: Words


class IdeaWithdrawn(Part):
    """An idea was taken back, or joined with another."""

    what: Literal["idea-withdrawn"] = "idea-withdrawn"
    idea: Code
    joins: Code | None = None
    reasons: Texts


class DelegateNamed(Part):
    """A gathering has chosen a delegate."""

    what: Literal["delegate-named"] = "delegate-named"
    gathering: int = Field(ge=1, strict=True)
    person: PersonId


class CostingBegun(Part):
    """No more ideas are taken; costs and feasibility are looked at."""

    what: Literal["costing-begun"] = "costing-begun"


class Costed(Part):
    """What an idea costs, on which line, by whom and why."""

    what: Literal["costed"] = "costed"
    idea: Code
    cost: Amount
    line: Line
    reasons: Texts


class Judged(Part):
    """Whether an idea can be done, with public reasons."""

    what: Literal["judged"] = "judged"
    idea: Code
    feasible: Literal["yes", "with-changes", "no"]
    reasons: Texts


class Shortlisted(Part):
    """The delegates have said which ideas go to the ballot."""

    what: Literal["shortlisted"] = "shortlisted"
    ideas: Annotated[tuple[Code, ...], Field(min_length=1, max_length=SHORTLIST_MAX)]
    agreed: Annotated[tuple[PersonId, ...], Field(max_length=1_000)] = ()
    """The delegates who stand behind it."""
    reasons: Texts


class BallotPrepared(Part):
    """The decision in which people choose is there; it is announced and voted like any other."""

    what: Literal["ballot-prepared"] = "ballot-prepared"
    decision: str = Field(default="", json_schema_extra=OURS)


class Outcome(Part):
    """What the ballot has funded."""

    what: Literal["outcome"] = "outcome"
    funded: dict[Code, Amount] = Field(default_factory=dict, json_schema_extra=OURS)
    report_hash: str = Field(default="", json_schema_extra=OURS)


class Planned(Part):
    """Who delivers a project, from when to when, with how much."""

    what: Literal["planned"] = "planned"
    project: Code
    owner: PersonId
    amount: Amount
    line: Line
    starts: Date
    due: Date

    @model_validator(mode="after")
    def _ends_after_its_beginning(self) -> Self:
        if self.due < self.starts:
            raise ValueError("a project ends after it has begun")
        return self


class Spent(Part):
    """Money was spent on a project, or a statement of it corrected by a negative amount."""

    what: Literal["spent"] = "spent"
    project: Code
    amount: int = Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX, strict=True)
    line: Line
    day: Date
    statement: Sha256
    """The hash of the bill, receipt or statement of account."""
    text: Texts | None = None


class Moved(Part):
    """A project goes on, is done, or is dropped, with reasons."""

    what: Literal["moved"] = "moved"
    project: Code
    state: Literal["under-way", "done", "dropped"]
    reasons: Texts
    statement: Sha256 | None = None


class Evaluated(Part):
    """The cycle was looked back on by those who took part, and ends."""

    what: Literal["evaluated"] = "evaluated"
    present: int = Field(ge=1, le=PEOPLE_MAX, strict=True)
    text: Texts


class Stopped(Part):
    """The cycle ends before its ballot."""

    what: Literal["stopped"] = "stopped"
    reasons: Texts


LaterStep = (
    Gathered | IdeaPut | Translated | IdeaWithdrawn | DelegateNamed | CostingBegun | Costed
    | Judged | Shortlisted | BallotPrepared | Outcome | Planned | Spent | Moved | Evaluated
    | Stopped
)  # fmt: skip
"""All that follows the notice."""
Step = Begun | LaterStep
STEP: Final[TypeAdapter[Step]] = TypeAdapter(Annotated[Step, Field(discriminator="what")])
