"""What the database itself sees to in the ledger, on each kind of database in its own words.

- A new transfer changes the counters of both its accounts, in the order of their ids.
- Nothing else changes counters: an account begins at zero, and a change must be the one that its
  newest transfer says.
- What resolves a hold fits the hold, and what reverses a transfer is that transfer the other way.
- A transfer that is there is neither changed nor deleted.
- Holds that nothing has resolved stand in ``open_hold``.

Each refuses by its own name, as a named constraint does. Migrations state these words again.
"""

from typing import Any, Final

from sqlalchemy import DDL, Table, event

FROM_ZERO: Final = "account_from_zero"
COUNTED: Final = "account_counted"
FITS: Final = "transfer_fits"
STAYS: Final = "transfer_stays"
NAMES: Final = frozenset((FROM_ZERO, COUNTED, FITS, STAYS, "transfer_applied"))
"""The triggers without which the ledger is not safe; on each database they have more beside."""

_NOT_ZERO: Final = """
    new.debits_pending <> 0 OR new.debits_posted <> 0
    OR new.credits_pending <> 0 OR new.credits_posted <> 0 OR new.last_transfer <> 0
"""
_NEWEST_SAYS_SO: Final = """
    EXISTS (
        SELECT 1 FROM transfer t
        WHERE t.key = new.last_transfer AND new.last_transfer > old.last_transfer AND (
            (t.debit_account = new.id
             AND new.debits_pending = old.debits_pending + t.reserved
             AND new.debits_posted = old.debits_posted + t.posted
             AND new.credits_pending = old.credits_pending
             AND new.credits_posted = old.credits_posted)
            OR
            (t.credit_account = new.id
             AND new.credits_pending = old.credits_pending + t.reserved
             AND new.credits_posted = old.credits_posted + t.posted
             AND new.debits_pending = old.debits_pending
             AND new.debits_posted = old.debits_posted)
        )
    )
"""
_FITS_ITS_HOLD: Final = """
    new.pending_id IS NULL OR EXISTS (
        SELECT 1 FROM transfer p
        WHERE p.id = new.pending_id AND p.step = 'pending'
            AND p.debit_account = new.debit_account AND p.credit_account = new.credit_account
            AND p.reserved = -new.reserved AND new.amount <= p.amount
    )
"""
_FITS_WHAT_IT_REVERSES: Final = """
    new.reverses IS NULL OR EXISTS (
        SELECT 1 FROM transfer r
        WHERE r.id = new.reverses AND r.posted = new.posted
            AND r.debit_account = new.credit_account AND r.credit_account = new.debit_account
    )
"""
_DEBIT: Final = """
    UPDATE account SET debits_pending = debits_pending + new.reserved,
        debits_posted = debits_posted + new.posted, last_transfer = new.key
    WHERE id = new.debit_account;
"""
_CREDIT: Final = """
    UPDATE account SET credits_pending = credits_pending + new.reserved,
        credits_posted = credits_posted + new.posted, last_transfer = new.key
    WHERE id = new.credit_account;
"""
_HOLD: Final = """
    INSERT INTO open_hold (transfer, kind, group_id, expires_at)
    VALUES (new.id, new.kind, new.group_id, new.expires_at);
"""
_RELEASE: Final = "DELETE FROM open_hold WHERE transfer = new.pending_id;"


def _no_sqlite(name: str, when: str, condition: str = "") -> str:
    trigger = name if when.startswith("INSERT") or name == COUNTED else f"{name}_{when[:6].lower()}"
    guarded = f"WHEN {condition}" if condition else ""
    return (
        f"CREATE TRIGGER {trigger} BEFORE {when} {guarded} BEGIN SELECT RAISE(ABORT, '{name}'); END"
    )


