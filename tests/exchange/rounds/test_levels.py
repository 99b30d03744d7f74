"""Matching near by first: no level takes what another has matched, and none finds more than all."""

import pytest

from services.exchange.rounds.question import Level
from tests.exchange.candidates.samples import a_round, tree
from tests.load.levels import levels


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_levels_find_no_more_than_all_at_once_can(seed: int) -> None:
    found = levels(a_round(300, seed), tree())
    assert sum(found.by_level.values()) <= found.flat_bound
    assert found.flat <= found.flat_bound
    assert set(found.by_level) == set(Level)
    assert found.price >= 0
