"""The words of the status page in five languages, and the choice of a language."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from markupsafe import Markup, escape

LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
RIGHT_TO_LEFT: Final = frozenset({"ar"})
HEADER_LENGTH_MAX: Final = 500

_FOLDER: Final = Path(__file__).parent / "locale"
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([0-9.]{1,5}))?\s*")


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Mapping[str, str]:
    """Return the sentences of a language by their key."""
    found: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def said(language: str, key: str, **values: object) -> Markup:
    """Return a sentence with its values, each escaped and held apart from the text around it.

    A name in another script would else turn the order of the words around it.
    """
    isolated = {
        name: value if isinstance(value, Markup) else Markup("<bdi>{}</bdi>").format(value)
        for name, value in values.items()
    }
    return escape(catalogue(language)[key]).format(**isolated)


def plain(language: str, key: str, **values: object) -> str:
    """Return a sentence with its values as text, for places that hold no elements."""
    return catalogue(language)[key].format(**values)


def direction(language: str) -> str:
    """Return in which direction a language is written, ``rtl`` or ``ltr``."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def chosen(wanted: str | None, accept: str | None, *, spoken: Sequence[str] = ()) -> str:
    """Return the language of a page.

    Args:
        wanted: the one that the reader has chosen, if any.
        accept: the header ``Accept-Language``.
        spoken: the network's own languages, for readers who say nothing.

    Source: RFC 9110, section 12.5.4; of a tag only its language counts.
    """
    if wanted in LANGUAGES:
        return str(wanted)
    for language in (*_accepted(accept or ""), *(tag.split("-")[0] for tag in spoken)):
        if language in LANGUAGES:
            return language
    return "en"


def name_of(names: Mapping[str, str], language: str, *, otherwise: str) -> str:
    """Return a network's name in a language, in another that it has, or what else it is called."""
    for tag in (language, *(tag for tag in names if tag.split("-")[0] == language), "en", "fr"):
        if tag in names:
            return names[tag]
    return next(iter(names.values()), otherwise)


def _accepted(header: str) -> list[str]:
    """Return the languages of the header, those that are liked best first."""
    ranges: list[tuple[float, str]] = []
    for part in header[:HEADER_LENGTH_MAX].split(","):
        match = _RANGE.fullmatch(part)
        if match is not None:
            try:
                weight = float(match[2] or 1)
            except ValueError:
                continue
            if weight > 0:
                ranges.append((weight, match[1].lower()))
    # Sorting is stable: what was said first stays first among those that are liked alike.
    return [language for _, language in sorted(ranges, key=lambda one: -one[0])]
