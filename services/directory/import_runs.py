"""Imports as they run: one list after another, each with a progress that is seen and a report."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog

from services.directory.import_accounts import Settled, State, ended, entered, told
from services.directory.importing.report import Outcome, Report, Severity
from services.directory.importing.settings import ImportSettings
from services.directory.imports import (
    BATCH_DRAFTS,
    ImportsWaiting,
    Item,
    Terms,
    counted,
    items_of,
    keep_batch,
    known_of,
)
from shared.ids import NodeName, new_id
from shared.refusals import Refusal
from shared.store import Store

# What reads lists is heavy: it is loaded when the first one comes.
if TYPE_CHECKING:
    from services.directory.importing.reading import ListReading, Progress

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asks of an import, besides how the list is read.

    Args:
        default_practice: the practice of entities that come with neither practice nor activity.
        network_only: whether new entities are the network's alone.
    """

    settings: ImportSettings
    filename: str = ""
    default_practice: str | None = None
    network_only: bool = False


@dataclass(slots=True, kw_only=True)
class _Job:
    run: str
    reading: "ListReading"
    wish: Wish
    report: Report = field(default_factory=Report)
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    place: int = 0


class ImportDesk:
    """Takes lists in and imports them one after another, in the background.

    Args:
        store: the directory's database.
        node: this node.
        changed: is told after each batch that entities have changed.
        waiting_max: how many lists may wait.
    """

    def __init__(
        self, store: Store, node: NodeName, *, changed: Callable[[], None], waiting_max: int
    ) -> None:
        self._store = store
        self._node = node
        self._changed = changed
        self._waiting_max = waiting_max
        self._turn = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def read(self, data: bytes, wish: Wish) -> "ListReading":
        """Open a list and go through it once.

        Raises:
            ImportsWaiting: others are being imported, and as many as may are waiting.
            Refusal: the file cannot be read, see ``read_list``.
        """
        if len(self._tasks) > self._waiting_max:
            raise ImportsWaiting(retry_after_s=10)
        from services.directory.importing.reading import read_list

        return await asyncio.to_thread(read_list, data, wish.settings, filename=wish.filename)

    def start(
        self, run: str, reading: "ListReading", wish: Wish, *, progress: "Progress | None" = None
    ) -> None:
        """Import a list that ``begun`` has written down, in the background."""
        job = _Job(run=run, reading=reading, wish=wish)
        task = asyncio.create_task(self._in_turn(job, progress), name=f"import {run}")
        self._tasks[run] = task
        task.add_done_callback(lambda _: self._tasks.pop(run, None))

    async def wait_for(self, run: str) -> None:
        """Wait until an import that was started here has ended."""
        task = self._tasks.get(run)
        if task is not None:
            await asyncio.wait([task])

    async def aclose(self) -> None:
        """Stop what runs; what was written stays."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _in_turn(self, job: _Job, progress: "Progress | None") -> None:
        async with self._turn:
            try:
                await self._store.write(entered, job.run)
                await self._import(job, progress)
                await self._end(job, State.DONE)
            except Refusal as refusal:
                log.warning("import failed", run=job.run, reason=refusal.slug)
                await self._end(job, State.FAILED, refusal.slug)
            except Exception as error:
                log.exception("import broke", run=job.run)
                await self._end(job, State.FAILED, type(error).__name__)
            else:
                log.info("import done", run=job.run, **job.outcomes)

    async def _import(self, job: _Job, progress: "Progress | None") -> None:
        """Write the drafts batch by batch; while one commits the next is made ready."""
        terms = Terms(
            run=job.run,
            node=self._node,
            source=job.wish.settings.source,
            default_practice=job.wish.default_practice,
            network_only=job.wish.network_only,
        )
        drafts = job.reading.drafts(job.report, progress)
        writing: asyncio.Task[list[Settled]] | None = None
        try:
            while True:
                some = await asyncio.to_thread(lambda: list(islice(drafts, BATCH_DRAFTS)))
                done = job.report.rows
                keys = [draft.source_key for draft in some]
                known = await self._store.read(known_of, terms.source, keys)
                items = await asyncio.to_thread(items_of, some, known, terms, first=job.place)
                job.place += len(items)
                if writing is not None:
                    written, writing = writing, None
                    _settle(job, await written)
                if not items:
                    return
                writing = asyncio.create_task(self._written(items, terms, done=done))
        finally:
            if writing is not None:
                await asyncio.wait([writing])

    async def _end(self, job: _Job, state: State, reason: str = "") -> None:
        await self._store.write(
            ended,
            job.run,
            state,
            done=job.report.rows,
            report=_account(job, reason),
            rejected=list(job.report.of(Severity.REJECTED)),
            first=job.place,
        )

    async def _written(self, items: list[Item], terms: Terms, *, done: int) -> list[Settled]:
        settled = await self._store.write(keep_batch, items, terms, done=done)
        self._changed()
        return settled


def new_run() -> str:
    """Return the id of a new import; ids sort by their time."""
    return new_id()


def _settle(job: _Job, settled: list[Settled]) -> None:
    job.outcomes += counted(settled)
    for one in settled:
        job.report.settle(one.outcome)
        if one.outcome is Outcome.REJECTED:
            job.refused[one.issues[-1]["reason"]] += 1


def _account(job: _Job, reason: str) -> dict[str, Any]:
    report, table = job.report, job.reading.table
    rejected = report.rejected + job.outcomes[Outcome.REJECTED.value]
    return {
        "reason": reason,
        "kind": table.kind.value,
        "encoding": table.encoding,
        "unit": table.unit,
        "columns": {column: target.key for column, target in job.reading.mapping.targets.items()},
        "unmapped": list(job.reading.mapping.unmapped),
        "drafts": report.drafts,
        "joined": report.joined,
        "created": job.outcomes[Outcome.CREATED.value],
        "updated": job.outcomes[Outcome.UPDATED.value],
        "unchanged": job.outcomes[Outcome.UNCHANGED.value],
        "rejected": rejected,
        "reasons": {**report.by_reason(), **job.refused},
        "notes": [told(issue) for issue in job.reading.notes],
    }
