"""What can happen to this node's own offers and wants: they are posted, amended, moved on.

Each handler is a synchronous unit: load, decide, store, announce. Of an item that only the network
may see the log tells nothing; when one becomes such, the federation sees it closed. Drafts are
told to nobody.
"""

from dataclasses import replace
from typing import Any, ClassVar, Final

from sqlalchemy import bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from services.exchange import own_categories, participants
from services.exchange.item_words import index_now
from services.exchange.items import (
    OPEN,
    Item,
    Rings,
    Side,
    State,
    Visibility,
    following,
)
from services.exchange.records import (
    COLUMNS,
    SHOWN,
    Kept,
    changed,
    kept,
    public_fields,
    row_of,
    told_fields,
)
from services.exchange.tables.offers import ITEM
from shared.contracts.exchange import (
    OfferAmended,
    OfferClosed,
    OfferPosted,
    WantAmended,
    WantClosed,
    WantPosted,
)
from shared.etag import etag, require_match
from shared.events import Event
from shared.ids import NodeName
from shared.refusals import Kind, Missing, Refusal
from shared.store import Prepared, Work

_POSTED: Final[dict[Side, type[Event]]] = {Side.OFFER: OfferPosted, Side.WANT: WantPosted}
_AMENDED: Final[dict[Side, type[Event]]] = {Side.OFFER: OfferAmended, Side.WANT: WantAmended}
_CLOSED: Final = {Side.OFFER: OfferClosed, Side.WANT: WantClosed}
EXPIRED_TOGETHER: Final = 100
"""Items that expire in one unit."""


class ItemNotOurs(Refusal):
    """An item of another node was to be changed here."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "item-not-ours"
    title: ClassVar[str] = "This belongs to another network; only that one changes it"


class ItemClosed(Refusal):
    """An item has found its end."""

    kind: ClassVar[Kind] = Kind.GONE
    slug: ClassVar[str] = "item-closed"
    title: ClassVar[str] = "This offer or want is closed"


class ItemFixed(Refusal):
    """What an item is, or whose, was to be changed."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "item-fixed"
    title: ClassVar[str] = "An item stays an offer or a want, and its owner's; post another one"


class TooManyItems(Refusal):
    """A participant has as many open offers, or wants, as one may have."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "too-many-items"
    title: ClassVar[str] = "This participant has as many as one may have; close some first"


class DraftTaken(Refusal):
    """One draft's id came with two different items."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "draft-taken"
    title: ClassVar[str] = "This draft was posted already, with other content; amend the item"


_new = insert(ITEM)
_KEEP = Prepared(
    _new.on_conflict_do_update(
        index_elements=("id",),
        set_={
            name: _new.excluded[name]
            for name in COLUMNS
            if name not in ("id", "origin", "side", "listed_at")
        },
        where=_new.excluded.revision > ITEM.c.revision,
    ),
    columns=COLUMNS,
)
_ENTER = Prepared(insert(ITEM).on_conflict_do_nothing(), columns=COLUMNS)
_LOCK = Prepared(select(ITEM.c.key).where(ITEM.c.id == bindparam("wanted")).with_for_update())
_ONE = Prepared(select(*SHOWN).where(ITEM.c.id == bindparam("wanted")))
_standing = ("draft", *sorted(OPEN))
_COUNT = Prepared(
    select(func.count())
    .select_from(ITEM)
    .where(
        ITEM.c.owner == bindparam("of_owner"),
        ITEM.c.side == bindparam("of_side"),
        ITEM.c.state.in_([literal_column(f"'{state}'") for state in _standing]),
    )
)
_OVER = Prepared(
    select(ITEM.c.id)
    .where(
        ITEM.c.state.in_([literal_column(f"'{state}'") for state in sorted(OPEN)]),
        ITEM.c.expires_at <= bindparam("moment"),
        ITEM.c.expires_at != literal_column("''"),
        ITEM.c.origin == bindparam("own"),
    )
    .order_by(ITEM.c.expires_at)
    .limit(EXPIRED_TOGETHER)
)
_OF_OWNER = (
    select(*SHOWN)
    .where(
        ITEM.c.owner == bindparam("of_owner"),
        ITEM.c.told == 1,
    )
    .order_by(ITEM.c.key)
)


