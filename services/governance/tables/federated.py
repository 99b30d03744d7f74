"""How ballots between networks lie in the database: the facts, and what this network keeps itself.

The facts are the truth: what a ballot has come to is made from them again at any time. A fact
stays as it was told; only with the whole log of who told it, which is about to be told anew, it
goes. The columns hold integers and text only.
"""

from typing import Any, Final

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    event,
)

from services.governance.tables.base import metadata

STAYS: Final = "federated_fact_stays"

FACT: Final = Table(
    "federated_fact",
    metadata,
    # The SHA-256 of teller, kind and data: what is told twice is one fact.
    Column("key", Text, primary_key=True),
    # The ballot, or the association, that it is about.
    Column("about", Text, nullable=False),
    Column("teller", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # The version of its contract, and its data as canonical JSON, with what we do not know.
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    # Where it was told first; epoch 0 where it is our own and lay in no page yet.
    Column("event_id", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("arrived_at", Text, nullable=False),
)
Index("federated_fact_about", FACT.c.about, FACT.c.key)
Index("federated_fact_of", FACT.c.teller, FACT.c.key)

FEDERATED: Final = Table(
    "federated_ballot",
    metadata,
    # What lists show of a ballot and when the keeper looks at it; all of it is made from facts.
    Column("id", Text, primary_key=True),
    # 1 where something was told that the keeper has not looked at.
    Column("changed", Integer, nullable=False),
    # When time alone changes something again; empty where it does not.
    Column("next_at", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False, server_default="draft"),
    Column("association", Text, nullable=False, server_default=""),
    Column("matter", Text, nullable=False, server_default=""),
    Column("convener", Text, nullable=False, server_default=""),
    # Another ballot whose facts belong to it.
    Column("follows", Text, nullable=False, server_default=""),
    Column("opens_at", Text, nullable=False, server_default=""),
    Column("closes_at", Text, nullable=False, server_default=""),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("outcome_hash", Text, nullable=False, server_default=""),
    # What waits for people of this network, as JSON.
    Column("waits", Text, nullable=False, server_default="[]"),
    CheckConstraint("changed IN (0, 1)", name="federated_changed"),
)
Index("federated_changed_first", FEDERATED.c.changed, FEDERATED.c.id)
Index(
    "federated_due",
    FEDERATED.c.next_at,
    sqlite_where=FEDERATED.c.next_at != "",
    postgresql_where=FEDERATED.c.next_at != "",
)
Index("federated_of", FEDERATED.c.association, FEDERATED.c.id)
Index("federated_after", FEDERATED.c.follows)

LEG: Final = Table(
    "federated_leg",
    metadata,
    # Our own part: for each epoch of the roll the ballot of this node under which it was frozen,
    # and in which the members vote.
    Column("ballot", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("local_ballot", Text, nullable=False, unique=True),
    Column("root", Text, nullable=False),
    Column("size", Integer, nullable=False),
    # ``rolled``, ``open`` or ``closed``: whether the ballot of this node was opened.
    Column("state", Text, nullable=False),
    Column("closes_at", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("ballot", "network", "epoch"),
    CheckConstraint("state IN ('rolled', 'open', 'closed')", name="federated_leg_state"),
)
Index("federated_leg_open", LEG.c.state, LEG.c.closes_at)

PENDING: Final = Table(
    "federated_pending",
    metadata,
    # Our own seal and its nonce, from the close until it is shown.
    Column("ballot", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("commitment", Text, nullable=False),
    # The seal, its nonce, its chunks of classes, and the paper behind it, as canonical JSON.
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("ballot", "network"),
)

WORDS: Final = Table(
    "federated_words",
    metadata,
    # Texts that were told for everybody to read, by the hash by which facts name them.
    Column("hash", Text, primary_key=True),
    Column("teller", Text, primary_key=True),
    Column("association", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", Text, nullable=False),
)
Index("federated_words_of", WORDS.c.teller)

KEY: Final = Table(
    "federated_key",
    metadata,
    # The keys by which this network itself has signed; those of others stand with their pages.
    Column("node", Text, nullable=False),
    Column("key", Text, nullable=False),
    PrimaryKeyConstraint("node", "key"),
)

_RAISE: Final = (
    f"RAISE EXCEPTION '{STAYS}' USING ERRCODE = 'check_violation', CONSTRAINT = '{STAYS}';"
)
_STATEMENTS: Final = {
    "sqlite": (
        f"CREATE TRIGGER {STAYS}_update BEFORE UPDATE ON federated_fact"
        f" BEGIN SELECT RAISE(ABORT, '{STAYS}'); END",
    ),
    "postgresql": (
        f"CREATE OR REPLACE FUNCTION {STAYS}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {_RAISE} END $$",
        f"CREATE TRIGGER {STAYS} BEFORE UPDATE ON federated_fact"
        f" FOR EACH ROW EXECUTE FUNCTION {STAYS}()",
    ),
}
for _dialect, _those in _STATEMENTS.items():
    for _statement in _those:
        _made: Any = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
        event.listen(FACT, "after_create", _made.execute_if(dialect=_dialect))
