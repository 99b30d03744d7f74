"""Vocabularies: the codes of what entities are and do, and their words in five languages.

A term is always written ``scheme:code``, as in ``practice:time-bank`` or ``activities:a01``: bare
codes are ambiguous (``T1`` is a theme and a kind of labour). The practices and values are ours, in
the words of the movement; the others are ESSGLOBAL's, corrected and completed (see
``data/README.md``). A scheme is read from its file when somebody first asks for it.

Source: ESSGLOBAL, RIPESS, CC BY 3.0.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, ClassVar, Final

from shared.refusals import Kind, Refusal
from shared.text import words

LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
"""The languages that every term has a label in."""
ESSGLOBAL: Final = (
    "activities",
    "activities-ica",
    "activities-modified",
    "base-membership-type",
    "legal-form",
    "organisational-structure",
    "products-services",
    "qualifiers",
    "themes",
    "type-of-labour",
)
VALUES: Final = ("ripess", "ussen", "ica", "espace")
SCHEMES: Final = ("practice", *VALUES, *ESSGLOBAL)

_LABELS_REMEMBERED_MAX: Final = 1_024


class UnknownTerm(Refusal):
    """A code is not in the vocabulary of its field."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-term"
    title: ClassVar[str] = "A code is not in the vocabulary of its field"


@dataclass(frozen=True, slots=True)
class Concept:
    """One term of a scheme: its labels by language, and the broader term's code if it has one.

    ``otherwise`` is what lists call it too: labels of the past, abbreviations, common names.
    """

    scheme: str
    code: str
    labels: dict[str, str]
    broader: str | None = None
    otherwise: tuple[str, ...] = ()

    @property
    def term(self) -> str:
        """The name by which profiles know it."""
        return f"{self.scheme}:{self.code}"


@dataclass(frozen=True, slots=True)
class _Scheme:
    """A vocabulary as its file holds it; ``bases`` begin its addresses, the first is ours."""

    bases: tuple[str, ...]
    concepts: dict[str, Concept]


def concept(term: str) -> Concept | None:
    """Return a term's concept, or None if no vocabulary has it."""
    scheme, _, code = term.partition(":")
    return _scheme(scheme).concepts.get(code) if scheme in SCHEMES else None


def concepts(scheme: str) -> list[Concept]:
    """Return the concepts of a scheme in their order.

    Raises:
        UnknownTerm: there is no such scheme.
    """
    if scheme not in SCHEMES:
        raise UnknownTerm(f"there is no vocabulary called {scheme[:40]}")
    return list(_scheme(scheme).concepts.values())


def require(term: str, scheme: str) -> str:
    """Return a term of a scheme.

    Raises:
        UnknownTerm: it is of another scheme, or there is no such code in it.
    """
    found = concept(term)
    if found is None or found.scheme != scheme:
        raise UnknownTerm(f"{term[:80]} is not a term of {scheme}", term=term[:80], scheme=scheme)
    return term


@lru_cache(maxsize=_LABELS_REMEMBERED_MAX)
def label(term: str, lang: str) -> str:
    """Return the words for a term in a language, or else in English, or else its code.

    Args:
        term: ``scheme:code``.
        lang: ``ar``, or with a region, ``ar_MA`` or ``ar-MA``, whose own words replace the others.
    """
    found = concept(term)
    if found is None:
        return term.partition(":")[2] or term
    language, _, region = lang.replace("-", "_").partition("_")
    text = found.labels.get(language.lower()) or found.labels["en"]
    overlay = _regions().get(f"{language.lower()}_{region.upper()}")
    if overlay is None:
        return text
    if term in overlay["labels"]:
        return str(overlay["labels"][term])
    local: dict[str, str] = overlay["words"]
    return re.sub(r"\w+", lambda word: local.get(word[0], word[0]), text)


def uri(term: str) -> str:
    """Return the address of a term for linked data.

    Raises:
        UnknownTerm: no vocabulary has it.
    """
    found = concept(term)
    if found is None:
        raise UnknownTerm(f"{term[:80]} is in no vocabulary", term=term[:80])
    return _scheme(found.scheme).bases[0] + found.code


