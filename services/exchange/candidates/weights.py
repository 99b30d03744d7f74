"""The published weights of an arc's utility, which a network may change by a decision."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import ClassVar, Final, Self

from shared.refusals import Kind, Refusal

WEIGHT_MAX: Final = 100_000


class BadWeights(Refusal):
    """A weight is none that matching knows, or no whole number in its range."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-weights"
    title: ClassVar[str] = "Weights are whole numbers from 0 to 100,000, each with a known name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each term of the utility counts, in points; each is shown to the members.

    Args:
        fit: a perfect fit; what fits in part counts in part.
        fit_category, fit_text, fit_quantity: the parts of the fit, in relation to one another;
            a part of which nothing is known counts neither way.
        level_lost: of the fit by category, per mille, for each level that an offer is narrower.
        by_text: the fit by category, per mille, where only the words agree.
        network, continent: for two sides of one network, of one continent.
        beyond: taken off for each side that prefers others nearer by.
        small, women_led, marginalised: for who receives.
        waited, waited_most: for each round that the want has waited, and in all.
        received_little: for who has received nothing of late; half as much brings half.
        ten_km, distance_most: taken off for each ten kilometres, and in all.
        rank, rank_most: taken off for each want that its owner puts first, and in all.
        text_least: from which likeness of the words on, per mille, an offer of a neighbouring
            category is a candidate.
    """

    fit: int = 1_000
    fit_category: int = 60
    fit_text: int = 25
    fit_quantity: int = 15
    level_lost: int = 50
    by_text: int = 500
    network: int = 200
    continent: int = 100
    beyond: int = 50
    small: int = 60
    women_led: int = 40
    marginalised: int = 60
    waited: int = 20
    waited_most: int = 200
    received_little: int = 50
    ten_km: int = 10
    distance_most: int = 300
    rank: int = 20
    rank_most: int = 100
    text_least: int = 350

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if type(value) is not int or not 0 <= value <= WEIGHT_MAX:
                raise BadWeights(f"{name} is a whole number from 0 to {WEIGHT_MAX}", weight=name)
        for name in ("by_text", "text_least"):
            if getattr(self, name) > 1_000:
                raise BadWeights(f"{name} is per mille", weight=name)
        if not self.fit_category:
            raise BadWeights("the category always counts", weight="fit_category")

    @classmethod
    def of(cls, values: Mapping[str, int]) -> Self:
        """Return the weights that a network has decided on; what it does not name stays ours.

        Raises:
            BadWeights
        """
        known = {field.name for field in fields(cls)}
        for name in values:
            if name not in known:
                raise BadWeights(f"no weight is called {name[:40]}", known=sorted(known))
        return cls(**values)
