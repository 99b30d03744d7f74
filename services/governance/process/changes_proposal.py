"""What steps of an idea, a proposal and its objections change in a decision."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

from services.governance.process import steps_objection as objection
from services.governance.process import steps_proposal as proposal
from services.governance.process.facts import Words
from services.governance.process.phases import Phase
from services.governance.process.state import (
    Amendment,
    AmendmentState,
    Appeal,
    Choice,
    ConsentRound,
    Decision,
    Objection,
    ObjectionState,
    Question,
    Translation,
    Version,
)
from services.governance.rules import Option

N = TypeVar("N", bound=Amendment | Appeal | Objection | Question)


def supported(state: Decision, step: proposal.Supported) -> Decision:
    return replace(state, supporters=state.supporters | {step.by})


def support_ended(state: Decision, step: proposal.SupportEnded) -> Decision:
    return replace(state, supporters=state.supporters - {step.by})


def role_given(state: Decision, step: proposal.RoleGiven) -> Decision:
    roles = {**state.roles, step.role: frozenset(step.persons)}
    return replace(state, roles=MappingProxyType(roles))


def version_written(state: Decision, step: proposal.VersionWritten) -> Decision:
    texts = {
        language: Translation(words=words, by=step.by) for language, words in step.texts.items()
    }
    version = Version(
        number=step.number,
        language=step.language,
        texts=MappingProxyType(texts),
        by=step.by,
        at=step.at,
        amendment=step.amendment,
    )
    return replace(state, phase=Phase.PROPOSAL, versions=(*state.versions, version))


def with_text(state: Decision, language: str, text: Translation) -> Decision:
    *before, newest = state.versions
    texts = MappingProxyType({**newest.texts, language: text})
    return replace(state, versions=(*before, replace(newest, texts=texts)))


def translation_written(state: Decision, step: proposal.TranslationWritten) -> Decision:
    words = Words(title=step.title, text=step.text)
    return with_text(state, step.language, Translation(words=words, by=step.by))


def translation_confirmed(state: Decision, step: proposal.TranslationConfirmed) -> Decision:
    text = state.versions[-1].texts[step.language]
    confirmed = replace(text, confirmed=step.hash, confirmed_by=step.by)
    return with_text(state, step.language, confirmed)


def option_put(state: Decision, step: proposal.OptionPut) -> Decision:
    before = state.choices.get(step.code)
    same = before is not None and before.person == step.person and before.words == step.words
    choice = Choice(
        option=Option(code=step.code, cost=step.cost, groups=step.groups),
        sort=step.sort,
        words=MappingProxyType(dict(step.words)),
        by=step.by,
        person=step.person,
        # A candidate has accepted these words, and no others.
        accepted=before.accepted if before and same else None,
    )
    return replace(state, choices=MappingProxyType({**state.choices, step.code: choice}))


def option_dropped(state: Decision, step: proposal.OptionDropped) -> Decision:
    left = {code: choice for code, choice in state.choices.items() if code != step.code}
    return replace(state, choices=MappingProxyType(left))


def candidacy_answered(state: Decision, step: proposal.CandidacyAnswered) -> Decision:
    choice = replace(state.choices[step.code], accepted=step.accepts)
    return replace(state, choices=MappingProxyType({**state.choices, step.code: choice}))


def amendment_proposed(state: Decision, step: proposal.AmendmentProposed) -> Decision:
    made = Amendment(
        number=step.number,
        version=step.version,
        language=step.language,
        words=Words(title=step.title, text=step.text),
        reason=step.reason,
        by=step.by,
        at=step.at,
    )
    return replace(state, amendments=(*state.amendments, made))


def amendment_accepted(state: Decision, step: proposal.AmendmentAccepted) -> Decision:
    return _amended(state, step.number, state=AmendmentState.ACCEPTED, taken_into=step.version)


def amendment_rejected(state: Decision, step: proposal.AmendmentRejected) -> Decision:
    return _amended(state, step.number, state=AmendmentState.REJECTED, answer=step.reason)


def amendment_withdrawn(state: Decision, step: proposal.AmendmentWithdrawn) -> Decision:
    return _amended(state, step.number, state=AmendmentState.WITHDRAWN)


def _amended(decision: Decision, number: int, **fields: Any) -> Decision:
    return replace(decision, amendments=numbered(decision.amendments, number, **fields))


def question_asked(state: Decision, step: proposal.QuestionAsked) -> Decision:
    asked = Question(
        number=step.number, language=step.language, text=step.text, by=step.by, at=step.at
    )
    return replace(state, questions=(*state.questions, asked))


def question_answered(state: Decision, step: proposal.QuestionAnswered) -> Decision:
    answered = numbered(
        state.questions,
        step.number,
        answer=step.text,
        answer_language=step.language,
        answered_by=step.by,
        answered_at=step.at,
    )
    return replace(state, questions=answered)


def repeated(state: Decision, step: proposal.Repeated) -> Decision:
    return replace(state, successor=step.successor)


def objection_raised(state: Decision, step: objection.ObjectionRaised) -> Decision:
    fields = step.model_dump(exclude={"what"})
    return replace(state, objections=(*state.objections, Objection(**fields)))


def objection_judged(state: Decision, step: objection.ObjectionJudged) -> Decision:
    return _judged(state, step, judged_by=step.by)


def objection_appealed(state: Decision, step: objection.ObjectionAppealed) -> Decision:
    return _objected(state, step.number, appeal=step.reason)


def objection_judged_again(state: Decision, step: objection.ObjectionJudgedAgain) -> Decision:
    return _judged(state, step, judged_again_by=step.by)


def _judged(
    decision: Decision,
    step: objection.ObjectionJudged | objection.ObjectionJudgedAgain,
    **who: str,
) -> Decision:
    became = ObjectionState.VALIDATED if step.valid else ObjectionState.NOT_VALIDATED
    before = decision.objections[step.number - 1].answered_at
    answered_at = "" if step.valid else before or step.at
    judged = _objected(
        decision, step.number, state=became, reason=step.reason, answered_at=answered_at, **who
    )
    return replace(judged, deciders=judged.deciders | {step.by})


def objection_integrated(state: Decision, step: objection.ObjectionIntegrated) -> Decision:
    became = ObjectionState.INTEGRATED
    return _objected(
        state, step.number, state=became, integrated_in=step.version, answered_at=step.at
    )


def objection_withdrawn(state: Decision, step: objection.ObjectionWithdrawn) -> Decision:
    became = ObjectionState.WITHDRAWN
    return _objected(state, step.number, state=became, answer=step.reason, answered_at=step.at)


def objection_stood(state: Decision, step: objection.ObjectionStood) -> Decision:
    return _objected(
        state,
        step.number,
        state=ObjectionState.STANDS,
        stands_against=step.version,
        answer=step.answer,
        answered_at=step.at,
    )


def _objected(decision: Decision, number: int, **fields: Any) -> Decision:
    return replace(decision, objections=numbered(decision.objections, number, **fields))


def round_ended(state: Decision, step: objection.RoundEnded) -> Decision:
    ended = ConsentRound(
        number=step.number, version=step.version, standing=step.standing, at=step.at
    )
    return replace(state, rounds=(*state.rounds, ended))


def fallback_called(state: Decision, step: objection.FallbackCalled) -> Decision:
    return replace(state, fallback=True)


def numbered(items: tuple[N, ...], number: int, **fields: Any) -> tuple[N, ...]:
    """Return numbered things with one of them changed; the first one is number 1."""
    changed = list(items)
    changed[number - 1] = replace(items[number - 1], **fields)
    return tuple(changed)
