"""Yes and no, and consent: thresholds without a remainder, quorums, and what blank ballots do."""

from typing import Any

import pytest

from services.governance.counting.report import Outcome, Report
from tests.governance.counting.samples import answers, count

YES_NO = {"method": "yes-no"}
TWO_THIRDS = {"share": {"n": 2, "d": 3}}


def decided(rule: dict[str, Any], *, roll: int = 1_000, call: int = 1, **numbers: int) -> Report:
    return count({**YES_NO, **rule}, (), answers(**numbers), roll=roll, call=call)


def test_more_yes_than_no_adopts() -> None:
    report = decided({}, yes=3, no=2, blank=4)
    assert report.outcome is Outcome.ADOPTED
    assert (report.classes, report.blank, report.cast) == ({"yes": 3, "no": 2}, 4, 9)


def test_as_many_yes_as_no_leaves_things_as_they_are() -> None:
    assert decided({}, yes=4, no=4).outcome is Outcome.TIE_STATUS_QUO


def test_a_tie_at_a_larger_threshold_is_no_tie() -> None:
    assert decided({"threshold": TWO_THIRDS}, yes=4, no=4).outcome is Outcome.REJECTED


@pytest.mark.parametrize("size", [3, 30, 300, 3 * 10**15])
def test_exactly_two_thirds_are_not_more_than_two_thirds(size: int) -> None:
    yes, no = size // 3 * 2, size // 3
    assert decided({"threshold": TWO_THIRDS}, yes=yes, no=no).outcome is Outcome.REJECTED
    at_least = {"threshold": {**TWO_THIRDS, "at_least": True}}
    assert decided(at_least, yes=yes, no=no).outcome is Outcome.ADOPTED
    assert decided(at_least, yes=yes - 1, no=no + 1).outcome is Outcome.REJECTED
    assert decided({"threshold": TWO_THIRDS}, yes=yes + 1, no=no - 1).outcome is Outcome.ADOPTED


@pytest.mark.parametrize(
    ("base", "outcome"),
    [("votes", Outcome.ADOPTED), ("cast", Outcome.REJECTED), ("roll", Outcome.REJECTED)],
)
def test_the_base_says_of_what_the_majority_is(base: str, outcome: Outcome) -> None:
    report = decided({"threshold": {"base": base}}, roll=40, yes=6, no=4, blank=3)
    assert report.outcome is outcome
    assert report.rounds[0]["of"] == {"votes": 10, "cast": 13, "roll": 40}[base]
    assert report.rounds[0]["needed"] == {"votes": 6, "cast": 7, "roll": 21}[base]


def test_an_absolute_majority_is_more_than_half_of_the_roll() -> None:
    absolute = {"threshold": {"base": "roll"}}
    assert decided(absolute, roll=40, yes=20).outcome is Outcome.REJECTED
    assert decided(absolute, roll=40, yes=21, no=19).outcome is Outcome.ADOPTED


def test_nobody_who_says_yes_or_no_adopts_nothing() -> None:
    lenient = {"threshold": {"share": {"n": 0, "d": 1}, "at_least": True}}
    assert decided({}, blank=5).outcome is Outcome.REJECTED
    assert decided(lenient, blank=5).outcome is Outcome.REJECTED
    assert decided({}).outcome is Outcome.REJECTED


def test_an_approval_quorum_asks_for_yes_of_the_whole_roll() -> None:
    quarter = {"approval_quorum": {"n": 1, "d": 4}}
    assert decided(quarter, roll=40, yes=9).outcome is Outcome.REJECTED
    assert decided(quarter, roll=40, yes=10, no=9).outcome is Outcome.ADOPTED


def test_without_a_quorum_nothing_is_decided() -> None:
    half = {"quorum": {"share": {"n": 1, "d": 2}}}
    report = decided(half, roll=41, yes=20)
    assert report.outcome is Outcome.NO_QUORUM
    assert (report.classes, report.rounds[0]["needed"]) == ({"yes": 20, "no": 0}, 21)
    assert decided(half, roll=40, yes=19, blank=1).outcome is Outcome.ADOPTED


def test_a_second_call_has_its_own_quorum() -> None:
    second = {"share": {"n": 1, "d": 4}, "days_min": 15}
    rule = {"quorum": {"share": {"n": 1, "d": 2}, "second_call": second}}
    assert decided(rule, roll=40, yes=10).outcome is Outcome.NO_QUORUM
    assert decided(rule, roll=40, yes=10, call=2).outcome is Outcome.ADOPTED
    assert decided(rule, roll=40, yes=9, call=2).outcome is Outcome.NO_QUORUM


def test_a_second_call_without_a_quorum_of_its_own_has_the_first_one() -> None:
    rule = {"quorum": {"share": {"n": 1, "d": 2}}}
    assert decided(rule, roll=40, yes=10, call=2).outcome is Outcome.NO_QUORUM


def test_the_worked_example_of_one_member_one_vote() -> None:
    report = decided({}, roll=1_820, yes=970, no=850)
    assert report.outcome is Outcome.ADOPTED


@pytest.mark.parametrize(("standing", "outcome"), [(0, "adopted"), (1, "rejected")])
def test_consent_fails_where_an_objection_stands(standing: int, outcome: str) -> None:
    said = answers(consent=5, stand_aside=2, object=3, blank=1)
    report = count({"method": "consent"}, (), said, standing_objections=standing)
    assert report.outcome == outcome
    assert report.classes == {"consent": 5, "stand-aside": 2, "object": 3}


def test_consent_can_bear_as_many_objections_as_its_rule_says() -> None:
    rule = {"method": "consent", "objections_max": 2}
    said = answers(consent=5)
    assert count(rule, (), said, standing_objections=2).outcome is Outcome.ADOPTED
    assert count(rule, (), said, standing_objections=3).outcome is Outcome.REJECTED


def test_silence_is_no_consent() -> None:
    assert count({"method": "consent"}, (), answers(blank=3)).outcome is Outcome.REJECTED


def test_consent_without_its_quorum_is_not_asked() -> None:
    rule = {"method": "consent", "quorum": {"share": {"n": 1, "d": 2}}}
    report = count(rule, (), answers(consent=4, object=1), roll=11)
    assert report.outcome is Outcome.NO_QUORUM
    assert report.classes == {"consent": 4, "stand-aside": 0, "object": 1}
