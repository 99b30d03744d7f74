"""Lists of barter are read as they are meant, and what is not understood is said by its line."""

from pathlib import Path

import pytest

from services.exchange.matching import bti, want_lists
from services.exchange.matching.refusals import BadList, UnknownOption
from services.exchange.matching.solve import solve
from services.exchange.matching.unbounded import most_trades
from services.exchange.matching.wire import Owners

EXAMPLES = Path(__file__).parents[3] / "examples" / "barter"


def costs(text: str) -> dict[tuple[str, str], int]:
    problem, cost, *_ = want_lists.read(text)
    pairs = zip(problem.tail.tolist(), problem.head.tolist(), cost.tolist(), strict=True)
    return {(problem.ids[tail], problem.ids[head]): price for tail, head, price in pairs}


def test_names_differ_by_capitals_only_where_an_option_says_so() -> None:
    assert costs("a : B\nb : A") == {("A", "B"): 1, ("B", "A"): 1}
    assert costs("#! CASE-SENSITIVE\na : B\nb : a") == {("b", "a"): 1}


def test_a_semicolon_is_a_big_step() -> None:
    lists = "a : b c ; d\nb :\nc :\nd :"
    assert costs(f"#! LINEAR-PRIORITIES\n{lists}") == {
        ("A", "B"): 1, ("A", "C"): 2, ("A", "D"): 12
    }  # fmt: skip
    assert costs(f"#! SQUARE-PRIORITIES BIG-STEP=2\n{lists}")[("A", "D")] == 25
    assert costs(f"#! TRIANGLE-PRIORITIES SMALL-STEP=3\n{lists}")[("A", "C")] == 10


def test_explicit_priorities_stand_behind_an_equals_sign() -> None:
    assert costs("#! EXPLICIT-PRIORITIES\na : b=7 c\nb :\nc :") == {("A", "B"): 7, ("A", "C"): 8}


def test_dummies_are_their_user_s_alone_and_lead_to_no_own_item() -> None:
    text = "#! ALLOW-DUMMIES\n(u) a : %x\n(u) b : %x\n(u) %x : a c\n(v) c : b %x"
    problem, _, notices, _ = want_lists.read(text)
    assert problem.ids[-1] == "%X (U)"
    assert problem.dummy.tolist() == [False, False, False, True]
    assert any("same user" in one for one in notices)
    assert any("%X, which nobody offers" in one for one in notices)
    found = solve(problem)
    assert (found.value, found.rings[0].slots) == (2, ("B", "%X (U)", "C"))


def test_the_first_list_of_a_name_counts() -> None:
    found = want_lists.read("a : b\na : c\nb : a\nc : a")
    assert len(found.problem.ids) == 3
    assert found.notices == ("A has several lists; the first counts.",)


def test_official_names_are_the_only_ones() -> None:
    text = "!BEGIN-OFFICIAL-NAMES\na : Oil\nb\n!END-OFFICIAL-NAMES\na : b\nb : a\nc : a"
    found = want_lists.read(text)
    assert found.problem.ids == ("A", "B")
    assert found.notices == ("C is no official name.",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a : b\n#! CASE-SENSITIVE", "options stand before"),
        ("#! SMALL-STEP=x\na : b", "whole number"),
        ("#! ITERATIONS=0\na : b", "does not take 0"),
        ("a : b # c", "line of its own"),
        ("a : b : c", "more than one colon"),
        ("(u a : b", "parentheses"),
        ("a (u) : b", "parentheses"),
        ("() a : b", "a user and an item"),
        ("(u)", "a user and an item"),
        ("a b : c", "one item stands before"),
        ("; a", "no item"),
        ("#! REQUIRE-COLONS\na b", "no colon"),
        ("#! REQUIRE-USERNAMES\na : b", "no user"),
        ("!END-OFFICIAL-NAMES", "no official names"),
        ("!BEGIN-OFFICIAL-NAMES\na\na\n!END-OFFICIAL-NAMES", "twice"),
        ("!BEGIN-OFFICIAL-NAMES\n%a\n!END-OFFICIAL-NAMES", "no official name"),
        ("!BEGIN-OFFICIAL-NAMES\na", "have no"),
    ],
)
def test_a_line_that_is_not_understood_is_named(text: str, why: str) -> None:
    with pytest.raises(BadList, match=why):
        want_lists.read(text)


@pytest.mark.parametrize("option", ["METRIC=USERS", "LINEAR", "SCALED-PRIORITIES", "SHRINK", "="])
def test_an_option_that_is_not_known_is_refused(option: str) -> None:
    with pytest.raises(UnknownOption, match="line 1"):
        want_lists.read(f"#! {option}\na : b")


@pytest.mark.parametrize(
    "text", ["", "x y", "1", "2 1\n0 0\n0 1", "1 1\n0 0\n0 5 1", "-1 0", "1 1\n0 0\n0 0 1",
             "2 1\n0 0\n0 1\n0 1 -4", "2 1\n0 0\n7 1\n0 1 1", "99999999999999999999 1"],
)  # fmt: skip
def test_numbers_that_are_no_graph_are_refused(text: str) -> None:
    with pytest.raises(BadList):
        bti.read(text)


def test_the_examples_are_what_they_say() -> None:
    market = want_lists.read((EXAMPLES / "market.txt").read_text())
    assert sorted(ring.size for ring in solve(market.problem).rings) == [2, 4]
    choices = want_lists.read((EXAMPLES / "choices.txt").read_text())
    assert solve(choices.problem).value == 4
    pool = bti.read((EXAMPLES / "pool.bti").read_text(), owners=Owners.ANY)
    assert most_trades(pool.problem, pool.cost).trades == 10