def from_uri(address: str) -> str | None:
    """Return the term of an address, in the present or an earlier form of it, or None."""
    base, slash, code = (
        address.strip().replace("https://purl.org", "http://purl.org").rpartition("/")
    )
    scheme = base.rpartition("/")[2]
    if scheme in SCHEMES:
        known = _scheme(scheme)
        if base + slash in known.bases and code in known.concepts:
            return known.concepts[code].term
    return None


def resolve(text: str, *schemes: str) -> str | None:
    """Return the term that a text means within the given schemes, or None.

    Args:
        text: ``scheme:code``, an address, a bare code, or a label in any of the five languages,
            in any case and with or without accents.
        schemes: where to look, the likeliest first.
    """
    text = text.strip()
    term = from_uri(text) if "://" in text else text
    found = concept(term) if term else None
    if found is not None:
        return found.term if found.scheme in schemes else None
    for scheme in schemes:
        bare = _codes(scheme).get(text.lower())
        if bare is not None:
            return bare
    key = tuple(words(text))
    for scheme in schemes if key else ():
        by_label = _labels(scheme).get(key)
        if by_label is not None:
            return by_label
    return None


def narrower(term: str) -> list[str]:
    """Return the terms directly below a term: the practices of a sector."""
    scheme, _, code = term.partition(":")
    return [found.term for found in concepts(scheme) if found.broader == code]


def above(term: str) -> list[str]:
    """Return the broader terms of a term, the nearest first, for counts by sector."""
    found = concept(term)
    path: list[str] = []
    while found is not None and found.broader is not None:
        found = concept(f"{found.scheme}:{found.broader}")
        if found is not None:
            path.append(found.term)
    return path


def essglobal_of(practice: str) -> list[str]:
    """Return the ESSGLOBAL terms that say the same as a practice, if there are any."""
    return list(_crosswalk().get(practice, {}).get("says", ()))


def practices_of(terms: Iterable[str]) -> list[str]:
    """Return the practices that ESSGLOBAL terms of one entity amount to."""
    given = frozenset(terms)
    return [
        practice
        for practice, entry in _crosswalk().items()
        if any(given.issuperset(needed) for needed in entry["from"])
    ]


def _read(*path: str) -> Any:
    source = resources.files("services.directory").joinpath("data", *path)
    return json.loads(source.read_text(encoding="utf-8"))


@cache
def _scheme(name: str) -> _Scheme:
    raw = _read("vocabulary", f"{name}.json")
    return _Scheme(
        bases=(raw["base"], *raw.get("also", ())),
        concepts={code: _concept(name, code, entry) for code, entry in raw["concepts"].items()},
    )


def _concept(scheme: str, code: str, entry: dict[str, Any]) -> Concept:
    labels = {language: entry[language] for language in LANGUAGES}
    otherwise = tuple(entry.get("otherwise", ()))
    return Concept(scheme, code, labels, entry.get("broader"), otherwise)


@cache
def _codes(scheme: str) -> dict[str, str]:
    """Return the terms of a scheme by their bare codes, in small letters."""
    return {found.code.lower(): found.term for found in concepts(scheme)}


@cache
def _labels(scheme: str) -> dict[tuple[str, ...], str]:
    """Return the terms of a scheme by their folded labels; of two equals the first counts.

    Labels come before what a term is called otherwise.
    """
    labels: dict[tuple[str, ...], str] = {}
    known = concepts(scheme)
    for found in known:
        for text in found.labels.values():
            labels.setdefault(tuple(words(text)), found.term)
    for found in known:
        for text in (*(label(found.term, region) for region in _regions()), *found.otherwise):
            labels.setdefault(tuple(words(text)), found.term)
    return labels


@cache
def _regions() -> dict[str, dict[str, Any]]:
    regions: dict[str, dict[str, Any]] = _read("regions.json")
    return regions


@cache
def _crosswalk() -> dict[str, dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = _read("crosswalk.json")
    return entries
