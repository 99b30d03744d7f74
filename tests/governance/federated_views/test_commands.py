"""Decisions between networks from the command line, in five languages."""

import asyncio
import json
import os
import socket
import string
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.governance.federated.charter import LANGUAGES
from services.node.home import NodeSettings, initialise
from shared.clock import SetClock
from shared.ids import NodeName
from tests.governance.conftest import token
from tests.governance.federated_service.world import World
from tests.governance.federated_views.conftest import Node
from tests.governance.federated_views.kit import certified
from tests.twiza.commands import Answer, twiza
from twiza import running
from twiza.serving import Doors, Listener, Room
from twiza.together_words import million, phrases

Ask = Callable[..., Coroutine[Any, Any, Answer]]


@pytest.fixture
async def run(world: World, clock: SetClock, tmp_path: Path) -> AsyncIterator[Ask]:
    """Runs commands on the home of a network whose governance answers in this process."""
    home = tmp_path / "home"
    initialise(
        home, NodeSettings(name=NodeName("lima"), continent=NodeName("am")), at=datetime.now(UTC)
    )
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    node = Node(world["lima"], clock)
    doors, room = Doors(), Room("governance", node.app)
    doors.expected, doors.rooms = frozenset({"governance"}), {"governance": room}
    listener = Listener(doors, host="127.0.0.1", port=port, version="test")
    await room.open()
    await listener.open()
    bearer = token("steward", sub="p-steward", node="lima")["Authorization"].partition(" ")[2]

    async def asked(*arguments: Any) -> Answer:
        said = {"TWIZA_TOKEN": bearer, "LC_ALL": "C.UTF-8"}
        return await asyncio.to_thread(twiza, *arguments, "--home", home, **said)

    try:
        with running.held(home):
            address = f"http://127.0.0.1:{port}/governance"
            about = running.Running(
                pid=os.getpid(), single=True, since="", addresses={"governance": address}
            )
            running.announce(home, about)
            yield asked
    finally:
        await listener.close()
        await room.close()


async def test_a_coordinator_lists_shows_weighs_tries_and_carries(
    world: World, run: Ask, tmp_path: Path
) -> None:
    ballot = await certified(world)
    listed = await run("together", "--state", "certified", "--json")
    assert [one["id"] for one in listed.told] == [ballot]
    shown = await run("together", ballot[-8:], "--lang", "pt")
    assert shown.status == 0, shown.err
    assert "solidarity-fund: certificada" in shown.out
    assert "adrar: selou e calculou ela própria o resultado" in shown.out
    assert "9 sim, 2 não" in shown.out
    carried = await run("together", "seal", ballot, "souss")
    assert "BEGIN TWIZA SEAL" in carried.out
    mail = tmp_path / "mail.txt"
    mail.write_text(carried.out, "utf-8")
    taken = await run("together", "seal", "--take", mail, "--lang", "en")
    assert taken.err == f"The seal of souss counts now in {ballot}.\n"
    power = await run("together", "power")
    assert "kaolack\t12\t20.00 %" in power.out
    rule = tmp_path / "strict.json"
    rule.write_text(json.dumps({"networks": {"share": {"n": 4, "d": 5}}}), "utf-8")
    tried = await run("together", "simulate", rule, "--lang", "en")
    assert "strict: 1 of 1 would have ended otherwise." in tried.err


def test_every_sentence_is_there_in_five_languages_with_the_same_values() -> None:
    def values(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english = {name: values(text) for name, text in phrases("en").items()}
    for language in LANGUAGES:
        assert {name: values(text) for name, text in phrases(language).items()} == english


def test_a_share_is_shown_in_hundredths() -> None:
    assert million([200_000, 1_000_000]) == "20.00 %"
    assert million([333_333, 1_000_000]) == "33.33 %"
    assert million([0, 1_000_000]) == "0.00 %"
