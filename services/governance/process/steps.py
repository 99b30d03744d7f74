"""All steps that a decision may take, read from what is kept of them, and chained by hashes."""

import hashlib
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from services.governance.process import (
    steps_after,
    steps_ballot,
    steps_objection,
    steps_proposal,
)
from services.governance.process.facts import Step
from shared.canonical import canonical

FIRST: Final = "0" * 64
"""What stands where the first step would name the one before it."""
_TAG: Final = b"twiza:decision-step:1\0"

AnyStep = Annotated[
    steps_proposal.Begun
    | steps_proposal.Supported
    | steps_proposal.SupportEnded
    | steps_proposal.RoleGiven
    | steps_proposal.VersionWritten
    | steps_proposal.TranslationWritten
    | steps_proposal.TranslationConfirmed
    | steps_proposal.OptionPut
    | steps_proposal.OptionDropped
    | steps_proposal.CandidacyAnswered
    | steps_proposal.AmendmentProposed
    | steps_proposal.AmendmentAccepted
    | steps_proposal.AmendmentRejected
    | steps_proposal.AmendmentWithdrawn
    | steps_proposal.QuestionAsked
    | steps_proposal.QuestionAnswered
    | steps_proposal.Repeated
    | steps_objection.ObjectionRaised
    | steps_objection.ObjectionJudged
    | steps_objection.ObjectionAppealed
    | steps_objection.ObjectionJudgedAgain
    | steps_objection.ObjectionIntegrated
    | steps_objection.ObjectionWithdrawn
    | steps_objection.ObjectionStood
    | steps_objection.RoundEnded
    | steps_objection.FallbackCalled
    | steps_ballot.NoticeGiven
    | steps_ballot.BallotOpened
    | steps_ballot.BallotClosed
    | steps_ballot.Recounted
    | steps_ballot.Withdrawn
    | steps_ballot.OutcomeSettled
    | steps_ballot.AppealRaised
    | steps_ballot.AppealJudged
    | steps_after.FollowUpLate
    | steps_after.FollowUpDone
    | steps_after.FollowUpDropped
    | steps_after.FileAttached,
    Field(discriminator="what"),
]
_STEP: Final[TypeAdapter[Any]] = TypeAdapter(AnyStep)


def body_of(step: Step) -> bytes:
    """Return the canonical bytes that are kept of a step."""
    return canonical(step.as_data())


def step_of(body: bytes | str) -> Step:
    """Return the step that was kept as these bytes."""
    step: Step = _STEP.validate_json(body)
    return step


def chained(previous: str, decision_id: str, number: int, body: bytes) -> str:
    """Return the hash of a step, which holds that of the one before it.

    Args:
        previous: the hash of the step before, ``FIRST`` where there is none.
        decision_id: so that no step passes for one of another decision.
        number: of the step, from 1.
        body: what ``body_of`` gives.
    """
    digest = hashlib.sha256(_TAG)
    digest.update(f"{previous}:{decision_id}:{number}:{len(body)}:".encode())
    digest.update(body)
    return digest.hexdigest()
