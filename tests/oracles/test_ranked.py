"""votekit and pref_voting count real wards as we do."""

import json
from functools import cache
from typing import Any, Final

import pytest

from services.governance import formats
from services.governance.formats import Contest
from services.governance.rules import Rule, Ties
from services.governance.tally import Poll, counted
from tests.governance.budgets.samples import DATA
from tests.oracles.asking import ABSENT, ask, present

WARDS: Final[list[str]] = (
    sorted(json.loads((DATA / "expected.json").read_bytes())["stv_wards"]) if DATA.is_dir() else []
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not present(), reason=ABSENT),
    pytest.mark.skipif(not WARDS, reason=f"there are no wards at {DATA}; set TWIZA_DATA"),
]
wards = pytest.mark.parametrize("name", WARDS)


@cache
def ward(name: str) -> Contest:
    return formats.read(DATA / name)


def ours(name: str, method: str, seats: int = 1) -> Any:
    contest = ward(name)
    rule = Rule.model_validate({"method": method, "seats": seats, "ties": Ties.LISTED})
    cast = sum(number for _, number in contest.choices)
    poll = Poll(ballot_id="", rule=rule, options=contest.options, roll_size=cast, seed="")
    return counted(poll, contest.choices)


def asked(name: str, kind: str, **more: Any) -> dict[str, Any]:
    contest = ward(name)
    ranks = [(choice["ranks"], number) for choice, number in contest.choices if "ranks" in choice]
    flat = kind == "stv"
    return {
        "ask": kind,
        "candidates": [option.code for option in contest.options],
        "ballots": [
            [[code for group in groups for code in group] if flat else groups, number]
            for groups, number in ranks
        ],
        **more,
    }


@wards
def test_exact_stv_elects_the_same(name: str) -> None:
    rule = ward(name).rule
    assert rule is not None
    report = ours(name, "stv", rule.seats)
    answer = ask([asked(name, "stv", seats=rule.seats, tiebreak="first_place")])[0]
    assert sorted(answer["elected"]) == sorted(report.winners)


@wards
def test_schulze_ranked_pairs_and_irv_have_the_same_winner(name: str) -> None:
    rules = ["schulze", "ranked-pairs", "irv"]
    answer = ask([asked(name, "ranked", rules=rules)])[0]
    for rule in rules:
        winners = answer[rule]["winners"]
        # Where the oracle finds equals it tells them all, and we one of them.
        assert ours(name, rule).winners[0] in winners
        assert len(winners) == 1 or ours(name, rule).ties
