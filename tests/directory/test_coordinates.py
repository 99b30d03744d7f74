"""Coordinates: those that cannot be right are refused, and a place may be told roughly."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory.coordinates import (
    BLUR,
    CoordinatesNotNumbers,
    CoordinatesOutOfRange,
    CoordinatesSwapped,
    CoordinatesZero,
    blurred,
    point_of,
    require_point,
)
from shared.contracts.fields import DEGREE, LATITUDE_MAX, LONGITUDE_MAX
from shared.refusals import Refusal


def test_degrees_become_integers() -> None:
    assert point_of(30.4277, -9.5981) == (304_277_000, -95_981_000)
    assert point_of(0, 10) == (0, 10 * DEGREE)


@pytest.mark.parametrize(
    ("lat", "lon", "kind"),
    [
        ("30.4", "-9.6", CoordinatesNotNumbers),
        (None, 1.0, CoordinatesNotNumbers),
        (True, False, CoordinatesNotNumbers),
        (float("nan"), 1.0, CoordinatesNotNumbers),
        (float("inf"), 1.0, CoordinatesNotNumbers),
        (91.0, 1.0, CoordinatesOutOfRange),
        pytest.param(10**400, 1, CoordinatesOutOfRange, id="a number with 400 digits"),
        (1.0, 180.1, CoordinatesOutOfRange),
        (0, 0.0, CoordinatesZero),
        (-9.5981, 30.4277, CoordinatesSwapped),
    ],
)
def test_coordinates_that_cannot_be_right_are_refused(
    lat: Any, lon: Any, kind: type[Refusal]
) -> None:
    with pytest.raises(kind):
        point_of(lat, lon, country="MA")


def test_exchanged_coordinates_come_with_a_repair() -> None:
    with pytest.raises(CoordinatesSwapped) as refused:
        require_point(1_740_000_000, -410_000_000, country="NZ")
    assert refused.value.members == {"lat": -410_000_000, "lon": 1_740_000_000}


def test_a_point_outside_its_country_is_kept_if_exchanging_does_not_help() -> None:
    assert point_of(48.85, 2.35, country="MA") == (488_500_000, 23_500_000)


points = st.tuples(
    st.integers(-LATITUDE_MAX, LATITUDE_MAX), st.integers(-LONGITUDE_MAX, LONGITUDE_MAX)
)


@given(points)
def test_a_blurred_point_is_near_and_blurring_again_changes_nothing(point: tuple[int, int]) -> None:
    lat, lon = blurred(point)
    assert abs(lat) <= LATITUDE_MAX
    assert abs(lon) <= LONGITUDE_MAX
    assert abs(lat - point[0]) <= BLUR
    assert blurred((lat, lon)) == (lat, lon)
    if abs(point[0]) < 60 * DEGREE:
        assert abs(lon - point[1]) <= 2 * BLUR
