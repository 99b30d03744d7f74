"""Cast vote records: marks are read, and counted, as the contest's configuration says."""

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from services.governance import formats
from services.governance.counting.report import Report
from services.governance.formats import BadContestFile, NoContestFile
from services.governance.formats.rctab_reading import OVERVOTE, End, Overvotes, Reading, read_marks

PEOPLE = ["Amal", "Bea", "Chen", "Dina"]


def config(folder: Path, rules: dict[str, Any], source: dict[str, Any]) -> Path:
    facts = {
        "outputSettings": {"contestName": "Water board"},
        "cvrFileSources": [
            {
                "filePath": "marks.csv",
                "provider": "ess",
                "firstVoteColumnIndex": "2",
                "firstVoteRowIndex": "2",
                "overvoteLabel": "overvote",
                "skippedRankLabel": "undervote",
                "undeclaredWriteInLabel": "",
                **source,
            }
        ],
        "candidates": [{"name": name, "excluded": False, "aliases": []} for name in PEOPLE],
        "rules": {
            "tiebreakMode": "useCandidateOrder",
            "overvoteRule": "alwaysSkipToNextRank",
            "winnerElectionMode": "singleWinnerMajority",
            "numberOfWinners": "1",
            "decimalPlacesForVoteArithmetic": "4",
            "minimumVoteThreshold": "0",
            "maxSkippedRanksAllowed": "1",
            "maxRankingsAllowed": "max",
            **rules,
        },
    }
    path = folder / "config.json"
    path.write_text(json.dumps(facts))
    return path


def contest(
    folder: Path, rows: str, rules: dict[str, Any] | None = None, **source: Any
) -> formats.Contest:
    config(folder, rules or {}, source)
    lines = ["id,1,2,3,4"]
    for at, row in enumerate(rows.strip().splitlines(), start=1):
        number, _, marks = row.partition(":")
        lines += [f"{at},{marks.strip()}"] * int(number)
    (folder / "marks.csv").write_text("\n".join(lines) + "\n")
    return formats.read(folder / "marks.csv")


def own(read: formats.Contest) -> Report:
    assert read.own is not None
    return read.own()


def happened(report: Report, event: str) -> list[list[str]]:
    return [list(one.get(event, [])) for one in report.rounds]


def reading(**more: Any) -> Reading:
    like = {"overvotes": Overvotes.SKIP, "skipped_max": 1, "repeated_ends": False}
    return Reading(**{**like, **more})


@pytest.mark.parametrize(
    ("marks", "like", "order", "end"),
    [
        (((1, ("a",)), (2, ("b",))), reading(), ("a", "b"), End.CHOICES),
        (((2, ("a",)), (4, ("b",))), reading(), ("a", "b"), End.CHOICES),
        (((3, ("a",)),), reading(), (), End.SKIPPED),
        (((1, ("a",)), (4, ("b",))), reading(), ("a",), End.SKIPPED),
        (((4, ("a",)),), reading(skipped_max=None), ("a",), End.CHOICES),
        (((2, ("a",)),), reading(skipped_max=0), (), End.SKIPPED),
        (((1, ("a", "b")), (2, ("c",))), reading(), ("c",), End.CHOICES),
        (((1, ("c",)), (2, (OVERVOTE,))), reading(), ("c",), End.CHOICES),
        (
            ((1, ("c",)), (2, ("a", "b")), (3, ("d",))),
            reading(overvotes=Overvotes.EXHAUST), ("c",), End.OVERVOTE,
        ),
        (((1, ("a",)), (2, ("a",)), (3, ("b",))), reading(), ("a", "b"), End.CHOICES),
        (
            ((1, ("a",)), (2, ("a",)), (3, ("b",))),
            reading(repeated_ends=True), ("a",), End.REPEATED,
        ),
    ],
)  # fmt: skip
def test_marks_become_an_order(marks: Any, like: Reading, order: Any, end: End) -> None:
    assert read_marks(marks, like) == (order, end)


