"""Schulze and ranked pairs: equal ranks, short ballots, circles, and a known example."""

from services.governance.counting.pairwise import condorcet_winner, pairwise
from services.governance.counting.profiles import Ranked
from services.governance.counting.report import Outcome
from services.governance.counting.ties import lot
from tests.governance.counting.samples import BALLOT, BLANK, SEED, count, ranked

SCHULZE = {"method": "schulze"}
PAIRS = {"method": "ranked-pairs"}
# Schulze's own first example: 45 voters, five candidates, no Condorcet winner.
EXAMPLE = """
5: a > c > b > e > d
5: a > d > e > c > b
8: b > e > d > a > c
3: c > a > b > e > d
7: c > a > e > b > d
2: c > b > a > d > e
7: d > c > e > b > a
8: e > b > a > d > c
"""
# Nine voters in a circle: a beats b by 6:2, b beats c by 6:3, and c beats a by 5:4.
CIRCLE = """
4: a > b > c
2: b > c > a
2: c > a > b
1: c > a = b
"""


def test_pairs_are_counted_with_equal_ranks_and_short_ballots() -> None:
    ballots = Ranked.of("abcd", ranked("2: a > b = c\n3: b\n1: d = a > c"))
    assert pairwise(ballots).tolist() == [
        [0, 3, 3, 2],
        [3, 0, 3, 5],
        [0, 1, 0, 2],
        [0, 1, 1, 0],
    ]


def test_the_strongest_path_wins_where_nobody_beats_all() -> None:
    report = count(SCHULZE, "abcde", ranked(EXAMPLE))
    assert report.rounds[0]["condorcet"] == ""
    assert report.rounds[1]["order"] == [["e"], ["a"], ["c"], ["b"], ["d"]]
    assert report.winners == ("e",)
    assert report.rounds[1]["paths"][0] == [0, 28, 28, 30, 24]
    assert report.rounds[1]["paths"][4] == [25, 28, 28, 31, 0]


def test_ranked_pairs_pass_over_the_weakest_majority_of_a_circle() -> None:
    report = count(PAIRS, "abc", ranked(CIRCLE))
    assert report.rounds[0]["matrix"] == [[0, 6, 4], [2, 0, 6], [5, 3, 0]]
    assert report.rounds[1]["passed"] == [["c", "a"]]
    assert report.winners == ("a",)


def test_fewer_votes_against_come_first_among_equal_majorities() -> None:
    report = count(PAIRS, "abc", ranked(CIRCLE))
    # Both have six winning votes; two are against a over b, three against b over c.
    assert report.rounds[1]["locked"] == [["a", "b"], ["b", "c"]]
    assert report.ties == ()


def test_a_tie_of_two_is_decided_by_the_public_lot() -> None:
    for rule in (SCHULZE, PAIRS):
        report = count(rule, "ab", ranked("3: a > b\n3: b > a"))
        first = min("ab", key=lambda code: lot(BALLOT, SEED, code))
        assert report.winners == (first,)
        assert report.ties[0]["result"] == [first]


def test_equal_majorities_are_ordered_by_lots_that_are_told() -> None:
    report = count(PAIRS, "abc", ranked("1: a > b > c\n1: b > c > a\n1: c > a > b"))
    by_lot = sorted("abc", key=lambda code: lot(BALLOT, SEED, code))
    assert [pair[0] for pair in report.ties[0]["pairs"]] == by_lot
    assert len(report.rounds[1]["locked"]) == 2
    assert report.rounds[1]["passed"] == [report.ties[0]["pairs"][-1]]


def test_another_seed_draws_other_lots() -> None:
    said = ranked("1: a = b = c = d = e = f > g")
    winners = {count(SCHULZE, "abcdefg", said, seed=f"{at:064x}").winners for at in range(20)}
    assert len(winners) > 1
    assert all(one < ("g",) for one in winners)


def test_nobody_who_ranks_chooses_nothing() -> None:
    for rule in (SCHULZE, PAIRS):
        report = count(rule, "ab", [(BLANK, 3)])
        assert (report.outcome, report.winners, report.blank) == (Outcome.REJECTED, (), 3)


def test_a_ballot_that_ranks_nothing_counts_as_cast_and_prefers_nobody() -> None:
    report = count(SCHULZE, "ab", ranked("1: a > b\n4:"))
    assert (report.winners, report.cast) == (("a",), 5)


def test_who_beats_each_other_one_is_found() -> None:
    ballots = Ranked.of("abc", ranked("2: b > a > c\n2: c > b > a\n1: a > b > c"))
    assert condorcet_winner(pairwise(ballots)) == 1
