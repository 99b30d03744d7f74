"""Two continents and the intercontinental hub: every page reaches every node, by one path."""

from services.node.stream_configs import Continent, Member
from shared.ids import NodeName
from shared.subjects import Level
from tests.node.conftest import NodeMaker
from tests.nodes import TestNode, arrived, gather, publish


async def test_pages_cross_continents_once_and_in_order(new_node: NodeMaker) -> None:
    ic = new_node("ic", continent="world", level=Level.INTERCONTINENTAL)
    eu, fr = new_node("eu", level=Level.CONTINENTAL), new_node("fr")
    af = new_node("af", continent="af", level=Level.CONTINENTAL)
    ma = new_node("ma", continent="af")
    everyone = (ic, eu, fr, af, ma)
    # Two continents live by themselves first.
    await gather(eu, fr)
    await gather(af, ma)
    await publish(fr, "directory", b"1")
    await arrived(fr, "IN_fr", "fed.eu.fr.directory.pages", b"1")
    # Then they join each other, while their servers run.
    await ic.start()
    await (await ic.streams()).ensure_own_logs()
    for hub in (eu, af):
        hub.join(ic)
        await hub.server.reload()
        await hub.linked("ic")
    await (await ic.streams()).ensure_world(
        [Continent(NodeName(name), NodeName(name), f"CONT_{name}") for name in ("eu", "af")]
    )
    await (await ic.streams()).ensure_incoming()
    for hub in (eu, af):
        await (await hub.streams()).ensure_abroad(["eu", "af"])
    await publish(fr, "directory", b"2")
    await publish(ma, "exchange", b"from ma")
    await publish(af, "node", b"from af")
    await publish(ic, "governance", b"from ic")
    for node in everyone:
        incoming = f"IN_{node.name}"
        await arrived(node, incoming, "fed.eu.fr.directory.pages", b"2")
        await arrived(node, incoming, "fed.af.ma.exchange.pages", b"from ma")
        await arrived(node, incoming, "fed.af.af.node.pages", b"from af")
        await arrived(node, incoming, "fed.world.ic.governance.pages", b"from ic")
        assert await held(node, incoming) == 5, f"{node.name} has each page once"
    assert await held(eu, "ABROAD_eu") == 3, "a hub does not hold its own continent twice"
    # The intercontinental hub goes: each continent goes on, and both catch up when it is back.
    await ic.kill()
    await publish(fr, "directory", b"3")
    await arrived(fr, "IN_fr", "fed.eu.fr.directory.pages", b"3", timeout_s=2)
    await ic.restart()
    for hub in (eu, af):
        await hub.linked("ic")
        await ic.linked(hub.name)
    for node, stream in ((ic, "WORLD"), (eu, "ABROAD_eu"), (af, "ABROAD_af")):
        await (await node.streams()).reset_sources(stream)
    await arrived(ma, "IN_ma", "fed.eu.fr.directory.pages", b"3", timeout_s=5)
    assert [await held(node, f"IN_{node.name}") for node in everyone] == [6] * len(everyone)


async def held(node: TestNode, stream: str) -> int:
    info = await (await node.streams()).info(stream)
    return int(info["state"]["messages"])


async def test_a_lone_continent_holds_nothing_of_abroad(new_node: NodeMaker) -> None:
    eu, fr = new_node("eu", level=Level.CONTINENTAL), new_node("fr")
    await gather(eu, fr)
    await publish(fr, "directory", b"1")
    await arrived(fr, "IN_fr", "fed.eu.fr.directory.pages", b"1")
    assert await held(eu, "ABROAD_eu") == 0
    assert await held(fr, "IN_fr") == 1
    await (await eu.streams()).ensure_continental([Member(fr.name), Member(NodeName("es"))])
    await publish(fr, "directory", b"2")
    await arrived(fr, "IN_fr", "fed.eu.fr.directory.pages", b"2")
