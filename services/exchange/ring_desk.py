"""What the handlers of rings work with: the node, its items, its ledger, and how letters leave."""

from dataclasses import dataclass, field
from typing import Protocol

from services.exchange.rings.parts import SOFT, PartState, Timing
from services.exchange.rings.plans import Slot
from services.exchange.rings.ring import RIGHT, Decisions
from shared.contracts.rings import RingLetter, RingPlan, Why
from shared.store import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A letter that is about to leave, or to be taken in here where it is to this node itself."""

    to: str
    letter: RingLetter


class Items(Protocol):
    """The node's own offers and wants, as far as rings need them."""

    def unfit(self, work: Work, slot: Slot, plan: RingPlan, *, giving: bool) -> Why:
        """Return why an own item cannot be held for a ring, or an empty text.

        It must be there, open, of that owner and revision, and in rings of that level; until the
        unit ends nobody else changes it.
        """
        ...

    def fulfilled(self, work: Work, item: str) -> None:
        """Take an own item out of the lists: it was given, or received."""
        ...


class Residuals(Protocol):
    """The ledger, for what a ring leaves over between its parties."""

    def carries(self, work: Work, plan: RingPlan) -> bool:
        """Return whether the residuals of a ring can be posted here: unit and accounts are ours."""
        ...

    def reserve(self, work: Work, plan: RingPlan) -> None:
        """Hold what those who receive more than they give owe to the others, all or nothing.

        Raises:
            Refusal: a limit does not allow it.
        """
        ...

    def post(self, work: Work, ring_id: str) -> None:
        """Post what was held for a ring."""
        ...

    def void(self, work: Work, ring_id: str) -> None:
        """Give back what was held for a ring."""
        ...


class ShownOnly:
    """No ledger at all: residuals are shown, and posted by nobody."""

    def carries(self, work: Work, plan: RingPlan) -> bool:
        """Return that nothing is posted here."""
        return False

    def reserve(self, work: Work, plan: RingPlan) -> None:
        """Hold nothing."""

    def post(self, work: Work, ring_id: str) -> None:
        """Post nothing."""

    def void(self, work: Work, ring_id: str) -> None:
        """Give back nothing."""


class Post(Protocol):
    """How letters leave, in the unit that has written them."""

    def send(self, work: Work, to: str, letter: RingLetter) -> None:
        """Send a letter to the exchange of another node."""
        ...


class HoldSlot(Protocol):
    """Holds an item for a ring unless another ring has it: the compare-and-set of a slot."""

    def __call__(self, work: Work, slot: Slot, *, ring_id: str) -> bool:
        """Return whether the ring has the item now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules on which the protocol stands, as values, so that tests can show what each is for.

    Args:
        decisions: what the decider asks itself.
        hold: how a slot is taken.
        clock_releases: in which states a hold ends by the owner's own clock.
        tombstones: whether a ring that nobody knows here is withdrawn for ever.
    """

    hold: HoldSlot
    decisions: Decisions = RIGHT
    clock_releases: frozenset[PartState] = SOFT
    tombstones: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RingDesk:
    """All that a handler of rings needs besides its unit of work."""

    node: str
    items: Items
    post: Post
    rules: Rules
    residuals: Residuals = field(default_factory=ShownOnly)
    timing: Timing = field(default_factory=Timing)


Handled = list[Outgoing]
"""What a handler has to say to others, once its rows are written."""
