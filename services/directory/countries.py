"""Countries: from the many ways of writing one to its ISO 3166-1 code, checked against the place.

A list from several hands has "Österreich", "Austria" and "AT" in one column, typing errors,
parts of countries, and codes that are not ISO's. The spelling is looked up in our own table, then
in the names that CLDR gives in many languages (through babel, loaded when it is first needed),
then by likeness. Coordinates, where there are any, confirm it or tell what was meant.
"""

import json
import pickle
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, Literal, NamedTuple

from shared.contracts.fields import DEGREE
from shared.text import words

SPELLING_MAX: Final = 100
"""Characters of a country's name; what is longer is another column."""
SPELLINGS_REMEMBERED_MAX: Final = 1_024
LIKENESS_MIN: Final = 80
"""Of 100, by which a misspelt name may differ."""
LIKENESS_LEAD_MIN: Final = 4
"""By how much the likest country must be liker than the next."""
LIKENESS_LETTERS_MIN: Final = 4
BORDER_MARGIN: Final = 3 * DEGREE // 10
"""How far outside its box a country still is: boxes are rough, and so are coordinates."""

Point = tuple[int, int]
"""Latitude and longitude, in integers of 1e-7 degree."""


@dataclass(frozen=True, slots=True)
class Found:
    """A country, how it was recognised, and whether the coordinates agree.

    ``how`` is ``code`` or ``name`` for what was written, ``likeness`` for a typing error, and
    ``place`` where the coordinates told what the text did not. ``agrees`` is None without
    coordinates.
    """

    code: str
    how: Literal["code", "name", "likeness", "place"]
    agrees: bool | None = None


class _Box(NamedTuple):
    """A rectangle of the map, in 1e-7 degree; ``west`` above ``east`` crosses 180 degrees."""

    south: int
    west: int
    north: int
    east: int


class _Tables(NamedTuple):
    """What is written by hand: ``data/countries.json``, its spellings folded."""

    spellings: dict[str, str]
    mistaken: dict[str, tuple[str, ...]]
    parts: dict[str, tuple[str, ...]]
    boxes: dict[str, tuple[_Box, ...]]
    languages: tuple[str, ...]


def is_country(code: str) -> bool:
    """Tell whether a code is one of ISO 3166-1 alpha-2 (or XK)."""
    return code in _tables().boxes


def country(text: str, point: Point | None = None) -> Found | None:
    """Return the country that a text means, or None where nothing tells.

    Args:
        text: a name in any of many languages, an ISO code, a part of a country.
        point: where the entity is, if that is known.
    """
    found = _written(" ".join(text.split())[:SPELLING_MAX])
    if point is None:
        return found
    if found is None:
        around = countries_around(point)
        return Found(around[0], "place", True) if len(around) == 1 else None
    if inside(found.code, point):
        return Found(found.code, found.how, True)
    for meant in _tables().mistaken.get(text.strip().upper(), ()):
        if inside(meant, point):
            return Found(meant, "place", True)
    return Found(found.code, found.how, False)


def inside(code: str, point: Point) -> bool:
    """Tell whether a point may lie in a country or in its parts, by rough boxes with a margin."""
    tables = _tables()
    return any(
        _holds(box, point, BORDER_MARGIN)
        for part in (code, *tables.parts.get(code, ()))
        for box in tables.boxes.get(part, ())
    )


def countries_around(point: Point) -> list[str]:
    """Return the countries in whose boxes a point lies; neighbours' boxes overlap."""
    return [
        code
        for code, boxes in _tables().boxes.items()
        if code != "AQ" and any(_holds(box, point, 0) for box in boxes)
    ]


@cache
def _tables() -> _Tables:
    source = resources.files("services.directory") / "data" / "countries.json"
    raw: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    tenth = DEGREE // 10
    return _Tables(
        spellings={
            _key(text): code for code, all_of in raw["spellings"].items() for text in all_of
        },
        mistaken={code: tuple(meant) for code, meant in raw["mistaken"].items()},
        parts={code: tuple(parts) for code, parts in raw["parts"].items()},
        boxes={
            code: tuple(_Box(*(side * tenth for side in box)) for box in boxes)
            for code, boxes in raw["boxes"].items()
        },
        languages=tuple(raw["languages"]),
    )


def _holds(box: _Box, point: Point, margin: int) -> bool:
    lat, lon = point
    if not box.south - margin <= lat <= box.north + margin:
        return False
    if box.west <= box.east:
        return box.west - margin <= lon <= box.east + margin
    return lon >= box.west - margin or lon <= box.east + margin


def _key(text: str) -> str:
    """Return a spelling without case, accents, stops and spaces: "E.E. U.U." is "eeuu"."""
    return "".join(words(text))


@lru_cache(maxsize=SPELLINGS_REMEMBERED_MAX)
def _written(text: str) -> Found | None:
    """Return the country of a spelling, regardless of the place."""
    key = _key(text)
    if not key:
        return None
    tables = _tables()
    if key in tables.spellings:
        return Found(tables.spellings[key], "name")
    if len(key) == 2 and key.upper() in tables.boxes:
        return Found(key.upper(), "code")
    if key in _names():
        return Found(_names()[key], "code" if len(key) == 3 and key.isascii() else "name")
    code = _likest(key)
    return Found(code, "likeness") if code else None


@cache
def _names() -> dict[str, str]:
    """Return the countries' names in many languages and their alpha-3 codes, as spelling keys.

    The files of babel are read here without its own cache, which would keep the calendars and
    currencies of each language in memory too.
    """
    from babel import localedata
    from babel.core import get_global

    known = _tables().boxes
    names: dict[str, str] = {}
    for alpha3, codes in get_global("territory_aliases").items():
        if len(alpha3) == 3 and alpha3.isalpha() and len(codes) == 1 and codes[0] in known:
            names[alpha3.lower()] = codes[0]
    # Where one spelling means two countries in two languages, the earlier language holds: the list
    # begins with the five of the directory.
    for language in _tables().languages:
        with open(localedata.resolve_locale_filename(language), "rb") as file:
            territories = pickle.load(file)["territories"]  # noqa: S301  # babel's own data
        for code, name in territories.items():
            if code in known and isinstance(name, str):
                names.setdefault(_key(name), code)
    return names


def _likest(key: str) -> str | None:
    """Return the country whose name a misspelt one is like, if it is like one alone."""
    if len(key) < LIKENESS_LETTERS_MIN:
        return None
    from rapidfuzz import fuzz, process

    names = {**_names(), **_tables().spellings}
    alike = process.extract(
        key, list(names), scorer=fuzz.ratio, score_cutoff=LIKENESS_MIN, limit=20
    )
    best: dict[str, float] = {}
    for name, score, _ in alike:
        if name[0] == key[0] and len(name) >= LIKENESS_LETTERS_MIN:
            code = names[name]
            best[code] = max(score, best.get(code, 0))
    ranked = sorted(best.items(), key=lambda item: -item[1])
    if not ranked:
        return None
    alone = len(ranked) == 1 or ranked[0][1] - ranked[1][1] >= LIKENESS_LEAD_MIN
    return ranked[0][0] if alone else None
