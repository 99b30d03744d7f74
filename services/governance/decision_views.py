"""What is shown of a decision: the whole of it, with its words in the language that is asked for.

Nothing here knows of votes before they are counted, so that nothing of them can be shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.governance import templates
from services.governance.decision_rows import Kept
from services.governance.process.appealing import appeals_until
from services.governance.process.facts import Words
from services.governance.process.needs import needs
from services.governance.process.objecting import answer_due
from services.governance.process.state import Choice, Decision, Objection, Version
from services.governance.process.wording import (
    confirmed,
    in_language,
    lacking,
    language_hash,
    untold,
)
from shared.clock import stamp


def shown(kept: Kept, *, language: str, languages: Sequence[str]) -> dict[str, Any]:
    """Return a decision as it is shown.

    Args:
        language: the one that is asked for; where there is no text in it, another is shown.
        languages: those of the charter.
    """
    decision = kept.decision
    until = appeals_until(decision)
    return {
        "id": kept.decision_id,
        "steps": kept.steps,
        "head": kept.head,
        "phase": decision.phase.value,
        "template": decision.template,
        "label": templates.label(decision.template, language),
        "proposer": decision.proposer,
        "entity": decision.entity,
        "subject": decision.subject,
        "begun_at": decision.begun_at,
        "follows": decision.follows,
        "successor": decision.successor,
        "call": decision.call,
        "support": len(decision.supporters),
        "support_min": decision.support_min,
        "roles": {role: sorted(persons) for role, persons in decision.roles.items()},
        "words": _words(decision, language),
        "languages": _languages(decision),
        "lacking": lacking(decision, languages) if decision.versions else [],
        "versions": [_version(one, language) for one in decision.versions],
        "options": [
            _option(code, one, decision, language) for code, one in decision.choices.items()
        ],
        "amendments": [_amendment(one) for one in decision.amendments],
        "questions": [_plain(one) for one in decision.questions],
        "objections": [objection(decision, one) for one in decision.objections],
        "rounds": [_plain(one) for one in decision.rounds],
        "fallback": decision.fallback,
        "notice": decision.notice.as_data() if decision.notice else None,
        "ballot": _plain(decision.opened) if decision.opened else None,
        "count": decision.closed.as_data() if decision.closed else None,
        "appeals_until": stamp(until) if until else "",
        "appeals": [_appeal(one) for one in decision.appeals],
        "outcome": _plain(decision.settled) if decision.settled else None,
        "withdrawn": decision.withdrawn,
        "needs": [_plain(one) for one in needs(decision)],
    }


def objection(decision: Decision, one: Objection) -> dict[str, Any]:
    """Return an objection as it is shown, with until when it has to be answered."""
    return _plain(one) | {"answered": one.answered, "due": answer_due(decision, one)}


def _words(decision: Decision, language: str) -> dict[str, Any]:
    version = decision.version
    if version is None:
        return _said(decision.language, decision.idea) | {"authoritative": True, "confirmed": True}
    texts = {tag: text.words for tag, text in version.texts.items()}
    tag = in_language(texts, language, else_in=version.language)
    return _said(tag, texts[tag]) | {
        "authoritative": tag == version.language,
        "confirmed": confirmed(decision, tag),
    }


def _languages(decision: Decision) -> list[dict[str, Any]]:
    version = decision.version
    if version is None:
        return []
    return [
        {
            "language": tag,
            "authoritative": tag == version.language,
            "by": text.by,
            "confirmed": confirmed(decision, tag),
            "confirmed_by": text.confirmed_by,
            "hash": language_hash(decision, tag),
            "options_lacking": untold(decision, tag),
        }
        for tag, text in sorted(version.texts.items())
    ]


def _version(one: Version, language: str) -> dict[str, Any]:
    texts = {tag: text.words for tag, text in one.texts.items()}
    tag = in_language(texts, language, else_in=one.language)
    return {
        "number": one.number,
        "authoritative": one.language,
        "by": one.by,
        "at": one.at,
        "amendment": one.amendment,
        "words": _said(tag, texts[tag]),
    }


def option_names(decision: Decision, language: str) -> dict[str, str]:
    """Return what each option is called, by its code, as near to a language as there are words."""
    return {
        code: _option(code, one, decision, language)["words"]["title"]
        for code, one in decision.choices.items()
    }


def _option(code: str, one: Choice, decision: Decision, language: str) -> dict[str, Any]:
    version = decision.version
    tag = in_language(one.words, language, else_in=version.language if version else "")
    return {
        "code": code,
        "sort": one.sort,
        "cost": one.option.cost,
        "groups": list(one.option.groups),
        "person": one.person,
        "accepted": one.accepted,
        "by": one.by,
        "words": _said(tag, one.words[tag]),
    }


def _amendment(one: Any) -> dict[str, Any]:
    return _plain(one) | {"words": _said(one.language, one.words)}


def _appeal(one: Any) -> dict[str, Any]:
    said = [{"by": by, "order": order, "reasons": reasons} for by, order, reasons in one.words]
    return _plain(one) | {"words": said}


def _said(language: str, words: Words) -> dict[str, Any]:
    return {"language": language, "title": words.title, "text": words.text}


def _plain(one: Any) -> dict[str, Any]:
    """Return the fields of a flat value as JSON knows them."""
    return {name: _json(getattr(one, name)) for name in one.__dataclass_fields__}


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(inner) for inner in value]
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {key: _json(inner) for key, inner in value.items()}
    return value
