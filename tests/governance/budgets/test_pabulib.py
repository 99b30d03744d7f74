"""Files of Pabulib: what a reader has to bear, and what is refused with its line."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance.formats import read
from services.governance.formats.contest import BadContestFile
from services.governance.formats.pabulib import contest
from services.governance.formats.pb_files import (
    Pabulib,
    PbBallots,
    PbProject,
    VoteType,
    read_pb,
    write_pabulib,
)
from services.governance.rules import BudgetBallot, BudgetCount
from tests.governance.budgets.samples import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "decisions" / "ksar.pb"


def lines(
    *,
    meta: str = "budget;100\nvote_type;approval",
    projects: str = "project_id;cost\na;50\nb;60",
    votes: str = "voter_id;vote\n1;a\n2;a,b\n3;b,a",
) -> str:
    return f"META\nkey;value\n{meta}\nPROJECTS\n{projects}\nVOTES\n{votes}\n"


def said(content: str | bytes) -> list[tuple[tuple[int, ...], tuple[int, ...], int]]:
    return [tuple(one) for one in read_pb(content).ballots]  # type: ignore[misc]


def refused(content: str | bytes) -> tuple[int | None, str]:
    with pytest.raises(BadContestFile) as caught:
        read_pb(content)
    return caught.value.members["line"], caught.value.detail


def test_equal_ballots_are_one_class_whatever_their_order() -> None:
    assert said(lines()) == [((0,), (), 1), ((0, 1), (), 2)]


def test_amounts_have_points_or_commas_and_become_whole() -> None:
    file = read_pb(
        lines(
            meta="budget;106165,64\nvote_type;approval", projects="project_id;cost\na;7.5\nb;60.0"
        )
    )
    assert (file.scale, file.total) == (100, 10_616_564)
    assert [one.cost for one in file.projects] == [750, 6_000]


def test_a_mark_in_front_other_line_ends_and_long_cells_are_read() -> None:
    long = "x" * 300_000
    text = lines(projects=f'project_id;cost;name\na;50;"one; two"\nb;60;{long}')
    file = read_pb(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert file.projects[0].columns["name"] == "one; two"
    assert len(file.projects[1].columns["name"]) == 300_000
    assert "\ufeff" not in file.meta


def test_points_belong_to_their_projects() -> None:
    text = lines(
        meta="budget;100\nvote_type;cumulative", votes="voter_id;vote;points\n1;b,a;7,3\n2;a;10"
    )
    assert said(text) == [((0,), (10,), 1), ((0, 1), (3, 7), 1)]


def test_a_ranking_gives_points_by_places() -> None:
    votes = "voter_id;vote\n1;b,a\n2;a"
    text = lines(meta="budget;100\nvote_type;ordinal\nmax_length;3", votes=votes)
    assert said(text) == [((0,), (3,), 1), ((0, 1), (2, 3), 1)]
    text = lines(meta="budget;100\nvote_type;ordinal", votes=votes)
    assert said(text) == [((0,), (1,), 1), ((0, 1), (1, 2), 1)]


def test_an_empty_ballot_is_one_of_a_voter() -> None:
    file = read_pb(lines(votes="voter_id;vote\n1;\n2;a"))
    assert (file.votes, said(lines(votes="voter_id;vote\n1;\n2;a"))[0]) == (2, ((), (), 1))


def test_other_marks_than_funded_or_not_are_told_apart() -> None:
    file = read_pb(lines(projects="project_id;cost;selected\na;50;1\nb;60;2"))
    assert file.published == ({"a"}, {"b"})
    assert read_pb(lines()).published is None


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("", None, "META is missing"),
        ("PROJECTS\n", 1, "out of its place"),
        ("hello;world\n", 1, "not META"),
        (lines().partition("VOTES")[0], None, "VOTES is missing"),
        (lines() + "META\n", 14, "1 cells"),
        (lines().replace("PROJECTS", "VOTES"), 5, "out of its place"),
        (lines(meta="budget;100"), 3, "no vote_type"),
        (lines(meta="budget;100\nbudget;2\nvote_type;approval"), 4, "twice"),
        (lines(meta="budget"), 3, "no value"),
        (lines(meta="budget;1e9\nvote_type;approval"), None, "no amount"),
        (lines(meta="budget;-5\nvote_type;approval"), None, "no amount"),
        (lines(meta="budget;99999999999999999\nvote_type;approval"), None, "too large"),
        (lines(meta="budget;100\nvote_type;oracle"), None, "not known"),
        (lines(meta="budget;100\nvote_type;approval\nnum_votes;4"), None, "num_votes"),
        (lines(meta="budget;100\nvote_type;approval\nnum_projects;1"), None, "num_projects"),
        (lines(projects="project_id;cost\na;50\na;60"), 8, "twice"),
        (lines(projects="project_id;cost\na;fifty\nb;1"), 7, "no amount"),
        (lines(projects="project_id;name\na;50\nb;1"), 6, "no column cost"),
        (lines(projects="project_id;cost\na\nb;1"), 7, "1 cells"),
        (lines(projects="project_id;cost\na;50;x\nb;1"), 7, "3 cells"),
        (lines(projects="project_id;cost\n;50\nb;1"), 7, "id of a project"),
        (lines(votes="voter_id;vote\n1;a\n2;c"), 12, "'c'"),
        (lines(votes="voter_id;vote\n1;a,a"), 11, "twice"),
        (lines(votes="voter_id;vote\n1;a\n2"), 12, "1 cells"),
        (lines(votes="voter_id;points\n1;a"), 10, "no column vote"),
        (lines(meta="budget;100\nvote_type;choose-1"), 12, "more than one"),
        (
            lines(meta="budget;9\nvote_type;cumulative", votes="voter_id;vote;points\n1;a,b;3"),
            11,
            "1 numbers",
        ),
        (
            lines(meta="budget;9\nvote_type;cumulative", votes="voter_id;vote;points\n1;a;-3"),
            11,
            "no amount",
        ),
        (lines(meta="budget;9\nvote_type;ordinal\nmax_length;1"), 13, "ranks 2"),
        (lines().encode("utf-16"), 1, "UTF-8"),
        (lines().encode() + b"4;\xff", 14, "UTF-8"),
    ],
)
def test_a_damaged_file_is_refused_with_the_line(
    content: str | bytes, line: int | None, why: str
) -> None:
    found, detail = refused(content)
    assert why in detail
    if line is not None:
        assert found == line


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_file_that_was_cut_or_changed_is_read_or_refused_by_name(data: st.DataObject) -> None:
    whole = bytearray(EXAMPLE.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole = whole[:at]
    else:
        whole[at] = data.draw(st.integers(0, 255))
    with suppress(BadContestFile):
        assert read_pb(bytes(whole)).votes == 20


AMOUNTS = st.integers(1, 10**9)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(AMOUNTS, min_size=1, max_size=5),
    AMOUNTS,
    st.sampled_from((VoteType.APPROVAL, VoteType.CUMULATIVE)),
    st.sampled_from((1, 100)),
    st.data(),
)
def test_what_is_written_reads_the_same(
    costs: list[int], total: int, kind: VoteType, scale: int, data: st.DataObject
) -> None:
    projects = tuple(
        PbProject(
            code=f"P/{at}", cost=cost, columns={"name": data.draw(st.text('a;"é\nم', max_size=5))}
        )
        for at, cost in enumerate(costs)
    )
    named = st.lists(st.integers(0, len(costs) - 1), unique=True).map(tuple)
    ballots = {
        tuple(sorted(one)): data.draw(st.integers(1, 3))
        for one in data.draw(st.lists(named, max_size=4))
    }
    file = Pabulib(
        meta={"description": "x; y"},
        scale=scale,
        total=total * scale + (scale > 1),
        vote_type=kind,
        projects=projects,
        ballots=tuple(
            PbBallots(one, tuple(3 for _ in one) if kind.gives_points else (), count)
            for one, count in sorted(ballots.items())
        ),
    )
    again = read_pb(write_pabulib(file))
    assert (again.projects, again.ballots) == (file.projects, file.ballots)
    assert (again.total, again.scale) == (file.total, file.scale)


def test_the_rule_of_a_file_is_that_of_its_contest() -> None:
    found = contest(
        lines(
            meta="budget;100\nvote_type;approval\nrule;greedy-no-skip\nmin_project_score_threshold;2"
        ),
        name="x",
    )
    assert found.rule is not None
    assert found.rule.budget is not None
    assert (found.rule.budget.count, found.rule.budget.threshold) == (BudgetCount.GREEDY_STOP, 2)
    assert found.rule.budget.ballot is BudgetBallot.APPROVAL
    assert not found.notices
    unknown = contest(lines(meta="budget;100\nvote_type;approval\nrule;magic"), name="x")
    assert "'magic'" in unknown.notices[0]


def test_ids_that_are_not_plain_letters_get_codes_and_keep_their_names() -> None:
    text = lines(projects="project_id;cost\nä;50\n2025/X;60", votes="voter_id;vote\n1;ä,2025/X")
    found = contest(text, name="x")
    assert found.own is not None
    assert [found.names[code] for code in found.own().winners] == ["ä"]


def test_the_example_of_a_village_gives_more_people_something_than_votes_alone() -> None:
    found = read(EXAMPLE)
    assert found.own is not None
    report = found.own()
    told = report.rounds[-1]
    assert told["reached"] > told["greedy_reached"]
    assert "seguia" in report.winners
    assert "mast" not in report.winners
