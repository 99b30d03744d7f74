"""How offers and wants lie in the database, of all nodes, and what is known of who owns them.

The columns hold integers and text only. Of the words by which items are found there is one
ordinary table, so that both databases find the same.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
)

from services.exchange.tables.base import metadata
from shared.log.tables import RowId

ITEM: Final = Table(
    "item",
    metadata,
    # Lists are in the order of arrival, which is the order of the keys.
    Column("key", RowId, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("origin", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("side", Text, nullable=False),
    # draft, published, paused, fulfilled, expired, withdrawn. What other nodes have closed keeps
    # its id and revision for ever, and nothing else.
    Column("state", Text, nullable=False),
    # An own item that the federation does not know of.
    Column("network_only", Integer, nullable=False),
    # 1 while the federation knows it: only then is its closing told. 2 once it was told of that.
    Column("told", Integer, nullable=False),
    # 0 from each change until the words have followed.
    Column("indexed", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("category", Text, nullable=False),
    # The code of the network's own leaf below the category; empty where there is none.
    Column("own_category", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("lat", Integer),
    Column("lon", Integer),
    Column("radius_km", Integer),
    # mass, volume, count ...; the amount is in the measure's smallest part.
    Column("measure", Text, nullable=False),
    Column("base_amount", BigInteger),
    Column("value_unit", Text, nullable=False),
    # none, network, federation.
    Column("rings", Text, nullable=False),
    # Days, so that an empty text says "from now" and "for ever".
    Column("available_from", Text, nullable=False),
    Column("available_until", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    # The whole as it is told, canonical JSON: ``shared.contracts.exchange.PublicItem``.
    Column("data", Text, nullable=False),
    Column("listed_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    CheckConstraint("base_amount IS NULL OR base_amount > 0", name="item_amount_is_positive"),
    CheckConstraint("revision > 0", name="item_revision_is_positive"),
)
Index(
    "item_to_index",
    ITEM.c.key,
    sqlite_where=ITEM.c.indexed == 0,
    postgresql_where=ITEM.c.indexed == 0,
)
Index("item_by_state", ITEM.c.state, ITEM.c.side, ITEM.c.key)
Index("item_by_owner", ITEM.c.owner, ITEM.c.state, ITEM.c.key)
Index("item_by_origin", ITEM.c.origin, ITEM.c.state, ITEM.c.key)
Index("item_by_expiry", ITEM.c.state, ITEM.c.expires_at)

ITEM_TERM: Final = Table(
    "item_term",
    metadata,
    # The category, the network's own leaf, and all that stands above.
    Column("term", Text, primary_key=True),
    Column("item", RowId, primary_key=True, autoincrement=False),
)
Index("item_term_by_item", ITEM_TERM.c.item)

ITEM_WORD: Final = Table(
    "item_word",
    metadata,
    # Ordered by code points, so that one range holds all that begins alike.
    Column("word", Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True),
    Column("item", RowId, primary_key=True, autoincrement=False),
    # 0: in a title or the name of the category; 1: elsewhere in the text.
    Column("rank", Integer, nullable=False),
)
Index("item_word_by_item", ITEM_WORD.c.item)

PARTICIPANT: Final = Table(
    "participant",
    metadata,
    # ``<node>:<id>`` of an entity, as its directory tells of it.
    Column("id", Text, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("withdrawn", Integer, nullable=False),
    Column("name", Text, nullable=False),
    # {language: name} as canonical JSON.
    Column("names", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("locality", Text, nullable=False),
    Column("lat", Integer),
    Column("lon", Integer),
    # 1, 0, or nothing where nobody has said.
    Column("women_led", Integer),
    Column("members", BigInteger),
    Column("workers", BigInteger),
    # The certificates that it holds, words between spaces.
    Column("certificates", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
)
Index("participant_by_origin", PARTICIPANT.c.origin)

BLOCK: Final = Table(
    "block",
    metadata,
    # One of this node who does not trade with the other, a participant or a whole node.
    Column("owner", Text, primary_key=True),
    Column("other", Text, primary_key=True),
    Column("made_at", Text, nullable=False),
)
Index("block_by_other", BLOCK.c.other)

CATEGORY: Final = Table(
    "category",
    metadata,
    # A leaf that this network has added below one of our tree: ``<node>:<word>``.
    Column("code", Text, primary_key=True),
    Column("above", Text, nullable=False),
    # {language: label} and {language: [synonyms]} as canonical JSON.
    Column("labels", Text, nullable=False),
    Column("synonyms", Text, nullable=False),
    # A leaf that is closed takes no new items.
    Column("closed", Integer, nullable=False),
    Column("made_at", Text, nullable=False),
)

RATES: Final = Table(
    "rates",
    metadata,
    # All that a node has ever published: a proposal names the node, the revision and the unit.
    Column("node", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    # The common measure in which the rates say what a unit is worth.
    Column("measure", Text, nullable=False),
    Column("published_at", Text, nullable=False),
)
RATE: Final = Table(
    "rate",
    metadata,
    Column("node", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("unit", Text, primary_key=True),
    # So many of the measure's smallest parts are worth so many of the unit's.
    Column("numerator", BigInteger, nullable=False),
    Column("denominator", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ("node", "revision"), ("rates.node", "rates.revision"), ondelete="CASCADE"
    ),
    CheckConstraint("numerator > 0 AND denominator > 0", name="rate_is_positive"),
)
