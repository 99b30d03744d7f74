"""A decision as its steps have made it: values only, nothing that acts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.governance.process.facts import File, Words
from services.governance.process.phases import Phase
from services.governance.process.steps_ballot import BallotClosed, NoticeGiven
from services.governance.rules import Option

ROUNDS_MAX: Final = 2
"""After so many rounds with an objection that stands, consent was not found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A version's words in one language, and who stands for them."""

    words: Words
    by: str
    confirmed: str = ""
    """The hash of the words that were confirmed; empty where nobody has."""
    confirmed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The words of a proposal at one time."""

    number: int
    language: str
    """The authoritative one: where translations differ, it counts."""
    texts: Mapping[str, Translation]
    by: str
    at: str
    amendment: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option with its words, and of a candidate whether they stand."""

    option: Option
    sort: str
    words: Mapping[str, Words]
    by: str
    person: str = ""
    accepted: bool | None = None


class AmendmentState(StrEnum):
    """What became of an amendment."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """Other words that somebody proposes."""

    number: int
    version: int
    language: str
    words: Words
    reason: str
    by: str
    at: str
    state: AmendmentState = AmendmentState.OPEN
    answer: str = ""
    taken_into: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and its answer."""

    number: int
    language: str
    text: str
    by: str
    at: str
    answer: str = ""
    answer_language: str = ""
    answered_by: str = ""
    answered_at: str = ""


class ObjectionState(StrEnum):
    """Where an objection is."""

    RAISED = "raised"
    VALIDATED = "validated"
    NOT_VALIDATED = "not-validated"
    INTEGRATED = "integrated"
    WITHDRAWN = "withdrawn"
    STANDS = "stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """An objection, from its raising to what became of it."""

    number: int
    version: int
    ground: str
    language: str
    harm: str
    change: str
    by: str
    at: str
    entity: str = ""
    state: ObjectionState = ObjectionState.RAISED
    reason: str = ""
    """Why it was or was not found valid, the last time that it was judged."""
    judged_by: str = ""
    appeal: str = ""
    """Why the objector asks for another judgement; empty where they do not."""
    judged_again_by: str = ""
    integrated_in: int = 0
    stands_against: int = 0
    """Against which version it stands."""
    answer: str = ""
    answered_at: str = ""
    """When it was first found invalid, integrated, or left standing with an answer."""

    @property
    def answered(self) -> bool:
        """Whether nobody owes the objector anything."""
        if self.state is ObjectionState.NOT_VALIDATED:
            return not self.appeal or bool(self.judged_again_by)
        return self.state not in (ObjectionState.RAISED, ObjectionState.VALIDATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRound:
    """A round of consent that has ended."""

    number: int
    version: int
    standing: tuple[int, ...]
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A ballot that was opened, by which times and for how many."""

    opens_at: str
    closes_at: str
    roll_root: str
    roll_size: int
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """An appeal, the words of those who judge it, and what they order once two agree."""

    number: int
    ground: str
    language: str
    text: str
    by: str
    at: str
    words: tuple[tuple[str, str, str], ...] = ()
    """Who, what they order, and their reasons."""
    order: str = ""
    done: bool = False
    """Whether nothing is awaited of it any more."""


class FollowUp(StrEnum):
    """How it goes with what was adopted."""

    NONE = "none"
    UNDER_WAY = "under-way"
    LATE = "late"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What follows from a decision, and how far it is."""

    owner: str
    deadline: str
    task: str
    at: str
    state: FollowUp = FollowUp.NONE
    late: bool = False
    """Whether its deadline had passed before anything was reported."""
    report: str = ""
    reported_at: str = ""
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision: the fold of its steps."""

    phase: Phase
    template: str
    proposer: str
    begun_at: str
    language: str
    idea: Words
    entity: str = ""
    subject: str = ""
    support_min: int = 0
    follows: str = ""
    call: int = 1
    rounds_before: int = 0
    supporters: frozenset[str] = frozenset()
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    versions: tuple[Version, ...] = ()
    choices: Mapping[str, Choice] = field(default_factory=dict)
    amendments: tuple[Amendment, ...] = ()
    questions: tuple[Question, ...] = ()
    objections: tuple[Objection, ...] = ()
    rounds: tuple[ConsentRound, ...] = ()
    fallback: bool = False
    notice: NoticeGiven | None = None
    opened: Opened | None = None
    closed: BallotClosed | None = None
    """As it was counted last."""
    settled: Settled | None = None
    appeals: tuple[Appeal, ...] = ()
    resumes: Phase | None = None
    """Where an appealed decision goes on when no appeal waits any more."""
    successor: str = ""
    withdrawn: str = ""
    """Why it was taken back."""
    deciders: frozenset[str] = field(default_factory=frozenset)
    """Who has had a part in deciding how it is decided, and so judges no appeal."""
    steps: int = 0

    @property
    def version(self) -> Version | None:
        """The newest version, if there is one."""
        return self.versions[-1] if self.versions else None

    @property
    def standing(self) -> tuple[Objection, ...]:
        """The objections that stand against the newest version.

        Another version is another question: whoever objects to that one as well says so.
        """
        newest = len(self.versions)
        return tuple(one for one in self.objections if one.stands_against == newest)

    @property
    def unanswered(self) -> tuple[Objection, ...]:
        """The objections whose objector is owed an answer."""
        return tuple(one for one in self.objections if not one.answered)

    @property
    def rounds_held(self) -> int:
        """How many rounds of consent have ended, those of the decision before it counted too."""
        return self.rounds_before + len(self.rounds)

    @property
    def consent_failed(self) -> bool:
        """Whether the last round that there may be has ended with an objection standing."""
        ended = bool(self.rounds and self.rounds[-1].standing) or bool(self.standing)
        return self.rounds_held >= ROUNDS_MAX and ended
