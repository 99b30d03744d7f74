"""Instant runoff and STV, worked by hand."""

from services.governance.counting.report import Outcome
from services.governance.counting.ties import lot
from services.governance.rules import Option
from tests.governance.counting.samples import BALLOT, BLANK, SEED, count, ranked

IRV = {"method": "irv"}
STV = {"method": "stv", "seats": 2}
UNIT = 100_000


def test_the_fewest_go_until_one_has_more_than_half() -> None:
    report = count(IRV, "abc", ranked("4: a\n3: b\n2: c > b"))
    assert [one.get("eliminated") for one in report.rounds] == [["c"], None]
    assert report.rounds[1]["votes"] == {"a": 4, "b": 5}
    assert report.winners == ("b",)


def test_exactly_half_is_not_enough() -> None:
    report = count(IRV, "abc", ranked("4: a\n3: b\n1: c"))
    assert report.rounds[0].get("elected") is None
    assert (report.rounds[1]["exhausted"], report.winners) == (1, ("a",))


def test_options_of_equal_rank_are_passed_over() -> None:
    report = count(IRV, "abc", ranked("3: a = b > c\n2: a\n1: b = c"))
    assert report.rounds[0]["votes"] == {"a": 2, "b": 0, "c": 3}
    assert report.rounds[0]["exhausted"] == 1
    assert report.winners == ("c",)


def test_equals_are_told_apart_by_the_latest_earlier_round() -> None:
    # In round two b and c have five each; in round one b had four and c five.
    report = count(IRV, "abcd", ranked("7: a\n4: b\n5: c\n1: d > b"))
    assert [one.get("eliminated") for one in report.rounds[:2]] == [["d"], ["b"]]
    assert report.ties == ()


def test_equals_in_all_rounds_are_told_apart_by_the_lot_whose_last_goes() -> None:
    report = count(IRV, "abc", ranked("3: a\n2: b > a\n2: c > a"))
    order = sorted("bc", key=lambda code: lot(BALLOT, SEED, code))
    assert report.rounds[0]["eliminated"] == [order[-1]]
    assert report.ties[0]["candidates"] == order
    assert (report.ties[0]["result"], report.ties[0]["round"]) == ([order[-1]], 1)


def test_the_order_of_the_list_decides_where_a_rule_says_so() -> None:
    report = count({**IRV, "ties": "listed"}, "acb", ranked("3: a\n2: b > a\n2: c > a"))
    assert report.rounds[0]["eliminated"] == ["b"]
    assert (report.ties[0]["by"], report.ties[0]["lots"]) == ("listed", [])


def test_without_ballots_nobody_is_elected() -> None:
    for rule in (IRV, STV):
        assert count(rule, "ab", [(BLANK, 2)]).outcome is Outcome.REJECTED
        assert count(rule, "ab", ranked("2: a = b")).outcome is Outcome.REJECTED
        assert count(rule, (), []).outcome is Outcome.REJECTED


def test_a_surplus_passes_on_at_a_part_of_its_value() -> None:
    # Quota 20 // 3 + 1 = 7. a has five too many: each of its twelve ballots is worth 5/12.
    report = count(STV, "abc", ranked("8: a > b\n4: a > c\n5: c\n3: b"))
    first, second, third = report.rounds
    assert first["quota"] == 7 * UNIT
    assert (first["elected"], first["surplus_of"], first["surplus"]) == (["a"], "a", 5 * UNIT)
    each = UNIT * 5 // 12
    assert second["votes"] == {"a": 7 * UNIT, "b": 3 * UNIT + 8 * each, "c": 5 * UNIT + 4 * each}
    assert second["rounding"] == 5 * UNIT - 12 * each
    assert report.winners == ("a", "c")
    assert (second["eliminated"], third["elected"]) == (["b"], ["c"])


def test_the_largest_surplus_passes_on_first() -> None:
    rule = {"method": "stv", "seats": 3}
    report = count(rule, "abcd", ranked("9: a > c\n12: b > d\n2: c\n1: d"))
    assert report.rounds[0]["elected"] == ["b", "a"]
    assert report.rounds[0]["surplus_of"] == "b"
    assert report.rounds[1]["surplus_of"] == "a"


def test_nothing_passes_on_to_who_is_elected_already() -> None:
    report = count(STV, "abc", ranked("6: a > b > c\n5: b\n1: c"))
    assert report.rounds[0]["elected"] == ["a", "b"]
    assert len(report.rounds) == 1


def test_as_many_as_there_are_seats_are_all_elected() -> None:
    report = count(STV, "ab", ranked("5: a"))
    assert report.winners == ("a", "b")
    assert count({"method": "stv", "seats": 5}, "abc", ranked("1: b")).winners[0] == "b"


def test_a_ballot_without_a_next_choice_counts_for_nobody() -> None:
    report = count(STV, "abcd", ranked("5: a\n3: b\n2: c\n1: d"))
    assert report.rounds[1]["exhausted"] == UNIT


def candidates(**groups: str) -> list[Option]:
    return [Option(code=code, groups=tuple(held.split())) for code, held in groups.items()]


def test_the_last_candidate_for_a_reserved_seat_is_not_excluded() -> None:
    people = candidates(a="men", b="men", c="women", d="men")
    said = ranked("9: a > b\n6: b\n3: d\n1: c")
    assert count(STV, people, said).winners == ("a", "b")
    reserved = {**STV, "reserved": [{"group": "women", "seats": 1}]}
    report = count(reserved, people, said)
    assert report.winners == ("a", "c")
    assert any(one.get("guarded") == ["c"] or one.get("for_reserved") for one in report.rounds)


def test_a_reserved_seat_is_not_taken_by_a_quota() -> None:
    people = candidates(a="men", b="men", c="women")
    reserved = {**STV, "reserved": [{"group": "women", "seats": 1}]}
    report = count(reserved, people, ranked("6: a\n5: b\n1: c"))
    assert report.rounds[0]["elected"] == ["a"]
    assert report.rounds[0]["for_reserved"] == ["b"]
    assert report.winners == ("a", "c")


def test_too_few_candidates_lower_what_is_reserved() -> None:
    people = candidates(a="men", b="men", c="women")
    reserved = {**STV, "reserved": [{"group": "women", "seats": 2}]}
    report = count(reserved, people, ranked("6: a\n5: b\n1: c"))
    assert report.rounds[0]["groups"] == {"women": 1}
    assert report.winners == ("a", "c")


def test_one_candidate_can_fill_the_seats_of_two_groups() -> None:
    people = candidates(a="men north", b="men north", c="women south", d="women north")
    reserved = [{"group": "women", "seats": 1}, {"group": "south", "seats": 1}]
    report = count({**STV, "reserved": reserved}, people, ranked("8: a\n7: b\n2: d\n1: c"))
    assert report.winners == ("a", "c")


def test_votes_with_more_digits_than_a_machine_word_are_counted_exactly() -> None:
    many = 10**13
    report = count(STV, "abc", ranked(f"{8 * many}: a > b\n{4 * many}: a > c\n{5 * many}: c\n3: b"))
    assert report.rounds[0]["quota"] == ((17 * many + 3) // 3 + 1) * UNIT
    assert report.rounds[0]["votes"]["a"] == 12 * many * UNIT
    assert len(report.hash) == 64
