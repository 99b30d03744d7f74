"""What can happen to a decision: it begins, steps are taken, and everybody concerned is told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from services.governance import decision_notices, decision_rows, templates
from services.governance.decision_rows import Kept, StepTaken
from services.governance.process import calling, proposing, repeating
from services.governance.process.actors import Actor
from services.governance.process.calling import Times
from services.governance.process.facts import Step
from services.governance.process.refusals import RuleNotOfTemplate
from services.governance.process.state import Decision
from services.governance.rules import Rule
from services.governance.templates import Template
from shared.ids import new_uuid7
from shared.refusals import Invalid, Kind, Refusal
from shared.store import Work

Decide = Callable[[Decision], tuple[Step, ...]]
"""Says which steps a decision takes, or refuses."""
_NO_TIME: Final = timedelta(0)


class NoSuchTemplate(Refusal):
    """A decision was to begin by a template that there is not."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "no-such-template"
    title: ClassVar[str] = "There is no template of that name"


class SubjectMissing(Refusal):
    """A decision about somebody does not say about whom."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "subject-missing"
    title: ClassVar[str] = "A decision of this kind says whom it is about"


def template_of(code: str) -> Template:
    """Return a template by its code.

    Raises:
        NoSuchTemplate
    """
    found = templates.TEMPLATES.get(code)
    if found is None:
        raise NoSuchTemplate(code[:64])
    return found


def begin(
    work: Work,
    actor: Actor,
    *,
    template: str,
    language: str,
    title: str,
    text: str = "",
    idea: bool = False,
    support_min: int = 0,
    subject: str = "",
    entity: str = "",
    follows: str = "",
    decision_id: str = "",
) -> str:
    """Begin a decision; return its id.

    Args:
        actor: the proposer.
        template: what sort of decision it is; ``templates.TEMPLATES`` has them.
        language: the authoritative one.
        idea: put up for support; else it is written as a proposal at once.
        support_min: how many have to support an idea; stewards write proposals without.
        subject: ``p:<person>`` or ``e:<entity>`` whom it is about; they do not vote on it.
        entity: for which entity the proposer speaks; they must have its mandate.
        follows: an earlier decision that this one takes up again.
        decision_id: a new UUID of version 7, where the caller has made one.

    Raises:
        NoSuchTemplate, SubjectMissing, NoWords, SupportLacking
        Invalid: it says whom it is about, and decisions of this kind are about nobody.
        Missing: there is no decision that it could follow.
    """
    known = template_of(template)
    if known.about_somebody and not subject:
        raise SubjectMissing()
    if subject and not known.about_somebody:
        # Naming somebody takes their vote away: only where it is about them is that right.
        raise Invalid("a decision of this kind is about nobody, and leaves nobody off its roll")
    rounds_before = 0
    if follows:
        rounds_before = _rounds_so_far(decision_rows.kept(work, follows).decision)
    steps = proposing.began(
        actor,
        template=template,
        language=language,
        title=title,
        text=text,
        idea=idea,
        support_min=support_min,
        now=work.now,
        subject=subject,
        entity=entity,
        follows=follows,
        rounds_before=rounds_before,
    )
    new_id = decision_id or new_uuid7()
    made = decision_rows.keep_first(work, new_id, steps)
    decision_notices.notify(work, new_id, made.decision, steps)
    return new_id


def decision_of(work: Work, decision_id: str) -> Decision:
    """Return a decision as it stands.

    Raises:
        Missing: there is none of that id.
    """
    return decision_rows.kept(work, decision_id).decision


def record(
    work: Work, decision_id: str, steps: tuple[Step, ...], *, expected: int | None = None
) -> Decision:
    """Keep further steps of a decision and tell whom they concern.

    Args:
        steps: as a function of ``process`` has decided them over the decision as it stands.
        expected: how many steps it had when it was read, where the caller knows.

    Raises:
        Missing: there is none of that id.
        StepTaken: it has had another step meanwhile.
        WrongPhase: the decision does not have such steps where it is.
    """
    return act(work, decision_id, lambda decision: steps, expected=expected).decision


def act(
    work: Work,
    decision_id: str,
    decide: Decide,
    *,
    expected: int | None = None,
    matches: Callable[[Kept], None] = lambda kept: None,
) -> Kept:
    """Load a decision, decide which steps it takes, store them, and tell whom they concern.

    Args:
        decide: over the decision as it stands.
        expected: how many steps it had when the asker read it, where they say so.
        matches: refuses where it is not what the asker has read, if they say that otherwise.

    Raises:
        Missing: there is none of that id.
        StepTaken: it has had another step meanwhile.
    """
    before = decision_rows.kept(work, decision_id, writing=True)
    if expected is not None and expected != before.steps:
        raise StepTaken(steps=before.steps)
    matches(before)
    steps = decide(before.decision)
    after = decision_rows.keep(work, before, steps)
    decision_notices.notify(work, decision_id, after.decision, steps)
    return after


def give_notice(
    decision: Decision,
    actor: Actor,
    *,
    rule: Rule,
    languages: list[str],
    now: datetime,
    **when: Any,
) -> tuple[Step, ...]:
    """Return the notice of a decision by a rule that its template allows.

    Args:
        languages: those of the charter.
        when: ``opens_at``, ``closes_at``, ``objections_until``; what is not said, the rule says.

    Raises:
        RuleNotOfTemplate: it is laxer than decisions of this kind are made by.
        TimesUnfit, and what ``calling.noticed`` raises.
    """
    template = template_of(decision.template)
    model = template.fallback if decision.fallback and template.fallback else template.rule
    wrong = templates.differences(rule, model, template)
    if wrong:
        raise RuleNotOfTemplate(fields=wrong)
    times = calling.times(rule, now=now, **when)
    return calling.noticed(decision, actor, rule=rule, languages=languages, when=times, now=now)


def call_again(
    work: Work,
    decision_id: str,
    actor: Actor,
    *,
    matches: Callable[[Kept], None] = lambda kept: None,
    **when: Any,
) -> str:
    """Call a ballot for the second time, because too few took part in the first; return its id.

    It is a decision of its own, with the same words, options and rule, and takes effect with the
    quorum of the second call. Its notice lasts for as long as the rule says between the two.

    Args:
        when: ``opens_at`` and ``closes_at``; what is not said, the rule says.

    Raises:
        Missing, NotKeeper, NoSecondCall, AlreadySo, TimesUnfit
    """
    new_id = new_uuid7()
    before = act(
        work,
        decision_id,
        lambda decision: repeating.repeated(
            decision, actor, successor=new_id, reason="second-call", now=work.now
        ),
        matches=matches,
    ).decision
    assert before.notice is not None, "what was counted had a notice"
    earliest = repeating.second_call_earliest(before)
    times = calling.times(
        before.notice.rule, now=work.now, notice=max(earliest - work.now, _NO_TIME), **when
    )
    _carry_over(work, decision_id, before, actor, new_id=new_id, call=2, when=times)
    return new_id


def vote_anew(
    work: Work,
    decision_id: str,
    actor: Actor,
    *,
    matches: Callable[[Kept], None] = lambda kept: None,
) -> str:
    """Begin the new vote that an appeal has ordered, as a proposal; return its id.

    Raises:
        Missing, NotKeeper, NoNewVote, AlreadySo
    """
    new_id = new_uuid7()
    before = act(
        work,
        decision_id,
        lambda decision: repeating.repeated(
            decision, actor, successor=new_id, reason="new-vote", now=work.now
        ),
        matches=matches,
    ).decision
    _carry_over(work, decision_id, before, actor, new_id=new_id, call=before.call, when=None)
    return new_id


def _carry_over(
    work: Work,
    decision_id: str,
    before: Decision,
    actor: Actor,
    *,
    new_id: str,
    call: int,
    when: Times | None,
) -> None:
    steps = repeating.carried_over(
        before, actor, decision_id=decision_id, call=call, when=when, now=work.now
    )
    made = decision_rows.keep_first(work, new_id, steps)
    decision_notices.notify(work, new_id, made.decision, steps)


def _rounds_so_far(before: Decision) -> int:
    """Return the rounds of consent that a decision has had; a ballot with an objection is one."""
    voted = before.closed is not None and bool(before.standing)
    return before.rounds_held + int(voted)
