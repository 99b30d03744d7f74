"""A node answers for pages, its own and those it has gathered, and asks further on."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from services.node import join
from services.node.invitations import make_invitation
from services.node.pages import HOPS_MAX, PASS_ON_TIMEOUT_S, Asked
from shared.bus import Delivered
from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.log.names import LogName
from shared.log.page import claimed_place
from shared.log.repair import page_request
from shared.subjects import Level, ask_subject
from tests.desks import TestDesk, bus
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import until


class World:
    """Nodes with their node services, joined by the real procedure."""

    def __init__(self, new_node: NodeMaker, stack: AsyncExitStack) -> None:
        self._new_node = new_node
        self._stack = stack
        self.services: dict[str, TestNodeService] = {}

    async def node(self, name: str, *, hub: str = "", **settings: Any) -> TestNodeService:
        """Start a node, joined to a hub where one is named."""
        node = self._new_node(name, **settings)
        if hub:
            at_hub = self.services[hub]
            async with at_hub.joining():
                invitation = make_invitation(at_hub.node.home)
                words = (await join.request_joining(node.home, invitation)).fingerprint
                await at_hub.decide("admit", name, fingerprint=words)
                join.complete_joining(node.home, await join.ask_after(node.home))
        await node.start()
        if hub:
            await node.linked(hub)
        service = TestNodeService(node)
        self.services[name] = await self._stack.enter_async_context(service)
        return service

    async def desk(self, name: str) -> TestDesk:
        """Start the directory of a node."""
        return await self._stack.enter_async_context(
            TestDesk(self.services[name].node, "directory")
        )


@pytest.fixture
async def world(new_node: NodeMaker) -> AsyncIterator[World]:
    """Return a world without nodes."""
    async with AsyncExitStack() as stack:
        yield World(new_node, stack)


async def _places(answer: AsyncIterator[Delivered]) -> list[tuple[int, int] | None]:
    return [claimed_place(page.data) async for page in answer]


def _named(node: str, service: str = "directory") -> LogName:
    return LogName(NodeName(node), ServiceName(service), Log.PUBLIC)


async def _gathered(at_hub: TestNodeService, desk: TestDesk) -> int:
    """Wait until a hub has gathered all that a directory has told; return its last page."""

    async def all_there() -> bool:
        own = (await desk.desk.standing())["own"]["public"]
        last = await at_hub.parts.pages.last_gathered(desk.node.name)
        return last.get("directory") == (own["epoch"], own["number"]) != (1, 0)

    await until(all_there, what=f"{at_hub.node.name} has gathered {desk.node.name}")
    return (await desk.desk.standing())["own"]["public"]["number"]


async def test_a_hub_answers_what_it_has_gathered_after_any_page(world: World) -> None:
    at_hub = await world.node("eu", level=Level.CONTINENTAL)
    await world.node("a", hub="eu")
    await world.node("b", hub="eu")
    told, other = await world.desk("a"), await world.desk("b")
    for number in range(12):
        await told.list(f"a {number}")
        await other.list(f"b {number}")
    last = await _gathered(at_hub, told)
    await _gathered(at_hub, other)
    asking = await bus(world.services["b"].node, "fed", "directory")
    try:
        for after in range(last + 2):
            found = await _places(
                asking.ask(ask_subject("eu"), page_request(_named("a"), 1, after, most=5))
            )
            wanted = [(1, number) for number in range(after + 1, last + 1)]
            assert found == wanted[:5]
        # An epoch that is over, or has not begun, has nothing after it.
        assert await _places(asking.ask(ask_subject("eu"), page_request(_named("a"), 2, 0))) == []
        assert await _places(asking.ask(ask_subject("eu"), page_request(_named("x"), 1, 0))) == []
    finally:
        await asking.aclose()


async def test_what_a_hub_has_lost_is_asked_down_the_leaf(world: World) -> None:
    at_hub = await world.node("eu", level=Level.CONTINENTAL)
    at_a = await world.node("a", hub="eu")
    pages = at_hub.parts.pages

    async def told() -> bool:
        return bool((await at_a.parts.host.desk.standing())["own"]["public"]["number"])

    await until(told, what="a has a page")
    # As after the loss of its streams and its database: only the member has the pages.
    found = await _places(pages._passed_on(_asked("a", "node"), (1, 0)))
    assert found[0] == (1, 1)
    assert pages._way_to("a") == "a"
    assert pages._way_to("eu") is None


def _asked(node: str, service: str, *, hops: int = 0) -> Asked:
    return Asked.model_validate(
        {"node": node, "service": service, "epoch": 1, "after": 0, "hops": hops}
    )


async def test_a_node_of_another_continent_is_found_over_the_world(world: World) -> None:
    at_world = await world.node("ic", continent="world-hub", level=Level.INTERCONTINENTAL)
    at_eu = await world.node("eu", hub="ic", continent="eu", level=Level.CONTINENTAL)
    at_af = await world.node("af", hub="ic", continent="af", level=Level.CONTINENTAL)
    at_fr = await world.node("fr", hub="eu", continent="eu")
    at_ma = await world.node("ma", hub="af", continent="af")
    everybody = (at_world, at_eu, at_af, at_fr, at_ma)

    async def all_know_all() -> bool:
        names = [set(_known(service)) for service in everybody]
        return all(found == {"ic", "eu", "af", "fr", "ma"} for found in names)

    await until(all_know_all, what="each knows all five", timeout_s=40)
    assert at_eu.parts.pages._way_to("ma") == "ic"
    assert at_world.parts.pages._way_to("ma") == "af"
    assert at_af.parts.pages._way_to("ma") == "ma"
    assert at_fr.parts.pages._holders(_asked("ma", "node")) == []
    # The page that only the other end has travels over two hubs and the world's.
    found = await _places(at_eu.parts.pages._passed_on(_asked("ma", "node"), (1, 0)))
    assert found[0] == (1, 1)
    exhausted = _asked("ma", "node", hops=HOPS_MAX)
    assert await _places(at_eu.parts.pages._passed_on(exhausted, (1, 0))) == []
    told = await world.desk("ma")
    await told.list("argan")
    heard = await world.desk("fr")

    async def heard_it() -> bool:
        return await heard.knows("argan")

    await until(heard_it, what="fr knows an entity of ma", timeout_s=15)


def _known(service: TestNodeService) -> list[str]:
    return [one.node for one in service.parts.host.desk.trust.nodes()]


async def test_a_question_that_is_none_is_answered_with_nothing(world: World) -> None:
    at_hub = await world.node("eu", level=Level.CONTINENTAL)
    good = {"node": "eu", "service": "node", "epoch": 1, "after": 0}

    async def first_page() -> bool:
        return bool(await _places(at_hub.parts.pages.answer(json.dumps(good).encode())))

    await until(first_page, what="the hub has a page")
    for bad in (
        b"",
        b"[]",
        b"{" * 500,
        json.dumps(good | {"service": "portal"}).encode(),
        json.dumps(good | {"epoch": 0}).encode(),
        json.dumps(good | {"after": -1}).encode(),
        json.dumps(good | {"after": 2**60}).encode(),
        json.dumps(good | {"most": 10_000}).encode(),
        json.dumps(good | {"hops": HOPS_MAX + 1}).encode(),
        json.dumps(good | {"node": "a.b"}).encode(),
        json.dumps(good | {"more": "x" * 2_000}).encode(),
    ):
        assert await _places(at_hub.parts.pages.answer(bad)) == [], bad
    assert PASS_ON_TIMEOUT_S < 10
