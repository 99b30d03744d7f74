"""Deciding in the example networks, by the API that everybody uses: members, proposals, ballots."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from shared.keys import write_secret
from twiza.asking import Asking, Told
from twiza.demo.nodes import TOKEN_DAYS, DemoNode

LOOK_S: Final = 0.3
HEARD_TIMEOUT_S: Final = 90.0
"""How long governance may take to hear of the register, and to open a ballot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Who asks a node: a steward, the machine's operator, and members as they are needed."""

    node: DemoNode
    steward: Asking
    operator: Asking
    stack: ExitStack
    members: dict[str, Asking]

    def member(self, person: str) -> Asking:
        """Return what a member of the network asks with."""
        if person not in self.members:
            wanted = {
                "bearer": person, "roles": ["member"], "days": TOKEN_DAYS, "label": "example",
            }  # fmt: skip
            token = str(self.operator.post("node", "/tokens", wanted)["token"])
            asking = self.stack.enter_context(Asking(self.node.home, token=token))
            self.members[person] = asking
        return self.members[person]


def decide(node: DemoNode, folder: Path) -> int:
    """Enter a network's members and begin its decisions, unless that was done; return how many.

    Args:
        node: it runs.
        folder: where it is written down what was begun.

    Raises:
        Refusal: something of it was refused.
    """
    path = node.network.decisions
    if path is None or "governance" not in node.home.settings().services:
        return 0
    data = path.read_bytes()
    noted, digest = folder / f"{node.name}-decisions", hashlib.sha256(data).hexdigest()
    if noted.exists() and noted.read_text("ascii") == digest:
        return 0
    told = json.loads(data)
    with ExitStack() as stack:
        room = Room(
            node=node,
            steward=stack.enter_context(Asking(node.home, token=node.steward(0))),
            operator=stack.enter_context(Asking(node.home)),
            stack=stack,
            members={},
        )
        if "governance" not in room.steward.addresses:
            return 0
        _admit(room, told["members"])
        begun = [(one, _begun(room, one)) for one in told["decisions"]]
        for one, decision_id in begun:
            _vote(room, decision_id, one.get("ballots", []))
    write_secret(noted, digest.encode("ascii"))
    return len(begun)


def _admit(room: Room, members: list[dict[str, Any]]) -> None:
    known = {one["id"] for one in room.steward.all("directory", "/persons")}
    for one in members:
        if one["id"] in known:
            continue
        given = {name: one[name] for name in ("id", "number", "worker") if name in one}
        room.steward.post("directory", "/persons", given)
        room.steward.post(
            "directory", "/members", {"member": one["id"], "groups": one.get("groups", [])}
        )
    for _ in _waiting(f"{room.node.name} hears of its register"):
        if room.steward.get("governance", "/electorate")["votes"] == len(members):
            return


def _begun(room: Room, one: Mapping[str, Any]) -> str:
    """Begin a decision as an idea, word it in its languages, and announce it if it has a rule."""
    proposer, texts = room.member(one["by"]), dict(one["texts"])
    language = next(iter(texts))
    idea = {"template": one["template"], "language": language, "idea": True} | texts[language]
    decision_id = str(proposer.post("governance", "/decisions", idea)["id"])
    path = f"/decisions/{decision_id}"
    for person in one["supported_by"]:
        _put(room.member(person), f"{path}/support", {})
    proposer.post("governance", f"{path}/versions", {"language": language, "texts": texts})
    for code, option in one.get("options", {}).items():
        _put(proposer, f"{path}/options/{code}", option)
    for text in room.steward.get("governance", path)["languages"]:
        if not text["authoritative"]:
            confirmed = f"{path}/versions/1/texts/{text['language']}/confirmation"
            _put(room.member(one["confirmed_by"]), confirmed, {"hash": text["hash"]})
    for what in ("questions", "objections"):
        for said in one.get(what, []):
            body = {name: value for name, value in said.items() if name != "by"}
            room.member(said["by"]).post("governance", f"{path}/{what}", body)
    if "rule" in one:
        _announce(room, path, one)
    return decision_id


def _announce(room: Room, path: str, one: Mapping[str, Any]) -> None:
    opens_at = datetime.now(UTC) + timedelta(seconds=one["opens_in_s"])
    closes_at = opens_at + timedelta(seconds=one["open_for_s"])
    times = {"opens_at": opens_at.isoformat(), "closes_at": closes_at.isoformat()}
    room.steward.post("governance", f"{path}/notice", {"rule": one["rule"], **times})


def _vote(room: Room, decision_id: str, ballots: list[dict[str, Any]]) -> None:
    if not ballots:
        return
    for _ in _waiting(f"{room.node.name} opens its ballot"):
        if room.steward.get("governance", f"/decisions/{decision_id}")["phase"] == "voting":
            break
    for one in ballots:
        for voter in one["voters"]:
            room.member(voter).post(
                "governance", f"/ballots/{decision_id}/casts", {"choice": one["choice"]}
            )


def _put(asking: Asking, path: str, body: Mapping[str, Any]) -> None:
    asking.ask("PUT", "governance", path, json=body)


def _waiting(what: str) -> Iterator[None]:
    """Yield again and again, with a pause.

    Raises:
        Told: what was waited for has not come.
    """
    until = time.monotonic() + HEARD_TIMEOUT_S
    while time.monotonic() < until:
        yield
        time.sleep(LOOK_S)
    raise Told({"title": f"This took too long: {what}"}, 504)
