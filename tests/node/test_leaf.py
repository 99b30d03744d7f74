"""Links are seen coming and going, and pages flow again by themselves."""

import asyncio
from contextlib import suppress

from services.node.jetstream import StreamRefused
from services.node.leaf import LeafWatch, LinkChange, links
from shared.refusals import Refusal
from shared.subjects import Level
from tests.node.conftest import NodeMaker
from tests.nodes import TestNode, arrived, gather, publish, until


async def test_a_link_is_told_when_it_comes_and_when_it_goes(new_node: NodeMaker) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    a.join(hub)
    told: list[tuple[str, bool]] = []

    async def note(change: LinkChange) -> None:
        told.append((change.link.peer, change.up))

    await hub.start()
    watch = LeafWatch(hub.settings.ports.monitor, note)
    await watch.look()
    assert told == []
    await a.start()
    await hub.linked("a")
    await watch.look()
    await watch.look()
    assert told == [("a", True)]
    assert watch.peers == {"a"}
    # A link that went and came between two looks is another link.
    await a.kill()
    await a.restart()
    await hub.linked("a")
    await asyncio.sleep(0.1)
    await watch.look()
    assert told == [("a", True), ("a", False), ("a", True)]
    await hub.kill()
    await watch.look()
    assert told[-1] == ("a", False)
    assert watch.peers == frozenset()


async def test_a_refusal_does_not_end_the_watch(new_node: NodeMaker) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    a.join(hub)
    await hub.start()
    await a.start()
    await a.linked("eu")

    async def refuse(change: LinkChange) -> None:
        raise Refusal(change.link.peer)

    watch = LeafWatch(a.settings.ports.monitor, refuse)
    await watch.look()
    assert watch.peers == {"eu"}


def test_links_are_read_from_what_the_server_tells() -> None:
    leafz = {"leafs": [{"id": 5, "name": "a", "ip": "127.0.0.1", "port": 4001}]}
    [link] = links(leafz)
    assert (link.peer, link.connection) == ("a", "5@127.0.0.1:4001")
    assert links({"leafs": None}) == links({}) == frozenset()


async def test_after_a_kill_of_the_hub_pages_flow_by_themselves_within_five_seconds(
    new_node: NodeMaker,
) -> None:
    hub, a, b = new_node("eu", level=Level.CONTINENTAL), new_node("a"), new_node("b")
    await gather(hub, a, b)
    keepers = [asyncio.create_task(_keep_flowing(node)) for node in (hub, a, b)]
    try:
        await publish(a, "directory", b"before")
        await arrived(b, "IN_b", "fed.eu.a.directory.pages", b"before")
        for number in range(2):
            await hub.kill()
            await publish(a, "directory", b"while away %d" % number)
            await hub.restart()
            for member in (a, b):
                await member.linked("eu")
            for node in (hub, a, b):
                await arrived(node, f"IN_{node.name}", "fed.eu.a.directory.pages",
                              b"while away %d" % number, timeout_s=5)  # fmt: skip
        await b.kill()
        await publish(a, "directory", b"b was away")
        await b.restart()
        await arrived(b, "IN_b", "fed.eu.a.directory.pages", b"b was away", timeout_s=6)
        await publish(b, "exchange", b"b is back")
        await arrived(a, "IN_a", "fed.eu.b.exchange.pages", b"b is back", timeout_s=6)
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)


async def _keep_flowing(node: TestNode) -> None:
    """Do what the node service does about its links."""
    streams = await node.streams()

    async def returned(change: LinkChange) -> None:
        if change.up:
            streams.returned(change.link.peer)

    watch = LeafWatch(node.settings.ports.monitor, returned)
    while True:
        await watch.look()
        with suppress(StreamRefused):
            await streams.revive(watch.peers)
        await asyncio.sleep(0.5)


async def test_a_node_joins_without_a_new_start_of_its_server(new_node: NodeMaker) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    await hub.start()
    await a.start()
    pid = a.server.pid
    a.join(hub)
    await a.server.reload()
    await a.linked("eu")

    async def seen() -> bool:
        return "a" in {leaf["name"] for leaf in (await hub.server.monitor("/leafz"))["leafs"]}

    await until(seen, what="the hub sees a")
    assert a.server.pid == pid
