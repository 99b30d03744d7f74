"""Links that two sides have agreed on outside the matching: a round keeps to them.

A link joins an offer and a want of this network once the owners of both have said so. It is no ring
by itself: the round looks for what the giver receives in turn. A link between networks is agreed on
in a ring, where both nodes hold what is theirs.
"""

from typing import Any, ClassVar, Final

from sqlalchemy import bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.exchange.candidates.entries import SERVES, Agreed
from services.exchange.item_handlers import own_item
from services.exchange.items import IN_RINGS, Item, Side, State
from services.exchange.tables.offers import ITEM
from services.exchange.tables.rounds import AGREED_LINK
from shared.ids import NodeName
from shared.refusals import Kind, Refusal
from shared.store import Prepared, Work

LINKS_MAX: Final = 50
"""In how many links one item may stand."""


class CannotBeLinked(Refusal):
    """Two items were to be linked that no ring can join."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "cannot-be-linked"
    title: ClassVar[str] = "A link joins a published offer and a published want of two owners"


class TooManyLinks(Refusal):
    """An item stands in more links than anybody can have agreed on."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "too-many-links"
    title: ClassVar[str] = "An offer or want stands in at most 50 agreed links"


_new = insert(AGREED_LINK)
_KEEP = Prepared(
    _new.on_conflict_do_update(
        index_elements=("offer", "want"),
        set_={
            name: or_(AGREED_LINK.c[name] != 0, _new.excluded[name] != 0).cast(
                AGREED_LINK.c[name].type
            )
            for name in ("giver_agrees", "taker_agrees")
        },
    ),
    columns=("offer", "want", "giver_agrees", "taker_agrees", "at"),
)
_END = Prepared(
    delete(AGREED_LINK).where(
        AGREED_LINK.c.offer == bindparam("of_offer"), AGREED_LINK.c.want == bindparam("of_want")
    )
)


def sides(work: Work, offer: str, want: str, *, node: NodeName) -> tuple[Item, Item]:
    """Return the offer and the want of a link of this network.

    Raises:
        Missing, ItemNotOurs, ItemClosed: one of them is not there to be linked.
        CannotBeLinked: they are not an offer and a want, or not of two owners.
    """
    giving = own_item(work, offer, node=node).item
    taking = own_item(work, want, node=node).item
    if (giving.side, taking.side) != (Side.OFFER, Side.WANT):
        raise CannotBeLinked("one is an offer, and the other a want")
    if giving.owner == taking.owner:
        raise CannotBeLinked("nobody gives to themselves")
    if giving.kind not in IN_RINGS or taking.kind not in SERVES[giving.kind]:
        raise CannotBeLinked("offers of that kind do not serve such wants")
    if giving.state is not State.PUBLISHED or taking.state is not State.PUBLISHED:
        raise CannotBeLinked("both are published")
    return giving, taking


def agree(work: Work, giving: Item, taking: Item, *, giver: bool, taker: bool) -> None:
    """Note that one side or both agree that this offer goes to this want.

    Args:
        giving, taking: as ``sides`` returned them.
        giver, taker: which side says so now; what was said before stays.

    Raises:
        TooManyLinks
    """
    for column, item in ((AGREED_LINK.c.offer, giving), (AGREED_LINK.c.want, taking)):
        found = work.execute(select(column).where(column == item.item_id).limit(LINKS_MAX)).all()
        if len(found) >= LINKS_MAX:
            raise TooManyLinks()
    work.run(
        _KEEP,
        {
            "offer": giving.item_id,
            "want": taking.item_id,
            "giver_agrees": int(giver),
            "taker_agrees": int(taker),
            "at": work.moment,
        },
    )


def end(work: Work, offer: str, want: str) -> bool:
    """End a link, whichever side wishes so; return whether there was one."""
    return bool(work.run(_END, {"of_offer": offer, "of_want": want}))


def links_of(work: Work, item: str) -> list[dict[str, Any]]:
    """Return the links in which an item stands, with who has agreed so far."""
    rows = work.execute(
        select(AGREED_LINK)
        .where(or_(AGREED_LINK.c.offer == item, AGREED_LINK.c.want == item))
        .order_by(AGREED_LINK.c.offer, AGREED_LINK.c.want)
    )
    return [
        {
            "offer": row.offer,
            "want": row.want,
            "giver_agrees": bool(row.giver_agrees),
            "taker_agrees": bool(row.taker_agrees),
        }
        for row in rows
    ]


def agreed_links(work: Work) -> list[Agreed]:
    """Return the links on which both sides agree and whose items are both published."""
    offer, want = ITEM.alias("giving"), ITEM.alias("taking")
    rows = work.execute(
        select(AGREED_LINK.c.offer, AGREED_LINK.c.want)
        .join(offer, offer.c.id == AGREED_LINK.c.offer)
        .join(want, want.c.id == AGREED_LINK.c.want)
        .where(
            AGREED_LINK.c.giver_agrees == 1,
            AGREED_LINK.c.taker_agrees == 1,
            offer.c.state == State.PUBLISHED.value,
            want.c.state == State.PUBLISHED.value,
        )
        .order_by(AGREED_LINK.c.offer, AGREED_LINK.c.want)
    )
    return [Agreed(row.offer, row.want) for row in rows]
