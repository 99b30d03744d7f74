"""``twiza match`` reads a list of barter and says what can be exchanged."""

from pathlib import Path

from tests.twiza.commands import twiza
from twiza import outcomes

EXAMPLES = Path(__file__).parents[2] / "examples" / "barter"


def test_rings_are_told_with_their_bound() -> None:
    answer = twiza("match", EXAMPLES / "market.txt")
    assert answer.status == 0, answer.err
    assert "CARPET <- POTTERY <- CARPET" in answer.out
    assert "value\t6 of 6 items\nbound\t6\ngap\t0.00 %\nproven\tyes" in answer.out


def test_programs_are_told_in_json() -> None:
    answer = twiza(
        "match", EXAMPLES / "pool.bti", "--cap", "3", "--owners", "any", "--json"
    )  # fmt: skip
    assert answer.status == 0, answer.err
    told = answer.told
    assert (told["value"], told["bound"], told["proven"]) == (3, 3, True)
    assert told["rings"] == [[4, 6, 8]]


def test_an_unknown_option_of_a_list_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "wants.txt"
    file.write_text("#! FOO\na : b\n")
    answer = twiza("match", file)
    assert answer.status == outcomes.REFUSED
    assert answer.err == "This list has an option that we do not know: line 1: FOO\n"


def test_a_list_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert twiza("match", tmp_path / "wants.txt").status == outcomes.NOT_FOUND
