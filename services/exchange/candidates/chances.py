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

PRIOR_YES: Final = 9
PRIOR_ALL: Final = 10
LEAST: Final = 500
MOST: Final = 980
ANSWERS_MAX: Final = 10**9

ArcClass = tuple[Kind, Tier]
"""What kind of offer, and how far apart the two sides are."""


@dataclass(frozen=True, slots=True)
class Answers:
    """How often somebody said yes and no, to proposals that were seen."""

    yes: int = 0
    no: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.yes <= ANSWERS_MAX
        assert 0 <= self.no <= ANSWERS_MAX


NONE: Final = Answers()


@dataclass(frozen=True, slots=True)
class Chances:
    """What has been learned of members, by owner, and of classes of arcs."""

    members: Mapping[str, Answers] = field(default_factory=dict)
    classes: Mapping[ArcClass, Answers] = field(default_factory=dict)

    def of_class(self, kind: Kind, tier: Tier) -> int:
        """Return the mean of a class of arcs, per mille."""
        learned = self.classes.get((kind, tier), NONE)
        return 1_000 * (PRIOR_YES + learned.yes) // (PRIOR_ALL + learned.yes + learned.no)

    def of(self, owner: str, kind: Kind, tier: Tier) -> int:
        """Return how likely an owner is to accept to receive by such an arc, per mille.

        In a ring each member receives by one arc, so the product over the ring's arcs is the
        product over its members.
        """
        return chance(self.of_class(kind, tier), self.members.get(owner, NONE))


def chance(mean: int, answers: Answers) -> int:
    """Return a member's chance in a class of that mean, per mille, within the limits."""
    learned = (PRIOR_ALL * mean + 1_000 * answers.yes) // (PRIOR_ALL + answers.yes + answers.no)
    return min(MOST, max(LEAST, learned))
