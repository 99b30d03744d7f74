"""Where an entity is: coordinates in all the ways in which lists write them, checked with reasons.

A place is an integer of 1e-7 degree on each axis. What cannot be a place is refused by its reason;
nothing is guessed about it, but what it probably should be is said.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from services.directory.importing.rows import Cell
from shared.contracts.fields import DEGREE, LATITUDE_MAX, LONGITUDE_MAX

Axis = Literal["latitude", "longitude"]

COORDINATE_LENGTH_MAX: Final = 40
"""Characters of one coordinate; what is longer is a text."""
PAIR_LENGTH_MAX: Final = 300
"""Characters of two coordinates, or of a link to a map."""

_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,9}(?:[.,]\d{0,20})?|[.,]\d{1,20})")
_SIGNED: Final = re.compile(
    r"""(?ix)\s*(?P<before>[NSEWO])?\s*
    (?P<degrees>[+-]?\d{1,3}(?:[.,]\d+)?)\s*(?:°|º|deg|d|\s)?\s*
    (?:(?P<minutes>\d{1,2}(?:[.,]\d+)?)\s*(?:'|’|′|m|\s)\s*)?
    (?:(?P<seconds>\d{1,2}(?:[.,]\d+)?)\s*(?:"|”|″|''|s)?\s*)?
    (?P<after>[NSEWO])?\s*"""
)
_PAIR: Final = re.compile(
    r"\s*\(?\s*([+-]?\d{1,3}(?:\.\d+)?)\s*(?:[,;/|]|\s)\s*([+-]?\d{1,3}(?:\.\d+)?)\s*\)?\s*"
)
_COMMA_PAIR: Final = re.compile(r"\s*([+-]?\d{1,3},\d+)\s*(?:[;/|]|,?\s)\s*([+-]?\d{1,3},\d+)\s*")
_MAP_LINK: Final = re.compile(
    r"(?:@|[?&](?:q|ll|center|mlat)=|#map=\d+/)(-?\d{1,3}\.\d+)(?:,|%2C|/|&mlon=)(-?\d{1,3}\.\d+)"
)
_WKT: Final = re.compile(
    r"(?is)(?:SRID=\d+;)?(POINT|LINESTRING|POLYGON|MULTI[A-Z]+) ?(?:ZM?|M)? ?\((.*)\)"
)
_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫−", "01234567890123456789.-")


@dataclass(frozen=True, slots=True)
class Place:
    """A point, in integers of 1e-7 degree, and how many decimals it was given with."""

    lat: int
    lon: int
    decimals: int = 7

    @property
    def point(self) -> tuple[int, int]:
        """Latitude and longitude, as the countries' boxes want them."""
        return self.lat, self.lon

    def turned(self) -> "Place | None":
        """The place with its axes exchanged, if that is a place."""
        if abs(self.lon) > LATITUDE_MAX:
            return None
        return Place(self.lon, self.lat, self.decimals)


@dataclass(frozen=True, slots=True)
class NoPlace:
    """Why coordinates are none.

    Args:
        perhaps: what they may have been meant to be; for a person to judge.
    """

    reason: str
    detail: str = ""
    axis: Axis | None = None
    perhaps: Place | None = None


def place(latitude: Cell, longitude: Cell, *, typed: bool) -> Place | NoPlace | None:
    """Return the place that two cells name, why they name none, or None when both are empty.

    Args:
        typed: the format tells numbers from texts, so that a text is a fault.
    """
    empty = [_empty(latitude), _empty(longitude)]
    if all(empty):
        return None
    if any(empty):
        axis: Axis = "latitude" if empty[0] else "longitude"
        return NoPlace("coordinate-missing", axis, axis)
    numbers: list[Decimal] = []
    text: Axis | None = None
    for axis, cell in _axes(latitude, longitude):
        number = _number(cell, axis)
        if number is None:
            return NoPlace("coordinate-not-a-number", str(cell), axis)
        if typed and isinstance(cell, str):
            text = text or axis
        numbers.append(number)
    found = _checked(numbers[0], numbers[1])
    if text is not None:
        meant = found if isinstance(found, Place) else found.perhaps
        return NoPlace("coordinate-is-text", f"{latitude!r}, {longitude!r}", text, meant)
    return found


def _axes(latitude: Cell, longitude: Cell) -> tuple[tuple[Axis, Cell], tuple[Axis, Cell]]:
    return ("latitude", latitude), ("longitude", longitude)


def _empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _checked(latitude: Decimal, longitude: Decimal) -> Place | NoPlace:
    """Return the place of two numbers, or why they are none."""
    said = f"{latitude}, {longitude}"
    if not latitude and not longitude:
        return NoPlace("coordinates-zero", said)
    if abs(latitude) > 90:
        turned = _as_place(longitude, latitude)
        return NoPlace("latitude-out-of-range", said, "latitude", turned)
    if abs(longitude) > 180:
        return NoPlace("longitude-out-of-range", said, "longitude")
    found = _as_place(latitude, longitude)
    assert found is not None
    return found


def _as_place(latitude: Decimal, longitude: Decimal) -> Place | None:
    lat, lon = round(latitude * DEGREE), round(longitude * DEGREE)
    if abs(lat) > LATITUDE_MAX or abs(lon) > LONGITUDE_MAX:
        return None
    return Place(lat, lon, max(_decimals(lat), _decimals(lon)))


def _decimals(value: int) -> int:
    """Return how many decimals of a degree are not zero."""
    decimals = 7
    while decimals and value % 10 == 0:
        value //= 10
        decimals -= 1
    return decimals


def _number(cell: Cell, axis: Axis) -> Decimal | None:
    """Return a cell's number of degrees: 48.85, "48,85", "48°51'N"."""
    if isinstance(cell, bool) or cell is None or isinstance(cell, tuple):
        return None
    if isinstance(cell, int | float):
        number = Decimal(repr(cell))
        return number if number.is_finite() else None
    text = cell.translate(_DIGITS).strip()
    if len(text) > COORDINATE_LENGTH_MAX:
        return None
    if _NUMBER.fullmatch(text):
        return _decimal(text)
    match = _SIGNED.fullmatch(text)
    if match is None:
        return None
    side = (match["before"] or match["after"] or "").upper()
    if side and (side in "NS") is not (axis == "latitude"):
        return None
    number = _decimal(match["degrees"]) or Decimal(0)
    minutes = _decimal(match["minutes"] or "0") or Decimal(0)
    seconds = _decimal(match["seconds"] or "0") or Decimal(0)
    if minutes >= 60 or seconds >= 60:
        return None
    size = abs(number) + minutes / 60 + seconds / 3600
    # O is west in French, Spanish and Portuguese.
    negative = match["degrees"].startswith("-") or side in ("S", "W", "O")
    return -size if negative else size


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None


def pair(cell: Cell) -> tuple[Cell, Cell] | None:
    """Return latitude and longitude out of one cell: "33.57, -7.59", a link to a map, a list.

    A list of two numbers has the longitude first, as GeoJSON has it.
    """
    if isinstance(cell, tuple):
        return (cell[1], cell[0]) if len(cell) == 2 else None
    if not isinstance(cell, str) or len(cell) > PAIR_LENGTH_MAX:
        return None
    text = cell.translate(_DIGITS).strip()
    for form in (_PAIR, _COMMA_PAIR):
        match = form.fullmatch(text)
        if match:
            return match[1], match[2]
    match = _MAP_LINK.search(text)
    if match:
        return match[1], match[2]
    # 48°51'24"N 2°21'03"E
    halves = re.split(r"(?<=[NSns])[\s,;]+", text, maxsplit=1)
    if len(halves) == 2 and all(_SIGNED.fullmatch(half) for half in halves):
        return halves[0], halves[1]
    return None


def of_wkt(cell: Cell) -> tuple[Cell, Cell, bool] | None:
    """Return latitude, longitude and whether it is the middle of a shape, out of WKT."""
    match = _WKT.fullmatch(cell.strip()) if isinstance(cell, str) else None
    if match is None:
        return None
    points: list[tuple[str, str]] = []
    for part in match[2].replace("(", " ").replace(")", " ").split(","):
        numbers = part.split()
        if len(numbers) >= 2:
            points.append((numbers[0], numbers[1]))
    if not points:
        return None
    if len(set(points)) == 1:
        return points[0][1], points[0][0], False
    try:
        longitudes = [Decimal(longitude) for longitude, _ in points]
        latitudes = [Decimal(latitude) for _, latitude in points]
    except InvalidOperation:
        return points[0][1], points[0][0], False
    return (
        str((min(latitudes) + max(latitudes)) / 2),
        str((min(longitudes) + max(longitudes)) / 2),
        True,
    )


def precision_of(found: Place, said: str, container: str, *, shape: bool) -> str:
    """Return how exact a place is: as said, as what contains it, or by its decimals.

    Args:
        said: a word such as ``exact`` or ``postcode``; empty if nothing is said.
        container: an address of what the point stands for, as ``standard.csv`` has it.
        shape: the point is the middle of a line or an area.
    """
    if said in ("exact", "street", "postcode", "locality", "region", "country"):
        return said
    if "postcode" in container:
        return "postcode"
    if shape:
        return "locality"
    if found.decimals >= 4:
        return "exact"
    return {3: "street", 2: "locality", 1: "region"}.get(found.decimals, "country")