def test_a_single_winner_needs_more_than_half(tmp_path: Path) -> None:
    report = own(contest(tmp_path, "4: Amal\n3: Bea\n2: Chen,Bea"))
    assert report.winners == ("bea",)
    assert happened(report, "eliminated") == [["dina"], ["chen"], []]
    assert (report.rule, report.rounds[-1]["quota"]) == ("irv", 5 * 10_000)


def test_a_batch_goes_together(tmp_path: Path) -> None:
    report = own(contest(tmp_path, "5: Amal\n4: Bea\n1: Chen,Bea", {"batchElimination": True}))
    assert happened(report, "eliminated") == [["dina", "chen"], []]


def test_few_votes_are_out_at_once(tmp_path: Path) -> None:
    rows = "5: Amal\n4: Bea\n2: Chen,Bea\n1: Dina,Bea"
    report = own(contest(tmp_path, rows, {"minimumVoteThreshold": "3"}))
    assert happened(report, "eliminated") == [["chen", "dina"], []]


def test_write_ins_that_nobody_declared_go_first(tmp_path: Path) -> None:
    report = own(contest(tmp_path, "4: UWI,Bea\n3: Amal\n2: Bea", undeclaredWriteInLabel="UWI"))
    assert happened(report, "eliminated")[0] == ["undeclared-write-ins"]
    assert report.winners == ("bea",)


def test_excluded_candidates_are_passed_over(tmp_path: Path) -> None:
    path = config(tmp_path, {}, {})
    facts = json.loads(path.read_bytes())
    facts["candidates"][0]["excluded"] = True
    (tmp_path / "marks.csv").write_text("id,1,2\n1,Amal,Bea\n2,Chen,\n3,Amal,Bea\n")
    path.write_text(json.dumps(facts))
    report = own(formats.read(path))
    assert report.rounds[0]["votes"] == {"bea": 20_000, "chen": 10_000, "dina": 0}


def test_a_count_can_go_on_until_two_are_left(tmp_path: Path) -> None:
    rules = {"continueUntilTwoCandidatesRemain": True}
    report = own(contest(tmp_path, "7: Amal\n3: Bea\n2: Chen\n1: Dina", rules))
    assert report.rounds[0]["elected"] == ["amal"]
    assert sorted(report.rounds[-1]["votes"]) == ["amal", "bea"]


SEVERAL = {"numberOfWinners": "2", "winnerElectionMode": "multiWinnerAllowMultipleWinnersPerRound"}


def test_surpluses_of_one_round_pass_on_together(tmp_path: Path) -> None:
    rules = {**SEVERAL, "numberOfWinners": "3"}
    report = own(contest(tmp_path, "8: Amal,Bea,Dina\n6: Bea,Chen\n2: Chen\n1: Dina", rules))
    assert report.rounds[0]["elected"] == ["amal", "bea"]
    assert report.rounds[0]["surpluses"] == {"amal": 30_000, "bea": 10_000}
    # Amal's ballots pass over Bea, who is elected in the same round: 3/8 of a vote each.
    assert report.rounds[1]["votes"]["dina"] == 10_000 + 8 * 3_750
    assert report.rounds[1]["votes"]["chen"] == 20_000 + 6 * 1_666


def test_one_winner_in_a_round_where_the_rule_says_so(tmp_path: Path) -> None:
    rules = {**SEVERAL, "winnerElectionMode": "multiWinnerAllowOnlyOneWinnerPerRound"}
    report = own(contest(tmp_path, "8: Amal,Dina\n7: Bea\n2: Chen", rules))
    assert happened(report, "elected")[:2] == [["amal"], ["bea"]]


def test_bottoms_up_transfers_no_surplus(tmp_path: Path) -> None:
    rules = {**SEVERAL, "winnerElectionMode": "bottomsUp"}
    report = own(contest(tmp_path, "8: Amal,Chen\n3: Bea\n2: Chen,Bea\n1: Dina", rules))
    assert report.winners == ("amal", "bea")
    assert happened(report, "eliminated") == [["dina"], ["chen"], []]


