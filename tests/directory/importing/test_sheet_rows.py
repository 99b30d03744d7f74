"""Workbooks: the right sheet, whole numbers and dates, and archives that mean harm."""

import datetime
import io
import zipfile

import openpyxl  # type: ignore[import-untyped]  # the library leaves this untyped
import pytest

from services.directory.importing import limits
from services.directory.importing.archives import require_extent, unpacked
from services.directory.importing.limits import (
    EmptyList,
    FileTooLarge,
    UnknownFileKind,
    UnreadableFile,
)
from services.directory.importing.rows import FileKind, Row
from services.directory.importing.tables import open_table

ODS_START = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
    '<office:body><office:spreadsheet><table:table table:name="Membres">'
)
ODS_END = "</table:table></office:spreadsheet></office:body></office:document-content>"


def workbook(*sheets: tuple[str, list[list[object]]], hidden: str = "") -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        if title == hidden:
            sheet.sheet_state = "hidden"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def archive(**entries: str | bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return target.getvalue()


def ods(rows: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        packed.writestr("content.xml", ODS_START + rows + ODS_END)
    return target.getvalue()


def ods_row(*cells: str) -> str:
    texts = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        for cell in cells
    )
    return f"<table:table-row>{texts}</table:table-row>"


def test_rows_have_the_numbers_that_the_spreadsheet_shows() -> None:
    data = workbook(
        ("Liste", [["Nos membres"], [], ["Nom", "Ville", "Membres"], ["A", "Brest", 12], [], ["B"]])
    )
    table = open_table(data)
    assert (table.kind, table.unit, table.header_line) == (FileKind.SHEET, "row", 3)
    assert list(table.items()) == [
        Row(4, {"Nom": "A", "Ville": "Brest", "Membres": 12}),
        Row(6, {"Nom": "B"}),
    ]


def test_numbers_and_dates_come_as_they_are_meant() -> None:
    data = workbook(
        (
            "x",
            [
                ["name", "latitude", "founded", "members", "rural"],
                ["A", 33.5731, datetime.date(2009, 4, 30), 12.0, True],
            ],
        )
    )
    (row,) = open_table(data).items()
    assert isinstance(row, Row)
    assert row.cells == {
        "name": "A",
        "latitude": 33.5731,
        "founded": "2009-04-30",
        "members": 12,
        "rural": True,
    }


def test_the_first_visible_sheet_with_known_columns_is_taken_unless_another_is_asked_for() -> None:
    data = workbook(
        ("Notes", [["Lisez-moi"], ["bonjour"]]),
        ("Caché", [["Nom", "Ville"], ["secret", "x"]]),
        ("Membres", [["Nom", "Ville"], ["A", "Brest"]]),
        hidden="Caché",
    )
    table = open_table(data)
    assert (table.sheet, table.sheets) == ("Membres", ("Notes", "Membres"))
    assert open_table(data, sheet="Notes").columns == ("Lisez-moi",)
    with pytest.raises(EmptyList):
        open_table(data, sheet="Caché")


def test_an_ods_sheet_with_a_million_empty_rows_below_is_read() -> None:
    rows = (
        ods_row("Nom", "Ville")
        + ods_row("Tazart", "Taroudant")
        + '<table:table-row table:number-rows-repeated="1048570"><table:table-cell'
        ' table:number-columns-repeated="3" table:style-name="x"/><table:table-cell'
        ' table:number-columns-repeated="16381"/></table:table-row>'
    )
    assert list(open_table(ods(rows)).items()) == [Row(2, {"Nom": "Tazart", "Ville": "Taroudant"})]


def test_a_cell_in_the_last_corner_of_a_sheet_is_refused_before_memory_is_taken() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "name"
    book.active["XFD1048576"] = "x"
    target = io.BytesIO()
    book.save(target)
    with pytest.raises(FileTooLarge):
        open_table(target.getvalue())


@pytest.mark.parametrize(
    "rows",
    [
        '<table:table-row table:number-rows-repeated="1048576">'
        '<table:table-cell office:value-type="string" table:number-columns-repeated="16384">'
        "<text:p>x</text:p></table:table-cell></table:table-row>",
        '<table:table-row table:number-rows-repeated="900000000"><table:table-cell/>'
        "</table:table-row>" + ods_row("x"),
        "<table:table-row>"
        '<table:table-cell table:number-columns-repeated="900000000"/>'
        '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'
        "</table:table-row>",
        (
            '<table:table-row table:number-rows-repeated="90000"><table:table-cell'
            ' office:value-type="string" table:number-columns-repeated="100"><text:p>x</text:p>'
            "</table:table-cell></table:table-row>"
        )
        * 3,
    ],
)
def test_repetitions_that_swell_are_refused(rows: str) -> None:
    with pytest.raises(FileTooLarge):
        open_table(ods(rows))


def test_a_number_of_repetitions_in_disguise_is_refused() -> None:
    rows = (
        '<table:table-row table:number-rows-repeated="&#57;99999999"><table:table-cell/>'
        "</table:table-row>"
    )
    with pytest.raises(UnreadableFile):
        open_table(ods(rows + ods_row("x")))


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    data = archive(xl__workbook_xml=b" " * (limits.UNPACKED_SIZE_MAX_BYTES + 1))
    assert len(data) < 1_000_000
    with pytest.raises(FileTooLarge):
        open_table(data)


def test_damaged_and_foreign_archives_are_refused() -> None:
    with pytest.raises(UnreadableFile):
        open_table(b"PK\x03\x04 and nothing more")
    with pytest.raises(UnknownFileKind):
        open_table(archive(word__document_xml="<w/>"))
    with pytest.raises(UnreadableFile):
        open_table(archive(xl__workbook_xml="<not a workbook"))


def test_pictures_in_a_workbook_are_not_even_unpacked() -> None:
    data = archive(xl__workbook_xml="<x/>", **{"xl/media/p.png": b"\x00" * 1000})
    assert list(unpacked(data)) == ["xl/workbook.xml"]


def test_an_ordinary_sheet_is_within_the_extent() -> None:
    require_extent(unpacked(workbook(("x", [["name"] * 30] * 2_000))))
