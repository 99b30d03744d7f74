"""One row as the drafting sees it: its cells by field, mended and clean, and what was found out."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from services.directory.importing.columns import ColumnMapping
from services.directory.importing.headers import Target
from services.directory.importing.repair import LOST, mended, one_line, plain
from services.directory.importing.report import RowIssue, rejection, remark, warning
from services.directory.importing.rows import Cell, Row
from services.directory.importing.values import text_of

Value = TypeVar("Value")

Columns = dict[str, list[tuple[str, Target]]]
"""The columns of each field, the most usual name first."""

DETAIL_TEXT_MAX: Final = 80
_HTML: Final = "<"
# What people and programmes put into a cell that holds nothing.
_NOTHING: Final = frozenset(
    {
        "",
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "/",
        "?",
        "n/a",
        "N/A",
        "n.a.",
        "#N/A",
        "#REF!",
        "#VALUE!",
    }
    | {"null", "NULL", "undefined", "NaN", "nan", "\\N"}
)


def columns_by_field(mapping: ColumnMapping) -> Columns:
    """Return the columns of each field that a mapping knows."""
    fields = dict.fromkeys(target.field for target in mapping.targets.values())
    return {field: mapping.columns(field) for field in fields}


class Cells:
    """The cells of one row, by field. Reading them notes what had to be mended."""

    __slots__ = ("_cells", "_columns", "issues", "line")

    def __init__(self, row: Row, columns: Columns) -> None:
        self.line = row.line
        self.issues: list[RowIssue] = []
        self._cells = row.cells
        self._columns = columns

    def has(self, field: str) -> bool:
        """Say whether the list has a column for a field."""
        return field in self._columns

    def column(self, field: str) -> str:
        """Return the name of a field's first column, filled or not; empty if it has none."""
        columns = self._columns.get(field)
        return columns[0][0] if columns else ""

    def each(self, field: str) -> Iterator[tuple[str, Target, Cell]]:
        """Return the filled cells of a field: column, target, what stands there."""
        for column, target in self._columns.get(field, ()):
            cell = self._cells.get(column)
            if cell is None or cell == () or (isinstance(cell, str) and cell in _NOTHING):
                continue
            yield column, target, cell

    def fields(self, beginning: str) -> Iterator[tuple[str, str, Cell]]:
        """Return the filled cells of an open list of fields: column, end of the field, cell."""
        for field in self._columns:
            if field.startswith(beginning):
                for column, _, cell in self.each(field):
                    yield column, field[len(beginning) :], cell

    def first(self, field: str) -> tuple[str, Cell]:
        """Return the first filled cell of a field and its column, or two empty texts."""
        for column, _, cell in self.each(field):
            return column, cell
        return "", ""

    def one_line(self, field: str, *, joint: str = " ") -> str:
        """Return the first filled cell of a field as clean text on one line."""
        for column, _, cell in self.each(field):
            text = self.clean_line(column, cell, joint=joint)
            if text:
                return text
        return ""

    def clean_line(self, column: str, cell: Cell, *, joint: str = " ") -> str:
        """Return a cell as clean text on one line."""
        return one_line(self._read(column, cell), joint=joint)

    def clean_text(self, column: str, cell: Cell) -> str:
        """Return a cell as clean text, with its line breaks."""
        return plain(self._read(column, cell))

    def mended(self, column: str, cell: Cell) -> Cell:
        """Return a cell, or the texts of its list, mended and clean."""
        if isinstance(cell, str):
            return self.clean_text(column, cell)
        if isinstance(cell, tuple):
            return tuple(text for item in cell if (text := self.clean_line(column, item)))
        return cell

    def _read(self, column: str, cell: Cell) -> str:
        text = text_of(cell)
        if text.isascii() and "&" not in text and _HTML not in text:
            return text
        better = mended(text)
        if better != text and better != text.replace("&amp;", "&"):
            self.remark("text-mended", _short(better), column)
        if LOST in better:
            self.warn("text-damaged", _short(better), column)
        if _HTML in better and plain(better) != better.strip():
            self.remark("html-removed", "", column)
        return better

    def reject(self, reason: str, detail: str = "", column: str = "") -> RowIssue:
        """Note why the row is not taken."""
        issue = rejection(self.line, reason, detail, column=column)
        self.issues.append(issue)
        return issue

    def warn(self, reason: str, detail: str = "", column: str = "") -> None:
        """Note what the row loses."""
        self.issues.append(warning(self.line, reason, detail, column=column))

    def remark(self, reason: str, detail: str = "", column: str = "") -> None:
        """Note what is worth a look, once for each column and reason."""
        issue = remark(self.line, reason, detail, column=column)
        if issue not in self.issues:
            self.issues.append(issue)


def _short(text: str) -> str:
    """Return a name as a detail; a longer text, which may hold a contact, is not repeated."""
    return text if len(text) <= DETAIL_TEXT_MAX and "@" not in text else ""


def limited(values: Sequence[Value], most: int, cells: Cells, column: str) -> list[Value]:
    """Return at most so many values, and note what is left out."""
    if len(values) > most:
        cells.warn("too-many-values", f"{len(values)}; at most {most}", column)
    return list(values[:most])
