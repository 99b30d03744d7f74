"""The steps to this release's tables, run on both databases, end where the tables say."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine

from services.directory import handlers, index, search, tables
from services.directory.search import Asked
from services.directory.tables import HEAD, LOG, is_common, metadata
from shared.clock import SystemClock
from shared.events import Speaker
from shared.ids import ServiceName
from shared.migrations import migrate, revision
from shared.store import open_store
from tests.databases import NewDatabase
from tests.directory.conftest import NODE, entry

STEPS = Path(tables.__file__).parent / "migrations"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'migrated.db'}"
    new_database: NewDatabase = request.getfixturevalue("postgresql")
    return new_database()


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"include_name": is_common})
    found: list[object] = compare_metadata(context, metadata)
    return found


async def test_a_new_database_is_brought_to_the_tables_of_this_release(url: str) -> None:
    await migrate(url, STEPS, head=HEAD)
    assert revision(url) == HEAD
    engine = create_engine(url)
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


async def test_what_the_steps_made_is_what_the_tables_would_make(url: str, tmp_path: Path) -> None:
    await migrate(url, STEPS, head=HEAD)
    if url.startswith("sqlite"):
        made = f"sqlite:///{tmp_path / 'made.db'}"
        engine = create_engine(made)
        metadata.create_all(engine)
        engine.dispose()
        assert sqlite_schema(url) == sqlite_schema(made)
    speaker = Speaker(NODE, ServiceName("directory"))
    store = await open_store(url, LOG, speaker=speaker, clock=SystemClock())
    await store.write(handlers.list_entity, entry(1, name="Argan"))
    await index.follow(store)
    rows = await store.read(search.listed, Asked(words="argan"), most=5)
    assert len(rows) == 1
    await store.aclose()


def sqlite_schema(url: str) -> set[tuple[str, str, str]]:
    """Return what a database has beside its tables: indexes, triggers, the full-text table."""
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT type, name, sql FROM sqlite_master WHERE type <> 'table' OR name LIKE 'search%'"
        ).all()
    engine.dispose()
    return {
        (row.type, row.name, " ".join(row.sql.replace('"', "").split()))
        for row in rows
        if row.sql and not row.name.startswith("alembic")
    }
