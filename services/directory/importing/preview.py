"""What a person sees before a list is imported: how it was read, and its first rows as drafts."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from services.directory.importing.drafting import Draft
from services.directory.importing.encodings import shown
from services.directory.importing.reading import ListReading
from services.directory.importing.report import RowIssue
from services.directory.importing.rows import FileKind, Row
from services.directory.importing.values import text_of

PREVIEW_ROWS: Final = 10
SAMPLES: Final = 3
SAMPLE_LENGTH: Final = 60
SAMPLED_ROWS: Final = 200
"""How many rows are looked at for samples of each column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPreview:
    """One column: what it is taken for, empty if it is not read, and what stands in it."""

    column: str
    field: str
    guessed: bool
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPreview:
    """One row as it would become: a draft, or nothing, and what is said of it."""

    line: int
    draft: Draft | None
    issues: tuple[RowIssue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """How a list was read.

    Args:
        confidence: how sure the encoding is, in whole percent; 100 when the file says it.
        unit: what line numbers count.
    """

    kind: FileKind
    encoding: str
    encoding_title: str
    confidence: int
    delimiter: str
    sheet: str
    sheets: tuple[str, ...]
    unit: str
    rows: int
    columns: tuple[ColumnPreview, ...]
    unmapped: tuple[str, ...]
    first: tuple[RowPreview, ...]
    notes: tuple[RowIssue, ...]


def preview(reading: ListReading, rows: int = PREVIEW_ROWS) -> Preview:
    """Return how a list was read and what its first rows would become.

    Rows about one entity stand here each for itself; they are joined when the list is imported.
    """
    table = reading.table
    return Preview(
        kind=table.kind,
        encoding=table.encoding,
        encoding_title=shown(table.encoding),
        confidence=table.confidence,
        delimiter=table.delimiter,
        sheet=table.sheet,
        sheets=table.sheets,
        unit=table.unit,
        rows=reading.rows,
        columns=_columns(reading),
        unmapped=reading.mapping.unmapped,
        first=tuple(_first(reading, rows)),
        notes=reading.notes,
    )


def _columns(reading: ListReading) -> tuple[ColumnPreview, ...]:
    samples: dict[str, dict[str, None]] = {column: {} for column in reading.table.columns}
    for item in islice(reading.table.items(), SAMPLED_ROWS):
        for column, cell in item.cells.items() if isinstance(item, Row) else ():
            found = samples[column]
            text = " ".join(text_of(cell).split())
            if text and len(found) < SAMPLES:
                cut = text if len(text) <= SAMPLE_LENGTH else f"{text[: SAMPLE_LENGTH - 1]}…"
                found[cut] = None
    targets = reading.mapping.targets
    return tuple(
        ColumnPreview(
            column=column,
            field=targets[column].key if column in targets else "",
            guessed=column in targets and targets[column].guessed,
            samples=tuple(found),
        )
        for column, found in samples.items()
    )


def _first(reading: ListReading, rows: int) -> list[RowPreview]:
    found: list[RowPreview] = []
    number = 0
    for item in islice(reading.table.items(), rows):
        if isinstance(item, RowIssue):
            found.append(RowPreview(line=item.line, draft=None, issues=(item,)))
            continue
        cells = reading.drafting.cells(item)
        draft = reading.drafting.draft(cells, reading.row_keys[number].key)
        number += 1
        found.append(RowPreview(line=item.line, draft=draft, issues=tuple(cells.issues)))
    return found
