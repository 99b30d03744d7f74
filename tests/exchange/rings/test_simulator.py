"""Rings over letters that are lost, doubled, late and overtaken, between nodes that crash."""

from dataclasses import replace
from typing import Final

import pytest

from services.exchange import ring_copies
from services.exchange.ring_desk import Rules
from services.exchange.rings.parts import SOFT, PartState
from services.exchange.rings.plans import Slot
from services.exchange.rings.ring import RIGHT, Answer, Ring
from services.exchange.tables.rings import RING_SLOT
from shared.store import Work
from tests.exchange.rings.simulator import caught, run
from tests.exchange.rings.world import rules

SEEDS: Final = 200
SLOW_SEEDS: Final = 3_000
BATCH: Final = 25


def _take_anyway(work: Work, slot: Slot, *, ring_id: str) -> bool:
    """Take a slot from whichever ring has it."""
    work.execute(RING_SLOT.delete().where(RING_SLOT.c.item == slot.item))
    return ring_copies.hold_slot(work, slot, ring_id=ring_id)


def _most_accepted(ring: Ring) -> bool:
    """Confirm a ring before the last yes has come."""
    yes = sum(answer.accepts for answer in ring.answers.values())
    return yes >= max(1, len(ring.plan.legs) - 1)


def _every_answer(known: Answer | None, answer: Answer) -> bool:
    """Take each answer as often as it comes."""
    return True


MUTANTS: Final[dict[str, Rules]] = {
    "no tombstone": rules(tombstones=False),
    "release by clock after a yes": rules(clock_releases=SOFT | {PartState.ACCEPTED}),
    "confirm without all": rules(decisions=replace(RIGHT, everybody_accepted=_most_accepted)),
    "an answer taken twice": rules(decisions=replace(RIGHT, is_news=_every_answer)),
    "hold without compare-and-set": rules(hold=_take_anyway),
}


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_every_ring_ends_alike_everywhere_and_nothing_is_held_twice(first: int) -> None:
    for seed in range(first, first + BATCH):
        run(seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(SEEDS, SEEDS + SLOW_SEEDS, 250))
def test_every_ring_ends_alike_in_thousands_of_stories(first: int) -> None:
    for seed in range(first, first + 250):
        run(seed)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_rule_that_is_left_out_is_missed(name: str) -> None:
    assert any(caught(seed, MUTANTS[name]) for seed in range(60)), name


def test_one_seed_is_one_story() -> None:
    assert run(7).outcomes == run(7).outcomes
