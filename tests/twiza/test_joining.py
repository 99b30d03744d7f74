"""A network joins a hub from the command line, as two groups of people do over the telephone."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twiza.commands import twiza, up
from twiza import outcomes


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("nodes")
    hub, node = folder / "hub", folder / "node"
    founded = twiza(
        "init", "--home", hub, "--name", "africa", "--continent", "af", "--level", "continental"
    )
    assert founded.status == 0, founded.err
    founded = twiza("init", "--home", node, "--name", "souss", "--continent", "af")
    assert founded.status == 0, founded.err
    with up(hub, "--single"), up(node, "--single"):
        yield hub, node


def words(home: Path) -> str:
    name = "africa" if home.name == "hub" else "souss"
    again = twiza("init", "--home", home, "--name", name, "--continent", "af", "--json")
    return str(again.told["fingerprint"])


def steward(hub: Path, person: str) -> Path:
    issued = twiza("token", "issue", "--home", hub, "--person", person, "--role", "steward")
    assert issued.status == 0, issued.err
    file = hub.parent / f"{person}.token"
    file.write_text(issued.out)
    return file


def entities(home: Path) -> list[dict[str, Any]]:
    exported = twiza("export", "--home", home, "--all", "--format", "geojson")
    assert exported.status == 0, exported.err
    return list(exported.told["features"])


def test_a_network_is_invited_asks_and_is_admitted_by_two_stewards(
    homes: tuple[Path, Path], tmp_path: Path
) -> None:
    hub, node = homes
    invitation = tmp_path / "hub.json"
    assert twiza("invite", "--home", hub, "--out", invitation).status == 0

    unseen = twiza("join", invitation, "--home", node)
    assert unseen.status == outcomes.CONFLICT
    wrong = twiza("join", invitation, "--home", node, "--fingerprint", words(node))
    assert wrong.status == outcomes.CONFLICT
    right = ("--fingerprint", words(hub).replace("-", " "), "--wait", "0")
    asked = twiza("join", invitation, "--home", node, *right)
    assert asked.status == outcomes.ATTENTION, asked.err
    assert words(node) in asked.err

    amina, badr = steward(hub, "amina"), steward(hub, "badr")
    nobody = twiza("admit", "souss", "--home", hub, "--fingerprint", words(node))
    assert nobody.status == outcomes.NOT_ALLOWED
    uncompared = twiza("admit", "souss", "--home", hub, "--as-steward", amina)
    assert uncompared.status == outcomes.CONFLICT
    told = ("--fingerprint", words(node))
    for _ in range(2):
        first = twiza("admit", "souss", "--home", hub, *told, "--as-steward", amina)
        assert first.out == "Your word is noted: 1 of 2.\n"
    second = twiza("admit", "souss", "--home", hub, *told, "--as-steward", badr, "--json")
    assert (second.status, second.told["state"]) == (0, "done")

    joined = twiza("join", invitation, "--home", node, *right)
    assert joined.out == "souss is joined to africa.\n"


def test_what_one_imports_the_other_sees(homes: tuple[Path, Path], tmp_path: Path) -> None:
    hub, node = homes
    file = tmp_path / "list.csv"
    file.write_text("ID,Name,Practices\n1,Tafsut n Wargan,gift\n2,,gift\n", "utf-8")
    done = twiza("import", file, "--home", node, "--language", "fr", "--json")
    assert done.status == outcomes.ATTENTION, done.err
    assert [(one["line"], one["column"], one["reason"]) for one in done.told["issues"]] == [
        (3, "Name", "no-name")
    ]
    again = twiza("import", file, "--home", node, "--json")
    assert again.told["report"]["unchanged"] == 1

    deadline = time.monotonic() + 30
    while not (seen := entities(hub)):
        assert time.monotonic() < deadline, "what was imported does not arrive"
    assert [(one["properties"]["name"], one["properties"]["origin"]) for one in seen] == [
        ("Tafsut n Wargan", "souss")
    ]
    lag = twiza("federation", "lag", "--home", hub, "--json")
    assert ("directory", "souss") in {(one["service"], one["node"]) for one in lag.told["logs"]}


def test_an_expelled_network_is_cut_off_and_everybody_reads_why(
    homes: tuple[Path, Path],
) -> None:
    hub, _ = homes
    files = [hub.parent / f"{person}.token" for person in ("amina", "badr")]
    wanted = ("expel", "souss", "--home", hub, "--cause", "They asked to leave.")
    first, second = (twiza(*wanted, "--as-steward", file) for file in files)
    assert first.out == "Your word is noted: 1 of 2.\n"
    assert second.out == "souss is cut off.\n"
    (souss,) = (
        one
        for one in twiza("federation", "list", "--home", hub, "--json").told
        if one["node"] == "souss"
    )
    assert (souss["standing"], souss["cause"]) == ("cut", "They asked to leave.")


def test_a_revoked_token_opens_nothing(homes: tuple[Path, Path]) -> None:
    hub, _ = homes
    token = (hub.parent / "amina.token").read_text().strip()
    (listed,) = (
        one
        for one in twiza("token", "list", "--home", hub, "--json").told
        if one["bearer"] == "amina"
    )
    assert token not in twiza("token", "list", "--home", hub).out
    assert twiza("epoch", "--home", hub, "--json").status == 0
    assert twiza("token", "list", "--home", hub, "--token", token).status == 0
    assert twiza("token", "revoke", listed["id"], "--home", hub).status == 0
    refused = twiza("token", "list", "--home", hub, "--token", token)
    assert refused.status == outcomes.NOT_ALLOWED
    assert "twiza token issue" in refused.err
