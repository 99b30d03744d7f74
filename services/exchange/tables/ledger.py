"""How accounts lie in the database: units, accounts, transfers, what is held, what is asked for.

A transfer says by how much it changes what is reserved and what is posted of two accounts of one
unit. Nothing else changes an account's counters: a trigger applies each new transfer to both of
its accounts, and another one refuses every other change (``ledger_triggers``). So each unit sums
to zero whatever a program does, and the counters are what the transfers add up to.

What later sorts of accounts and transfers need is here already: their kind, a group, the hold that
a transfer resolves, the agreement that it belongs to, a signature. They add rows and columns.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from services.exchange.tables.base import metadata
from services.exchange.tables.ledger_triggers import install
from shared.log.tables import RowId

LEDGER_UNIT: Final = Table(
    "ledger_unit",
    metadata,
    # ``hours``, or the id of a network's own unit.
    Column("code", Text, primary_key=True),
    # ``time`` or ``mutual``.
    Column("kind", Text, nullable=False),
    # How many of the smallest part make one: 60 minutes, 100 hundredths.
    Column("parts", Integer, nullable=False),
    # The unit's name by language, as JSON.
    Column("names", Text, nullable=False),
    # The limits of an account for which none were said, in the smallest part.
    Column("floor", BigInteger, nullable=False),
    Column("ceiling", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("opened_at", Text, nullable=False),
    CheckConstraint("parts > 0", name="unit_has_parts"),
    CheckConstraint("floor <= 0 AND ceiling >= 0", name="unit_limits_around_zero"),
)

ACCOUNT: Final = Table(
    "account",
    metadata,
    # Locks are taken in the order of the ids.
    Column("id", Text, primary_key=True),
    Column("unit", Text, ForeignKey("ledger_unit.code"), nullable=False),
    # Whose sort it is: ``entity``, ``person``, later ``clearing``, ``liquidity``, ``fund`` ...
    Column("kind", Text, nullable=False),
    # An entity's global id, a person's pseudonymous id, a neighbour's name.
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    # An account without a limit says so by the largest whole number, never by nothing.
    Column("floor", BigInteger, nullable=False),
    Column("ceiling", BigInteger, nullable=False),
    Column("debits_pending", BigInteger, nullable=False, server_default="0"),
    Column("debits_posted", BigInteger, nullable=False, server_default="0"),
    Column("credits_pending", BigInteger, nullable=False, server_default="0"),
    Column("credits_posted", BigInteger, nullable=False, server_default="0"),
    # The key of the last transfer that the counters contain.
    Column("last_transfer", BigInteger, nullable=False, server_default="0"),
    # Rises with each change of limits or state, and stays as it is when value passes.
    Column("revision", BigInteger, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    UniqueConstraint("owner", "unit", "kind", name="account_once"),
    UniqueConstraint("id", "unit", name="account_of_unit"),
    CheckConstraint(
        "debits_pending >= 0 AND debits_posted >= 0"
        " AND credits_pending >= 0 AND credits_posted >= 0",
        name="counters_not_negative",
    ),
    CheckConstraint(
        "credits_posted - debits_posted - debits_pending >= floor"
        " AND credits_posted + credits_pending - debits_posted <= ceiling",
        name="within_limits",
    ),
    CheckConstraint("floor <= 0 AND ceiling >= 0", name="account_limits_around_zero"),
    CheckConstraint("state IN ('open', 'frozen', 'closed')", name="account_state"),
    CheckConstraint(
        "state <> 'closed' OR (credits_posted = debits_posted"
        " AND debits_pending = 0 AND credits_pending = 0)",
        name="closed_at_zero",
    ),
    # Counters change often and no index holds them: room for the new row beside the old one.
    postgresql_with={"fillfactor": 70},
)
Index("account_by_unit", ACCOUNT.c.unit, ACCOUNT.c.id)

TRANSFER: Final = Table(
    "transfer",
    metadata,
    # The order in which transfers became true, the same for all of one account.
    Column("key", RowId, primary_key=True, autoincrement=True),
    # The asker's own id, by which a transfer that is sent twice is one.
    Column("id", Text, nullable=False),
    Column("step", Text, nullable=False),
    # Why it came about: ``record``, ``request``, ``paper``, ``reversal``, ``ring`` ...
    Column("kind", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("debit_account", Text, nullable=False),
    Column("credit_account", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    # What the transfer adds to the pending and to the posted counter of both accounts.
    Column("reserved", BigInteger, nullable=False),
    Column("posted", BigInteger, nullable=False),
    # The hold that it posts or gives back.
    Column("pending_id", Text, ForeignKey("transfer.id")),
    # The transfer that it takes back.
    Column("reverses", Text, ForeignKey("transfer.id")),
    # Transfers that happen together or not at all, and how many they are.
    Column("group_id", Text),
    Column("group_size", Integer),
    Column("expires_at", Text),
    # What it was for: a category of purposes, of which care is one.
    Column("purpose", Text, nullable=False),
    # The ring, order or contract that it belongs to, or nothing.
    Column("agreement", Text, nullable=False, server_default=""),
    # The day of the work or the delivery, where it was said.
    Column("happened_on", Text, nullable=False, server_default=""),
    # Who entered it: a pseudonymous id.
    Column("actor", Text, nullable=False),
    Column("signature", Text, nullable=False, server_default=""),
    Column("at", Text, nullable=False),
    UniqueConstraint("id", name="transfer_once"),
    UniqueConstraint("pending_id", name="resolved_once"),
    UniqueConstraint("reverses", name="reversed_once"),
    # Both accounts are of the transfer's unit.
    ForeignKeyConstraint(
        ("debit_account", "unit"), ("account.id", "account.unit"), name="debit_of_unit"
    ),
    ForeignKeyConstraint(
        ("credit_account", "unit"), ("account.id", "account.unit"), name="credit_of_unit"
    ),
    CheckConstraint("amount > 0 AND amount <= 9007199254740991", name="amount_positive"),
    CheckConstraint("debit_account <> credit_account", name="two_accounts"),
    CheckConstraint(
        "(step = 'posted' AND reserved = 0 AND posted = amount)"
        " OR (step = 'pending' AND reserved = amount AND posted = 0)"
        " OR (step = 'post' AND reserved <= -amount AND posted = amount)"
        " OR (step IN ('void', 'expire') AND reserved = -amount AND posted = 0)",
        name="effects_of_step",
    ),
    CheckConstraint(
        "(step IN ('post', 'void', 'expire') AND pending_id IS NOT NULL)"
        " OR (step IN ('posted', 'pending') AND pending_id IS NULL)",
        name="resolves_a_hold",
    ),
    CheckConstraint("reverses IS NULL OR step = 'posted'", name="reversal_is_posted"),
    CheckConstraint("expires_at IS NULL OR step = 'pending'", name="holds_expire"),
    CheckConstraint(
        "(group_id IS NULL AND group_size IS NULL) OR (group_id IS NOT NULL AND group_size > 0)",
        name="group_has_size",
    ),
)
Index("transfer_by_debit", TRANSFER.c.debit_account, TRANSFER.c.key)
Index("transfer_by_credit", TRANSFER.c.credit_account, TRANSFER.c.key)
Index(
    "transfer_by_group",
    TRANSFER.c.group_id,
    TRANSFER.c.key,
    sqlite_where=TRANSFER.c.group_id.is_not(None),
    postgresql_where=TRANSFER.c.group_id.is_not(None),
)
Index(
    "transfer_by_agreement",
    TRANSFER.c.agreement,
    TRANSFER.c.key,
    sqlite_where=TRANSFER.c.agreement != "",
    postgresql_where=TRANSFER.c.agreement != "",
)

TRANSFER_NOTE: Final = Table(
    "transfer_note",
    metadata,
    # What people wrote of a transfer lies apart: it may have to be forgotten, the transfer not.
    Column("transfer", Text, ForeignKey("transfer.id"), primary_key=True),
    Column("note", Text, nullable=False),
)

OPEN_HOLD: Final = Table(
    "open_hold",
    metadata,
    # Holds that nothing has resolved yet; the same triggers write and delete them.
    Column("transfer", Text, ForeignKey("transfer.id"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("group_id", Text),
    Column("expires_at", Text),
)
Index("open_hold_by_expiry", OPEN_HOLD.c.expires_at)

TRANSFER_REQUEST: Final = Table(
    "transfer_request",
    metadata,
    Column("key", RowId, primary_key=True, autoincrement=True),
    # It becomes the id of the transfer when the payer confirms.
    Column("id", Text, nullable=False, unique=True),
    Column("unit", Text, nullable=False),
    Column("payer_account", Text, ForeignKey("account.id"), nullable=False),
    Column("payee_account", Text, ForeignKey("account.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("agreement", Text, nullable=False, server_default=""),
    Column("happened_on", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    # ``asked``, ``confirmed``, ``declined``, ``withdrawn`` or ``expired``.
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("decided_at", Text, nullable=False, server_default=""),
    CheckConstraint("amount > 0 AND amount <= 9007199254740991", name="asked_amount_positive"),
    CheckConstraint("payer_account <> payee_account", name="asked_of_another"),
    CheckConstraint(
        "state IN ('asked', 'confirmed', 'declined', 'withdrawn', 'expired')",
        name="request_state",
    ),
)
Index("request_by_payer", TRANSFER_REQUEST.c.payer_account, TRANSFER_REQUEST.c.key)
Index("request_by_payee", TRANSFER_REQUEST.c.payee_account, TRANSFER_REQUEST.c.key)
Index(
    "request_by_expiry",
    TRANSFER_REQUEST.c.expires_at,
    sqlite_where=TRANSFER_REQUEST.c.state == "asked",
    postgresql_where=TRANSFER_REQUEST.c.state == "asked",
)

install(account=ACCOUNT, transfer=TRANSFER)
