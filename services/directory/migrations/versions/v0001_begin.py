"""The directory's first tables, and those of the log.

It makes new tables only, so it takes no lock that anybody waits for.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

_TOKENS = sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql")
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_FTS = (
    """
    CREATE VIRTUAL TABLE search_fts USING fts5(
        name, near, rest, content='search', content_rowid='entity',
        tokenize='ascii', prefix='2 3', detail='column', columnsize=0
    )
    """,
    """
    CREATE TRIGGER search_added AFTER INSERT ON search BEGIN
        INSERT INTO search_fts(rowid, name, near, rest)
        VALUES (new.entity, new.name, new.near, new.rest);
    END
    """,
    """
    CREATE TRIGGER search_removed AFTER DELETE ON search BEGIN
        INSERT INTO search_fts(search_fts, rowid, name, near, rest)
        VALUES ('delete', old.entity, old.name, old.near, old.rest);
    END
    """,
    """
    CREATE TRIGGER search_changed AFTER UPDATE ON search BEGIN
        INSERT INTO search_fts(search_fts, rowid, name, near, rest)
        VALUES ('delete', old.entity, old.name, old.near, old.rest);
        INSERT INTO search_fts(rowid, name, near, rest)
        VALUES (new.entity, new.name, new.near, new.rest);
    END
    """,
)
_GIN = (
    "CREATE INDEX search_by_name ON search USING gin (name)",
    "CREATE INDEX search_by_near ON search USING gin (near)",
    "CREATE INDEX search_by_rest ON search USING gin (rest)",
)


def upgrade() -> None:
    """Make the tables."""
    _make_log()
    _make_inbox()
    _make_trust()
    _make_entities()
    _make_search()
    _make_imports()


def downgrade() -> None:
    """Refuse: nothing comes before the beginning."""
    raise RuntimeError("nothing comes before the first tables")


def _make_log() -> None:
    op.create_table(
        "outbox",
        _numbered("position"),
        *_texts("event_id", "log"),
        _bytes("body"),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_table(
        "log_head",
        *_texts("log"),
        _integer("epoch"),
        _long("number"),
        *_texts("hash"),
        _integer("receipt_epoch", server_default="0"),
        _long("receipt_number", server_default="0"),
        sa.PrimaryKeyConstraint("log"),
    )
    op.create_table(
        "pages",
        *_texts("log"),
        _integer("epoch"),
        _long("number"),
        _bytes("bytes"),
        *_texts("sha256", "signature", "certificate", "sealed_at"),
        sa.PrimaryKeyConstraint("log", "epoch", "number"),
    )
    op.create_table(
        "left_behind",
        *_texts("event_id", "log"),
        _integer("epoch"),
        _long("number"),
        *_texts("type", "subject", "outcome"),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_table(
        "reopened_for",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log", "cause"),
    )
    op.create_table(
        "answered",
        *_texts("caller", "operation", "key", "request"),
        _integer("status"),
        _bytes("body"),
        *_texts("headers", "at"),
        sa.PrimaryKeyConstraint("caller", "operation", "key"),
    )


def _make_inbox() -> None:
    op.create_table(
        "inbox_cursor",
        *_texts("stream", "created"),
        _long("seq"),
        sa.PrimaryKeyConstraint("stream"),
    )
    op.create_table(
        "peer_log",
        *_texts("node", "service", "log"),
        _integer("epoch"),
        _long("number"),
        *_texts("hash", "state"),
        _text("reason", server_default=""),
        _text("applied_at", server_default=""),
        sa.PrimaryKeyConstraint("node", "service", "log"),
    )
    for name, further in (("peer_pages", ()), ("held_page", ("reason",))):
        own_key = ("sha256",) if name == "held_page" else ()
        op.create_table(
            name,
            *_texts("node", "service", "log"),
            _integer("epoch"),
            _long("number"),
            _bytes("bytes"),
            *_texts("sha256", "signature", "certificate", *further),
            sa.PrimaryKeyConstraint("node", "service", "log", "epoch", "number", *own_key),
        )
    op.create_index("held_by_reason", "held_page", ["reason"])
    op.create_table(
        "quarantine",
        _numbered("id"),
        *_texts("node", "service", "log"),
        _integer("epoch"),
        _long("number"),
        *_texts("reason", "detail"),
        _bytes("bytes"),
        *_texts("signature", "certificate", "at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("node", "service", "log", "epoch", "number", "signature", "reason"),
    )
    op.create_table(
        "refusal_count",
        *_texts("node", "reason"),
        _long("count"),
        sa.PrimaryKeyConstraint("node", "reason"),
    )
    op.create_table(
        "set_aside",
        *_texts("node", "service", "log"),
        _integer("epoch"),
        _long("number"),
        _integer("place"),
        *_texts("type", "reason", "detail"),
        _bytes("body"),
        *_texts("release"),
        sa.PrimaryKeyConstraint("node", "service", "log", "epoch", "number", "place"),
    )


def _make_trust() -> None:
    op.create_table(
        "known_node",
        *_texts("node", "continent", "root_key", "level", "admitted_by", "standing"),
        _text("cause", server_default=""),
        _text("last_pages", server_default="{}"),
        _long("revision", server_default="0"),
        sa.PrimaryKeyConstraint("node"),
    )
    op.create_table(
        "letter_key",
        *_texts("node", "service", "key"),
        _integer("number"),
        sa.PrimaryKeyConstraint("node", "service", "key"),
    )
    op.create_table(
        "announced_head",
        *_texts("node", "service"),
        _integer("epoch"),
        _long("number"),
        *_texts("hash"),
        _long("revision"),
        *_texts("at"),
        sa.PrimaryKeyConstraint("node", "service"),
    )
    op.create_table(
        "revoked_token",
        *_texts("token_id"),
        _long("expires"),
        sa.PrimaryKeyConstraint("token_id"),
    )


def _make_entities() -> None:
    op.create_table(
        "entity",
        _numbered("key"),
        *_texts("id", "origin"),
        _long("revision"),
        *(_integer(name) for name in ("withdrawn", "network_only", "indexed")),
        *_texts("name", "country"),
        sa.Column("lat", sa.Integer(), nullable=True),
        sa.Column("lon", sa.Integer(), nullable=True),
        *_texts("practice", "profile", "listed_at", "changed_at"),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("id"),
    )
    marked = sa.text("indexed = 0")
    op.create_index(
        "entity_to_index", "entity", ["key"], sqlite_where=marked, postgresql_where=marked
    )
    op.create_index("entity_by_origin", "entity", ["origin", "withdrawn", "network_only", "key"])
    op.create_index("entity_by_country", "entity", ["country", "key"])
    op.create_index("entity_by_place", "entity", ["lat", "lon"])
    op.create_table("at_home", *_texts("id", "private"), sa.PrimaryKeyConstraint("id"))


def _make_search() -> None:
    op.create_table(
        "entity_term",
        *_texts("term"),
        sa.Column("entity", _ROW_ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("term", "entity"),
    )
    op.create_index("entity_term_by_entity", "entity_term", ["entity"])
    op.create_table(
        "search",
        sa.Column("entity", _ROW_ID, autoincrement=False, nullable=False),
        *(sa.Column(name, _TOKENS, nullable=False) for name in ("name", "near", "rest")),
        sa.PrimaryKeyConstraint("entity"),
    )
    for statement in _FTS if op.get_bind().dialect.name == "sqlite" else _GIN:
        op.execute(statement)


def _make_imports() -> None:
    op.create_table(
        "imported",
        *_texts("source", "source_key", "entity_id", "said"),
        sa.PrimaryKeyConstraint("source", "source_key"),
    )
    op.create_index("imported_by_entity", "imported", ["entity_id"])
    op.create_table(
        "import_run",
        *_texts("id", "source", "asked_by", "state", "started_at", "ended_at"),
        _integer("rows"),
        _integer("done"),
        *_texts("report"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "import_row",
        *_texts("run"),
        _integer("place"),
        _integer("line"),
        *_texts("outcome", "entity_id", "issues"),
        sa.PrimaryKeyConstraint("run", "place"),
    )


def _text(name: str, **given: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, **given)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [_text(name) for name in names]


def _integer(name: str, **given: Any) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, **given)


def _long(name: str, **given: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, **given)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _numbered(name: str) -> sa.Column[int]:
    return sa.Column(name, _ROW_ID, autoincrement=True, nullable=False)
