"""The node service comes up over its server, says who it is, and keeps the streams of its node."""

from services.node.access import ACCESS
from shared.gate import undeclared
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService


async def test_a_node_without_a_hub_comes_up_and_says_who_it_is(new_node: NodeMaker) -> None:
    node = new_node("remess", names={"fr": "REMESS", "ar": "رميس"}, languages=("ar", "fr"))
    await node.start()
    async with TestNodeService(node) as service:
        answer = await service.ask("GET", "/readyz")
        assert answer.status_code == 200, answer.text
        nodes = (await service.ask("GET", "/nodes")).json()
        assert [one["node"] for one in nodes] == ["remess"]
        assert nodes[0]["names"] == {"fr": "REMESS", "ar": "رميس"}
        assert nodes[0]["own"] is True
    assert node.errors == []


async def test_every_operation_has_a_row_and_every_row_an_operation(new_node: NodeMaker) -> None:
    node = new_node("remess")
    await node.start()
    async with TestNodeService(node) as service:
        assert undeclared(service.app, ACCESS) == []
