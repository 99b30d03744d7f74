"""How the directory lies in its database: entities of all nodes, what is kept at home, the search.

The columns of hot tables hold integers, text and bytes only. The search tables hold the tokens that
``shared.text`` makes, so that both databases find the same: SQLite by FTS5 over the
ordinary table ``search``, PostgreSQL by GIN over the same columns as ``tsvector``.
"""

from typing import Any, Final

from sqlalchemy import DDL, BigInteger, Column, Index, Integer, MetaData, Table, Text, event
from sqlalchemy.dialects.postgresql import TSVECTOR

from services.directory.register_tables import RegisterTables
from shared.log.tables import LogTables, RowId
from shared.revocations import revocation_table

HEAD: Final = "0002"
"""The newest revision of the migrations."""

metadata: Final = MetaData()
LOG: Final = LogTables(metadata)
REVOKED: Final = revocation_table(metadata)
REGISTER: Final = RegisterTables(metadata)

_Tokens: Final = Text().with_variant(TSVECTOR(), "postgresql")

ENTITY: Final = Table(
    "entity",
    metadata,
    # Lists are in the order of arrival, which is the order of the keys.
    Column("key", RowId, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("origin", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    # A tombstone keeps its id and revision for ever, and nothing else.
    Column("withdrawn", Integer, nullable=False),
    # An own entity that the federation does not know of.
    Column("network_only", Integer, nullable=False),
    # 0 from each change until the search has followed.
    Column("indexed", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("lat", Integer),
    Column("lon", Integer),
    Column("practice", Text, nullable=False),
    # The public profile as canonical JSON.
    Column("profile", Text, nullable=False),
    Column("listed_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
)
Index(
    "entity_to_index",
    ENTITY.c.key,
    sqlite_where=ENTITY.c.indexed == 0,
    postgresql_where=ENTITY.c.indexed == 0,
)
# Counting by origin reads this index alone.
Index(
    "entity_by_origin",
    ENTITY.c.origin,
    ENTITY.c.withdrawn,
    ENTITY.c.network_only,
    ENTITY.c.key,
)
Index("entity_by_country", ENTITY.c.country, ENTITY.c.key)
Index("entity_by_place", ENTITY.c.lat, ENTITY.c.lon)

AT_HOME: Final = Table(
    "at_home",
    metadata,
    # By the id and not by the key: it outlives a row that is forgotten and taken in again.
    Column("id", Text, primary_key=True),
    # The fields in which the profile at home differs from the public one, as canonical JSON.
    Column("private", Text, nullable=False),
)

TERM: Final = Table(
    "entity_term",
    metadata,
    Column("term", Text, primary_key=True),
    Column("entity", RowId, primary_key=True, autoincrement=False),
)
Index("entity_term_by_entity", TERM.c.entity)

SEARCH: Final = Table(
    "search",
    metadata,
    Column("entity", RowId, primary_key=True, autoincrement=False),
    Column("name", _Tokens, nullable=False),
    # Places, tags and the words of the practices and activities.
    Column("near", _Tokens, nullable=False),
    # Summaries, descriptions, missions.
    Column("rest", _Tokens, nullable=False),
)
TOKEN_COLUMNS: Final = ("name", "near", "rest")

IMPORTED: Final = Table(
    "imported",
    metadata,
    Column("source", Text, primary_key=True),
    Column("source_key", Text, primary_key=True),
    Column("entity_id", Text, nullable=False),
    # What the list said last time, as canonical JSON, contacts by their hashes only: of the next
    # edition that is taken over which says something else. Empty once the entity is withdrawn.
    Column("said", Text, nullable=False),
)
Index("imported_by_entity", IMPORTED.c.entity_id)

IMPORT_RUN: Final = Table(
    "import_run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    # The account of the whole, as JSON, once it has ended.
    Column("report", Text, nullable=False),
)

IMPORT_ROW: Final = Table(
    "import_row",
    metadata,
    Column("run", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("line", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("entity_id", Text, nullable=False),
    Column("issues", Text, nullable=False),
)

# The tokens are made of letters and digits beyond ASCII, which this tokenizer keeps as they are and
# in one piece whatever Unicode's version. Nothing asks for phrases or ranks by frequency, so FTS5
# keeps neither positions nor lengths.
_FTS: Final = (
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
_GIN: Final = tuple(
    f"CREATE INDEX search_by_{column} ON search USING gin ({column})" for column in TOKEN_COLUMNS
)
for _dialect, _statements in (("sqlite", _FTS), ("postgresql", _GIN)):
    for _statement in _statements:
        _made = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        event.listen(SEARCH, "after_create", _made.execute_if(dialect=_dialect))


def is_common(name: str | None, kind: str, _parents: Any) -> bool:
    """Return whether a name in a database is of both kinds of database, not of one's search only.

    It is what Alembic takes as ``include_name`` when it compares a database with these tables.
    """
    own = {"table": "search_fts", "index": "search_by_"}.get(kind)
    return own is None or name is None or not name.startswith(own)
