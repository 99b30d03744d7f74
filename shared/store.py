"""The store: synchronous units of work over SQLAlchemy Core, handed over from asynchronous edges.

A unit of work is a plain function of a ``Work``. Its rows and the events that it announces commit
together, once, after it returns. On SQLite one writer thread runs units one after another, each in
a savepoint, and commits them in groups; on PostgreSQL each unit has a transaction of its own in a
pool of threads. An acknowledged write is on disk: WAL with ``synchronous=FULL``, or
``synchronous_commit=on`` with ``fsync=on``, asserted when the store opens.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any, ClassVar, Concatenate, Final, ParamSpec, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Connection, CursorResult, Executable, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import Compiled
from sqlalchemy.sql import ClauseElement

from shared.clock import Clock, stamp
from shared.events import Event, Log, Speaker, frame, frame_of
from shared.ids import new_uuid7
from shared.log.tables import LogTables
from shared.refusals import Kind, Refusal

P = ParamSpec("P")
R = TypeVar("R")
Row = Mapping[str, Any]
ROWS_TOGETHER: Final = 100
"""How many rows one statement inserts where there are as many; SQLite binds 32,766 values."""


class UnsafeStore(Refusal):
    """The database would lose acknowledged writes at a power cut."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "unsafe-store"
    title: ClassVar[str] = "The database does not keep what it acknowledges"


class StoreUnavailable(Refusal):
    """The database did not commit: a full disk, an error of the disk, or no connection."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "store-unavailable"
    title: ClassVar[str] = "The database cannot be written now; nothing was changed"


class EventWaits(Refusal):
    """An event of that id waits in the outbox already; it is told once."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "event-waits"
    title: ClassVar[str] = "An event of that id waits to be told already"


