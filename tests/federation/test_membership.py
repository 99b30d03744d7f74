"""An association decides who belongs, and its hub acts: no hand on any file of keys."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.node import credentials, join
from shared.clock import stamp
from shared.contracts.charters import CharterAdopted
from shared.log.trust import Standing
from shared.subjects import Level
from tests.desks import TestDesk
from tests.federation.association import (
    BALLOT,
    GROUND,
    OUTCOME,
    Hub,
    announce,
    asks,
    association_of,
    decision,
    hub_of,
    joined,
    links_up,
    root_of,
)
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import until


@pytest.fixture
async def eu(new_node: NodeMaker) -> Any:
    """A hub whose association decides."""
    async with hub_of(new_node("eu", level=Level.CONTINENTAL)) as hub:
        yield hub


def standing(service: TestNodeService, node: str) -> Standing:
    known = service.parts.host.desk.trust.node(node)
    assert known is not None
    return known.standing


async def told_of(service: TestNodeService, node: str) -> Any:
    shown = (await service.ask("GET", "/nodes")).json()
    return next(one for one in shown if one["node"] == node)


async def test_an_applicant_that_waits_is_admitted_by_the_decision_as_by_two_stewards(
    eu: Hub, new_node: NodeMaker
) -> None:
    a = new_node("a")
    await asks(eu, a)
    assert (await join.ask_after(a.home)).state == "waiting"
    await eu.decides("admitted", a)
    await links_up(eu, a)
    assert standing(eu.service, "a") is Standing.NORMAL
    word = (await told_of(eu.service, "a"))["decided"]
    assert (word["by"], word["what"], word["association"]) == (
        "association",
        "admitted",
        eu.association,
    )
    assert (word["ballot"], word["outcome"]) == (BALLOT, OUTCOME)
    assert GROUND in word["cause"]
    # From now on hands are refused, but for an emergency of three days.
    refused = await eu.service.decide("cut", "a", cause="We want it so.")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/decision-needed")
    assert refused.json()["decision"] == "expelled"
    async with TestNodeService(a) as at_a:

        async def reads_why() -> bool:
            word = (await told_of(at_a, "a"))["decided"]
            return word is not None and GROUND in word["cause"]

        await until(reads_why, what="the network itself reads the ground")


async def test_a_decision_waits_for_the_request_and_for_its_day(
    eu: Hub, new_node: NodeMaker
) -> None:
    early, later = new_node("early"), new_node("later")
    await eu.decides("admitted", early)
    await eu.becomes("early", state="waiting", note="no-request")
    await asks(eu, early)
    await eu.becomes("early", state="done")
    await asks(eu, later)
    await eu.decides("admitted", later, valid_from=stamp(datetime.now(UTC) + timedelta(seconds=1)))
    await eu.becomes("later", state="due")
    assert (await join.ask_after(later.home)).state == "waiting"
    await eu.becomes("later", state="done")


async def test_who_is_expelled_while_the_hub_is_down_loses_its_link_at_the_start(
    eu: Hub, new_node: NodeMaker
) -> None:
    a = new_node("a")
    await joined(eu, a)
    await eu.close()
    await eu.node.kill()
    await eu.decides("expelled", a)
    await eu.node.restart()
    await a.linked("eu", timeout_s=15)
    began = asyncio.get_running_loop().time()
    # Nothing is asked again within a minute: what it reads at its start moves it at once.
    await eu.open(upkeep_s=60.0)
    await eu.gone("a", timeout_s=60)
    assert asyncio.get_running_loop().time() - began < 15
    assert standing(eu.service, "a") is Standing.CUT
    assert set(credentials.revocations(eu.node.home)) == {a.leaf_public}
    sources = (await eu.service.parts.flow.streams.info("CONT_eu"))["sources"]
    assert not any(source["name"].startswith("OUT_a_") for source in sources)
    answer = await join.ask_after(a.home)
    assert answer.state == "refused"
    assert GROUND in answer.cause
    # It stays out after another start, and nothing is told twice.
    told = (await eu.service.ask("GET", "/happenings")).json()["items"]
    await eu.close()
    await eu.open()
    await asyncio.sleep(1.2)
    assert await eu.linked() == set()
    assert (await eu.service.ask("GET", "/happenings")).json()["items"] == told


async def test_an_expulsion_is_taken_back_by_a_later_decision_and_the_node_finds_its_way(
    eu: Hub, new_node: NodeMaker
) -> None:
    a = new_node("a")
    await joined(eu, a)
    async with TestNodeService(a) as at_a:
        await eu.decides("expelled", a)
        assert await eu.gone("a") < 5

        async def knows_it_is_down() -> bool:
            return at_a.parts.flow.linked_for_s is None

        await until(knows_it_is_down, what="a sees that its link has ended")
        await eu.decides("reinstated", a)
        # Nobody touches a file at either side: the node asks its hub's door, and enters again.
        await a.linked("eu", timeout_s=15)
        assert standing(eu.service, "a") is Standing.NORMAL
        assert (await told_of(eu.service, "a"))["decided"]["what"] == "reinstated"
        federation = a.home.federation()
        assert federation is not None
        assert federation.leaf_jwt == (await join.ask_after(a.home)).leaf_jwt


async def test_what_is_forged_or_not_for_this_hub_has_no_effect_and_is_counted(
    eu: Hub, new_node: NodeMaker
) -> None:
    a, b, stranger = new_node("a"), new_node("b"), new_node("stranger")
    await joined(eu, a, b)
    await asks(eu, stranger)
    async with (
        TestNodeService(a),
        TestDesk(a, "governance") as at_a,
        TestDesk(a, "directory") as directory,
    ):
        # Another node's governance speaks in the association's name; another service does.
        told = decision("admitted", stranger, association=eu.association, revision=9)
        await announce(at_a, told)
        await announce(directory, told)

        async def heard() -> bool:
            return ("a", "other-node") in await eu.unheeded()

        await until(heard, what="the hub has read what a's governance tells", timeout_s=20)
    # Its own governance tells of another association, an older revision, another key, a stranger.
    other = f"eu:{BALLOT}"
    await eu.decides("admitted", stranger, association=other)
    await eu.decides("expelled", b, association=association_of(a))
    await announce(
        eu.governance,
        decision("expelled", a, association=eu.association, revision=1),
        decision("expelled", b, association=eu.association, revision=7, root_key=root_of(a)),
        decision("expelled", stranger, association=eu.association, revision=1),
        decision("suspended", a, association=eu.association, revision=8),
        decision("expelled", eu.node, association=eu.association),
    )

    async def counted() -> bool:
        return await eu.unheeded() == {
            ("a", "other-node"): 1,
            ("eu", "other-association"): 2,
            ("eu", "older-revision"): 1,
            ("eu", "another-key"): 1,
            ("eu", "broken-decision"): 1,
            ("eu", "not-its-child"): 2,
        }

    await until(counted, what="each is counted")
    assert {"a", "b"} <= await eu.linked()
    assert standing(eu.service, "a") is standing(eu.service, "b") is Standing.NORMAL
    assert (await join.ask_after(stranger.home)).state == "waiting"
    assert eu.service.parts.host.desk.trust.node("stranger") is None


async def test_from_the_charter_on_an_emergency_is_all_that_is_left_to_two_stewards(
    eu: Hub, new_node: NodeMaker
) -> None:
    words = await asks(eu, new_node("a"))
    assert (await eu.service.decide("admit", "a", fingerprint=words)).json()["state"] == "done"
    adopted = CharterAdopted(
        association=eu.association,
        node="eu",
        number=1,
        charter_hash=OUTCOME,
        adopted_at=stamp(datetime.now(UTC)),
        signature="A" * 86,
    )
    # What another network signs binds that network; this one's own signature binds its hub.
    await announce(eu.governance, adopted.model_copy(update={"node": "eu", "leg": "es"}))
    assert not (await eu.memberships())["charter"]
    await announce(eu.governance, adopted)

    async def chartered() -> bool:
        return bool((await eu.memberships())["charter"])

    await until(chartered, what="the hub knows of the charter")
    refused = await eu.service.decide("limit", "a", cause="We want it so.")
    assert refused.json()["decision"] == "limited"
    act = (await eu.service.decide("quarantine", "a", cause="It floods us.")).json()
    assert act["state"] == "done"
    assert standing(eu.service, "a") is Standing.QUARANTINED
    word = (await told_of(eu.service, "a"))["decided"]
    assert (word["by"], word["what"], word["until"]) == ("stewards", "quarantined", act["ends_at"])
    assert (await eu.service.decide("restore", "a")).json()["state"] == "done"
    assert standing(eu.service, "a") is Standing.NORMAL
    shown = (await eu.service.ask("GET", "/acts", token=eu.service.service())).json()
    assert [(one["act"], one["state"]) for one in shown] == [
        ("restore", "done"),
        ("quarantine", "ended"),
        ("admit", "done"),
    ]


async def test_who_has_lost_the_root_key_goes_on_under_a_new_name_and_all_can_read_both(
    eu: Hub, new_node: NodeMaker
) -> None:
    old, new, reader = new_node("reas"), new_node("reas-nueva"), new_node("reader")
    await joined(eu, old, reader)
    async with (
        TestNodeService(old),
        TestNodeService(reader) as at_reader,
        TestDesk(old, "directory") as directory,
    ):
        await directory.list("before")

        async def gathered() -> bool:
            return "directory" in await eu.service.parts.pages.last_gathered("reas")

        await until(gathered, what="the hub has what the old name told")
        await eu.decides("key-replaced", new, was="reas")
        # The old name is cut at once: somebody else may hold its key.
        await eu.gone("reas")
        await eu.becomes("reas-nueva", state="waiting")
        await asks(eu, new)
        await links_up(eu, new)

        async def reads_both() -> bool:
            known = {one["node"]: one for one in (await at_reader.ask("GET", "/nodes")).json()}
            if "reas-nueva" not in known or known["reas"]["standing"] != "cut":
                return False
            before, after = known["reas"]["decided"], known["reas-nueva"]["decided"]
            return (before["now"], after["was"]) == ("reas-nueva", "reas")

        await until(reads_both, what="a reader sees what the name was and is", timeout_s=15)
        cut = at_reader.parts.host.desk.trust.node("reas")
        assert cut is not None
        assert cut.last_pages["directory"] == (1, 1)


async def test_each_level_holds_at_the_door_in_the_streams_and_over_http(
    eu: Hub, new_node: NodeMaker
) -> None:
    a, b = new_node("a"), new_node("b")
    await joined(eu, a, b)
    async with (
        TestNodeService(a),
        TestNodeService(b) as at_b,
        TestDesk(a, "directory") as told,
        TestDesk(b, "directory") as heard,
    ):

        async def at(level: Standing) -> None:
            async def stands() -> bool:
                node = heard.desk.trust.node("a")
                return node is not None and node.standing is level

            await until(stands, what=f"b's directory holds a for {level}", timeout_s=15)

        async def known(name: str) -> None:
            async def knows() -> bool:
                return await heard.knows(name)

            await until(knows, what=f"b knows {name}", timeout_s=15)

        async def gathered(number: int) -> None:
            async def lies_there() -> bool:
                last = await eu.service.parts.pages.last_gathered("a")
                return last.get("directory") == (1, number)

            await until(lies_there, what=f"the hub holds page {number}", timeout_s=15)

        await told.list("as others do")
        await known("as others do")
        # Limited: linked, gathered and applied; each service knows to show it to members only.
        await eu.decides("limited", a)
        await at(Standing.LIMITED)
        await told.list("limited")
        await known("limited")
        shown = await told_of(at_b, "a")
        assert (shown["standing"], GROUND in shown["cause"]) == ("limited", True)
        # Quarantined: linked and gathered, kept and not applied.
        await eu.decides("quarantined", a)
        await at(Standing.QUARANTINED)
        await told.list("kept")
        # A door that has not heard of the level yet may let the next page in; the hub's has.
        eu_trust = eu.service.parts.host.desk.trust.node("a")
        assert eu_trust is not None
        assert eu_trust.standing is Standing.QUARANTINED
        assert "a" in await eu.linked()
        await asyncio.sleep(1.0)
        assert not await heard.knows("kept")
        # Admitted again: what was kept is applied.
        await eu.decides("reinstated", a)
        await at(Standing.NORMAL)
        await known("kept")
        await gathered(3)
        # Cut: no link, no source, and what it says from then on is heard by nobody.
        await eu.decides("expelled", a)
        await eu.gone("a")
        await at(Standing.CUT)
        await told.list("after")
        await asyncio.sleep(1.0)
        assert await heard.names() == {"as others do", "limited", "kept"}
        cut = heard.desk.trust.node("a")
        assert cut is not None
        assert cut.last_pages["directory"] == (1, 3)
        assert (await told_of(at_b, "a"))["standing"] == "cut"


async def test_a_new_continental_hub_is_admitted_by_the_decision_of_the_intercontinental_one(
    new_node: NodeMaker,
) -> None:
    ic = new_node("ic", continent="world", level=Level.INTERCONTINENTAL)
    am = new_node("am", continent="am", level=Level.CONTINENTAL)
    async with hub_of(ic) as world:
        await joined(world, am)
        sources = (await world.service.parts.flow.streams.info("WORLD"))["sources"]
        assert "CONT_am" in {source["name"] for source in sources}
        await world.decides("expelled", am)
        await world.gone("am")
        assert standing(world.service, "am") is Standing.CUT


async def test_a_node_without_an_association_acts_on_no_decision(new_node: NodeMaker) -> None:
    async with hub_of(new_node("eu", level=Level.CONTINENTAL)) as eu:
        settings = eu.node.home.settings().model_copy(update={"association": ""})
        eu.node.home.save_settings(settings)
        await asks(eu, a := new_node("a"))
        await eu.decides("admitted", a)

        async def counted() -> bool:
            return await eu.unheeded() == {("eu", "other-association"): 1}

        await until(counted, what="it is counted")
        shown = await eu.memberships()
        assert (shown["association"], shown["charter"]) == ("", False)
        assert (await join.ask_after(a.home)).state == "waiting"
        # Two stewards decide here, as before.
        words = join.own_fingerprint(a.home)
        answer = await eu.service.decide("admit", "a", fingerprint=words)
        assert answer.json()["state"] == "done"
