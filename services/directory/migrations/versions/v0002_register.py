"""The register of members: persons, members, mandates, and the steps that led there.

It makes new tables only, so it takes no lock that anybody waits for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of the register."""
    _make(
        "register_person",
        *_texts("since", "left_at", "gender"),
        sa.Column("worker", sa.Integer(), nullable=False),
        *_texts("worker_since", "number", "note"),
    )
    numbered = sa.text("number != ''")
    op.create_index(
        "register_person_by_number", "register_person", ["number"], unique=True,
        sqlite_where=numbered, postgresql_where=numbered,
    )  # fmt: skip
    _make("register_member", *_texts("standing", "groups", "since", "left_at", "reason"))
    _make(
        "register_mandate",
        *_texts("person", "entity", "begins", "ends", "given_by", "ended_at", "reason"),
    )
    op.create_index("register_mandate_by_person", "register_mandate", ["person", "key"])
    op.create_index("register_mandate_by_entity", "register_mandate", ["entity", "key"])
    op.create_table(
        "register_step",
        sa.Column("key", _ROW_ID, autoincrement=True, nullable=False),
        *_texts("about", "what", "at", "by", "detail"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("register_step_by_about", "register_step", ["about", "key"])


def downgrade() -> None:
    """Take the tables away, which forgets the register; its log remembers all but the notes."""
    for name in ("register_step", "register_mandate", "register_member", "register_person"):
        op.drop_table(name)


def _make(name: str, *columns: sa.Column[str] | sa.Column[int]) -> None:
    op.create_table(
        name,
        sa.Column("key", _ROW_ID, autoincrement=True, nullable=False),
        *_texts("id"),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("id"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
