"""Places and distances in integers, the same on every machine.

A place becomes three whole numbers of metres from the middle of the earth. Squares of distances
are then exact, and a radius is compared without any trigonometry between two entries.
"""

import math
from functools import lru_cache
from typing import Final

from shared.contracts.fields import DEGREE

EARTH_M: Final = 6_371_009
"""The mean radius of the earth."""

Vector = tuple[int, int, int]


def vector(lat: int, lon: int) -> Vector:
    """Return a place, in 1e-7 degree, as metres from the middle of the earth."""
    north, east = math.radians(lat / DEGREE), math.radians(lon / DEGREE)
    level = EARTH_M * math.cos(north)
    return (
        round(level * math.cos(east)),
        round(level * math.sin(east)),
        round(EARTH_M * math.sin(north)),
    )


def chord_square(one: Vector, other: Vector) -> int:
    """Return the square of the straight line between two places, through the earth, in metres."""
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


@lru_cache(maxsize=4_096)
def reach_square(radius_km: int) -> int:
    """Return the square of the straight line that spans a radius along the ground, in metres.

    Two metres are added, by which rounding to whole metres may lengthen a line.
    """
    angle = min(radius_km * 1_000 / EARTH_M, math.pi)
    return (math.ceil(2 * EARTH_M * math.sin(angle / 2)) + 2) ** 2


def straight_km(square: int) -> int:
    """Return the straight line of a square of metres in whole kilometres, as utility counts it."""
    return math.isqrt(square) // 1_000


def ground_km(square: int) -> int:
    """Return the way along the ground of a square of metres, in kilometres, as people count it."""
    return round(2 * EARTH_M * math.asin(min(1.0, math.sqrt(square) / (2 * EARTH_M))) / 1_000)
