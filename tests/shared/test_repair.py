"""What a log lacks is found and fetched, and the watch sees what no gap shows."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from shared.bus import BusUnreachable, Delivered
from shared.bus_memory import MemoryBus, MemoryServer
from shared.contracts.node import HeadsAnnounced
from shared.ids import NodeName
from shared.log.cursors import EQUIVOCATION, LogState
from shared.log.names import LogName
from shared.log.page import SealedPage
from shared.log.repair import Fetch, ask_hub
from shared.subjects import ask_subject, federated_subject, in_stream
from tests.nodes import until
from tests.shared.peers import Peer, told_by
from tests.shared.readers import HUB, Reader, fetch_from, fetch_nothing

fr, es = Peer("fr"), Peer("es")
FR_NODE = Peer("fr", "node")
PAGES = fr.history(6)


@asynccontextmanager
async def reading(tmp_path: Path, fetch: Fetch, *, watch_s: float = 0.0) -> AsyncIterator[Reader]:
    """Open a reader that repairs from a holder."""
    url = f"sqlite:///{tmp_path / 'reader.db'}"
    async with Reader(url, fr, es, fetch=fetch, watch_s=watch_s) as reader:
        yield reader


def holding(*pages: SealedPage) -> Fetch:
    """Return the fetch of a holder of fr's pages."""
    return fetch_from([(fr.name, page) for page in pages])


def heads(*pages: SealedPage, revision: int = 1, service: str = "directory") -> HeadsAnnounced:
    """Return what fr's node service says of where its logs stand."""
    return HeadsAnnounced.model_validate(
        {
            "node": "fr",
            "revision": revision,
            "heads": [
                {"service": service, "epoch": p.epoch, "number": p.number, "hash": p.sha256}
                for p in pages
            ],
        }
    )


async def test_a_gap_is_closed_by_asking_the_hub(tmp_path: Path) -> None:
    server, asked = MemoryServer("souss"), list[dict[str, object]]()

    async def answer(data: bytes) -> AsyncGenerator[Delivered, None]:
        question = orjson.loads(data)
        asked.append(question)
        for page in PAGES[question["after"] :]:
            yield Delivered(0, "", page.data, page.headers)

    hub = MemoryBus(server)
    await hub.serve(ask_subject("eu"), answer)
    async with reading(tmp_path, ask_hub(MemoryBus(server), NodeName("eu"))) as reader:
        await reader.take(fr, PAGES[0], PAGES[4])
        assert await reader.desk.repairer.round() > 0
        assert await reader.state() == told_by(PAGES)
        assert (await reader.cursor(fr)).state is LogState.OPEN
        assert asked == [{"node": "fr", "service": "directory", "epoch": 1, "after": 1, "most": 64}]
        assert await reader.desk.repairer.round() == 0
        assert len(asked) == 1


async def test_a_gap_closes_by_itself_while_the_repair_runs(tmp_path: Path) -> None:
    async with reading(tmp_path, holding(*PAGES)) as reader:
        running = asyncio.create_task(reader.desk.repairer.run())
        await reader.take(fr, PAGES[0], PAGES[5])

        async def closed() -> bool:
            return (await reader.cursor(fr)).number == 6

        assert await until(closed, what="the gap is closed") < 1.5, "it does not wait for its turn"
        running.cancel()


async def test_a_hub_that_is_silent_is_asked_again(tmp_path: Path) -> None:
    silent, answers = True, holding(*PAGES)

    async def fetch(name: LogName, epoch: int, after: int) -> AsyncGenerator[Delivered, None]:
        if silent:
            raise BusUnreachable("silent")
        async for page in answers(name, epoch, after):
            yield page

    async with reading(tmp_path, fetch) as reader:
        await reader.take(fr, PAGES[0], PAGES[5])
        assert await reader.desk.repairer.round() == 0
        assert (await reader.cursor(fr)).state is LogState.GAP
        silent = False
        assert await reader.desk.repairer.round() > 0
        assert (await reader.cursor(fr)).number == 6


async def test_what_came_before_the_hub_fell_silent_counts(tmp_path: Path) -> None:
    async def fetch(name: LogName, epoch: int, after: int) -> AsyncGenerator[Delivered, None]:
        yield Delivered(0, "", PAGES[1].data, PAGES[1].headers)
        raise BusUnreachable("silent now")

    async with reading(tmp_path, fetch) as reader:
        await reader.take(fr, PAGES[0], PAGES[5])
        assert await reader.desk.repairer.round() == 1
        assert (await reader.cursor(fr)).number == 2


async def test_what_a_holder_invents_is_not_believed(tmp_path: Path) -> None:
    thief = Peer("fr")
    thief.key = es.key
    forged = thief.history(6, label="forged ")

    async def fetch(name: LogName, epoch: int, after: int) -> AsyncGenerator[Delivered, None]:
        for page in (*forged, es.history(1)[0], fr.signed(b"rubbish", key=es.root)):
            yield Delivered(0, "", page.data, page.headers | {"Twiza-Cert": fr.certificate()})
        yield Delivered(0, "", b"", {})

    async with reading(tmp_path, fetch) as reader:
        await reader.take(fr, PAGES[0], PAGES[5])
        assert await reader.desk.repairer.round() == 0
        cursor = await reader.cursor(fr)
        assert (cursor.number, cursor.state) == (1, LogState.GAP)
        assert await reader.state() == told_by(PAGES[:1])


