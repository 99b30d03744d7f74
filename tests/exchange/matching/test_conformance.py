"""The published optima of real lists of barter are found, and proven.

The lists are not part of this repository. ``TWIZA_DATA`` names the folder that holds them.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from services.exchange.matching import bti
from services.exchange.matching.solve import solve
from services.exchange.matching.unbounded import most_trades
from services.exchange.matching.verify import verify
from services.exchange.matching.wire import Objective, Owners

REPOSITORY = Path(__file__).parents[3]
LISTS = (
    Path(os.environ.get("TWIZA_DATA", REPOSITORY.parent / "shared" / "data"))
    / "exchange" / "barter"
)  # fmt: skip
pytestmark = pytest.mark.skipif(
    not LISTS.is_dir(), reason=f"the lists of barter are not at {LISTS}; set TWIZA_DATA"
)
EXPECTED: dict[str, Any] = (
    json.loads((LISTS / "expected.json").read_bytes()) if LISTS.is_dir() else {}
)
NAMES = sorted(EXPECTED)
QUICK_CAPS = (2, 3, 4)
SLOW_ONES = ("KP_Num201_N537_A25_0.27_0.45_0",)
DISTINCT = {
    "onewant": 224, "BR2024May": 116, "mathandel_30": 119, "ozs_amiguero": 356,
    "ozs_amiguero3": 200, "ozs_amiguero5": 200, "ozs_brisbane2017": 76, "ozs_friendless1": 164,
    "ozs_neil": 104,
}  # fmt: skip
EXPECTED_COMPLETED = {
    "ask": (19.4, 56.2, 77.2, 88.2), "onewant": (55.1, 122.1, 155.8, 172.8),
    "BR2024May": (24.3, 60.5, 81.9, 90.9), "mathandel_30": (21.1, 56.2, 80.5, 91.1),
    "ozs_amiguero": (84.2, 195.9, 243.0, 253.7), "ozs_amiguero3": (47.0, 105.2, 138.0, 149.9),
    "ozs_amiguero5": (47.0, 108.0, 136.5, 148.9), "ozs_brisbane2017": (19.4, 39.8, 53.2, 54.1),
    "ozs_friendless1": (51.8, 96.0, 112.1, 119.6), "ozs_neil": (32.4, 54.5, 72.4, 79.5),
}  # fmt: skip


def read(name: str, cap: int = 4, owners: Owners = Owners.ANY) -> bti.Barter:
    return bti.read((LISTS / f"{name}.bti").read_text(), cap=cap, owners=owners)


@pytest.mark.parametrize("name", NAMES)
def test_the_most_trades_and_their_least_cost_are_found(name: str) -> None:
    found = most_trades(*read(name)[:2])
    assert found.trades == EXPECTED[name]["unbounded_max_trades"]
    assert found.cost == EXPECTED[name]["unbounded_min_priority_cost"]


def optimum(name: str, cap: int) -> None:
    barter = read(name, cap)
    found = solve(barter.problem)
    assert found.proven
    assert found.value == found.bound == EXPECTED[name]["ring_cap_optimum"][str(cap)]
    assert found.value <= EXPECTED[name]["unbounded_max_trades"]
    assert found.certificate["bound"] >= found.value


@pytest.mark.parametrize("cap", QUICK_CAPS)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW_ONES])
def test_the_optimum_of_each_cap_is_proven(name: str, cap: int) -> None:
    optimum(name, cap)


@pytest.mark.slow
@pytest.mark.parametrize("cap", QUICK_CAPS)
@pytest.mark.parametrize("name", SLOW_ONES)
def test_the_optimum_of_a_long_run_is_proven(name: str, cap: int) -> None:
    optimum(name, cap)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("KP")])
def test_rings_of_five_are_within_a_hundredth_of_the_best(name: str) -> None:
    found = solve(read(name, 5).problem)
    known = EXPECTED[name]["ring_cap_optimum"].get("5")
    low, high = EXPECTED[name]["proven_intervals"].get("5", (known, known))
    if low is not None:
        assert found.value <= high
        assert found.bound >= low
        assert found.value * 100 >= low * 99
    assert found.value * 100 >= found.bound * 99


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DISTINCT))
def test_the_optimum_of_rings_without_an_owner_twice_is_proven(name: str) -> None:
    barter = read(name, owners=Owners.ONCE)
    found = solve(barter.problem)
    assert found.proven
    assert found.value == DISTINCT[name]
    owner = dict(zip(barter.problem.ids, barter.problem.owner.tolist(), strict=True))
    dummy = dict(zip(barter.problem.ids, barter.problem.dummy.tolist(), strict=True))
    for ring in found.rings:
        people = [owner[slot] for slot in ring.slots if not dummy[slot]]
        assert len(set(people)) == len(people)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", sorted(EXPECTED_COMPLETED))
def test_what_can_be_expected_to_be_completed_is_as_much_as_is_known(name: str) -> None:
    for cap, least in zip((2, 3, 4), EXPECTED_COMPLETED[name], strict=False):
        problem = read(name, cap).problem
        confirm = problem.confirm.copy()
        confirm[~problem.dummy[problem.tail]] = 900
        found = solve(problem.replaced(confirm=confirm, objective=Objective.EXPECTED))
        assert found.value / 1000 >= least * 0.99
        assert found.value / 1000 <= least * 1.02 + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_certificate_is_accepted_by_the_other_code(name: str) -> None:
    problem = read(name, owners=Owners.ONCE).problem
    verify(problem, solve(problem).certificate)
