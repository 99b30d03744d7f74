"""How decisions lie in the database: the steps that were taken, for good, and lists of them.

The steps are the truth. The other tables can be made from them again at any time; they are there
so that lists need not read every step. The columns hold integers and text only.
"""

from typing import Any, Final

from sqlalchemy import DDL, Column, Index, Integer, PrimaryKeyConstraint, Table, Text, event

from services.governance.tables.base import metadata

FOLLOWS: Final = "step_follows"
STAYS: Final = "step_stays"

STEP: Final = Table(
    "step",
    metadata,
    Column("decision", Text, nullable=False),
    # From 1 without a gap. That a number stands once is what keeps two writers apart.
    Column("number", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("at", Text, nullable=False),
    # Canonical JSON.
    Column("body", Text, nullable=False),
    # The hash of the step before, and the one over that and this step.
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("decision", "number"),
)

DECISION: Final = Table(
    "decision",
    metadata,
    Column("id", Text, primary_key=True),
    # How many steps it has, and the hash of the last one.
    Column("steps", Integer, nullable=False),
    Column("head", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("proposer", Text, nullable=False),
    # By language, JSON.
    Column("titles", Text, nullable=False),
    Column("opens_at", Text, nullable=False),
    Column("closes_at", Text, nullable=False),
    # Until when what was adopted has to be done; empty where nothing is awaited.
    Column("deadline", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    # When the keeper looks at it again; empty where the time changes nothing.
    Column("next_at", Text, nullable=False),
    Column("begun_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
)
Index("decision_of_phase", DECISION.c.phase, DECISION.c.id)
Index(
    "decision_due",
    DECISION.c.next_at,
    sqlite_where=DECISION.c.next_at != "",
    postgresql_where=DECISION.c.next_at != "",
)

NEED: Final = Table(
    "decision_need",
    metadata,
    Column("decision", Text, nullable=False),
    # ``p:<person>``, ``e:<entity>``, or a group: keepers, judges, members, voters.
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("due", Text, nullable=False),
    PrimaryKeyConstraint("decision", "who", "what", "due"),
)
Index("decision_need_of", NEED.c.who, NEED.c.decision)

OBJECTION: Final = Table(
    "decision_objection",
    metadata,
    # The public register: every objection of every decision, with what became of it.
    Column("decision", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("raised_at", Text, nullable=False),
    Column("due_at", Text, nullable=False),
    # Empty until it is answered.
    Column("answered_at", Text, nullable=False),
    # By whom, in which language, what, and what was answered; JSON.
    Column("said", Text, nullable=False),
    PrimaryKeyConstraint("decision", "number"),
)
Index("decision_objection_raised", OBJECTION.c.raised_at, OBJECTION.c.decision, OBJECTION.c.number)

TELLING: Final = Table(
    "decision_telling",
    metadata,
    # Of what all voters of a decision are still to be told, and up to where they have been.
    Column("decision", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("after", Text, nullable=False),
    PrimaryKeyConstraint("decision", "what"),
)

_FOLLOWS_THE_LAST: Final = """
    (new.number = 1 AND new.previous =
        '0000000000000000000000000000000000000000000000000000000000000000')
    OR (new.number > 1 AND EXISTS (
        SELECT 1 FROM step s
        WHERE s.decision = new.decision AND s.number = new.number - 1 AND s.hash = new.previous
    ))
"""
"""A step has the number after the last one's and names its hash, so that the chain has no gap."""


def _sqlite(name: str, when: str, condition: str = "") -> str:
    guarded = f"WHEN {condition}" if condition else ""
    trigger = f"{name}_{when[:6].lower()}"
    return (
        f"CREATE TRIGGER {trigger} BEFORE {when} ON step {guarded}"
        f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
    )


def _raise(name: str) -> str:
    return f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"


def _function(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} END $$"
    )


_SQLITE: Final = (
    _sqlite(FOLLOWS, "INSERT", f"NOT ({_FOLLOWS_THE_LAST})"),
    _sqlite(STAYS, "UPDATE"),
    _sqlite(STAYS, "DELETE"),
)
_POSTGRESQL: Final = (
    _function(FOLLOWS, f"IF NOT ({_FOLLOWS_THE_LAST}) THEN {_raise(FOLLOWS)} END IF; RETURN new;"),
    f"CREATE TRIGGER {FOLLOWS} BEFORE INSERT ON step FOR EACH ROW EXECUTE FUNCTION {FOLLOWS}()",
    _function(STAYS, _raise(STAYS)),
    f"CREATE TRIGGER {STAYS} BEFORE UPDATE OR DELETE ON step"
    f" FOR EACH ROW EXECUTE FUNCTION {STAYS}()",
    f"CREATE TRIGGER {STAYS}_truncate BEFORE TRUNCATE ON step"
    f" FOR EACH STATEMENT EXECUTE FUNCTION {STAYS}()",
)

for _dialect, _statements in (("sqlite", _SQLITE), ("postgresql", _POSTGRESQL)):
    for _statement in _statements:
        _made: Any = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
        event.listen(STEP, "after_create", _made.execute_if(dialect=_dialect))
