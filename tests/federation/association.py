"""An association for tests: a hub's own governance tells in its log what has been decided."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from services.node import join
from services.node.invitations import make_invitation
from services.node.join import complete_joining, request_joining
from services.node.settings import service_values
from shared.clock import stamp
from shared.contracts.membership import MembershipDecided
from shared.events import Event
from shared.keys import SigningKey
from shared.store import Work
from tests.desks import TestDesk
from tests.node_service import TestNodeService
from tests.nodes import TestNode, until

UUID = "01990000-0000-7000-8000-0000000000e1"
BALLOT = "01990000-0000-7000-8000-0000000000f1"
OUTCOME = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
GROUND = "Three statements of account are owed."


def association_of(hub: TestNode) -> str:
    """Return the id of the association that a hub's network keeps."""
    return f"{hub.name}:{UUID}"


def governed(hub: TestNode) -> TestNode:
    """Return a hub whose settings name its own association."""
    settings = hub.home.settings().model_copy(update={"association": association_of(hub)})
    hub.home.save_settings(settings)
    return hub


def root_of(node: TestNode) -> str:
    """Return the public root key of a node."""
    return SigningKey.load(node.home.root_key).public


def decision(what: str, node: TestNode, **said: Any) -> MembershipDecided:
    """Return a decision on a node; its association, key, cause and moment are given or usual."""
    given = {
        "node": node.name,
        "root_key": root_of(node),
        "revision": 1,
        "what": what,
        "cause": {"ground": GROUND, "ballot": BALLOT, "outcome": OUTCOME},
        "valid_from": stamp(datetime.now(UTC) - timedelta(seconds=1)),
    }
    return MembershipDecided.model_validate(given | said)


class Hub:
    """A hub with its own governance: a real store and log of it, and the node service beside."""

    def __init__(self, node: TestNode) -> None:
        self.node = governed(node)
        self.association = association_of(node)
        self.governance: TestDesk
        self.service: TestNodeService
        self._running = AsyncExitStack()
        self._revisions: dict[str, int] = {}

    async def open(self, **settings: Any) -> None:
        """Run the node service, and answer at the door by which networks join."""
        self.service = await self._running.enter_async_context(serving(self.node, **settings))
        await self._running.enter_async_context(self.service.joining())

    async def close(self) -> None:
        """Stop the node service; governance goes on."""
        await self._running.aclose()

    async def decides(self, what: str, node: TestNode, **said: Any) -> MembershipDecided:
        """Have governance tell a decision, in the unit that certifies it."""
        self._revisions[node.name] = self._revisions.get(node.name, 0) + 1
        given = {"association": self.association, "revision": self._revisions[node.name]}
        told = decision(what, node, **(given | said))
        await announce(self.governance, told)
        return told

    async def becomes(self, node: str, **wanted: Any) -> None:
        """Wait until the newest decision on a node is as it is wanted."""

        async def so() -> bool:
            shown = (await self.memberships())["decisions"]
            return any(
                one["node"] == node and all(one[name] == value for name, value in wanted.items())
                for one in shown
            )

        await until(so, what=f"{node}: {wanted}")

    async def memberships(self) -> Any:
        """Return what the hub shows of decisions, to anybody."""
        return (await self.service.ask("GET", "/memberships")).json()

    async def unheeded(self) -> dict[tuple[str, str], int]:
        """Return what had no effect: how often, by who told it and why."""
        shown = (await self.memberships())["unheeded"]
        return {(one["origin"], one["reason"]): one["count"] for one in shown}

    async def linked(self) -> set[str]:
        """Return the nodes that are connected to this hub."""
        return {leaf["name"] for leaf in (await self.node.server.monitor("/leafz"))["leafs"]}

    async def gone(self, name: str, *, timeout_s: float = 10.0) -> float:
        """Wait until a node's link has ended; return after how many seconds it had."""

        async def ended() -> bool:
            return name not in await self.linked()

        return await until(ended, what=f"{name} has no link", timeout_s=timeout_s)


@asynccontextmanager
async def hub_of(node: TestNode, *, below: Hub | None = None) -> AsyncIterator[Hub]:
    """Run a hub with its governance, as long as this lasts.

    Args:
        node: the hub.
        below: the intercontinental hub whose association has admitted it, if any.
    """
    hub = Hub(node)
    if below is None:
        await node.start()
    else:
        await joined(below, node)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(hub.close)
        # The node service makes the streams into which governance tells.
        await hub.open()
        hub.governance = await stack.enter_async_context(TestDesk(node, "governance"))
        yield hub


def serving(node: TestNode, **settings: Any) -> TestNodeService:
    """Return a node service that has governance for a sibling."""
    urls = service_values(node.home, "node")["urls"]
    told = {name: urls[name] for name in ("node", "governance")}
    return TestNodeService(node, urls=told, **settings)


async def announce(desk: TestDesk, *events: Event) -> None:
    """Have a service tell events, in one unit."""

    def tell(work: Work) -> None:
        for event in events:
            work.announce(event)

    await desk.store.write(tell)


async def asks(hub: Hub, node: TestNode) -> str:
    """Have a node ask to join a hub over its HTTPS; return its six words."""
    return (await request_joining(node.home, make_invitation(hub.node.home))).fingerprint


async def links_up(hub: Hub, node: TestNode, *, started: bool = False) -> None:
    """Have a node that is admitted fetch its credential and connect."""

    async def admitted() -> bool:
        return (await join.ask_after(node.home)).state == "admitted"

    await until(admitted, what=f"{node.name} is admitted")
    complete_joining(node.home, await join.ask_after(node.home))
    if started:
        await node.server.reload()
    else:
        await node.start()
    await node.linked(hub.node.name, timeout_s=15)


async def joined(hub: Hub, *nodes: TestNode) -> None:
    """Have nodes join a hub by its association's decisions."""
    for node in nodes:
        await asks(hub, node)
        await hub.decides("admitted", node)
    await asyncio.gather(*(links_up(hub, node) for node in nodes))
