"""What is found: lists of offers and wants by filters, newest first, and by words.

A question in words is answered in two tiers, each newest first: the words all stand in the title
or the name of the category; they stand anywhere. Cursors hold ids, because gaps in the keys would
tell of what the asker may not see.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select

from services.exchange.item_words import TITLE
from services.exchange.items import State
from services.exchange.records import SHOWN, Kept, kept
from services.exchange.tables.base import LOG
from services.exchange.tables.offers import ITEM, ITEM_TERM, ITEM_WORD
from shared.contracts.fields import DEGREE, LATITUDE_MAX, LONGITUDE_MAX
from shared.log.trust import Standing
from shared.paging import BadCursor, cursor_values
from shared.store import Prepared, Work
from shared.text import query_tokens

TIERS: Final = 2
PREFIX_MIN: Final = 3
"""Letters of the last word, while somebody types, from which on it stands for what begins so."""
LAST_LETTER: Final = "\ud7ff"
"""After it the alphabet of code points has a gap."""
KM_OF_A_DEGREE: Final = 111


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A piece of the map, in 1e-7 degree; a western edge above the eastern one crosses 180°."""

    west: int
    south: int
    east: int
    north: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question for items; what is empty is not asked.

    Args:
        words: as they were typed.
        language: the language that they are surely in.
        side, kind, origin, owner, country, rings: exactly this.
        category: of our tree or a network's own: what stands in it or below.
        states: in which of these.
        box: where.
    """

    words: str = ""
    language: str | None = None
    side: str = ""
    kind: str = ""
    category: str = ""
    origin: str = ""
    owner: str = ""
    country: str = ""
    rings: str = ""
    states: tuple[str, ...] = (State.PUBLISHED.value,)
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An item of a list, and in which tier of the words it was found."""

    tier: int
    kept: Kept


_untold: Final = and_(
    ITEM.c.told == 0, or_(ITEM.c.network_only == 1, ITEM.c.state == State.DRAFT.value)
)
_KEY_OF: Final = Prepared(select(ITEM.c.key, _untold).where(ITEM.c.id == bindparam("wanted")))
_known = LOG.known_node


def listed(
    work: Work, question: Question, *, sight: Sight, after: str | None = None, most: int
) -> list[Found]:
    """Return items in the order of a list, at most so many.

    Args:
        work: a unit that reads.
        question: what is sought.
        sight: what the asker may see.
        after: the cursor of the last one that was shown, as ``order`` says it.
        most: how many.

    Raises:
        BadCursor: the cursor is of another list.
    """
    conditions = _conditions(work, question, sight)
    if not question.words:
        before = None if after is None else _key_of(work, *cursor_values(after, str), sight=sight)
        return _read(work, conditions, before, most, tier=0)
    tier, before = 0, None
    if after is not None:
        tier, item_id = cursor_values(after, int, str)
        if not 0 <= tier < TIERS:
            raise BadCursor()
        before = _key_of(work, item_id, sight=sight)
    groups = query_tokens(question.words, question.language)
    found: list[Found] = []
    while groups and tier < TIERS and len(found) < most:
        sought = [*conditions, *_speaking(groups, tier)]
        found += _read(work, sought, before, most - len(found), tier=tier)
        tier, before = tier + 1, None
    return found


def order(found: Found, question: Question) -> tuple[str | int, ...]:
    """Return the values by which a list is ordered."""
    item_id = found.kept.item.item_id
    return (found.tier, item_id) if question.words else (item_id,)


def unseen_nodes(work: Work, sight: Sight) -> list[str]:
    """Return the nodes whose items an asker is not shown."""
    if sight.limited:
        return []
    limited = select(_known.c.node).where(
        _known.c.standing == Standing.LIMITED.value, _known.c.node != sight.own
    )
    return [row[0] for row in work.execute(limited)]


