"""What the database itself refuses of ballots, whatever a program does.

A closed ballot stays as it is: its row, its urn. Nothing is cast into a ballot that is closed,
and nobody is noted to have voted in it.
"""

from typing import Any, Final

from sqlalchemy import DDL, Table, event

BALLOT_STAYS: Final = "ballot_stays"
URN_STAYS: Final = "ballot_urn_stays"
SLIP_IN_TIME: Final = "ballot_slip_in_time"
ISSUED_IN_TIME: Final = "ballot_issued_in_time"

_CLOSED: Final = (
    "EXISTS (SELECT 1 FROM ballot b WHERE b.id = {row}.ballot_id AND b.state <> 'open')"
)
# Once a ballot is open its question stands: only the close may change its row, and only once.
_CHANGED: Final = " OR ".join(
    ["old.state <> 'open'", "new.state <> 'closed'"]
    + [
        f"new.{name} <> old.{name}"
        for name in (
            "id", "rule", "rule_hash", "options", "texts", "opens_at", "closes_at", "roll_root",
            "roll_size",
        )
    ]
)  # fmt: skip


def _sqlite(name: str, when: str, condition: str = "") -> str:
    event_name = when.partition(" ")[0].lower()
    guard = f" WHEN {condition}" if condition else ""
    return (
        f"CREATE TRIGGER {name}_{event_name} BEFORE {when}{guard}"
        f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
    )


def _function(name: str, condition: str = "") -> str:
    no = f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"
    body = f"IF {condition} THEN {no} END IF; RETURN new;" if condition else no
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} END $$"
    )


def _trigger(name: str, suffix: str, when: str, each: str = "ROW") -> str:
    return f"CREATE TRIGGER {name}_{suffix} BEFORE {when} FOR EACH {each} EXECUTE FUNCTION {name}()"


def install(*, ballot: Table, slip: Table, urn: Table, issued: Table) -> None:
    """Have the triggers made with their tables, each in the words of its kind of database."""
    closed = _CLOSED.format(row="new")
    _listen(
        ballot,
        sqlite=(_sqlite(BALLOT_STAYS, "UPDATE ON ballot", _CHANGED),),
        postgresql=(
            _function(BALLOT_STAYS, _CHANGED),
            _trigger(BALLOT_STAYS, "update", "UPDATE ON ballot"),
        ),
    )
    _listen(
        urn,
        sqlite=(
            _sqlite(URN_STAYS, "UPDATE ON ballot_urn"),
            _sqlite(URN_STAYS, "DELETE ON ballot_urn"),
            _sqlite(URN_STAYS, "INSERT ON ballot_urn", closed),
        ),
        postgresql=(
            _function(URN_STAYS),
            _trigger(URN_STAYS, "change", "UPDATE OR DELETE ON ballot_urn"),
            _trigger(URN_STAYS, "truncate", "TRUNCATE ON ballot_urn", each="STATEMENT"),
            _function(f"{URN_STAYS}_closed", closed),
            _trigger(f"{URN_STAYS}_closed", "insert", "INSERT ON ballot_urn"),
        ),
    )
    for table, name in ((slip, SLIP_IN_TIME), (issued, ISSUED_IN_TIME)):
        _listen(
            table,
            sqlite=tuple(
                _sqlite(name, f"{when} ON {table.name}", closed) for when in ("INSERT", "UPDATE")
            ),
            postgresql=(
                _function(name, closed),
                _trigger(name, "write", f"INSERT OR UPDATE ON {table.name}"),
            ),
        )


def _listen(table: Table, *, sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    for dialect, statements in (("sqlite", sqlite), ("postgresql", postgresql)):
        for statement in statements:
            made: Any = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
            event.listen(table, "after_create", made.execute_if(dialect=dialect))