def post_item(work: Work, item: Item, *, node: NodeName, limit: int, publish: bool = True) -> Kept:
    """Keep a new item, publish it if that is meant, and return it.

    An item of this id that says the same is returned as it is: it was posted before.

    Args:
        work: the unit.
        item: as ``intake.item_of`` makes it, a draft.
        node: this node.
        limit: how many of a side one participant may have.
        publish: whether it is published at once.

    Raises:
        NotOurParticipant, OwnerNotListed, UnknownCategory, TooManyItems, DraftTaken
    """
    item = _settled(work, item, node=node)
    before = found(work, item.item_id)
    if before is not None:
        if not _same(before.item, item):
            raise DraftTaken()
        return before
    _require_room(work, item, limit)
    if publish:
        item = replace(item, state=State.PUBLISHED)
    if not work.run(_ENTER, row_of(item, work.moment, told=_is_told(item))):
        # On a server the same draft was posted in the same moment, and has just been kept.
        return post_item(work, item, node=node, limit=limit, publish=publish)
    return _kept(work, item, before=None)


def amend_item(work: Work, item: Item, *, node: NodeName, if_match: str | None) -> Kept:
    """Put an item in the place of the present one; where nothing differs nothing happens.

    Args:
        work: the unit.
        item: the whole of it, as it is to be; its state is not looked at.
        node: this node.
        if_match: the request's header; it names the state that the asker has seen.

    Raises:
        Missing, ItemNotOurs, ItemClosed, ItemFixed, UnknownCategory, NotOurParticipant,
        OwnerNotListed, MatchRequired, BadMatch, ChangedMeanwhile
    """
    before = own_item(work, item.item_id, node=node)
    require_match(if_match, tag_of(before))
    if before.item.state in (State.FULFILLED, State.WITHDRAWN):
        raise ItemClosed(state=before.item.state.value)
    fixed = (before.item.side, before.item.owner, before.item.owner_kind)
    if (item.side, item.owner, item.owner_kind) != fixed:
        raise ItemFixed()
    item = _settled(work, item, node=node, closed_too=before.item.own_category)
    item = replace(item, state=before.item.state, revision=before.item.revision)
    if item == before.item:
        return before
    return _kept(work, changed(item), before=before)


def move_item(
    work: Work,
    item_id: str,
    state: State,
    *,
    node: NodeName,
    if_match: str | None = None,
    reason: str = "",
    expires_at: str = "",
    limit: int | None = None,
) -> Kept:
    """Move an item on: publish, pause, fulfil, expire or withdraw it; return it as it is then.

    To ask for the state that it has already changes nothing.

    Args:
        work: the unit.
        item_id: which.
        state: where to.
        node: this node.
        if_match: the state that the asker has seen, if that matters to them.
        reason: why it is closed, in a few words, for everybody to read.
        expires_at: until when an expired item stands when it is published again.
        limit: how many of a side one participant may have, asked where a closed one comes back.

    Raises:
        Missing, ItemNotOurs, NotInThisState, OwnerNotListed, TooManyItems, BadMatch,
        ChangedMeanwhile
    """
    before = own_item(work, item_id, node=node)
    if if_match is not None:
        require_match(if_match, tag_of(before))
    if before.item.state is state:
        return before
    fields: dict[str, Any] = {"state": following(before.item.state, state)}
    if before.item.state is State.DRAFT and state is State.WITHDRAWN:
        # Nobody has heard of it, and nobody is told that it has ended.
        fields |= {"visibility": Visibility.NETWORK}
    if state is State.PUBLISHED:
        participants.require_owner(work, before.item, node=node)
        if before.item.state is State.EXPIRED:
            if limit is not None:
                _require_room(work, before.item, limit)
            fields |= {"expires_at": expires_at, "available_until": ""}
        elif before.item.expires_at <= work.moment:
            fields |= {"expires_at": expires_at, "available_until": ""}
    return _kept(work, changed(before.item, **fields), before=before, reason=reason)


