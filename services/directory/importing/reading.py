"""Reading a whole list: first once through for what identifies its rows, then row by row.

Nothing is stored here. Whoever stores the drafts settles each in the report; the same list again
gives the same drafts with the same keys.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from services.directory.importing.cells import Cells, columns_by_field
from services.directory.importing.columns import ColumnMapping, mapped
from services.directory.importing.drafting import Draft, Drafting
from services.directory.importing.identity import (
    RowKey,
    identity_column,
    identity_of,
    keys,
    shared_address,
)
from services.directory.importing.limits import EmptyList, NoNameColumn
from services.directory.importing.links import addresses_in
from services.directory.importing.merging import joined
from services.directory.importing.report import Report, RowIssue, remark, warning
from services.directory.importing.rows import Row, Table
from services.directory.importing.settings import ImportSettings
from services.directory.importing.tables import open_table
from services.directory.importing.values import date_order, text_of

PROGRESS_ROWS: Final = 200
"""After how many rows the progress is told again."""
DOUBTFUL_BELOW: Final = 40
"""The confidence, in whole percent, below which a guessed encoding is pointed out."""
DATES_LOOKED_AT_MAX: Final = 20_000

Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReading:
    """A list that has been opened and gone through once.

    Args:
        rows: how many rows it has, unreadable ones included.
        notes: what is to be said of the list as a whole; their line is that of the header.
    """

    table: Table
    mapping: ColumnMapping
    settings: ImportSettings
    drafting: Drafting
    rows: int
    notes: tuple[RowIssue, ...]
    row_keys: list[RowKey] = field(repr=False)

    def drafts(self, report: Report, progress: Progress | None = None) -> Iterator[Draft]:
        """Return the drafts one after another, and account for every row in the report.

        Args:
            report: counts the rows and keeps what is said of them; it adds up when the iteration
                has come to its end. Whoever takes a draft settles its outcome there.
            progress: is called now and then, and once at the end.
        """
        report.note(self.notes)
        waiting = Counter(key.key for key in self.row_keys)
        several: dict[str, Draft] = {}
        number = 0
        for item in self.table.items():
            report.rows += 1
            if progress is not None and report.rows % PROGRESS_ROWS == 0:
                progress(report.rows, self.rows)
            if isinstance(item, RowIssue):
                report.reject([item])
                continue
            key = self.row_keys[number]
            number += 1
            waiting[key.key] -= 1
            draft = self._draft(item, key, several, report)
            if draft is None:
                draft = several.get(key.key)
            elif waiting[key.key] or key.key in several:
                several[key.key] = draft
            if draft is not None and not waiting[key.key]:
                several.pop(key.key, None)
                report.drafts += 1
                report.joined += len(draft.lines) - 1
                report.note(draft.issues)
                yield draft
        if progress is not None:
            progress(report.rows, self.rows)

    def _draft(
        self, row: Row, key: RowKey, several: dict[str, Draft], report: Report
    ) -> Draft | None:
        """Return the row's draft, joined to that of earlier rows; None if the row is rejected."""
        cells = self.drafting.cells(row)
        if key.shared:
            cells.warn("identifier-shared", "", "")
        if key.twin:
            cells.remark("same-name-and-place", f"{self.table.unit} {key.twin}")
        draft = self.drafting.draft(cells, key.key)
        if draft is None:
            report.reject(cells.issues)
            return None
        earlier = several.get(key.key)
        if earlier is None:
            return draft
        together = joined(earlier, draft)
        if isinstance(together, RowIssue):
            report.reject([together])
            return None
        return together


def read_list(
    data: bytes, settings: ImportSettings | None = None, *, filename: str = ""
) -> ListReading:
    """Open a list, recognise its columns and find out what identifies its rows.

    Args:
        data: the file.
        settings: what a person decided; without it everything is found out.
        filename: the file's name, which helps where the content does not tell the format.

    Raises:
        BadMapping: the mapping names a column or a field that does not exist.
        EmptyList, FileTooLarge, TooManyColumns, TooManyRows: the file is too small or too large.
        NoNameColumn: no column is known to hold the names.
        UnknownEncoding, UnknownFileKind, UnreadableFile, UnsafeXml: the file cannot be read.
    """
    settings = settings or ImportSettings()
    table = open_table(
        data,
        filename=filename,
        languages=settings.languages,
        encoding=settings.encoding,
        delimiter=settings.delimiter,
        sheet=settings.sheet,
        columns=settings.mapping.keys(),
    )
    mapping = mapped(table.columns, settings.mapping)
    fields = {target.field for target in mapping.targets.values()}
    if not fields & {"name", "legal_name"}:
        raise NoNameColumn(f"columns: {', '.join(table.columns)[:300]}")
    return _gone_through(table, mapping, settings)


def _gone_through(table: Table, mapping: ColumnMapping, settings: ImportSettings) -> ListReading:
    """Go through a list once, for everything that only the whole of it tells."""
    columns = columns_by_field(mapping)
    filled: Counter[str] = Counter()
    dates: list[str] = []
    pages: list[str] = []
    rows = readable = 0
    for item in table.items():
        rows += 1
        if isinstance(item, RowIssue):
            continue
        readable += 1
        cells = Cells(item, columns)
        filled.update(name for name in columns if cells.first(name)[1] != "")
        if len(dates) < DATES_LOOKED_AT_MAX:
            dates += (
                text_of(cell)
                for name in ("founded_on", "ended_on")
                for _, _, cell in cells.each(name)
            )
        pages += (text_of(cell) for name in ("url", "page") for _, _, cell in cells.each(name))
    if not rows:
        raise EmptyList
    column = identity_column(columns, filled, readable, settings.source)
    identities = [
        identity_of(Cells(item, columns), column) for item in table.items() if isinstance(item, Row)
    ]
    row_keys, trusted = keys(identities, column)
    order, proved = date_order(dates)
    shared = addresses_in(shared_address(pages, readable)).urls
    drafting = Drafting(
        columns=columns,
        settings=settings,
        typed=table.typed,
        order=order,
        shared_url=shared[0] if shared else "",
        licence=table.facts.get("licence", settings.licence),
        attribution=table.facts.get("source", settings.attribution),
    )
    notes = _notes(table, mapping, drafting)
    if not trusted and column is not None:
        notes.append(_note(table, "identifier-shared", column.field))
    if not proved:
        notes.append(_note(table, "date-ambiguous", f"read as {order} first"))
    return ListReading(
        table=table,
        mapping=mapping,
        settings=settings,
        drafting=drafting,
        rows=rows,
        notes=tuple(notes),
        row_keys=row_keys,
    )


def _notes(table: Table, mapping: ColumnMapping, drafting: Drafting) -> list[RowIssue]:
    """Return what is to be said of the list as a whole."""
    notes: list[RowIssue] = []
    if table.confidence < DOUBTFUL_BELOW:
        notes.append(
            warning(
                table.header_line, "encoding-doubtful", f"{table.encoding}, {table.confidence} %"
            )
        )
    if table.undecodable:
        notes.append(
            warning(
                table.header_line, "bytes-unreadable", f"{table.undecodable} in {table.encoding}"
            )
        )
    for column, target in mapping.targets.items():
        if target.field.startswith("contact."):
            notes.append(remark(table.header_line, "contact-kept-back", column=column))
        if target.guessed:
            notes.append(remark(table.header_line, "column-guessed", target.key, column=column))
    if drafting.shared_url:
        notes.append(_note(table, "url-shared-by-most", drafting.shared_url))
    return notes


def _note(table: Table, reason: str, detail: str) -> RowIssue:
    return remark(table.header_line, reason, detail)
