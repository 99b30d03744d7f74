"""Two stewards decide who belongs; what they decide is felt at once and survives a restart."""

import asyncio
from typing import Any

import pytest

from services.node import credentials, join, jwt
from services.node.invitations import make_invitation
from services.node.join import complete_joining, request_joining
from shared.keys import SigningKey
from shared.log.trust import Standing
from shared.people import Bearer
from shared.subjects import Level
from tests.desks import TestDesk
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import TestNode, until


@pytest.fixture
async def at_hub(new_node: NodeMaker) -> Any:
    """The node service of a hub."""
    hub = new_node("eu", level=Level.CONTINENTAL)
    await hub.start()
    async with TestNodeService(hub) as service, service.joining():
        yield service


async def _asks(at_hub: TestNodeService, node: TestNode) -> str:
    return (await request_joining(node.home, make_invitation(at_hub.node.home))).fingerprint


async def _joined(at_hub: TestNodeService, node: TestNode) -> None:
    """Have a node join by the real procedure, and link up."""
    await at_hub.decide("admit", node.name, fingerprint=await _asks(at_hub, node))
    complete_joining(node.home, await join.ask_after(node.home))
    await node.start()
    await node.linked("eu")


async def _linked(hub: TestNode) -> set[str]:
    return {leaf["name"] for leaf in (await hub.server.monitor("/leafz"))["leafs"]}


