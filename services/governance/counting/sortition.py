"""Sortition: people are drawn by a lot that everybody can draw again by hand.

Every group of the pool has seats in proportion to its size, whole by largest remainder. Within a
group, members stand in the ascending order of SHA-256 over the seed and the member's id, written
one after the other; the first have the seats, the next ones step in for them. The seed is published
after the pool was sealed, so that nobody can enter members to suit it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from services.governance.counting.apportioning import largest_remainder
from shared.refusals import Kind, Refusal


class PoolTooSmall(Refusal):
    """More people are to be drawn than there are."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "pool-too-small"
    title: ClassVar[str] = "There are fewer people in the pool than seats"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Who was drawn.

    Args:
        seats: how many each group has.
        order: the members of each group in the order of their lots.
    """

    seed: str
    seats: Mapping[str, int]
    order: Mapping[str, tuple[str, ...]]

    @property
    def chosen(self) -> dict[str, tuple[str, ...]]:
        """Return those who have the seats, by group."""
        return {group: self.order[group][:seats] for group, seats in self.seats.items()}

    @property
    def substitutes(self) -> dict[str, tuple[str, ...]]:
        """Return who steps in, in this order, by group."""
        return {group: self.order[group][seats:] for group, seats in self.seats.items()}


def lot(seed: str, member: str) -> str:
    """Return a member's lot, in hex; the smallest comes first."""
    return hashlib.sha256(f"{seed}{member}".encode()).hexdigest()


def drawn(
    pool: Mapping[str, Sequence[str]],
    seats: int,
    seed: str,
    *,
    sizes: Mapping[str, int] | None = None,
) -> Drawn:
    """Draw people from a pool that lies in groups; the order within it changes nothing.

    Args:
        pool: the members of each group; nobody stands in two.
        seed: published, in hex.
        sizes: how large each group is outside of the pool, where seats follow that; a group with
            fewer members in the pool than seats gives those over to the other groups.

    Raises:
        PoolTooSmall: there are fewer members than seats.
    """
    everybody = [member for members in pool.values() for member in members]
    assert len(set(everybody)) == len(everybody), "nobody is in the pool twice"
    if len(everybody) < seats:
        raise PoolTooSmall(f"{seats} seats and {len(everybody)} people")
    weights = sizes or {group: len(members) for group, members in pool.items()}
    return Drawn(
        seed=seed,
        seats=_quotas({group: len(pool[group]) for group in sorted(pool)}, weights, seats, seed),
        order={
            group: tuple(sorted(pool[group], key=lambda member: lot(seed, member)))
            for group in sorted(pool)
        },
    )


def _quotas(
    there: Mapping[str, int], weights: Mapping[str, int], seats: int, seed: str
) -> dict[str, int]:
    """Return how many seats each group has; no more than it has members in the pool."""
    full: dict[str, int] = {}
    while True:
        open_groups = {group: weights[group] for group in there if group not in full}
        left = seats - sum(full.values())
        total = sum(open_groups.values())
        if not total:
            # The groups that are left have no size of their own: each member counts as one.
            open_groups = {group: there[group] for group in open_groups}
            total = sum(open_groups.values())
        shares = {group: Fraction(left * size, total or 1) for group, size in open_groups.items()}
        if not left or not total:
            return {group: full.get(group, 0) for group in there}
        found, _ = largest_remainder(shares, left, lambda group: lot(seed, group))
        over = {group: there[group] for group in found if found[group] > there[group]}
        if not over:
            return {group: full.get(group, found.get(group, 0)) for group in there}
        full |= over