def around(lat: int, lon: int, within_km: int) -> Box:
    """Return a box of the map that holds a circle; near the poles it is the whole girth."""
    reach = within_km * DEGREE // KM_OF_A_DEGREE + 1
    south, north = max(lat - reach, -LATITUDE_MAX), min(lat + reach, LATITUDE_MAX)
    # The girth of a parallel shrinks with the cosine; below a chord of it lies a line.
    farthest = max(abs(south), abs(north))
    share = LATITUDE_MAX - farthest
    wide = reach * LATITUDE_MAX // share if share > 0 else 2 * LONGITUDE_MAX
    if wide >= LONGITUDE_MAX:
        return Box(west=-LONGITUDE_MAX, south=south, east=LONGITUDE_MAX, north=north)
    west, east = lon - wide, lon + wide
    if west < -LONGITUDE_MAX:
        west += 2 * LONGITUDE_MAX
    if east > LONGITUDE_MAX:
        east -= 2 * LONGITUDE_MAX
    return Box(west=west, south=south, east=east, north=north)


def _conditions(work: Work, question: Question, sight: Sight) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [ITEM.c.data != ""]
    conditions.append(ITEM.c.state.in_(question.states))
    if not sight.network:
        conditions.append(ITEM.c.network_only == 0)
    if unseen := unseen_nodes(work, sight):
        conditions.append(ITEM.c.origin.not_in(unseen))
    for name in ("side", "kind", "origin", "owner", "country", "rings"):
        if wanted := getattr(question, name):
            conditions.append(ITEM.c[name] == wanted)
    if question.category:
        within = and_(ITEM_TERM.c.term == question.category, ITEM_TERM.c.item == ITEM.c.key)
        conditions.append(exists().where(within))
    if (box := question.box) is not None:
        conditions.append(ITEM.c.lat.between(box.south, box.north))
        east, west = ITEM.c.lon <= box.east, ITEM.c.lon >= box.west
        conditions.append(and_(west, east) if box.west <= box.east else or_(west, east))
    return conditions


def _speaking(groups: list[tuple[str, ...]], tier: int) -> list[ColumnElement[bool]]:
    """Return that an item speaks of all groups; in the second tier, and not in its title only."""
    anywhere = [_says(group, last=group is groups[-1]) for group in groups]
    in_title = [_says(group, last=group is groups[-1], rank=TITLE) for group in groups]
    return in_title if tier == 0 else [*anywhere, ~and_(*in_title)]


def _says(group: tuple[str, ...], *, last: bool, rank: int | None = None) -> ColumnElement[bool]:
    """Return that an item has a word of a group; the last one counts as begun."""
    word: ColumnElement[bool] = ITEM_WORD.c.word.in_(group)
    surface = group[0]
    if last and len(surface) >= PREFIX_MIN and surface[-1] < LAST_LETTER:
        # What begins so lies between the word and the next one of the alphabet.
        following = surface[:-1] + chr(ord(surface[-1]) + 1)
        word = or_(word, and_(ITEM_WORD.c.word >= surface, ITEM_WORD.c.word < following))
    found = exists().where(ITEM_WORD.c.item == ITEM.c.key, word)
    return found if rank is None else found.where(ITEM_WORD.c.rank == rank)


def _read(
    work: Work,
    conditions: list[ColumnElement[bool]],
    before: int | None,
    most: int,
    *,
    tier: int,
) -> list[Found]:
    query: Select[Any] = select(*SHOWN).where(*conditions)
    if before is not None:
        query = query.where(ITEM.c.key < before)
    query = query.order_by(ITEM.c.key.desc()).limit(most)
    return [Found(tier, kept(row)) for row in work.execute(query)]


def _key_of(work: Work, item_id: str, *, sight: Sight) -> int:
    rows = work.rows(_KEY_OF, {"wanted": item_id})
    # A list of what the federation sees names nothing that it was never told of.
    if not rows or (rows[0][1] and not sight.network):
        raise BadCursor()
    return int(rows[0][0])
