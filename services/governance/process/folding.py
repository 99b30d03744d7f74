"""What steps make of a decision: each step changes the state in one way, and nothing else does."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce
from typing import Any, Final

from services.governance.process import changes_ballot as second
from services.governance.process import changes_proposal as first
from services.governance.process import steps_after as after
from services.governance.process import steps_ballot as ballot
from services.governance.process import steps_objection as objection
from services.governance.process import steps_proposal as proposal
from services.governance.process.facts import Step, Words
from services.governance.process.phases import Phase, require_phase
from services.governance.process.state import Decision


def fold(steps: Iterable[Step]) -> Decision:
    """Return the decision that steps have made, in their order.

    Raises:
        WrongPhase: the steps are not those of one decision from its beginning.
    """
    walk = iter(steps)
    beginning = next(walk, None)
    assert isinstance(beginning, proposal.Begun), "a decision has a beginning"
    return reduce(applied, walk, begun(beginning))


def begun(step: proposal.Begun) -> Decision:
    """Return the decision at its first step."""
    return Decision(
        phase=Phase.IDEA,
        template=step.template,
        proposer=step.by,
        begun_at=step.at,
        language=step.language,
        idea=Words(title=step.title, text=step.text),
        entity=step.entity,
        subject=step.subject,
        support_min=step.support_min,
        follows=step.follows,
        call=step.call,
        rounds_before=step.rounds_before,
        deciders=frozenset({step.by}),
        steps=1,
    )


def applied(decision: Decision, step: Step) -> Decision:
    """Return a decision after one more step.

    Raises:
        WrongPhase: its phase does not have such a step.
    """
    require_phase(decision.phase, type(step))
    change: Any = _CHANGES[type(step)]
    changed: Decision = change(decision, step)
    return replace(changed, steps=decision.steps + 1)


_CHANGES: Final[dict[type[Step], Callable[..., Decision]]] = {
    proposal.Supported: first.supported,
    proposal.SupportEnded: first.support_ended,
    proposal.RoleGiven: first.role_given,
    proposal.VersionWritten: first.version_written,
    proposal.TranslationWritten: first.translation_written,
    proposal.TranslationConfirmed: first.translation_confirmed,
    proposal.OptionPut: first.option_put,
    proposal.OptionDropped: first.option_dropped,
    proposal.CandidacyAnswered: first.candidacy_answered,
    proposal.AmendmentProposed: first.amendment_proposed,
    proposal.AmendmentAccepted: first.amendment_accepted,
    proposal.AmendmentRejected: first.amendment_rejected,
    proposal.AmendmentWithdrawn: first.amendment_withdrawn,
    proposal.QuestionAsked: first.question_asked,
    proposal.QuestionAnswered: first.question_answered,
    proposal.Repeated: first.repeated,
    objection.ObjectionRaised: first.objection_raised,
    objection.ObjectionJudged: first.objection_judged,
    objection.ObjectionAppealed: first.objection_appealed,
    objection.ObjectionJudgedAgain: first.objection_judged_again,
    objection.ObjectionIntegrated: first.objection_integrated,
    objection.ObjectionWithdrawn: first.objection_withdrawn,
    objection.ObjectionStood: first.objection_stood,
    objection.RoundEnded: first.round_ended,
    objection.FallbackCalled: first.fallback_called,
    ballot.NoticeGiven: second.notice_given,
    ballot.BallotOpened: second.ballot_opened,
    ballot.BallotClosed: second.ballot_closed,
    ballot.Recounted: second.recounted,
    ballot.Withdrawn: second.withdrawn,
    ballot.OutcomeSettled: second.outcome_settled,
    ballot.AppealRaised: second.appeal_raised,
    ballot.AppealJudged: second.appeal_judged,
    after.FollowUpLate: second.follow_up_late,
    after.FollowUpDone: second.follow_up_done,
    after.FollowUpDropped: second.follow_up_dropped,
    after.FileAttached: second.file_attached,
}
