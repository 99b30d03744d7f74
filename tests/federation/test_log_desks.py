"""What one node tells, every other applies once and in order, whatever comes between."""

from contextlib import AsyncExitStack

from shared.subjects import Level
from tests.desks import TestDesk, admit
from tests.node.conftest import NodeMaker
from tests.nodes import gather, until


async def test_what_is_listed_at_one_node_is_known_at_the_hub_and_at_every_other(
    new_node: NodeMaker,
) -> None:
    hub, fr, es = new_node("eu", level=Level.CONTINENTAL), new_node("fr"), new_node("es")
    await gather(hub, fr, es)
    async with AsyncExitStack() as stack:
        hub_node = await stack.enter_async_context(TestDesk(hub, "node"))
        desks = [
            await stack.enter_async_context(TestDesk(node, "directory")) for node in (hub, fr, es)
        ]
        await admit(hub_node, fr, es)
        for number in range(20):
            await desks[1].list(f"fr {number}")
            await desks[2].list(f"es {number}")
        await desks[0].list("eu itself")
        wanted = {f"{node} {number}" for node in ("fr", "es") for number in range(20)}

        async def agree() -> bool:
            return all([await desk.knows("eu itself", *wanted) for desk in desks])

        await until(agree, what="all three know all entities", timeout_s=15)
        assert len({await desk.hash() for desk in desks}) == 1
