"""What the commands of associations say, in five languages."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent / "texts" / "association"


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """Return all sentences of a language, by their name."""
    found: dict[str, str] = json.loads((_FOLDER / f"{lang}.json").read_text("utf-8"))
    return found


def said(sentence: str, lang: str, **values: Any) -> str:
    """Return a sentence with its values."""
    return phrases(lang)[sentence].format(**values)


def known(name: str, lang: str) -> str:
    """Return what a word means; a later release may bring words that we lack."""
    return phrases(lang).get(name) or name.partition("-")[2]


def headings(lang: str, *columns: str) -> dict[str, str]:
    """Return columns with their headings."""
    return {column: said(f"head-{column}", lang) for column in columns}


def name_of(names: Mapping[str, str], lang: str, *, otherwise: str) -> str:
    """Return a name in a language, else in any."""
    return names.get(lang) or next(iter(names.values()), otherwise)


def lines(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    """Yield an association as lines: its version in force, who votes, and what waits."""
    yield said(
        "shown",
        lang,
        name=name_of(found["names"], lang, otherwise=found["id"]),
        number=found["number"],
        keeper=found["keeper"],
        state=known(f"state-{found['state']}", lang),
    )
    if found["newest"] > found["number"]:
        yield said("newer", lang, number=found["newest"])
    yield said("voters", lang, networks=", ".join(found["voters"]))
    for ballot, why in found["passed"].items():
        yield said("passed", lang, ballot=ballot, why=why)
    for ballot in found["in_doubt"]:
        yield said("doubt", lang, ballot=ballot)
