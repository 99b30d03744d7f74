"""Small budgets counted by hand."""

from fractions import Fraction

from services.governance.counting.budgets import step_for
from services.governance.counting.budgets.add1 import add1, exhaustive
from services.governance.counting.budgets.counting import How, count_election, funded
from services.governance.counting.budgets.equal_shares import equal_shares
from services.governance.counting.budgets.greedy import eligible, greedy
from services.governance.counting.budgets.model import Election, pair
from services.governance.counting.budgets.phragmen import phragmen
from services.governance.counting.ties import Lots, lot
from services.governance.counting.words import LANGUAGES, told
from services.governance.rules import BudgetCount, Ties
from services.governance.tally import counted
from shared.canonical import canonical
from tests.governance.budgets.samples import BALLOT, SEED, budget, poll

VILLAGE = {"well": 60, "road": 60, "school": 40}
BALLOTS = ["6: well road", "4: school"]


def chosen(of: Election, how: How) -> list[str]:
    found = funded(of, how, range(len(of.projects)))
    return [of.codes[at] for at in found.chosen]


def test_greedy_passes_over_what_does_not_fit_or_stops_there() -> None:
    of = budget({"a": 50, "b": 60, "c": 40}, 100, ["3: a", "2: b", "1: c"])
    assert chosen(of, How(count=BudgetCount.GREEDY_SKIP)) == ["a", "c"]
    assert chosen(of, How(count=BudgetCount.GREEDY_STOP)) == ["a"]


def test_a_project_below_the_threshold_or_without_a_vote_is_never_funded() -> None:
    of = budget({"a": 10, "b": 10, "c": 10}, 100, ["3: a", "2: b"])
    for count in BudgetCount:
        assert chosen(of, How(count=count)) == ["a", "b"]
        assert chosen(of, How(count=count, threshold=3)) == ["a"]


def test_equal_shares_leave_nobody_out_where_votes_alone_do() -> None:
    of = budget(VILLAGE, 120, BALLOTS)
    assert chosen(of, How(count=BudgetCount.GREEDY_SKIP)) == ["well", "road"]
    run = equal_shares(of, min, among=eligible(of))
    assert [of.codes[at] for at in run.chosen] == ["well", "school"]
    assert run.each == 12
    assert [one.pays for one in run.purchases] == [10, 10]
    assert [one.rho for one in run.purchases] == [Fraction(1, 6), Fraction(1, 4)]
    report = count_election(
        of,
        How(count=BudgetCount.SHARES_COST),
        lots=Lots(ballot_id="", seed="", options=of.codes, ties=Ties.LISTED),
    )
    comparison = report.rounds[-1]
    assert (comparison["reached"], comparison["greedy_reached"], comparison["voters"]) == (
        10,
        6,
        10,
    )
    assert (comparison["reached_percent"], comparison["greedy_reached_percent"]) == (100, 60)


def test_who_has_less_pays_all_and_the_others_share_the_rest() -> None:
    of = budget({"a": 12, "b": 15}, 30, ["2: a b", "1: b"])
    run = equal_shares(of, min, among=eligible(of))
    # Each begins with 10. For b it is 5 each, for a 6 each of two: by cost, b is the better buy.
    assert [one.pays for one in run.purchases] == [5]
    by_one = equal_shares(of, min, among=eligible(of), cardinality=True)
    assert [of.codes[at] for at in by_one.chosen] == ["b"]
    of = budget({"a": 12, "b": 17}, 30, ["2: a b", "1: b"])
    run = equal_shares(of, min, among=eligible(of))
    assert [of.codes[at] for at in run.chosen] == ["b"]
    of = budget({"a": 10, "b": 17}, 30, ["2: a b", "1: b"])
    run = equal_shares(of, min, among=eligible(of), cardinality=True)
    # a costs 5 for each of two, who have 5 left; for b they pay that, and the third one 7.
    assert [(one.pays, one.paid_in_full, one.paid_all_they_had) for one in run.purchases] == [
        (5, 2, 0),
        (7, 1, 2),
    ]


