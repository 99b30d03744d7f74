"""An association of networks decides by ballots who belongs; the lines follow by themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from services.governance.association_ballots import AboutMember
from services.governance.association_handlers import found
from services.governance.association_members import enter
from services.governance.federated.charter import Matter
from services.governance.federated.membership import MembershipState
from services.governance.federated.policies import FederatedRule
from services.governance.federated.seals import signed
from services.governance.rules import Method, Rule
from services.node import join
from services.node.certificates import ensure
from shared.clock import stamp
from shared.contracts.charters import CharterAdopted
from shared.keys import SigningKey
from shared.log.trust import Standing
from shared.subjects import Level
from tests.federation.association import Hub, asks, links_up, root_of, serving
from tests.federation.governing import Governing, called, governing, sponsored, voted
from tests.node.conftest import NodeMaker
from tests.nodes import TestNode, until

RULE = FederatedRule(rule=Rule(method=Method.YES_NO), floor=1).model_dump(mode="json")
TEXTS = {"fr": "Nous décidons ensemble.\n"}
QUICK = {
    "floor": 1,
    "roll_min": 1,
    "notice_s": 0,
    "grace_s": 5,
    "reveal_s": 5,
    "observing_s": 0,
    "reply_s": 0,
    "challenge_s": 60,
}


def draft(*founders: str) -> dict[str, object]:
    """Return a charter whose times a test can wait for."""
    return {
        "names": {"fr": "Europe solidaire"},
        "founders": founders,
        "authoritative": "fr",
        "competence": {matter.value: "continent" for matter in Matter},
        "rules": {matter.value: RULE for matter in Matter},
        "parameters": QUICK,
    }


class Running:
    """A hub and members with their services, and the association that the hub's network keeps."""

    def __init__(self, hub: Hub, members: list[Governing]) -> None:
        self.hub = hub
        self.eu, *self.others = members
        self.members = members
        self.association = ""

    async def founded(self) -> None:
        """Publish the charter, sign it, and name the association in the hub's settings."""
        names = [one.node.name for one in self.members]
        charter = await self.eu.do(found, draft(*names), TEXTS)
        self.association = charter.association
        home = self.hub.node.home
        home.save_settings(home.settings().model_copy(update={"association": self.association}))
        for one in self.members:
            await one.signs(self.association)
        for one in self.members:

            async def all_vote(one: Governing = one) -> bool:
                seen = await one.at(self.association)
                return seen is not None and len(seen.voters) == len(self.members)

            await until(all_vote, what="all have signed", timeout_s=20)

    def standing(self, name: str) -> Standing | None:
        """Return how a node stands with the hub."""
        known = self.hub.service.parts.host.desk.trust.node(name)
        return known.standing if known else None


async def begun(stack: AsyncExitStack, new_node: NodeMaker, *names: str) -> Running:
    """Run a hub and members that two stewards of the hub have let in, and found an association."""
    node = new_node("eu", level=Level.CONTINENTAL)
    await node.start()
    hub = Hub(node)
    stack.push_async_callback(hub.close)
    await hub.open()
    nodes: list[TestNode] = [node]
    for name in names:
        one = new_node(name)
        words = await asks(hub, one)
        assert (await hub.service.decide("admit", name, fingerprint=words)).is_success
        await links_up(hub, one)
        await stack.enter_async_context(serving(one))
        nodes.append(one)
    members = [await stack.enter_async_context(governing(one)) for one in nodes]
    running = Running(hub, members)
    await running.founded()
    return running


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What is open in a test; it is closed in the right order."""
    async with AsyncExitStack() as opened:
        yield opened


def application(node: TestNode, charter: CharterAdopted) -> dict[str, object]:
    """Return what a network without a line hands over on a stick: signed by its own keys."""
    ensure(node.home)
    key = SigningKey.load(node.home.service_key("governance"))
    adopted = charter.model_copy(update={"node": node.name, "adopted_at": stamp(datetime.now(UTC))})
    adopted = adopted.model_copy(update={"signature": signed(key, adopted.statement())})
    fields = ("number", "charter_hash", "adopted_at", "signature")
    return {
        "association": charter.association,
        "network": node.name,
        "names": {"fr": "La nouvelle"},
        "root_key": root_of(node),
        "certificate": node.home.service_certificate("governance").read_text("ascii").strip(),
        "adoption": {name: getattr(adopted, name) for name in fields},
        "applied_at": adopted.adopted_at,
    }


@pytest.mark.timeout(120)
async def test_a_certified_ballot_admits_a_network_and_its_line_comes_up_by_itself(
    stack: AsyncExitStack, new_node: NodeMaker
) -> None:
    running = await begun(stack, new_node, "a")
    eu, a = running.members
    b = new_node("b")
    await asks(running.hub, b)
    # From the charter on stewards let nobody in any more.
    words = join.own_fingerprint(b.home)

    async def left_to_decisions() -> bool:
        refused = await running.hub.service.decide("admit", "b", fingerprint=words)
        return bool(refused.json().get("decision") == "admitted")

    await until(left_to_decisions, what="the hub knows of the charter")
    seen = await eu.at(running.association)
    assert seen is not None
    assert seen.charter is not None
    carried = application(
        b,
        CharterAdopted(
            association=running.association,
            node="b",
            number=1,
            charter_hash=seen.charter.hash,
            adopted_at=stamp(datetime.now(UTC)),
            signature="A" * 86,
        ),
    )
    await eu.do(enter, running.association, carried)
    await sponsored(running.association, "b", eu, a)
    about = AboutMember(matter="admission", ground="We know each other.", network="b")
    ballot = await called(running.association, about, eu, a)
    await voted(ballot, eu, a)
    assert (await join.ask_after(b.home)).state == "waiting"
    await links_up(running.hub, b)
    assert running.standing("b") is Standing.NORMAL
    for one in running.members:
        await one.certified(ballot)
        now = await one.at(running.association)
        assert now is not None
        assert now.state_of("b") is MembershipState.OBSERVER
    shown = (await running.hub.memberships())["decisions"]
    assert [(one["node"], one["what"], one["state"]) for one in shown] == [
        ("b", "observer", "done")
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_an_expelled_network_loses_its_line_though_the_hub_was_down_at_the_certificate(
    stack: AsyncExitStack, new_node: NodeMaker
) -> None:
    running = await begun(stack, new_node, "a", "b")
    eu, a, _ = running.members
    said = {"ground": "It floods the others.", "network": "b", "grounds": ("harm",)}
    ballot = await called(running.association, AboutMember(matter="suspension", **said), eu, a)
    await voted(ballot, eu, a)
    await running.hub.becomes("b", what="suspended", state="done")
    assert running.standing("b") is Standing.LIMITED
    assert "b" in await running.hub.linked()
    ballot = await called(running.association, AboutMember(matter="expulsion", **said), eu, a)
    await voted(ballot, eu, a)
    # Nobody acts at the hub while the ballot is certified and told.
    await running.hub.close()
    await eu.certified(ballot)
    assert "b" in await running.hub.linked()
    began = asyncio.get_running_loop().time()
    await running.hub.open()
    await running.hub.gone("b", timeout_s=60)
    assert asyncio.get_running_loop().time() - began < 60
    assert running.standing("b") is Standing.CUT
    told = (await eu.at(running.association)).told["b"]  # type: ignore[union-attr]  # it is there
    assert [one.what for one in told] == ["suspended", "expelled"]
