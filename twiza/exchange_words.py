"""What the commands of the exchange say, in five languages, and how its moments are shown."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent / "texts" / "exchange"
_MINUTE: Final = len("2026-11-29T00:00")
# The exchange holds values apart with these marks; only where lines run both ways are they of use.
_HELD_APART: Final = str.maketrans("", "", "\u2068\u2069")


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """Return all sentences of a language, by their name."""
    found: dict[str, str] = json.loads((_FOLDER / f"{lang}.json").read_text("utf-8"))
    return found


def said(name: str, lang: str, **values: Any) -> str:
    """Return a sentence with its values."""
    return phrases(lang)[name].format(**values)


def known(name: str, lang: str) -> str:
    """Return what a word of the exchange means; a later release may bring words that we lack."""
    return phrases(lang).get(name) or name.partition("-")[2]


def headings(lang: str, **columns: str) -> dict[str, str]:
    """Return columns with their headings.

    Args:
        columns: what a row has, each with the name of its heading.
    """
    return {column: said(f"head-{heading}", lang) for column, heading in columns.items()}


def plain(text: str, lang: str) -> str:
    """Return a sentence of the exchange as a terminal shows it."""
    return text if lang == "ar" else text.translate(_HELD_APART)


def minute(moment: str) -> str:
    """Return a moment to the minute, in UTC; nothing where there is none."""
    return moment[:_MINUTE].replace("T", " ") + " UTC" if moment else ""
