"""What a round's process answers: legs of rings, why they are there, and what would help others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLeg:
    """One offer that would go to one want.

    Args:
        quantity: how much, in the smallest part of the measure; 0 where nobody says.
        terms: the points of each term of its utility.
        chance: how likely the receiver is to accept, per mille.
        tier: 0 inside one network, 1 inside the continent, 2 beyond.
    """

    offer: str
    want: str
    quantity: int
    terms: Mapping[str, int]
    chance: int
    tier: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRing:
    """A ring, or a chain of gifts with open ends; each leg's receiver gives the next leg."""

    legs: Sequence[FoundLeg]
    weight: int
    chain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a round has found.

    Args:
        rings: in the order in which they are proposed.
        input_hash: SHA-256 of the problem that was solved.
        value, bound: in points of the objective; no choice of rings is worth more than the bound.
        gap_ppm: how much better the best can be at most, in parts per million of the bound.
        proven: whether nothing better is possible.
        arcs: how many candidate arcs there were.
        considered: pairs looked at, refused by rule, crowded out, kept.
        figures: how the round did, as ``candidates.figures`` has it.
        missing: of each entry that stayed unmatched, what keeps its nearest arc from being one.
        certificate: by which others check it.
        problem: that which was solved, as the solver takes it; empty where it is too large to keep.
        report: the solver's own account.
    """

    rings: Sequence[FoundRing]
    input_hash: str
    value: int
    bound: int
    gap_ppm: int
    proven: bool
    arcs: int
    considered: Mapping[str, Any]
    figures: Mapping[str, Any]
    missing: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    problem: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)


def answered(told: Mapping[str, Any]) -> Answered:
    """Return the answer of what the process has written."""
    rings = [
        FoundRing(
            legs=[FoundLeg(**leg) for leg in ring["legs"]],
            weight=ring["weight"],
            chain=ring["chain"],
        )
        for ring in told["rings"]
    ]
    # A service that runs while its code is renewed may be told more than it knows.
    known = {one.name for one in fields(Answered)}
    values = {name: value for name, value in told.items() if name in known}
    return Answered(**{**values, "rings": rings})
