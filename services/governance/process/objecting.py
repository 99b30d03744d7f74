"""Deciding about objections, and about the rounds of consent in which they are heard.

An objection goes RAISED -> VALIDATED or NOT_VALIDATED -> INTEGRATED, WITHDRAWN or STANDS. Only a
valid one can be integrated, withdrawn or left standing; one that was found not valid can be
appealed once, and then somebody else judges it for good.
"""

from datetime import datetime, timedelta
from typing import Final

from services.governance.process import steps_objection as steps
from services.governance.process.actors import (
    Actor,
    keeps,
    maybe,
    part,
    proposes,
    prose,
    require_keeper,
    require_proposer,
    taken,
)
from services.governance.process.facts import Step
from services.governance.process.phases import require_phase
from services.governance.process.refusals import (
    JudgesOwn,
    NoFallback,
    NotKeeper,
    NotTheirs,
    ObjectionElsewhere,
    ObjectionsOver,
    ObjectionUnanswered,
    RecordFull,
    RoundsOver,
    VersionOutdated,
)
from services.governance.process.state import ROUNDS_MAX, Decision, Objection, ObjectionState
from shared.cleaning import language_tag
from shared.clock import moment, stamp

OBJECTIONS_MAX: Final = 500
ANSWER_WITHIN: Final = timedelta(days=14)
"""How long an objector waits for a reasoned answer at most, unless the ballot opens before."""


def objection_raised(
    decision: Decision,
    actor: Actor,
    *,
    ground: str,
    language: str,
    harm: str,
    change: str,
    now: datetime,
    entity: str = "",
) -> tuple[Step, ...]:
    """Return that somebody objects to the newest version.

    Raises:
        WrongPhase, ObjectionsOver, NotTheirs, NoWords, RecordFull
    """
    require_phase(decision.phase, steps.ObjectionRaised)
    if decision.notice is not None and stamp(now) >= decision.notice.objections_until:
        raise ObjectionsOver(until=decision.notice.objections_until)
    if entity and entity not in actor.entities:
        raise NotTheirs("that entity has given you no mandate")
    if len(decision.objections) >= OBJECTIONS_MAX:
        raise RecordFull(most=OBJECTIONS_MAX)
    said = {
        "number": len(decision.objections) + 1,
        "version": len(decision.versions),
        "ground": ground,
        "language": language_tag(language),
        "harm": prose(harm),
        "change": maybe(change),
        "entity": entity,
    }
    return (steps.ObjectionRaised.model_validate(taken(actor, now) | said),)


def objection_judged(
    decision: Decision, actor: Actor, *, number: int, valid: bool, reason: str, now: datetime
) -> tuple[Step, ...]:
    """Return that an objection was found valid or not, with the reason; again after an appeal.

    Raises:
        WrongPhase, NoSuchPart, NotKeeper, JudgesOwn, ObjectionElsewhere, NoWords
    """
    require_phase(decision.phase, steps.ObjectionJudged)
    one = part(decision.objections, number)
    require_keeper(decision, actor)
    if actor.person in (one.by, one.judged_by) or proposes(decision, actor):
        raise JudgesOwn()
    said = {"number": number, "valid": valid, "reason": prose(reason)}
    if one.state is ObjectionState.RAISED:
        return (steps.ObjectionJudged.model_validate(taken(actor, now) | said),)
    if one.answered or one.state is not ObjectionState.NOT_VALIDATED:
        raise ObjectionElsewhere(state=one.state.value)
    return (steps.ObjectionJudgedAgain.model_validate(taken(actor, now) | said),)


def objection_appealed(
    decision: Decision, actor: Actor, *, number: int, reason: str, now: datetime
) -> tuple[Step, ...]:
    """Return that an objector asks somebody else to judge, once.

    Raises:
        WrongPhase, NoSuchPart, NotTheirs, ObjectionElsewhere, NoWords
    """
    require_phase(decision.phase, steps.ObjectionAppealed)
    one = _of(decision, actor, number)
    if one.state is not ObjectionState.NOT_VALIDATED or one.appeal:
        raise ObjectionElsewhere(state=one.state.value)
    return (steps.ObjectionAppealed(**taken(actor, now), number=number, reason=prose(reason)),)


