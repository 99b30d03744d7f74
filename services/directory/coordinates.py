"""Coordinates: points on the map, why some are none, and how a place is told only roughly.

A point is latitude and longitude in integers of 1e-7 degree. Coordinates that cannot be right are
refused by name, because a wrong point is worse than none: it puts a cooperative into the sea, or
its members' visitors at another door.
"""

import math
from typing import Any, ClassVar, Final

from services.directory.countries import Point, inside
from shared.contracts.fields import DEGREE, LATITUDE_MAX, LONGITUDE_MAX
from shared.refusals import Kind, Refusal

BLUR: Final = DEGREE // 10
"""The grid of blurred places, in latitude: 11 km. Longitudes widen towards the poles."""
BLUR_LONGITUDE_MAX: Final = 10 * DEGREE


class CoordinatesNotNumbers(Refusal):
    """A coordinate is a text, or missing beside the other one."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "coordinates-not-numbers"
    title: ClassVar[str] = "Coordinates are two numbers"


class CoordinatesOutOfRange(Refusal):
    """A coordinate is beyond a pole or beyond 180 degrees."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "coordinates-out-of-range"
    title: ClassVar[str] = "Latitude is from -90 to 90 degrees, longitude from -180 to 180"


class CoordinatesZero(Refusal):
    """Both coordinates are zero, which is how lists write that they do not know."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "coordinates-zero"
    title: ClassVar[str] = "Latitude and longitude are both zero"


class CoordinatesSwapped(Refusal):
    """The point lies outside the entity's country, and inside with its axes exchanged.

    ``lat`` and ``lon`` among the members are what was probably meant.
    """

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "coordinates-swapped"
    title: ClassVar[str] = "Latitude and longitude seem to be exchanged"


def point_of(lat: Any, lon: Any, *, country: str | None = None) -> Point:
    """Return the point of two numbers of degrees.

    Args:
        lat: degrees north, as a number; a text is refused even if it reads as one.
        lon: degrees east, likewise.
        country: the ISO code of the entity's country, if it is known.

    Raises:
        CoordinatesNotNumbers, CoordinatesOutOfRange, CoordinatesZero, CoordinatesSwapped
    """
    for degrees in (lat, lon):
        if isinstance(degrees, bool) or not isinstance(degrees, int | float):
            raise CoordinatesNotNumbers
        # Infinity and "not a number" do not lie between; any integer is compared exactly.
        if not -math.inf < degrees < math.inf:
            raise CoordinatesNotNumbers
    if max(abs(lat), abs(lon)) > 180:
        raise CoordinatesOutOfRange
    return require_point(round(lat * DEGREE), round(lon * DEGREE), country=country)


def require_point(lat: Any, lon: Any, *, country: str | None = None) -> Point:
    """Return the point of two integers of 1e-7 degree.

    Raises:
        CoordinatesNotNumbers, CoordinatesOutOfRange, CoordinatesZero, CoordinatesSwapped
    """
    for axis in (lat, lon):
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise CoordinatesNotNumbers
    if not lat and not lon:
        raise CoordinatesZero
    swapped = abs(lon) <= LATITUDE_MAX and abs(lat) <= LONGITUDE_MAX
    if country and swapped and not inside(country, (lat, lon)) and inside(country, (lon, lat)):
        raise CoordinatesSwapped(f"they lie in {country} when exchanged", lat=lon, lon=lat)
    if abs(lat) > LATITUDE_MAX or abs(lon) > LONGITUDE_MAX:
        raise CoordinatesOutOfRange
    return lat, lon


def blurred(point: Point) -> Point:
    """Return the nearest crossing of a grid of about 10 km; the same point gives the same one."""
    lat = min(max(_nearest(point[0], BLUR), -LATITUDE_MAX), LATITUDE_MAX)
    # Meridians draw together towards the poles, so their steps widen, in hundredths of a degree.
    narrowing = max(math.cos(math.radians(lat / DEGREE)), 1e-9)
    step = min(math.ceil(10 / narrowing) * DEGREE // 100, BLUR_LONGITUDE_MAX)
    lon = min(max(_nearest(point[1], step), -LONGITUDE_MAX), LONGITUDE_MAX)
    return lat, lon


def _nearest(axis: int, step: int) -> int:
    return (axis + step // 2) // step * step
