"""Importing lists over HTTP: a preview, the import itself, its progress and its report."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from services.directory.api_import_models import (
    ColumnOut,
    ImportedRowOut,
    ImportIn,
    ImportOut,
    IssueOut,
    ListIn,
    PreviewOut,
    RowOut,
)
from services.directory.import_accounts import begun, rows_of, run_of, runs, told
from services.directory.import_runs import Wish, new_run
from services.directory.importing import limits
from services.directory.importing.report import Outcome
from services.directory.importing.settings import ImportSettings, source_of
from services.directory.imports import ImportsWaiting
from services.directory.parts import Parts, PartsDep
from services.directory.vocabulary import UnknownTerm, require
from shared.access import REFUSALS, Caller
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import Answer, Answers, Asked, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

if TYPE_CHECKING:
    from services.directory.importing.preview import Preview, RowPreview

FORM_SIZE_MAX_BYTES: Final = 1_000_000
"""What the form around a file may hold besides it."""
LARGER: Final[Mapping[str, int]] = dict.fromkeys(
    ("/imports", "/imports/preview"), limits.FILE_SIZE_MAX_BYTES + FORM_SIZE_MAX_BYTES
)
"""The paths whose bodies are longer than others', and how long."""
_FILE_REFUSALS: Final = (
    limits.BadMapping,
    limits.EmptyList,
    limits.FileTooLarge,
    limits.NoNameColumn,
    limits.TooManyColumns,
    limits.TooManyRows,
    limits.UnknownEncoding,
    limits.UnknownFileKind,
    limits.UnreadableFile,
    limits.UnsafeXml,
)

router = APIRouter(tags=["imports"])


@router.post(
    "/imports/preview",
    operation_id="preview_import",
    responses=refusals(*REFUSALS, *_FILE_REFUSALS, ImportsWaiting),
    dependencies=[allowed("preview_import")],
)
async def preview_import(
    parts: PartsDep, given: Annotated[ListIn, Form(media_type="multipart/form-data")]
) -> PreviewOut:
    """Say how a list would be read and what its first rows would become; nothing is kept."""
    from services.directory.importing.preview import preview

    reading = await parts.imports.read(await given.file.read(), _wish(given, parts))
    return _preview_out(await asyncio.to_thread(preview, reading))


@router.post(
    "/imports",
    operation_id="import_list",
    status_code=202,
    response_model=ImportOut,
    responses=refusals(*REFUSALS, *_FILE_REFUSALS, ImportsWaiting, KeyReused, UnknownTerm),
)
async def import_list(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("import_list")],
    given: Annotated[ImportIn, Form(media_type="multipart/form-data")],
    key: IdempotencyKey = None,
) -> Response:
    """Begin to import a list; its progress and its report are read at the address returned."""
    data = await given.file.read()
    wish = _wish(given, parts)
    said = given.model_dump_json(exclude={"file"})
    once = asked(caller, "import_list", key, said, wish.filename, data)
    reading = await parts.imports.read(data, wish)
    run = new_run()
    answer = await parts.store.write(
        _begin, run, wish, rows=reading.rows, by=caller.id, answers=parts.answers, asked=once
    )
    if not answer.replayed:
        parts.imports.start(run, reading, wish)
    return answer.response()


@router.get(
    "/imports",
    operation_id="list_imports",
    responses=refusals(*REFUSALS, BadCursor),
    dependencies=[allowed("list_imports")],
)
async def list_imports(
    parts: PartsDep, size: SizeQuery = PAGE_SIZE, after: AfterQuery = None
) -> Page[ImportOut]:
    """List the imports, the newest first, without their reports."""
    before = cursor_values(after, str)[0] if after else None
    rows = await parts.store.read(runs, before, size + 1)
    return page(
        rows,
        size=size,
        shown=lambda row: _import_out({**row, "report": ""}),
        order=lambda row: (row["id"],),
    )