async def test_a_reader_without_a_hub_asks_nobody(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'reader.db'}"
    async with Reader(url, hub=None) as reader:
        assert await reader.desk.repairer.round() == 0


async def tell(reader: Reader, *events: HeadsAnnounced) -> None:
    """Have fr's node service tell of its heads."""
    last = (await reader.cursor(FR_NODE)).number
    after = FR_NODE.telling(None, *events) if not last else None
    for event in events if after is None else ():
        before = await reader.store.read(reader.desk.cursors.all_pages, FR_NODE.name)
        after = FR_NODE.telling(before[-1], event)
    assert after is not None
    await reader.take(FR_NODE, after)


async def test_a_head_that_is_ahead_is_fetched(tmp_path: Path) -> None:
    async with reading(tmp_path, holding(*PAGES)) as reader:
        await reader.take(fr, *PAGES[:2])
        await tell(reader, heads(PAGES[5]))
        assert await reader.desk.repairer.round() == 4
        assert await reader.state() == told_by(PAGES)
        assert await reader.desk.repairer.round() == 0


async def test_a_log_of_which_nothing_was_heard_is_fetched_for_its_head(tmp_path: Path) -> None:
    async with reading(tmp_path, holding(*PAGES)) as reader:
        await tell(reader, heads(PAGES[5]))
        assert await reader.desk.repairer.round() == 6


async def test_a_head_may_be_ahead_for_a_while(tmp_path: Path) -> None:
    async with reading(tmp_path, holding(*PAGES), watch_s=0.15) as reader:
        await reader.take(fr, *PAGES[:2])
        await tell(reader, heads(PAGES[5]))
        assert await reader.desk.repairer.round() == 0
        await asyncio.sleep(0.1)
        # It moves: its stream is only busy.
        await reader.take(fr, PAGES[2])
        assert await reader.desk.repairer.round() == 0
        await asyncio.sleep(0.1)
        assert await reader.desk.repairer.round() == 0
        await asyncio.sleep(0.1)
        assert await reader.desk.repairer.round() == 3


async def test_a_log_that_nobody_can_complete_has_stalled(tmp_path: Path) -> None:
    stalled: list[LogName] = []

    async def note(name: LogName) -> None:
        stalled.append(name)

    async with reading(tmp_path, fetch_nothing) as reader:
        reader.desk.repairer.on_stall(note)
        await reader.take(fr, *PAGES[:2])
        await tell(reader, heads(PAGES[1]))
        await reader.desk.repairer.round()
        assert stalled == []
        await tell(reader, heads(PAGES[5], revision=2))
        await reader.desk.repairer.round()
        assert stalled == [fr.name]


async def test_of_heads_the_newest_word_counts(tmp_path: Path) -> None:
    async with reading(tmp_path, holding(*PAGES)) as reader:
        await tell(reader, heads(PAGES[1], revision=5))
        await tell(reader, heads(PAGES[5], revision=4))
        assert await reader.desk.repairer.round() == 6
        [row] = await reader.rows("announced_head")
        assert (row["number"], row["revision"]) == (2, 5)


async def test_a_head_of_a_log_that_is_not_followed_is_nobodys_concern(tmp_path: Path) -> None:
    async with reading(tmp_path, holding(*PAGES)) as reader:
        await tell(reader, heads(PAGES[5], service="exchange"))
        assert await reader.desk.repairer.round() == 0


async def test_a_head_with_another_hash_quarantines_its_log(tmp_path: Path) -> None:
    other = fr.history(3, label="other ")
    async with reading(tmp_path, holding(*PAGES)) as reader:
        await reader.take(fr, *PAGES)
        await tell(reader, heads(PAGES[2]))
        await reader.desk.repairer.round()
        assert (await reader.cursor(fr)).state is LogState.OPEN
        await tell(reader, heads(other[2], revision=2))
        for _ in range(2):
            await reader.desk.repairer.round()
        cursor = await reader.cursor(fr)
        assert (cursor.state, cursor.reason) == (LogState.QUARANTINED, EQUIVOCATION)
        [told] = [e["data"] for e in await reader.told() if "log.quarantined" in e["type"]]
        assert (told["first_hash"], told["second_hash"]) == (PAGES[2].sha256, other[2].sha256)


async def test_a_head_of_a_branch_that_was_left_begins_no_quarantine(tmp_path: Path) -> None:
    wrong = fr.history(2, after=PAGES[1], label="wrong ")
    first = fr.reopening(PAGES[3])
    async with reading(tmp_path, holding(*PAGES[:4], first)) as reader:
        await reader.take(fr, *PAGES[:2], *wrong)
        await tell(reader, heads(wrong[1]))
        await reader.take(fr, first)
        for _ in range(5):
            await reader.desk.repairer.round()
        cursor = await reader.cursor(fr)
        assert (cursor.epoch, cursor.number, cursor.state) == (2, 1, LogState.OPEN)


