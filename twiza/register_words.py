"""What the commands of the register say, in five languages."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent / "texts" / "register"
_DAY: Final = len("2026-11-29")


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """Return all sentences of a language, by their name."""
    found: dict[str, str] = json.loads((_FOLDER / f"{lang}.json").read_text("utf-8"))
    return found


def said(name: str, lang: str, **values: Any) -> str:
    """Return a sentence with its values."""
    return phrases(lang)[name].format(**values)


def known(name: str, lang: str) -> str:
    """Return what a word of the register means; a later release may bring words that we lack."""
    return phrases(lang).get(name) or name.partition("-")[2]


def headings(lang: str, *columns: str) -> dict[str, str]:
    """Return columns with their headings."""
    return {column: said(f"head-{column}", lang) for column in columns}


def day(moment: str | None) -> str:
    """Return the day of a moment, in UTC; nothing where there is none."""
    return moment[:_DAY] if moment else ""
