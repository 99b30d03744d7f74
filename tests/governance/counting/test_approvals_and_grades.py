"""Approval, score and STAR on votes that can be counted by hand."""

from services.governance.counting.report import Outcome
from services.governance.counting.ties import lot
from tests.governance.counting.samples import BALLOT, BLANK, SEED, approvals, count, grades

APPROVAL = {"method": "approval", "seats": 2}


def first_by_lot(*codes: str) -> list[str]:
    return sorted(codes, key=lambda code: lot(BALLOT, SEED, code))


def test_the_most_approved_take_the_seats() -> None:
    said = [*approvals(("a b", 4), ("b c", 3), ("c", 2)), (BLANK, 1)]
    report = count(APPROVAL, "abc", said)
    assert report.winners == ("b", "c")
    assert report.rounds[0]["votes"] == {"a": 4, "b": 7, "c": 5}
    assert (report.cast, report.blank, report.classes) == (10, 1, {"counted": 9})


def test_a_floor_leaves_seats_empty() -> None:
    rule = {**APPROVAL, "threshold": {"share": {"n": 1, "d": 2}}}
    report = count(rule, "abc", approvals(("a", 6), ("b", 5)))
    assert report.winners == ("a",)
    assert count(rule, "abc", approvals(("a", 5), ("b", 5))).outcome is Outcome.REJECTED


def test_a_floor_of_the_roll_looks_at_those_who_stayed_at_home() -> None:
    rule = {**APPROVAL, "threshold": {"share": {"n": 1, "d": 4}, "base": "roll", "at_least": True}}
    assert count(rule, "ab", approvals(("a", 10), ("b", 9)), roll=40).winners == ("a",)


def test_what_nobody_names_is_never_chosen() -> None:
    assert count(APPROVAL, "abc", approvals(("a", 3))).winners == ("a",)
    assert count(APPROVAL, "abc", [(BLANK, 3)]).outcome is Outcome.REJECTED


def test_the_lot_decides_who_of_equals_gets_the_last_seat() -> None:
    report = count(APPROVAL, "abcd", approvals(("a", 9), ("b c d", 4)))
    assert report.winners == ("a", first_by_lot("b", "c", "d")[0])
    assert report.ties[0]["candidates"] == first_by_lot("b", "c", "d")
    assert report.ties[0]["lots"] == sorted(report.ties[0]["lots"])


def test_equals_who_all_get_a_seat_need_no_lot() -> None:
    report = count(APPROVAL, "abc", approvals(("a b", 4), ("c", 1)))
    assert (sorted(report.winners), report.ties) == (["a", "b"], ())


def test_the_highest_sum_of_grades_wins() -> None:
    report = count({"method": "score"}, "abc", grades("a b c", ([5, 3, 0], 2), ([0, 4, 5], 3)))
    assert report.rounds[0]["votes"] == {"a": 10, "b": 18, "c": 15}
    assert report.winners == ("b",)


def test_a_missing_grade_is_zero_or_left_out() -> None:
    said = grades("a b", ([4, 3], 2), ([None, 3], 2))
    assert count({"method": "score"}, "ab", said).winners == ("b",)
    left_out = {"method": "score", "missing_grade": "excluded"}
    report = count(left_out, "ab", said)
    assert report.winners == ("a",)
    assert report.rounds[0]["means"] == {"a": [8, 2], "b": [12, 4]}


def test_a_mean_needs_grades_of_half_of_the_ballots() -> None:
    left_out = {"method": "score", "missing_grade": "excluded"}
    assert count(left_out, "ab", grades("a b", ([5, 3], 2), ([None, 3], 2))).winners == ("a",)
    assert count(left_out, "ab", grades("a b", ([5, 3], 2), ([None, 3], 3))).winners == ("b",)


def test_equal_means_of_different_sums_are_a_tie() -> None:
    left_out = {"method": "score", "missing_grade": "excluded"}
    report = count(left_out, "ab", grades("a b", ([2, 2], 1), ([4, 4], 1), ([None, 3], 1)))
    assert report.winners == tuple(first_by_lot("a", "b")[:1])
    assert report.ties[0]["why"] == "election"


def test_nobody_graded_is_nobody_chosen() -> None:
    assert count({"method": "score"}, "ab", [(BLANK, 2)]).outcome is Outcome.REJECTED
    assert count({"method": "star"}, "ab", [(BLANK, 2)]).outcome is Outcome.REJECTED


def test_star_lets_the_two_highest_meet() -> None:
    said = grades("a b c", ([5, 4, 0], 3), ([0, 5, 3], 2), ([0, 1, 5], 1))
    report = count({"method": "star"}, "abc", said)
    assert report.rounds[0]["votes"] == {"a": 15, "b": 23, "c": 11}
    assert report.rounds[1]["votes"] == {"b": 3, "a": 3}
    by_majority = count({"method": "star"}, "abc", [*said, *grades("a b c", ([2, 1, 0], 1))])
    assert by_majority.winners == ("a",)


def test_an_even_runoff_is_decided_by_the_lot() -> None:
    report = count({"method": "star"}, "ab", grades("a b", ([5, 0], 1), ([0, 1], 1)))
    assert report.winners == tuple(first_by_lot("a", "b")[:1])
    assert report.ties[0]["why"] == "runoff"


def test_equal_sums_are_told_apart_by_whom_they_beat() -> None:
    # b and c have ten points each; two voters grade b higher, one grades c higher.
    said = grades("a b c", ([5, 3, 2], 2), ([5, 4, 6], 1))
    report = count({"method": "star", "scale_max": 6}, "abc", said)
    assert report.rounds[0]["votes"] == {"a": 15, "b": 10, "c": 10}
    assert set(report.rounds[1]["votes"]) == {"a", "b"}
    assert report.ties == ()


def test_star_with_one_option_chooses_it() -> None:
    assert count({"method": "star"}, "a", grades("a", ([1], 1))).winners == ("a",)
