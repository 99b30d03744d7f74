"""Rows out of comma-separated text: any delimiter, cells over several lines, damaged quoting."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, Protocol

from services.directory.importing.limits import (
    CELL_LENGTH_MAX,
    ROWS_MAX,
    EmptyList,
    TooManyRows,
)
from services.directory.importing.report import rejection
from services.directory.importing.rows import Item, Row, named

DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE_LENGTH: Final = 100_000
"""Characters from which the delimiter is told."""
SAMPLE_RECORDS: Final = 200
SPACES: Final = " \t\r\n"
"""What is cut off a cell. A no-break space may be half of a damaged letter and is kept."""
HEADER_SEARCHED_MAX: Final = 15
"""How many records may stand above the header: a title, a date, an empty line."""

Known = Callable[[str], bool]
"""Says whether a text is known as the name of a column."""


def delimiter_of(text: str, known: Known) -> str:
    """Return the character that stands between the cells.

    The delimiter is the one by which the header shows most known columns; among equals, the one
    that gives most records the same number of cells.
    """
    sample = text[:SAMPLE_LENGTH]
    announced = sample.split("\n", 1)[0].strip()
    if announced.lower().startswith("sep=") and len(announced) == 5:
        return announced[4]
    if len(text) > SAMPLE_LENGTH:
        # The last line of the sample is cut.
        sample = sample[: sample.rfind("\n") + 1] or sample
    best: tuple[float, ...] = (-1.0,)
    chosen = DELIMITERS[0]
    for delimiter in DELIMITERS:
        records = [
            record
            for record in islice(_reader(sample, delimiter), SAMPLE_RECORDS)
            if any(cell.strip() for cell in record)
        ]
        if not records:
            continue
        header = records[header_index(records, known)]
        width, count = Counter(len(record) for record in records).most_common(1)[0]
        score = (
            float(sum(known(cell) for cell in header)),
            count / len(records) if width > 1 else 0.0,
            float(width),
        )
        if score > best:
            best, chosen = score, delimiter
    return chosen


def header_index(records: list[list[str]], known: Known) -> int:
    """Return which of the first records is the header.

    It is the first that shows two known columns, or else one, whose name is more than a letter.
    Above it stand only titles, which have few cells; a list whose first record is as full as the
    others has its header there, known or not.
    """
    single: int | None = None
    fullest = 0
    for number, record in enumerate(records[:HEADER_SEARCHED_MAX]):
        filled = sum(bool(cell.strip()) for cell in record)
        if fullest > 1 and filled < 2 * fullest:
            break
        fullest = max(fullest, filled)
        found = [cell for cell in record if known(cell)]
        if len(found) >= 2:
            return number
        if single is None and any(len(cell.strip()) > 1 for cell in found):
            single = number
    return single or 0


def header_of(text: str, delimiter: str, known: Known) -> tuple[int, tuple[str, ...]]:
    """Return the line of the header and the names of the columns.

    Raises:
        EmptyList: there is no record at all.
        TooManyColumns: more columns than an import takes.
    """
    records: list[list[str]] = []
    lines: list[int] = []
    reader = _reader(text, delimiter)
    line = 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record) and not _announces(record, line):
                records.append(record)
                lines.append(line)
            line = reader.line_num + 1
            if len(records) >= HEADER_SEARCHED_MAX:
                break
    except csv.Error:
        # The damage is further down than the header, or there is no header to speak of.
        pass
    if not records:
        raise EmptyList
    at = header_index(records, known)
    header = records[at]
    while header and not header[-1].strip():
        header.pop()
    return lines[at], named(header)


def csv_items(
    text: str, delimiter: str, header_line: int, columns: tuple[str, ...]
) -> Iterator[Item]:
    """Return the rows below the header, and in their place the damage that was found.

    Raises:
        TooManyRows: more than ``ROWS_MAX``.
    """
    lines: list[str] | None = None
    skip = header_line - 1
    first = True
    rows = 0
    # Only a record that runs to the end of the text may have swallowed what follows it.
    lines_at_least = text.count("\n")
    while True:
        source = io.StringIO(text, newline="") if lines is None else iter(lines[skip:])
        if lines is None:
            for _ in range(skip):
                next(source)
        reader = csv.reader(source, delimiter=delimiter, skipinitialspace=True)
        start = skip + 1
        try:
            for record in reader:
                end = skip + reader.line_num
                if first:
                    first = False
                elif any(record) and any(cell.strip() for cell in record):
                    if start < end >= lines_at_least and _unclosed(text, lines, start, end):
                        raise csv.Error
                    rows += 1
                    if rows > ROWS_MAX:
                        raise TooManyRows(f"at most {ROWS_MAX}")
                    yield _row(start, record, columns)
                start = end + 1
            return
        except csv.Error:
            # A cell swallowed what follows. That line is given up, the next one is tried.
            yield rejection(start, "quote-never-closed")
            lines = io.StringIO(text, newline="").readlines() if lines is None else lines
            skip = start
            first = False


def _unclosed(text: str, lines: list[str] | None, start: int, end: int) -> bool:
    """Say whether the last record runs to the file's end because a quotation mark stays open."""
    if lines is None:
        if text.count('"') % 2 == 0:
            return False
        lines = io.StringIO(text, newline="").readlines()
    if end < len(lines):
        return False
    return sum(line.count('"') for line in lines[start - 1 : end]) % 2 == 1


def _row(line: int, record: list[str], columns: tuple[str, ...]) -> Item:
    if len(record) > len(columns) and any(cell.strip() for cell in record[len(columns) :]):
        return rejection(
            line, "more-cells-than-columns", f"{len(record)} cells, {len(columns)} columns"
        )
    cells: dict[str, str] = {
        column: cell for column, cell in zip(columns, record, strict=False) if cell
    }
    for column, cell in cells.items():
        if len(cell) > CELL_LENGTH_MAX:
            return rejection(line, "cell-too-long", f"{len(cell)} characters", column=column)
    return Row(line, {column: cell.strip(SPACES) for column, cell in cells.items()})


def _announces(record: list[str], line: int) -> bool:
    """Say whether this is the line "sep=;" that a spreadsheet puts first."""
    return line == 1 and "".join(record).lower().startswith("sep=")


class _Records(Protocol):
    """What ``csv.reader`` returns, which has no name of its own."""

    line_num: int

    def __iter__(self) -> "_Records": ...

    def __next__(self) -> list[str]: ...


def _reader(text: str, delimiter: str) -> _Records:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
