"""Codes of the vocabularies out of what people write: addresses, codes, labels, common words."""

import json
import re
from functools import cache, lru_cache
from importlib import resources
from typing import Final

from services.directory.importing.headers import header_key
from services.directory.importing.rows import Cell
from services.directory.vocabulary import VALUES, concept, resolve
from shared.contracts.fields import TAG_MAX

TERM_LENGTH_MAX: Final = 300
"""Characters of a label or an address of a term; what is longer is a text."""
SCHEMES_OF: Final[dict[str, tuple[str, ...]]] = {
    "org_structure": ("organisational-structure",),
    "legal_form": ("legal-form",),
    "membership_type": ("base-membership-type",),
    "activity_primary": ("activities", "activities-ica", "activities-modified"),
    "activities": ("activities", "activities-ica", "activities-modified"),
    "activities_ica": ("activities-ica",),
    "practices": ("practice",),
    "products": ("products-services",),
    "qualifiers": ("qualifiers",),
    "themes": ("themes",),
    "labour_types": ("type-of-labour",),
    "values": VALUES,
    "terms": ("practice", "activities", "activities-ica", "qualifiers"),
}
"""Where the words of a field are looked up, the likeliest vocabulary first."""

FIELD_OF: Final = {
    "practice": "practices",
    "activities": "activities",
    "activities-ica": "activities_ica",
    "qualifiers": "qualifiers",
    "themes": "themes",
    "products-services": "products",
    "type-of-labour": "labour_types",
}
"""Which field of the profile holds the terms of a vocabulary."""

_OTHER: Final = frozenset(
    {"other", "others", "autre", "autres", "otro", "otros", "outro", "outros"}
)
_BETWEEN: Final = re.compile(r"[;|\n\r•]+")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LEVEL: Final = re.compile(r"(.+?)\s*(?:[=(]\s*([0-3])\s*\)?)?")


def pieces(cell: Cell, *, commas: bool = True) -> list[str]:
    """Return the single values of a cell that may hold several.

    Args:
        commas: whether commas separate as well, when no stronger sign does.
    """
    if isinstance(cell, tuple):
        return [text.strip() for text in cell if text.strip()]
    if cell is None:
        return []
    text = str(cell)
    parts = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
    if commas and len(parts) == 1 and ("," in text or "،" in text):
        parts = [part.strip() for part in re.split("[,،]", text) if part.strip()]
    return parts


@lru_cache(maxsize=4096)
def term(text: str, schemes: tuple[str, ...]) -> str | None:
    """Return the term that a text means within vocabularies, or None."""
    if len(text) > TERM_LENGTH_MAX:
        return None
    found = resolve(text, *schemes)
    if found is not None:
        return found
    key = header_key(text)
    for scheme in schemes:
        code = _aliases().get(scheme, {}).get(key)
        if code is not None:
            return f"{scheme}:{code}"
    # "recycling_foodwaste" and "food-coop" are labels with other signs between the words.
    return resolve(key, *schemes) if key and key != text else None


def terms(cell: Cell, field: str) -> tuple[list[str], list[str]]:
    """Return the terms of a cell in their order, and the values that are none.

    A label may hold commas itself, so the whole is tried before it is taken apart.
    """
    schemes = SCHEMES_OF[field]
    found: list[str] = []
    unknown: list[str] = []
    for piece in pieces(cell, commas=False):
        whole = term(piece, schemes)
        parts = [piece] if whole is not None or "://" in piece else pieces(piece)
        for part in parts:
            meant = whole if whole is not None else term(part, schemes)
            if meant is not None:
                found.append(meant)
            else:
                unknown.append(part)
    return list(dict.fromkeys(found)), list(dict.fromkeys(unknown))


def values(cell: Cell) -> tuple[list[dict[str, str | int]], list[str]]:
    """Return the values that an entity names, with their levels, and what is none.

    A value that is named without a level has the lowest that means anything, 1.
    """
    found: dict[str, dict[str, str | int]] = {}
    unknown: list[str] = []
    for piece in pieces(cell):
        match = _LEVEL.fullmatch(piece) if len(piece) <= TERM_LENGTH_MAX else None
        meant = term(match[1], VALUES) if match else None
        if match is None or meant is None:
            unknown.append(piece)
        else:
            found[meant] = {"code": meant, "level": int(match[2] or 1)}
    return list(found.values()), unknown


def as_tag(text: str) -> str | None:
    """Return a free word as a tag: without ``#`` and underscores; None if it is no tag."""
    if "://" in text or header_key(text) in _OTHER:
        return None
    tag = " ".join(text.replace("_", " ").strip("# \t").split())
    return tag if 0 < len(tag) <= TAG_MAX and any(letter.isalnum() for letter in tag) else None


def as_word(text: str) -> str | None:
    """Return a name as a word of an open list: ``Fair for Life`` is ``fair_for_life``."""
    word = header_key(text).replace(" ", "_")
    return word if _WORD.fullmatch(word) else None


def english(code: str) -> str:
    """Return the English label of a term."""
    found = concept(code)
    return found.labels["en"] if found else code.partition(":")[2]


@cache
def _aliases() -> dict[str, dict[str, str]]:
    """Return the words of known lists that no label has, by scheme and folded as headers are."""
    source = resources.files("services.directory.importing") / "aliases.json"
    raw: dict[str, dict[str, str]] = json.loads(source.read_text(encoding="utf-8"))
    return {
        scheme: {header_key(word): code for word, code in words.items()}
        for scheme, words in raw.items()
    }