def test_points_weigh_what_a_supporter_pays() -> None:
    of = budget({"a": 30}, 60, ["1: a=4", "1: a=1"])
    run = equal_shares(of, min, among=eligible(of))
    assert [one.pays for one in run.purchases] == [6]
    of = budget({"a": 50}, 60, ["1: a=4", "1: a=1"])
    run = equal_shares(of, min, among=eligible(of))
    # Four points would be 40, and each has 30: one pays everything, the other the rest.
    assert [(one.pays, one.paid_all_they_had) for one in run.purchases] == [(20, 1)]


def test_a_free_project_with_a_vote_is_funded() -> None:
    of = budget({"a": 0, "b": 0, "c": 5}, 5, ["2: a c"])
    for count in BudgetCount:
        assert chosen(of, How(count=count)) == ["a", "c"]


def test_add1_raises_the_shares_until_nothing_more_fits() -> None:
    of = budget({"a": 10, "b": 10, "c": 10}, 30, ["2: a", "1: b", "7: c"])
    assert chosen(of, How(count=BudgetCount.SHARES_COST)) == ["c"]
    raised = add1(of, min, among=eligible(of))
    # b alone pays 10 as soon as every voter has 10: that is 7 more than 30 / 10.
    assert (raised.steps, sorted(of.codes[at] for at in raised.run.chosen)) == (7, ["a", "b", "c"])
    assert exhaustive(of, raised.run.chosen, eligible(of))
    assert raised.runs < 8


def test_add1_keeps_the_count_before_the_one_that_costs_too_much() -> None:
    of = budget({"a": 60, "b": 50, "c": 40}, 100, ["6: a", "4: b", "1: c"])
    raised = add1(of, min, among=eligible(of))
    # a is bought from 10 each on; from 12.5 on b is too, and both together cost 110.
    assert ([of.codes[at] for at in raised.run.chosen], raised.steps) == (["a"], 3)
    assert raised.run.each == Fraction(100, 11) + 3


def test_add1_skips_steps_that_change_nothing() -> None:
    of = budget({"a": 1, "dear": 10**12}, 2 * 10**12, ["1: dear", "9: a"])
    raised = add1(of, min, among=eligible(of))
    assert [of.codes[at] for at in raised.run.chosen] == ["a", "dear"]
    assert raised.steps == 8 * 10**11
    assert raised.runs < 10


def test_what_is_left_is_spent_by_votes() -> None:
    of = budget(VILLAGE, 160, BALLOTS)
    how = How(count=BudgetCount.SHARES_COST)
    assert sorted(chosen(of, how)) == ["school", "well"]
    how = How(count=BudgetCount.SHARES_COST, then_greedy=True)
    assert sorted(chosen(of, how)) == ["road", "school", "well"]


def test_phragmen_ends_where_a_project_that_is_next_does_not_fit() -> None:
    of = budget({"a": 10, "b": 20, "c": 4}, 24, ["4: a", "4: b", "1: c"])
    run = phragmen(of, min, among=eligible(of))
    # Loads: a 2.5, c 4, b 5; after a and c only 10 is left for b.
    assert [of.codes[at] for at in run.chosen] == ["a", "c"]
    assert [of.codes[at] for at in run.stopped_by] == ["b"]
    of = budget({"a": 10, "b": 20, "c": 5}, 25, ["4: a", "4: b", "1: c"])
    run = phragmen(of, min, among=eligible(of))
    # b and c are next together, and b does not fit: c is not funded either.
    assert [of.codes[at] for at in run.chosen] == ["a"]
    assert [of.codes[at] for at in run.stopped_by] == ["b", "c"]


