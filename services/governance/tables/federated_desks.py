"""What people enter by hand for ballots between networks: results on paper, openings of packages.

An entry on paper can be corrected by who made it, until two agree and their result is told. Who was
given a recount package stays written down.
"""

from typing import Any, Final

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Column,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    event,
)

from services.governance.tables.base import metadata

SETTLED: Final = "paper_entry_settled"
OPENED_STAYS: Final = "recount_opening_stays"

PAPER_TELLER: Final = Table(
    "federated_paper_teller",
    metadata,
    # Who enters what a network without software has done on paper.
    Column("ballot", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("person", Text, nullable=False),
    PrimaryKeyConstraint("ballot", "network", "person"),
)

PAPER_ENTRY: Final = Table(
    "federated_paper_entry",
    metadata,
    Column("ballot", Text, nullable=False),
    Column("network", Text, nullable=False),
    # ``roll`` or ``result``.
    Column("what", Text, nullable=False),
    Column("teller", Text, nullable=False),
    # What they have read, as canonical JSON: equal readings have equal bodies.
    Column("body", Text, nullable=False),
    Column("entered_at", Text, nullable=False),
    # 1 once it was told, because two agreed.
    Column("settled", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("ballot", "network", "what", "teller"),
    CheckConstraint("what IN ('roll', 'result')", name="federated_paper_what"),
    CheckConstraint("settled IN (0, 1)", name="federated_paper_settled"),
)

OPENING: Final = Table(
    "federated_recount_opening",
    metadata,
    # For whom the ballots of this network were opened, so that another node counts them again.
    Column("id", Text, primary_key=True),
    Column("ballot", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("auditor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    # The SHA-256 of the package as it was handed out.
    Column("package_hash", Text, nullable=False),
)


def _raised(name: str) -> str:
    return f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"


def _triggers(table: str, name: str, when: str) -> dict[str, tuple[str, ...]]:
    """Return what keeps rows of a table from being changed or deleted."""
    guarded = f" WHEN {when}" if when else ""
    bracketed = f" WHEN ({when})" if when else ""
    sqlite = tuple(
        f"CREATE TRIGGER {name}_{verb.lower()} BEFORE {verb} ON {table}{guarded}"
        f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
        for verb in ("UPDATE", "DELETE")
    )
    server = (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {_raised(name)} END $$",
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW{bracketed} EXECUTE FUNCTION {name}()",
    )
    return {"sqlite": sqlite, "postgresql": server}


for _table, _those in (
    (PAPER_ENTRY, _triggers("federated_paper_entry", SETTLED, "old.settled = 1")),
    (OPENING, _triggers("federated_recount_opening", OPENED_STAYS, "")),
):
    for _dialect, _statements in _those.items():
        for _statement in _statements:
            _made: Any = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
            event.listen(_table, "after_create", _made.execute_if(dialect=_dialect))
