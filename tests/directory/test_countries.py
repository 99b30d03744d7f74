"""Countries: what people write is the country they mean, and the place confirms it."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory import countries
from services.directory.countries import Found, countries_around, country, inside, is_country

DATA = Path(os.environ.get("TWIZA_DATA", Path(__file__).parents[3] / "shared" / "data"))
SUSY = DATA / "directory" / "susy_transformap.geojson"
DEGREE = 10_000_000

AGADIR = (304_277_000, -95_981_000)
BRATISLAVA = (481_485_970, 171_077_480)
PARAMARIBO = (58_520_000, -552_040_000)
LONDON = (515_074_000, -1_278_000)
ABERDEEN = (571_497_000, -20_943_000)
SAINT_DENIS = (-208_789_000, 554_481_000)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Österreich", "AT"),
        ("ÖSterreich", "AT"),
        ("England", "GB"),
        ("SCOTLAND", "GB"),
        ("uk", "GB"),
        ("U.K.", "GB"),
        ("United  Kingdom", "GB"),
        ("Ελλάδα", "GR"),
        ("EL", "GR"),
        ("Latvija", "LV"),
        ("Portogallo", "PT"),
        ("România", "RO"),
        ("Isle of Man", "IM"),
        ("المغرب", "MA"),
        ("المملكة المغربية", "MA"),
        ("الجزائر", "DZ"),
        ("Maroc", "MA"),
        ("Marruecos", "MA"),
        ("Côte d’Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("EE. UU.", "US"),
        ("États-Unis", "US"),
        ("Brasil", "BR"),
        ("Congo", "CG"),
        ("République démocratique du Congo", "CD"),
        ("MAR", "MA"),
        ("gbr", "GB"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Guinea-Bissau", "GW"),
        ("日本", "JP"),
    ],
)
def test_a_spelling_means_its_country(written: str, code: str) -> None:
    found = country(written)
    assert found is not None
    assert found.code == code
    assert found.agrees is None


@pytest.mark.parametrize(
    ("written", "code"),
    [("Frace", "FR"), ("Italu", "IT"), ("Cypres", "CY"), ("Morroco", "MA"), ("Esapña", "ES")],
)
def test_a_typing_error_is_forgiven_and_said(written: str, code: str) -> None:
    assert country(written) == Found(code, "likeness")


@pytest.mark.parametrize("written", ["", "  ", "xyz", "Casablanca", "12345", "ABERDEEN", "A"])
def test_what_is_no_country_is_none(written: str) -> None:
    assert country(written) is None


@given(st.text(max_size=60))
def test_any_text_gets_a_known_country_or_none(written: str) -> None:
    found = country(written)
    assert found is None or is_country(found.code)


def test_the_place_confirms_or_contradicts() -> None:
    assert country("Maroc", AGADIR) == Found("MA", "name", True)
    assert country("MA", LONDON) == Found("MA", "code", False)
    assert country("FR", SAINT_DENIS) == Found("FR", "code", True)
    assert country("RE", SAINT_DENIS) == Found("RE", "code", True)


def test_a_code_that_is_not_iso_is_caught_by_the_place() -> None:
    assert country("SR", BRATISLAVA) == Found("SK", "place", True)
    assert country("SR", PARAMARIBO) == Found("SR", "code", True)


def test_a_city_in_the_column_is_replaced_where_one_country_alone_is_there() -> None:
    assert country("ABERDEEN", ABERDEEN) == Found("GB", "place", True)
    assert country("BRATISLAVA", BRATISLAVA) is None
    assert len(countries_around(BRATISLAVA)) > 1


def test_boxes_cross_the_date_line() -> None:
    assert inside("FJ", (-18 * DEGREE, 179 * DEGREE))
    assert inside("FJ", (-17 * DEGREE, -179 * DEGREE))
    assert not inside("FJ", (-18 * DEGREE, 100 * DEGREE))
    assert inside("RU", (66 * DEGREE, -1_710_000_000))


def test_every_country_has_a_box_of_some_size_and_a_name() -> None:
    names = set(countries._names().values())
    for code, boxes in countries._tables().boxes.items():
        assert boxes
        assert code in names
        for box in boxes:
            assert -90 * DEGREE <= box.south < box.north <= 90 * DEGREE
            assert -180 * DEGREE <= box.west <= 180 * DEGREE
            assert -180 * DEGREE <= box.east <= 180 * DEGREE
            assert box.west != box.east
    for code, parts in countries._tables().parts.items():
        assert is_country(code)
        assert all(is_country(part) for part in parts)


def test_real_spellings_are_mapped_to_ninety_nine_per_cent() -> None:
    if not SUSY.exists():
        pytest.skip("the test data are not beside the repository (TWIZA_DATA)")
    rows: Counter[bool] = Counter()
    spellings: dict[str, bool] = {}
    slovak: list[Found | None] = []
    for feature in json.loads(SUSY.read_text(encoding="utf-8"))["features"]:
        written = feature["properties"].get("addr:country") or ""
        if not written:
            continue
        lon, lat = (round(float(axis) * DEGREE) for axis in feature["geometry"]["coordinates"])
        found = country(written, (lat, lon))
        rows[found is not None] += 1
        spellings[written] = spellings.get(written, False) or found is not None
        if written == "SR":
            slovak.append(found)
    assert rows[True] >= 0.99 * rows.total()
    assert sum(spellings.values()) >= 0.99 * len(spellings)
    assert len(slovak) == 17
    assert all(found == Found("SK", "place", True) for found in slovak)


def test_babel_and_rapidfuzz_are_loaded_when_a_spelling_needs_them() -> None:
    check = (
        "import sys; from services.directory.countries import country; "
        "country('FR'); country('England'); "
        "sys.exit('babel' in sys.modules or 'rapidfuzz' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
