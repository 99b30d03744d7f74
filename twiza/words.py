"""What doctor says, in five languages."""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
_FALLBACK: Final = "en"
_FOLDER: Final = Path(__file__).parent / "texts"


class Words(NamedTuple):
    """A finding in words: what is the matter, and what to do."""

    what: str
    do: str


def language(asked: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """Return the language to speak: the asked one, else the terminal's, else English."""
    for text in (asked, *(environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))):
        if text:
            tag = text.replace("-", "_").partition("_")[0].partition(".")[0].lower()
            return tag if tag in LANGUAGES else _FALLBACK
    return _FALLBACK


def words(code: str, values: Mapping[str, Any], *, lang: str) -> Words:
    """Return a finding in words; a value that is missing is left open."""
    # A later release of a service may find what this one has no words for.
    text = catalogue(lang).get(code) or {"what": f"{code}: {{detail}}", "do": ""}
    given = _Open({name: _shown(value) for name, value in values.items()})
    return Words(text["what"].format_map(given), text["do"].format_map(given))


def _shown(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


@cache
def catalogue(lang: str) -> dict[str, dict[str, str]]:
    """Return all texts of a language, by the finding's name."""
    found: dict[str, dict[str, str]] = json.loads((_FOLDER / f"{lang}.json").read_text("utf-8"))
    return found


class _Open(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