@router.get(
    "/imports/{import_id}",
    operation_id="read_import",
    responses=refusals(*REFUSALS, Missing),
    dependencies=[allowed("read_import")],
)
async def read_import(import_id: str, parts: PartsDep) -> ImportOut:
    """Return how far an import is, and its account once it has ended."""
    return _import_out(await parts.store.read(run_of, import_id))


@router.get(
    "/imports/{import_id}/rows",
    operation_id="read_import_rows",
    responses=refusals(*REFUSALS, Missing, BadCursor),
    dependencies=[allowed("read_import_rows")],
)
async def read_import_rows(
    import_id: str,
    parts: PartsDep,
    outcome: Annotated[
        Outcome | None, Query(description="Only rows that came to this.", examples=["rejected"])
    ] = None,
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[ImportedRowOut]:
    """Return what became of each entity and row of a list, with the reasons."""
    place = cursor_values(after, int)[0] if after else -1
    rows = await parts.store.read(rows_of, import_id, outcome, place, size + 1)
    return page(rows, size=size, shown=_row_out, order=lambda row: (row["place"],))


def _wish(given: ListIn, parts: Parts) -> Wish:
    """Return what a person asks, checked.

    Raises:
        BadMapping: the mapping is no JSON object of texts.
        UnknownTerm: the default practice is none.
    """
    filename = given.file.filename or ""
    practice = given.default_practice if isinstance(given, ImportIn) else None
    if practice:
        practice = require(practice if ":" in practice else f"practice:{practice}", "practice")
    return Wish(
        settings=ImportSettings(
            languages=tuple(parts.settings.languages),
            language=given.language,
            source=given.source or source_of(filename),
            mapping=_mapping(given.mapping),
            keep_without_place=given.keep_without_place,
            repair_coordinates=given.repair_coordinates,
            encoding=given.encoding or None,
            delimiter=given.delimiter or None,
            sheet=given.sheet or None,
            licence=given.licence,
            attribution=given.attribution,
        ),
        filename=filename,
        default_practice=practice or None,
        network_only=isinstance(given, ImportIn) and given.visibility == "network",
    )


def _mapping(text: str) -> dict[str, str | None]:
    try:
        read = orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        raise limits.BadMapping("not JSON") from error
    if not isinstance(read, dict) or not all(
        isinstance(field, str | None) for field in read.values()
    ):
        raise limits.BadMapping("a mapping is an object of texts")
    return read


def _begin(
    work: Work,
    run: str,
    wish: Wish,
    *,
    rows: int,
    by: str,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    def do() -> Answer:
        begun(work, run, source=wish.settings.source, rows=rows, asked_by=by)
        body = _import_out(run_of(work, run)).model_dump_json().encode()
        return Answer(status=202, body=body, headers={"Location": f"imports/{run}"})

    return answers.once(work, asked, do)


def _import_out(row: Mapping[str, Any]) -> ImportOut:
    report = orjson.loads(row["report"]) if row["report"] else None
    return ImportOut.model_validate({**row, "report": report})


def _row_out(row: Mapping[str, Any]) -> ImportedRowOut:
    return ImportedRowOut.model_validate({**row, "issues": orjson.loads(row["issues"])})


def _preview_out(found: "Preview") -> PreviewOut:
    return PreviewOut(
        kind=found.kind.value,
        encoding=found.encoding,
        encoding_title=found.encoding_title,
        confidence=found.confidence,
        delimiter=found.delimiter,
        sheet=found.sheet,
        sheets=list(found.sheets),
        unit=found.unit,
        rows=found.rows,
        columns=[
            ColumnOut(
                column=one.column,
                field=one.field,
                guessed=one.guessed,
                samples=list(one.samples),
            )
            for one in found.columns
        ],
        unmapped=list(found.unmapped),
        first=[_row_preview(row) for row in found.first],
        notes=[IssueOut.model_validate(told(issue)) for issue in found.notes],
    )


def _row_preview(row: "RowPreview") -> RowOut:
    draft = row.draft
    fields = {**draft.fields, "contacts": draft.contacts} if draft else None
    return RowOut(
        line=row.line,
        fields=fields,
        issues=[IssueOut.model_validate(told(issue)) for issue in row.issues],
    )
