"""The words in which ballots between networks are shown, in five languages."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.governance.federated.charter import LANGUAGES

_FOLDER: Final = Path(__file__).parent / "federated" / "texts"


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """Return all words of one of our languages, by their name."""
    found: dict[str, str] = json.loads((_FOLDER / f"views.{lang}.json").read_text("utf-8"))
    return found


def spoken(tag: str) -> str:
    """Return the language in which somebody is answered who asks for one."""
    tongue = tag.partition("-")[0].lower()
    return tongue if tongue in LANGUAGES else "en"


def said(name: str, lang: str, **values: Any) -> str:
    """Return a word or a sentence with its values."""
    return phrases(spoken(lang))[name].format(**values)


def known(name: str, lang: str) -> str:
    """Return what a code means, or the code itself where a charter has brought its own."""
    return phrases(spoken(lang)).get(name) or name.partition("-")[2]


def dispute_said(name: str, lang: str) -> str:
    """Return in a sentence why an outcome is in doubt.

    Args:
        name: of the dispute, as rulings name it: ``challenge:souss:roll:teranga``.
    """
    what, *names = name.split(":")
    if what != "challenge":
        return said(f"dispute-{what}", lang, who=names[0] if names else "")
    who, ground, accused = names
    values = {"who": who, "ground": known(f"ground-{ground}", lang), "accused": accused}
    return said("dispute-challenge-of" if accused else "dispute-challenge", lang, **values)
