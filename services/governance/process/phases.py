"""The phases of a decision, and which steps each of them allows: every arrow that there is."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

from services.governance.process import steps_after as after
from services.governance.process import steps_ballot as ballot
from services.governance.process import steps_objection as objection
from services.governance.process import steps_proposal as proposal
from services.governance.process.facts import Step
from shared.refusals import Kind, Refusal


class Phase(StrEnum):
    """Where a decision is."""

    IDEA = "idea"
    PROPOSAL = "proposal"
    NOTICED = "noticed"
    VOTING = "voting"
    CLOSED = "closed"
    """Counted; what follows is not settled."""
    DECIDED = "decided"
    """It stands who sees to it, or that nothing follows."""
    FOLLOWED_UP = "followed-up"
    APPEALED = "appealed"
    """An appeal waits; all else waits for it."""
    ANNULLED = "annulled"
    """An appeal has ordered a new vote."""
    WITHDRAWN = "withdrawn"


class WrongPhase(Refusal):
    """A step was to be taken that the phase of the decision does not have."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "wrong-phase"
    title: ClassVar[str] = "The decision is not where this can be done"


_WRITING: Final = (Phase.PROPOSAL,)
_BEFORE_OPEN: Final = (Phase.PROPOSAL, Phase.NOTICED)
_BEFORE_CLOSE: Final = (Phase.PROPOSAL, Phase.NOTICED, Phase.VOTING)
_COUNTED: Final = (Phase.CLOSED, Phase.DECIDED, Phase.FOLLOWED_UP)

ALLOWED: Final[Mapping[type[Step], frozenset[Phase]]] = MappingProxyType(
    {
        kind: frozenset(phases)
        for kinds, phases in (
            ((proposal.Supported, proposal.SupportEnded), (Phase.IDEA,)),
            (
                (proposal.RoleGiven,),
                (Phase.IDEA, *_BEFORE_CLOSE, Phase.CLOSED, Phase.DECIDED, Phase.APPEALED),
            ),
            ((proposal.VersionWritten,), (Phase.IDEA, *_WRITING)),
            (
                (
                    proposal.TranslationWritten,
                    proposal.TranslationConfirmed,
                    proposal.OptionPut,
                    proposal.OptionDropped,
                    proposal.CandidacyAnswered,
                    proposal.AmendmentProposed,
                    proposal.AmendmentAccepted,
                    proposal.AmendmentRejected,
                    proposal.AmendmentWithdrawn,
                    objection.ObjectionIntegrated,
                    objection.RoundEnded,
                    objection.FallbackCalled,
                    ballot.NoticeGiven,
                ),
                _WRITING,
            ),
            ((proposal.QuestionAsked, proposal.QuestionAnswered), (Phase.IDEA, *_BEFORE_CLOSE)),
            (
                (
                    objection.ObjectionRaised,
                    objection.ObjectionJudged,
                    objection.ObjectionAppealed,
                    objection.ObjectionJudgedAgain,
                    objection.ObjectionWithdrawn,
                    objection.ObjectionStood,
                ),
                _BEFORE_OPEN,
            ),
            ((ballot.BallotOpened,), (Phase.NOTICED,)),
            ((ballot.BallotClosed,), (Phase.VOTING,)),
            ((ballot.Withdrawn,), (Phase.IDEA, *_BEFORE_OPEN)),
            ((ballot.OutcomeSettled,), (Phase.CLOSED,)),
            ((ballot.AppealRaised,), (*_COUNTED, Phase.APPEALED)),
            ((ballot.AppealJudged, ballot.Recounted), (Phase.APPEALED,)),
            ((after.FollowUpLate, after.FollowUpDone, after.FollowUpDropped), (Phase.DECIDED,)),
            ((after.FileAttached,), (Phase.DECIDED, Phase.FOLLOWED_UP)),
            ((proposal.Repeated,), (Phase.CLOSED, Phase.DECIDED, Phase.ANNULLED)),
        )
        for kind in kinds
    }
)
"""By kind of step, the phases in which it may be taken. ``Begun`` comes first and only then."""


def require_phase(phase: Phase, kind: type[Step]) -> None:
    """Return quietly where a phase has a step.

    Raises:
        WrongPhase: it has not.
    """
    phases = ALLOWED.get(kind, frozenset())
    if phase not in phases:
        raise WrongPhase(phase=phase.value, phases=sorted(one.value for one in phases))
