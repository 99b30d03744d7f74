"""What associations have decided of nodes, on whose word this hub acted, and who may go where.

It makes new tables and adds columns with constant defaults, so it takes no lock that anybody waits
for longer than a moment.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of decided membership; acts may end by themselves, or name a hub."""
    for name in ("ends_at", "stood_before", "to_hub"):
        op.add_column("act", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.create_table(
        "decided",
        *_texts("association", "node"),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        *_texts("what", "root_key", "body", "heard_at", "state"),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in _LATER),
        sa.PrimaryKeyConstraint("association", "node"),
    )
    op.create_index("decided_by_root_key", "decided", ["root_key"])
    op.create_table(
        "charter",
        *_texts("association"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *_texts("heard_at"),
        sa.PrimaryKeyConstraint("association"),
    )
    op.create_table(
        "unheeded",
        *_texts("origin", "reason"),
        sa.Column("count", sa.BigInteger(), nullable=False),
        *_texts("last_at"),
        sa.PrimaryKeyConstraint("origin", "reason"),
    )
    op.create_table(
        "peer_decision",
        *_texts("node"),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        *_texts("by_hub", "body", "at"),
        sa.PrimaryKeyConstraint("node"),
    )
    op.create_table(
        "peer_release",
        *_texts("node", "by_hub"),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        *_texts("body"),
        sa.PrimaryKeyConstraint("node", "by_hub"),
    )


def downgrade() -> None:
    """Take them away; how nodes stand with this hub is in its log and in the registry."""
    for name in ("peer_release", "peer_decision", "unheeded", "charter", "decided"):
        op.drop_table(name)
    for name in ("to_hub", "stood_before", "ends_at"):
        op.drop_column("act", name)


_LATER = ("note", "acted_at", "ends_at")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
