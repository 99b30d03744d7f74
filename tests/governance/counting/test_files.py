"""Files of ballots are read as they are meant, written again without loss, and refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from services.governance import formats
from services.governance.formats import (
    BadContestFile,
    NoContestFile,
    UnknownContestFormat,
    preflib,
    scottish,
)
from services.governance.formats.contest import codes_for
from services.governance.rules import Method, Ties
from tests.governance.counting.samples import BLANK, count, ranked
from tests.governance.counting.votes import CODES, RANKED

TOI = """\
# FILE NAME: hall.toi
# TITLE: Which hall
# NUMBER ALTERNATIVES: 3
# ALTERNATIVE NAME 1: Old mill
# ALTERNATIVE NAME 2: قاعة الحي
# ALTERNATIVE NAME 3: Tent
3: 1,{2,3}
2: {1,2}
1: 3
"""
WARD = """\
3,2,
4,1,
3,2,3,
2,,,
"Candidate 1","Amal","Independent (Ind)",
"Candidate 2","Bea","Harbour (H)",
"Candidate 3","Çelik","Independent (Ind)",
"Ward of three"
"""


def toi(text: str = TOI, suffix: str = ".toi") -> formats.Contest:
    return preflib.contest(text, suffix=suffix, name="hall")


def test_preferences_with_equal_ranks_are_read() -> None:
    contest = toi()
    assert (contest.name, contest.rule) == ("Which hall", None)
    assert list(contest.names.values()) == ["Old mill", "قاعة الحي", "Tent"]
    assert [option.code for option in contest.options] == ["old-mill", "2", "tent"]
    assert contest.choices[0] == ({"ranks": [["old-mill"], ["2", "tent"]]}, 3)


def test_categories_are_approvals_or_grades() -> None:
    two = "# NUMBER ALTERNATIVES: 3\n# NUMBER CATEGORIES: 2\n4: {1,3},{2}\n1: 2,{}\n2: {},{1,2,3}\n"
    contest = toi(two, ".cat")
    assert contest.choices == (
        ({"options": ["1", "3"]}, 4), ({"options": ["2"]}, 1), ({"options": []}, 2)
    )  # fmt: skip
    assert contest.rule is not None
    assert contest.rule.method is Method.APPROVAL
    graded = toi("# NUMBER ALTERNATIVES: 2\n# NUMBER CATEGORIES: 3\n4: 1,{},2\n", ".cat")
    assert graded.choices == (({"scores": {"1": 2, "2": 0}}, 4),)
    assert graded.rule is not None
    assert (graded.rule.method, graded.rule.scale_max) == (Method.SCORE, 2)


@pytest.mark.parametrize(
    ("text", "suffix", "why"),
    [
        ("# X: 1\n2 1,2\n", ".soi", "line 2: how many ballots say so is missing"),
        ("0: 1,2\n", ".soi", "line 1: '0' is no number from 1"),
        ("1: 1,{2\n", ".toi", "line 1: this is no order"),
        ("1: 1,zwei\n", ".soi", "line 1: options are named by their numbers"),
        ("# NUMBER ALTERNATIVES: 2\n1: 1,3\n", ".soi", "line 2: there is no alternative 3"),
        ("1: 1,2,1\n", ".soi", "line 1: an alternative stands twice"),
        ("1: 1,{2,3}\n", ".soi", "line 1: a .soi file has no equal ranks"),
        ("# NUMBER ALTERNATIVES: 3\n1: 1,{2}\n", ".toc", "line 2: a .toc file ranks every"),
        ("1: {},1\n", ".toi", "line 1: a rank is empty"),
        ("# TITLE: nothing\n", ".soc", "it has no alternatives"),
        ("# NUMBER CATEGORIES: 1\n1: 1,2\n", ".cat", "its number of categories"),
        (f"{'9' * 5000}: 1\n", ".soi", "line 1: '9999"),
    ],
)
def test_a_wrong_line_of_preferences_is_named(text: str, suffix: str, why: str) -> None:
    with pytest.raises(BadContestFile) as refused:
        toi(text, suffix)
    assert refused.value.detail.startswith(why)


@pytest.mark.parametrize(
    ("lines", "suffix"),
    [
        ("2: a > b > c\n1: c > b > a", ".soc"),
        ("2: a > b\n1: c", ".soi"),
        ("2: a > b = c", ".toc"),
        ("2: a = b", ".toi"),
    ],
)
def test_the_ending_says_what_was_written(lines: str, suffix: str) -> None:
    written = preflib.write_preflib(
        title="A\nvote", names=["An", "Be", "Ce"], options=list("abc"), choices=ranked(lines)
    )
    assert written.suffix == suffix
    assert toi(written.text, suffix).name == "A vote"


@given(said=RANKED)
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_again_without_loss(said: Any) -> None:
    written = preflib.write_preflib(
        title="Law", names=list(CODES), options=list(CODES), choices=[*said, (BLANK, 2)]
    )
    again = toi(written.text, written.suffix)
    filled = [(choice, number) for choice, number in said if choice["ranks"]]
    rule = {"method": "schulze"}
    assert count(rule, CODES, again.choices).hash == count(rule, CODES, filled).hash
    backwards = preflib.write_preflib(
        title="Law", names=list(CODES), options=list(CODES), choices=said[::-1]
    )
    assert backwards == written


def test_a_ward_is_read_with_its_rule() -> None:
    contest = scottish.contest(WARD, name="w")
    assert (contest.name, contest.rule and contest.rule.seats) == ("Ward of three", 2)
    assert contest.rule is not None
    assert contest.rule.ties is Ties.LISTED
    assert contest.choices == (
        ({"ranks": [["amal"]]}, 4), ({"ranks": [["bea"], ["celik"]]}, 3), ({"ranks": []}, 2)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("3,2,\n", "three,2\n", "line 1: the numbers of candidates"),
        ("3,2,\n", "0,2\n", "line 1: '0' is no number"),
        ("4,1,", "4,7,", "line 2: there is no candidate '7'"),
        ("3,2,3,", "3,2,2,", "line 3: a candidate stands twice"),
        ('"Candidate 3","Çelik","Independent (Ind)",\n', "", "3 candidates were announced, 2"),
        ('"Candidate 2","Bea"', '"Candidate 2",""', "line 6: a candidate has no name"),
        ("2,,,\n", "two,1,2\n", "line 4: neither a ballot nor a candidate"),
        ('"Ward of three"', '1,2,\n"Ward"', "line 8: a ballot stands behind"),
    ],
)
def test_a_wrong_line_of_a_ward_is_named(old: str, new: str, why: str) -> None:
    with pytest.raises(BadContestFile) as refused:
        scottish.contest(WARD.replace(old, new, 1), name="w")
    assert refused.value.detail.startswith(why)


def test_files_are_told_apart_by_ending_and_content(tmp_path: Path) -> None:
    for name, text in (("a.toi", TOI), ("b.csv", WARD)):
        (tmp_path / name).write_text(text)
    assert formats.read(tmp_path / "a.toi").format == "preflib"
    assert formats.read(tmp_path / "b.csv").format == "scottish"
    (tmp_path / "c.doc").write_text("ballots")
    with pytest.raises(UnknownContestFormat):
        formats.read(tmp_path / "c.doc")
    with pytest.raises(NoContestFile):
        formats.read(tmp_path / "none.toi")
    (tmp_path / "d.soi").write_bytes(b"# TITLE: \xff\n")
    with pytest.raises(BadContestFile, match="line 1: it is not written in UTF-8"):
        formats.read(tmp_path / "d.soi")
    (tmp_path / "e.json").write_text("{")
    with pytest.raises(BadContestFile, match="not JSON"):
        formats.read(tmp_path / "e.json")


def test_every_name_has_a_code_of_its_own() -> None:
    names = ["Ann Lee", "ann-lee", "قاعة", "", "x" * 90, "x" * 91]
    codes = codes_for(names)
    assert codes[:4] == ["ann-lee", "ann-lee-2", "3", "4"]
    assert len(set(codes)) == len(names)
    assert all(len(code) <= 64 for code in codes)


def test_numbers_of_names_do_not_take_the_place_of_others() -> None:
    assert len(set(codes_for(["3", "!", "?"]))) == 3
    assert json.dumps(codes_for(["1", "1"])) == '["1", "1-2"]'
