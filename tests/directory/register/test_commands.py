"""`twiza register` as stewards use it, against a directory that answers."""

import asyncio
import os
import socket
import string
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.directory import handlers
from services.directory.api_register_models import EndingReason, LeavingReason
from services.node.home import NodeSettings, initialise
from shared.contracts.register import MandateEnded, MemberLeft
from tests.directory.conftest import STEWARD, Directory, entity_id, entry, token
from tests.twiza.commands import Answer, twiza
from twiza import outcomes, running
from twiza.register_words import known, phrases
from twiza.serving import Doors, Listener, Room
from twiza.words import LANGUAGES

ARGAN = entity_id(1)


class Node:
    """A home that seems to run, with a directory of two cooperatives."""

    def __init__(self, home: Path) -> None:
        self.home = home

    async def ask(self, *arguments: str, **environment: str) -> Answer:
        """Run `twiza register` as a steward and return its answer."""
        said = {"TWIZA_TOKEN": STEWARD["Authorization"][7:], "LC_ALL": "C.UTF-8", **environment}
        return await asyncio.to_thread(twiza, "register", *arguments, "--home", self.home, **said)


@pytest.fixture
async def node(directory: Directory, tmp_path: Path) -> AsyncIterator[Node]:
    home = tmp_path / "souss"
    initialise(home, NodeSettings(name="souss", continent="af"), at=datetime.now(UTC))
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    doors, room = Doors(), Room("directory", directory.app)
    doors.expected, doors.rooms = frozenset({"directory"}), {"directory": room}
    listener = Listener(doors, host="127.0.0.1", port=port, version="test")
    await room.open()
    await listener.open()
    try:
        await directory.store.write(handlers.list_entities, [entry(1), entry(2)])
        with running.held(home):
            about = running.Running(
                pid=os.getpid(), single=True, since="",
                addresses={"directory": f"http://127.0.0.1:{port}/directory"},
            )  # fmt: skip
            running.announce(home, about)
            yield Node(home)
    finally:
        await listener.close()
        await room.close()


async def test_members_are_admitted_given_mandates_and_leave(node: Node) -> None:
    made = await node.ask(
        "admit", "--name", "Amina A.", "--number", "A-1", "--group", "worker", "--json"
    )
    who = made.told["member"]
    assert made.told["groups"] == ["worker"]
    changed = await node.ask("admit", "A-1", "--observer", "--lang", "fr")
    assert changed.out == f"{who} : observateur depuis le 2026-11-21. Groupes : aucun.\n"
    given = await node.ask(
        "mandate", "amina", ARGAN[6:], "--from", "2026-01-01", "--until", "2028-01-01"
    )
    assert given.out.startswith(f"{who} may act for {ARGAN} from 2026-01-01 until 2028-01-01.")
    mandate = given.out.split()[-1].rstrip(".")

    listed, mandates = await asyncio.gather(node.ask("list"), node.ask("list", "--mandates"))
    assert listed.out == (
        "member\tnumber\tname\tstanding\tgroups\tsince\n"
        f"{who}\tA-1\tAmina A.\tobserver\t\t2026-11-21\n"
    )
    assert f"{mandate}\tAmina A.\tCoopérative 1\t2026-01-01\t2028-01-01\t1\tyes" in mandates.out

    ended = await node.ask("end", mandate[-8:], "--reason", "resigned", "--lang", "es")
    assert ended.out == f"El mandato de {who} por {ARGAN} ha terminado: renuncia.\n"
    left = await node.ask("leave", who[-8:], "--excluded")
    assert left.out == f"The membership of {who} has ended: excluded.\n"
    gone = await node.ask("leave", who, "--forget", "--lang", "pt")
    assert "saiu do registo" in gone.out


async def test_a_number_is_known_to_stewards_only_and_an_entity_by_its_name(node: Node) -> None:
    await node.ask("admit", "--name", "Amina A.", "--number", "A-1")
    auditor = token("auditor")["Authorization"][7:]
    nobody = await node.ask("mandate", "A-1", ARGAN, TWIZA_TOKEN=auditor)
    assert nobody.status == outcomes.NOT_FOUND
    assert "stewards only" in nobody.err
    wrong = await node.ask("mandate", "A-2", ARGAN)
    assert "stewards" not in wrong.err
    given = await node.ask("mandate", "A-1", "coopérative 1")
    assert f"may act for {ARGAN} " in given.out


async def test_a_list_longer_than_a_request_is_taken_in_parts(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    rows = [f"A-{number};Name {number};oui" for number in range(1_003)]
    rows[1_001] = "A-1001;Name;peut-être"
    file.write_text("Numéro;Nom;Travailleuse\n" + "\n".join(rows) + "\n", "utf-8")
    tried = await node.ask("import", str(file), "--preview", "--lang", "fr")
    assert "Personnes inscrites : 1002." in tried.out
    assert "rien n'a été gardé" in tried.err
    taken = await node.ask("import", str(file), "--json")
    assert taken.status == outcomes.ATTENTION
    assert (taken.told["rows"], taken.told["entered"]) == (1_003, 1_002)
    assert [(one["line"], one["reason"]) for one in taken.told["issues"]] == [
        (1_003, "unknown-word")
    ]
    again = await node.ask("import", str(file), "--lang", "en")
    assert "Unchanged: 1002." in again.out
    assert "Line 1003 (worker): this word is not known here. peut-être" in again.out


async def test_what_is_no_list_is_refused(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_bytes(b"\xff\xfename\n")
    answer = await node.ask("import", str(file))
    assert answer.status == outcomes.REFUSED
    assert "UTF-8" in answer.err


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_is_there_in_every_language_with_the_same_values(lang: str) -> None:
    assert phrases(lang).keys() == phrases("en").keys()
    for name, sentence in phrases("en").items():
        assert places(phrases(lang)[name]) == places(sentence)
        assert phrases(lang)[name].strip()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_has_words(lang: str) -> None:
    reasons = {
        *EndingReason.__args__,  # type: ignore[attr-defined]  # a Literal has them
        *LeavingReason.__args__,  # type: ignore[attr-defined]  # a Literal has them
        *MandateEnded.model_fields["reason"].annotation.__args__,  # type: ignore[union-attr]
        *MemberLeft.model_fields["reason"].annotation.__args__,  # type: ignore[union-attr]
    }
    assert all(f"reason-{one}" in phrases(lang) for one in reasons)
    assert known("reason-of-tomorrow", lang) == "of-tomorrow"
