"""The store on PostgreSQL: a pool of threads (psycopg 3), one transaction for each unit."""

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import structlog
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError

from shared.clock import Clock
from shared.events import Speaker
from shared.log.tables import LogTables
from shared.store import (
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

WRITERS: Final = 8
READERS: Final = 4
TRIES: Final = 5
"""How often a unit is tried that PostgreSQL ended because of another's locks."""
_LOCK_CONFLICTS: Final = frozenset({"40001", "40P01"})
_UNIQUE_VIOLATION: Final = "23505"

log = structlog.get_logger(__name__)


class PostgresqlStore:
    """A service's database on a server. See ``shared.store.Store`` for what it promises."""

    def __init__(self, url: str, tables: LogTables, *, speaker: Speaker, clock: Clock) -> None:
        self.tables = tables
        self.speaker = speaker
        self.clock = clock
        self._loop = asyncio.get_running_loop()
        self._engine = create_engine(url, pool_size=WRITERS + READERS, max_overflow=0)
        event.listen(self._engine, "connect", _keep_what_is_acknowledged)
        self._insert_events = outbox_insert(tables)
        self._wakes: list[Callable[[], None]] = []
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="write")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="read")
        self._closed = False

    @classmethod
    async def open(
        cls, url: str, tables: LogTables, *, speaker: Speaker, clock: Clock, create: bool
    ) -> "PostgresqlStore":
        """Connect, and see that the server keeps what it acknowledges.

        Raises:
            UnsafeStore: ``fsync`` or ``full_page_writes`` is off, or commits are not awaited.
            StoreUnavailable: the server cannot be reached, or has no such database.
        """
        store = cls(url, tables, speaker=speaker, clock=clock)

        def prepare() -> None:
            with store._engine.begin() as connection:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    value = connection.exec_driver_sql(f"SHOW {setting}").scalar_one()
                    if value not in ("on", "remote_apply", "remote_write"):
                        raise UnsafeStore(f"{setting}={value}")
                if create:
                    tables.metadata.create_all(connection)

        try:
            await asyncio.to_thread(prepare)
        except UnsafeStore:
            await store.aclose()
            raise
        except DBAPIError as error:
            await store.aclose()
            raise unavailable(error) from error
        return store

    async def write(self, unit: Unit[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit in its own transaction; return when it has been committed."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        traceparent = current_traceparent()
        result, announced = await self._loop.run_in_executor(
            self._writers, lambda: self._write(traceparent, unit, *args, **kwargs)
        )
        if announced:
            for wake in self._wakes:
                wake()
        return result

    async def read(self, query: Unit[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a query over one snapshot, in a transaction that cannot write."""
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
        """Leave it to the outbox: here units commit at once, and would wait for the log's head."""

    async def aclose(self) -> None:
        """Finish what was handed over, and close the connections."""
        self._closed = True
        await asyncio.to_thread(self._writers.shutdown)
        await asyncio.to_thread(self._readers.shutdown)
        self._engine.dispose()

    def _write(
        self, traceparent: str | None, unit: Callable[..., R], *args: Any, **kwargs: Any
    ) -> tuple[R, bool]:
        for trial in range(1, TRIES + 1):
            try:
                return self._write_once(traceparent, unit, *args, **kwargs)
            except Exception as error:
                if not of_the_database(error):
                    raise
                if not _lock_conflict(error):
                    log.error("commit failed", error=str(error))
                    raise unavailable(error) from error
                if trial == TRIES:
                    raise StoreUnavailable("other writers hold what this one needs") from error
                time.sleep(random.uniform(0.001, 0.01) * trial)  # noqa: S311  # spreads retries
        raise AssertionError("the last trial returns or raises")

    def _write_once(
        self, traceparent: str | None, unit: Callable[..., R], *args: Any, **kwargs: Any
    ) -> tuple[R, bool]:
        with self._engine.begin() as connection:
            work = Work(
                connection, speaker=self.speaker, now=self.clock.now(), traceparent=traceparent
            )
            result = outcome(unit, work, args, kwargs)
            events = work.take_announced()
            if events:
                self._tell(work, events)
        return result, bool(events)

    def _tell(self, work: Work, events: list[dict[str, Any]]) -> None:
        try:
            work.run(self._insert_events, events)
        except Exception as error:
            if getattr(error, "sqlstate", None) == _UNIQUE_VIOLATION:
                raise EventWaits() from error
            raise

    def _read(self, query: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
                )
                work = Work(connection, speaker=self.speaker, now=self.clock.now())
                return query_outcome(query, work, args, kwargs)
        except DBAPIError as error:
            # Without a connection there is nothing to begin with, or to roll back.
            if of_the_database(error):
                raise unavailable(error) from error
            raise


def _keep_what_is_acknowledged(dbapi_connection: Any, _record: Any) -> None:
    cursor = dbapi_connection.cursor()
    cursor.execute("SET synchronous_commit TO on")
    cursor.close()
    dbapi_connection.commit()


def _lock_conflict(error: Exception) -> bool:
    cause = getattr(error, "orig", None) or error
    return getattr(cause, "sqlstate", None) in _LOCK_CONFLICTS
