"""Deciding about the notice and the ballot: announced, opened, closed, taken back, called again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.governance.counting.report import Outcome
from services.governance.process import steps_ballot as steps
from services.governance.process.actors import (
    CLOCK,
    Actor,
    keeps,
    maybe,
    proposes,
    prose,
    require_keeper,
    taken,
)
from services.governance.process.facts import Step
from services.governance.process.phases import require_phase
from services.governance.process.refusals import (
    AmendmentsOpen,
    NotProposer,
    NotYet,
    ObjectionsStand,
    ObjectionUnanswered,
    OptionsUnfit,
    TextLacking,
    TimesUnfit,
)
from services.governance.process.state import AmendmentState, Choice, Decision
from services.governance.process.wording import lacking, language_hash
from services.governance.rules import Method, Option, Rule
from shared.clock import moment, stamp

VOTING_MAX: Final = timedelta(days=365)
LATE_OPENING: Final = timedelta(hours=1)
"""A ballot that opens later than so much after its time stays open the whole time from then on."""
VOTES_LEAST: Final = timedelta(minutes=1)

OPTIONS_LEAST: Final[Mapping[Method, int]] = {
    Method.APPROVAL: 1,
    Method.STV: 1,
    Method.BUDGET: 1,
    Method.SCORE: 2,
    Method.STAR: 2,
    Method.SCHULZE: 2,
    Method.RANKED_PAIRS: 2,
    Method.IRV: 2,
}
"""How many options a method chooses among at least; one that is not here has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When objections end, and when the ballot opens and closes."""

    objections_until: datetime
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a decision keeps of how its ballot was counted; the rest is in the report."""

    outcome: Outcome
    winners: tuple[str, ...]
    cast: int
    blank: int
    invalid: int
    root: str
    report_hash: str


def times(
    rule: Rule,
    *,
    now: datetime,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    objections_until: datetime | None = None,
    notice: timedelta | None = None,
) -> Times:
    """Return the times of a notice, those of the rule where nothing is said.

    Args:
        notice: how long it lasts at least, where that is not what the rule says.

    Raises:
        TimesUnfit: too short, too long, or in a wrong order.
    """
    least = timedelta(days=rule.notice_days) if notice is None else notice
    opens = opens_at or now + least
    closes = closes_at or opens + max(timedelta(days=rule.voting_days), VOTES_LEAST)
    until = objections_until or opens
    if opens < now + least:
        raise TimesUnfit("the notice is too short", opens_at_least=stamp(now + least))
    if closes - opens < max(timedelta(days=rule.voting_days), VOTES_LEAST):
        raise TimesUnfit("the ballot is open for too short a time", voting_days=rule.voting_days)
    if closes - opens > VOTING_MAX:
        raise TimesUnfit("a ballot is open for a year at most")
    if not now <= until <= opens:
        raise TimesUnfit("objections end between the notice and the opening")
    if rule.method is Method.CONSENT and until < now + least:
        # Else a last version could be announced to which nobody has the time to object.
        raise TimesUnfit("people object for as long as the notice has to last")
    return Times(objections_until=until, opens_at=opens, closes_at=closes)


def noticed(
    decision: Decision,
    actor: Actor,
    *,
    rule: Rule,
    languages: Sequence[str],
    when: Times,
    now: datetime,
) -> tuple[Step, ...]:
    """Return that a decision is announced, with all that is fixed by it.

    Args:
        languages: those of the charter, each of which has to have a confirmed text.

    Raises:
        WrongPhase, NotKeeper, AmendmentsOpen, ObjectionUnanswered, ObjectionsStand, TextLacking,
        OptionsUnfit
    """
    require_phase(decision.phase, steps.NoticeGiven)
    require_keeper(decision, actor)
    waiting = [one.number for one in decision.amendments if one.state is AmendmentState.OPEN]
    if waiting:
        raise AmendmentsOpen(amendments=waiting)
    _require_objections_answered(decision)
    _require_consent_possible(decision, rule)
    options = _fit(decision, rule)
    missing = lacking(decision, languages)
    if missing:
        raise TextLacking(languages=missing)
    assert decision.version is not None, "a proposal has a version"
    spoken = dict.fromkeys((*languages, decision.version.language))
    step = steps.NoticeGiven(
        **taken(actor, now),
        version=decision.version.number,
        rule=rule,
        rule_hash=rule.hash,
        options=options,
        text_hashes={language: language_hash(decision, language) for language in spoken},
        objections_until=stamp(when.objections_until),
        opens_at=stamp(when.opens_at),
        closes_at=stamp(when.closes_at),
    )
    return (step,)


def require_opening(decision: Decision, *, now: datetime, early: bool = False) -> None:
    """Return quietly where a ballot may open now.

    Args:
        early: an assembly opens its items when it comes to them.

    Raises:
        WrongPhase, NotYet, ObjectionUnanswered, ObjectionsStand, TextLacking
    """
    require_phase(decision.phase, steps.BallotOpened)
    notice = decision.notice
    assert notice is not None, "what is noticed has a notice"
    if stamp(now) < notice.opens_at and not early:
        raise NotYet(at=notice.opens_at)
    _require_objections_answered(decision)
    lost = [
        language
        for language, hash_ in notice.text_hashes.items()
        if language_hash(decision, language) != hash_
    ]
    if lost:
        raise TextLacking(languages=lost)


