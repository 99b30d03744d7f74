"""What a member asks its hub: an answer goes to the one who asks, and to nothing else."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.node.pages import REQUEST_BYTES_MAX
from shared.contracts.node import TokenRevoked
from shared.ids import new_id
from shared.log.repair import page_request
from shared.store import Work
from tests.federation.attacked import Attacked, attacked
from tests.node.test_attacks import as_member
from tests.nodes import TestNode, until
from tests.raw_leaf import RawLeaf

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Where the hub's own node service may publish, and a member may not.
ELSEWHERE = (
    "$JS.API.STREAM.DELETE.OUT_eu_exchange",
    "$JS.API.STREAM.PURGE.CONT_eu",
    "$JS.API.STREAM.DELETE.CONT_eu",
    "$JS.API.STREAM.UPDATE.CONT_eu",
    "$JS.API.CONSUMER.DELETE.IN_eu.x",
    "ask.eu.pages",
    "ask.es.pages",
    "fd.eu.es.pages",
    "fd.eu.es.ib.directory",
    "fd.eu.es.ib.directory.*",
    "log.slot.directory",
    "_INBOX.x",
)
KEPT = ("CONT_eu", "ABROAD_eu", "IN_eu", "OUT_eu_directory", "OUT_eu_exchange", "OUT_eu_node")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attacked]:
    async with attacked(tmp_path_factory.mktemp("questions")) as federation:
        await federation.forger.tell(federation.forger.listed("the first"))
        await federation.know("the first")
        yield federation


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def member(
    scene: Attacked, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TestNode]:
    """A member whose server is one that it wrote itself."""
    node = TestNode(tmp_path_factory.mktemp("pt"), "pt")
    node.join(scene.hub)
    yield node
    await node.stop()


async def held(scene: Attacked) -> dict[str, Any]:
    """Return how much each stream of the hub holds."""
    streams = await scene.hub.streams()
    return {name: (await streams.info(name))["state"]["messages"] for name in KEPT}


async def asked(leaf: RawLeaf, question: bytes) -> list[bytes]:
    """Return the parts of an answer, the last of which is its end."""
    inbox = f"fd.eu.pt.ib.directory.{new_id()}"
    leaf.publish("ask.eu.pages", question, reply=inbox)

    async def ended() -> bool:
        return any(
            data.endswith(b"Twiza-Part: end\r\n\r\n") for at, data in leaf.heard if at == inbox
        )

    await until(ended, what="the answer ends")
    return [data for at, data in leaf.heard if at == inbox]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_an_answer_goes_to_an_inbox_and_nowhere_else(
    scene: Attacked, member: TestNode, elsewhere: str
) -> None:
    """The hub's node service answers with its own permissions, which reach its streams."""
    before = await held(scene)
    question = page_request(scene.forger.name, 1, 0)
    async with as_member(scene.hub, member) as leaf:
        leaf.subscribe("fd.eu.pt.>")
        leaf.publish("ask.eu.pages", question, reply=elsewhere)
        leaf.publish("ask.eu.pages", b"", reply=elsewhere)
        # Questions are answered one after another.
        assert len(await asked(leaf, question)) == 2
    assert await held(scene) == before
    await scene.others_go_on()


@pytest.mark.parametrize("elsewhere", [*ELSEWHERE[:5], "ask.eu.pages"])
async def test_what_a_server_delivers_elsewhere_has_no_effect(
    scene: Attacked, member: TestNode, elsewhere: str
) -> None:
    """A consumer's answers and messages go where its maker wants, as nobody's requests."""
    before = await held(scene)
    made = f"$JS.eu.API.CONSUMER.CREATE.CONT_eu.{(name := new_id())}"
    config = {"name": name, "deliver_policy": "all", "ack_policy": "none", "mem_storage": True}
    body = json.dumps({"stream_name": "CONT_eu", "config": config}).encode()
    async with as_member(scene.hub, member) as leaf:
        leaf.publish(made, body, reply=elsewhere)
        leaf.publish(f"$JS.eu.API.CONSUMER.MSG.NEXT.CONT_eu.{name}", b"5", reply=elsewhere)
        await leaf.settled()
        leaf.subscribe("fd.eu.pt.>")
        assert len(await asked(leaf, page_request(scene.forger.name, 1, 0))) == 2
    assert await held(scene) == before
    await scene.others_go_on()


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"\xff",
        b"[" * 900,
        b'{"node":"fr","service":"directory","epoch":1,"after":0' + b" " * REQUEST_BYTES_MAX + b"}",
        b'{"node":"fr","service":"portal","epoch":1,"after":0}',
        b'{"node":"fr.>","service":"directory","epoch":1,"after":0}',
        b'{"node":">","service":"directory","epoch":1,"after":0}',
        b'{"node":"nobody","service":"directory","epoch":1,"after":0}',
        b'{"node":"fr","service":"directory","epoch":0,"after":0}',
        b'{"node":"fr","service":"directory","epoch":4294967296,"after":0}',
        b'{"node":"fr","service":"directory","epoch":1,"after":-1}',
        b'{"node":"fr","service":"directory","epoch":1,"after":1e400}',
        b'{"node":"fr","service":"directory","epoch":1,"after":0,"most":100000}',
        b'{"node":"fr","service":"directory","epoch":1,"after":0,"hops":-5}',
    ],
    ids=range(14),
)
async def test_a_question_that_is_none_has_an_empty_answer(
    scene: Attacked, member: TestNode, question: bytes
) -> None:
    async with as_member(scene.hub, member) as leaf:
        leaf.subscribe("fd.eu.pt.>")
        await leaf.settled()
        assert len(await asked(leaf, question)) == 1
        assert len(await asked(leaf, page_request(scene.forger.name, 1, 0))) == 2


async def test_a_private_log_is_no_answer_to_anything(scene: Attacked, member: TestNode) -> None:
    secret = TokenRevoked(token_id="heard at home only", expires=1)

    def tell(work: Work) -> None:
        work.announce(secret)

    await scene.hub_node.store.write(tell)
    asking = {"node": "eu", "service": "node", "epoch": 1, "after": 0, "log": "private"}
    async with as_member(scene.hub, member) as leaf:
        leaf.subscribe("fd.eu.pt.>")
        await leaf.settled()
        parts = await asked(leaf, json.dumps(asking).encode())
    assert any(b'"log":"public","node":"eu"' in part for part in parts)
    assert not any(b"heard at home only" in part for part in parts)
