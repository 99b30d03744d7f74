"""The store on SQLite: one writer thread with group commit, reader threads with snapshots."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from shared.clock import Clock
from shared.events import Speaker
from shared.log.tables import LogTables
from shared.store import (
    GROUP_TIME_MAX_S,
    GROUP_UNITS_MAX,
    EventWaits,
    P,
    R,
    SealAtCommit,
    StoreUnavailable,
    Unit,
    UnsafeStore,
    Work,
    of_the_database,
    outbox_insert,
    outcome,
    query_outcome,
    unavailable,
)
from shared.trace import current_traceparent

READERS: Final = 2
GATHER_S: Final = 0.000_3
"""How long a group waits for each unit that it may expect, in seconds."""
BUSY_TIMEOUT_MS: Final = 5_000
_FULL: Final = 2
"""What ``PRAGMA synchronous`` answers for FULL; EXTRA answers 3."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Task:
    unit: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: asyncio.Future[Any]
    traceparent: str | None
    result: Any = None
    error: BaseException | None = None
    events: list[dict[str, Any]] = field(default_factory=list)


def _nothing() -> None:
    """Stand for no unit at all."""


_NOBODY: Final = _Task(_nothing, (), {}, None, None)  # type: ignore[arg-type]  # nobody waits


class SqliteStore:
    """A service's database in one file. See ``shared.store.Store`` for what it promises."""

    def __init__(self, path: Path, tables: LogTables, *, speaker: Speaker, clock: Clock) -> None:
        self.tables = tables
        self.speaker = speaker
        self.clock = clock
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._insert_events = outbox_insert(tables)
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._wakes: list[Callable[[], None]] = []
        self._closed = False
        self._last_group = 0
        self._seal: SealAtCommit | None = None
        self._hand_over: Callable[[list[Any]], None] = list[Any].clear
        self._local = threading.local()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix=f"read-{path.stem}")
        self._open_readers: list[tuple[Engine, Connection]] = []
        self._writer = threading.Thread(
            target=self._write_groups, name=f"write-{path.stem}", daemon=True
        )

    @classmethod
    async def open(
        cls, url: str, tables: LogTables, *, speaker: Speaker, clock: Clock, create: bool
    ) -> "SqliteStore":
        """Open the database file, make it safe and start its writer.

        Raises:
            UnsafeStore: SQLite does not keep to WAL with ``synchronous=FULL``.
            StoreUnavailable: the file cannot be opened, or is no database.
        """
        database = make_url(url).database
        if not database or database == ":memory:":
            raise UnsafeStore("a store on SQLite is a file")
        store = cls(Path(database), tables, speaker=speaker, clock=clock)
        try:
            store._engine, store._connection = store._connect()
            if create:
                tables.metadata.create_all(store._connection)
                _raw(store._connection).commit()
        except DBAPIError as error:
            raise unavailable(error) from error
        store._writer.start()
        return store

    _engine: Engine
    _connection: Connection

    async def write(self, unit: Unit[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit in the writer thread; return when its group has been committed."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        future: asyncio.Future[R] = self._loop.create_future()
        self._tasks.put(_Task(unit, args, kwargs, future, current_traceparent()))
        return await future

    async def read(self, query: Unit[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a query in a reader thread, over one snapshot."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return await self._loop.run_in_executor(
            self._readers, lambda: self._read(query, *args, **kwargs)
        )

    def on_announced(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` on the event loop after each commit with events."""
        self._wakes.append(wake)

    def seal_at_commit(
        self, seal: SealAtCommit | None, hand_over: Callable[[list[Any]], None]
    ) -> None:
        """Seal what a group tells in its own transaction; see ``Store.seal_at_commit``."""
        self._seal, self._hand_over = seal, hand_over

    async def aclose(self) -> None:
        """Commit what was handed over, then close every connection."""
        if self._closed:
            return
        self._closed = True
        self._tasks.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown(wait=True)
        for engine, connection in [*self._open_readers, (self._engine, self._connection)]:
            _close(engine, connection)

    def _connect(self, *, reader: bool = False) -> tuple[Engine, Connection]:
        def connect() -> sqlite3.Connection:
            raw = sqlite3.connect(
                self._path,
                isolation_level=None,
                check_same_thread=False,
                timeout=BUSY_TIMEOUT_MS / 1000,
                cached_statements=512,
            )
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute("PRAGMA cache_size=-8000")
            raw.execute("PRAGMA wal_autocheckpoint=4000")
            if reader:
                raw.execute("PRAGMA query_only=ON")
            return raw

        engine = create_engine(
            "sqlite://", creator=connect, poolclass=StaticPool, isolation_level="AUTOCOMMIT"
        )
        connection = engine.connect()
        raw = _raw(connection)
        mode = raw.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = raw.execute("PRAGMA synchronous").fetchone()[0]
        if mode != "wal" or synchronous < _FULL:
            _close(engine, connection)
            raise UnsafeStore(f"journal_mode={mode}, synchronous={synchronous}")
        return engine, connection

    def _read(self, query: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        connection = self._reader()
        raw = _raw(connection)
        raw.execute("BEGIN")
        try:
            work = Work(connection, speaker=self.speaker, now=self.clock.now())
            return query_outcome(query, work, args, kwargs)
        finally:
            self._undo(raw)

    def _reader(self) -> Connection:
        """Return this thread's own connection."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            try:
                engine, connection = self._connect(reader=True)
            except DBAPIError as error:
                raise unavailable(error) from error
            self._local.connection = connection
            self._open_readers.append((engine, connection))
        return connection

    def _write_groups(self) -> None:
        while (first := self._tasks.get()) is not None:
            group = [first]
            if not self._commit(group):
                return

    def _commit(self, group: list[_Task]) -> bool:
        """Run and commit the group with what else is waiting; return whether to go on."""
        go_on, pages = True, list[Any]()
        raw = _raw(self._connection)
        try:
            raw.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + GROUP_TIME_MAX_S
            self._run(raw, group[0])
            while len(group) < GROUP_UNITS_MAX and time.monotonic() < until:
                task = self._next(group)
                if task is _NOBODY:
                    break
                if task is None:
                    go_on = False
                    break
                group.append(task)
                self._run(raw, task)
            events, pages = self._tell([row for task in group for row in task.events])
            raw.execute("COMMIT")
            self._last_group = len(group)
        except Exception as error:  # noqa: BLE001  # the writer goes on, whatever has failed
            self._undo(raw)
            events, pages = [], []
            if len(group) > 1 and not _hits_all(error):
                # One event id stands twice, for example: each unit alone shows whose it is.
                for task in group:
                    self._commit_alone(task)
                return go_on
            self._failed(group, error)
        self._answer(group, bool(events), pages)
        return go_on

    def _tell(self, events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Any]]:
        """Seal the events of a group, or put them into the outbox; return those, and the pages."""
        pages: list[Any] = []
        if events:
            work = Work(self._connection, speaker=self.speaker, now=self.clock.now())
            if self._seal is not None:
                events, pages = self._seal(work, events)
            try:
                work.run(self._insert_events, events)
            except sqlite3.IntegrityError as error:
                raise EventWaits() from error
        return events, pages

    def _next(self, group: list[_Task]) -> _Task | None:
        """Return the next unit of a group; ``_NOBODY`` where it is better to commit now.

        Those whose units committed together last time are about to come again: a moment's wait
        for them costs less than a commit of its own for each.
        """
        try:
            if len(group) < self._last_group:
                return self._tasks.get(timeout=GATHER_S)
            return self._tasks.get_nowait()
        except queue.Empty:
            return _NOBODY

    def _commit_alone(self, task: _Task) -> None:
        task.result, task.error, task.events = None, None, []
        raw = _raw(self._connection)
        try:
            raw.execute("BEGIN IMMEDIATE")
            self._run(raw, task)
            events, pages = self._tell(task.events)
            raw.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  # the writer goes on, whatever has failed
            self._undo(raw)
            events, pages = [], []
            self._failed([task], error)
        self._answer([task], bool(events), pages)

    def _failed(self, group: list[_Task], error: Exception) -> None:
        """Have each unit of a group say why it was not committed."""
        hits_all = _hits_all(error)
        if hits_all:
            log.error("commit failed", error=str(error), units=len(group))
        for task in group:
            task.error = unavailable(error) if hits_all else error

    def _run(self, raw: sqlite3.Connection, task: _Task) -> None:
        raw.execute("SAVEPOINT unit")
        now = self.clock.now()
        work = Work(self._connection, speaker=self.speaker, now=now, traceparent=task.traceparent)
        try:
            task.result = outcome(task.unit, work, task.args, task.kwargs)
            task.events = work.take_announced()
        except Exception as error:
            task.error = unavailable(error) if of_the_database(error) else error
            if not raw.in_transaction:
                # SQLite itself has rolled the whole group back (a full disk, an I/O error).
                raise unavailable(error) from error
            raw.execute("ROLLBACK TO unit")
        raw.execute("RELEASE unit")

    def _undo(self, raw: sqlite3.Connection) -> None:
        if raw.in_transaction:
            raw.execute("ROLLBACK")

    def _answer(self, group: list[_Task], announced: bool, pages: list[Any]) -> None:
        def answer() -> None:
            if pages:
                self._hand_over(pages)
            for task in group:
                if task.future.cancelled():
                    continue
                if task.error is not None:
                    task.future.set_exception(task.error)
                else:
                    task.future.set_result(task.result)
            if announced:
                for wake in self._wakes:
                    wake()

        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(answer)


def _hits_all(error: Exception) -> bool:
    """Return whether an error hits a whole group, whichever unit it came up in."""
    return of_the_database(error) or isinstance(error, sqlite3.OperationalError)


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _close(engine: Engine, connection: Connection) -> None:
    connection.close()
    engine.dispose()