def expire_items(work: Work, *, node: NodeName) -> int:
    """Expire own items whose time is over; return how many, to be called until there are none."""
    over = work.rows(_OVER, {"moment": work.moment, "own": node})
    for (item_id,) in over:
        move_item(work, item_id, State.EXPIRED, node=node)
    return len(over)


def hide_items(work: Work, owner: str, *, node: NodeName) -> int:
    """Keep from the federation all items of an entity that has left it; return how many.

    Whether it has been dissolved or is there for the network alone the log does not tell: what it
    offers stays with the network, whose stewards close it.
    """
    rows = work.execute(_OF_OWNER, {"of_owner": owner}).all()
    for row in rows:
        before = kept(row)
        rings = Rings.NETWORK if before.item.rings is Rings.FEDERATION else before.item.rings
        hidden = changed(before.item, visibility=Visibility.NETWORK, rings=rings)
        _kept(work, hidden, before=before)
    return len(rows)


def found(work: Work, item_id: str) -> Kept | None:
    """Return what is kept of an item, or None; of a tombstone nothing is."""
    rows = work.rows(_ONE, {"wanted": item_id})
    return kept(rows[0]) if rows and rows[0][7] else None


def own_item(work: Work, item_id: str, *, node: NodeName, reading: bool = False) -> Kept:
    """Return an own item; until the unit ends no other one changes it.

    Raises:
        Missing: there is none.
        ItemNotOurs: it is another node's.
        ItemClosed: nothing but its revision came back with a restored node.
    """
    if not reading:
        work.rows(_LOCK, {"wanted": item_id})
    rows = work.rows(_ONE, {"wanted": item_id})
    if not rows:
        raise Missing()
    origin = item_id.partition(":")[0]
    if origin != node:
        raise ItemNotOurs(f"it belongs to {origin}", origin=origin)
    if not rows[0][7]:
        raise ItemClosed()
    return kept(rows[0])


def tag_of(known: Kept) -> str:
    """Return the tag of an own item as it is."""
    return etag(known.item.revision)


def _settled(work: Work, item: Item, *, node: NodeName, closed_too: Any = None) -> Item:
    """Return an item with its owner looked at, its category looked up and its place filled in."""
    owner = participants.require_owner(work, item, node=node)
    standing = closed_too is not None and closed_too.code == item.category
    code, own = own_categories.resolved(work, item.category, closed_too=standing)
    return replace(
        item,
        category=code,
        own_category=own,
        place=item.place or participants.place_of(owner),
    )


def _same(one: Item, other: Item) -> bool:
    """Return whether two items say the same, whenever they were posted and wherever they stand."""
    fields = [public_fields(replace(item, expires_at="")) for item in (one, other)]
    return fields[0] == fields[1] and (one.side, one.visibility) == (other.side, other.visibility)


def _require_room(work: Work, item: Item, limit: int) -> None:
    row = {"of_owner": item.owner, "of_side": item.side.value}
    if work.rows(_COUNT, row)[0][0] >= limit:
        raise TooManyItems(f"at most {limit}", limit=limit)


def _is_told(item: Item) -> bool:
    """Return whether the federation is to know of an item as it stands."""
    return item.visibility is Visibility.FEDERATION and item.state in OPEN


def _kept(work: Work, item: Item, *, before: Kept | None, reason: str = "") -> Kept:
    """Keep an item, tell of it what the federation is to know, and return it.

    A new one, of which nothing was known before, has been entered already.
    """
    was_told = before is not None and before.told
    shown = _is_told(item)
    if before is not None:
        ended = was_told or before.ended
        work.run(_KEEP, row_of(item, work.moment, told=shown, ended=ended))
    index_now(work, item.item_id)
    if shown:
        contract = (_AMENDED if was_told else _POSTED)[item.side]
        told = {"item_id": item.item_id, "revision": item.revision, "item": told_fields(item)}
        work.announce(contract.model_validate(told))
    elif was_told:
        outcome = item.state.value if item.state not in OPEN else State.WITHDRAWN.value
        closed = _CLOSED[item.side]
        work.announce(
            closed.model_validate(
                {
                    "item_id": item.item_id,
                    "revision": item.revision,
                    "outcome": outcome,
                    "reason": reason,
                }
            )
        )
    after = found(work, item.item_id)
    assert after is not None
    return after
