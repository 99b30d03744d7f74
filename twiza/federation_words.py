"""What the commands of the federation say of nodes and decisions, in five languages."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent / "texts" / "federation"
_DAY: Final = len("2026-11-29")


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """Return all sentences of a language, by their name."""
    found: dict[str, str] = json.loads((_FOLDER / f"{lang}.json").read_text("utf-8"))
    return found


def said(name: str, lang: str, **values: Any) -> str:
    """Return a sentence with its values; a later release may bring words that we lack."""
    return phrases(lang).get(name, name.partition("-")[2]).format(**values)


def headings(lang: str, **columns: str) -> dict[str, str]:
    """Return columns with their headings.

    Args:
        lang: one of the five.
        columns: what a row has, each with the name of its heading.
    """
    return {column: said(f"head-{heading}", lang) for column, heading in columns.items()}


def node_row(one: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return a node as a row of the list shows it: how it stands, why, and what it was called."""
    word = one.get("decided") or {}
    names = [
        said(name, lang, node=word[field])
        for field, name in (("was", "was"), ("now", "now"), ("to", "goes-to"))
        if word.get(field)
    ]
    standing = said(f"standing-{one['standing']}", lang)
    if word.get("until") and one["standing"] != "normal":
        standing += f", {said('until', lang, until=word['until'][:_DAY])}"
    # What the registry holds is of the level that stands; a hub may have said more beside it.
    cause = one["cause"] or (word.get("cause", "") if one["standing"] == "normal" else "")
    return {**one, "standing": standing, "cause": cause, "name": ", ".join(names)}


def decision_row(one: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return a decision as a row of the list shows it."""
    return {
        **one,
        "what": said(f"what-{one['what']}", lang),
        "state": said(f"state-{one['state']}", lang),
        "note": said(f"note-{one['note']}", lang) if one["note"] else "",
        "until": one["until"][:_DAY],
    }