async def test_it_takes_two_stewards_and_one_of_them_twice_is_one(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    words = await _asks(at_hub, new_node("a"))
    act = {"act": "admit", "node": "a", "fingerprint": words}

    async def speaks(person: str, *roles: str, **claims: Any) -> Any:
        token = at_hub.person(person, *roles, **claims)
        return await at_hub.ask("POST", "/acts", token=token, json=act)

    for token, problem in (
        ("", "token-missing"),
        (at_hub.service(), "not-allowed"),
        (at_hub.person("p-1", "member", "coordinator", "auditor"), "not-allowed"),
        (at_hub.person("p-1", "steward", kind=Bearer.PROGRAM), "not-allowed"),
        (at_hub.person("p-1", "steward", scope=frozenset({"read"})), "not-allowed"),
    ):
        answer = await at_hub.ask("POST", "/acts", token=token, json=act)
        assert answer.json()["type"] == f"/problems/{problem}"
    first = (await speaks("p-1", "steward")).json()
    again = (await speaks("p-1", "steward")).json()
    assert first["state"] == again["state"] == "open"
    assert first["id"] == again["id"]
    assert [voice["person"] for voice in again["voices"]] == ["p-1"]
    assert at_hub.parts.host.desk.trust.node("a") is None
    done = (await speaks("p-2", "steward")).json()
    assert done["state"] == "done"
    assert [voice["person"] for voice in done["voices"]] == ["p-1", "p-2"]
    assert at_hub.parts.host.desk.trust.node("a") is not None
    assert (await speaks("p-3", "steward")).json()["type"] == "/problems/not-waiting"
    shown = (await at_hub.ask("GET", "/acts", token=at_hub.service())).json()
    assert [(one["act"], one["node"], one["state"]) for one in shown] == [("admit", "a", "done")]


async def test_a_word_that_is_sent_twice_is_answered_as_before(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    words = await _asks(at_hub, new_node("a"))
    act = {"act": "admit", "node": "a", "fingerprint": words}
    await at_hub.ask("POST", "/acts", token=at_hub.person("p-1", "steward"), json=act)
    token, headers = at_hub.person("p-2", "steward"), {"Idempotency-Key": "1"}
    first, again = [
        await at_hub.ask("POST", "/acts", token=token, json=act, headers=headers) for _ in range(2)
    ]
    assert first.json()["state"] == "done"
    assert again.json() == first.json()


async def test_two_stewards_who_speak_in_one_moment_are_both_heard(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    words = await _asks(at_hub, new_node("a"))
    act = {"act": "admit", "node": "a", "fingerprint": words}
    answers = await asyncio.gather(
        *(
            at_hub.ask("POST", "/acts", token=at_hub.person(one, "steward"), json=act)
            for one in ("p-1", "p-2")
        )
    )
    assert sorted(answer.json()["state"] for answer in answers) == ["done", "open"]


async def test_a_name_belongs_to_the_first_key_that_was_admitted(
    at_hub: TestNodeService, new_node: NodeMaker, tmp_path: Any
) -> None:
    first = await _asks(at_hub, new_node("a"))
    rival = TestNode(tmp_path / "elsewhere", "a")
    second = await _asks(at_hub, rival)
    shown = (await at_hub.ask("GET", "/joinings", token=at_hub.service())).json()
    assert {one["fingerprint"]: one["also_asked_by"] for one in shown} == {
        first: [second],
        second: [first],
    }
    answer = await at_hub.decide("admit", "a", fingerprint=second)
    assert answer.json()["type"] == "/problems/asked-before"
    assert answer.json()["fingerprint"] == first
    assert (await at_hub.decide("admit", "a", fingerprint=first)).json()["state"] == "done"
    answer = await at_hub.decide("admit", "a", fingerprint=second)
    assert answer.json()["type"] in ("/problems/asked-before", "/problems/name-taken")
    with pytest.raises(join.JoiningRefused) as refused:
        await request_joining(rival.home, make_invitation(at_hub.node.home))
    assert refused.value.members["reason"] == "name-taken"
    known = at_hub.parts.host.desk.trust.node("a")
    assert known is not None
    assert known.root_key != SigningKey.load(rival.home.root_key).public


async def test_a_refused_request_is_told_why_and_makes_way_for_another(
    at_hub: TestNodeService, new_node: NodeMaker, tmp_path: Any
) -> None:
    squatter = TestNode(tmp_path / "elsewhere", "a")
    words = await _asks(at_hub, squatter)
    node = new_node("a")
    own = await _asks(at_hub, node)
    no_cause = await at_hub.decide("refuse", "a", fingerprint=words)
    assert no_cause.json()["type"] == "/problems/cause-missing"
    await at_hub.decide("refuse", "a", fingerprint=words, cause="Nobody knows you.")
    answer = await join.ask_after(squatter.home)
    assert (answer.state, answer.cause) == ("refused", "Nobody knows you.")
    assert (await at_hub.decide("admit", "a", fingerprint=own)).json()["state"] == "done"


async def test_a_word_that_names_nothing_or_too_little_is_refused(
    at_hub: TestNodeService,
) -> None:
    for said, problem in (
        ({"act": "admit", "node": "a"}, "fingerprint-missing"),
        ({"act": "admit", "node": "a", "fingerprint": "babab"}, "not-waiting"),
        ({"act": "cut", "node": "a"}, "cause-missing"),
        ({"act": "cut", "node": "a", "cause": "Because."}, "not-found"),
        ({"act": "cut", "node": "eu", "cause": "Because."}, "not-found"),
        ({"act": "restore", "node": "a"}, "not-found"),
        ({"act": "burn", "node": "a"}, "invalid"),
    ):
        answer = await at_hub.ask("POST", "/acts", token=at_hub.person("p-1", "steward"), json=said)
        assert answer.json()["type"] == f"/problems/{problem}", said


async def test_a_node_is_limited_quarantined_and_restored(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    await at_hub.decide("admit", "a", fingerprint=await _asks(at_hub, new_node("a")))
    trust = at_hub.parts.host.desk.trust

    async def becomes(act: str, standing: Standing) -> None:
        answer = await at_hub.decide(act, "a", cause="They asked for it.")
        assert answer.json()["state"] == "done", answer.text
        known = trust.node("a")
        assert known is not None
        assert known.standing is standing

    assert (await at_hub.decide("restore", "a")).json()["type"] == "/problems/already-so"
    await becomes("limit", Standing.LIMITED)
    answer = await at_hub.decide("limit", "a", cause="Again.")
    assert answer.json()["type"] == "/problems/already-so"
    await becomes("quarantine", Standing.QUARANTINED)
    await becomes("restore", Standing.NORMAL)
    told = (await at_hub.ask("GET", "/happenings")).json()["items"]
    assert [one["what"] for one in told] == ["admitted", "quarantined", "limited", "admitted"]


async def test_who_is_cut_is_gone_within_a_second_and_stays_out_after_a_restart(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    hub, a = at_hub.node, new_node("a")
    await _joined(at_hub, a)
    async with TestNodeService(a), TestDesk(a, "directory") as directory:
        await directory.list("before the cut")

        async def gathered() -> bool:
            return "directory" in await at_hub.parts.pages.last_gathered("a")

        await until(gathered, what="the hub has gathered the entity's page")
        token = at_hub.person("p-1", "steward")
        cut = {"act": "cut", "node": "a", "cause": "They are leaving us."}
        await at_hub.ask("POST", "/acts", token=token, json=cut)
        assert "a" in await _linked(hub)
        token = at_hub.person("p-2", "steward")
        assert (await at_hub.ask("POST", "/acts", token=token, json=cut)).json()["state"] == "done"

        async def gone() -> bool:
            return "a" not in await _linked(hub)

        await until(gone, what="the link is gone", timeout_s=1)
        known = at_hub.parts.host.desk.trust.node("a")
        assert known is not None
        assert known.standing is Standing.CUT
        assert known.last_pages["directory"] == (1, 1)
        sources = (await at_hub.parts.flow.streams.info("CONT_eu"))["sources"]
        assert not any(source["name"].startswith("OUT_a_") for source in sources)
        # The hub is killed and comes back; the revocation is in the token that it preloads.
        await hub.kill()
        await hub.restart()
        await asyncio.sleep(2.5)
        assert await _linked(hub) == set()
        answer = await join.ask_after(a.home)
        assert (answer.state, answer.cause) == ("refused", "They are leaving us.")

    restored = await at_hub.decide("restore", "a")
    assert restored.json()["type"] == "/problems/admission-needed"


async def test_who_was_cut_comes_back_by_a_new_act_with_the_same_keys(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    hub, a = at_hub.node, new_node("a")
    await _joined(at_hub, a)
    for _ in range(2):
        await at_hub.decide("cut", "a", cause="A quarrel.")

        async def gone() -> bool:
            return "a" not in await _linked(hub)

        await until(gone, what="the link is gone")
        leaf_key = SigningKey.load(a.home.leaf_key).public
        words = await _asks(at_hub, a)
        assert (await join.ask_after(a.home)).state == "waiting"
        await at_hub.decide("admit", "a", fingerprint=words)
        answer = await join.ask_after(a.home)
        claims = jwt.claims_of(answer.leaf_jwt)
        assert claims["sub"] == leaf_key
        assert claims["iat"] > credentials.revocations(hub.home)[leaf_key]
        complete_joining(a.home, answer)
        await a.server.reload()
        await a.linked("eu", timeout_s=15)
        known = at_hub.parts.host.desk.trust.node("a")
        assert known is not None
        assert known.standing is Standing.NORMAL


async def test_a_crash_between_the_decision_and_the_revocation_is_mended_at_the_start(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    await at_hub.decide("admit", "a", fingerprint=await _asks(at_hub, new_node("a")))
    await at_hub.decide("cut", "a", cause="A quarrel.")
    home = at_hub.node.home
    home.revoked_file.unlink()
    assert credentials.revocations(home) == {}

    async def revoked() -> bool:
        return bool(credentials.revocations(home))

    await until(revoked, what="the next round revokes it")


async def test_an_entity_told_by_a_node_that_was_cut_stays_with_the_others(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    a, b = new_node("a"), new_node("b")
    await _joined(at_hub, a)
    await _joined(at_hub, b)
    async with (
        TestNodeService(a),
        TestNodeService(b),
        TestDesk(a, "directory") as told,
        TestDesk(b, "directory") as heard,
    ):
        await told.list("stays")

        async def known() -> bool:
            return await heard.knows("stays")

        await until(known, what="b knows what a told", timeout_s=15)
        await at_hub.decide("cut", "a", cause="They leave.")

        async def b_knows_of_the_cut() -> bool:
            node = heard.desk.trust.node("a")
            return node is not None and node.standing is Standing.CUT

        await until(b_knows_of_the_cut, what="b knows that a is cut", timeout_s=15)
        assert await heard.knows("stays")
