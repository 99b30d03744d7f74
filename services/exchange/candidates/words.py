"""The words of explanations in five languages."""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Final

LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
OTHERWISE: Final = "en"
"""The language for those whose own is none of the five."""

# Between these two marks a name keeps its own direction and turns no words around it.
_ISOLATE: Final = "\u2068"
_ISOLATED: Final = "\u2069"


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Mapping[str, str]:
    """Return the sentences of a language by their key."""
    folder = resources.files("services.exchange.candidates") / "locale"
    found: dict[str, str] = json.loads((folder / f"{language}.json").read_text("utf-8"))
    return found


def said(language: str, key: str, **values: str | int) -> str:
    """Return a sentence with its values as plain text; names are held apart from what is around.

    Args:
        language: a BCP 47 tag, of which the language alone counts.
    """
    isolated = {
        name: f"{_ISOLATE}{value}{_ISOLATED}" if isinstance(value, str) else value
        for name, value in values.items()
    }
    return catalogue(spoken(language))[key].format(**isolated)


def spoken(language: str) -> str:
    """Return the language of the five in which a reader is answered."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else OTHERWISE


def listed(language: str, codes: tuple[str, ...]) -> str:
    """Return codes as a list, with the comma of the language."""
    return ("، " if spoken(language) == "ar" else ", ").join(codes)


def tenths(language: str, per_mille: int) -> str:
    """Return a share per mille as per cent with one digit after the comma of the language."""
    sign = "-" if per_mille < 0 else ""
    whole, rest = divmod(abs(per_mille), 10)
    comma = {"en": ".", "ar": "٫"}.get(spoken(language), ",")
    return f"{sign}{whole}{comma}{rest}"