class Prepared:
    """A statement that is compiled once per kind of database and then run by the driver itself.

    It suits hot paths over columns of integers, text and bytes, which need no conversion.

    Args:
        statement: a Core statement whose parameters are bind parameters.
        columns: for an insert or an update, the columns that rows bring.
    """

    __slots__ = ("_by_dialect", "_together", "columns", "statement")

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self.statement = statement
        self.columns = columns
        self._by_dialect: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}
        self._together: str | None = None

    def on(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        """Return the text, the order of its parameters (none: by name) and their defaults."""
        known = self._by_dialect.get(dialect.name)
        if known is None:
            compiled: Compiled = self.statement.compile(
                dialect=dialect, column_keys=list(self.columns) if self.columns else None
            )
            order = getattr(compiled, "positiontup", None)
            known = (str(compiled), tuple(order) if order else None, dict(compiled.params))
            self._by_dialect[dialect.name] = known
        return known

    def together(self, dialect: Dialect) -> str:
        """Return the text of an insert of ``ROWS_TOGETHER`` rows; empty where there is none.

        Python's driver of SQLite lets go of the interpreter's lock and waits for it again at each
        step: row after row where a statement holds one, once in a hundred where it holds a hundred.
        """
        if self._together is None:
            text, order, _ = self.on(dialect)
            row = f"({', '.join('?' * len(order))})" if order else ""
            whole = bool(row) and f" VALUES {row}" in text and text.count("?") == len(order or ())
            rows = ", ".join([row] * ROWS_TOGETHER)
            self._together = text.replace(f"VALUES {row}", f"VALUES {rows}") if whole else ""
        return self._together if dialect.name == "sqlite" else ""


class Work:
    """What a unit of work has: a connection within its transaction, and a voice.

    Events that are announced lie in the outbox when the unit commits; nothing else publishes.
    """

    __slots__ = (
        "_announced",
        "_driver",
        "_moment",
        "_speaker",
        "_traceparent",
        "connection",
        "dialect",
        "now",
    )

    def __init__(
        self,
        connection: Connection,
        *,
        speaker: Speaker,
        now: datetime,
        traceparent: str | None = None,
        driver: Any = None,
    ) -> None:
        self.connection = connection
        self._driver = driver
        self.dialect = connection.dialect
        self.now = now
        self._speaker = speaker
        self._traceparent = traceparent
        self._announced: list[dict[str, Any]] = []
        self._moment = ""

    @property
    def moment(self) -> str:
        """The unit's time as text, the same for all that is written in it."""
        if not self._moment:
            self._moment = stamp(self.now)
        return self._moment

    def execute(
        self, statement: Executable, parameters: Row | Sequence[Row] | None = None
    ) -> CursorResult[Any]:
        """Run a Core statement within the unit."""
        return self.connection.execute(statement, parameters)

    def run(self, prepared: Prepared, rows: Iterable[Row] | Row) -> int:
        """Run a prepared statement for one row, or for each of many; return the rows touched."""
        text, order, defaults = prepared.on(self.dialect)
        cursor = self._cursor()
        try:
            if isinstance(rows, Mapping):
                cursor.execute(text, _bound(rows, order, defaults))
            else:
                bound = [_bound(row, order, defaults) for row in rows]
                return self._run_many(cursor, prepared, text, bound)
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def _run_many(self, cursor: Any, prepared: Prepared, text: str, rows: list[Any]) -> int:
        done = touched = 0
        if len(rows) >= ROWS_TOGETHER and (together := prepared.together(self.dialect)):
            done = len(rows) - len(rows) % ROWS_TOGETHER
            for start in range(0, done, ROWS_TOGETHER):
                some = rows[start : start + ROWS_TOGETHER]
                cursor.execute(together, list(chain.from_iterable(some)))
                touched += cursor.rowcount
        if done < len(rows):
            cursor.executemany(text, rows[done:])
            touched += cursor.rowcount
        return touched

    def rows(self, prepared: Prepared, row: Row) -> list[tuple[Any, ...]]:
        """Return what a prepared query finds, as plain tuples."""
        text, order, defaults = prepared.on(self.dialect)
        cursor = self._cursor()
        try:
            cursor.execute(text, _bound(row, order, defaults))
            return [tuple(found) for found in cursor.fetchall()]
        finally:
            cursor.close()

    def announce(
        self, event: Event, *, event_id: UUID | None = None, at: datetime | None = None
    ) -> str:
        """Put an event into the outbox; it is told once the unit has committed.

        Args:
            event: what happened.
            event_id: the event's id where the caller made it before (a retry), else a new one.
            at: when it happened; the unit's own time where nothing is said.

        Returns:
            The event's id.

        Raises:
            NotCanonical, EventTooLarge: the event cannot be told.
        """
        identity = str(event_id) if event_id else new_uuid7()
        body = frame(
            event,
            source=self._speaker.source,
            event_id=identity,
            time=stamp(at) if at else self.moment,
            traceparent=self._traceparent,
        )
        self.announce_again(event.log, identity, body)
        return identity

    def announce_dumped(self, contract: type[Event], about: str, data: dict[str, Any]) -> None:
        """Put an event into the outbox whose fields have been checked and dumped already.

        For hot paths that write the same fields into a row, too.

        Args:
            contract: of which kind the event is.
            about: the id of its aggregate, as ``about()`` of the event would say it.
            data: its fields as ``model_dump(mode="json", exclude_defaults=True)`` gives them.
        """
        identity = new_uuid7()
        body = frame_of(
            contract,
            about,
            data,
            source=self._speaker.source,
            event_id=identity,
            time=self.moment,
            traceparent=self._traceparent,
        )
        self.announce_again(contract.log, identity, body)

    def announce_again(self, log: Log, event_id: str, body: bytes) -> None:
        """Put an event that was framed before into the outbox, with its own id."""
        self._announced.append({"event_id": event_id, "log": log.value, "body": body})

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Keep what is done inside, or on an exception nothing of it; the unit itself goes on.

        A failure of the database itself must not be swallowed around it (``of_the_database``).
        """
        cursor = self._cursor()
        announced = len(self._announced)
        cursor.execute("SAVEPOINT nested")
        try:
            yield
        except Exception as error:
            if of_the_database(error):
                # Nothing can be undone piece by piece any more: the whole unit ends.
                raise
            del self._announced[announced:]
            cursor.execute("ROLLBACK TO SAVEPOINT nested")
            cursor.execute("RELEASE SAVEPOINT nested")
            raise
        else:
            cursor.execute("RELEASE SAVEPOINT nested")
        finally:
            cursor.close()

    def take_announced(self) -> list[dict[str, Any]]:
        """Return the rows of the outbox that the unit has made, and forget them."""
        taken, self._announced = self._announced, []
        return taken

    def _cursor(self) -> Any:
        if self._driver is None:
            self._driver = self.connection.connection.driver_connection
        return self._driver.cursor()


def of_the_database(error: BaseException) -> bool:
    """Return whether an error tells of the database's state, and not of what it was asked to do.

    A full disk, a lost connection, locks of others: the unit as a whole did not happen, and may
    succeed when it is tried again. The drivers' own errors are looked at, which SQLAlchemy wraps
    where a statement ran through it.
    """
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, StoreUnavailable):
        return True
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_STATES
    state = getattr(cause, "sqlstate", "")
    if state is None:
        # The driver itself says so: there is no connection.
        return type(cause).__name__ in ("OperationalError", "InterfaceError")
    return state[:2] in _POSTGRESQL_STATES


_SQLITE_STATES: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    )
)
_POSTGRESQL_STATES: Final = frozenset(("08", "40", "53", "55", "57", "58", "XX"))
"""Classes of SQLSTATE: connection, rollback by others' locks, resources, operator, system."""


def unavailable(error: BaseException) -> StoreUnavailable:
    """Return the refusal that says that the database failed, with its cause."""
    refusal = StoreUnavailable(type(getattr(error, "orig", None) or error).__name__)
    refusal.__cause__ = error
    return refusal


def outcome(unit: Callable[..., R], work: Work, args: tuple[Any, ...], kwargs: Row) -> R:
    """Return what a unit returns.

    A future takes no ``StopIteration``: its caller would wait for ever.
    """
    try:
        return unit(work, *args, **kwargs)
    except StopIteration as error:
        raise RuntimeError("a unit took one more of what it iterates over than there is") from error


def query_outcome(query: Callable[..., R], work: Work, args: tuple[Any, ...], kwargs: Row) -> R:
    """Return what a query returns.

    Raises:
        StoreUnavailable: the database could not be read.
    """
    try:
        found = outcome(query, work, args, kwargs)
    except Exception as error:
        if of_the_database(error):
            raise unavailable(error) from error
        raise
    assert not work.take_announced(), "a query tells nothing"
    return found


def _bound(row: Row, order: tuple[str, ...] | None, defaults: dict[str, Any]) -> Any:
    if order is None:
        return {**defaults, **row}
    try:
        return tuple(map(row.__getitem__, order))
    except KeyError:
        return [row[name] if name in row else defaults[name] for name in order]


Unit = Callable[Concatenate[Work, P], R]


SealAtCommit = Callable[[Work, list[dict[str, Any]]], tuple[list[dict[str, Any]], list[Any]]]
"""Takes what a group is about to put into the outbox; returns what is left for it, and pages."""


class Store(Protocol):
    """A database of one service: writes are units that commit whole, reads see one moment."""

    tables: LogTables
    speaker: Speaker
    clock: Clock

    async def write(self, unit: Unit[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit and commit it with the events that it announced; return what it returned.

        Raises:
            Refusal: the unit refused; nothing of it was kept.
            EventWaits: it announced an event that waits in the outbox already.
            StoreUnavailable: it could not be committed; nothing of it was kept.
        """
        ...

    async def read(self, query: Unit[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a query over one moment of the committed data; it cannot write.

        Raises:
            StoreUnavailable: the database cannot be read now.
        """
        ...

    def on_announced(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` on the event loop after each commit that put events into the outbox."""
        ...

    def seal_at_commit(
        self, seal: SealAtCommit | None, hand_over: Callable[[list[Any]], None]
    ) -> None:
        """Let many events be sealed in the transaction that commits them, past the outbox.

        A store may do so or not; what it seals is handed over on the event loop, after the commit.

        Args:
            seal: what seals; none from now on where nothing is said.
            hand_over: is given the pages that were sealed.
        """
        ...

    async def aclose(self) -> None:
        """Finish the units that were handed over, and close the database."""
        ...


def outbox_insert(tables: LogTables) -> Prepared:
    """Return the statement that puts events into the outbox."""
    return Prepared(insert(tables.outbox), columns=("event_id", "log", "body"))


GROUP_UNITS_MAX: Final = 256
"""How many units may commit together."""
GROUP_TIME_MAX_S: Final = 0.05
"""How long a group may go on taking in further units, in seconds."""


async def open_store(
    url: str, tables: LogTables, *, speaker: Speaker, clock: Clock, create: bool = False
) -> Store:
    """Open the store that a database URL names.

    Args:
        url: ``sqlite:///path`` or ``postgresql+psycopg://...``.
        tables: the log's tables; their MetaData holds the service's other tables too.
        speaker: in whose name events are told.
        clock: gives the time, in UTC.
        create: make the tables that are not there (tests, and databases without migrations).

    Raises:
        UnsafeStore: the database would not keep what it acknowledges.
        StoreUnavailable: there is no such database, or it cannot be opened now.
    """
    if url.startswith("sqlite"):
        from shared.store_sqlite import SqliteStore

        return await SqliteStore.open(url, tables, speaker=speaker, clock=clock, create=create)
    from shared.store_postgresql import PostgresqlStore

    return await PostgresqlStore.open(url, tables, speaker=speaker, clock=clock, create=create)