async def test_a_sibling_that_goes_on_two_epochs_later_is_found_by_its_head(
    tmp_path: Path,
) -> None:
    own, own_node = Peer("souss"), Peer("souss", "node")
    pages = own.history(2)
    second = own.reopening(pages[-1])
    pages += [second, *own.history(1, after=second)]
    pages += [own.reopening(pages[-1], epoch=3)]
    url = f"sqlite:///{tmp_path / 'reader.db'}"
    async with Reader(
        url,
        me=Peer("souss", "exchange"),
        siblings=(own, own_node),
        fetch_sibling=fetch_from([(own.name, page) for page in pages]),
        watch_s=0.0,
    ) as reader:
        await reader.take(own, *pages[:2])
        told = heads(pages[-1]).model_copy(update={"node": "souss"})
        await reader.take(own_node, own_node.telling(None, told))
        assert await reader.desk.repairer.round() == 3
        assert (await reader.cursor(own)).epoch == 3
        assert await reader.state() == told_by(pages)


async def test_the_head_of_ones_own_log_is_no_concern_of_the_repair(tmp_path: Path) -> None:
    async with reading(tmp_path, holding(*PAGES)) as reader:
        own_node = Peer("souss", "node")
        told = heads(PAGES[-1]).model_copy(update={"node": "souss"})
        await reader.take(own_node, own_node.telling(None, told))
        assert len(await reader.rows("announced_head")) == 1
        assert await reader.desk.repairer.round() == 0


@asynccontextmanager
async def following(tmp_path: Path, server: MemoryServer) -> AsyncIterator[Reader]:
    """Open a reader that follows its node's ``IN``."""
    async with Reader(f"sqlite:///{tmp_path / 'reader.db'}", fr, es, fed=server) as reader:
        inbox = reader.desk.inbox
        task = asyncio.create_task(inbox.follow_federation(reader.bus, [fr.service, HUB.service]))
        try:
            yield reader
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def bring(server: MemoryServer, peer: Peer, pages: Sequence[SealedPage]) -> None:
    """Have pages come into the reader's ``IN``, as they come from its hub."""
    subject = federated_subject(peer.continent, peer.node, peer.service)
    for page in pages:
        server.add(in_stream("souss"), subject, page.data, page.headers)


async def knows(reader: Reader, *pages: SealedPage) -> None:
    """Wait until a reader knows what pages tell, and nothing else."""

    async def so() -> bool:
        return await reader.state() == told_by(pages)

    await until(so, what="the reader knows all")


async def test_a_reader_goes_on_where_it_was(tmp_path: Path) -> None:
    server = MemoryServer("souss")
    server.create(in_stream("souss"))
    bring(server, fr, PAGES[:3])
    async with following(tmp_path, server) as reader:
        await knows(reader, *PAGES[:3])
    bring(server, fr, PAGES[3:])
    async with following(tmp_path, server) as reader:
        await knows(reader, *PAGES)
        times = await reader.rows("note")
        assert {row["times"] for row in times} == {1}


async def test_a_stream_that_was_made_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    server, others = MemoryServer("souss"), es.history(2)
    server.create(in_stream("souss"))
    bring(server, fr, PAGES[:5])
    async with following(tmp_path, server) as reader:
        await knows(reader, *PAGES[:5])
        server.delete(in_stream("souss"))
        server.create(in_stream("souss"))
        bring(server, es, others)
        bring(server, fr, PAGES)
        await knows(reader, *PAGES, *others)


async def test_a_stream_that_lost_its_tail_is_read_again(tmp_path: Path) -> None:
    server, others = MemoryServer("souss"), es.history(3)
    server.create(in_stream("souss"))
    bring(server, fr, PAGES[:5])
    async with following(tmp_path, server) as reader:
        await knows(reader, *PAGES[:5])
    server.truncate(in_stream("souss"), 2)
    # Other pages come to lie under the numbers that were read before.
    bring(server, es, others[:2])
    async with following(tmp_path, server) as reader:
        await knows(reader, *PAGES[:5], *others[:2])
        bring(server, es, others[2:])
        await knows(reader, *PAGES[:5], *others)


async def test_a_cut_is_survived_by_reading_on(tmp_path: Path) -> None:
    server = MemoryServer("souss")
    server.create(in_stream("souss"))
    async with following(tmp_path, server) as reader:
        for number, page in enumerate(PAGES):
            bring(server, fr, [page])
            if number % 2:
                reader.bus.cut()
                await asyncio.sleep(0)
                await reader.bus.heal()
        await knows(reader, *PAGES)


@pytest.mark.parametrize("subject", ["fed.eu.fr.directory", "fr.directory.pages", "x.y"])
async def test_a_message_under_a_subject_of_no_log_is_passed_over(
    tmp_path: Path, subject: str
) -> None:
    server = MemoryServer("souss")
    server.create(in_stream("souss"))
    async with following(tmp_path, server) as reader:
        server.add(in_stream("souss"), subject, PAGES[0].data, PAGES[0].headers)
        bring(server, fr, PAGES[:1])
        await knows(reader, PAGES[0])
