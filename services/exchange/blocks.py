"""Blocks: with whom a participant of this node does not trade, which nobody else is told."""

from typing import ClassVar

from sqlalchemy import and_, bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.exchange.tables.offers import BLOCK
from shared.refusals import Kind, Refusal
from shared.store import Prepared, Work

BLOCKS_MAX = 500
"""How many blocks one participant may have."""


class BlocksItself(Refusal):
    """A participant was to block itself or its own node."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "blocks-itself"
    title: ClassVar[str] = "One blocks others: a participant, or another node as a whole"


class TooManyBlocks(Refusal):
    """A participant blocks more than a list can hold."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "too-many-blocks"
    title: ClassVar[str] = "One blocks at most 500 others"


_KEEP = Prepared(insert(BLOCK).on_conflict_do_nothing(), columns=("owner", "other", "made_at"))
_LIFT = Prepared(
    delete(BLOCK).where(BLOCK.c.owner == bindparam("of"), BLOCK.c.other == bindparam("with_"))
)
_OF = Prepared(
    select(BLOCK.c.other).where(BLOCK.c.owner == bindparam("of")).order_by(BLOCK.c.other)
)
_COUNT = Prepared(select(func.count()).select_from(BLOCK).where(BLOCK.c.owner == bindparam("of")))


def block(work: Work, owner: str, other: str) -> None:
    """Have a participant not be matched with another one, or with a whole node.

    Two who block each other, or many in a circle, are each kept apart and nothing more.

    Raises:
        BlocksItself, TooManyBlocks
    """
    if other in (owner, owner.partition(":")[0]):
        raise BlocksItself()
    if work.rows(_COUNT, {"of": owner})[0][0] >= BLOCKS_MAX:
        raise TooManyBlocks()
    work.run(_KEEP, {"owner": owner, "other": other, "made_at": work.moment})


def unblock(work: Work, owner: str, other: str) -> bool:
    """Lift a block; return whether there was one."""
    return bool(work.run(_LIFT, {"of": owner, "with_": other}))


def blocks_of(work: Work, owner: str) -> list[str]:
    """Return whom a participant blocks."""
    return [row[0] for row in work.rows(_OF, {"of": owner})]


def all_blocks(work: Work) -> dict[str, frozenset[str]]:
    """Return by participant of this node whom it blocks, for the matching."""
    found: dict[str, set[str]] = {}
    for row in work.execute(select(BLOCK.c.owner, BLOCK.c.other)):
        found.setdefault(row.owner, set()).add(row.other)
    return {owner: frozenset(others) for owner, others in found.items()}


def apart(work: Work, one: str, other: str) -> bool:
    """Return whether either of two participants blocks the other, as far as this node knows."""
    nodes = one.partition(":")[0], other.partition(":")[0]
    either = or_(
        and_(BLOCK.c.owner == one, BLOCK.c.other.in_((other, nodes[1]))),
        and_(BLOCK.c.owner == other, BLOCK.c.other.in_((one, nodes[0]))),
    )
    return work.execute(select(BLOCK.c.owner).where(either).limit(1)).first() is not None
