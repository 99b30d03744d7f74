"""The lists that networks really keep, where they are at hand: each is read to its end.

They are not part of this repository. ``TWIZA_DATA`` names the folder that holds them.
"""

import os
import time
from pathlib import Path
from typing import Final

import pytest

from services.directory.importing.reading import ListReading, read_list
from services.directory.importing.report import Report
from services.directory.importing.settings import ImportSettings, source_of
from services.directory.intake import profile_of

REPOSITORY: Final = Path(__file__).parents[3]
LISTS: Final = (
    Path(os.environ.get("TWIZA_DATA", REPOSITORY.parent / "shared" / "data")) / "directory"
)
SPEED_LIMIT_S: Final = 4.0

pytestmark = pytest.mark.skipif(
    not LISTS.is_dir(), reason=f"the real lists are not at {LISTS}; set TWIZA_DATA"
)

# File, languages, rows, drafts, rows that join others, rejected rows.
EXPECTED: Final = [
    ("coopsuk_2016_orgs.csv", ("en",), 8037, 8019, 18, 0),
    ("coopsuk_2017_orgs.csv", ("en",), 8371, 8371, 0, 0),
    ("coopsuk_2017_outlets.csv", ("en",), 6291, 20, 1871, 4400),
    ("workerscoop_2023_standard.csv", ("en",), 7387, 7387, 0, 0),
    ("susy_transformap.geojson", ("en", "de", "fr", "es", "it"), 1794, 1790, 0, 4),
    ("ess_transiscope_niort.js", ("fr",), 100, 100, 0, 0),
    ("supermarches_cooperatifs.js", ("fr",), 130, 130, 0, 0),
    ("sel_route_des_sel.csv", ("fr",), 616, 606, 0, 10),
    ("sel_selidaire.csv", ("fr",), 391, 387, 4, 0),
    ("ces_community_exchange.csv", ("en", "fr", "es", "pt"), 844, 844, 0, 0),
    ("timeoverflow_es.csv", ("es", "pt"), 202, 201, 1, 0),
    ("timeoverflow_es.kml", ("es", "pt"), 216, 215, 1, 0),
    ("timebanks_usa.csv", ("en",), 130, 130, 0, 0),
]
DIRECTORY_WIDE_SLACK: Final = 3
"""By how many rows better recognition may move the numbers above."""


def opened(
    name: str, languages: tuple[str, ...] = ("en",), *, keep_without_place: bool = False
) -> ListReading:
    path = LISTS / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    told = ImportSettings(
        languages=languages, source=source_of(name), keep_without_place=keep_without_place
    )
    return read_list(path.read_bytes(), told, filename=name)


@pytest.mark.parametrize(("name", "languages", "rows", "drafts", "joined", "rejected"), EXPECTED)
def test_a_real_list_is_read_to_its_end_and_its_report_adds_up(
    name: str, languages: tuple[str, ...], rows: int, drafts: int, joined: int, rejected: int
) -> None:
    reading = opened(name, languages)
    report = Report()
    found = list(reading.drafts(report))
    assert report.rows == reading.rows == rows
    assert report.adds_up
    for counted, expected in (
        (report.drafts, drafts),
        (report.joined, joined),
        (report.rejected, rejected),
    ):
        assert abs(counted - expected) <= DIRECTORY_WIDE_SLACK
    assert len({draft.source_key for draft in found}) == len(found)
    for draft in found[:300]:
        profile_of({**draft.fields, "contacts": draft.contacts}, needs="name")


def test_every_list_in_the_folder_is_among_those_that_are_read() -> None:
    there = {
        path.name
        for path in LISTS.iterdir()
        if path.suffix in (".csv", ".js", ".kml", ".geojson", ".xlsx", ".ods")
    }
    assert there <= {name for name, *_ in EXPECTED}


def test_a_large_list_becomes_drafts_within_seconds() -> None:
    # What the first reading alone pays (vocabularies, names of countries) is paid beforehand.
    list(opened("timebanks_usa.csv").drafts(Report()))
    started = time.process_time()
    drafts = list(opened("coopsuk_2017_orgs.csv").drafts(Report()))
    assert len(drafts) > 8_000
    assert time.process_time() - started < SPEED_LIMIT_S


def test_a_second_reading_gives_the_same_drafts() -> None:
    name = "sel_route_des_sel.csv"
    first = list(opened(name, ("fr",)).drafts(Report()))
    assert first == list(opened(name, ("fr",)).drafts(Report()))


def test_two_editions_of_a_register_share_their_keys() -> None:
    keys = [
        {draft.source_key for draft in opened(name).drafts(Report())}
        for name in ("coopsuk_2016_orgs.csv", "coopsuk_2017_orgs.csv")
    ]
    assert len(keys[0] & keys[1]) >= 7_900


def test_nearly_all_country_spellings_are_known_and_slovakia_is_found_by_its_place() -> None:
    reading = opened("susy_transformap.geojson")
    report = Report()
    drafts = list(reading.drafts(report))
    lines = {draft.lines[0] for draft in drafts}
    written = {
        item.line
        for item in reading.table.items()
        if hasattr(item, "cells") and item.cells.get("addr:country") and item.line in lines
    }
    known = {
        draft.lines[0]
        for draft in drafts
        if any("country" in address for address in draft.fields.get("addresses", ()))
    }
    assert len(written & known) >= 0.99 * len(written)
    assert report.by_reason()["country-corrected"] == 17


def test_coordinates_of_zero_are_refused_or_kept_without_a_place() -> None:
    strict, kind = Report(), Report()
    list(opened("sel_route_des_sel.csv", ("fr",)).drafts(strict))
    list(opened("sel_route_des_sel.csv", ("fr",), keep_without_place=True).drafts(kind))
    assert strict.by_reason()["coordinates-zero"] == strict.rejected == 10
    assert (kind.by_reason()["coordinates-zero"], kind.rejected) == (10, 0)


def test_double_encoding_is_undone_in_every_list() -> None:
    for name in ("timeoverflow_es.csv", "timeoverflow_es.kml", "ces_community_exchange.csv"):
        for draft in opened(name, ("es", "pt")).drafts(Report()):
            letters = set(draft.fields["name"])
            assert not letters & set("Â\x81\x91\u0e40\u0e18"), draft.fields["name"]


def test_codes_of_the_standard_list_are_mapped() -> None:
    drafts = list(opened("workerscoop_2023_standard.csv").drafts(Report()))
    for field, least in (("org_structure", 7_100), ("activities_ica", 7_300), ("geo", 7_000)):
        assert sum(field in draft.fields for draft in drafts) >= least
    assert drafts[0].fields["geo"]["precision"] == "postcode"
