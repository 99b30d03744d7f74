"""The words on which people vote, in one language: what belongs to them, and their hash."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from services.governance.process.state import Choice, Decision, Translation
from shared.canonical import canonical


def language_hash(decision: Decision, language: str) -> str:
    """Return the SHA-256 of all words that stand on a ballot in a language, in hex; empty if none.

    Those of the options belong to it: who confirms a translation confirms them too.
    """
    version = decision.version
    text = version.texts.get(language) if version else None
    if version is None or text is None:
        return ""
    said = {
        "language": language,
        "title": text.words.title,
        "text": text.words.text,
        "options": [_said(code, choice, language) for code, choice in _standing(decision)],
    }
    return hashlib.sha256(canonical(said)).hexdigest()


def confirmed(decision: Decision, language: str) -> bool:
    """Return whether people can vote in a language.

    The authoritative text needs no confirmation; every other one was confirmed as it stands. An
    answer or a project has its words in the language, a candidate's may be in any.
    """
    version = decision.version
    text = version.texts.get(language) if version else None
    if version is None or text is None or untold(decision, language):
        return False
    return language == version.language or text.confirmed == language_hash(decision, language)


def untold(decision: Decision, language: str) -> list[str]:
    """Return the codes of the options that lack words in a language."""
    return [
        code
        for code, choice in _standing(decision)
        if choice.sort != "candidate" and language not in choice.words
    ]


def lacking(decision: Decision, languages: Iterable[str]) -> list[str]:
    """Return the languages in which people could not vote."""
    return [language for language in languages if not confirmed(decision, language)]


def unconfirmed(decision: Decision) -> dict[str, Translation]:
    """Return the translations of the newest version that nobody has confirmed as they stand."""
    version = decision.version
    if version is None:
        return {}
    return {
        language: text
        for language, text in version.texts.items()
        if language != version.language and text.confirmed != language_hash(decision, language)
    }


def in_language(words: Mapping[str, Any], language: str, *, else_in: str) -> str:
    """Return in which language something is shown to somebody who asks for one.

    The asked one, else one of the same tongue (``pt`` for ``pt-BR``), else ``else_in``, else the
    first one.
    """
    tongue = language.partition("-")[0]
    near = sorted(one for one in words if one.partition("-")[0] == tongue)
    for one in (language, *near, else_in):
        if one in words:
            return one
    return next(iter(words), "")


def _standing(decision: Decision) -> list[tuple[str, Choice]]:
    return sorted(
        (code, choice) for code, choice in decision.choices.items() if choice.accepted is not False
    )


def _said(code: str, choice: Choice, language: str) -> list[str]:
    words = choice.words.get(language)
    return [code, words.title if words else "", words.text if words else ""]
