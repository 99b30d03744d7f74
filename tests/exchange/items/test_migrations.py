"""The steps to this release's tables, run on both databases, end where the tables say."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from services.exchange import item_search, tables
from services.exchange.item_search import Question, Sight
from services.exchange.tables import HEAD, LOG, metadata
from shared.clock import SetClock
from shared.events import Speaker
from shared.ids import ServiceName
from shared.migrations import migrate, revision
from shared.store import open_store
from tests.databases import NewDatabase
from tests.exchange.items.conftest import NODE, NOW, item, list_owner, post

STEPS = Path(tables.__file__).parents[1] / "migrations"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'migrated.db'}"
    new_database: NewDatabase = request.getfixturevalue("postgresql")
    return new_database()


async def test_a_new_database_is_brought_to_the_tables_of_this_release(url: str) -> None:
    await migrate(url, STEPS, head=HEAD)
    assert revision(url) == HEAD
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_what_the_steps_made_is_what_the_tables_would_make(url: str, tmp_path: Path) -> None:
    await migrate(url, STEPS, head=HEAD)
    if url.startswith("sqlite"):
        made = f"sqlite:///{tmp_path / 'made.db'}"
        engine = create_engine(made)
        metadata.create_all(engine)
        engine.dispose()
        assert beside_tables(url) == beside_tables(made)
    speaker = Speaker(NODE, ServiceName("exchange"))
    store = await open_store(url, LOG, speaker=speaker, clock=SetClock(NOW))
    await store.write(list_owner)
    await store.write(post, item(1))
    rows = await store.read(item_search.listed, Question(words="argan"), sight=Sight(), most=5)
    assert len(rows) == 1
    await store.aclose()


def beside_tables(url: str) -> set[tuple[str, str, str]]:
    """Return what a database has beside its tables: indexes and triggers."""
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT type, name, sql FROM sqlite_master WHERE type <> 'table'")
        ).all()
    engine.dispose()
    return {
        (row.type, row.name, " ".join(row.sql.replace('"', "").split())) for row in rows if row.sql
    }
