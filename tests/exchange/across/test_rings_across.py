"""Rings across three networks and their hub: real processes, some of which are killed meanwhile."""

import json
import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.faults.federation import RealFederation, RealNode, together, until
from tests.faults.looking import pages, query

SERVICES = ("node", "directory", "exchange")
NETWORKS = ("fr", "es", "pt")
THINGS = {"fr": "olive-oil", "es": "raw-honey", "pt": "carpets"}
WANTED = {"fr": "raw-honey", "es": "carpets", "pt": "olive-oil"}
TRIANGLES = 4
QUICK = {"TWIZA_EXCHANGE_RING_LOOK_S": "0.5", "TWIZA_EXCHANGE_RING_ASK_FIRST_S": "1"}
"""Rings are looked after sooner than in a real network, where nobody waits for seconds."""
FINAL = {"settled", "broken", "withdrawn"}
WAIT_S = 120.0

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFederation]:
    """A hub and three networks, each with an exchange, joined and up."""
    federation = RealFederation(tmp_path_factory.mktemp("rings"))
    try:
        together(
            lambda: federation.add("eu", level="continental", services=SERVICES),
            *(lambda name=name: federation.add(name, services=SERVICES) for name in NETWORKS),
        )
        for node in federation.all:
            node.start(**QUICK)
        for node in federation.all:
            node.ready()
        together(*(lambda name=name: federation.join(name, "eu") for name in NETWORKS))
        until(lambda: all(map(serves, federation.all)), what="all serve", timeout_s=60)
        yield federation
    finally:
        federation.close()


def serves(node: RealNode) -> bool:
    """Return whether a node's services answer; they begin anew when it has joined."""
    with suppress(httpx.HTTPError):
        return all(node.ask("GET", one, "/readyz").status_code == 200 for one in SERVICES)
    return False


def asked(node: RealNode, method: str, path: str, **more: Any) -> Any:
    """Return what an exchange answers; none while it cannot."""
    with suppress(httpx.HTTPError):
        answer = node.ask(method, "exchange", path, **more)
        if answer.status_code < 500:
            return answer.json()
    return None


def post(node: RealNode, side: str, owner: str, category: str, **fields: Any) -> str:
    """Post an item for the federation's rounds, as soon as its owner is known there."""
    given = {
        "side": side, "owner": owner, "title": {"en": f"{side} of {category}"},
        "category": category, "visibility": "federation", "rings": "federation", **fields,
    }  # fmt: skip
    found: list[str] = []

    def posted() -> bool:
        answer = asked(node, "POST", "/items", json=given)
        found.extend([answer["id"]] if answer and "id" in answer else [])
        return bool(found)

    until(posted, what=f"{node.name} posts", timeout_s=30)
    return found[0]


def triangles(federation: RealFederation) -> None:
    """Post what makes so many rings across the three networks."""
    for number in range(TRIANGLES):
        for name in NETWORKS:
            node = federation[name]
            (owner,) = node.write(f"{name} {number}")
            post(node, "offer", owner, THINGS[name])
            post(node, "want", owner, WANTED[name])


def rings(node: RealNode) -> dict[str, dict[str, Any]]:
    """Return the rings in which a node has parties, by id."""
    found = asked(node, "GET", "/rings?size=100") or {"items": []}
    return {one["id"]: one for one in found["items"]}


def parties(node: RealNode) -> dict[tuple[str, str], str]:
    """Return the state of each ring, by ring and own party."""
    found = asked(node, "GET", "/rings?size=100") or {"items": []}
    return {(one["id"], one["party"]): one["state"] for one in found["items"]}


def proposed(federation: RealFederation) -> None:
    """Hold the hub's round, and wait until the parties of every network are asked."""
    hub = federation["eu"]

    def known() -> bool:
        found = query(hub, "exchange", "SELECT count(*) FROM item WHERE state = 'published'")
        return found[0][0] == 2 * TRIANGLES * len(NETWORKS)

    until(known, what="the hub knows all offers and wants", timeout_s=WAIT_S)
    began = asked(hub, "POST", "/rounds", json={"level": "continent"})
    path = f"/rounds/{began['id']}"

    def done() -> bool:
        found = asked(hub, "GET", path) or {}
        assert found.get("state") != "failed", found
        return found.get("state") == "done"

    until(done, what="the round is held", timeout_s=WAIT_S)
    held = asked(hub, "GET", path)
    assert held["proposed"] == TRIANGLES, held
    for name in NETWORKS:
        until(
            lambda node=federation[name]: len(rings(node)) == TRIANGLES,
            what=f"{name} is asked", timeout_s=WAIT_S,
        )  # fmt: skip


