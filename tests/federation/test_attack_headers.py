"""What stands beside a page: headers are anyone's words, and nobody is stopped by them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.desks import TestDesk
from tests.federation.attacked import Attacked, attacked, refusals
from tests.federation.forging import DishonestHub, changed, raw_client
from tests.nodes import publish, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attacked]:
    async with attacked(tmp_path_factory.mktemp("headers")) as federation:
        yield federation


@pytest.mark.parametrize(
    "header",
    [
        {"Nats-Subject": "fed.eu.es.directory.pages"},
        {"Status": "409", "Description": "Consumer Deleted"},
        {"Status": "100", "Description": "Idle Heartbeat"},
        {"Status": "503"},
        {"Nats-Sequence": "1", "Nats-Stream": "IN_es"},
        {"Twiza-Part": "end", "Twiza-Subject": "fed.eu.es.directory.pages"},
    ],
    ids=lambda header: next(iter(header)),
)
async def test_a_page_with_words_of_the_server_is_a_page_like_any_other(
    scene: Attacked, header: dict[str, str]
) -> None:
    name, before = f"beside it {header}", await scene.counts()
    page = scene.forger.signed(scene.forger.page(scene.forger.listed(name)))
    await publish(scene.fr, "directory", page.data, page.headers | header)
    scene.forger.follow(page)
    await scene.know(name)
    await scene.others_go_on()
    assert await scene.counts() == before


@pytest.mark.parametrize(
    "block",
    [
        b"x",
        b"NATS/1.0",
        b"NATS/1.0 12\r\n",
        b"NATS/1.0 409 Consumer Deleted\r\n\r\n",
        b"NATS/1.0 \xff\xfe\xff x\r\n\r\n",
        b"NATS/1.0\r\nTwiza-Sig: \xff\xfe\r\nTwiza-Cert: \xff\r\n\r\n",
        b"NATS/1.0\r\nTwiza-Sig: a\x00b\r\nTwiza-Cert: \x00\r\n\r\n",
        b"NATS/1.0\r\nTwiza-Sig: " + b"y" * 60_000 + b"\r\n\r\n",
        b"NATS/1.0\r\n" + b"Twiza-Sig: y\r\n" * 4_000 + b"\r\n",
    ],
    ids=lambda block: ascii(block[:24]),
)
async def test_headers_that_nobody_can_read_are_none(scene: Attacked, block: bytes) -> None:
    before = await scene.counts()
    page = scene.forger.signed(scene.forger.page(scene.forger.listed()))
    async with raw_client(scene.fr, "directory") as send:
        await send(block, page.data)
        await scene.refused(before, "bad-certificate")
    await scene.others_go_on()


@pytest.mark.parametrize(
    "reason", ["bad-certificate", "unsigned"], ids=lambda reason: f"a long {reason}"
)
async def test_a_signature_is_written_in_one_way_only(scene: Attacked, reason: str) -> None:
    before, page = await scene.counts(), scene.forger.signed(scene.forger.page())
    signature, certificate = page.signature, page.certificate
    other = {
        # The decoder of the library passes over what is no letter of its alphabet.
        "unsigned": changed(page, signature=signature[:-4] + "!" * 50_000 + signature[-4:]),
        "bad-certificate": changed(page, certificate=f"{certificate[:-4]}!!{certificate[-4:]}"),
    }[reason]
    await scene.forger.send(other)
    await scene.refused(before, reason)
    await scene.others_go_on()


async def test_a_service_cannot_deafen_its_siblings(scene: Attacked) -> None:
    async with TestDesk(scene.fr, "governance") as sibling:
        async with raw_client(scene.fr, "directory") as send:
            for block in (b"x", b"NATS/1.0 \xff\xfe\xff x\r\n\r\n", b"NATS/1.0 409 Gone\r\n\r\n"):
                await send(block, b"nothing")
        await scene.forger.tell(scene.forger.listed("told to its siblings"))

        async def knows() -> bool:
            return await sibling.knows("told to its siblings")

        await until(knows, what="the sibling reads on")
        assert (await refusals(sibling))["fr", "bad-certificate"] >= 3


async def test_a_hub_cannot_deafen_those_below_it(scene: Attacked) -> None:
    hub = await DishonestHub.of(scene.hub)
    before = await scene.counts()
    # As UTF-8 this is one byte too short, and no text.
    async with raw_client(scene.hub, "node", subject=b"made.up.\xff\xfe.directory.pages") as send:
        await send(b"NATS/1.0\r\n\r\n", b"nothing")
    await hub.say("nobody.directory", b"nothing")
    await scene.others_go_on()
    await scene.forger.tell(scene.forger.listed("after what the hub said"))
    await scene.know("after what the hub said")
    assert await scene.counts() == before, "pages of a node that nobody knows are held"
