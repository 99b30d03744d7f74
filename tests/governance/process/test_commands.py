"""Decisions from the command line, in five languages."""

import asyncio
import os
import socket
import string
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from services.governance.counting.report import Outcome
from services.governance.process.phases import Phase
from services.governance.process.state import FollowUp, ObjectionState
from services.governance.templates import LANGUAGES
from services.node.home import NodeSettings, initialise
from tests.governance.conftest import STEWARD, Governance
from tests.governance.process.conftest import PROPOSER, VOTERS
from tests.governance.process.test_api import OTHER, WORDS, noticed, ok, proposal
from tests.twiza.commands import Answer, twiza
from twiza import outcomes, running
from twiza.commands.decisions import PhaseIn
from twiza.decision_words import lines, phrases
from twiza.serving import Doors, Listener, Room

Ask = Callable[..., Coroutine[Any, Any, Answer]]


@pytest.fixture
async def ask(governance: Governance, tmp_path: Path) -> AsyncIterator[Ask]:
    """Runs commands on a home whose governance answers in this process."""
    home = tmp_path / "home"
    initialise(home, NodeSettings(name="souss", continent="af"), at=datetime.now(UTC))
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    doors, room = Doors(), Room("governance", governance.app)
    doors.expected, doors.rooms = frozenset({"governance"}), {"governance": room}
    listener = Listener(doors, host="127.0.0.1", port=port, version="test")
    await room.open()
    await listener.open()

    async def run(*arguments: str, who: dict[str, str] = STEWARD) -> Answer:
        said = {"TWIZA_TOKEN": who["Authorization"].partition(" ")[2], "LC_ALL": "C.UTF-8"}
        return await asyncio.to_thread(twiza, *arguments, "--home", home, **said)

    try:
        with running.held(home):
            address = f"http://127.0.0.1:{port}/governance"
            about = running.Running(
                pid=os.getpid(), single=True, since="", addresses={"governance": address}
            )
            running.announce(home, about)
            yield run
    finally:
        await listener.close()
        await room.close()


async def test_decisions_are_listed_and_one_is_shown_with_what_it_needs(
    network: AsyncClient, ask: Ask
) -> None:
    none = await ask("decisions", "--phase", "voting", "--lang", "fr")
    assert none.err == "Aucune décision.\n"
    announced = await noticed(network)
    decision = await proposal(network, title="Un puits")
    objection = {"ground": "law", "language": "fr", "harm": "L'eau est à tous."}
    ok(await network.post(f"decisions/{decision}/objections", json=objection, headers=OTHER))

    listed = await ask("decisions", "--lang", "es")
    header, *rows = listed.out.splitlines()
    assert header == "id\ttitle\tkind\tphase\tuntil"
    assert rows[0].startswith(f"{decision}\tUn four\tSí o no\tpropuesta")
    assert rows[1] == f"{announced}\tUn four\tSí o no\tanunciada\t2026-12-06 09:00 UTC"
    one = await ask("decision", announced, "--lang", "fr")
    assert "Règle : Oui ou non ; son empreinte est" in one.out
    mine = await ask("decisions", "--mine", "--json")
    assert [(one["id"], [need["what"] for need in one["needs"]]) for one in mine.told] == [
        (decision, ["judge"])
    ]

    shown = await ask("decision", decision[-8:], "--lang", "fr")
    assert shown.status == 0, shown.err
    assert shown.out.startswith("Oui ou non : proposition.\nUn four\n")
    assert f"Proposée par {PROPOSER}." in shown.out
    assert "  1. attend un jugement : L'eau est à tous." in shown.out
    assert (
        "  responsables du réseau et de l'animation : juger une objection, jusqu'au " in shown.out
    )
    history = await ask("decision", decision, "--history")
    assert [line.split("\t")[2] for line in history.out.splitlines()] == [
        "begun", "supported", "supported", "version-written", "objection-raised",
    ]  # fmt: skip
    unknown = await ask("decision", "0123abcd")
    assert unknown.status == outcomes.NOT_FOUND


def placed(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_is_there_in_every_language_with_the_same_places() -> None:
    english = phrases("en")
    for lang in LANGUAGES:
        assert list(phrases(lang)) == list(english)
        for name, text in phrases(lang).items():
            assert text
            assert placed(text) == placed(english[name]), (lang, name)


def test_every_word_of_a_decision_has_words() -> None:
    needed = {f"phase-{one}" for one in Phase} | {f"outcome-{one}" for one in Outcome}
    needed |= {f"follow-{one}" for one in FollowUp} | {f"objection-{one}" for one in ObjectionState}
    assert needed <= set(phrases("en"))
    assert {one.value for one in PhaseIn} == set(Phase)


async def test_a_whole_decision_is_told_in_lines_of_every_language(
    network: AsyncClient,
) -> None:
    decision = await proposal(network, template="committee")
    at = f"decisions/{decision}"
    for number, name in enumerate(("chama", "badr")):
        said = {
            "sort": "candidate",
            "words": {"fr": {"title": name}},
            "person": VOTERS[2 + number],
        }
        ok(await network.put(f"{at}/options/{name}", json=said, headers=OTHER))
    question = {"language": "fr", "text": "Qui ?"}
    ok(await network.post(f"{at}/questions", json=question, headers=OTHER))
    found = ok(await network.get(at, headers=OTHER))
    told = found | {
        "count": {"outcome": "chosen", "cast": 4, "roll": 6, "blank": 1, "winners": ["badr"]},
        "outcome": {"owner": "p-x", "deadline": "2026-12-31T09:00:00.000Z", "state": "late"},
        "withdrawn": "Non.", "follows": "0" * 36, "lacking": ["ar"],
    }  # fmt: skip
    pages = {lang: "\n".join(lines(told, lang)) for lang in LANGUAGES}
    assert len(set(pages.values())) == len(LANGUAGES)
    assert "Chosen: 4 of 6 voted, 1 blank.\nChosen: badr." in pages["en"]
    assert "badr: badr (has not said yet whether they stand)" in pages["en"]
    assert all("2026-12-31 09:00 UTC" in page for page in pages.values())
    assert WORDS["title"] in pages["ar"]
