"""What the command of governance's health says besides the network's own words."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent / "texts" / "health"


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """Return all sentences of a language, by their name."""
    found: dict[str, str] = json.loads((_FOLDER / f"{lang}.json").read_text("utf-8"))
    return found


def said(name: str, lang: str, **values: Any) -> str:
    """Return a sentence with its values."""
    return phrases(lang)[name].format(**values)


def headings(lang: str, *columns: str) -> dict[str, str]:
    """Return columns with their headings."""
    return {column: said(f"head-{column}", lang) for column in columns}
