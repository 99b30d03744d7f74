"""Commands answer on standard output, explain themselves, and end with a status that means it."""

import json
from pathlib import Path

import pytest

from services.node.home import Home
from tests.twiza.commands import twiza
from twiza import outcomes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("node") / "oujda"
    answer = twiza(
        "init", "--home", path, "--name", "oujda", "--continent", "af",
        "--name-in", "fr=Réseau d'Oujda", "--name-in", "ar=شبكة وجدة", "--languages", "ar,fr",
        "--region", "MA", "--port", "single=18499",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    return path


def test_a_founded_node_says_what_it_was_told(home: Path) -> None:
    settings = Home(home).settings()
    assert settings.names == {"fr": "Réseau d'Oujda", "ar": "شبكة وجدة"}
    assert (settings.languages, settings.region) == (("ar", "fr"), ("MA",))
    assert settings.ports.single == 18499


def test_founding_a_node_again_changes_nothing(home: Path) -> None:
    before = {one: one.read_bytes() for one in home.rglob("*") if one.is_file()}
    answer = twiza(
        "init", "--home", home, "--name", "oujda", "--continent", "eu", "--json"
    )  # fmt: skip
    assert answer.status == 0
    assert answer.told["name"] == "oujda"
    assert before == {one: one.read_bytes() for one in home.rglob("*") if one.is_file()}


def test_a_home_of_another_name_is_refused_with_a_sentence(home: Path) -> None:
    answer = twiza("init", "--home", home, "--name", "fes", "--continent", "af")
    assert answer.status == outcomes.CONFLICT
    assert answer.err == (f"This directory is not this node's home: {home} is the home of oujda\n")


def test_a_name_that_cannot_be_a_node_s_is_refused(tmp_path: Path) -> None:
    answer = twiza("init", "--home", tmp_path / "x", "--name", "Fès!", "--continent", "af")
    assert answer.status == outcomes.REFUSED
    assert answer.err == "A name has 1 to 32 letters a-z, digits and inner hyphens: Fès!\n"
    assert not (tmp_path / "x").exists()


def test_an_option_that_is_no_pair_is_refused(tmp_path: Path) -> None:
    answer = twiza(
        "init", "--home", tmp_path / "x", "--name", "fes", "--continent", "af", "--name-in", "Fès"
    )
    assert answer.status == outcomes.REFUSED
    assert answer.err.startswith("An option does not have the form that it should have: --name-in")


def test_a_directory_without_a_node_is_refused(tmp_path: Path) -> None:
    for command in ("status", "up"):
        answer = twiza(command, "--home", tmp_path)
        assert (command, answer.status) == (command, outcomes.CONFLICT)
        assert "twiza.toml is missing" in answer.err
        assert answer.out == ""


def test_the_status_of_a_node_that_does_not_run_is_told_and_is_no_success(home: Path) -> None:
    answer = twiza("status", "--home", home, "--json")
    assert answer.status == outcomes.UNAVAILABLE
    assert answer.told["running"] is False


def test_what_needs_a_running_node_says_how_to_start_it(home: Path) -> None:
    answer = twiza("federation", "list", "--home", home)
    assert answer.status == outcomes.UNAVAILABLE
    assert answer.err == f"This node does not run: start it with: twiza up --home {home}\n"


def test_a_node_that_is_no_hub_invites_nobody(home: Path) -> None:
    answer = twiza("invite", "--home", home)
    assert answer.status == outcomes.CONFLICT
    assert answer.out == ""


def test_answers_are_plain_lines_where_there_is_no_terminal(home: Path) -> None:
    lines = twiza("status", "--home", home).out.splitlines()
    assert "node\toujda" in lines
    assert "running\tno" in lines


def test_the_home_may_be_named_by_the_environment(home: Path) -> None:
    answer = twiza("status", "--json", TWIZA_HOME=str(home))
    assert answer.told["node"] == "oujda"


def test_help_lists_every_exit_status() -> None:
    text = twiza("--help").out
    assert all(f"{status}  {meaning}" in text for status, meaning in outcomes.MEANINGS.items())


def test_the_operators_page_lists_every_exit_status_and_every_command() -> None:
    page = (ROOT / "docs/operators/commands.md").read_text("utf-8")
    for status, meaning in outcomes.MEANINGS.items():
        assert f"| {status} | {meaning} |" in page
    listed = [
        line.split()[0]
        for line in twiza("--help").out.partition("Commands:")[2].partition("Exit")[0].splitlines()
        if line.startswith("  ") and line[2:3].isalpha()
    ]
    assert len(listed) > 10
    assert [one for one in listed if f"`twiza {one}" not in page] == []


def test_a_backup_without_a_passphrase_says_where_to_give_one(home: Path, tmp_path: Path) -> None:
    answer = twiza("backup", tmp_path, "--home", home, TWIZA_BACKUP_PASSPHRASE="")
    assert answer.status == outcomes.REFUSED
    assert "--passphrase-file" in answer.err


def test_a_backup_goes_out_and_comes_back(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_text("goats climb argan trees\n")
    safe, new = tmp_path / "safe", tmp_path / "new"
    made = twiza("backup", safe, "--home", home, "--passphrase-file", file, "--json")
    assert made.status == 0, made.err

    wrong = twiza(
        "restore", made.told["path"], "--home", new, TWIZA_BACKUP_PASSPHRASE="goats climb olives"
    )
    assert wrong.status == outcomes.NOT_ALLOWED
    assert not (new / "twiza.toml").exists()

    right = twiza("restore", made.told["path"], "--home", new, "--passphrase-file", file, "--json")
    assert right.told["restored"] is True
    assert json.loads((new / "restored.json").read_text())["reason"].startswith("restored from")
