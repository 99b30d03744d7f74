"""Small problems at random, and their best rings by trying everything: slow, and plainly right."""

import random
from collections.abc import Iterator

from services.exchange.matching.model import Problem, arranged
from services.exchange.matching.wire import Objective, Owners, Tier

Arcs = dict[tuple[int, int], tuple[int, int]]


def problem_at_random(
    seed: int,
    *,
    cap: int,
    owners: Owners = Owners.ANY,
    objective: Objective = Objective.PLAIN,
    dummies: int = 0,
    gifts: int = 0,
    weights: bool = True,
    tiers: tuple[Tier, ...] = (Tier.VALUE,),
) -> Problem:
    """Return a problem of a few slots that has some rings."""
    luck = random.Random(seed)
    real = luck.randint(3, 7)
    n = real + dummies
    density = luck.choice((0.25, 0.4, 0.6))
    arcs = [
        (tail, head) for tail in range(n) for head in range(n)
        if tail != head and luck.random() < density
    ]  # fmt: skip
    luck.shuffle(arcs)
    dummy = [int(at >= real) for at in range(n)]
    return arranged(
        ids=[f"s{at}" for at in range(n)],
        owners_of=[f"o{luck.randrange(max(2, real - 2))}" for _ in range(n)],
        dummy=dummy,
        gift=[int(at < gifts) for at in range(n)],
        standing=[luck.randrange(3) for _ in range(n)],
        tail=[tail for tail, _ in arcs],
        head=[head for _, head in arcs],
        utility=[
            0 if dummy[tail] else luck.randint(1, 50) if weights else 1 for tail, _ in arcs
        ],
        confirm=[
            1000 if dummy[tail] else luck.choice((500, 700, 900, 950)) if objective is
            Objective.EXPECTED else 1000 for tail, _ in arcs
        ],
        tier=[luck.choice((0, 0, 1, 2)) for _ in arcs],
        fixed=[int(luck.random() < 0.1) for _ in arcs],
        cap=cap, owners=owners, objective=objective, tiers=tiers,
    )  # fmt: skip


def arcs_of(problem: Problem) -> Arcs:
    """Return utility and chance by pair, the open ends of gifts among them."""
    found: Arcs = {
        (tail, head): (utility, confirm)
        for tail, head, utility, confirm in zip(
            problem.tail.tolist(), problem.head.tolist(), problem.utility.tolist(),
            problem.confirm.tolist(), strict=True,
        )
    }  # fmt: skip
    for giver in range(problem.size):
        for slot in range(problem.size):
            if problem.gift[giver] and slot != giver and not problem.dummy[slot]:
                found.setdefault((giver, slot), (0, 1000))
    return found


def rings(problem: Problem) -> Iterator[tuple[int, ...]]:
    """Yield each ring once, from its lowest real slot."""
    arcs = arcs_of(problem)
    dummy = problem.dummy.tolist()
    owner = problem.owner.tolist()

    def onwards(path: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        real = [one for one in path if not dummy[one]]
        for head in range(problem.size):
            if (path[-1], head) not in arcs:
                continue
            if head == path[0] and len(real) > 1:
                yield path
            if head in path or (not dummy[head] and head < path[0]):
                continue
            if not dummy[head]:
                if len(real) == problem.cap:
                    continue
                if problem.owners is Owners.ONCE and owner[head] in {owner[one] for one in real}:
                    continue
            yield from onwards((*path, head))

    for start in range(problem.size):
        if not dummy[start]:
            yield from onwards((start,))


def worth(problem: Problem, ring: tuple[int, ...]) -> int:
    """Return what a ring is worth; chances of dummies are taken to be sure."""
    arcs = arcs_of(problem)
    taken = [arcs[pair] for pair in zip(ring, (*ring[1:], ring[0]), strict=True)]
    total = sum(utility for utility, _ in taken)
    if problem.objective is Objective.PLAIN:
        return total
    chance, length = 1, 0
    for slot, (_, confirm) in zip(ring, taken, strict=True):
        if not problem.dummy[slot]:
            chance, length = chance * confirm, length + 1
    return total * (chance * 10**6 // 1000**length) // 1000


def choices(problem: Problem) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Yield all choices of rings that share no slot."""
    found = list(rings(problem))

    def onwards(
        at: int, used: frozenset[int], chosen: tuple[tuple[int, ...], ...]
    ) -> Iterator[tuple[tuple[int, ...], ...]]:
        if at == len(found):
            yield chosen
            return
        yield from onwards(at + 1, used, chosen)
        if used.isdisjoint(found[at]):
            yield from onwards(at + 1, used | set(found[at]), (*chosen, found[at]))

    yield from onwards(0, frozenset(), ())


def best(problem: Problem) -> int:
    """Return the worth of the best choice."""
    priced = sorted(((worth(problem, ring), ring) for ring in rings(problem)), reverse=True)
    most = 0

    def onwards(at: int, used: frozenset[int], value: int) -> None:
        nonlocal most
        most = max(most, value)
        for place in range(at, len(priced)):
            more, ring = priced[place]
            if value + more * (problem.size - len(used)) // 2 <= most:
                return
            if used.isdisjoint(ring):
                onwards(place + 1, used | set(ring), value + more)

    onwards(0, frozenset(), 0)
    return most
