"""abcvoting elects the same committees, seat for seat."""

import pytest

from tests.governance.budgets.committees import (
    INSTANCES,
    by_loads,
    by_raised_shares,
    by_shares,
    by_votes,
    instance,
    seats_as_budget,
)
from tests.governance.budgets.samples import DATA
from tests.oracles.asking import ABSENT, ask, present

RULES = ["av", "seqphragmen", "equal-shares-without-completion"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not present(), reason=ABSENT),
    pytest.mark.skipif(not INSTANCES, reason=f"there are no committees at {DATA}; set TWIZA_DATA"),
]


def test_an_oracle_elects_the_same_committees() -> None:
    found = [instance(path) for path in INSTANCES]
    answers = ask(
        {
            "ask": "committees",
            "candidates": one["num_cand"],
            "ballots": one["profile"],
            "seats": one["committeesize"],
            "rules": RULES,
        }
        for one in found
    )
    for one, answer in zip(found, answers, strict=True):
        of, seats = seats_as_budget(one), one["committeesize"]
        assert answer["av"] == by_votes(of, seats)
        assert answer["equal-shares-without-completion"] == by_shares(of)
        if all(len(committee) == seats for committee in by_loads(of)):
            assert answer["seqphragmen"] == by_loads(of)
        assert all(len(committee) <= seats for committee in by_raised_shares(of))
