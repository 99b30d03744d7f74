"""Deciding about another decision in the place of one: the second call, the new vote."""

from datetime import datetime, timedelta

from services.governance.counting.report import Outcome
from services.governance.process import steps_objection as objection
from services.governance.process import steps_proposal as proposal
from services.governance.process.actors import PROPOSER, Actor, require_keeper, taken
from services.governance.process.calling import Times
from services.governance.process.facts import Step
from services.governance.process.phases import Phase, require_phase
from services.governance.process.refusals import AlreadySo, NoNewVote, NoSecondCall
from services.governance.process.state import Decision, Objection
from shared.clock import moment, stamp


def require_second_call(decision: Decision) -> None:
    """Return quietly where a ballot may be called for the second time.

    Raises:
        WrongPhase, NoSecondCall
    """
    require_phase(decision.phase, proposal.Repeated)
    closed, notice = decision.closed, decision.notice
    quorum = notice.rule.quorum if notice else None
    if closed is None or quorum is None or quorum.second_call is None:
        raise NoSecondCall()
    if closed.outcome is not Outcome.NO_QUORUM or closed.call != 1:
        raise NoSecondCall(outcome=closed.outcome.value, call=closed.call)


def second_call_earliest(decision: Decision) -> datetime:
    """Return from when on the second call of a ballot may open: days after the first has closed."""
    assert decision.closed is not None, "what is called again was counted"
    assert decision.notice is not None, "what is called again had a notice"
    quorum = decision.notice.rule.quorum
    assert quorum is not None, "what is called again had a quorum"
    assert quorum.second_call is not None, "what is called again had one for the second time"
    return moment(decision.closed.at) + timedelta(days=quorum.second_call.days_min)


def repeated(
    decision: Decision, actor: Actor, *, successor: str, reason: str, now: datetime
) -> tuple[Step, ...]:
    """Return that another decision comes in the place of this one.

    Raises:
        WrongPhase, NotKeeper, NoSecondCall, NoNewVote, AlreadySo
    """
    require_phase(decision.phase, proposal.Repeated)
    require_keeper(decision, actor)
    if decision.successor:
        raise AlreadySo()
    if reason == "second-call":
        require_second_call(decision)
    elif decision.phase is not Phase.ANNULLED:
        raise NoNewVote()
    said = {"successor": successor, "reason": reason}
    return (proposal.Repeated.model_validate(taken(actor, now) | said),)


def carried_over(
    decision: Decision,
    actor: Actor,
    *,
    decision_id: str,
    call: int,
    when: Times | None,
    now: datetime,
) -> tuple[Step, ...]:
    """Return the first steps of the decision that comes in the place of another one.

    It has the same words, confirmed as they were, the same options and roles, and the objections
    that stand against them; with times, the same rule is announced at once: for a second call.

    Args:
        decision: the one before.
        actor: who looks after it and calls again.
        decision_id: of the one before.
        when: when the second call opens and closes.
    """
    version = decision.version
    assert version is not None, "what was counted had words"
    assert decision.notice is not None, "what was counted had a notice"
    signed = taken(actor, now)
    steps_: list[Step] = [
        proposal.Begun.model_validate(
            signed
            | {
                "template": decision.template,
                "language": version.language,
                "title": version.texts[version.language].words.title,
                "text": version.texts[version.language].words.text,
                "entity": decision.entity,
                "subject": decision.subject,
                "follows": decision_id,
                "call": call,
                "rounds_before": decision.rounds_held,
            }
        )
    ]
    own = decision.roles.get(PROPOSER, frozenset()) | {decision.proposer}
    roles = {**decision.roles, PROPOSER: own}
    steps_ += [
        proposal.RoleGiven(**signed, role=role, persons=tuple(sorted(persons)))
        for role, persons in sorted(roles.items())
    ]
    texts = {language: text.words for language, text in version.texts.items()}
    steps_.append(
        proposal.VersionWritten(**signed, number=1, language=version.language, texts=texts)
    )
    for code, choice in decision.choices.items():
        steps_.append(
            proposal.OptionPut.model_validate(
                signed
                | {
                    "code": code,
                    "sort": choice.sort,
                    "words": dict(choice.words),
                    "cost": choice.option.cost,
                    "groups": choice.option.groups,
                    "person": choice.person,
                }
            )
        )
        if choice.accepted is not None:
            steps_.append(proposal.CandidacyAnswered(**signed, code=code, accepts=choice.accepted))
    steps_ += [
        proposal.TranslationConfirmed(
            **signed, version=1, language=language, hash=text.confirmed, alone=decision_id
        )
        for language, text in version.texts.items()
        if text.confirmed
    ]
    for number, one in enumerate(decision.standing, start=1):
        steps_ += _still_standing(one, number, signed)
    if when is not None:
        notice = decision.notice.model_copy(
            update={
                **signed,
                "version": 1,
                "objections_until": stamp(when.objections_until),
                "opens_at": stamp(when.opens_at),
                "closes_at": stamp(when.closes_at),
            }
        )
        steps_.append(notice)
    return tuple(steps_)


def _still_standing(one: Objection, number: int, signed: dict[str, str]) -> list[Step]:
    """Return the steps by which an objection stands against the same words once more."""
    said = {
        "by": one.by,
        "at": signed["at"],
        "number": number,
        "version": 1,
        "ground": one.ground,
        "language": one.language,
        "harm": one.harm,
        "change": one.change,
        "entity": one.entity,
    }
    judge = one.judged_again_by or one.judged_by
    return [
        objection.ObjectionRaised.model_validate(said),
        objection.ObjectionJudged(
            by=judge, at=signed["at"], number=number, valid=True, reason=one.reason
        ),
        objection.ObjectionStood.model_validate(
            signed | {"number": number, "version": 1, "answer": one.answer}
        ),
    ]
