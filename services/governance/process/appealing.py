"""Deciding about appeals: raised in time, judged by people who did not decide, counted again."""

from datetime import datetime, timedelta
from typing import Final

from services.governance.counting.report import Outcome
from services.governance.process import steps_ballot as steps
from services.governance.process.actors import PANEL, Actor, part, prose, taken
from services.governance.process.facts import Step
from services.governance.process.phases import require_phase
from services.governance.process.refusals import (
    AlreadySo,
    AppealElsewhere,
    AppealsOver,
    DecidedIt,
    NotKeeper,
    RecordFull,
)
from services.governance.process.state import Decision
from shared.cleaning import language_tag
from shared.clock import moment, stamp

APPEALS_MAX: Final = 50


def appeals_until(decision: Decision) -> datetime | None:
    """Return until when an appeal can be made, once the ballot is counted."""
    if decision.closed is None or decision.notice is None:
        return None
    return moment(decision.closed.at) + timedelta(days=decision.notice.rule.appeal_days)


def appealed(
    decision: Decision, actor: Actor, *, ground: str, language: str, text: str, now: datetime
) -> tuple[Step, ...]:
    """Return that somebody appeals.

    Raises:
        WrongPhase, AppealsOver, AlreadySo, RecordFull, NoWords
    """
    require_phase(decision.phase, steps.AppealRaised)
    until = appeals_until(decision)
    assert until is not None, "what is appealed was counted"
    if now >= until:
        raise AppealsOver(until=stamp(until))
    if any(one.by == actor.person and not one.done for one in decision.appeals):
        raise AlreadySo("your appeal waits already")
    if len(decision.appeals) >= APPEALS_MAX:
        raise RecordFull(most=APPEALS_MAX)
    said = {
        "number": len(decision.appeals) + 1,
        "ground": ground,
        "language": language_tag(language),
        "text": prose(text),
    }
    return (steps.AppealRaised.model_validate(taken(actor, now) | said),)


def may_judge_appeals(decision: Decision, actor: Actor) -> bool:
    """Return whether somebody is among those who judge, and has no part in it themselves.

    Who has decided has one, who sees to it, and whom it is about.
    """
    chosen = actor.steward or actor.auditor or actor.person in decision.roles.get(PANEL, ())
    owner = decision.settled.owner if decision.settled else ""
    about = decision.subject.removeprefix("p:")
    return chosen and actor.person not in decision.deciders | {owner, about}


def appeal_judged(
    decision: Decision, actor: Actor, *, number: int, order: str, reasons: str, now: datetime
) -> tuple[Step, ...]:
    """Return somebody's word on an appeal, with reasons; two who order the same decide it.

    Raises:
        WrongPhase, NoSuchPart, NotKeeper, DecidedIt, AppealElsewhere, AlreadySo, NoWords
    """
    require_phase(decision.phase, steps.AppealJudged)
    one = part(decision.appeals, number)
    chosen = actor.steward or actor.auditor or actor.person in decision.roles.get(PANEL, ())
    if not chosen:
        raise NotKeeper()
    if not may_judge_appeals(decision, actor) or actor.person == one.by:
        raise DecidedIt()
    if one.order:
        raise AppealElsewhere(order=one.order)
    if any(who == actor.person for who, _, _ in one.words):
        raise AlreadySo("you have judged it")
    said = {"number": number, "order": order, "reasons": prose(reasons)}
    return (steps.AppealJudged.model_validate(taken(actor, now) | said),)


def recounted(
    decision: Decision,
    actor: Actor,
    *,
    number: int,
    outcome: Outcome,
    winners: tuple[str, ...],
    report_hash: str,
    now: datetime,
) -> tuple[Step, ...]:
    """Return that the ballots were counted again, as an appeal has ordered.

    Raises:
        WrongPhase, NoSuchPart, AppealElsewhere
    """
    require_phase(decision.phase, steps.Recounted)
    one = part(decision.appeals, number)
    if one.order != "recount" or one.done:
        raise AppealElsewhere(order=one.order)
    assert decision.closed is not None, "what is appealed was counted"
    step = steps.Recounted(
        **taken(actor, now),
        number=number,
        outcome=outcome,
        winners=winners,
        report_hash=report_hash,
        agrees=report_hash == decision.closed.report_hash,
    )
    return (step,)
