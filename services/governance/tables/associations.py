"""How associations lie in the database: what this network has signed and why, what it has told.

What was told by networks lies with the other facts; an association is made from those. Here stands
what is this network's own: the decision of its members behind each signature, and, where it keeps
an association, which words it has told of whom. These rows stay as they are.
"""

from typing import Any, Final

from sqlalchemy import DDL, BigInteger, Column, Integer, PrimaryKeyConstraint, Table, Text, event

from services.governance.tables.base import metadata

STAYS: Final = "association_row_stays"

GROUND: Final = Table(
    "association_ground",
    metadata,
    # By which decision of this network it has signed a version, or left, and who has entered it.
    Column("association", Text, nullable=False),
    # This network, or one without software for which it speaks.
    Column("network", Text, nullable=False),
    # ``adopted`` or ``left``.
    Column("what", Text, nullable=False),
    # Of the version; 0 where it has left.
    Column("number", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("steward", Text, nullable=False),
    PrimaryKeyConstraint("association", "network", "what", "number", "at"),
)

TOLD: Final = Table(
    "association_told",
    metadata,
    # That a revision stands once is what keeps two units from telling one thing twice.
    Column("association", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("ballot", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("told_at", Text, nullable=False),
    PrimaryKeyConstraint("association", "node", "revision"),
)


def _raise(name: str) -> str:
    return f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"


def _sqlite(table: str, when: str) -> str:
    return (
        f"CREATE TRIGGER {table}_stays_{when.lower()} BEFORE {when} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"
    )


_FUNCTION: Final = (
    f"CREATE OR REPLACE FUNCTION {STAYS}() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN {_raise(STAYS)} END $$"
)

for _table in (GROUND, TOLD):
    _statements = {
        "sqlite": tuple(_sqlite(_table.name, when) for when in ("UPDATE", "DELETE")),
        "postgresql": (
            _FUNCTION,
            f"CREATE TRIGGER {_table.name}_stays BEFORE UPDATE OR DELETE ON {_table.name}"
            f" FOR EACH ROW EXECUTE FUNCTION {STAYS}()",
        ),
    }
    for _dialect, _those in _statements.items():
        for _statement in _those:
            _made: Any = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
            event.listen(_table, "after_create", _made.execute_if(dialect=_dialect))
