"""One input has one answer, in whatever order it is written."""

import random

from services.exchange.matching.model import Problem, arranged
from services.exchange.matching.solve import solve


def large(order: int) -> Problem:
    """Return a network of 300 that is written in another order each time."""
    luck = random.Random(5)
    n = 300
    arcs = {(luck.randrange(n), luck.randrange(n)): luck.randint(1, 99) for _ in range(2_400)}
    arcs = {pair: worth for pair, worth in arcs.items() if pair[0] != pair[1]}
    shuffle = random.Random(order)
    slots = list(range(n))
    shuffle.shuffle(slots)
    place = {slot: at for at, slot in enumerate(slots)}
    pairs = list(arcs)
    shuffle.shuffle(pairs)
    return arranged(
        ids=[f"slot-{slot}" for slot in slots],
        owners_of=[f"{shuffle.random()}" for _ in slots],
        tail=[place[tail] for tail, _ in pairs],
        head=[place[head] for _, head in pairs],
        utility=[arcs[pair] for pair in pairs],
        cap=3,
    )


def test_the_answer_does_not_depend_on_the_order() -> None:
    first, second = large(1), large(2)
    assert first.digest == second.digest
    assert solve(first).document() == solve(second).document() == solve(first).document()
