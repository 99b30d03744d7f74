"""What a ring proposes, and what can be read from it: parties, nodes, slots, residuals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import ClassVar, Final

from shared.amounts import INTEGER_MAX
from shared.clock import moment
from shared.contracts.rings import RingLeg, RingPlan
from shared.refusals import Kind, Refusal

ANSWER_TIME: Final = timedelta(days=7)
"""How long parties have to answer where nothing else is said: a weekly market day lies inside."""
ANSWER_TIME_MAX: Final = timedelta(days=60)


class BadRing(Refusal):
    """A plan is no ring: its legs do not join, a party stands twice, or its dates are none."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-ring"
    title: ClassVar[str] = "This is no ring in which everybody gives to the next"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a party gives and receives in a ring: the numbers of its legs."""

    gives: int | None = None
    receives: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An item that a ring needs, as the proposer has seen it."""

    item: str
    revision: int
    party: str


def node_of(global_name: str) -> str:
    """Return the node of an item, a party or a ring."""
    return global_name.partition(":")[0]


def parties(plan: RingPlan) -> tuple[str, ...]:
    """Return a ring's parties in the order in which they give."""
    seen: dict[str, None] = {}
    for leg in plan.legs:
        seen.setdefault(leg.giver)
        seen.setdefault(leg.receiver)
    return tuple(seen)


def nodes(plan: RingPlan) -> tuple[str, ...]:
    """Return the nodes whose parties are in a ring."""
    return tuple(dict.fromkeys(node_of(party) for party in parties(plan)))


def parties_of(plan: RingPlan, node: str) -> tuple[str, ...]:
    """Return a ring's parties that belong to a node."""
    return tuple(party for party in parties(plan) if node_of(party) == node)


def place_of(plan: RingPlan, party: str) -> Place:
    """Return which legs a party gives and receives."""
    gives = next((n for n, leg in enumerate(plan.legs) if leg.giver == party), None)
    receives = next((n for n, leg in enumerate(plan.legs) if leg.receiver == party), None)
    return Place(gives=gives, receives=receives)


def neighbours(plan: RingPlan, party: str) -> tuple[str, ...]:
    """Return those to whom a party gives and from whom it receives."""
    place = place_of(plan, party)
    found: dict[str, None] = {}
    if place.gives is not None:
        found.setdefault(plan.legs[place.gives].receiver)
    if place.receives is not None:
        found.setdefault(plan.legs[place.receives].giver)
    return tuple(found)


def slots(plan: RingPlan) -> tuple[Slot, ...]:
    """Return all items that a ring needs."""
    found = []
    for leg in plan.legs:
        found.append(Slot(item=leg.offer, revision=leg.offer_revision, party=leg.giver))
        found.append(Slot(item=leg.want, revision=leg.want_revision, party=leg.receiver))
    return tuple(found)


def residuals(plan: RingPlan) -> Mapping[str, int]:
    """Return what each party receives beyond what it gives, in the plan's unit; they sum to zero.

    Whoever receives more than it gives owes the difference to the others: it is debited.
    """
    found = dict.fromkeys(parties(plan), 0)
    for leg in plan.legs:
        if not leg.gift:
            found[leg.giver] -= leg.value
            found[leg.receiver] += leg.value
    assert sum(found.values()) == 0
    return found


def require_ring(plan: RingPlan) -> None:
    """Return quietly when a plan is a ring, or a chain of gifts.

    Raises:
        BadRing: it is not.
    """
    legs = plan.legs
    for here, after in pairwise(legs):
        if here.receiver != after.giver:
            raise BadRing("a leg does not begin where the one before ends")
    if plan.chain:
        if not legs[0].gift or legs[-1].receiver == legs[0].giver:
            raise BadRing("a chain begins with a gift and does not close")
    elif len(legs) < 2 or legs[-1].receiver != legs[0].giver:
        raise BadRing("the last leg does not end where the first begins")
    givers = [leg.giver for leg in legs]
    receivers = [leg.receiver for leg in legs]
    if len(set(givers)) < len(givers) or len(set(receivers)) < len(receivers):
        raise BadRing("a party gives or receives twice")
    items = [slot.item for slot in slots(plan)]
    if len(set(items)) < len(items):
        raise BadRing("an item stands twice")
    if sum(leg.value for leg in legs) > INTEGER_MAX:
        raise BadRing("the values are too large")
    for leg in legs:
        _require_leg(leg)
    if not set(plan.names) <= set(parties(plan)):
        raise BadRing("a name of somebody who is not in it")
    if any(term.leg is not None and term.leg >= len(legs) for term in plan.terms):
        raise BadRing("a term of a leg that is not there")
    moment(plan.deadline)


def _require_leg(leg: RingLeg) -> None:
    if leg.giver == leg.receiver:
        raise BadRing("somebody gives to themselves")
    if node_of(leg.offer) != node_of(leg.giver) or node_of(leg.want) != node_of(leg.receiver):
        raise BadRing("an item belongs to another node than its owner")
    if leg.from_day > leg.until_day:
        raise BadRing("a leg ends before it begins")
    if leg.place == "market" and not leg.market:
        raise BadRing("a market has a name")
