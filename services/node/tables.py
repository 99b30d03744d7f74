"""How the node service's own things lie in its database.

Moments are text as ``shared.clock.stamp`` writes it, or whole seconds where another standard counts
so (the ends of tokens and credentials).
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

from shared.log.tables import LogTables, RowId
from shared.revocations import revocation_table

METADATA: Final = MetaData()
LOG: Final = LogTables(METADATA)
REVOKED: Final = revocation_table(METADATA)

# What the root key has signed: one statement for each epoch of each log, so that none is signed
# twice with another content.
reopening = Table(
    "reopening",
    METADATA,
    Column("service", Text, primary_key=True),
    Column("log", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("statement", Text, nullable=False),
    Column("at", Text, nullable=False),
)

# What the nodes of the federation say of themselves, as canonical JSON.
description = Table(
    "description",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Text, nullable=False),
)

# What has happened in the federation, newest last, for people to read; a bounded number of rows.
happening = Table(
    "happening",
    METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("what", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
)

# Requests to join this hub, one for each root key; the last one that it signed counts.
joining = Table(
    "joining",
    METADATA,
    Column("root_key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False, unique=True),
    Column("node", Text, nullable=False),
    Column("continent", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("leaf_key", Text, nullable=False),
    Column("names", Text, nullable=False),
    Column("services", Text, nullable=False),
    Column("epochs", Text, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text, nullable=False, server_default=""),
)
Index("joining_by_node", joining.c.node)

# The leaf credentials of the nodes below this hub: the newest of each.
credential = Table(
    "credential",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("leaf_key", Text, nullable=False),
    Column("user_jwt", Text, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    # The epochs of the member's logs for which it was issued, as canonical JSON by service.
    Column("epochs", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

# The credential that this node's own hub has renewed last.
renewal = Table(
    "renewal",
    METADATA,
    Column("hub", Text, primary_key=True),
    Column("user_jwt", Text, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

act = Table(
    "act",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("closed_at", Text, nullable=False, server_default=""),
    # When it ends by itself, and how the node stood before it, as canonical JSON: an emergency.
    Column("ends_at", Text, nullable=False, server_default=""),
    Column("stood_before", Text, nullable=False, server_default=""),
    # The hub to which the node may go.
    Column("to_hub", Text, nullable=False, server_default=""),
)
Index("act_by_state", act.c.state, act.c.id)

# Who has spoken for an act; a person's second word is the same word.
act_voice = Table(
    "act_voice",
    METADATA,
    Column("act", Text, ForeignKey("act.id"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("at", Text, nullable=False),
)

# What associations have decided of nodes, as the governance of this node tells it: the newest of
# each, and what this hub did about it.
decided = Table(
    "decided",
    METADATA,
    Column("association", Text, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("root_key", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("heard_at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("acted_at", Text, nullable=False, server_default=""),
    Column("ends_at", Text, nullable=False, server_default=""),
)
Index("decided_by_root_key", decided.c.root_key)

# The associations that have adopted a charter, as the governance of this node tells it.
charter = Table(
    "charter",
    METADATA,
    Column("association", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("heard_at", Text, nullable=False),
)

# What was told of membership and has no effect here, counted by who told it and why not.
unheeded = Table(
    "unheeded",
    METADATA,
    Column("origin", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_at", Text, nullable=False),
)

# On whose word the hub of each node has acted on it last, and why.
peer_decision = Table(
    "peer_decision",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("by_hub", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Text, nullable=False),
)

# The hubs that have let a node go to another one, each with its newest word.
peer_release = Table(
    "peer_release",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("by_hub", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

# The tokens that were issued here: what they say, and never the tokens themselves.
token = Table(
    "token",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("bearer", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("claims", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("revoked_at", Text, nullable=False, server_default=""),
)
