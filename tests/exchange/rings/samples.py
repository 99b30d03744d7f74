"""Rings for tests: plans of any length over made-up parties, and items that are simply there."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.exchange.rings.plans import Slot
from shared.clock import stamp
from shared.contracts.rings import RingLeg, RingLetter, RingPlan, Why
from shared.store import Work

NOW = datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)


def some_id(node: str, number: int, kind: int = 0) -> str:
    """Return an id of a node that is the same in every run."""
    return f"{node}:{UUID(int=(0x0199 << 112) | (7 << 76) | (2 << 62) | (kind << 32) | number)}"


def party(node: str, number: int = 1) -> str:
    """Return a participant of a node."""
    return some_id(node, number, kind=1)


def offer_of(owner: str) -> str:
    """Return what a participant gives."""
    return some_id(owner.partition(":")[0], int(owner[-6:], 16), kind=2)


def want_of(owner: str) -> str:
    """Return what a participant needs."""
    return some_id(owner.partition(":")[0], int(owner[-6:], 16), kind=3)


def leg(giver: str, receiver: str, **fields: Any) -> RingLeg:
    """Return a leg between two participants, otherwise plain."""
    said = {
        "giver": giver,
        "receiver": receiver,
        "offer": offer_of(giver),
        "offer_revision": 1,
        "want": want_of(receiver),
        "want_revision": 1,
        "goods": {"fr": f"Miel de {giver[-2:]}"},
        "category": "honey",
        "value": 10_000,
        "from_day": "2026-11-23",
        "until_day": "2026-11-29",
    }
    return RingLeg.model_validate(said | fields)


def plan(
    members: Sequence[str],
    *,
    number: int = 1,
    decider: str = "",
    values: Sequence[int] = (),
    answer_time: timedelta = timedelta(days=7),
    now: datetime = NOW,
    **fields: Any,
) -> RingPlan:
    """Return a ring in which each member gives to the next.

    Args:
        members: in the order of giving.
        number: of the ring, in its id.
        decider: the node that proposes it; the first member's where nothing is said.
        values: of the legs.
    """
    following = [*members[1:], members[0]]
    legs = [
        leg(giver, receiver, **({"value": values[place]} if values else {}))
        for place, (giver, receiver) in enumerate(zip(members, following, strict=True))
    ]
    said = {
        "ring_id": some_id(decider or members[0].partition(":")[0], number),
        "unit": "MAD",
        "legs": legs,
        "names": {member: f"Coopérative {member[-4:]}" for member in members},
        "deadline": stamp(now + answer_time),
    }
    return RingPlan.model_validate(said | fields)


class AllThere:
    """Items that are all published, until they were given or received."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def unfit(self, work: Work, slot: Slot, plan: RingPlan, *, giving: bool) -> Why:
        """Return why an item cannot be held."""
        return "taken" if slot.item in self.gone else ""

    def fulfilled(self, work: Work, item: str) -> None:
        """Take an item out of the lists."""
        self.gone.add(item)


class Letterbox:
    """A post that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, RingLetter]] = []

    def send(self, work: Work, to: str, letter: RingLetter) -> None:
        """Keep a letter."""
        self.sent.append((to, letter))
