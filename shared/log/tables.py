"""How the log lies in a service's database; every service has these tables in its own MetaData.

Columns hold integers, text and bytes only, so that hot statements need no type conversion.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

RowId: Final = BigInteger().with_variant(Integer, "sqlite")


def storable(text: str, most: int) -> str:
    """Return the beginning of any text as both databases take it.

    PostgreSQL refuses the character NUL, and halves of surrogate pairs are no UTF-8: what others
    have sent may hold either, and a page must not fail for want of a place to say why.
    """
    return text[:most].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class LogTables:
    """The tables of the outbox, the pages and the inbox.

    Args:
        metadata: the service's own MetaData, to which the tables are added.
    """

    def __init__(self, metadata: MetaData) -> None:
        self.metadata = metadata
        self.outbox = Table(
            "outbox",
            metadata,
            Column("position", RowId, primary_key=True, autoincrement=True),
            Column("event_id", Text, nullable=False, unique=True),
            Column("log", Text, nullable=False),
            Column("body", LargeBinary, nullable=False),
        )
        # One row per log, locked while a page is sealed: this gives dense numbers.
        self.log_head = Table(
            "log_head",
            metadata,
            Column("log", Text, primary_key=True),
            Column("epoch", Integer, nullable=False),
            Column("number", BigInteger, nullable=False),
            Column("hash", Text, nullable=False),
            Column("receipt_epoch", Integer, nullable=False, server_default="0"),
            Column("receipt_number", BigInteger, nullable=False, server_default="0"),
        )
        self.pages = Table(
            "pages",
            metadata,
            Column("log", Text, primary_key=True),
            Column("epoch", Integer, primary_key=True),
            Column("number", BigInteger, primary_key=True),
            Column("bytes", LargeBinary, nullable=False),
            Column("sha256", Text, nullable=False),
            Column("signature", Text, nullable=False),
            Column("certificate", Text, nullable=False),
            Column("sealed_at", Text, nullable=False),
        )
        self.peer_log = Table(
            "peer_log",
            metadata,
            Column("node", Text, primary_key=True),
            Column("service", Text, primary_key=True),
            Column("log", Text, primary_key=True),
            Column("epoch", Integer, nullable=False),
            Column("number", BigInteger, nullable=False),
            Column("hash", Text, nullable=False),
            Column("state", Text, nullable=False),
            Column("reason", Text, nullable=False, server_default=""),
            Column("applied_at", Text, nullable=False, server_default=""),
        )
        # Applied pages of other logs: evidence against a second history, and a source for repair.
        self.peer_pages = Table(
            "peer_pages",
            metadata,
            Column("node", Text, primary_key=True),
            Column("service", Text, primary_key=True),
            Column("log", Text, primary_key=True),
            Column("epoch", Integer, primary_key=True),
            Column("number", BigInteger, primary_key=True),
            Column("bytes", LargeBinary, nullable=False),
            Column("sha256", Text, nullable=False),
            Column("signature", Text, nullable=False),
            Column("certificate", Text, nullable=False),
        )
        self.inbox_cursor = Table(
            "inbox_cursor",
            metadata,
            Column("stream", Text, primary_key=True),
            Column("created", Text, nullable=False),
            Column("seq", BigInteger, nullable=False),
        )
        self.held_page = Table(
            "held_page",
            metadata,
            Column("node", Text, primary_key=True),
            Column("service", Text, primary_key=True),
            Column("log", Text, primary_key=True),
            Column("epoch", Integer, primary_key=True),
            Column("number", BigInteger, primary_key=True),
            Column("sha256", Text, primary_key=True),
            Column("bytes", LargeBinary, nullable=False),
            Column("signature", Text, nullable=False),
            Column("certificate", Text, nullable=False),
            Column("reason", Text, nullable=False),
        )
        self.quarantine = Table(
            "quarantine",
            metadata,
            Column("id", RowId, primary_key=True, autoincrement=True),
            Column("node", Text, nullable=False),
            Column("service", Text, nullable=False),
            Column("log", Text, nullable=False),
            Column("epoch", Integer, nullable=False),
            Column("number", BigInteger, nullable=False),
            Column("reason", Text, nullable=False),
            Column("detail", Text, nullable=False),
            Column("bytes", LargeBinary, nullable=False),
            Column("signature", Text, nullable=False),
            Column("certificate", Text, nullable=False),
            Column("at", Text, nullable=False),
            # A page that comes again is one piece of evidence, however often it comes.
            UniqueConstraint("node", "service", "log", "epoch", "number", "signature", "reason"),
        )
        self.refusal_count = Table(
            "refusal_count",
            metadata,
            Column("node", Text, primary_key=True),
            Column("reason", Text, primary_key=True),
            Column("count", BigInteger, nullable=False),
        )
        # Events that this release cannot read; tried again when another release starts.
        self.set_aside = Table(
            "set_aside",
            metadata,
            Column("node", Text, primary_key=True),
            Column("service", Text, primary_key=True),
            Column("log", Text, primary_key=True),
            Column("epoch", Integer, primary_key=True),
            Column("number", BigInteger, primary_key=True),
            Column("place", Integer, primary_key=True),
            Column("type", Text, nullable=False),
            Column("reason", Text, nullable=False),
            Column("detail", Text, nullable=False),
            Column("body", LargeBinary, nullable=False),
            Column("release", Text, nullable=False),
        )
        self.known_node = Table(
            "known_node",
            metadata,
            Column("node", Text, primary_key=True),
            Column("continent", Text, nullable=False),
            Column("root_key", Text, nullable=False),
            Column("level", Text, nullable=False),
            Column("admitted_by", Text, nullable=False),
            Column("standing", Text, nullable=False),
            Column("cause", Text, nullable=False, server_default=""),
            # The last pages that count when a node has been cut, as canonical JSON by service.
            Column("last_pages", Text, nullable=False, server_default="{}"),
            Column("revision", BigInteger, nullable=False, server_default="0"),
        )
        self.letter_key = Table(
            "letter_key",
            metadata,
            Column("node", Text, primary_key=True),
            Column("service", Text, primary_key=True),
            Column("key", Text, primary_key=True),
            Column("number", Integer, nullable=False),
        )
        # Where other nodes say that their logs stand: the watch against silent stalls.
        self.announced_head = Table(
            "announced_head",
            metadata,
            Column("node", Text, primary_key=True),
            Column("service", Text, primary_key=True),
            Column("epoch", Integer, nullable=False),
            Column("number", BigInteger, nullable=False),
            Column("hash", Text, nullable=False),
            Column("revision", BigInteger, nullable=False),
            Column("at", Text, nullable=False),
        )
        # Own pages that the world had not seen when the log was reopened, and what became of them.
        self.left_behind = Table(
            "left_behind",
            metadata,
            Column("event_id", Text, primary_key=True),
            Column("log", Text, nullable=False),
            Column("epoch", Integer, nullable=False),
            Column("number", BigInteger, nullable=False),
            Column("type", Text, nullable=False),
            Column("subject", Text, nullable=False),
            Column("outcome", Text, nullable=False),
        )
        # For which restore each log has been reopened, so that it happens once for each.
        self.reopened_for = Table(
            "reopened_for",
            metadata,
            Column("log", Text, primary_key=True),
            Column("cause", Text, primary_key=True),
        )
        self.answered = Table(
            "answered",
            metadata,
            Column("caller", Text, primary_key=True),
            Column("operation", Text, primary_key=True),
            Column("key", Text, primary_key=True),
            Column("request", Text, nullable=False),
            Column("status", Integer, nullable=False),
            Column("body", LargeBinary, nullable=False),
            Column("headers", Text, nullable=False),
            Column("at", Text, nullable=False),
        )
        Index("held_by_reason", self.held_page.c.reason)
