"""The longest messages that a member's own server takes: none of them stops anybody else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.node.jetstream import request
from shared.ids import NodeName
from shared.subjects import Level, continental_stream, federated_subject, in_stream
from tests.federation.forging import raw_client
from tests.nodes import TestNode, arrived, gather, publish

pytestmark = pytest.mark.asyncio(loop_scope="module")

# A long name of a hub and a short one of its member: what is written into the headers grows.
LONG = NodeName("n" * 32)
MESSAGE_MAX = 1024 * 1024
HEADERS_MAX = 2**16 - 1

Nodes = tuple[TestNode, TestNode, TestNode]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nodes]:
    folder: Path = tmp_path_factory.mktemp("sizes")
    hub = TestNode(folder, LONG, level=Level.CONTINENTAL, continent=LONG)
    a, b = (TestNode(folder, name, continent=LONG) for name in "ab")
    try:
        await gather(hub, a, b)
        yield hub, a, b
    finally:
        for node in (a, b, hub):
            await node.stop()


@pytest.mark.parametrize(
    ("service", "headers", "payload"),
    [
        # As much as the member's own server takes in all.
        ("directory", 64, MESSAGE_MAX - 64),
        # Headers that fill the room of the hub's to the last byte, whatever the hub adds.
        *(("exchange", HEADERS_MAX - added, 100) for added in range(248, 80, -8)),
        ("governance", HEADERS_MAX, 400_000),
    ],
)
async def test_no_message_is_so_long_that_others_wait_for_it(
    nodes: Nodes, service: str, headers: int, payload: int
) -> None:
    hub, a, b = nodes
    block = b"NATS/1.0\r\nX: "
    block += b"x" * (headers - len(block) - 4) + b"\r\n\r\n"
    async with raw_client(a, service) as send:
        await send(block, b"x" * payload)
    # The other logs of the same member go on, too.
    for node, other in ((a, "node"), (b, "directory"), (hub, "directory")):
        said = f"{node.name} after {service} {headers}".encode()
        await publish(node, other, said)
        for reader in (hub, b):
            subject = federated_subject(LONG, node.name, other)
            await arrived(reader, in_stream(reader.name), subject, said)
    assert {leaf["name"] for leaf in (await hub.server.monitor("/leafz"))["leafs"]} == {"a", "b"}


async def test_a_subject_of_any_length_stays_at_home(nodes: Nodes) -> None:
    hub, a, b = nodes
    client = await a.unbound_client()
    own = (await request(client, "STREAM.INFO.OUT_a_node"))["config"]
    wide = own | {"subjects": [*own["subjects"], "node.>"], "subject_transform": None}
    await request(client, "STREAM.UPDATE.OUT_a_node", wide)
    for length in (1_000, 30_000, 60_000):
        answer = await client.request(f"node.{'x' * length}", b"far too long", timeout=5)
        assert b'"error"' not in answer.data
    await publish(b, "directory", b"of b")
    await arrived(hub, in_stream(hub.name), federated_subject(LONG, "b", "directory"), b"of b")
    gathered = f"STREAM.INFO.{continental_stream(hub.name)}"
    state = (await request(await hub.client(), gathered, {"subjects_filter": ">"}))["state"]
    assert all(len(subject) < 100 for subject in state["subjects"])


async def test_what_a_member_lets_its_own_server_do_is_not_done_at_its_hub(nodes: Nodes) -> None:
    """Headers that empty a stream, or let its messages end, are a member's own affair."""
    hub, _, b = nodes
    client = await b.unbound_client()
    own = (await request(client, "STREAM.INFO.OUT_b_governance"))["config"]
    allowed = {"allow_rollup_hdrs": True, "allow_msg_ttl": True}
    await request(client, "STREAM.UPDATE.OUT_b_governance", own | allowed)
    said = [b"first", b"second", b"third", b"fourth"]
    headers = [{}, {"Nats-Rollup": "all"}, {"Nats-Rollup": "sub"}, {"Nats-TTL": "1s"}]
    subject = federated_subject(LONG, "b", "governance")
    for payload, header in zip(said, headers, strict=True):
        await publish(b, "governance", payload, header)
        await arrived(hub, in_stream(hub.name), subject, payload)
    gathered = f"STREAM.INFO.{continental_stream(hub.name)}"
    counted = (await request(await hub.client(), gathered, {"subjects_filter": ">"}))["state"]
    assert counted["subjects"]["b.governance.pages"] == len(said)
