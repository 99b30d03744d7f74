"""How likely a member is to say yes to a proposal: the default, or what has been learned.

Source: a Beta prior of nine to one, first for each class of arcs, and the class's mean with the
same strength for each member; limits on both sides, so that newcomers are not punished and nobody
is taken for certain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.exchange.candidates.entries import Tier
from services.exchange.items import Kind
from services.exchange.rings.confidence import LEAST, MOST, NO_FIRST, YES_FIRST, Record

ALL_FIRST: Final = YES_FIRST + NO_FIRST

ArcClass = tuple[Kind, Tier]
"""What kind of offer, and how far apart the two sides are."""
NONE: Final = Record()


@dataclass(frozen=True, slots=True)
class Chances:
    """What has been learned of members, by owner, and of classes of arcs."""

    members: Mapping[str, Record] = field(default_factory=dict)
    classes: Mapping[ArcClass, Record] = field(default_factory=dict)

    def of_class(self, kind: Kind, tier: Tier) -> int:
        """Return the mean of a class of arcs, per mille."""
        learned = self.classes.get((kind, tier), NONE)
        return 1_000 * (YES_FIRST + learned.yes) // (ALL_FIRST + learned.yes + learned.no)

    def of(self, owner: str, kind: Kind, tier: Tier) -> int:
        """Return how likely an owner is to accept to receive by such an arc, per mille.

        In a ring each member receives by one arc, so the product over the ring's arcs is the
        product over its members.
        """
        return chance(self.of_class(kind, tier), self.members.get(owner, NONE))


def chance(mean: int, record: Record) -> int:
    """Return a member's chance in a class of that mean, per mille, within the limits."""
    learned = (ALL_FIRST * mean + 1_000 * record.yes) // (ALL_FIRST + record.yes + record.no)
    return min(MOST, max(LEAST, learned))
