"""The accounts of imports: how far each is, what became of each row, and the report at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete, insert, select, update

from services.directory.importing.report import Outcome, RowIssue
from services.directory.tables import IMPORT_ROW, IMPORT_RUN
from shared.refusals import Missing
from shared.store import Prepared, Work


class State(StrEnum):
    """How far an import is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The service ended while the list was being imported; the same list again goes on."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a draft."""

    outcome: Outcome
    entity_id: str = ""
    issues: tuple[dict[str, Any], ...] = ()


_BEGIN: Final = Prepared(insert(IMPORT_RUN), columns=[column.name for column in IMPORT_RUN.c])
_KEEP_ROWS: Final = Prepared(insert(IMPORT_ROW), columns=[column.name for column in IMPORT_ROW.c])
_PROGRESS: Final = Prepared(
    update(IMPORT_RUN).where(IMPORT_RUN.c.id == bindparam("run")).values(done=bindparam("now_done"))
)
_STATE: Final = Prepared(
    update(IMPORT_RUN)
    .where(IMPORT_RUN.c.id == bindparam("run"))
    .values(state=bindparam("new_state"))
)
_END: Final = Prepared(
    update(IMPORT_RUN)
    .where(IMPORT_RUN.c.id == bindparam("run"))
    .values(
        state=bindparam("new_state"),
        ended_at=bindparam("new_ended_at"),
        done=bindparam("new_done"),
        report=bindparam("new_report"),
    )
)


def begun(work: Work, run: str, *, source: str, rows: int, asked_by: str) -> None:
    """Write down that a list waits to be imported."""
    work.run(
        _BEGIN,
        {
            "id": run,
            "source": source,
            "asked_by": asked_by,
            "state": State.WAITING.value,
            "started_at": work.moment,
            "ended_at": "",
            "rows": rows,
            "done": 0,
            "report": "",
        },
    )


def entered(work: Work, run: str) -> None:
    """Write down that it is a list's turn."""
    work.run(_STATE, {"run": run, "new_state": State.RUNNING.value})


def progressed(work: Work, run: str, *, done: int) -> None:
    """Write down how many rows of a list have been read."""
    work.run(_PROGRESS, {"run": run, "now_done": done})


def ended(
    work: Work,
    run: str,
    state: State,
    *,
    done: int,
    report: Mapping[str, Any],
    rejected: Sequence[RowIssue],
    first: int,
) -> None:
    """Write the account of the whole, and of the rows that became no entity.

    Args:
        work: the unit.
        run: the import.
        state: how it ended.
        done: how many rows were read.
        report: the account of the whole.
        rejected: why rows were rejected; those of entities that are accounted for are left out.
        first: the place of the first row that became none.
    """
    by_line: dict[int, list[dict[str, Any]]] = {}
    accounted = select(IMPORT_ROW.c.line).where(IMPORT_ROW.c.run == run)
    lines = {row.line for row in work.execute(accounted)}
    for issue in rejected:
        if issue.line not in lines:
            by_line.setdefault(issue.line, []).append(told(issue))
    keep_rows(
        work,
        [
            row_of(run, place, line, Settled(Outcome.REJECTED, issues=tuple(issues)))
            for place, (line, issues) in enumerate(by_line.items(), first)
        ],
    )
    work.run(
        _END,
        {
            "run": run,
            "new_state": state.value,
            "new_ended_at": work.moment,
            "new_done": done,
            "new_report": orjson.dumps(report).decode(),
        },
    )


def keep_rows(work: Work, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the account of rows."""
    work.run(_KEEP_ROWS, rows)


def row_of(run: str, place: int, line: int, settled: Settled) -> dict[str, Any]:
    """Return the row by which the account tells of a draft or of a row that became none."""
    return {
        "run": run,
        "place": place,
        "line": line,
        "outcome": settled.outcome.value,
        "entity_id": settled.entity_id,
        "issues": orjson.dumps(settled.issues).decode(),
    }


def told(issue: RowIssue) -> dict[str, Any]:
    """Return an issue as JSON."""
    return {
        "line": issue.line,
        "column": issue.column,
        "reason": issue.reason,
        "severity": issue.severity.value,
        "detail": issue.detail,
        "sentence": issue.sentence,
    }


def interrupted(work: Work) -> int:
    """Mark the imports that an earlier process has left behind; return how many there were."""
    left = (
        update(IMPORT_RUN)
        .where(IMPORT_RUN.c.state.in_([State.WAITING.value, State.RUNNING.value]))
        .values(state=State.INTERRUPTED.value, ended_at=work.moment)
    )
    return work.execute(left).rowcount


def forget_rows(work: Work, *, kept: int) -> None:
    """Forget the accounts of single rows but for the last imports."""
    last = select(IMPORT_RUN.c.id).order_by(IMPORT_RUN.c.id.desc()).limit(kept)
    recent = [row.id for row in work.execute(last)]
    work.execute(delete(IMPORT_ROW).where(IMPORT_ROW.c.run.not_in(recent)))


def run_of(work: Work, run: str) -> dict[str, Any]:
    """Return what is known of an import.

    Raises:
        Missing: there was none of that id.
    """
    row = work.execute(select(IMPORT_RUN).where(IMPORT_RUN.c.id == run)).mappings().one_or_none()
    if row is None:
        raise Missing()
    return dict(row)


def runs(work: Work, before: str | None, most: int) -> list[dict[str, Any]]:
    """Return imports, the newest first, from before one of them."""
    query = select(IMPORT_RUN).order_by(IMPORT_RUN.c.id.desc()).limit(most)
    if before is not None:
        query = query.where(IMPORT_RUN.c.id < before)
    return [dict(row) for row in work.execute(query).mappings()]


def rows_of(
    work: Work, run: str, outcome: Outcome | None, after: int, most: int
) -> list[dict[str, Any]]:
    """Return the account of rows after a place, of one outcome if one is asked for.

    Raises:
        Missing: there was no such import.
    """
    run_of(work, run)
    query = (
        select(IMPORT_ROW)
        .where(IMPORT_ROW.c.run == run, IMPORT_ROW.c.place > after)
        .order_by(IMPORT_ROW.c.place)
        .limit(most)
    )
    if outcome is not None:
        query = query.where(IMPORT_ROW.c.outcome == outcome.value)
    return [dict(row) for row in work.execute(query).mappings()]
