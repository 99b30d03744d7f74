"""CSV as it comes: any delimiter, cells over several lines, titles above the header, damage."""

import pytest

from services.directory.importing import csv_rows, limits
from services.directory.importing.limits import (
    CELL_LENGTH_MAX,
    EmptyList,
    FileTooLarge,
    TooManyColumns,
    TooManyRows,
    UnknownFileKind,
)
from services.directory.importing.report import RowIssue
from services.directory.importing.rows import FileKind, Row
from services.directory.importing.tables import open_table


def rows_of(text: str | bytes, **options: str) -> list[Row | RowIssue]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(open_table(data, languages=["fr"], **options).items())


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_header_and_the_rows(delimiter: str) -> None:
    text = f'nom{delimiter}ville\n"Le Pré, le Champ; et la Haie"{delimiter}Nantes\n'
    table = open_table(text.encode(), languages=["fr"])
    assert table.delimiter == delimiter
    assert list(table.items()) == [
        Row(2, {"nom": "Le Pré, le Champ; et la Haie", "ville": "Nantes"})
    ]


def test_commas_in_texts_do_not_hide_a_semicolon() -> None:
    text = "a;b;c\none, two, three;x, y;1,5\nfour, five;z;2,5\n"
    assert open_table(text.encode()).delimiter == ";"


def test_a_spreadsheets_own_word_for_the_delimiter_is_heard() -> None:
    assert rows_of("sep=|\nnom|ville\nA|B\n") == [Row(3, {"nom": "A", "ville": "B"})]


def test_line_numbers_are_those_of_the_text_editor() -> None:
    text = 'name,street\r\nA,"1 High St\r\nFlat 2"\r\n\r\nB,2 Low St\r\nC,"x\ny\nz"\nD,4\n'
    assert [(row.line, row.cells["name"]) for row in rows_of(text) if isinstance(row, Row)] == [
        (2, "A"),
        (5, "B"),
        (6, "C"),
        (9, "D"),
    ]


def test_a_cell_over_several_lines_keeps_them() -> None:
    row = rows_of('name,street\nA,"1 High St\nFlat 2"\n')[0]
    assert isinstance(row, Row)
    assert row.cells["street"] == "1 High St\nFlat 2"


def test_a_byte_order_mark_and_spaces_do_not_change_the_header() -> None:
    table = open_table('"url", "latitude", "title"\n"","44.2","SEL"\n'.encode("utf-8-sig"))
    assert table.columns == ("url", "latitude", "title")
    assert list(table.items()) == [Row(2, {"latitude": "44.2", "title": "SEL"})]


def test_titles_above_the_header_are_passed_over() -> None:
    text = "Liste des membres 2024;;\n;;\nNom;Ville;Code postal\nA;Brest;29200\n"
    table = open_table(text.encode(), languages=["fr"])
    assert table.header_line == 3
    assert [row.line for row in table.items()] == [4]


def test_words_in_a_row_that_are_names_of_columns_do_not_make_it_the_header() -> None:
    text = "foo;bar;baz\nx;time bank;Nom\n"
    table = open_table(text.encode(), languages=["fr"])
    assert table.columns == ("foo", "bar", "baz")
    assert open_table(b"Our list\nname\nA\n").header_line == 2


def test_columns_without_a_name_or_with_the_same_name_are_told_apart() -> None:
    table = open_table(b"name,tags,tags,,city\na,b,c,d,e\n")
    assert table.columns == ("name", "tags", "tags (2)", "(D)", "city")


def test_a_row_with_more_cells_than_the_header_is_reported_and_the_next_is_kept() -> None:
    found = rows_of("name,city\nA,Leeds,too,much\nB,York,,\nC\n")
    assert isinstance(found[0], RowIssue)
    assert (found[0].line, found[0].reason) == (2, "more-cells-than-columns")
    assert found[1:] == [Row(3, {"name": "B", "city": "York"}), Row(4, {"name": "C"})]


def test_a_quotation_mark_that_nothing_closes_costs_one_row_only() -> None:
    found = rows_of('name,city\nA,Leeds\n"B,York\nC,Hull\nD,Ripon\n')
    assert [item.line for item in found] == [2, 3, 4, 5]
    assert isinstance(found[1], RowIssue)
    assert found[1].reason == "quote-never-closed"
    assert found[3] == Row(5, {"name": "D", "city": "Ripon"})


def test_a_mark_that_swallows_a_whole_file_costs_one_row_only() -> None:
    text = 'name,city\n"A,Leeds\n' + "".join(f"N{number},York\n" for number in range(20_000))
    found = rows_of(text)
    assert sum(isinstance(item, RowIssue) for item in found) == 1
    assert len(found) == 20_001


def test_a_quotation_mark_inside_a_name_is_a_letter() -> None:
    assert rows_of('name,city\nThe "Old" Mill,Leeds\n') == [
        Row(2, {"name": 'The "Old" Mill', "city": "Leeds"})
    ]


def test_a_cell_that_is_too_long_is_reported_with_its_column() -> None:
    found = rows_of(f"name,description\nA,{'x' * (CELL_LENGTH_MAX + 1)}\nB,short\n")
    assert isinstance(found[0], RowIssue)
    assert (found[0].reason, found[0].column) == ("cell-too-long", "description")
    assert isinstance(found[1], Row)


def test_a_table_may_be_gone_through_twice() -> None:
    table = open_table(b"name\nA\nB\n")
    assert list(table.items()) == list(table.items())


def test_what_is_no_list_is_refused_by_name() -> None:
    for data, refusal in [
        (b"", EmptyList),
        (b"\n \n\n", EmptyList),
        (b"%PDF-1.7 ...", UnknownFileKind),
        (b"<!doctype html><html><body>list</body></html>", UnknownFileKind),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 4, UnknownFileKind),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100, UnknownFileKind),
        ((",".join(f"c{n}" for n in range(1_001)) + "\n").encode(), TooManyColumns),
    ]:
        with pytest.raises(refusal):
            open_table(data)


def test_limits_of_size_and_rows_are_kept() -> None:
    with pytest.raises(FileTooLarge):
        open_table(b"x" * (limits.FILE_SIZE_MAX_BYTES + 1))
    text = "name\n" + "A\n" * (limits.ROWS_MAX + 1)
    with pytest.raises(TooManyRows):
        list(open_table(text.encode()).items())


def test_a_table_says_how_it_was_read() -> None:
    table = open_table("nom;ville\nCafé;Nîmes\n".encode("cp1252"), languages=["fr"])
    assert (table.kind, table.unit, table.encoding) == (FileKind.CSV, "line", "cp1252")
    assert csv_rows.DELIMITERS[1] == table.delimiter
