"""What was exported can be opened in a spreadsheet, drawn on a map, and imported again."""

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.directory.importing.reading import read_list
from services.directory.importing.report import Report
from twiza.exporting import degrees, geojson, write_csv

ENTITY: dict[str, Any] = {
    "id": "souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11",
    "origin": "souss",
    "profile": {
        "name": "Tafsut n Wargan",
        "names": {"ar": "تعاونية تافسوت نوركان"},
        "summary": {"fr": "Huile d'argan; pressée\nà la main."},
        "practices": ["practice:producer-coop", "practice:fair-trade"],
        "addresses": [
            {"locality": "Agadir", "country": "MA"},
            {"locality": "Tamanar", "country": "MA", "is_main": True},
        ],
        "geo": {"lat": 310_007_000, "lon": -96_803_000, "precision": "locality"},
        "members_total": 42,
    },
}
BARE: dict[str, Any] = {"id": "souss:1", "origin": "souss", "profile": {"name": "Only a name"}}


def written(*entities: dict[str, Any]) -> str:
    out = io.StringIO(newline="")
    write_csv(entities, out)
    return out.getvalue()


def test_a_spreadsheet_has_the_seat_the_languages_and_degrees() -> None:
    row, bare = csv.DictReader(io.StringIO(written(ENTITY, BARE), newline=""))
    assert (row["Town"], row["Country"]) == ("Tamanar", "MA")
    assert (row["Latitude"], row["Longitude"]) == ("31.0007", "-9.6803")
    assert row["Name (ar)"] == "تعاونية تافسوت نوركان"
    assert row["Practices"] == "practice:producer-coop;practice:fair-trade"
    assert (bare["Name"], bare["Town"]) == ("Only a name", "")


def test_an_exported_list_is_understood_by_the_import() -> None:
    report = Report()
    reading = read_list(written(ENTITY, BARE).encode(), filename="list.csv")
    first, second = reading.drafts(report)
    assert first.fields["names"]["ar"] == "تعاونية تافسوت نوركان"
    assert first.fields["practices"] == ["practice:producer-coop", "practice:fair-trade"]
    assert first.fields["geo"]["lat"] == 310_007_000
    assert first.fields["members_total"] == 42
    assert second.fields["name"] == "Only a name"
    assert report.rejected == 0


def test_a_map_has_longitude_first_and_takes_what_has_no_place() -> None:
    here, nowhere = geojson([ENTITY, BARE])["features"]
    assert here["geometry"] == {"type": "Point", "coordinates": [-9.6803, 31.0007]}
    assert here["properties"]["origin"] == "souss"
    assert nowhere["geometry"] is None


@given(st.integers(min_value=-1_800_000_000, max_value=1_800_000_000))
def test_degrees_say_the_very_number(value: int) -> None:
    text = degrees(value)
    whole, _, fraction = text.lstrip("-").partition(".")
    read = int(whole) * 10_000_000 + int(fraction.ljust(7, "0") or 0)
    assert (-read if text.startswith("-") else read) == value
