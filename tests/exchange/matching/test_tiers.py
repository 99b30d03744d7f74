"""What counts first is made as good as can be before the next is looked at."""

import pytest

from services.exchange.matching.model import Problem
from services.exchange.matching.solve import solve
from services.exchange.matching.wire import Owners, Tier
from tests.exchange.matching.brute import choices, problem_at_random, worth

Rings = tuple[tuple[int, ...], ...]
ORDERS = [
    (Tier.AGREED, Tier.NETWORK, Tier.CONTINENT, Tier.VALUE, Tier.PEOPLE, Tier.SHORT),
    (Tier.VALUE, Tier.WORST_OFF, Tier.PEOPLE),
    (Tier.PEOPLE, Tier.VALUE),
]


def reached(problem: Problem, rings: Rings, tier: Tier) -> list[int]:
    """Return what a choice comes to in a tier, counted plainly."""
    pairs = {
        pair: (level, int(fixed))
        for pair, level, fixed in zip(
            zip(problem.tail.tolist(), problem.head.tolist(), strict=True),
            problem.tier.tolist(), problem.fixed.tolist(), strict=True,
        )
    }  # fmt: skip
    arcs = [
        [pairs[pair] for pair in zip(ring, (*ring[1:], ring[0]), strict=True)] for ring in rings
    ]
    worths = [worth(problem, ring) for ring in rings]
    level = {Tier.NETWORK: 0, Tier.CONTINENT: 1, Tier.VALUE: 9}.get(tier)
    if level is not None:
        inside = [max(one for one, _ in ring) <= level for ring in arcs]
        return [sum(value for value, good in zip(worths, inside, strict=True) if good)]
    if tier is Tier.AGREED:
        return [sum(fixed for ring in arcs for _, fixed in ring)]
    if tier is Tier.SHORT:
        return [-sum(len(ring) ** 2 for ring in rings)]
    people = {int(problem.owner[slot]) for ring in rings for slot in ring}
    if tier is Tier.PEOPLE:
        return [len(people)]
    worst: dict[int, int] = {}
    for owner, standing in zip(problem.owner.tolist(), problem.standing.tolist(), strict=True):
        worst[owner] = min(standing, worst.get(owner, standing))
    return [
        sum(worst[one] == standing for one in people) for standing in sorted(set(worst.values()))
    ]


@pytest.mark.parametrize("tiers", ORDERS)
def test_the_choice_is_the_best_tier_by_tier(tiers: tuple[Tier, ...]) -> None:
    for seed in range(20):
        problem = problem_at_random(seed, cap=3, owners=Owners.ONCE, tiers=tiers)
        found = solve(problem)
        place = {name: at for at, name in enumerate(problem.ids)}
        rings = tuple(tuple(place[slot] for slot in ring.slots) for ring in found.rings)
        score = [one for tier in tiers for one in reached(problem, rings, tier)]
        best = max(
            [one for tier in tiers for one in reached(problem, choice, tier)]
            for choice in choices(problem)
        )
        assert score == best, seed
        assert all(one["proven"] for one in found.report["tiers"])
