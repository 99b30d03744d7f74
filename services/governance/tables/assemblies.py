"""How assemblies, budget cycles and declarations lie in the database: as what was recorded of them.

A record is a row and its steps. Steps are added, each with the next number and with the hash of
all before it; triggers refuse every other number, every change and every deletion. The row holds
what lists and timers look for, and can be made again from the steps. What is declared of a year
is added in the same way: a correction is a newer declaration beside the older one.
"""

from typing import Any, Final

from sqlalchemy import DDL, CheckConstraint, Column, Index, Integer, Table, Text, event

from services.governance.tables.base import metadata
from shared.log.tables import RowId


def _record(name: str) -> Table:
    table = Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("state", Text, nullable=False),
        # The moment by which lists are ordered: when people meet, when a cycle ends.
        Column("due", Text, nullable=False),
        # How many steps it has.
        Column("steps", Integer, nullable=False),
        Column("changed_at", Text, nullable=False),
        CheckConstraint("steps >= 0", name=f"{name}_steps_not_negative"),
    )
    Index(f"{name}_by_due", table.c.due, table.c.id)
    return table


def _steps(name: str, of: str) -> Table:
    return Table(
        name,
        metadata,
        Column(of, Text, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("what", Text, nullable=False),
        # The step itself as canonical JSON.
        Column("body", Text, nullable=False),
        # Who recorded it: a pseudonymous id.
        Column("actor", Text, nullable=False),
        Column("at", Text, nullable=False),
        # SHA-256 over the hash before it and this step, in hex.
        Column("hash", Text, nullable=False),
        CheckConstraint("number > 0", name=f"{name}_from_one"),
    )


ASSEMBLY: Final = _record("assembly")
ASSEMBLY_STEP: Final = _steps("assembly_step", "assembly")
CYCLE: Final = _record("budget_cycle")
CYCLE_STEP: Final = _steps("budget_cycle_step", "budget_cycle")

DECLARATION: Final = Table(
    "declaration",
    metadata,
    # The order in which they were declared: the newest of a kind and year counts.
    Column("key", RowId, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    # pay, surplus, members, business, accounts, threshold.
    Column("kind", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    CheckConstraint("year >= 1900 AND year <= 2200", name="declaration_year"),
)
Index("declaration_by_kind", DECLARATION.c.kind, DECLARATION.c.year, DECLARATION.c.key)


def stays(table: str) -> str:
    """Return the name by which a table refuses that its rows are changed or taken away."""
    return f"{table}_stays"


def follows(table: str) -> str:
    """Return the name by which a table refuses a step that is not the next one."""
    return f"{table}_follows"


def _next_number(table: str, of: str) -> str:
    return (
        f"new.number <> (SELECT coalesce(max(s.number), 0) + 1 FROM {table} s"  # noqa: S608  # ours
        f" WHERE s.{of} = new.{of})"
    )


def _sqlite(table: str, of: str = "") -> list[str]:
    name = stays(table)
    made = [
        f"CREATE TRIGGER {name}_{when.lower()} BEFORE {when} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
        for when in ("UPDATE", "DELETE")
    ]
    if of:
        # Replacing a row deletes the old one without asking; its number is never the next.
        made.append(
            f"CREATE TRIGGER {follows(table)} BEFORE INSERT ON {table}"
            f" WHEN {_next_number(table, of)}"
            f" BEGIN SELECT RAISE(ABORT, '{follows(table)}'); END"
        )
    else:
        made.append(
            f"CREATE TRIGGER {name}_insert BEFORE INSERT ON {table}"  # noqa: S608  # ours
            " WHEN EXISTS (SELECT 1 FROM declaration d WHERE d.id = new.id OR d.key = new.key)"
            f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
        )
    return made


def _postgresql(table: str, of: str = "") -> list[str]:
    name = stays(table)
    made = [
        _function(name, _no(name)),
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {name}()",
        f"CREATE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]
    if of:
        check = f"IF {_next_number(table, of)} THEN {_no(follows(table))} END IF; RETURN new;"
        made += [
            _function(follows(table), check),
            f"CREATE TRIGGER {follows(table)} BEFORE INSERT ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {follows(table)}()",
        ]
    return made


def _function(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} END $$"
    )


def _no(name: str) -> str:
    return f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"


def _install() -> None:
    """Have the triggers made with their tables, each in the words of its kind of database."""
    for table, of in ((ASSEMBLY_STEP, "assembly"), (CYCLE_STEP, "budget_cycle"), (DECLARATION, "")):
        for dialect, statements in (
            ("sqlite", _sqlite(table.name, of)),
            ("postgresql", _postgresql(table.name, of)),
        ):
            for statement in statements:
                made: Any = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it
                event.listen(table, "after_create", made.execute_if(dialect=dialect))


_install()