def test_seat_after_seat_by_instant_runoff(tmp_path: Path) -> None:
    rules = {**SEVERAL, "winnerElectionMode": "multiPassIrv"}
    report = own(contest(tmp_path, "8: Amal,Chen\n3: Bea\n2: Chen,Bea\n1: Dina", rules))
    assert report.winners == ("amal", "chen")
    assert [one["seat"] for one in report.rounds] == [1, 2]


@pytest.mark.parametrize(
    ("rules", "quota"),
    [({}, "5"), ({"hareQuota": True}, "6.5"), ({"nonIntegerWinningThreshold": True}, "4.3334")],
)
def test_the_quota_is_as_the_configuration_says(
    tmp_path: Path, rules: dict[str, Any], quota: str
) -> None:
    whole = rules.get("hareQuota", False)
    rules = {**SEVERAL, **rules, **({"nonIntegerWinningThreshold": True} if whole else {})}
    report = own(contest(tmp_path, "7: Amal\n5: Bea\n1: Chen", rules))
    assert report.rounds[0]["quota"] / 10_000 == float(quota)


def test_hare_rounds_up(tmp_path: Path) -> None:
    report = own(contest(tmp_path, "7: Amal\n5: Bea\n1: Chen", {**SEVERAL, "hareQuota": True}))
    assert report.rounds[0]["quota"] == 7 * 10_000


def test_a_draw_is_replaced_by_the_order_of_the_list_and_said(tmp_path: Path) -> None:
    read = contest(tmp_path, "2: Bea\n2: Amal\n1: Chen", {"tiebreakMode": "random"})
    assert own(read).winners == ("amal",)
    assert "random draw" in read.notices[0]


def test_ballots_without_a_mark_are_blank(tmp_path: Path) -> None:
    report = own(contest(tmp_path, "2: Amal\n3: undervote,undervote"))
    assert (report.cast, report.blank, report.classes) == (5, 3, {"counted": 2})


def test_other_rules_count_the_same_marks(tmp_path: Path) -> None:
    read = contest(tmp_path, "2: Amal,UWI,Bea\n1: undervote", undeclaredWriteInLabel="UWI")
    assert read.choices == (({"ranks": [["amal"], ["bea"]]}, 2), ({"blank": True}, 1))


def test_a_sheet_is_read_like_a_table(tmp_path: Path) -> None:
    sheet = Workbook()
    assert sheet.active is not None
    for row in (["id", "1", "2"], [1, "Amal ", "Bea"], [2, "overvote", "Bea"], [3, None, None]):
        sheet.active.append(row)
    sheet.save(tmp_path / "marks.xlsx")
    config(tmp_path, {}, {"filePath": "marks.xlsx"})
    report = own(formats.read(tmp_path / "marks.xlsx"))
    assert report.rounds[0]["votes"]["amal"] == report.rounds[0]["votes"]["bea"] == 10_000
    assert report.blank == 1


def test_ranks_under_the_names_of_candidates_are_read(tmp_path: Path) -> None:
    config(tmp_path, {}, {"provider": "genericCsv"})
    (tmp_path / "marks.csv").write_text("id,Amal,Bea,Chen\n1,2,1,\n2,1,1,2\n3,,,\n")
    read = formats.read(tmp_path / "marks.csv")
    assert read.choices == (
        ({"ranks": [["bea"], ["amal"]]}, 1), ({"ranks": [["chen"]]}, 1), ({"blank": True}, 1)
    )  # fmt: skip
    (tmp_path / "marks.csv").write_text("id,Amal,Bea,Chen\n1,first,,\n")
    with pytest.raises(BadContestFile, match="line 2: 'first' is no rank"):
        formats.read(tmp_path / "marks.csv")


