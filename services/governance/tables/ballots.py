"""How ballots lie in the database: who voted on one side, what was voted on the other.

The identity side (``ballot_issued``, ``paper_entry``, ``ballot_proxy``) knows voters and hours, and
no choice. The ballot side (``ballot_slip``, ``ballot_word``, ``paper_mark``, ``ballot_urn``) knows
choices or receipts, and neither voters nor times. What joins them is a key of each ballot, which
lies in ``ballot_key`` and is destroyed when the ballot closes; then all slips move into the urn at
once, in the order of their receipts. No table of the ballot side has row numbers on SQLite, so
nothing tells in which order ballots came in.
"""

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from services.governance.tables.ballot_triggers import install
from services.governance.tables.base import metadata

BALLOT: Final = Table(
    "ballot",
    metadata,
    # The id of the decision that it belongs to.
    Column("id", Text, primary_key=True),
    # The rule and the options as canonical JSON, fixed when the ballot opens.
    Column("rule", Text, nullable=False),
    Column("rule_hash", Text, nullable=False),
    Column("options", Text, nullable=False),
    # The hashes of the texts that were voted on, by language, as canonical JSON.
    Column("texts", Text, nullable=False),
    Column("opens_at", Text, nullable=False),
    Column("closes_at", Text, nullable=False),
    Column("roll_root", Text, nullable=False),
    Column("roll_size", Integer, nullable=False),
    # ``open`` or ``closed``; whether votes are taken is for the clock to say.
    Column("state", Text, nullable=False),
    Column("closed_at", Text, nullable=False, server_default=""),
    # What the count gave, as canonical JSON; empty until the ballot is closed.
    Column("result", Text, nullable=False, server_default=""),
    CheckConstraint("roll_size >= 0", name="roll_not_negative"),
    CheckConstraint(
        "(state = 'open' AND closed_at = '' AND result = '')"
        " OR (state = 'closed' AND closed_at <> '' AND result <> '')",
        name="closed_with_a_result",
    ),
)

BALLOT_KEY: Final = Table(
    "ballot_key",
    metadata,
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    Column("key", Text, nullable=False),
    sqlite_with_rowid=False,
)

BALLOT_ISSUED: Final = Table(
    "ballot_issued",
    metadata,
    # That somebody voted: once, however often the vote was changed.
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    Column("voter", Text, primary_key=True),
    # ``online``, ``paper``, ``phone``, ``proxy``, ``urn`` (a slip without a name), ``delegated``.
    Column("channel", Text, nullable=False),
    # The hour in which it was, never the minute.
    Column("hour", Text, nullable=False),
    CheckConstraint(
        "channel IN ('online', 'paper', 'phone', 'proxy', 'urn', 'delegated')",
        name="issued_channel",
    ),
    sqlite_with_rowid=False,
)

BALLOT_SLIP: Final = Table(
    "ballot_slip",
    metadata,
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    # A keyed hash of the voter, or of the number of a slip without a name.
    Column("slip_id", Text, primary_key=True),
    Column("nonce", Text, nullable=False),
    # The choice as canonical JSON.
    Column("choice", Text, nullable=False),
    # No receipt stands for two ballots.
    UniqueConstraint("ballot_id", "nonce", name="slip_nonce_once"),
    CheckConstraint("length(slip_id) = 64 AND length(nonce) = 64", name="slip_is_nameless"),
    sqlite_with_rowid=False,
)

BALLOT_WORD: Final = Table(
    "ballot_word",
    metadata,
    # Which receipt a request was answered with, so that one that comes late changes nothing.
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    # A keyed hash of the voter and the word for the request.
    Column("word_id", Text, primary_key=True),
    Column("receipt", Text, nullable=False),
    CheckConstraint("length(word_id) = 64", name="word_is_nameless"),
    sqlite_with_rowid=False,
)

BALLOT_URN: Final = Table(
    "ballot_urn",
    metadata,
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    # The place in the tree: slips are sorted by their receipts.
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("receipt", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("choice", Text, nullable=False),
    UniqueConstraint("ballot_id", "receipt", name="urn_receipt_once"),
    CheckConstraint("place >= 0", name="urn_place_from_zero"),
    sqlite_with_rowid=False,
)

ROLL_CALL: Final = Table(
    "roll_call",
    metadata,
    # Who voted what, where the rule says that votes are open; written at the close.
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    Column("voter", Text, primary_key=True),
    Column("choice", Text, nullable=False),
)

BALLOT_TELLER: Final = Table(
    "ballot_teller",
    metadata,
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("named_by", Text, nullable=False),
)

PAPER_ENTRY: Final = Table(
    "paper_entry",
    metadata,
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    # A voter (``p:``, ``e:``), or the number of a slip without a name (``s:``).
    Column("subject", Text, primary_key=True),
    # Who entered it.
    Column("teller", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    # ``waiting``, ``differs``, ``agreed``, ``spoilt``.
    Column("state", Text, nullable=False),
    CheckConstraint("channel IN ('paper', 'phone', 'urn')", name="entry_channel"),
    CheckConstraint("state IN ('waiting', 'differs', 'agreed', 'spoilt')", name="entry_state"),
    sqlite_with_rowid=False,
)
Index("paper_entry_by_state", PAPER_ENTRY.c.ballot_id, PAPER_ENTRY.c.state)

PAPER_MARK: Final = Table(
    "paper_mark",
    metadata,
    # What one teller read, until the other has read the same.
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    # A keyed hash of the subject and the teller.
    Column("mark_id", Text, primary_key=True),
    Column("choice", Text, nullable=False),
    CheckConstraint("length(mark_id) = 64", name="mark_is_nameless"),
    sqlite_with_rowid=False,
)

TELLER_NOTE: Final = Table(
    "teller_note",
    metadata,
    # A teller's word on an urn whose slips are not as many as the ticks.
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    Column("teller", Text, primary_key=True),
    Column("ticks", Integer, nullable=False),
    Column("slips", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Text, nullable=False),
)

BALLOT_PROXY: Final = Table(
    "ballot_proxy",
    metadata,
    # Who may cast for whom, as a teller has seen it in writing.
    Column("ballot_id", Text, ForeignKey("ballot.id"), primary_key=True),
    Column("giver", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("teller", Text, nullable=False),
    CheckConstraint("giver <> holder", name="proxy_for_another"),
)
Index("ballot_proxy_by_holder", BALLOT_PROXY.c.ballot_id, BALLOT_PROXY.c.holder)

DELEGATION: Final = Table(
    "delegation",
    metadata,
    Column("id", Text, primary_key=True),
    # The voter who gives, and the one who holds; a revocation is a moment.
    Column("giver", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("given_at", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("revoked_at", Text, nullable=False, server_default=""),
    CheckConstraint("giver <> holder", name="delegation_to_another"),
    CheckConstraint("given_at < until", name="delegation_ends"),
)
Index("delegation_by_giver", DELEGATION.c.giver, DELEGATION.c.id)
Index("delegation_by_holder", DELEGATION.c.holder, DELEGATION.c.id)
Index("delegation_by_scope", DELEGATION.c.scope, DELEGATION.c.id)

install(ballot=BALLOT, slip=BALLOT_SLIP, urn=BALLOT_URN, issued=BALLOT_ISSUED)
