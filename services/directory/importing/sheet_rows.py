"""Rows out of XLSX and ODS, by python-calamine, which is loaded when the first sheet comes."""

import datetime
import io
from collections.abc import Iterator
from typing import Any

from services.directory.importing.archives import repacked, require_extent
from services.directory.importing.csv_rows import HEADER_SEARCHED_MAX, SPACES, Known, header_index
from services.directory.importing.limits import (
    CELL_LENGTH_MAX,
    ROWS_MAX,
    EmptyList,
    TooManyRows,
    UnreadableFile,
)
from services.directory.importing.report import rejection
from services.directory.importing.rows import Cell, FileKind, Item, Row, Table, named


def sheet_table(entries: dict[str, bytes], known: Known, *, sheet: str | None = None) -> Table:
    """Return the rows of one sheet of a workbook.

    Args:
        entries: the workbook's unpacked archive.
        known: says whether a text is known as the name of a column.
        sheet: the sheet's name; without it the first visible one that shows most known
            columns is taken.

    Raises:
        EmptyList: there is no such sheet, or nothing in it.
        FileTooLarge: a sheet reaches too far.
        TooManyRows: more than ``ROWS_MAX``.
        UnreadableFile: the workbook is damaged.
    """
    require_extent(entries)
    sheets = _sheets(repacked(entries))
    names = tuple(name for name, _ in sheets)
    chosen = [(name, rows) for name, rows in sheets if rows and sheet in (None, name)]
    if not chosen:
        raise EmptyList(f"sheets: {', '.join(names)[:200]}")
    # The first of those whose header shows most known columns.
    name, rows = max(chosen, key=lambda pair: _known_columns(pair[1], known))
    header, columns = _header(rows, known)
    if len(rows) - header > ROWS_MAX:
        raise TooManyRows(f"{len(rows)}; at most {ROWS_MAX}")

    def items() -> Iterator[Item]:
        for number in range(header + 1, len(rows)):
            item = _item(number + 1, rows[number], columns)
            if item is not None:
                yield item

    return Table(
        kind=FileKind.SHEET,
        columns=columns,
        items=items,
        unit="row",
        header_line=header + 1,
        sheet=name,
        sheets=names,
    )


def _known_columns(rows: list[list[Any]], known: Known) -> int:
    """Return how many known columns the likeliest header of a sheet shows."""
    counts = [sum(known(_text(cell)) for cell in row) for row in rows[:HEADER_SEARCHED_MAX]]
    return max(counts, default=0)


def _sheets(data: bytes) -> list[tuple[str, list[list[Any]]]]:
    """Return the visible sheets, each with its rows from the first one on."""
    # The library takes some megabytes, and most nodes import no spreadsheet on most days.
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    found: list[tuple[str, list[list[Any]]]] = []
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            for about in workbook.sheets_metadata:
                if (
                    about.visible is SheetVisibleEnum.Visible
                    and about.typ is SheetTypeEnum.WorkSheet
                ):
                    sheet = workbook.get_sheet_by_name(about.name)
                    found.append((about.name, sheet.to_python(skip_empty_area=False)))
    except (CalamineError, ValueError, OSError) as error:
        raise UnreadableFile(str(error)[:200]) from error
    return found


def _header(rows: list[list[Any]], known: Known) -> tuple[int, tuple[str, ...]]:
    """Return the place of the header among the rows, and the columns' names."""
    texts: list[list[str]] = []
    places: list[int] = []
    for number, row in enumerate(rows):
        record = [_text(cell) for cell in row]
        if any(record):
            texts.append(record)
            places.append(number)
            if len(texts) >= HEADER_SEARCHED_MAX:
                break
    if not texts:
        raise EmptyList
    at = header_index(texts, known)
    header = texts[at]
    while header and not header[-1]:
        header.pop()
    return places[at], named(header)


def _item(line: int, row: list[Any], columns: tuple[str, ...]) -> Item | None:
    cells: dict[str, Cell] = {}
    for column, value in zip(columns, row, strict=False):
        cell = _cell(value)
        if cell is None or cell == "":
            continue
        if isinstance(cell, str) and len(cell) > CELL_LENGTH_MAX:
            return rejection(line, "cell-too-long", f"{len(cell)} characters", column=column)
        cells[column] = cell
    return Row(line, cells) if cells else None


def _text(value: Any) -> str:
    cell = _cell(value)
    return "" if cell is None else str(cell)


def _cell(value: Any) -> Cell:
    """Return a cell's value: whole numbers as such, dates as ISO 8601 writes them."""
    if isinstance(value, str):
        return value.strip(SPACES)
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return (value.date() if midnight else value).isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    return value if isinstance(value, int) else None
