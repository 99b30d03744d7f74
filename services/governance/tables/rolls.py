"""The tables of who belongs and who votes: what the register tells, and rolls that never change.

A roll is begun, filled, and frozen in one unit of work; from then on triggers of both databases
refuse every change of it, whoever makes it.
"""

from typing import Any, Final

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from services.governance.tables.base import metadata

FROZEN: Final = "roll_is_frozen"
"""How both databases call a change of a roll that is frozen."""
ACTED: Final = "roll_act_stays"

PERSON: Final = Table(
    "register_person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    # Of a person who has left nothing stays but this.
    Column("left", Integer, nullable=False),
    Column("since", Text, nullable=False),
    Column("gender", Text, nullable=False),
    Column("worker", Integer, nullable=False),
    Column("worker_since", Text, nullable=False),
)

MEMBER: Final = Table(
    "register_member",
    metadata,
    # A person's id, or an entity's, which has a colon.
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    # full or observer; empty for one who has left.
    Column("standing", Text, nullable=False),
    # Codes with a space between.
    Column("groups", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("left_at", Text, nullable=False),
)

MANDATE: Final = Table(
    "register_mandate",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("begins", Text, nullable=False),
    # The first moment at which it holds no more, by its term or because it was ended; empty where
    # no end is set.
    Column("until", Text, nullable=False),
)
Index("register_mandate_by_person", MANDATE.c.person)
Index("register_mandate_by_entity", MANDATE.c.entity)

ROLL: Final = Table(
    "roll",
    metadata,
    Column("ballot", Text, primary_key=True),
    Column("frozen", Integer, nullable=False),
    Column("frozen_at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("root", Text, nullable=False),
)

ENTRY: Final = Table(
    "roll_entry",
    metadata,
    Column("ballot", Text, primary_key=True),
    # The order of the leaves, which is by chance.
    Column("place", Integer, primary_key=True),
    Column("voter", Text, nullable=False),
    Column("acts", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    UniqueConstraint("ballot", "voter"),
)
Index("roll_entry_by_who_acts", ENTRY.c.ballot, ENTRY.c.acts)

ACT: Final = Table(
    "roll_act",
    metadata,
    # A person acts for one entity in one roll. When they did is not kept.
    Column("ballot", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("voter", Text, nullable=False),
)


def _sqlite(table: str, when: str, name: str, condition: str = "") -> str:
    guarded = f" WHEN {condition}" if condition else ""
    trigger = f"{table}_no_{when.lower()}"
    return (
        f"CREATE TRIGGER {trigger} BEFORE {when} ON {table}{guarded}"
        f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
    )


def _function(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} END $$"
    )


def _raise(name: str) -> str:
    return f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"


def _trigger(table: str, when: str, function: str, each: str = "ROW", more: str = "") -> str:
    trigger = f"{table}_no_{when.split()[0].lower()}"
    return (
        f"CREATE TRIGGER {trigger} BEFORE {when} ON {table} FOR EACH {each}{more}"
        f" EXECUTE FUNCTION {function}()"
    )


_IN_FROZEN: Final = "EXISTS (SELECT 1 FROM roll r WHERE r.ballot = new.ballot AND r.frozen = 1)"

_ROLL: Final = {
    "sqlite": (
        _sqlite("roll", "UPDATE", FROZEN, "old.frozen = 1"),
        _sqlite("roll", "DELETE", FROZEN),
    ),
    "postgresql": (
        _function(FROZEN, _raise(FROZEN)),
        _trigger("roll", "UPDATE", FROZEN, more=" WHEN (old.frozen = 1)"),
        _trigger("roll", "DELETE", FROZEN),
        _trigger("roll", "TRUNCATE", FROZEN, each="STATEMENT"),
    ),
}
_ENTRY: Final = {
    "sqlite": (
        _sqlite("roll_entry", "INSERT", FROZEN, _IN_FROZEN),
        _sqlite("roll_entry", "UPDATE", FROZEN),
        _sqlite("roll_entry", "DELETE", FROZEN),
    ),
    "postgresql": (
        _function(
            "roll_entry_in_time", f"IF {_IN_FROZEN} THEN {_raise(FROZEN)} END IF; RETURN new;"
        ),
        _function("roll_entry_stays", _raise(FROZEN)),
        _trigger("roll_entry", "INSERT", "roll_entry_in_time"),
        _trigger("roll_entry", "UPDATE OR DELETE", "roll_entry_stays"),
        _trigger("roll_entry", "TRUNCATE", "roll_entry_stays", each="STATEMENT"),
    ),
}
_ACT: Final = {
    "sqlite": (_sqlite("roll_act", "UPDATE", ACTED), _sqlite("roll_act", "DELETE", ACTED)),
    "postgresql": (
        _function(ACTED, _raise(ACTED)),
        _trigger("roll_act", "UPDATE OR DELETE", ACTED),
        _trigger("roll_act", "TRUNCATE", ACTED, each="STATEMENT"),
    ),
}
for _table, _by_kind in ((ROLL, _ROLL), (ENTRY, _ENTRY), (ACT, _ACT)):
    for _dialect, _statements in _by_kind.items():
        for _statement in _statements:
            _made: Any = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
            event.listen(_table, "after_create", _made.execute_if(dialect=_dialect))