ACCOUNT_SQLITE: Final = (
    _no_sqlite(FROM_ZERO, "INSERT ON account", _NOT_ZERO),
    _no_sqlite(
        COUNTED,
        "UPDATE OF debits_pending, debits_posted, credits_pending, credits_posted, last_transfer"
        " ON account",
        f"NOT {_NEWEST_SAYS_SO}",
    ),
)
TRANSFER_SQLITE: Final = (
    _no_sqlite(
        FITS, "INSERT ON transfer", f"NOT ({_FITS_ITS_HOLD}) OR NOT ({_FITS_WHAT_IT_REVERSES})"
    ),
    f"CREATE TRIGGER transfer_applied AFTER INSERT ON transfer BEGIN {_DEBIT} {_CREDIT} END",
    "CREATE TRIGGER transfer_held AFTER INSERT ON transfer WHEN new.step = 'pending'"
    f" BEGIN {_HOLD} END",
    "CREATE TRIGGER transfer_released AFTER INSERT ON transfer WHEN new.pending_id IS NOT NULL"
    f" BEGIN {_RELEASE} END",
    _no_sqlite(STAYS, "UPDATE ON transfer"),
    _no_sqlite(STAYS, "DELETE ON transfer"),
)


def _function(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} END $$"
    )


def _no_postgresql(name: str) -> str:
    return f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"


def _trigger(name: str, when: str, function: str, each: str = "ROW") -> str:
    return f"CREATE TRIGGER {name} {when} FOR EACH {each} EXECUTE FUNCTION {function}()"


ACCOUNT_POSTGRESQL: Final = (
    _function(FROM_ZERO, f"IF {_NOT_ZERO} THEN {_no_postgresql(FROM_ZERO)} END IF; RETURN new;"),
    _trigger(FROM_ZERO, "BEFORE INSERT ON account", FROM_ZERO),
    _function(
        COUNTED, f"IF NOT {_NEWEST_SAYS_SO} THEN {_no_postgresql(COUNTED)} END IF; RETURN new;"
    ),
    _trigger(
        COUNTED,
        "BEFORE UPDATE OF debits_pending, debits_posted, credits_pending, credits_posted,"
        " last_transfer ON account",
        COUNTED,
    ),
)
TRANSFER_POSTGRESQL: Final = (
    _function(
        FITS,
        f"IF NOT ({_FITS_ITS_HOLD}) OR NOT ({_FITS_WHAT_IT_REVERSES})"
        f" THEN {_no_postgresql(FITS)} END IF; RETURN new;",
    ),
    _trigger(FITS, "BEFORE INSERT ON transfer", FITS),
    # Whoever locks two accounts locks them in the order of their ids, or two of them wait for each
    # other for ever.
    _function(
        "transfer_applied",
        'IF new.debit_account COLLATE "C" < new.credit_account COLLATE "C"'
        f" THEN {_DEBIT} {_CREDIT} ELSE {_CREDIT} {_DEBIT} END IF;"
        f" IF new.step = 'pending' THEN {_HOLD} END IF;"
        f" IF new.pending_id IS NOT NULL THEN {_RELEASE} END IF;"
        " RETURN NULL;",
    ),
    _trigger("transfer_applied", "AFTER INSERT ON transfer", "transfer_applied"),
    _function(STAYS, _no_postgresql(STAYS)),
    _trigger(STAYS, "BEFORE UPDATE OR DELETE ON transfer", STAYS),
    _trigger(f"{STAYS}_truncate", "BEFORE TRUNCATE ON transfer", STAYS, each="STATEMENT"),
)


def install(*, account: Table, transfer: Table) -> None:
    """Have the triggers made with their tables, each in the words of its kind of database."""
    for table, dialect, statements in (
        (account, "sqlite", ACCOUNT_SQLITE),
        (account, "postgresql", ACCOUNT_POSTGRESQL),
        (transfer, "sqlite", TRANSFER_SQLITE),
        (transfer, "postgresql", TRANSFER_POSTGRESQL),
    ):
        for statement in statements:
            made: Any = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
            event.listen(table, "after_create", made.execute_if(dialect=dialect))
