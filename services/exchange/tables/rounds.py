"""How rounds of matching lie in the database: what was asked, how far it is, and how it went."""

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from services.exchange.tables.base import metadata

ROUND: Final = Table(
    "round",
    metadata,
    # ``<this node>:<uuid7>``.
    Column("id", Text, primary_key=True),
    # network, continent, world.
    Column("level", Text, nullable=False),
    # running, done, failed.
    Column("state", Text, nullable=False),
    # Who asked for it; empty where its time had come.
    Column("asked_by", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text, nullable=False),
    # What it does at the moment, with the worth and the bound so far, as JSON.
    Column("progress", Text, nullable=False),
    # The name of what stopped it, or empty.
    Column("failure", Text, nullable=False),
    Column("items", Integer, nullable=False),
    Column("proposed", Integer, nullable=False),
    # Figures and what was considered, as JSON; empty until it is done.
    Column("report", Text, nullable=False),
)
Index("round_by_state", ROUND.c.state, ROUND.c.level, ROUND.c.started_at)

ROUND_PROOF: Final = Table(
    "round_proof",
    metadata,
    Column("round", Text, primary_key=True),
    # ``problem`` and ``certificate`` as one JSON object, packed by zlib.
    Column("certificate", LargeBinary, nullable=False),
)

ROUND_MISSING: Final = Table(
    "round_missing",
    metadata,
    # An item that stayed unmatched in the last round of a level, in how many so far, and what
    # keeps the nearest arc from being one, as JSON.
    Column("item", Text, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("round", Text, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("missing", Text, nullable=False),
)
Index("round_missing_by_round", ROUND_MISSING.c.level, ROUND_MISSING.c.round)

AGREED_LINK: Final = Table(
    "agreed_link",
    metadata,
    # An own offer that its owner and that of an own want have agreed on: rounds keep to it.
    Column("offer", Text, primary_key=True),
    Column("want", Text, primary_key=True),
    # Whether each of the two sides has said so.
    Column("giver_agrees", Integer, nullable=False),
    Column("taker_agrees", Integer, nullable=False),
    Column("at", Text, nullable=False),
)
Index("agreed_link_by_want", AGREED_LINK.c.want)
