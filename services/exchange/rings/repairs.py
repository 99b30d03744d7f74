"""How a ring is mended after a no: with the smallest change, and without those who said it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from services.exchange.rings.plans import parties, require_ring, slots
from services.exchange.rings.ring import Ring
from shared.contracts.rings import RingPlan, What, Why
from shared.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """An arc that is not proposed again: this offer for that want, with the reason."""

    offer: str
    want: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """What a withdrawn ring leaves behind, for whoever looks for another.

    Args:
        broken: the plan that failed.
        absent: the parties who were silent, or whose slots were not free.
        barred: the arcs that are not proposed again.
        waiting: those who had accepted; they come first next time.
    """

    broken: RingPlan
    absent: frozenset[str]
    barred: tuple[Barred, ...]
    waiting: frozenset[str]


ProposeInstead = Callable[[Freed], Awaitable[Iterable[RingPlan]]]
"""Returns plans that could stand in a ring's place; it may take its time, outside any unit."""

OF_THE_PARTNER: Final = frozenset({"partner", "distance", "transport"})
"""Reasons that speak against the other party, and not against the goods alone."""


def freed(ring: Ring) -> Freed:
    """Return what a withdrawn ring leaves behind."""
    against = {
        entry.party: entry.why
        for entry in ring.entries
        if entry.party and entry.what in (What.DECLINED, What.REFUSED, What.SILENT, What.RESOLVED)
    }
    declined = {
        entry.party for entry in ring.entries if entry.party and entry.what is What.DECLINED
    }
    barred = tuple(
        Barred(offer=leg.offer, want=leg.want, why=against[party])
        for leg in ring.plan.legs
        for party in (leg.receiver, leg.giver)
        # Who declines does not want what it would have received; what it gives it may still give,
        # unless the reason is the other party or the giving itself.
        if party in declined
        and (
            party == leg.receiver
            or against[party] in OF_THE_PARTNER | {"not-needed", "changed", "time", "quantity"}
        )
    )
    waiting = frozenset(
        party for party, answer in ring.answers.items() if answer.accepts and party not in against
    )
    return Freed(
        broken=ring.plan,
        absent=frozenset(against) - declined,
        barred=tuple({(one.offer, one.want): one for one in barred}.values()),
        waiting=waiting,
    )


def change(broken: RingPlan, plan: RingPlan) -> tuple[int, int, int, int]:
    """Return how much another plan changes: the smaller, the better.

    Those who must be asked anew count first, then those who are left out, then legs, then length.
    """
    before, after = set(parties(broken)), set(parties(plan))
    arcs = {(leg.offer, leg.want) for leg in broken.legs}
    new_legs = sum((leg.offer, leg.want) not in arcs for leg in plan.legs)
    return len(after - before), len(before - after), new_legs, len(plan.legs)


def smallest_changes(
    found: Freed, plans: Iterable[RingPlan], *, bound: Callable[[str], bool]
) -> list[RingPlan]:
    """Return the plans that may stand in a ring's place, the smallest change first.

    Args:
        found: what the ring has left behind.
        plans: what was found in its place.
        bound: whether an item is held by another ring; what others have agreed is left alone.
    """
    barred = {(one.offer, one.want) for one in found.barred}
    fit = []
    for plan in plans:
        try:
            require_ring(plan)
        except Refusal:
            continue
        if any((leg.offer, leg.want) in barred for leg in plan.legs):
            continue
        if found.absent & set(parties(plan)):
            continue
        if any(bound(slot.item) for slot in slots(plan)):
            continue
        fit.append(plan)
    fit.sort(key=lambda plan: (change(found.broken, plan), plan.ring_id))
    return fit
