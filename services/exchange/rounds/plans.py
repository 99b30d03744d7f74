"""From the rings that a round has found to the plans that are proposed to people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from services.exchange.items import Item, Kind, Quantity, Transport
from services.exchange.rings.plans import require_ring
from services.exchange.rounds.answer import FoundLeg, FoundRing
from services.exchange.rounds.measure import Measure
from services.exchange.rounds.question import Level
from services.exchange.units import base_amount, ten_to, unit_of
from shared.contracts.rings import (
    TERMS_MAX,
    TITLES_MAX,
    RateUsed,
    RingLeg,
    RingPlan,
    RingQuantity,
    Term,
)
from shared.refusals import Refusal

DELIVERY_DAYS: Final = 30
"""Within how many days after the deadline goods change hands, where nobody says it."""
SCALE_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What the plans of a round have in common.

    Args:
        level: how far it reaches.
        items: its offers and wants, by id.
        names: how participants are called, of those that are entities.
        measure: in which values are compared.
        today: the day of the round.
        deadline: until when all are to have accepted.
    """

    level: Level
    items: Mapping[str, Item]
    names: Mapping[str, str]
    measure: Measure
    today: date
    deadline: str


def plan_of(found: FoundRing, round_: Round, *, ring_id: str) -> RingPlan | None:
    """Return the plan of a ring that was found, or None where it cannot be one any more."""
    try:
        legs = [_leg(leg, round_) for leg in found.legs]
        parties = {party for leg in legs for party in (leg.giver, leg.receiver)}
        plan = RingPlan(
            ring_id=ring_id,
            unit=round_.measure.unit or "min",
            legs=legs,
            names={party: round_.names[party] for party in sorted(parties & round_.names.keys())},
            deadline=round_.deadline,
            terms=_terms(found.legs),
            rates=_rates(found.legs, round_),
            level=round_.level.value,
            chain=found.chain,
        )
        require_ring(plan)
    except (Refusal, ValueError):
        return None
    return plan


def _leg(found: FoundLeg, round_: Round) -> RingLeg:
    offer, want = round_.items[found.offer], round_.items[found.want]
    first, last = _days(offer, want, round_)
    market = offer.market if offer.market and offer.market == want.market else ""
    brings = _brings(offer, want)
    return RingLeg(
        giver=offer.owner,
        receiver=want.owner,
        offer=offer.item_id,
        offer_revision=offer.revision,
        want=want.item_id,
        want_revision=want.revision,
        goods=dict(sorted(offer.title.items())[:TITLES_MAX]),
        category=offer.category,
        quantity=_quantity(offer, want, found.quantity),
        value=0 if offer.kind is Kind.GIFT else _value(offer, want, found.quantity, round_.measure),
        transport=brings,
        place="market" if market else ("receiver" if brings == "giver" else "giver"),
        market=market,
        from_day=first.isoformat(),
        until_day=last.isoformat(),
        gift=offer.kind is Kind.GIFT,
    )


def _brings(offer: Item, want: Item) -> Literal["giver", "receiver"]:
    """Return who brings the goods: as the giver has said, else the receiver, else the giver."""
    for item in (offer, want):
        if item.transport is Transport.RECEIVER:
            return "receiver"
        if item.transport is Transport.GIVER:
            return "giver"
    return "giver"


def _days(offer: Item, want: Item, round_: Round) -> tuple[date, date]:
    """Return between which days the goods change hands: what both windows allow."""
    begins = [date.fromisoformat(one.available_from) for one in (offer, want) if one.available_from]
    ends = [date.fromisoformat(one.available_until) for one in (offer, want) if one.available_until]
    first = max([round_.today, *begins])
    usual = max(first, date.fromisoformat(round_.deadline[:10])) + timedelta(days=DELIVERY_DAYS)
    return first, min([usual, *ends])


def _value(offer: Item, want: Item, base: int, measure: Measure) -> int:
    """Return the value at which goods pass: the middle of what both sides hold for right."""
    of_offer = measure.value(offer, _part(offer, base))
    of_want = measure.value(want, _part(want, base))
    if of_offer is None or of_want is None:
        known = of_offer or of_want
        return 0 if known is None else (known[0] + known[1]) // 2
    low, high = max(of_offer[0], of_want[0]), min(of_offer[1], of_want[1])
    # The floor of the giver holds where rounding has closed the range.
    return (low + max(low, high)) // 2


def _part(item: Item, base: int) -> int | None:
    return base if base and item.quantity is not None else None


def _quantity(offer: Item, want: Item, base: int) -> RingQuantity | None:
    """Return how much passes, in the giver's unit."""
    said = offer.quantity or want.quantity
    if said is None:
        return None
    if not base or base == said.base():
        return RingQuantity(amount=said.amount, scale=said.scale, unit=said.unit)
    return _in_unit(base, said)


def _in_unit(base: int, like: Quantity) -> RingQuantity:
    """Return a quantity in a unit, exactly or else rounded down to a thousandth of it."""
    unit = unit_of(like.unit)
    for scale in range(SCALE_MAX + 1):
        amount = base * unit.denominator * ten_to(scale) // unit.numerator
        if amount and (scale == SCALE_MAX or base_amount(amount, scale, like.unit) == base):
            return RingQuantity(amount=amount, scale=scale, unit=like.unit)
    return RingQuantity(amount=like.amount, scale=like.scale, unit=like.unit)


def _terms(legs: Sequence[FoundLeg]) -> list[Term]:
    """Return why the ring was found, of each leg the terms that count most."""
    most = TERMS_MAX // max(1, len(legs))
    found = []
    for number, leg in enumerate(legs):
        counting = sorted(leg.terms.items(), key=lambda one: (-abs(one[1]), one[0]))[:most]
        found += [Term(code=code, points=points, leg=number) for code, points in counting]
    return found


def _rates(legs: Sequence[FoundLeg], round_: Round) -> list[RateUsed]:
    """Return by which published rates the values were reckoned."""
    used = {}
    for leg in legs:
        for item in (round_.items[leg.offer], round_.items[leg.want]):
            unit = item.value.unit if item.value else ""
            published = round_.measure.rates.get(item.origin)
            if unit and unit != round_.measure.unit and published and unit in published.rates:
                used[item.origin, unit] = RateUsed(
                    node=item.origin, revision=published.revision, unit=unit
                )
    return [used[key] for key in sorted(used)]
