"""Steps of an idea and a proposal: words, translations, options, amendments, questions."""

from typing import Annotated, Literal

from pydantic import Field

from services.governance.process.facts import (
    DecisionId,
    MaybeDecisionId,
    MaybeReason,
    Number,
    Person,
    Reason,
    Sha256,
    Step,
    Text,
    Title,
    Voter,
    Words,
)
from services.governance.rules import Code
from shared.contracts.fields import Language


class Begun(Step):
    """Somebody has put an idea up, in their own language."""

    what: Literal["begun"] = "begun"
    template: Code
    language: Language
    title: Title
    text: Text = ""
    entity: Annotated[str, Field(max_length=161)] = ""
    """For which entity they speak; empty where they speak for themselves."""
    subject: Voter = ""
    """Whom it is about, who does not vote on it: an applicant, somebody to be expelled."""
    support_min: Annotated[int, Field(ge=0, le=1_000, strict=True)] = 0
    """How many have to support the idea before it is written as a proposal."""
    follows: MaybeDecisionId = ""
    """The decision in whose place this one comes: a second call, a new vote, another try."""
    call: Literal[1, 2] = 1
    rounds_before: Annotated[int, Field(ge=0, le=100, strict=True)] = 0
    """Rounds of consent that the decision before it has had."""


class Supported(Step):
    """A member supports an idea."""

    what: Literal["supported"] = "supported"


class SupportEnded(Step):
    """A member supports an idea no longer."""

    what: Literal["support-ended"] = "support-ended"


class RoleGiven(Step):
    """A role in this decision was given to persons; whoever had it before has it no more."""

    what: Literal["role-given"] = "role-given"
    role: Code
    persons: tuple[Person, ...] = Field(max_length=20)


class VersionWritten(Step):
    """The proposal has a new version, in its authoritative language and perhaps in others."""

    what: Literal["version-written"] = "version-written"
    number: Number
    language: Language
    texts: dict[Language, Words] = Field(min_length=1, max_length=40)
    amendment: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 0
    """Which amendment it takes in; 0 for none."""


class TranslationWritten(Step):
    """A version was put into another language; nobody has confirmed that yet."""

    what: Literal["translation-written"] = "translation-written"
    version: Number
    language: Language
    title: Title
    text: Text = ""


class TranslationConfirmed(Step):
    """Somebody has compared a translation, the words of its options too, and found it right."""

    what: Literal["translation-confirmed"] = "translation-confirmed"
    version: Number
    language: Language
    hash: Sha256
    """Of the very words that were confirmed; other words are not."""
    alone: MaybeReason = ""
    """Why the translator confirmed it: where nobody else knows the language."""


class OptionPut(Step):
    """An option was put up for the ballot, or its words, cost or groups were changed."""

    what: Literal["option-put"] = "option-put"
    code: Code
    sort: Literal["answer", "candidate", "project"] = "answer"
    words: dict[Language, Words] = Field(min_length=1, max_length=40)
    cost: Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)] | None = None
    groups: tuple[Code, ...] = Field(default=(), max_length=20)
    person: Annotated[str, Field(max_length=161)] = ""
    """Of a candidate: who it is."""


class OptionDropped(Step):
    """An option stands no longer for the ballot."""

    what: Literal["option-dropped"] = "option-dropped"
    code: Code
    reason: Reason


class CandidacyAnswered(Step):
    """A candidate has accepted to stand, or has not."""

    what: Literal["candidacy-answered"] = "candidacy-answered"
    code: Code
    accepts: bool


class AmendmentProposed(Step):
    """Somebody proposes other words for a version."""

    what: Literal["amendment-proposed"] = "amendment-proposed"
    number: Number
    version: Number
    language: Language
    title: Title
    text: Text
    reason: Reason


class AmendmentAccepted(Step):
    """The proposer has taken an amendment in; it stands in a new version."""

    what: Literal["amendment-accepted"] = "amendment-accepted"
    number: Number
    version: Number


class AmendmentRejected(Step):
    """The proposer has not taken an amendment in, and says why."""

    what: Literal["amendment-rejected"] = "amendment-rejected"
    number: Number
    reason: Reason


class AmendmentWithdrawn(Step):
    """Whoever proposed an amendment has taken it back."""

    what: Literal["amendment-withdrawn"] = "amendment-withdrawn"
    number: Number


class QuestionAsked(Step):
    """A member asks."""

    what: Literal["question-asked"] = "question-asked"
    number: Number
    language: Language
    text: Reason


class QuestionAnswered(Step):
    """A question was answered."""

    what: Literal["question-answered"] = "question-answered"
    number: Number
    language: Language
    text: Reason


class Repeated(Step):
    """Another decision comes in the place of this one."""

    what: Literal["repeated"] = "repeated"
    successor: DecisionId
    reason: Literal["second-call", "new-vote"]
