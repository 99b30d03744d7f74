"""Deciding about ideas and proposals: support, versions, translations, roles, options."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.governance.process import steps_proposal as steps
from services.governance.process.actors import (
    Actor,
    keeps,
    line,
    maybe,
    proposes,
    prose,
    require_keeper,
    require_proposer,
    taken,
)
from services.governance.process.facts import Step, Words
from services.governance.process.phases import require_phase
from services.governance.process.refusals import (
    AlreadySo,
    NoSuchPart,
    NotTheirs,
    OptionsUnfit,
    OwnTranslation,
    RecordFull,
    RoundsOver,
    SupportLacking,
    VersionOutdated,
    WordsChanged,
)
from services.governance.process.state import Choice, Decision, Version
from services.governance.process.wording import language_hash
from shared.cleaning import language_tag

SUPPORTERS_MAX: Final = 2_000
VERSIONS_MAX: Final = 100
OPTIONS_MAX: Final = 500
LANGUAGES_MAX: Final = 40


def began(
    actor: Actor,
    *,
    template: str,
    language: str,
    title: str,
    text: str,
    now: datetime,
    idea: bool = False,
    support_min: int = 0,
    **more: Any,
) -> tuple[Step, ...]:
    """Return the first steps of a decision.

    Args:
        actor: the proposer.
        template: what sort of decision it is.
        language: the authoritative one.
        idea: put up for support; else it is written as a proposal at once.
        support_min: how many have to support an idea; stewards write proposals without.
        more: further fields of ``Begun``.

    Raises:
        NoWords, SupportLacking
    """
    tag, words = language_tag(language), worded(title, text)
    first = steps.Begun(
        **taken(actor, now),
        template=template,
        language=tag,
        title=words.title,
        text=words.text,
        support_min=support_min,
        **more,
    )
    if idea:
        return (first,)
    if support_min and not actor.steward:
        raise SupportLacking(support_min=support_min)
    return (first, _version(actor, 1, tag, {tag: words}, now=now))


def supported(decision: Decision, actor: Actor, *, now: datetime) -> tuple[Step, ...]:
    """Return that somebody supports an idea.

    Raises:
        WrongPhase, AlreadySo, RecordFull
    """
    require_phase(decision.phase, steps.Supported)
    if actor.person in decision.supporters:
        raise AlreadySo()
    if len(decision.supporters) >= SUPPORTERS_MAX:
        raise RecordFull(most=SUPPORTERS_MAX)
    return (steps.Supported(**taken(actor, now)),)


def support_ended(decision: Decision, actor: Actor, *, now: datetime) -> tuple[Step, ...]:
    """Return that somebody supports an idea no longer.

    Raises:
        WrongPhase, AlreadySo
    """
    require_phase(decision.phase, steps.SupportEnded)
    if actor.person not in decision.supporters:
        raise AlreadySo()
    return (steps.SupportEnded(**taken(actor, now)),)


def role_given(
    decision: Decision, actor: Actor, *, role: str, persons: tuple[str, ...], now: datetime
) -> tuple[Step, ...]:
    """Return that a role in a decision is given to persons.

    Raises:
        WrongPhase, NotKeeper
    """
    require_phase(decision.phase, steps.RoleGiven)
    require_keeper(decision, actor)
    return (steps.RoleGiven(**taken(actor, now), role=role, persons=persons),)


def version_written(
    decision: Decision,
    actor: Actor,
    *,
    language: str,
    texts: Mapping[str, tuple[str, str]],
    now: datetime,
    amendment: int = 0,
) -> tuple[Step, ...]:
    """Return that a proposal has a new version.

    Args:
        language: the authoritative one, which must be among the texts.
        texts: by language, title and text.
        amendment: which one it takes in.

    Raises:
        WrongPhase, NotProposer, SupportLacking, NoWords, NoSuchPart, RecordFull
        RoundsOver: two rounds of consent have ended with an objection standing.
    """
    require_phase(decision.phase, steps.VersionWritten)
    require_proposer(decision, actor)
    if len(decision.supporters) < decision.support_min and not decision.versions:
        raise SupportLacking(support_min=decision.support_min, support=len(decision.supporters))
    if decision.consent_failed:
        raise RoundsOver()
    if len(decision.versions) >= VERSIONS_MAX:
        raise RecordFull(most=VERSIONS_MAX)
    tag = language_tag(language)
    words = {language_tag(one): worded(*said) for one, said in texts.items()}
    if tag not in words:
        raise NoSuchPart("the authoritative language has no text")
    number = len(decision.versions) + 1
    return (_version(actor, number, tag, words, now=now, amendment=amendment),)


def translation_written(
    decision: Decision,
    actor: Actor,
    *,
    version: int,
    language: str,
    title: str,
    text: str,
    now: datetime,
) -> tuple[Step, ...]:
    """Return that the newest version was put into another language.

    Raises:
        WrongPhase, VersionOutdated, NotTheirs, AlreadySo, NoWords, RecordFull
    """
    require_phase(decision.phase, steps.TranslationWritten)
    newest = _newest(decision, version)
    tag, words = language_tag(language), worded(title, text)
    if tag == newest.language:
        raise NotTheirs("the authoritative text changes by a new version only")
    there = newest.texts.get(tag)
    if there is not None and there.words == words:
        raise AlreadySo()
    if there is None and len(newest.texts) >= LANGUAGES_MAX:
        raise RecordFull(most=LANGUAGES_MAX)
    said = {"version": version, "language": tag, "title": words.title, "text": words.text}
    return (steps.TranslationWritten.model_validate(taken(actor, now) | said),)


def translation_confirmed(
    decision: Decision,
    actor: Actor,
    *,
    version: int,
    language: str,
    hash_: str,
    now: datetime,
    alone: str = "",
) -> tuple[Step, ...]:
    """Return that somebody found a translation right, with the words of the options in it.

    Args:
        hash_: of the words that they have read.
        alone: why the translator does it, where nobody else knows the language.

    Raises:
        WrongPhase, VersionOutdated, NoSuchPart, WordsChanged, OwnTranslation, AlreadySo
    """
    require_phase(decision.phase, steps.TranslationConfirmed)
    newest, tag = _newest(decision, version), language_tag(language)
    text = newest.texts.get(tag)
    if text is None or tag == newest.language:
        raise NoSuchPart("there is no translation into that language")
    if hash_ != language_hash(decision, tag):
        raise WordsChanged(hash=language_hash(decision, tag))
    if text.confirmed == hash_:
        raise AlreadySo()
    why = maybe(alone)
    if text.by == actor.person and not why:
        raise OwnTranslation()
    said = {"version": version, "language": tag, "hash": hash_, "alone": why}
    return (steps.TranslationConfirmed.model_validate(taken(actor, now) | said),)


def option_put(
    decision: Decision,
    actor: Actor,
    *,
    code: str,
    sort: str,
    words: Mapping[str, tuple[str, str]],
    now: datetime,
    cost: int | None = None,
    groups: tuple[str, ...] = (),
    person: str = "",
) -> tuple[Step, ...]:
    """Return that an option is put up, or changed; everybody may put up candidates.

    Raises:
        WrongPhase, NotTheirs, OptionsUnfit, NoWords, RecordFull, AlreadySo
    """
    require_phase(decision.phase, steps.OptionPut)
    there = decision.choices.get(code)
    runs = proposes(decision, actor) or keeps(decision, actor)
    if not runs and (sort != "candidate" if there is None else there.by != actor.person):
        raise NotTheirs()
    if there is None and len(decision.choices) >= OPTIONS_MAX:
        raise RecordFull(most=OPTIONS_MAX)
    if (sort == "candidate") != bool(person):
        raise OptionsUnfit("a candidate is a person, and nothing else is")
    if person and (others := _other_names(decision, code, person)):
        raise OptionsUnfit("this person is a candidate already", options=others)
    said = {language_tag(one): worded(*told) for one, told in words.items()}
    step = steps.OptionPut.model_validate(
        taken(actor, now)
        | {
            "code": code,
            "sort": sort,
            "words": said,
            "cost": cost,
            "groups": groups,
            "person": person,
        }
    )
    if there is not None and _unchanged(there, step):
        raise AlreadySo()
    return (step,)


def option_dropped(
    decision: Decision, actor: Actor, *, code: str, reason: str, now: datetime
) -> tuple[Step, ...]:
    """Return that an option stands no longer.

    Raises:
        WrongPhase, NoSuchPart, NotTheirs, NoWords
    """
    require_phase(decision.phase, steps.OptionDropped)
    there = decision.choices.get(code)
    if there is None:
        raise NoSuchPart("there is no such option")
    if there.by != actor.person and not (proposes(decision, actor) or keeps(decision, actor)):
        raise NotTheirs()
    return (steps.OptionDropped(**taken(actor, now), code=code, reason=prose(reason)),)


def candidacy_answered(
    decision: Decision, actor: Actor, *, code: str, accepts: bool, now: datetime
) -> tuple[Step, ...]:
    """Return that a candidate stands, or does not.

    Raises:
        WrongPhase, NoSuchPart, NotTheirs
        AlreadySo: they have said so, or stand under another name.
    """
    require_phase(decision.phase, steps.CandidacyAnswered)
    there = decision.choices.get(code)
    if there is None or there.sort != "candidate":
        raise NoSuchPart("there is no such candidate")
    if there.person != actor.person and there.person not in actor.entities:
        raise NotTheirs()
    if there.accepted is accepts:
        raise AlreadySo()
    if accepts and _other_names(decision, code, there.person):
        raise AlreadySo("this person stands under another name")
    return (steps.CandidacyAnswered(**taken(actor, now), code=code, accepts=accepts),)


def _other_names(decision: Decision, code: str, person: str) -> list[str]:
    """Return under which other codes a person stands, who could be given two seats by them."""
    return [
        other
        for other, one in decision.choices.items()
        if one.person == person and other != code and one.accepted is not False
    ]


def worded(title: str, text: str) -> Words:
    """Return a title and a text, cleaned.

    Raises:
        NoWords: the title has none.
    """
    return Words(title=line(title), text=maybe(text))


def _version(
    actor: Actor,
    number: int,
    language: str,
    texts: dict[str, Words],
    *,
    now: datetime,
    amendment: int = 0,
) -> steps.VersionWritten:
    return steps.VersionWritten(
        **taken(actor, now), number=number, language=language, texts=texts, amendment=amendment
    )


def _newest(decision: Decision, version: int) -> Version:
    newest = decision.version
    assert newest is not None, "a proposal has a version"
    if newest.number != version:
        raise VersionOutdated(version=newest.number)
    return newest


def _unchanged(there: Choice, step: steps.OptionPut) -> bool:
    """Return whether an option would be put up as it stands."""
    before = (dict(there.words), there.person, there.sort, there.option.cost, there.option.groups)
    return before == (step.words, step.person, step.sort, step.cost, step.groups)
