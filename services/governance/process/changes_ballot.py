"""What steps of a notice, a ballot and what comes after it change in a decision."""

from dataclasses import replace
from typing import Any, Final

from services.governance.process import steps_after as after
from services.governance.process import steps_ballot as ballot
from services.governance.process.changes_proposal import numbered
from services.governance.process.phases import Phase
from services.governance.process.state import Appeal, Decision, FollowUp, Opened, Settled

APPEAL_WORDS: Final = 2
"""How many persons have to order the same, for an appeal to be decided."""


def notice_given(state: Decision, step: ballot.NoticeGiven) -> Decision:
    deciders = state.deciders | {step.by}
    return replace(state, phase=Phase.NOTICED, notice=step, deciders=deciders)


def ballot_opened(state: Decision, step: ballot.BallotOpened) -> Decision:
    opened = Opened(
        opens_at=step.opens_at,
        closes_at=step.closes_at,
        roll_root=step.roll_root,
        roll_size=step.roll_size,
        at=step.at,
    )
    return replace(state, phase=Phase.VOTING, opened=opened)


def ballot_closed(state: Decision, step: ballot.BallotClosed) -> Decision:
    return replace(state, phase=Phase.CLOSED, closed=step)


def withdrawn(state: Decision, step: ballot.Withdrawn) -> Decision:
    return replace(state, phase=Phase.WITHDRAWN, withdrawn=step.reason)


def outcome_settled(state: Decision, step: ballot.OutcomeSettled) -> Decision:
    settled = Settled(
        owner=step.owner,
        deadline=step.deadline or "",
        task=step.task,
        at=step.at,
        state=FollowUp.UNDER_WAY if step.owner else FollowUp.NONE,
    )
    deciders = state.deciders | {step.by}
    return replace(state, phase=Phase.DECIDED, settled=settled, deciders=deciders)


def appeal_raised(state: Decision, step: ballot.AppealRaised) -> Decision:
    appeal = Appeal(
        number=step.number,
        ground=step.ground,
        language=step.language,
        text=step.text,
        by=step.by,
        at=step.at,
    )
    resumes = state.resumes if state.phase is Phase.APPEALED else state.phase
    return replace(state, phase=Phase.APPEALED, appeals=(*state.appeals, appeal), resumes=resumes)


def appeal_judged(state: Decision, step: ballot.AppealJudged) -> Decision:
    appeal = state.appeals[step.number - 1]
    words = (*appeal.words, (step.by, step.order, step.reasons))
    if sum(order == step.order for _, order, _ in words) < APPEAL_WORDS:
        return replace(state, appeals=numbered(state.appeals, step.number, words=words))
    done = step.order != "recount"
    appeals = numbered(state.appeals, step.number, words=words, order=step.order, done=done)
    if step.order == "new-vote":
        return replace(state, phase=Phase.ANNULLED, appeals=appeals, resumes=None)
    return _resumed(replace(state, appeals=appeals))


def recounted(state: Decision, step: ballot.Recounted) -> Decision:
    assert state.closed is not None
    appeals = numbered(state.appeals, step.number, done=True)
    changed = replace(state, appeals=appeals)
    if not step.agrees:
        closed = state.closed.model_copy(
            update={
                "outcome": step.outcome,
                "winners": step.winners,
                "report_hash": step.report_hash,
            }
        )
        # What was settled followed from another count: it is settled anew.
        changed = replace(changed, closed=closed, settled=None, resumes=Phase.CLOSED)
    return _resumed(changed)


def _resumed(state: Decision) -> Decision:
    if any(not appeal.done for appeal in state.appeals):
        return state
    assert state.resumes is not None
    return replace(state, phase=state.resumes, resumes=None)


def follow_up_late(state: Decision, step: after.FollowUpLate) -> Decision:
    return _followed(state, state=FollowUp.LATE, late=True)


def follow_up_done(state: Decision, step: after.FollowUpDone) -> Decision:
    return _reported(state, step, FollowUp.DONE, report=step.report)


def follow_up_dropped(state: Decision, step: after.FollowUpDropped) -> Decision:
    return _reported(state, step, FollowUp.DROPPED, report=step.reason)


def _reported(
    decision: Decision,
    step: after.FollowUpDone | after.FollowUpDropped,
    became: FollowUp,
    *,
    report: str,
) -> Decision:
    assert decision.settled is not None
    files = (*decision.settled.files, *step.files)
    changed = _followed(decision, state=became, report=report, reported_at=step.at, files=files)
    return replace(changed, phase=Phase.FOLLOWED_UP)


def file_attached(state: Decision, step: after.FileAttached) -> Decision:
    assert state.settled is not None
    return _followed(state, files=(*state.settled.files, step.file))


def _followed(decision: Decision, **fields: Any) -> Decision:
    assert decision.settled is not None
    return replace(decision, settled=replace(decision.settled, **fields))
