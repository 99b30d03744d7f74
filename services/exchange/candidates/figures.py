"""How a round did, in whole numbers: shares and indices are per mille."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.exchange.candidates.entries import Entry
from services.exchange.items import Kind, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of those who took part are of a kind, and how many of those who are served."""

    present: int
    served: int

    @property
    def of_present(self) -> int:
        """The share that is served of those present, per mille."""
        return _per_mille(self.served, self.present)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a round did.

    Args:
        participants, offers, wants: how many took part.
        served: participants who would receive something.
        matched_offers, matched_wants: how many are in a ring or chain.
        by_length: how many rings of each number of participants.
        chains: how many chains of gifts are among them.
        value, bound: of the solver's objective; no choice of rings is worth more than the bound.
        small, women_led, marginalised: of the participants.
        gini: of the utility that participants receive, 0 for alike, 1000 for all to one.
        fairness_price: what fairness cost of the best value, per mille; None if not measured.
    """

    participants: int
    offers: int
    wants: int
    served: int
    matched_offers: int
    matched_wants: int
    by_length: Mapping[int, int]
    chains: int
    value: int
    bound: int
    small: Share
    women_led: Share
    marginalised: Share
    gini: int
    fairness_price: int | None

    @property
    def matched_share(self) -> int:
        """The share of offers and wants that are in a ring or chain, per mille."""
        return _per_mille(self.matched_offers + self.matched_wants, self.offers + self.wants)

    @property
    def served_share(self) -> int:
        """The share of participants who would receive something, per mille."""
        return _per_mille(self.served, self.participants)

    @property
    def gap(self) -> int:
        """How much better the best can be at most, per mille of the bound, rounded up."""
        return 0 if self.bound <= 0 else -(-1_000 * (self.bound - self.value) // self.bound)

    def share_of_served(self, share: Share) -> int:
        """Return what part of the participants served is of a kind, per mille."""
        return _per_mille(share.served, self.served)

    def document(self) -> dict[str, int | dict[str, int] | None]:
        """Return the figures as plain JSON, for the report of the round."""
        kinds = {
            "small": self.small,
            "women_led": self.women_led,
            "marginalised": self.marginalised,
        }
        return {
            "participants": self.participants,
            "offers": self.offers,
            "wants": self.wants,
            "served": self.served,
            "matched_offers": self.matched_offers,
            "matched_wants": self.matched_wants,
            "matched_share": self.matched_share,
            "rings_by_length": {str(length): n for length, n in sorted(self.by_length.items())},
            "chains": self.chains,
            "value": self.value,
            "bound": self.bound,
            "gap": self.gap,
            **{f"{name}_present": share.present for name, share in kinds.items()},
            **{f"{name}_served": share.served for name, share in kinds.items()},
            "gini": self.gini,
            "fairness_price": self.fairness_price,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What passes in a ring: an offer to a want, and what that is worth to who receives."""

    offer: Entry
    want: Entry
    utility: int


def figures(
    entries: Iterable[Entry],
    rings: Sequence[Sequence[Leg]],
    *,
    value: int,
    bound: int,
    best: int | None = None,
    fair: int | None = None,
) -> Figures:
    """Return how a round did.

    Args:
        entries: all offers and wants of the round.
        rings: the legs of each ring or chain.
        value, bound: of the solver's objective.
        best, fair: the best value without the tiers of fairness, and the value with them.
    """
    entries = list(entries)
    owners: dict[str, list[Entry]] = {}
    for entry in entries:
        owners.setdefault(entry.owner, []).append(entry)
    received = dict.fromkeys(owners, 0)
    for ring in rings:
        for leg in ring:
            received[leg.want.owner] = received.get(leg.want.owner, 0) + leg.utility
    served = {leg.want.owner for ring in rings for leg in ring}

    def share(name: str) -> Share:
        those = [one for one, held in owners.items() if any(getattr(e, name) for e in held)]
        return Share(present=len(those), served=sum(one in served for one in those))

    return Figures(
        participants=len(owners),
        offers=sum(entry.side is Side.OFFER for entry in entries),
        wants=sum(entry.side is Side.WANT for entry in entries),
        served=len(served),
        matched_offers=len({leg.offer.id for ring in rings for leg in ring}),
        matched_wants=len({leg.want.id for ring in rings for leg in ring}),
        by_length=Counter(_length(ring) for ring in rings),
        chains=sum(is_chain(ring) for ring in rings),
        value=value,
        bound=bound,
        small=share("small"),
        women_led=share("women_led"),
        marginalised=share("marginalised"),
        gini=gini(received.values()),
        fairness_price=None if best is None or fair is None else fairness_price(best, fair),
    )


def is_chain(ring: Sequence[Leg]) -> bool:
    """Return whether something is given in it for nothing."""
    return any(leg.offer.kind is Kind.GIFT for leg in ring)


def gini(values: Iterable[int]) -> int:
    """Return the Gini index of whole numbers from 0 on, per mille.

    Source: Gini (1912); half of the mean difference of all pairs, relative to the mean.
    """
    ordered = sorted(values)
    whole = sum(ordered)
    if whole <= 0:
        return 0
    count = len(ordered)
    weighted = sum((2 * place - count - 1) * value for place, value in enumerate(ordered, 1))
    return weighted * 1_000 // (count * whole)


def fairness_price(best: int, fair: int) -> int:
    """Return which part of the best value fairness gives up, per mille, rounded up."""
    return 0 if best <= 0 else max(0, -(-1_000 * (best - fair) // best))


def _length(ring: Sequence[Leg]) -> int:
    """Return how many take part: those who receive, and who gives without receiving."""
    return len({leg.want.owner for leg in ring} | {leg.offer.owner for leg in ring})


def _per_mille(part: int, whole: int) -> int:
    return 0 if whole <= 0 else 1_000 * part // whole
