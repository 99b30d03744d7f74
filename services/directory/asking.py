"""A question as it comes in, read and checked: words, terms, a country, a piece of the map."""

import re
from typing import ClassVar, Final

from services.directory import vocabulary
from services.directory.search import Asked, Box
from shared.contracts.fields import DEGREE
from shared.refusals import Kind, Refusal

_DEGREES: Final = re.compile(r"\s*(-?)(\d{1,3})(?:\.(\d{0,15}))?\s*", re.ASCII)
_SIDES: Final = (180, 90, 180, 90)


class BadBox(Refusal):
    """A piece of the map is not given by its four sides."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-box"
    title: ClassVar[str] = "A box is west, south, east and north in degrees: -10,29,-8,31"


def asked_of(
    *,
    words: str = "",
    language: str | None = None,
    country: str = "",
    practice: str = "",
    activity: str = "",
    origin: str = "",
    bbox: str = "",
) -> Asked:
    """Return the question.

    Args:
        words: as they were typed.
        language: the language that they are surely in.
        country: its two letters, in any case.
        practice, activity: a term, with its scheme or without.
        origin: a node's name.
        bbox: west, south, east, north in degrees.

    Raises:
        UnknownTerm: no vocabulary has the practice or the activity.
        BadBox: the sides are no such numbers.
    """
    wanted = ((practice, "practice"), (activity, "activities"))
    return Asked(
        words=words.strip(),
        language=language,
        country=country.upper(),
        origin=origin,
        terms=tuple(_term(text, scheme) for text, scheme in wanted if text),
        box=box_of(bbox) if bbox else None,
    )


def box_of(text: str) -> Box:
    """Return a piece of the map, in 1e-7 degree.

    Raises:
        BadBox: not four numbers, out of range, or south above north.
    """
    sides = [_side(part, most) for part, most in zip(text.split(","), _SIDES, strict=False)]
    if text.count(",") != len(_SIDES) - 1:
        raise BadBox()
    west, south, east, north = sides
    if south > north:
        raise BadBox("south lies above north")
    return Box(west=west, south=south, east=east, north=north)


def _side(text: str, most: int) -> int:
    match = _DEGREES.fullmatch(text)
    if match is None:
        raise BadBox()
    sign, whole, rest = match.groups()
    # Digits are counted and never turned into floats, so that a side lies where it was said.
    value = int(whole) * DEGREE + int(f"{rest or ''}0000000"[:7])
    if value > most * DEGREE:
        raise BadBox("beyond the map")
    return -value if sign else value


def _term(text: str, scheme: str) -> str:
    return vocabulary.require(text if ":" in text else f"{scheme}:{text}", scheme)
