"""How rings lie in the database: at their decider, and at the nodes of their parties.

The columns hold integers and text only. A node may decide a ring and have parties in it as well:
then it has both, and the two speak to each other as they would over letters.
"""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text

from services.exchange.tables.base import metadata

# --- At the decider ---------------------------------------------------------------------------

RING: Final = Table(
    "ring",
    metadata,
    # ``<this node>:<uuid7>``; tombstones of rings that were never known here stay, too.
    Column("id", Text, primary_key=True),
    # proposed, confirmed, in-delivery, settled, broken, withdrawn.
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    # ``RingPlan`` as JSON; empty on a tombstone.
    Column("plan", Text, nullable=False),
    # The history, and what is needed to go on: answers, holds, who has seen it; JSON.
    Column("entries", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("deadline", Text, nullable=False),
    # A group of pending transfers lies in the ledger for it.
    Column("reserved", Integer, nullable=False),
    # Somebody was told more of it than we know: this node was restored, and decides nothing.
    Column("doubted", Integer, nullable=False),
    # When the decider looks at it again by itself, and how often it has; empty when it has ended.
    Column("next_at", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("changed_at", Text, nullable=False),
)
Index(
    "ring_due",
    RING.c.next_at,
    sqlite_where=RING.c.next_at != "",
    postgresql_where=RING.c.next_at != "",
)

RING_REPAIR: Final = Table(
    "ring_repair",
    metadata,
    # A withdrawn ring in whose place another is looked for, once.
    Column("ring", Text, primary_key=True),
    Column("at", Text, nullable=False),
)

RING_BARRED: Final = Table(
    "ring_barred",
    metadata,
    # An arc that somebody has declined: the matching leaves it out from now on.
    Column("offer", Text, primary_key=True),
    Column("want", Text, primary_key=True),
    Column("why", Text, nullable=False),
    Column("at", Text, nullable=False),
)

RING_RECORD: Final = Table(
    "ring_record",
    metadata,
    # How often a member, or an arc of a class, was confirmed: ``party <id>``, ``class <word>``.
    Column("subject", Text, primary_key=True),
    Column("yes", Integer, nullable=False),
    Column("no", Integer, nullable=False),
    # How often a member had accepted and the ring failed through others, since it was last served.
    Column("waited", Integer, nullable=False),
)

# --- At the node of a party -------------------------------------------------------------------

RING_COPY: Final = Table(
    "ring_copy",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    # Empty on a tombstone: the ring ended before it was proposed here.
    Column("plan", Text, nullable=False),
    Column("entries", Text, nullable=False),
    # Whether the parties are asked: every slot of the ring was held.
    Column("opened", Integer, nullable=False),
    # Why our slots were not held, or empty.
    Column("refused", Text, nullable=False),
    # When the decider is asked again; empty when it has said that the ring has ended.
    Column("next_at", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    # When the ring ended here, and whether contacts and notes have been erased since.
    Column("ended_at", Text, nullable=False),
    Column("erased", Integer, nullable=False),
    Column("changed_at", Text, nullable=False),
)
Index(
    "ring_copy_due",
    RING_COPY.c.next_at,
    sqlite_where=RING_COPY.c.next_at != "",
    postgresql_where=RING_COPY.c.next_at != "",
)
Index("ring_copy_to_erase", RING_COPY.c.erased, RING_COPY.c.ended_at)

RING_PART: Final = Table(
    "ring_part",
    metadata,
    # One of this node's parties in a ring.
    Column("ring", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    # held, accepted, declined, expired, committed, ended, resolved.
    Column("state", Text, nullable=False),
    # Its last answer: number, 1 yes or 0 no, the reason, and who has entered it.
    Column("number", Integer, nullable=False),
    Column("accepts", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("entered_by", Text, nullable=False),
    # ``party``, or ``telephone`` where a steward has entered it.
    Column("way", Text, nullable=False),
    # Whether the contact may be handed on to the neighbours, and the contact as JSON until then.
    Column("consents", Integer, nullable=False),
    Column("contact", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    # When its soft hold ends by this node's clock.
    Column("expires_at", Text, nullable=False),
)
Index("ring_part_by_party", RING_PART.c.party, RING_PART.c.ring)
Index("ring_part_by_state", RING_PART.c.state, RING_PART.c.expires_at)

RING_SLOT: Final = Table(
    "ring_slot",
    metadata,
    # An own item that a ring holds. That there is one row for an item is what keeps it from being
    # promised twice.
    Column("item", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("ring", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("at", Text, nullable=False),
    CheckConstraint("revision > 0", name="ring_slot_revision_is_positive"),
)
Index("ring_slot_by_ring", RING_SLOT.c.ring, RING_SLOT.c.party)

RING_REPORT: Final = Table(
    "ring_report",
    metadata,
    # What our parties have said of a leg; it is repeated until the history has it.
    Column("ring", Text, primary_key=True),
    Column("leg", Integer, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("at", Text, nullable=False),
)

RING_CONTACT: Final = Table(
    "ring_contact",
    metadata,
    # Whom one of our parties calls, for this ring only.
    Column("ring", Text, primary_key=True),
    Column("for_party", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    # JSON; empty where it was withheld.
    Column("contact", Text, nullable=False),
    Column("at", Text, nullable=False),
)

RING_NOTE: Final = Table(
    "ring_note",
    metadata,
    Column("ring", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Text, nullable=False),
)

RING_RESOLUTION: Final = Table(
    "ring_resolution",
    metadata,
    # The stewards who want a doubt to end; with the second one it does.
    Column("ring", Text, primary_key=True),
    Column("steward", Text, primary_key=True),
    # The id of the token by which the steward has said so.
    Column("token", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Text, nullable=False),
)

RING_TABLES: Final = (
    RING,
    RING_REPAIR,
    RING_BARRED,
    RING_RECORD,
    RING_COPY,
    RING_PART,
    RING_SLOT,
    RING_REPORT,
    RING_CONTACT,
    RING_NOTE,
    RING_RESOLUTION,
)
