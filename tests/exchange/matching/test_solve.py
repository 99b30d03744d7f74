"""What the solver finds is the best there is, by trying everything."""

import pytest

from services.exchange.matching.model import Problem
from services.exchange.matching.solve import solve
from services.exchange.matching.verify import verify
from services.exchange.matching.wire import Objective, Owners
from tests.exchange.matching.brute import best, problem_at_random

CAPS = (2, 3, 4, 5)
KINDS = [
    pytest.param({}, id="plain"),
    pytest.param({"weights": False}, id="units"),
    pytest.param({"dummies": 2}, id="dummies"),
    pytest.param({"owners": Owners.ONCE}, id="owners once"),
    pytest.param({"objective": Objective.EXPECTED}, id="expected"),
    pytest.param({"gifts": 1}, id="gifts"),
    pytest.param(
        {"dummies": 2, "gifts": 1, "owners": Owners.ONCE, "objective": Objective.EXPECTED},
        id="all at once",
    ),
]


def found_and_best(problem: Problem) -> None:
    outcome = solve(problem)
    assert outcome.proven
    assert outcome.value == outcome.bound == best(problem)
    assert outcome.value == sum(ring.weight for ring in outcome.rings)
    verify(problem, outcome.certificate)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cap", CAPS)
def test_the_best_of_all_choices_is_found(cap: int, kind: dict[str, object]) -> None:
    for seed in range(10):
        found_and_best(problem_at_random(seed * 101 + cap, cap=cap, **kind))  # type: ignore[arg-type]  # settings by name