def test_no_rule_passes_the_limit_of_a_category() -> None:
    costs = {"north-a": 30, "north-b": 30, "south-a": 30}
    ballots = ["5: north-a north-b", "3: south-a"]
    for count in BudgetCount:
        of = budget(costs, 90, ballots, north=40)
        found = chosen(of, How(count=count, add1=True, then_greedy=True))
        assert "north-b" not in found
        if count is not BudgetCount.GREEDY_STOP:
            assert found == ["north-a", "south-a"]


def test_a_tie_is_decided_by_the_public_lot_and_told() -> None:
    rule = {"total": 10, "count": "greedy-skip"}
    costs = {"a": 10, "b": 10}
    said = [({"options": ["a"]}, 3), ({"options": ["b"]}, 3)]
    for seed in ("00", "01", "02", "03", "04"):
        report = counted(poll(rule, costs, seed=seed), said)
        first = min(costs, key=lambda code: lot(BALLOT, seed, code))
        assert report.winners == (first,)
        assert report.ties[0]["candidates"][0] == first
    unequal = counted(poll(rule, costs), [*said, ({"options": ["b"]}, 1)])
    assert (unequal.winners, unequal.ties) == (("b",), ())


def test_equals_that_all_fit_need_no_lot() -> None:
    said = [({"options": ["a", "b"]}, 3)]
    report = counted(poll({"total": 20, "count": "greedy-skip"}, {"a": 10, "b": 10}), said)
    assert (sorted(report.winners), report.ties) == (["a", "b"], ())


def test_a_poll_counts_blank_ballots_for_the_quorum_alone() -> None:
    said = [({"options": ["a"]}, 3), ({"blank": True}, 2)]
    report = counted(poll({"total": 30, "count": "equal-shares-cost"}, {"a": 30, "b": 1}), said)
    assert (report.cast, report.blank, dict(report.classes)) == (5, 2, {"counted": 3})
    assert report.winners == ("a",)
    assert dict(report.allocation) == {"a": 30}
    empty = counted(poll({"total": 30}, {"a": 30}), [({"blank": True}, 2)])
    assert (empty.outcome.value, empty.winners) == ("rejected", ())


def test_a_step_of_add1_is_a_thousandth_of_a_share_at_most_and_one_at_least() -> None:
    assert [step_for(total, 10) for total in (5, 99_999, 100_000, 999_999, 10**7)] == [
        1, 1, 10, 10, 1_000,
    ]  # fmt: skip
    assert step_for(10**9, 0) == 1


def test_points_of_a_poll_are_scores() -> None:
    said = [({"points": {"a": 2, "b": 8}}, 1), ({"points": {"a": 7}}, 1)]
    rule = {"total": 10, "count": "greedy-skip", "ballot": "points"}
    assert counted(poll(rule, {"a": 10, "b": 10}), said).winners == ("a",)


def test_a_report_is_told_in_five_languages_whatever_the_rule() -> None:
    of = budget(VILLAGE | {"far": 500}, 170, [*BALLOTS, "1: far"])
    for count in BudgetCount:
        how = How(count=count, threshold=1, add1=True, then_greedy=True)
        lots = Lots(ballot_id=BALLOT, seed=SEED, options=of.codes, ties=Ties.LOT)
        report = count_election(of, how, lots=lots, roll=20)
        canonical(report.as_data())
        for language in LANGUAGES:
            lines = told(report, language, {"well": "بئر"})
            assert len(lines) >= 5
            assert not [line for line in lines if "round." in line or "{" in line]
            assert not [line for line in lines if "budget-" in line or count.value in line]


def test_a_rational_too_large_for_the_report_is_written_as_text() -> None:
    assert pair(Fraction(7, 3)) == [7, 3]
    assert pair(Fraction(2**53, 3)) == ["9007199254740992", "3"]


def test_greedy_goes_on_from_what_is_funded_already() -> None:
    of = budget({"a": 6, "b": 5, "c": 4}, 10, ["3: a", "2: b", "1: c"])
    run = greedy(of, range(3), among=eligible(of), funded=[1])
    assert [of.codes[at] for at in run.chosen] == ["c"]
