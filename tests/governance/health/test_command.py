"""`twiza health`: what a secretary sees on a terminal, and what a program gets."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import AsyncClient

from services.node.home import NodeSettings, initialise
from tests.governance.conftest import STEWARD, Governance
from tests.governance.health.test_api import declares
from tests.twiza.commands import Answer, twiza
from twiza import outcomes, running
from twiza.health_words import phrases
from twiza.serving import Doors, Listener, Room
from twiza.words import LANGUAGES

TOKEN = STEWARD["Authorization"].partition(" ")[2]


class Served:
    """A home whose governance answers in this process."""

    def __init__(self, home: Path, address: str) -> None:
        self.home = home
        self.address = address

    async def ask(self, *arguments: str) -> Answer:
        """Run a command as a steward; governance goes on answering."""
        said = {"TWIZA_TOKEN": TOKEN, "LC_ALL": "C.UTF-8"}
        return await asyncio.to_thread(twiza, *arguments, "--home", self.home, **said)


@pytest.fixture
async def node(governance: Governance, tmp_path: Path) -> AsyncIterator[Served]:
    """A home that seems to run."""
    home = tmp_path / "souss"
    initialise(home, NodeSettings(name="souss", continent="af"), at=datetime.now(UTC))
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    doors, room = Doors(), Room("governance", governance.app)
    doors.expected, doors.rooms = frozenset({"governance"}), {"governance": room}
    listener = Listener(doors, host="127.0.0.1", port=port, version="test")
    await room.open()
    await listener.open()
    try:
        with running.held(home):
            address = f"http://127.0.0.1:{port}/governance"
            addresses = {"governance": address}
            about = running.Running(pid=os.getpid(), single=True, since="", addresses=addresses)
            running.announce(home, about)
            yield Served(home, address)
    finally:
        await listener.close()
        await room.close()


async def test_thirteen_signs_are_told_and_what_needs_a_look_shows_in_the_status(
    node: Served,
) -> None:
    told = await node.ask("health", "--lang", "fr")
    assert (told.status, told.err.splitlines()[0]) == (0, phrases("fr")["no-alerts"])
    assert len(told.out.splitlines()) == 14
    assert "Participation" in told.out
    async with AsyncClient(base_url=node.address, trust_env=False) as client:
        assert (await declares(client, kind="pay", highest=9, lowest=1)).status_code == 201
    again = await node.ask("health", "--lang", "ar")
    assert again.status == outcomes.ATTENTION
    assert "أعلى أجر يساوي 9 مرة" in again.out


async def test_one_sign_is_told_with_its_trend_or_as_json(node: Served) -> None:
    told = await node.ask("health", "pay-ratio", "--lang", "en")
    assert [line.partition("\t")[0] for line in told.out.splitlines()[1:]] == [
        "2022", "2023", "2024", "2025", "2026",
    ]  # fmt: skip
    as_json = json.loads((await node.ask("health", "turnout", "--json")).out)
    assert (as_json["code"], as_json["value"], len(as_json["trend"])) == ("turnout", None, 8)
    assert (await node.ask("health", "ranking")).status != 0


def test_what_the_command_says_it_says_in_five_languages() -> None:
    assert len({frozenset(phrases(language)) for language in LANGUAGES}) == 1
    assert all("{count}" in phrases(language)["alerts"] for language in LANGUAGES)
