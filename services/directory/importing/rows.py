"""What every reader hands on: a table of rows, each with the place where it stands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from services.directory.importing.limits import COLUMNS_MAX, NESTING_MAX, TooManyColumns
from services.directory.importing.report import RowIssue

Cell = str | int | float | bool | tuple[str, ...] | None
"""What stands in a cell; a tuple holds the texts of a list, as JSON has them."""


class FileKind(StrEnum):
    """The formats that are read."""

    CSV = "csv"
    SHEET = "sheet"
    GEOJSON = "geojson"
    JSON = "json"
    SCRIPT = "script"
    """A list written as a literal of JavaScript."""
    KML = "kml"


class Row(NamedTuple):
    """One row: where it stands, and its cells by column; empty cells may be absent."""

    line: int
    cells: dict[str, Cell]


Item = Row | RowIssue
"""A row, or why there is none in this place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list as it was read. Its rows may be gone through more than once.

    Args:
        unit: what a line number counts: ``line``, ``row``, ``feature``, ``placemark``, ``entry``.
        typed: whether the format tells numbers from texts.
        facts: what the file says of itself as a whole: ``licence``, ``source``.
    """

    kind: FileKind
    columns: tuple[str, ...]
    items: Callable[[], Iterator[Item]]
    unit: str
    typed: bool = False
    encoding: str = ""
    confidence: int = 100
    undecodable: int = 0
    delimiter: str = ""
    header_line: int = 0
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def named(header: Iterable[str]) -> tuple[str, ...]:
    """Return column names that differ: an empty one is called by its letter, a second one "(2)".

    Raises:
        TooManyColumns: more than ``COLUMNS_MAX``.
    """
    names: dict[str, None] = {}
    for number, raw in enumerate(header):
        if number >= COLUMNS_MAX:
            raise TooManyColumns(f"at most {COLUMNS_MAX}")
        name = " ".join(raw.split()) or f"({_letters(number)})"
        unique, count = name, 2
        while unique in names:
            unique, count = f"{name} ({count})", count + 1
        names[unique] = None
    return tuple(names)


def _letters(number: int) -> str:
    """Return a column's letters, as spreadsheets count: A, B, ..., Z, AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def flat(value: Mapping[str, Any]) -> dict[str, Cell]:
    """Return an object as cells: what is nested becomes ``address.city``, lists become tuples."""
    cells: dict[str, Cell] = {}
    _flatten(value, "", cells, NESTING_MAX)
    return cells


def _flatten(value: Mapping[str, Any], before: str, cells: dict[str, Cell], depth: int) -> None:
    for key, inner in value.items():
        name = f"{before}{key}"
        if isinstance(inner, dict):
            if depth > 0:
                _flatten(inner, f"{name}.", cells, depth - 1)
        elif isinstance(inner, list):
            texts = tuple(text for item in inner if (text := _said(item)))
            if texts:
                cells[name] = texts
        else:
            cells[name] = inner


def _said(item: Any) -> str:
    """Return an item of a list as text: an object by its name."""
    if isinstance(item, dict):
        for key in ("name", "title", "label", "value", "url", "id"):
            if isinstance(item.get(key), str | int) and item[key] != "":
                return str(item[key])
        return ""
    if item is None or isinstance(item, list):
        return ""
    return str(item)


def columns_of(rows: Iterable[Mapping[str, Cell]]) -> tuple[str, ...]:
    """Return all columns that rows have, in the order in which they first appear.

    Raises:
        TooManyColumns: more than ``COLUMNS_MAX``.
    """
    found: dict[str, None] = {}
    for cells in rows:
        for name in cells:
            found[name] = None
        if len(found) > COLUMNS_MAX:
            raise TooManyColumns(f"at most {COLUMNS_MAX}")
    return tuple(found)
