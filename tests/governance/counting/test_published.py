"""The published outcomes of real votes are found again: Scottish wards, and RCTab's contests."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.governance import formats
from services.governance.counting.report import Report
from services.governance.formats.contest import Contest
from tests.governance.counting.data import CONTESTS, DATA, NEEDED, WARDS
from twiza.count import counted

pytestmark = NEEDED
SOME_WARDS = sorted(WARDS)[::6]
SOME_CONTESTS = [name for name in sorted(CONTESTS) if "minneapolis" not in name]
REASONS = {
    "exhausted-choices": "exhaustedChoices",
    "overvote": "overvotes",
    "repeated-candidate": "repeatedRankings",
    "skipped-ranks": "skippedRankings",
}


def names(contest: Contest, codes: Any) -> list[str]:
    return [contest.names[code] for code in codes]


def found_again_in_a_ward(path: str) -> None:
    ward, told = formats.read(DATA / path), WARDS[path]
    elected, _ = counted(ward)
    assert names(ward, elected.winners) == told["stv_order_of_election"]
    assert sorted(names(ward, elected.winners)) == sorted(told["computed"]["stv_wigm"])
    assert elected.rounds[0]["quota"] == told["droop_quota"] * elected.rounds[0]["scale"]
    assert (elected.cast, len(ward.options)) == (told["ballots"], told["candidates"])
    single, _ = counted(ward, rule="irv")
    assert names(ward, single.winners) == [told["computed"]["irv"]]
    schulze, _ = counted(ward, rule="schulze")
    assert names(ward, schulze.rounds[1]["first"]) == told["computed"]["schulze"]
    best = told["computed"]["condorcet_winner"]
    assert schulze.rounds[0]["condorcet"] == ("" if best is None else _code(ward, best))
    pairs, _ = counted(ward, rule="ranked-pairs")
    assert best is None or names(ward, pairs.winners) == [best]


def _code(contest: Contest, name: str) -> str:
    return next(code for code, known in contest.names.items() if known == name)


def found_again_in_a_contest(name: str) -> None:
    told = CONTESTS[name]
    folder = DATA / "rcv"
    contest = formats.read(folder / told["cvr"][0], config=folder / told["config"])
    report, _ = counted(contest)
    published = told["published"]
    for event in ("elected", "eliminated"):
        happened = [
            (contest.names[code], one["round"])
            for one in report.rounds
            for code in one.get(event, ())
        ]
        stated = zip(published[event], published[f"{event}_in_round"], strict=True)
        assert sorted(happened) == sorted(stated)
    assert sorted(names(contest, report.winners)) == sorted(published["elected"])
    assert len(report.rounds) == published["rounds"]
    results = json.loads((folder / told["report"]).read_bytes())["results"]
    for one, result in zip(report.rounds, results, strict=True):
        _is_the_round(contest, report, one, result)


def _is_the_round(contest: Contest, report: Report, one: Any, result: Any) -> None:
    scale = one["scale"]
    votes = {contest.names[code]: number for code, number in one["votes"].items()}
    assert votes == {name: parts(text, scale) for name, text in result["tally"].items()}
    assert one["quota"] == parts(result["threshold"], scale)
    stated = result["inactiveBallots"]
    for reason, number in one["inactive"].items():
        assert number == parts(stated[REASONS[reason]], scale)
    if one is report.rounds[-1]:
        assert one.get("undistributed", 0) == parts(stated.get("finalRoundSurplus", "0"), scale)


def parts(text: str, scale: int) -> int:
    """Return a published figure in parts of a vote, without a float."""
    whole, _, behind = text.partition(".")
    digits = len(str(scale)) - 1
    return int(whole) * scale + int(behind.ljust(digits, "0")[:digits] or "0")


@pytest.mark.parametrize("path", SOME_WARDS, ids=lambda path: Path(path).stem)
def test_a_ward_elects_whom_it_elected(path: str) -> None:
    found_again_in_a_ward(path)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(WARDS), ids=lambda path: Path(path).stem)
def test_every_ward_elects_whom_it_elected(path: str) -> None:
    found_again_in_a_ward(path)


@pytest.mark.parametrize("name", SOME_CONTESTS, ids=lambda name: Path(name).name)
def test_a_contest_has_the_rounds_that_were_published(name: str) -> None:
    found_again_in_a_contest(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CONTESTS), ids=lambda name: Path(name).name)
def test_every_contest_has_the_rounds_that_were_published(name: str) -> None:
    found_again_in_a_contest(name)