def objection_integrated(
    decision: Decision, actor: Actor, *, number: int, now: datetime
) -> tuple[Step, ...]:
    """Return that the newest version takes a valid objection in.

    Raises:
        WrongPhase, NoSuchPart, NotProposer, ObjectionElsewhere, VersionOutdated: there is no
            version that was written after it was raised.
    """
    require_phase(decision.phase, steps.ObjectionIntegrated)
    one = _valid(decision, number)
    require_proposer(decision, actor)
    version = len(decision.versions)
    if version <= one.version:
        raise VersionOutdated("a version that takes the objection in has to be written first")
    return (steps.ObjectionIntegrated(**taken(actor, now), number=number, version=version),)


def objection_withdrawn(
    decision: Decision, actor: Actor, *, number: int, reason: str, now: datetime
) -> tuple[Step, ...]:
    """Return that an objector takes a valid objection back.

    Raises:
        WrongPhase, NoSuchPart, NotTheirs, ObjectionElsewhere
    """
    require_phase(decision.phase, steps.ObjectionWithdrawn)
    _of(decision, actor, number)
    _valid(decision, number)
    said = {"number": number, "reason": maybe(reason)}
    return (steps.ObjectionWithdrawn.model_validate(taken(actor, now) | said),)


def objection_stood(
    decision: Decision, actor: Actor, *, number: int, answer: str, now: datetime
) -> tuple[Step, ...]:
    """Return that a valid objection was answered and stands.

    Raises:
        WrongPhase, NoSuchPart, NotKeeper, ObjectionElsewhere, NoWords
    """
    require_phase(decision.phase, steps.ObjectionStood)
    _valid(decision, number)
    if not (keeps(decision, actor) or proposes(decision, actor)):
        raise NotKeeper()
    said = {"number": number, "version": len(decision.versions), "answer": prose(answer)}
    return (steps.ObjectionStood.model_validate(taken(actor, now) | said),)


def round_ended(decision: Decision, actor: Actor, *, now: datetime) -> tuple[Step, ...]:
    """Return that a round of consent has ended, and which objections stand.

    Raises:
        WrongPhase, NotKeeper, ObjectionUnanswered, RoundsOver
    """
    require_phase(decision.phase, steps.RoundEnded)
    require_keeper(decision, actor)
    if decision.unanswered:
        raise ObjectionUnanswered(objections=[one.number for one in decision.unanswered])
    if decision.rounds_held >= ROUNDS_MAX:
        raise RoundsOver()
    step = steps.RoundEnded(
        **taken(actor, now),
        number=decision.rounds_held + 1,
        version=len(decision.versions),
        standing=tuple(one.number for one in decision.standing),
    )
    return (step,)


def fallback_called(decision: Decision, actor: Actor, *, now: datetime) -> tuple[Step, ...]:
    """Return that the proposer calls a vote, after two rounds in which an objection stood.

    Raises:
        WrongPhase, NotProposer, NoFallback
    """
    require_phase(decision.phase, steps.FallbackCalled)
    require_proposer(decision, actor)
    held = decision.rounds_held >= ROUNDS_MAX
    if not held or not decision.standing or decision.fallback or decision.unanswered:
        raise NoFallback(rounds=decision.rounds_held, standing=len(decision.standing))
    return (steps.FallbackCalled(**taken(actor, now)),)


def answer_due(decision: Decision, one: Objection) -> str:
    """Return until when an objection has to be answered: in two weeks, and before the opening."""
    due = stamp(moment(one.at) + ANSWER_WITHIN)
    return min(due, decision.notice.opens_at) if decision.notice else due


def _of(decision: Decision, actor: Actor, number: int) -> Objection:
    one = part(decision.objections, number)
    if one.by != actor.person:
        raise NotTheirs()
    return one


def _valid(decision: Decision, number: int) -> Objection:
    one = part(decision.objections, number)
    if one.state is not ObjectionState.VALIDATED:
        raise ObjectionElsewhere(state=one.state.value)
    return one
