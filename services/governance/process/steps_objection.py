"""Steps of objections and of the rounds of consent in which they are heard."""

from typing import Annotated, Literal

from pydantic import Field

from services.governance.process.facts import MaybeReason, Number, Reason, Step
from shared.contracts.fields import Language

Ground = Literal["purpose", "values", "harm-members", "harm-others", "law", "means", "procedure"]
"""On what an objection stands: the purpose or the values of the network, harm to members or to
others, law and statutes, lack of means, the way in which it is decided."""


class ObjectionRaised(Step):
    """A member objects: on what ground, what harm they see, what would have to change."""

    what: Literal["objection-raised"] = "objection-raised"
    number: Number
    version: Number
    ground: Ground
    language: Language
    harm: Reason
    change: MaybeReason = ""
    entity: Annotated[str, Field(max_length=161)] = ""


class ObjectionJudged(Step):
    """It was found that an objection is one on the ground that it names, or is not, and why."""

    what: Literal["objection-judged"] = "objection-judged"
    number: Number
    valid: bool
    reason: Reason


class ObjectionAppealed(Step):
    """The objector asks somebody else to judge again."""

    what: Literal["objection-appealed"] = "objection-appealed"
    number: Number
    reason: Reason


class ObjectionJudgedAgain(Step):
    """Somebody else has judged an objection, for good."""

    what: Literal["objection-judged-again"] = "objection-judged-again"
    number: Number
    valid: bool
    reason: Reason


class ObjectionIntegrated(Step):
    """A later version takes an objection in."""

    what: Literal["objection-integrated"] = "objection-integrated"
    number: Number
    version: Number


class ObjectionWithdrawn(Step):
    """The objector has taken a valid objection back."""

    what: Literal["objection-withdrawn"] = "objection-withdrawn"
    number: Number
    reason: MaybeReason = ""


class ObjectionStood(Step):
    """A valid objection was answered and stands."""

    what: Literal["objection-stood"] = "objection-stood"
    number: Number
    version: Number
    """Against which version it stands; a later one is another question."""
    answer: Reason


class RoundEnded(Step):
    """A round of consent has ended: which version was before everybody, and what stands."""

    what: Literal["round-ended"] = "round-ended"
    number: Number
    version: Number
    standing: tuple[Number, ...] = Field(default=(), max_length=1_000)


class FallbackCalled(Step):
    """The proposer asks for a vote where consent was not found."""

    what: Literal["fallback-called"] = "fallback-called"