def answer_all(federation: RealFederation, dice: random.Random) -> str:
    """Answer for every party, one of them with no, while processes die; return the ring refused."""
    todo = [
        (name, ring_id, party)
        for name in NETWORKS
        for ring_id, party in sorted(parties(federation[name]))
    ]
    refused = dice.choice(todo)
    dice.shuffle(todo)
    blows = {len(todo) // 4: _kill_node, len(todo) // 2: _cut, 3 * len(todo) // 4: _kill_server}
    for number, (name, ring_id, party) in enumerate(todo):
        if number in blows:
            blows[number](federation)
        says_no = (name, ring_id, party) == refused
        word, body = ("decline", {"why": "distance"}) if says_no else ("accept", {})
        until(
            lambda name=name, ring_id=ring_id, party=party, word=word, body=body: asked(
                federation[name], "POST", f"/rings/{ring_id}/{word}", json={"party": party, **body}
            )
            is not None,
            what=f"{name} answers", timeout_s=60,
        )  # fmt: skip
    federation.links["es"].heal()
    return refused[1]


def _kill_node(federation: RealFederation) -> None:
    federation["fr"].kill()
    federation["fr"].start(**QUICK)
    federation["fr"].ready()


def _cut(federation: RealFederation) -> None:
    federation.links["es"].cut()


def _kill_server(federation: RealFederation) -> None:
    pid = federation["eu"].server_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def deliver(federation: RealFederation, ring_id: str) -> None:
    """Have every party report what it has given and received."""
    for name in NETWORKS:
        node = federation[name]
        for own_ring, party in sorted(parties(node)):
            if own_ring != ring_id:
                continue
            ring = asked(node, "GET", f"/rings/{ring_id}")
            for number, leg in enumerate(ring["legs"]):
                path = f"/rings/{ring_id}/legs/{number}/reports"
                for side, what in (("giver", "handed-over"), ("receiver", "received")):
                    if leg[side] == party:
                        asked(node, "POST", path, json={"party": party, "what": what})


def histories(federation: RealFederation, ring_id: str) -> set[str]:
    """Return the histories of a ring at its decider and at every party's node."""
    found = {
        query(federation["eu"], "exchange", "SELECT entries FROM ring WHERE id = ?", ring_id)[0][0]
    }
    for name in NETWORKS:
        rows = query(
            federation[name], "exchange", "SELECT entries FROM ring_copy WHERE id = ?", ring_id
        )
        found |= {entries for (entries,) in rows}
    return {json.dumps(json.loads(one), sort_keys=True) for one in found}


def test_every_ring_is_settled_or_dissolved_and_all_tell_the_same(
    federation: RealFederation,
) -> None:
    seed = int(os.environ.get("TWIZA_FAULTS_SEED", "7"))
    triangles(federation)
    proposed(federation)
    first = set(rings(federation["fr"]))
    refused = answer_all(federation, random.Random(seed))

    def agreed() -> bool:
        states = {
            (name, ring_id): state
            for name in NETWORKS
            for (ring_id, _), state in parties(federation[name]).items()
            if ring_id in first
        }
        return len(states) == len(first) * len(NETWORKS) and all(
            state == ("withdrawn" if ring_id == refused else "confirmed")
            for (_, ring_id), state in states.items()
        )

    until(agreed, what="all rings are decided everywhere", timeout_s=WAIT_S)
    for ring_id in sorted(first - {refused}):
        deliver(federation, ring_id)

    def ended() -> bool:
        return all(
            state in FINAL
            for name in NETWORKS
            for (ring_id, _), state in parties(federation[name]).items()
            if ring_id in first
        )

    until(ended, what="all rings have ended", timeout_s=WAIT_S)
    for ring_id in sorted(first):
        until(
            lambda ring_id=ring_id: len(histories(federation, ring_id)) == 1,
            what="all tell the same", timeout_s=WAIT_S,
        )  # fmt: skip
    for name in NETWORKS:
        states = {ring_id: state for (ring_id, _), state in parties(federation[name]).items()}
        assert {states[one] for one in first - {refused}} == {"settled"}
        slots = query(federation[name], "exchange", "SELECT ring FROM ring_slot")
        assert not {ring_id for (ring_id,) in slots} & first
        gone = query(
            federation[name], "exchange",
            "SELECT count(*) FROM item WHERE origin = ? AND state = 'fulfilled'", name,
        )  # fmt: skip
        assert gone[0][0] == 2 * (TRIANGLES - 1)


def test_others_see_no_more_than_that_there_was_a_round(federation: RealFederation) -> None:
    hub = federation["eu"]
    answer = httpx.get(
        f"http://127.0.0.1:{_port(hub)}/exchange/rounds", trust_env=False, timeout=10
    )
    assert answer.status_code == 200
    told = answer.text.encode() + b"".join(page.data for page in pages(hub, "exchange"))
    assert b"exchange.round.reported" in told
    assert b"org.twiza.letter" in told
    for name in NETWORKS:
        owners = "SELECT DISTINCT owner FROM item WHERE owner <> ''"
        known = [owner for (owner,) in query(federation[name], "exchange", owners)]
        assert len(known) >= TRIANGLES
        assert not [owner for owner in known if owner.encode() in told]


def _port(node: RealNode) -> int:
    from twiza import wiring

    return wiring.port_of(node.home.settings(), "exchange", single=True)
