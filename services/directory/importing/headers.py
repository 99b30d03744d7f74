"""Names of columns: recognised in five languages, in known lists, and in spite of misspelling."""

import json
import re
from functools import cache, lru_cache
from importlib import resources
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from shared.text import fold

HEADER_LENGTH_MAX: Final = 100
"""Characters of a header that is looked up: what is longer is a sentence."""
GUESS_LENGTH_MIN: Final = 8
"""Letters that a misspelt name needs to be guessed at all."""
GUESS_SCORE_MIN: Final = 88.0
"""Likeness in percent from which a misspelt name is taken for a known one."""

BY_LANGUAGE: Final = frozenset({"name", "summary", "description", "mission"})
"""Fields that hold a text for each language."""

_TAGS: Final = (
    "af am ar as ay az be bg bn br bs ca co cs cy da de el en eo es et eu fa fi fo fr fy ga gd"
    " gl gn gu ha he hi hr ht hu hy id ig is it ja ka kk km kn ko ku ky lb ln lo lt lv mg mi mk"
    " ml mn mr ms mt my nb ne nl nn no oc om or pa pl ps pt qu rm rn ro ru rw sd si sk sl sn so"
    " sq sr ss st sv sw ta te tg th ti tk tl tn tr ts tt ug uk ur uz vi wo xh yi yo zh zu"
    " arq ary arz ber kab rif shi tzm zgh"
)
_LANGUAGES: Final = frozenset(_TAGS.split())
# What people write for a language, and what they mean by it.
_LANGUAGE_NAMES: Final = {
    "gr": "el",
    "cz": "cs",
    "dk": "da",
    "se": "sv",
    "br": "pt-BR",
    "english": "en",
    "anglais": "en",
    "ingles": "en",
    "french": "fr",
    "francais": "fr",
    "frances": "fr",
    "spanish": "es",
    "espagnol": "es",
    "espanol": "es",
    "espanhol": "es",
    "castellano": "es",
    "portuguese": "pt",
    "portugais": "pt",
    "portugues": "pt",
    "arabic": "ar",
    "arabe": "ar",
    "german": "de",
    "deutsch": "de",
    "allemand": "de",
    "catalan": "ca",
    "catala": "ca",
    "italiano": "it",
    "italian": "it",
    "darija": "ary",
    "amazigh": "zgh",
    "tamazight": "zgh",
    "tachelhit": "shi",
    fold("العربية"): "ar",
    fold("بالعربية"): "ar",
    fold("الفرنسية"): "fr",
    fold("بالفرنسية"): "fr",
    fold("الإنجليزية"): "en",
    fold("بالإنجليزية"): "en",
    fold("الإسبانية"): "es",
    fold("بالإسبانية"): "es",
    fold("الأمازيغية"): "zgh",
}
# Layers of nested data that say nothing about what is in them.
_LAYERS: Final = frozenset(
    {"properties", "data", "attributes", "fields", "item", "entity", "place", "organisation"}
    | {"organization", "address", "location", "geo", "acf", "meta"}
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ASIDE: Final = re.compile(r"\([^()]*\)|\[[^][]*\]")
# A language said outright: "Nom (zgh)", "name:kea", "Description [pt-BR]".
_TAGGED: Final = re.compile(
    r"(.*\w.*?)\s*[:@(\[]\s*([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\s*[)\]]?\s*"
)
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_NO_WORD: Final = re.compile(r"[\W_]+")


class Target(NamedTuple):
    """What a column is.

    Args:
        field: a key of ``headers.json``, or one of an open list.
        language: for fields with a text by language, the language that the header names.
        rank: how usual the name is for the field; of two columns the lower rank is read first.
        guessed: the name was misspelt, so a person should look.
    """

    field: str
    language: str | None = None
    rank: int = 0
    guessed: bool = False

    @property
    def key(self) -> str:
        """The target as it stands in a mapping file."""
        return f"{self.field}@{self.language}" if self.language else self.field


def known_fields() -> tuple[str, ...]:
    """Return the fields that a column may be mapped to."""
    return tuple(_table())


def is_known(header: str) -> bool:
    """Say whether a text is the name of a column, without guessing."""
    if len(header) > HEADER_LENGTH_MAX:
        return False
    tagged = _TAGGED.fullmatch(header)
    return any(
        _exact(key) is not None for key in [*_keys(header), *(_keys(tagged[1]) if tagged else ())]
    )


@lru_cache(maxsize=4096)
def recognised(header: str) -> Target | None:
    """Return what a column of this name is, or None."""
    if len(header) > HEADER_LENGTH_MAX:
        return None
    tagged = _TAGGED.fullmatch(header)
    if tagged and (inner := recognised(tagged[1])) and inner.field in BY_LANGUAGE:
        told = _LANGUAGE_NAMES.get(fold(tagged[2])) or tagged[2].replace("_", "-")
        return inner._replace(language=told)
    for key in _keys(header):
        target = _exact(key)
        if target is not None:
            return target
    for key in _keys(header):
        target = _guess(key)
        if target is not None:
            return target
    return None


def _keys(header: str) -> list[str]:
    """Return the forms under which a header is looked up, most exact first."""
    found = [header, _ASIDE.sub(" ", header)]
    layers = header.split(".")
    while len(layers) > 1 and fold(layers[0]) in _LAYERS:
        layers = layers[1:]
        found.append(".".join(layers))
    return list(dict.fromkeys(key for text in found if (key := header_key(text))))


def header_key(header: str) -> str:
    """Return a header without case, accents and signs: ``addr:postCode`` is ``addr post code``."""
    return _NO_WORD.sub(" ", fold(_CAMEL.sub(" ", header))).strip()


def _exact(key: str) -> Target | None:
    found = _by_key().get(key)
    if found is not None:
        return Target(found[0], None, found[1])
    base, _, last = key.rpartition(" ")
    language = _language(last)
    if base and language is not None:
        inner = _by_key().get(base)
        if inner is not None and inner[0] in BY_LANGUAGE:
            return Target(inner[0], language, inner[1])
    return None


def _language(word: str) -> str | None:
    if word in _LANGUAGE_NAMES:
        return _LANGUAGE_NAMES[word]
    return word if word in _LANGUAGES else None


def language_of_word(word: str) -> str | None:
    """Return the language that a word names: "fr", "pt_BR", "français"; None if it names none."""
    known = _language(header_key(word))
    if known is not None:
        return known
    tag = word.strip().replace("_", "-")
    return tag if _language(tag.partition("-")[0].lower()) and _TAG.fullmatch(tag) else None


def _guess(key: str) -> Target | None:
    base, _, last = key.rpartition(" ")
    language = _language(last) if base else None
    for text, tongue in ((base, language), (key, None)):
        if len(text) < GUESS_LENGTH_MIN or (text == base and tongue is None):
            continue
        best = process.extractOne(
            text, _long_keys(), scorer=fuzz.ratio, score_cutoff=GUESS_SCORE_MIN
        )
        if best is None:
            continue
        field, rank = _by_key()[best[0]]
        if tongue is None or field in BY_LANGUAGE:
            return Target(field, tongue, rank + 1000, guessed=True)
    return None


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    source = resources.files("services.directory.importing") / "headers.json"
    table: dict[str, dict[str, list[str]]] = json.loads(source.read_text(encoding="utf-8"))
    return table


@cache
def _by_key() -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for field, languages in _table().items():
        for headers in languages.values():
            for rank, header in enumerate(headers):
                key = header_key(header)
                known = found.get(key)
                if known is None or (known[0] == field and rank < known[1]):
                    found[key] = (field, rank)
    return found


@cache
def _long_keys() -> tuple[str, ...]:
    return tuple(key for key in _by_key() if len(key) >= GUESS_LENGTH_MIN)
