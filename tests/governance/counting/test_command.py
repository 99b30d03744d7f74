"""``twiza count`` reads a file of ballots and says, round by round, what came out.

What it finds is asked for in this process; a few runs of the command show that it says so.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from services.governance.formats import BadContestFile, NoContestFile
from tests.governance.counting.data import DATA, NEEDED
from tests.twiza.commands import twiza
from twiza import count, outcomes
from twiza.count import UnknownRule

EXAMPLES = Path(__file__).parents[3] / "examples" / "decisions"


def told(
    path: Path, *, config: Path | None = None, rule: str = "", seats: int | None = None
) -> dict[str, Any]:
    contest = count.read(path, config=config)
    report, _ = count.counted(contest, rule=rule, seats=seats)
    return count.as_data(contest, report)


def test_an_order_of_preferences_is_counted_by_schulzes_method() -> None:
    answer = twiza("count", EXAMPLES / "meeting-place.toi", "--lang", "en")
    assert answer.status == 0, answer.err
    assert "Chosen: Old mill." in answer.out
    assert "The file names no rule" in answer.err


def test_people_are_told_in_their_language_and_programs_in_json() -> None:
    answer = twiza("count", EXAMPLES / "committee.csv", "--lang", "fr")
    assert "Dépouillement : vote unique transférable." in answer.out
    answer = twiza("count", EXAMPLES / "committee.csv", "--rule", "irv", "--json")
    assert answer.status == 0, answer.err
    assert answer.told["winners"] == ["Aïcha"]
    assert {"rule", "winners", "rounds"} <= set(answer.told)


def test_a_damaged_file_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "hall.soi"
    file.write_text("# TITLE: x\n1: 1,1\n")
    answer = twiza("count", file)
    assert answer.status == outcomes.REFUSED
    assert "line 2: an alternative stands twice" in answer.err
    with pytest.raises(BadContestFile):
        told(file)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert twiza("count", tmp_path / "none.soi").status == outcomes.NOT_FOUND
    with pytest.raises(NoContestFile):
        told(tmp_path / "none.soi")


@pytest.mark.parametrize(
    ("rule", "winner"),
    [("irv", "School yard"), ("ranked-pairs", "Old mill"), ("tideman", "Old mill")],
)
def test_another_rule_can_be_asked_for(rule: str, winner: str) -> None:
    found = told(EXAMPLES / "meeting-place.toi", rule=rule)
    assert found["winners"] == [winner]
    assert found["rule"] == {"tideman": "ranked-pairs"}.get(rule, rule)
    assert found["rounds"]
    assert len(found["hash"]) == 64


def test_a_ward_fills_its_seats_or_as_many_as_are_asked_for() -> None:
    found = told(EXAMPLES / "committee.csv")
    assert (found["rule"], len(found["winners"])) == ("stv", 2)
    assert set(found["rounds"][0]["votes"]) == {"Aïcha", "Bento", "Carmen", "Driss"}
    assert len(told(EXAMPLES / "committee.csv", seats=3)["winners"]) == 3


def test_a_record_is_counted_as_its_configuration_says(tmp_path: Path) -> None:
    folder = EXAMPLES / "board"
    for file in (folder, folder / "board_cvr.csv", folder / "board_config.json"):
        found = told(file)
        assert found["winners"] == ["Bento"]
        assert [one["kind"] for one in found["rounds"]] == ["tabulated"] * 2
    moved = tmp_path / "marks.csv"
    moved.write_bytes((folder / "board_cvr.csv").read_bytes())
    assert told(moved, config=folder / "board_config.json")["winners"] == ["Bento"]


PB = """\
META
key;value
description;Well and oven
num_projects;3
num_votes;5
budget;100
vote_type;approval
rule;greedy-threshold
min_project_score_threshold;2
PROJECTS
project_id;cost;name
well;60;A well
oven;50;An oven
Tree-7;10;Trees
VOTES
voter_id;vote
1;well
2;well,oven
3;well
4;oven
5;Tree-7
"""


@pytest.mark.parametrize(
    ("rule", "funded"),
    [
        ("", ["well"]),
        ("greedy_skip", ["well", "Tree-7"]),
        ("greedy-skip-threshold", ["well"]),
        ("greedy-stop", ["well"]),
    ],
)
def test_a_budget_is_counted_by_its_own_rule_or_another(
    tmp_path: Path, rule: str, funded: list[str]
) -> None:
    (tmp_path / "b.pb").write_text(PB)
    assert told(tmp_path / "b.pb", rule=rule)["winners"] == funded
    with pytest.raises(UnknownRule, match="a budget is counted by greedy-skip"):
        told(tmp_path / "b.pb", rule="schulze")


@pytest.mark.parametrize(
    ("rule", "seats", "says"),
    [
        ("borda", None, "known are approval"),
        ("approval", None, "are counted by schulze, ranked-pairs"),
        ("irv", 2, "only STV and approval fill"),
        ("budget", None, "no budget"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(rule: str, seats: int | None, says: str) -> None:
    with pytest.raises(UnknownRule, match=says):
        told(EXAMPLES / "meeting-place.toi", rule=rule, seats=seats)


@NEEDED
def test_a_published_contest_is_counted_from_its_folder() -> None:
    found = told(DATA / "rcv" / "2015_portland_mayor")
    assert found["winners"] == ["Mavodones, Nicholas M. Jr."]
    assert len(found["rounds"]) == 14
    assert json.dumps(found)
