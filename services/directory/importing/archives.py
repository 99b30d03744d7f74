"""Opening spreadsheets' archives without trusting them.

A spreadsheet is a ZIP archive of XML. A few bytes of it may unpack to gigabytes, and one cell in
the last row and column makes a reader reserve memory for all cells before it. So the archive is
unpacked within limits, its sheets are measured, and what was measured is packed anew: that is
what the reader gets.
"""

import io
import re
import zipfile
import zlib
from typing import Final

from services.directory.importing.limits import (
    SHEET_CELLS_MAX,
    UNPACKED_SIZE_MAX_BYTES,
    FileTooLarge,
    UnreadableFile,
)

ENTRIES_MAX: Final = 2_000
SHEET_ROWS_MAX: Final = 1_048_576
SHEET_COLUMNS_MAX: Final = 16_384

_REFERENCE: Final = re.compile(rb"""\sr\s*=\s*["']([^"']*)["']""")
_CELL: Final = re.compile(rb"([A-Za-z]{0,3})([0-9]{1,7})")
_REPEATED: Final = re.compile(rb"""number-(rows|columns)-repeated\s*=\s*["']([^"']*)["']""")
_EMPTY_CELL: Final = re.compile(
    rb"""<table:table-cell\b(?![^<>]*(?:office:value|office:formula|table:formula))[^<>]*
         (?:/>|>\s*</table:table-cell>)\s*""",
    re.VERBOSE,
)
_ANY_CELL: Final = re.compile(rb"<table:(?:covered-)?table-cell\b")


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the XML (and KML) entries of an archive by their names.

    Raises:
        FileTooLarge: they are larger, or more, than an import takes.
        UnreadableFile: the archive is damaged or locked with a password.
    """
    found: dict[str, bytes] = {}
    left = UNPACKED_SIZE_MAX_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > ENTRIES_MAX:
                raise FileTooLarge(f"{len(entries)} entries; at most {ENTRIES_MAX}")
            for entry in entries:
                name = entry.filename
                if not name.lower().endswith((".xml", ".rels", ".kml")) and name != "mimetype":
                    continue
                with archive.open(entry) as stream:
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise FileTooLarge(f"unpacked more than {UNPACKED_SIZE_MAX_BYTES} bytes")
                found[name] = content
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnreadableFile(str(error)[:200]) from error
    except RuntimeError as error:
        raise UnreadableFile("the file is locked with a password") from error
    return found


def repacked(entries: dict[str, bytes]) -> bytes:
    """Return an archive of just these entries."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def require_extent(entries: dict[str, bytes]) -> None:
    """Refuse sheets that reach further than ``SHEET_CELLS_MAX`` cells.

    Raises:
        FileTooLarge: a sheet is too wide or too long.
        UnreadableFile: a reference to a cell is no reference.
    """
    for name, content in entries.items():
        if name == "content.xml":
            for sheet in content.split(b"</table:table>"):
                _require_cells(*_extent_of_table(sheet))
        elif name.lower().endswith(".xml") and "sharedstrings" not in name.lower():
            _require_cells(*_extent_of_sheet(content))


def _require_cells(rows: int, columns: int) -> None:
    if rows * columns > SHEET_CELLS_MAX or rows > SHEET_ROWS_MAX or columns > SHEET_COLUMNS_MAX:
        raise FileTooLarge(f"a sheet of {rows} rows and {columns} columns")


def _extent_of_sheet(content: bytes) -> tuple[int, int]:
    """Return the last row and column that the cells of an XLSX sheet name, or may take by turns."""
    rows = columns = 0
    for value in set(_REFERENCE.findall(content)):
        match = _CELL.fullmatch(value)
        if match is None:
            if re.fullmatch(rb"[A-Za-z0-9_.:$ -]*", value):
                # Other elements have an "r" as well, which is no cell.
                continue
            raise UnreadableFile("a cell whose place cannot be read")
        letters, number = match.groups()
        column = 0
        for letter in letters.upper():
            column = column * 26 + letter - 64
        rows, columns = max(rows, int(number)), max(columns, column)
    # Rows and cells without a place follow one another.
    widest = max((part.count(b"<c") for part in content.split(b"</row>")), default=0)
    return max(rows, content.count(b"<row")), max(columns, min(widest, SHEET_COLUMNS_MAX))


def _extent_of_table(content: bytes) -> tuple[int, int]:
    """Return the rows and columns of an ODS table, without the empty ones at its end."""
    *rows, _ = content.split(b"</table:table-row>")
    total = columns = waiting = 0
    for row in rows:
        width, empty = _width(row)
        columns = max(columns, width)
        height = 1
        for what, number in _REPEATED.findall(row):
            if what == b"rows":
                height = _count(number)
        # Empty rows count only when something stands below them.
        if empty:
            waiting += height
        else:
            total += waiting + height
            waiting = 0
    return total, columns


def _width(row: bytes) -> tuple[int, bool]:
    """Return how many cells a row has, without empty ones at its end, and whether it is empty."""
    cells = row[row.rfind(b"<table:table-row") :]
    end = len(cells)
    while (last := cells.rfind(b"<table:table-cell", 0, end)) >= 0:
        if not _EMPTY_CELL.fullmatch(cells, last, end):
            break
        end = last
    filled = cells[:end]
    width = len(_ANY_CELL.findall(filled))
    for what, number in _REPEATED.findall(filled):
        if what == b"columns":
            width += _count(number) - 1
    return max(width, 0), width <= 0


def _count(number: bytes) -> int:
    if not number.isdigit() or len(number) > 9:
        raise UnreadableFile("a number of repetitions that cannot be read")
    return int(number)
