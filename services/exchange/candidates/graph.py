"""Candidate arcs as they are handed on, with all that is needed to say why they are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.exchange.candidates.closure import Closure
from services.exchange.candidates.columns import Ints, Mask
from services.exchange.candidates.entries import Entry, Tier
from services.exchange.candidates.rules import Bounds, Rule
from services.exchange.candidates.utility import TERMS, Term
from services.exchange.candidates.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """What was considered.

    Args:
        seen: different pairs of an offer and a want that were looked at.
        refused: of these, how many failed which rule first.
        crowded: passed all rules, and gave way to better ones of the same offer or want.
        kept: became arcs.
        fixed: were agreed on before.
    """

    seen: int = 0
    refused: Mapping[Rule, int]
    crowded: int = 0
    kept: int = 0
    fixed: int = 0

    def with_kept(self, kept: int, fixed: int) -> "Considered":
        """Return the same with how many became arcs in the end."""
        crowded = self.seen - sum(self.refused.values()) - kept
        return replace(self, kept=kept, fixed=fixed, crowded=crowded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """One arc: the want's owner would receive what is offered.

    Args:
        chance: how likely the receiver is to accept, per mille.
        quantity: how much would pass, in the smallest part of the measure; 0 if nobody says.
        fixed: agreed on before, and not to be undone.
    """

    offer: Entry
    want: Entry
    terms: Mapping[Term, int]
    likeness: int
    chance: int
    tier: Tier
    quantity: int
    fixed: bool

    @property
    def utility(self) -> int:
        """What the arc is worth, at least one."""
        return sum(self.terms.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The candidate arcs of a round, by want and then by offer, both in the order of their ids.

    Every array has one row for each arc; ``terms`` has one column for each of ``TERMS``.
    """

    offers: Sequence[Entry]
    wants: Sequence[Entry]
    closure: Closure
    bounds: Bounds
    weights: Weights
    considered: Considered
    offer: Ints
    want: Ints
    fixed: Mask
    likeness: Ints
    terms: Ints
    chance: Ints
    tier: Ints
    quantity: Ints

    def __len__(self) -> int:
        return int(self.offer.size)

    @property
    def utility(self) -> Ints:
        """What each arc is worth."""
        found: Ints = self.terms.sum(axis=1)
        return found

    def arc(self, number: int) -> Arc:
        """Return one arc with its entries and terms."""
        values = self.terms[number].tolist()
        return Arc(
            offer=self.offers[int(self.offer[number])],
            want=self.wants[int(self.want[number])],
            terms=dict(zip(TERMS, values, strict=True)),
            likeness=int(self.likeness[number]),
            chance=int(self.chance[number]),
            tier=Tier(int(self.tier[number])),
            quantity=int(self.quantity[number]),
            fixed=bool(self.fixed[number]),
        )
