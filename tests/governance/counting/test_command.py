"""``twiza count`` reads a file of ballots and says, round by round, what came out."""

import json
from pathlib import Path

import pytest

from tests.governance.counting.data import DATA, NEEDED
from tests.twiza.commands import twiza
from twiza import outcomes

EXAMPLES = Path(__file__).parents[3] / "examples" / "decisions"


def test_an_order_of_preferences_is_counted_by_schulzes_method() -> None:
    answer = twiza("count", EXAMPLES / "meeting-place.toi", "--lang", "en")
    assert answer.status == 0, answer.err
    assert "Chosen: Old mill." in answer.out
    assert "The file names no rule" in answer.err


@pytest.mark.parametrize(
    ("rule", "winner"),
    [("irv", "School yard"), ("ranked-pairs", "Old mill"), ("tideman", "Old mill")],
)
def test_another_rule_can_be_asked_for(rule: str, winner: str) -> None:
    answer = twiza("count", EXAMPLES / "meeting-place.toi", "--rule", rule, "--json")
    assert answer.status == 0, answer.err
    assert answer.told["winners"] == [winner]
    assert answer.told["rule"] == {"tideman": "ranked-pairs"}.get(rule, rule)
    assert answer.told["rounds"]
    assert len(answer.told["hash"]) == 64


def test_a_ward_fills_its_seats_or_as_many_as_are_asked_for() -> None:
    answer = twiza("count", EXAMPLES / "committee.csv", "--json")
    assert answer.status == 0, answer.err
    assert (answer.told["rule"], len(answer.told["winners"])) == ("stv", 2)
    first = answer.told["rounds"][0]
    assert set(first["votes"]) == {"Aïcha", "Bento", "Carmen", "Driss"}
    three = twiza("count", EXAMPLES / "committee.csv", "--seats", "3", "--json").told
    assert len(three["winners"]) == 3


def test_people_are_told_in_their_language() -> None:
    answer = twiza("count", EXAMPLES / "committee.csv", "--lang", "fr")
    assert "Dépouillement : vote unique transférable." in answer.out
    assert "الجولة" in twiza("count", EXAMPLES / "committee.csv", "--lang", "ar").out


def test_a_record_is_counted_as_its_configuration_says(tmp_path: Path) -> None:
    folder = EXAMPLES / "board"
    for file in (folder, folder / "board_cvr.csv", folder / "board_config.json"):
        answer = twiza("count", file, "--json")
        assert answer.status == 0, answer.err
        assert answer.told["winners"] == ["Bento"]
        assert [one["kind"] for one in answer.told["rounds"]] == ["tabulated"] * 2
    moved = tmp_path / "marks.csv"
    moved.write_bytes((folder / "board_cvr.csv").read_bytes())
    answer = twiza("count", moved, "--config", folder / "board_config.json", "--json")
    assert answer.told["winners"] == ["Bento"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("meeting-place.toi", "--rule", "borda"), "known are approval"),
        (("meeting-place.toi", "--rule", "approval"), "are counted by schulze, ranked-pairs"),
        (("meeting-place.toi", "--rule", "irv", "--seats", "2"), "only STV and approval fill"),
        (("meeting-place.toi", "--rule", "budget"), "no budget"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(arguments: tuple[str, ...], says: str) -> None:
    answer = twiza("count", EXAMPLES / arguments[0], *arguments[1:])
    assert answer.status == outcomes.REFUSED
    assert says in answer.err


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert twiza("count", tmp_path / "none.soi").status == outcomes.NOT_FOUND


def test_a_damaged_file_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "hall.soi"
    file.write_text("# TITLE: x\n1: 1,1\n")
    answer = twiza("count", file)
    assert answer.status == outcomes.REFUSED
    assert "line 2: an alternative stands twice" in answer.err


@NEEDED
def test_a_published_contest_is_counted_from_the_command_line() -> None:
    folder = DATA / "rcv" / "2015_portland_mayor"
    answer = twiza("count", folder, "--json")
    assert answer.status == 0, answer.err
    assert answer.told["winners"] == ["Mavodones, Nicholas M. Jr."]
    assert len(answer.told["rounds"]) == 14
    assert json.dumps(answer.told)