def report_of(marks: list[tuple[str, int]]) -> dict[str, Any]:
    """A report in the common data format with one ballot."""
    selections = [
        {
            "ContestSelectionId": f"s-{name}",
            "SelectionPosition": [{"HasIndication": "yes", "Rank": rank}],
        }
        for name, rank in marks
    ]
    return {
        "Election": [
            {
                "Candidate": [{"@id": name, "Name": name} for name in PEOPLE],
                "Contest": [
                    {
                        "@id": "c",
                        "Name": "Board",
                        "ContestSelection": [
                            {"@id": f"s-{name}", "CandidateIds": [name]} for name in PEOPLE
                        ],
                    }
                ],
            }
        ],
        "CVR": [
            {
                "CurrentSnapshotId": "x",
                "CVRSnapshot": [
                    {"@id": "w", "CVRContest": []},
                    {
                        "@id": "x",
                        "CVRContest": [{"ContestId": "c", "CVRContestSelection": selections}],
                    },
                ],
            }
        ],
    }


def test_a_report_in_the_common_data_format_is_read(tmp_path: Path) -> None:
    source = {"provider": "cdf", "filePath": "marks.json", "contestId": "Board"}
    path = config(tmp_path, {}, source)
    record = tmp_path / "marks.json"
    record.write_text(json.dumps(report_of([("Bea", 2), ("Amal", 1)])))
    assert formats.read(record).choices == (({"ranks": [["amal"], ["bea"]]}, 1),)
    record.write_text(json.dumps({"CVR": []}))
    with pytest.raises(BadContestFile, match="no report of cast vote records"):
        formats.read(path)
    record.write_text(json.dumps(report_of([("Bea", 0)])))
    with pytest.raises(BadContestFile, match="0 is no rank"):
        formats.read(path)
    config(tmp_path, {}, {**source, "contestId": "Mayor"})
    record.write_text(json.dumps(report_of([])))
    with pytest.raises(BadContestFile, match="no contest 'Mayor'"):
        formats.read(path)


@pytest.mark.parametrize(
    ("rules", "source", "why"),
    [
        ({"overvoteRule": "exhaustIfMultipleContinuing"}, {}, "the rule for overvotes"),
        ({"winnerElectionMode": "bottomsUpUsingPercentageThreshold"}, {}, "we do not count by"),
        ({"tiebreakMode": "stopCountingAndAsk"}, {}, "we do not break ties by"),
        ({"numberOfWinners": "many"}, {}, "numberOfWinners is no whole number"),
        ({"numberOfWinners": "0"}, {}, "the number of winners is out of range"),
        ({"decimalPlacesForVoteArithmetic": "40"}, {}, "too many decimals"),
        ({}, {"provider": "hart"}, "we do not read records of 'hart'"),
    ],
)
def test_what_we_cannot_count_by_is_refused(
    tmp_path: Path, rules: dict[str, Any], source: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadContestFile, match=why):
        contest(tmp_path, "1: Amal", rules, **source)


def test_a_name_that_nobody_bears_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadContestFile, match=r"marks.csv, line 4: nobody called 'Zoe'"):
        contest(tmp_path, "2: Amal\n1: Bea,Zoe")


def test_a_record_needs_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("id,1\n1,Amal\n")
    with pytest.raises(NoContestFile, match=r"no configuration beside marks\.csv"):
        formats.read(tmp_path / "marks.csv")
    path = config(tmp_path, {}, {"filePath": "elsewhere.csv"})
    with pytest.raises(NoContestFile, match=r"elsewhere\.csv"):
        formats.read(path)
    # The record that was named takes the place of the only one of the configuration.
    assert formats.read(tmp_path / "marks.csv", config=path).format == "rctab"
    (tmp_path / "marks.xlsx").write_bytes(b"no sheet")
    with pytest.raises(BadContestFile, match=r"names no record like marks\.xlsx"):
        formats.read(tmp_path / "marks.xlsx", config=path)


def test_a_folder_with_one_configuration_is_a_contest(tmp_path: Path) -> None:
    contest(tmp_path, "2: Amal\n1: Bea")
    assert own(formats.read(tmp_path)).winners == ("amal",)
    (tmp_path / "second.json").write_bytes((tmp_path / "config.json").read_bytes())
    with pytest.raises(NoContestFile, match="more than one"):
        formats.read(tmp_path)
