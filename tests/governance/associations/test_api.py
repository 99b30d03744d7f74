"""Associations over HTTP and from the command line: who may do what, and what is said."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response

from services.governance.association_access import ASSOCIATION_ROWS
from services.governance.federated.association_templates import ARTICLES, USUAL, charter_text
from services.governance.federated.charter import LANGUAGES, VALUES, Matter
from services.governance.federated.membership import MembershipState
from services.node.home import NodeSettings, initialise
from shared.access import Role
from shared.contracts.membership import MembershipDecided
from tests.governance.associations.assembled import decided, draft
from tests.governance.conftest import STEWARD, Governance, member, token
from tests.twiza.commands import Answer, twiza
from twiza import running
from twiza.association_words import phrases
from twiza.serving import Doors, Listener, Room

Ask = Callable[..., Coroutine[Any, Any, Answer]]
MEMBER = member("p-amina")
COORDINATOR = token("coordinator", sub="p-coordinator")
HEX = "ab" * 32


def ok(answer: Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def body(**more: Any) -> dict[str, Any]:
    said = draft(founders=["souss", "lima"])
    said["competence"] = {matter: str(level) for matter, level in USUAL.competence.items()}
    said["texts"] = {"fr": "Nous décidons ensemble.\n"}
    return said | more


async def founded(client: AsyncClient) -> dict[str, Any]:
    made: dict[str, Any] = ok(
        await client.post("associations", json=body(), headers=STEWARD), status=201
    )
    return made


async def test_a_charter_is_drafted_in_five_languages_with_its_values(client: AsyncClient) -> None:
    found = ok(await client.get("charter-draft", params={"name": "Afrique"}))
    assert sorted(found["texts"]) == list(LANGUAGES)
    assert set(found["rules"]) == {matter.value for matter in Matter}
    for language in LANGUAGES:
        text = charter_text(language, "Afrique")
        assert text == found["texts"][language]
        assert text.startswith("Afrique\n")
        assert text.count("\n- ") == len(VALUES)
        assert f"\n{len(ARTICLES)}. " in text
    assert charter_text("wo", "Afrique") == charter_text("en", "Afrique")


async def test_stewards_act_and_others_read(client: AsyncClient) -> None:
    for who in (MEMBER, COORDINATOR):
        answer = await client.post("associations", json=body(), headers=who)
        assert answer.status_code == 403
    made = await founded(client)
    path = f"associations/{made['association']}"
    for who in (MEMBER, COORDINATOR, STEWARD):
        (item,) = ok(await client.get("associations", headers=who))["items"]
        assert (item["id"], item["state"]) == (made["association"], "none")
        assert ok(await client.get(f"{path}/charter", headers=who))["texts"] == body()["texts"]
    assert (await client.get("associations")).status_code == 401
    writes = {name for name, row in ASSOCIATION_ROWS.items() if not row.reads}
    assert all(set(ASSOCIATION_ROWS[name].roles) == {Role.STEWARD} for name in writes)


async def test_a_network_signs_asks_and_leaves_on_the_ground_of_its_own_decisions(
    client: AsyncClient, governance: Governance
) -> None:
    made = await founded(client)
    path = f"associations/{made['association']}"
    signing = {"number": 1, "charter_hash": made["charter_hash"], "decision": "0" * 36}
    answer = await client.post(f"{path}/adoptions", json=signing, headers=STEWARD)
    assert answer.json()["type"] == "/problems/no-local-decision"
    signing["decision"] = await governance.store.write(decided)
    key = STEWARD | {"Idempotency-Key": "sign"}
    first = ok(await client.post(f"{path}/adoptions", json=signing, headers=key))
    again = ok(await client.post(f"{path}/adoptions", json=signing, headers=key))
    assert first == again
    assert first["signed"]
    assert not ok(await client.post(f"{path}/adoptions", json=signing, headers=STEWARD))["signed"]
    whole = ok(await client.get(path, headers=MEMBER))
    assert (whole["voters"], whole["signed"], whole["state"]) == (
        ["souss"],
        {"souss": [1]},
        "member",
    )
    paper = {
        "network": "gandiol",
        "names": {"fr": "Gandiol"},
        "paper_hash": HEX,
        "decision": signing["decision"],
    }
    ok(await client.post(f"{path}/papers", json=paper, headers=STEWARD))
    ok(await client.post(f"{path}/sponsorships/gandiol", headers=STEWARD), status=204)
    members = ok(await client.get(f"{path}/members", headers=MEMBER))["items"]
    shown = {one["network"]: (one["state"], one["software"], one["sponsors"]) for one in members}
    assert shown == {"gandiol": ("applicant", False, ["souss"]), "souss": ("member", True, [])}
    asked = {"matter": "admission", "ground": "We know it.", "network": "gandiol"}
    answer = await client.post(f"{path}/ballot-rolls", json=asked, headers=STEWARD)
    assert answer.json()["type"] == "/problems/sponsors-lacking"
    leaving = {"decision": signing["decision"]}
    ok(await client.post(f"{path}/departures", json=leaving, headers=STEWARD), status=204)
    assert ok(await client.get(path, headers=MEMBER))["state"] == "withdrawn"


async def test_what_is_wrong_meets_a_named_refusal(client: AsyncClient) -> None:
    wrong = {
        "charter-text-lacking": body(texts={"fr": " "}),
        "bad-charter": body(founders=["lima"]),
    }
    for slug, said in wrong.items():
        answer = await client.post("associations", json=said, headers=STEWARD)
        assert answer.json()["type"] == f"/problems/{slug}", answer.text
    nowhere = "associations/souss:01990000-0000-7000-8000-0000000000aa"
    assert (await client.get(nowhere, headers=MEMBER)).status_code == 404
    made = await founded(client)
    path = f"associations/{made['association']}"
    would_be = ok(await client.post(f"{path}/charter", json=body(), headers=STEWARD))
    assert (would_be["number"], would_be["published"]) == (2, False)
    changed = body(ballot="souss:01990000-0000-7000-8000-0000000000bb")
    answer = await client.post(f"{path}/charter", json=changed, headers=STEWARD)
    assert answer.json()["type"] == "/problems/version-not-decided"
    ballot = "association-ballots/souss:01990000-0000-7000-8000-0000000000bb"
    said = {"language": "fr", "text": "Non."}
    for what in ("reply", "appeal"):
        answer = await client.post(f"{ballot}/{what}", json=said, headers=STEWARD)
        assert answer.status_code == 404


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

    async def run(*arguments: str | Path) -> Answer:
        said = {"TWIZA_TOKEN": STEWARD["Authorization"].partition(" ")[2], "LC_ALL": "C.UTF-8"}
        whole = ("association", *arguments, "--home", home, "--lang", "fr")
        return await asyncio.to_thread(twiza, *whole, **said)

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


async def test_an_association_is_founded_from_the_command_line(
    ask: Ask, governance: Governance, tmp_path: Path
) -> None:
    file = tmp_path / "charter.json"
    drafted = await ask("draft", "--out", file, "--name", "Afrique", "--founder", "lima")
    assert drafted.err.startswith("Le projet est dans "), drafted.err
    read = json.loads(file.read_text("utf-8"))
    assert read["founders"] == ["lima", "souss"]
    made = await ask("found", file)
    assert made.out.startswith("La charte est publiée."), made.err
    association = made.out.splitlines()[0].rpartition(" ")[2]
    decision = await governance.store.write(decided)
    signed = await ask("sign", association[-8:], "--decision", decision)
    assert signed.err == "Signé.\n"
    shown = await ask("show", association)
    assert "Ce réseau : membre." in shown.out
    assert "Appelés à voter : souss." in shown.out


def test_every_word_is_there_in_five_languages() -> None:
    keys = set(phrases("en"))
    for language in LANGUAGES:
        assert set(phrases(language)) == keys
    assert {f"state-{one.value}" for one in MembershipState} <= keys
    said = MembershipDecided.model_json_schema()["properties"]["what"]["enum"]
    assert {f"what-{one}" for one in said} <= keys
