"""A node goes on with the hub of another continent: its logs go on, nothing is lost or doubled."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from services.node import join
from services.node.invitations import make_invitation
from services.node.join import complete_joining, request_joining
from shared.log.trust import Standing
from shared.subjects import Level
from tests.desks import TestDesk
from tests.federation.association import Hub, hub_of, joined
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import TestNode, until


class Inhabited:
    """A node with its node service and its directory, which start and stop together."""

    def __init__(self, node: TestNode) -> None:
        self.node = node
        self.service: TestNodeService
        self.directory: TestDesk
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Inhabited":
        self.service = await self._stack.enter_async_context(TestNodeService(self.node))
        self.directory = await self._stack.enter_async_context(TestDesk(self.node, "directory"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def knows(self, *names: str, timeout_s: float = 20.0) -> None:
        """Wait until its directory knows these names."""

        async def known() -> bool:
            return await self.directory.knows(*names)

        await until(known, what=f"{self.node.name} knows {names}", timeout_s=timeout_s)

    async def holds(self, node: str, *, hub: str) -> None:
        """Wait until its directory's registry holds a node as a hub's."""

        async def so() -> bool:
            known = self.directory.desk.trust.node(node)
            return known is not None and known.admitted_by == hub

        await until(so, what=f"{self.node.name} holds {node} for {hub}'s", timeout_s=20)

    async def times(self) -> dict[str, int]:
        """Return by name how often an entity was remembered."""
        table = self.directory.notes.table
        rows = await self.directory.store.read(lambda work: work.execute(table.select()).all())
        return {row.name: row.times for row in rows}


@asynccontextmanager
async def two_continents(new_node: NodeMaker) -> AsyncIterator[tuple[Hub, Hub, Hub]]:
    """Run the hubs of two continents below one of the world, each with its own association."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        ic = await enter(hub_of(new_node("ic", continent="world", level=Level.INTERCONTINENTAL)))
        hubs = []
        for name in ("eu", "af"):
            node = new_node(name, continent=name, level=Level.CONTINENTAL)
            hubs.append(await enter(hub_of(node, below=ic)))
        yield ic, hubs[0], hubs[1]


async def test_a_node_moves_to_another_continent_and_everybody_follows(
    new_node: NodeMaker,
) -> None:
    m, reader, other = new_node("m"), new_node("r"), new_node("o", continent="af")
    async with two_continents(new_node) as (_, eu, af):
        await joined(eu, m, reader)
        await joined(af, other)
        async with Inhabited(reader) as at_eu, Inhabited(other) as at_af:
            async with Inhabited(m) as moving:
                await moving.directory.list("told in europe")
                await at_eu.knows("told in europe")
                await at_af.knows("told in europe", timeout_s=30)
                # Both associations decide; the node asks the new hub with the keys that it has.
                await af.decides("admitted", m)
                invitation = make_invitation(af.node.home)
                await request_joining(m.home, invitation, moving=True)
                await af.becomes("m", state="waiting", note="not-released")
                await eu.decides("moved", m, to="af")
                await moving.directory.list("told between")
                await af.becomes("m", state="done")
                assert await eu.gone("m") < 60
                await moving.directory.list("told without a link")
            complete_joining(m.home, await join.ask_after(m.home))
            await m.stop()
            await m.start()
            await m.linked("af")
            async with Inhabited(m) as moved:
                await moved.directory.list("told in africa")
                names = (
                    "told in europe",
                    "told between",
                    "told without a link",
                    "told in africa",
                )
                for at in (at_eu, at_af):
                    await at.knows(*names, timeout_s=40)
                    await at.holds("m", hub="af")
                    assert await at.times() == dict.fromkeys(names, 1), "nothing is doubled"
                # Its log goes on: one epoch, one page after another.
                standing = await at_eu.directory.desk.standing()
                log = next(
                    one
                    for one in standing["followed"]
                    if (one["node"], one["service"]) == ("m", "directory")
                )
                assert (log["epoch"], log["number"], log["state"]) == (1, 4, "open")
                # It hears both continents, and what the new hub tells of itself counts for it.
                await at_eu.directory.list("from europe")
                await at_af.directory.list("from africa")
                await moved.knows("from europe", "from africa", timeout_s=40)
                shown = {
                    one["node"]: one for one in (await moved.service.ask("GET", "/nodes")).json()
                }
                assert shown["m"]["continent"] == "af"
                assert {name: shown[name]["admitted_by"] for name in ("eu", "ic", "r", "o")} == {
                    "eu": "ic",
                    "ic": "af",
                    "r": "eu",
                    "o": "af",
                }
                # The old hub can say nothing of it any more; the new one can.
                await eu.decides("expelled", m)
                await eu.becomes("m", state="passed", note="not-its-child")
                await af.decides("limited", m)
                for at in (at_eu, at_af, moved):

                    async def limited(at: Inhabited = at) -> bool:
                        known = at.directory.desk.trust.node("m")
                        return known is not None and known.standing is Standing.LIMITED

                    await until(limited, what="everybody hears the new hub", timeout_s=30)
