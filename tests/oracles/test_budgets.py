"""pabutools counts the real budgets as we do."""

from typing import Any, Final

import pytest

from tests.governance.budgets.samples import DATA
from tests.governance.budgets.test_files import BUDGETS, outcomes
from tests.oracles.asking import ABSENT, ask, present

RULES: Final = ("greedy_skip", "mes_cost", "mes_card", "seq_phragmen")
NAMES: Final = [name for name, one in BUDGETS.items() if "computed" in one]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not present(), reason=ABSENT),
    pytest.mark.skipif(not BUDGETS, reason=f"there are no budgets at {DATA}; set TWIZA_DATA"),
]


def asked(name: str) -> dict[str, Any]:
    more = ["mes_cost_add1"] if "mes_cost_add1" in BUDGETS[name]["computed"] else []
    # Equal ballots are told once: it counts the same, and a large city in minutes and not in hours.
    return {
        "ask": "budget",
        "file": str(DATA / name),
        "rules": [*RULES, *more],
        "multiprofile": BUDGETS[name]["votes"] > 5_000,
    }


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES, ids=[name[3:33] for name in NAMES])
def test_an_oracle_funds_the_same_projects(name: str) -> None:
    answer = ask([asked(name)])[0]
    assert {rule: one["chosen"] for rule, one in answer.items()} == outcomes(name)
