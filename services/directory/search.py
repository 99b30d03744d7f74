"""What is found: lists of entities by filters, newest first, and by words, the nearest first.

A question in words is answered in three tiers, each newest first: the words as written all stand in
the name; in one of their forms they stand in names, places, tags and practices; they stand
anywhere. No query ranks every match, so a broad one costs as little as a narrow one. Both databases
hold the same tokens and give the same ids in the same order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select

from services.directory.matching import TIERS, Groups, matches
from services.directory.tables import ENTITY, LOG, TERM
from shared.log.trust import Standing
from shared.paging import BadCursor, cursor_values
from shared.store import Prepared, Work
from shared.text import query_tokens

WINDOW_FIRST: Final = 256
WINDOW_MOST: Final = 4_096
"""Matches of the words that are looked at together for those that the filters let through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What an asker may see beyond what everybody may.

    Args:
        network: what only the network may see.
        limited: what comes from nodes that their hub has limited.
        own: this node: what is its own is shown here whatever its hub says of it.
    """

    network: bool = False
    limited: bool = False
    own: str = ""


EVERYBODY: Final = Sight()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A piece of the map, in 1e-7 degree; a western edge above the eastern one crosses 180°."""

    west: int
    south: int
    east: int
    north: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question to the directory; what is empty is not asked.

    Args:
        words: as they were typed.
        language: the language that they are surely in.
        terms: of each scheme asked, a practice or an activity, or a broader term of them.
    """

    words: str = ""
    language: str | None = None
    country: str = ""
    origin: str = ""
    terms: tuple[str, ...] = ()
    box: Box | None = None


class Found(NamedTuple):
    """An entity of a list, and in which tier of the words it was found."""

    tier: int
    key: int
    id: str
    origin: str
    revision: int
    profile: str
    listed_at: str
    changed_at: str


_SHOWN: Final = (
    ENTITY.c.key,
    ENTITY.c.id,
    ENTITY.c.origin,
    ENTITY.c.revision,
    ENTITY.c.profile,
    ENTITY.c.listed_at,
    ENTITY.c.changed_at,
)
_KEY_OF: Final = Prepared(select(ENTITY.c.key).where(ENTITY.c.id == bindparam("wanted")))
_known = LOG.known_node


def listed(
    work: Work, asked: Asked, *, sight: Sight = EVERYBODY, after: str | None = None, most: int
) -> list[Found]:
    """Return entities in the order of a list, at most so many.

    Args:
        work: a unit that reads.
        asked: the question.
        sight: what the asker may see.
        after: the cursor of the last one that was shown, as ``order`` says it.
        most: how many.

    Raises:
        BadCursor: the cursor is of another list.
    """
    conditions = _conditions(work, asked, sight)
    if not asked.words:
        before = None if after is None else _key_of(work, *cursor_values(after, str))
        return _read(work, _plain(asked, conditions, before, most), tier=0)
    tier, before = 0, None
    if after is not None:
        tier, entity_id = cursor_values(after, int, str)
        if not 0 <= tier < TIERS:
            raise BadCursor()
        before = _key_of(work, entity_id)
    groups = query_tokens(asked.words, asked.language)
    conditions += [
        exists().where(TERM.c.term == term, TERM.c.entity == ENTITY.c.key) for term in asked.terms
    ]
    found: list[Found] = []
    while groups and tier < TIERS and len(found) < most:
        found += _of_tier(work, groups, tier, conditions, before, most - len(found))
        tier, before = tier + 1, None
    return found


def order(found: Found, asked: Asked) -> tuple[str | int, ...]:
    """Return the values by which a list is ordered: ids, because gaps in the keys would tell."""
    return (found.tier, found.id) if asked.words else (found.id,)


def counts_by_origin(work: Work, *, sight: Sight = EVERYBODY) -> dict[str, int]:
    """Return how many entities there are of each node."""
    counted = (
        select(ENTITY.c.origin, func.count().label("entities"))
        .where(*_visible(work, sight))
        .group_by(ENTITY.c.origin)
        .order_by(ENTITY.c.origin)
    )
    return {row.origin: row.entities for row in work.execute(counted)}


def unseen_nodes(work: Work, sight: Sight) -> list[str]:
    """Return the nodes whose entities an asker is not shown."""
    if sight.limited:
        return []
    limited = select(_known.c.node).where(
        _known.c.standing == Standing.LIMITED.value, _known.c.node != sight.own
    )
    return [row[0] for row in work.execute(limited)]


def _visible(work: Work, sight: Sight) -> list[ColumnElement[bool]]:
    conditions = [ENTITY.c.withdrawn == 0]
    if not sight.network:
        conditions.append(ENTITY.c.network_only == 0)
    if unseen := unseen_nodes(work, sight):
        conditions.append(ENTITY.c.origin.not_in(unseen))
    return conditions


def _conditions(work: Work, asked: Asked, sight: Sight) -> list[ColumnElement[bool]]:
    conditions = _visible(work, sight)
    if asked.country:
        conditions.append(ENTITY.c.country == asked.country)
    if asked.origin:
        conditions.append(ENTITY.c.origin == asked.origin)
    if (box := asked.box) is not None:
        conditions.append(ENTITY.c.lat.between(box.south, box.north))
        east, west = ENTITY.c.lon <= box.east, ENTITY.c.lon >= box.west
        conditions.append(and_(west, east) if box.west <= box.east else or_(west, east))
    return conditions


def _plain(
    asked: Asked, conditions: Sequence[ColumnElement[bool]], before: int | None, most: int
) -> Select[Any]:
    """Return the query for a list without words."""
    query: Select[Any] = select(*_SHOWN).where(*conditions)
    # A term's own index is in the order of the list, so that a page of it reads no more than that.
    place: ColumnElement[int] = ENTITY.c.key
    for number, term in enumerate(asked.terms):
        having = TERM.alias(f"term_{number}")
        query = query.where(having.c.term == term, having.c.entity == ENTITY.c.key)
        place = having.c.entity if number == 0 else place
    if before is not None:
        query = query.where(place < before)
    return query.order_by(place.desc()).limit(most)


def _of_tier(
    work: Work,
    groups: Groups,
    tier: int,
    conditions: Sequence[ColumnElement[bool]],
    before: int | None,
    most: int,
) -> list[Found]:
    """Return the next matches of a tier that the conditions let through."""
    found: list[Found] = []
    window, sqlite = WINDOW_FIRST, work.dialect.name == "sqlite"
    while len(found) < most:
        matching = matches(groups, tier, sqlite=sqlite, before=before, most=window)
        keys = [row[0] for row in work.execute(matching)]
        shown: Select[Any] = select(*_SHOWN).where(ENTITY.c.key.in_(keys), *conditions)
        wanted = shown.order_by(ENTITY.c.key.desc()).limit(most - len(found))
        found += _read(work, wanted, tier=tier)
        if len(keys) < window:
            break
        before, window = keys[-1], min(window * 4, WINDOW_MOST)
    return found


def _key_of(work: Work, entity_id: str) -> int:
    rows = work.rows(_KEY_OF, {"wanted": entity_id})
    if not rows:
        raise BadCursor()
    return int(rows[0][0])


def _read(work: Work, query: Select[Any], *, tier: int) -> list[Found]:
    return [Found._make((tier, *row)) for row in work.execute(query)]