def opening_times(decision: Decision, *, now: datetime, early: bool = False) -> tuple[str, str]:
    """Return when a ballot that opens now opens and closes.

    They are those of the notice, unless the opening had to wait for more than an hour: then people
    have the whole time from now on. An assembly's item opens now.
    """
    notice = decision.notice
    assert notice is not None, "what is noticed has a notice"
    opens, closes = moment(notice.opens_at), moment(notice.closes_at)
    if early and now < opens:
        return stamp(now), notice.closes_at
    if now - opens <= LATE_OPENING and now < closes:
        return notice.opens_at, notice.closes_at
    return stamp(now), stamp(now + (closes - opens))


def opened(
    decision: Decision,
    *,
    roll_root: str,
    roll_size: int,
    now: datetime,
    early: bool = False,
    actor: Actor = CLOCK,
) -> tuple[Step, ...]:
    """Return that a ballot is open over a frozen roll.

    Raises:
        WrongPhase, NotYet, ObjectionUnanswered, TextLacking
    """
    require_opening(decision, now=now, early=early)
    opens_at, closes_at = opening_times(decision, now=now, early=early)
    step = steps.BallotOpened(
        **taken(actor, now),
        opens_at=opens_at,
        closes_at=closes_at,
        roll_root=roll_root,
        roll_size=roll_size,
    )
    return (step,)


def require_closing(decision: Decision, *, now: datetime, early: bool = False) -> None:
    """Return quietly where a ballot may be closed now.

    Raises:
        WrongPhase, NotYet
    """
    require_phase(decision.phase, steps.BallotClosed)
    assert decision.opened is not None, "what is voted on was opened"
    if stamp(now) < decision.opened.closes_at and not early:
        raise NotYet(at=decision.opened.closes_at)


def closed(
    decision: Decision,
    count: Count,
    *,
    now: datetime,
    early: bool = False,
    call: int | None = None,
    actor: Actor = CLOCK,
) -> tuple[Step, ...]:
    """Return that a ballot is closed and counted.

    Args:
        call: 2 where an assembly came together for the second time; else the decision's own.

    Raises:
        WrongPhase, NotYet
    """
    require_closing(decision, now=now, early=early)
    assert decision.opened is not None, "what is voted on was opened"
    said = {
        "outcome": count.outcome,
        "winners": count.winners,
        "cast": count.cast,
        "blank": count.blank,
        "invalid": count.invalid,
        "roll": decision.opened.roll_size,
        "root": count.root,
        "report_hash": count.report_hash,
        "call": call or decision.call,
        "standing": len(decision.standing),
    }
    return (steps.BallotClosed.model_validate(taken(actor, now) | said),)


def withdrawn(decision: Decision, actor: Actor, *, reason: str, now: datetime) -> tuple[Step, ...]:
    """Return that a decision is taken back before its ballot opens.

    The proposer may, and who looks after it may with a reason.

    Raises:
        WrongPhase, NotProposer, NoWords
    """
    require_phase(decision.phase, steps.Withdrawn)
    if proposes(decision, actor):
        return (steps.Withdrawn(**taken(actor, now), reason=maybe(reason)),)
    if not keeps(decision, actor):
        raise NotProposer()
    return (steps.Withdrawn(**taken(actor, now), reason=prose(reason)),)


def _require_objections_answered(decision: Decision) -> None:
    if decision.unanswered:
        raise ObjectionUnanswered(objections=[one.number for one in decision.unanswered])


def _require_consent_possible(decision: Decision, rule: Rule) -> None:
    """Return quietly unless consent is asked for where it cannot be found any more."""
    stands = len(decision.standing) > rule.objections_max
    if decision.consent_failed and not decision.fallback:
        raise ObjectionsStand(standing=[one.number for one in decision.standing])
    if rule.method is Method.CONSENT and (stands or decision.fallback):
        raise ObjectionsStand(standing=[one.number for one in decision.standing])


def _fit(decision: Decision, rule: Rule) -> tuple[Option, ...]:
    """Return the options of a ballot, in the order in which they were put up."""
    least = OPTIONS_LEAST.get(rule.method, 0)
    silent = [code for code, one in decision.choices.items() if _is_silent(one)]
    if silent:
        raise OptionsUnfit("candidates have not answered yet", options=silent)
    standing = [one for one in decision.choices.values() if one.accepted is not False]
    if standing and not least:
        raise OptionsUnfit("this method has no options")
    if len(standing) < least:
        raise OptionsUnfit("too few options", least=least)
    if rule.method is Method.BUDGET:
        priceless = [one.option.code for one in standing if one.option.cost is None]
        if priceless:
            raise OptionsUnfit("a project has a cost", options=priceless)
    return tuple(one.option for one in standing)


def _is_silent(choice: Choice) -> bool:
    return choice.sort == "candidate" and choice.accepted is None
