"""What a budget cycle refuses, each by its name."""

from typing import ClassVar

from shared.refusals import Kind, Refusal


class BadCycle(Refusal):
    """A budget cycle whose parts do not go together."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-cycle"
    title: ClassVar[str] = "A budget cycle cannot be held in this way"


class NotInThisStage(Refusal):
    """A step that does not follow from where the cycle is."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-in-this-stage"
    title: ClassVar[str] = "The budget cycle is not at the point where this can be done"


class NotNamedForIt(Refusal):
    """Somebody did what another was named for: costing, coordinating, owning a project."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-named-for-it"
    title: ClassVar[str] = "Somebody else was named for this in the budget cycle"


class NoSuchIdea(Refusal):
    """A cycle has no idea, gathering or project of that name."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "no-such-idea"
    title: ClassVar[str] = "The budget cycle has nothing of that name"


class IdeaThere(Refusal):
    """An idea of that code is there already."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "idea-there"
    title: ClassVar[str] = "There is an idea of that code already"


class NotReady(Refusal):
    """An idea cannot go to the ballot yet: without its cost, its judgement or its words."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "idea-not-ready"
    title: ClassVar[str] = "An idea lacks what it needs for the ballot"


class TooManyDelegates(Refusal):
    """A gathering would send more delegates than its people give it."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "too-many-delegates"
    title: ClassVar[str] = "A gathering sends as many delegates as its people give it"


class DelegatesDisagree(Refusal):
    """Too few of the delegates stand behind a shortlist."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "delegates-disagree"
    title: ClassVar[str] = "More than half of the delegates stand behind a shortlist"


class SpentBelowNothing(Refusal):
    """A correction would take back more than was spent."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "spent-below-nothing"
    title: ClassVar[str] = "No more can be taken back than was spent"
