"""Decisions that an assembly or a budget cycle prepares: begun, worded, and announced at once.

Their words have been before the members already, in each language, with the call or the shortlist;
so the translations are confirmed with that reason, and no second person is waited for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.governance import decision_handlers as decisions
from services.governance.process import calling, proposing
from services.governance.process.actors import Actor
from services.governance.process.facts import Step
from services.governance.process.state import Decision
from services.governance.process.wording import language_hash
from services.governance.rules import Option, Rule
from shared.cleaning import language_tag
from shared.store import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is put to the vote.

    Args:
        languages: the first one is authoritative.
        title, text: by language; the text may be empty.
        options: each with its names by language, and a text by language or none.
        because: why the translations need no second person, in one sentence.
    """

    template: str
    rule: Rule
    languages: Sequence[str]
    title: Mapping[str, str]
    text: Mapping[str, str]
    options: Sequence[tuple[Option, Mapping[str, str], Mapping[str, str]]] = ()
    sort: Literal["answer", "project"] = "answer"
    because: str


def announce(
    work: Work,
    prepared: Prepared,
    *,
    proposer: str,
    notice: timedelta | None = None,
    closes_at: datetime | None = None,
) -> str:
    """Begin a decision with all its words and announce it; return its id.

    Args:
        notice: how long its notice lasts at least, where that is not what the rule says: an
            assembly's call was its notice.

    Raises:
        what ``decision_handlers.begin`` and ``calling.noticed`` raise.
    """
    actor = Actor(person=proposer, steward=True)
    first, *others = prepared.languages
    decision_id = decisions.begin(
        work,
        actor,
        template=prepared.template,
        language=first,
        title=prepared.title[first],
        text=prepared.text.get(first, ""),
    )
    for option, names, texts in prepared.options:
        _put(work, decision_id, actor, prepared, option, names, texts)
    for language in others:
        _translate(work, decision_id, actor, prepared, language)

    def noticed(decision: Decision) -> tuple[Step, ...]:
        when = calling.times(prepared.rule, now=work.now, notice=notice, closes_at=closes_at)
        return calling.noticed(
            decision,
            actor,
            rule=prepared.rule,
            languages=[language_tag(one) for one in prepared.languages],
            when=when,
            now=work.now,
        )

    decisions.act(work, decision_id, noticed)
    return decision_id


def _put(
    work: Work,
    decision_id: str,
    actor: Actor,
    prepared: Prepared,
    option: Option,
    names: Mapping[str, str],
    texts: Mapping[str, str],
) -> None:
    words = {language_tag(one): (names[one], texts.get(one, "")) for one in prepared.languages}
    decisions.act(
        work,
        decision_id,
        lambda decision: proposing.option_put(
            decision,
            actor,
            code=option.code,
            sort=prepared.sort,
            words=words,
            cost=option.cost,
            groups=option.groups,
            now=work.now,
        ),
    )


def _translate(
    work: Work, decision_id: str, actor: Actor, prepared: Prepared, language: str
) -> None:
    decisions.act(
        work,
        decision_id,
        lambda decision: proposing.translation_written(
            decision,
            actor,
            version=1,
            language=language,
            title=prepared.title[language],
            text=prepared.text.get(language, ""),
            now=work.now,
        ),
    )
    tag = language_tag(language)
    decisions.act(
        work,
        decision_id,
        lambda decision: proposing.translation_confirmed(
            decision,
            actor,
            version=1,
            language=tag,
            hash_=language_hash(decision, tag),
            alone=prepared.because,
            now=work.now,
        ),
    )
