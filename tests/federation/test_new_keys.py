"""A service gets a new key: nothing that is valid is lost, and the old key says nothing more."""

import pytest

from services.node import certificates
from shared.canonical import canonical, parse_canonical
from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.keys import SigningKey
from shared.log.door import KeyOutOfRange
from shared.log.names import LogName
from shared.log.page import SealedPage, sha256_hex, sign_page
from shared.subjects import Level
from tests.federation.association import hub_of, joined
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import until

NAME = LogName(NodeName("a"), ServiceName("node"), Log.PUBLIC)


async def next_page(service: TestNodeService, log: Log) -> tuple[int, int]:
    """Return the place of the page that comes next in a log of a node service."""
    desk = service.parts.host.desk
    head = await desk.store.read(desk.sealer.head_seen, log)
    return head.epoch, head.number + 1


async def pages_of(service: TestNodeService) -> list[SealedPage]:
    desk = service.parts.host.desk
    return list(await desk.store.read(desk.sealer.pages, Log.PUBLIC, epoch=1, after=0, most=100))


async def test_a_new_key_goes_on_where_the_old_one_ends_and_the_old_one_is_refused(
    new_node: NodeMaker,
) -> None:
    a = new_node("a")
    async with hub_of(new_node("eu", level=Level.CONTINENTAL)) as eu:
        await joined(eu, a)
        old = SigningKey.load(a.home.service_key("node"))
        desk = eu.service.parts.host.desk

        async def read_by_the_hub(number: int) -> None:
            async def so() -> bool:
                cursor = await desk.store.read(desk.cursors.load, NAME)
                return (cursor.epoch, cursor.number) >= (1, number)

            await until(so, what=f"the hub has read page {number} of a", timeout_s=20)

        async with TestNodeService(a) as at_a:
            await read_by_the_hub(1)
            begins = {log: await next_page(at_a, log) for log in Log}
        old_certificate = a.home.service_certificate("node").read_text("ascii").strip()
        new = certificates.replace(a.home, ServiceName("node"), begins=begins)
        assert new != old.public
        # Its description changes, so that it has something to tell at its next start.
        settings = a.home.settings().model_copy(update={"names": {"fr": "Réseau A"}})
        a.home.save_settings(settings)
        first = begins[Log.PUBLIC][1]
        async with TestNodeService(a) as at_a:
            await read_by_the_hub(first)
            pages = await pages_of(at_a)
        assert [page.number for page in pages] == list(range(1, len(pages) + 1))
        signers = [page.signature.partition(".")[0] for page in pages]
        assert signers == [old.public] * (first - 1) + [new] * (len(pages) - first + 1)
        # Whoever holds the old key can sign a page that follows, and nobody takes it.
        follows = parse_canonical(pages[-1].data) | {"number": len(pages) + 1}
        data = canonical(follows)
        with pytest.raises(KeyOutOfRange):
            desk.door.check(
                data,
                signature=sign_page(sha256_hex(data), old),
                certificate=old_certificate,
                expected=NAME,
            )
