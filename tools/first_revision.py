"""Write a service's first revision anew: ``python -m tools.first_revision exchange``.

It is for the time before a service's first release only; afterwards a change of tables is a new
revision, and what was released is never written again. What the tables have beside columns and
indexes (triggers) must stand in the tables as DDL listeners: it is stated again in the revision.
"""

import sys
from importlib import import_module
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import DDL, MetaData, Table, create_engine

_HEADER: Final = '''"""The {service}'s first tables, and those of the log.

It makes new tables only, so it takes no lock that anybody waits for.
"""
# ruff: noqa: E501  # conditions are stated as the tables state them

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

'''


def revision_of(service: str) -> str:
    """Return the text of the first revision of a service."""
    metadata: MetaData = import_module(f"services.{service}.tables").metadata
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        script = produce_migrations(context, metadata)
    assert script.upgrade_ops is not None
    made = render_python_code(script.upgrade_ops)
    body = "\n".join(line for line in made.splitlines() if "# ###" not in line)
    text = _HEADER.format(service=service) + _statements(metadata)
    text += f'def upgrade() -> None:\n    """Make the tables."""\n{body}\n'
    if "_SQLITE" in text:
        text += (
            '    of_its_kind = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL\n'
            "    for statement in of_its_kind:\n"
            "        # A colon would name a parameter.\n"
            '        op.execute(sa.text(statement.replace(":", r"\\:")))\n'
        )
    return text


def _statements(metadata: MetaData) -> str:
    """Return the statements that run after tables are made, by kind of database, as source."""
    found: dict[str, list[str]] = {"sqlite": [], "postgresql": []}
    for table in metadata.sorted_tables:
        for statement in _listeners(table):
            found[str(statement._ddl_if.dialect)].append(statement.statement)
    if not any(found.values()):
        return ""
    text = ""
    for dialect, statements in found.items():
        text += f"_{dialect.upper()} = (\n"
        for statement in statements:
            # In a DDL object a sign of percent is written twice.
            said = _wrapped(statement.strip().replace("%%", "%"))
            text += f'    """\n    {said}\n    """,\n'
        text += ")\n\n"
    return text


def _wrapped(statement: str) -> str:
    """Return a statement in lines that fit; SQL minds no line breaks between its words."""
    lines = (
        wrap(line, 92, break_long_words=False, break_on_hyphens=False, subsequent_indent="        ")
        for line in statement.splitlines()
    )
    return "\n".join("\n".join(parts) for parts in lines).strip()


def _listeners(table: Table) -> list[Any]:
    listening: Any = table.dispatch
    return [one for one in listening.after_create if isinstance(one, DDL)]


def main() -> None:
    """Write the revision of the service that is named."""
    service = sys.argv[1]
    folder = Path("services") / service / "migrations" / "versions"
    (folder / "v0001_begin.py").write_text(revision_of(service), "utf-8")


if __name__ == "__main__":
    main()
