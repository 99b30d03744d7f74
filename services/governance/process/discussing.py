"""Deciding about amendments and questions."""

from datetime import datetime
from typing import Final

from services.governance.process import steps_proposal as steps
from services.governance.process.actors import (
    Actor,
    keeps,
    line,
    maybe,
    part,
    proposes,
    prose,
    require_proposer,
    taken,
)
from services.governance.process.facts import Step
from services.governance.process.phases import require_phase
from services.governance.process.proposing import version_written
from services.governance.process.refusals import (
    AlreadySo,
    AmendmentClosed,
    NotProposer,
    NotTheirs,
    RecordFull,
    VersionOutdated,
)
from services.governance.process.state import Amendment, AmendmentState, Decision
from shared.cleaning import language_tag

AMENDMENTS_MAX: Final = 300
QUESTIONS_MAX: Final = 1_000


def amendment_proposed(
    decision: Decision,
    actor: Actor,
    *,
    version: int,
    language: str,
    title: str,
    text: str,
    reason: str,
    now: datetime,
) -> tuple[Step, ...]:
    """Return that somebody proposes other words for the newest version.

    Raises:
        WrongPhase, VersionOutdated, NoWords, AlreadySo, RecordFull
    """
    require_phase(decision.phase, steps.AmendmentProposed)
    newest = decision.version
    assert newest is not None, "a proposal has a version"
    if newest.number != version:
        raise VersionOutdated(version=newest.number)
    if len(decision.amendments) >= AMENDMENTS_MAX:
        raise RecordFull(most=AMENDMENTS_MAX)
    tag, said = language_tag(language), (line(title), maybe(text))
    there = newest.texts.get(tag)
    if there is not None and (there.words.title, there.words.text) == said:
        raise AlreadySo("an amendment changes words")
    step = steps.AmendmentProposed(
        **taken(actor, now),
        number=len(decision.amendments) + 1,
        version=version,
        language=tag,
        title=said[0],
        text=said[1],
        reason=prose(reason),
    )
    return (step,)


def amendment_accepted(
    decision: Decision, actor: Actor, *, number: int, now: datetime
) -> tuple[Step, ...]:
    """Return that the proposer takes an amendment in, and the version that has its words.

    The language in which it was written becomes the authoritative one of the new version: the
    others have to be translated again.

    Raises:
        WrongPhase, NoSuchPart, NotProposer, AmendmentClosed, RecordFull
    """
    require_phase(decision.phase, steps.AmendmentAccepted)
    one = _open(decision, number)
    written = version_written(
        decision,
        actor,
        language=one.language,
        texts={one.language: (one.words.title, one.words.text)},
        amendment=number,
        now=now,
    )
    version = len(decision.versions) + 1
    accepted = steps.AmendmentAccepted(**taken(actor, now), number=number, version=version)
    return (*written, accepted)


def amendment_rejected(
    decision: Decision, actor: Actor, *, number: int, reason: str, now: datetime
) -> tuple[Step, ...]:
    """Return that the proposer does not take an amendment in, and why.

    Raises:
        WrongPhase, NoSuchPart, NotProposer, AmendmentClosed, NoWords
    """
    require_phase(decision.phase, steps.AmendmentRejected)
    _open(decision, number)
    require_proposer(decision, actor)
    return (steps.AmendmentRejected(**taken(actor, now), number=number, reason=prose(reason)),)


def amendment_withdrawn(
    decision: Decision, actor: Actor, *, number: int, now: datetime
) -> tuple[Step, ...]:
    """Return that somebody takes their amendment back.

    Raises:
        WrongPhase, NoSuchPart, NotTheirs, AmendmentClosed
    """
    require_phase(decision.phase, steps.AmendmentWithdrawn)
    if _open(decision, number).by != actor.person:
        raise NotTheirs()
    return (steps.AmendmentWithdrawn(**taken(actor, now), number=number),)


def question_asked(
    decision: Decision, actor: Actor, *, language: str, text: str, now: datetime
) -> tuple[Step, ...]:
    """Return that somebody asks.

    Raises:
        WrongPhase, NoWords, RecordFull
    """
    require_phase(decision.phase, steps.QuestionAsked)
    if len(decision.questions) >= QUESTIONS_MAX:
        raise RecordFull(most=QUESTIONS_MAX)
    number = len(decision.questions) + 1
    tag = language_tag(language)
    asked = steps.QuestionAsked(**taken(actor, now), number=number, language=tag, text=prose(text))
    return (asked,)


def question_answered(
    decision: Decision, actor: Actor, *, number: int, language: str, text: str, now: datetime
) -> tuple[Step, ...]:
    """Return that the proposer, or who looks after the decision, answers a question once.

    Raises:
        WrongPhase, NoSuchPart, NotProposer, AlreadySo, NoWords
    """
    require_phase(decision.phase, steps.QuestionAnswered)
    question = part(decision.questions, number)
    if not (proposes(decision, actor) or keeps(decision, actor)):
        raise NotProposer()
    if question.answer:
        raise AlreadySo()
    tag = language_tag(language)
    answered = steps.QuestionAnswered(
        **taken(actor, now), number=number, language=tag, text=prose(text)
    )
    return (answered,)


def _open(decision: Decision, number: int) -> Amendment:
    one = part(decision.amendments, number)
    if one.state is not AmendmentState.OPEN:
        raise AmendmentClosed(state=one.state.value)
    return one
