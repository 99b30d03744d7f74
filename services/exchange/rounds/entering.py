"""From an offer or a want to its entry in a round."""

from datetime import date
from typing import Final

from services.exchange.candidates.entries import TEXT_MAX, BadEntry, Entry
from services.exchange.items import Item, OwnerKind, Side
from services.exchange.participants import Participant
from services.exchange.rounds.measure import Measure
from services.exchange.units import unit_of
from shared.text import fold

SMALL_WORKERS: Final = 9
"""A micro-enterprise has fewer than ten persons (Recommendation 2003/361/EC of the EU)."""


def entry_of(
    item: Item,
    *,
    measure: Measure,
    owner: Participant | None,
    continent: str,
    blocks: frozenset[str],
    waited: int,
    received: int | None,
) -> Entry | None:
    """Return the entry of an item, or None where it cannot be matched as it stands.

    Args:
        item: the offer or want.
        measure: the round's.
        owner: what is known of its owner, if it is an entity.
        continent: where its node is at home.
        blocks: with whom its owner does not trade.
        waited: in how many rounds it has stayed unmatched.
        received: what its owner has received of what it has given of late, per mille.
    """
    value = measure.value(item)
    floor = _floor(item, measure)
    place = item.place
    try:
        return Entry(
            id=item.item_id,
            owner=item.owner,
            node=item.origin,
            continent=continent,
            side=item.side,
            kind=item.kind,
            category=item.own_category.code if item.own_category else item.category,
            text=_text(item),
            quantity=item.quantity.base() if item.quantity else None,
            measure=unit_of(item.quantity.unit).measure if item.quantity else "",
            low=value[0] if value else None,
            high=value[1] if value else None,
            floor=floor,
            lat=place.lat if place else None,
            lon=place.lon if place else None,
            radius_km=item.radius_km,
            first_day=_day(item.available_from),
            last_day=_day(item.available_until),
            held=_held(item, owner),
            required=frozenset(item.certificates) if item.side is Side.WANT else frozenset(),
            visibility=item.visibility,
            prefers=item.prefer,
            waited=waited,
            small=_is_small(item, owner),
            women_led=bool(owner and owner.women_led),
            received=received,
            blocks=blocks,
            choice=item.choice,
            rank=item.rank,
        )
    except BadEntry:
        return None


def _text(item: Item) -> str:
    """Return the words that are compared, in an order that does not depend on the languages."""
    said = [*item.title.values(), *item.text.values()]
    return fold(" ".join(said))[:TEXT_MAX]


def _floor(item: Item, measure: Measure) -> int | None:
    """Return the fair floor of the whole; ``whole_value`` begins at it."""
    if item.value is None or item.value.floor is None:
        return None
    value = measure.value(item)
    return value[0] if value else None


def _held(item: Item, owner: Participant | None) -> frozenset[str]:
    if item.side is Side.WANT:
        return owner.certificates if owner else frozenset()
    return frozenset(item.certificates) | (owner.certificates if owner else frozenset())


def _is_small(item: Item, owner: Participant | None) -> bool:
    if item.owner_kind is OwnerKind.PERSON:
        return True
    return bool(owner and owner.workers is not None and owner.workers <= SMALL_WORKERS)


def _day(text: str) -> int | None:
    return date.fromisoformat(text).toordinal() if text else None
