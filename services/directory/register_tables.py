"""How the register lies in the directory's database: persons, members, mandates, and what happened.

Names and notes stand in ``register_person`` alone and never leave it; what the log tells is the
rest. Moments are stamps, which sort as text; a moment that is not set is empty.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

from shared.log.tables import RowId

HISTORY: Final = "register_step"


class RegisterTables:
    """The tables of the register, made known to a catalogue."""

    def __init__(self, metadata: MetaData) -> None:
        self.person = Table(
            "register_person",
            metadata,
            # Lists are in the order of entering, which is the order of the keys.
            Column("key", RowId, primary_key=True, autoincrement=True),
            Column("id", Text, nullable=False, unique=True),
            Column("revision", BigInteger, nullable=False),
            Column("since", Text, nullable=False),
            # Of a person who has left nothing stays but id, revision and this.
            Column("left_at", Text, nullable=False),
            Column("gender", Text, nullable=False),
            Column("worker", Integer, nullable=False),
            Column("worker_since", Text, nullable=False),
            # Private: a number in the network's own book, and a name or a note.
            Column("number", Text, nullable=False),
            Column("note", Text, nullable=False),
        )
        Index(
            "register_person_by_number",
            self.person.c.number,
            unique=True,
            sqlite_where=self.person.c.number != "",
            postgresql_where=self.person.c.number != "",
        )
        self.member = Table(
            "register_member",
            metadata,
            Column("key", RowId, primary_key=True, autoincrement=True),
            # A person's id, or an entity's, which has a colon.
            Column("id", Text, nullable=False, unique=True),
            Column("revision", BigInteger, nullable=False),
            # full or observer; empty for one who has left.
            Column("standing", Text, nullable=False),
            # Codes with a space between.
            Column("groups", Text, nullable=False),
            Column("since", Text, nullable=False),
            Column("left_at", Text, nullable=False),
            Column("reason", Text, nullable=False),
        )
        self.mandate = Table(
            "register_mandate",
            metadata,
            Column("key", RowId, primary_key=True, autoincrement=True),
            Column("id", Text, nullable=False, unique=True),
            Column("revision", BigInteger, nullable=False),
            Column("person", Text, nullable=False),
            Column("entity", Text, nullable=False),
            Column("begins", Text, nullable=False),
            Column("ends", Text, nullable=False),
            Column("given_by", Text, nullable=False),
            Column("ended_at", Text, nullable=False),
            Column("reason", Text, nullable=False),
        )
        Index("register_mandate_by_person", self.mandate.c.person, self.mandate.c.key)
        Index("register_mandate_by_entity", self.mandate.c.entity, self.mandate.c.key)
        self.step = Table(
            HISTORY,
            metadata,
            Column("key", RowId, primary_key=True, autoincrement=True),
            # A person's id, or an entity's.
            Column("about", Text, nullable=False),
            Column("what", Text, nullable=False),
            Column("at", Text, nullable=False),
            Column("by", Text, nullable=False),
            # What it came to, as JSON: standing, groups, mandate, reason. Nothing personal.
            Column("detail", Text, nullable=False),
        )
        Index("register_step_by_about", self.step.c.about, self.step.c.key)
