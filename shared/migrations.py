"""Bringing a service's database to the form that this release reads, by Alembic.

A database that is there already is only asked for its revision, so that a service that starts
needs neither Alembic nor its memory; otherwise the steps run in a process of their own.
"""

import asyncio
import sys
from pathlib import Path
from typing import ClassVar, Final

import structlog
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.pool import NullPool

from shared.refusals import Kind, Refusal

MIGRATION_TIMEOUT_S: Final = 600.0
_VERSIONS: Final = "alembic_version"

log = structlog.get_logger(__name__)


class MigrationFailed(Refusal):
    """The database could not be brought to the form that this release reads."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "migration-failed"
    title: ClassVar[str] = "The database could not be brought to this release's form"


async def migrate(url: str, steps: Path, *, head: str) -> None:
    """Bring a database to the newest revision of a service.

    Args:
        url: the database's URL.
        steps: the directory ``migrations`` of the service.
        head: the newest revision there, as the service's tables need it.

    Raises:
        MigrationFailed: a step failed; on PostgreSQL and SQLite alike it left nothing behind.
    """
    if await asyncio.to_thread(revision, url) == head:
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shared.migrations", url, str(steps), head,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, errors = await asyncio.wait_for(process.communicate(), MIGRATION_TIMEOUT_S)
    except TimeoutError as error:
        process.kill()
        raise MigrationFailed(f"{steps.parent.name}: took too long") from error
    if process.returncode:
        last = errors.decode(errors="replace").strip().splitlines()[-1:]
        raise MigrationFailed(f"{steps.parent.name}: {' '.join(last)[:300]}")
    log.info("database migrated", service=steps.parent.name, revision=head)


def revision(url: str) -> str | None:
    """Return the revision of a database, or none where it has none yet."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table(_VERSIONS):
                return None
            found = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSIONS}")  # noqa: S608
            return found.scalar_one_or_none()
    finally:
        engine.dispose()


def upgrade(url: str, steps: Path, head: str) -> None:
    """Run the steps in this process."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(steps))
    config.attributes["url"] = url
    command.upgrade(config, head)


def run_steps(metadata: MetaData) -> None:
    """Run what Alembic asks for; a service's ``migrations/env.py`` calls this and nothing else."""
    from alembic import context

    engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if __name__ == "__main__":
    upgrade(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
