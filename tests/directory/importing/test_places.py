"""Coordinates in all the ways in which lists write them, and the reasons why some are none."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory.importing.places import NoPlace, Place, of_wkt, pair, place, precision_of
from services.directory.importing.rows import Cell


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (48.8566, 2.3522, (488566000, 23522000)),
        ("48.8566", "2.3522", (488566000, 23522000)),
        ("48,8566", " 2,3522 ", (488566000, 23522000)),
        ("٣٣٫٥٧", "-٧٫٥٩", (335700000, -75900000)),
        ("48°51'24\"N", "2°21'08\"E", (488566667, 23522222)),
        ("33° 34′ 15″ S", "70° 40′ O", (-335708333, -706666667)),
        ("N 48.8566", "W2.3522", (488566000, -23522000)),
        (-90, 180, (-900000000, 1800000000)),
        (0, 9.5, (0, 95000000)),
        (48, 2, (480000000, 20000000)),
        ("48.123456789", "2.0000000499", (481234568, 20000000)),
    ],
)
def test_coordinates_are_whole_numbers_of_a_ten_millionth_degree(
    latitude: Cell, longitude: Cell, expected: tuple[int, int]
) -> None:
    found = place(latitude, longitude, typed=False)
    assert isinstance(found, Place)
    assert found.point == expected


@pytest.mark.parametrize(
    ("latitude", "longitude", "reason"),
    [
        ("", "2.35", "coordinate-missing"),
        ("48.85", None, "coordinate-missing"),
        ("n.c.", "2.35", "coordinate-not-a-number"),
        ("48.85", "2.35 km", "coordinate-not-a-number"),
        (True, 2.35, "coordinate-not-a-number"),
        (float("nan"), 2.35, "coordinate-not-a-number"),
        (float("inf"), 2.35, "coordinate-not-a-number"),
        (("1", "2"), 2.35, "coordinate-not-a-number"),
        ("48°75'N", "2.35", "coordinate-not-a-number"),
        ("48.85E", "2.35", "coordinate-not-a-number"),
        (90.0001, 0, "latitude-out-of-range"),
        ("4885660", "2.35", "latitude-out-of-range"),
        (10, -180.5, "longitude-out-of-range"),
        (0, 0, "coordinates-zero"),
        ("0.000000", "0,0", "coordinates-zero"),
    ],
)
def test_what_is_no_place_is_refused_with_its_reason(
    latitude: Cell, longitude: Cell, reason: str
) -> None:
    found = place(latitude, longitude, typed=False)
    assert isinstance(found, NoPlace)
    assert found.reason == reason


def test_a_text_is_refused_where_the_format_has_numbers_and_what_it_means_is_said() -> None:
    found = place("48.8566", "2.3522", typed=True)
    assert isinstance(found, NoPlace)
    assert found.reason == "coordinate-is-text"
    assert found.perhaps == Place(488566000, 23522000, 4)


def test_a_coordinate_of_many_spaces_takes_no_time() -> None:
    cell = "48" + " " * 30_000 + "x"
    started = time.process_time()
    assert isinstance(place(cell, "2", typed=False), NoPlace)
    assert pair(cell) is None
    assert of_wkt("POINT" + " " * 30_000 + "x") is None
    assert time.process_time() - started < 1


def test_two_empty_cells_are_no_fault() -> None:
    assert place("", None, typed=True) is None
    assert place("  ", "", typed=False) is None


def test_a_latitude_beyond_the_pole_may_be_the_longitude() -> None:
    found = place(120.5, 14.6, typed=True)
    assert isinstance(found, NoPlace)
    assert found.perhaps == Place(146000000, 1205000000, 1)


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    st.booleans(),
)
def test_whatever_stands_there_is_a_place_on_earth_or_has_a_reason(
    latitude: Cell, longitude: Cell, typed: bool
) -> None:
    found = place(latitude, longitude, typed=typed)
    if isinstance(found, Place):
        assert abs(found.lat) <= 900_000_000
        assert abs(found.lon) <= 1_800_000_000


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("33.57, -7.59", ("33.57", "-7.59")),
        ("33.57 -7.59", ("33.57", "-7.59")),
        ("(33.57;-7.59)", ("33.57", "-7.59")),
        ("33,57; -7,59", ("33,57", "-7,59")),
        ("33,57, -7,59", ("33,57", "-7,59")),
        ("https://www.google.com/maps/@33.5731,-7.5898,15z", ("33.5731", "-7.5898")),
        ("https://www.openstreetmap.org/#map=12/33.57/-7.59", ("33.57", "-7.59")),
        ("48°51'24\"N 2°21'08\"E", ("48°51'24\"N", "2°21'08\"E")),
        (("-7.59", "33.57"), ("33.57", "-7.59")),
        ("Casablanca", None),
        ("33.57", None),
        (5, None),
    ],
)
def test_two_coordinates_in_one_cell_are_taken_apart(
    cell: Cell, expected: tuple[str, str] | None
) -> None:
    assert pair(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("POINT (2.35 48.85)", ("48.85", "2.35", False)),
        ("SRID=4326;POINT Z(2.35 48.85 12)", ("48.85", "2.35", False)),
        ("POLYGON((0 0, 2 0, 2 4, 0 4, 0 0))", ("2", "1", True)),
        ("Cape Town, Western Cape, South Africa", None),
        ("POINT EMPTY", None),
        (None, None),
    ],
)
def test_well_known_text_is_read(cell: Cell, expected: tuple[str, str, bool] | None) -> None:
    assert of_wkt(cell) == expected


def test_the_precision_is_as_said_or_as_many_decimals_tell() -> None:
    postcode = "http://data.example/id/postcodeunit/AB12CD"
    assert precision_of(Place(1, 2, 7), "locality", postcode, shape=False) == "locality"
    assert precision_of(Place(1, 2, 7), "", postcode, shape=False) == "postcode"
    assert precision_of(Place(1, 2, 7), "", "", shape=True) == "locality"
    found = [precision_of(Place(1, 2, n), "", "", shape=False) for n in (6, 4, 3, 2, 1, 0)]
    assert found == ["exact", "exact", "street", "locality", "region", "country"]
