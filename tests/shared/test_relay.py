"""What was committed is told once and in order, whatever becomes of the stream meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.bus_memory import MemoryServer
from shared.events import Log
from shared.log.page import NO_PAGE, PAGE_BYTES_MAX, PAGE_EVENTS_MAX, parse_page
from shared.log.relay import RETRY_MOST_S, SEALED_AHEAD_MAX
from shared.store import Work
from tests.nodes import until
from tests.shared.peers import Peer
from tests.shared.tellers import ME, Teller, names_in, names_of, telling


@pytest.fixture
async def teller(tmp_path: Path) -> AsyncIterator[Teller]:
    """A service that tells; its relays are started by the test."""
    async with telling(f"sqlite:///{tmp_path / 'teller.db'}") as teller:
        yield teller


async def test_what_is_told_lies_in_the_stream_under_its_pages_number(teller: Teller) -> None:
    teller.run(teller.relay())
    for number in range(20):
        await teller.tell(str(number))
    await teller.published()
    assert names_of(await teller.require_whole()) == teller.told
    assert {message.subject for message in teller.server.stored(teller.stream())} == {
        "directory.pages"
    }


async def test_what_was_told_before_the_relay_began_is_told_by_it(teller: Teller) -> None:
    await teller.tell(*(str(number) for number in range(300)))
    assert await teller.store.write(teller.sealer.seal, Log.PUBLIC) is not None
    await teller.tell("one more")
    teller.run(teller.relay())
    await teller.published()
    assert names_of(await teller.require_whole()) == teller.told


async def test_the_private_log_has_its_own_stream(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'teller.db'}"
    async with telling(url, log=Log.PRIVATE) as teller:
        teller.run(teller.relay())
        await teller.tell("secret")
        await teller.published()
        await teller.require_whole()
        assert teller.stream() == "PRIV_fr_directory"


async def test_many_writers_are_told_each_in_order(teller: Teller) -> None:
    teller.run(teller.relay())

    async def write(writer: int) -> None:
        for number in range(30):
            await teller.tell(*(f"{writer}-{number}-{at}" for at in range(number % 3 + 1)))

    await asyncio.gather(*(write(writer) for writer in range(8)))
    await teller.published()
    names = names_of(await teller.require_whole())
    for writer in range(8):
        own = [name for name in names if name.startswith(f"{writer}-")]
        assert own == [name for name in teller.told if name.startswith(f"{writer}-")]


async def test_one_unit_may_tell_more_than_waits_in_memory(teller: Teller) -> None:
    teller.run(teller.relay())
    await teller.tell("first")
    await teller.published()
    await teller.tell(*(str(number) for number in range((SEALED_AHEAD_MAX + 4) * PAGE_EVENTS_MAX)))
    await teller.published()
    pages = await teller.require_whole()
    assert names_of(pages) == teller.told
    assert max(len(parse_page(page.data).events) for page in pages) == PAGE_EVENTS_MAX


async def test_pages_are_at_most_512_kb_long(teller: Teller) -> None:
    teller.run(teller.relay())
    long = "x" * 100_000
    for _ in range(3):
        await teller.store.write(announce_long, long)

    async def all_there() -> bool:
        return sum(len(m.data) for m in teller.server.stored(teller.stream())) > 2_400_000

    await until(all_there, what="all is published")
    assert all(len(m.data) <= PAGE_BYTES_MAX for m in teller.server.stored(teller.stream()))
    assert len(teller.server.stored(teller.stream())) <= 9


def announce_long(work: Work, text: str) -> None:
    """Tell of eight long things."""
    for at in range(8):
        work.announce_again(Log.PUBLIC, f"{work.moment} {at}", b'{"a":"%s"}' % text.encode())


async def test_under_load_pages_hold_several_events(teller: Teller) -> None:
    teller.run(teller.relay())

    async def write(writer: int) -> None:
        for number in range(50):
            await teller.tell(f"{writer}-{number}")

    await asyncio.gather(*(write(writer) for writer in range(4)))
    await teller.published()
    assert len(await teller.require_whole()) < 100


@pytest.mark.parametrize("what", ["acknowledgements", "messages"])
async def test_what_is_lost_on_the_way_is_told_once(teller: Teller, what: str) -> None:
    teller.run(relay := teller.relay())
    await teller.tell("first")
    await teller.published()
    for round_ in range(3):
        teller.buses[0].lose(**{what: 1})
        for number in range(5):
            await teller.tell(f"{round_}-{number}")
        await teller.published()
    assert names_of(await teller.require_whole()) == teller.told

    async def no_trouble() -> bool:
        return relay.state.trouble == "" and relay.state.published == (
            1, len(teller.server.stored(teller.stream()))
        )  # fmt: skip

    await until(no_trouble, what="the relay shows no trouble any more")


async def test_the_last_acknowledgement_may_be_lost(teller: Teller) -> None:
    teller.run(relay := teller.relay())
    await teller.tell("first")
    await teller.published()
    teller.buses[0].lose(acknowledgements=1)
    await teller.tell("last")

    async def known() -> bool:
        return relay.state.published == (1, 2) and relay.state.trouble == ""

    await until(known, what="the relay finds the page in the stream")
    await teller.require_whole()


async def test_after_many_troubles_that_were_overcome_the_next_one_costs_little(
    teller: Teller,
) -> None:
    teller.run(teller.relay())
    began = asyncio.get_running_loop().time()
    for number in range(12):
        teller.buses[0].lose(acknowledgements=1)
        await teller.tell(str(number))
        await teller.published()
        await teller.tell(f"after {number}")
        await teller.published()
    assert asyncio.get_running_loop().time() - began < 5 * RETRY_MOST_S
    await teller.require_whole()


async def test_two_relays_at_once_do_no_harm(tmp_path: Path) -> None:
    url, server = f"sqlite:///{tmp_path / 'teller.db'}", MemoryServer("fr")
    async with telling(url, server=server) as one, telling(url, server=server) as other:
        one.run(one.relay())
        other.run(other.relay())
        for number in range(40):
            await (one if number % 2 else other).tell(str(number))
            await asyncio.sleep(0.002)
        one.told += other.told
        await one.published(timeout_s=20)
        await one.require_whole()


async def test_a_stream_that_lost_its_tail_is_filled_with_the_same_pages(teller: Teller) -> None:
    teller.run(teller.relay())
    for number in range(10):
        await teller.tell(str(number))
    await teller.published()
    before = teller.server.stored(teller.stream())
    teller.server.truncate(teller.stream(), 4)
    await teller.tell("after")
    await teller.published()
    assert teller.server.stored(teller.stream())[: len(before)] == before
    await teller.require_whole()


async def test_an_idle_relay_fills_the_stream_when_the_connection_is_back(teller: Teller) -> None:
    teller.run(teller.relay())
    for number in range(5):
        await teller.tell(str(number))
    await teller.published()
    teller.buses[0].cut()
    teller.server.truncate(teller.stream(), 2)
    await teller.buses[0].heal()
    await teller.published()
    await teller.require_whole()


async def test_a_stream_that_is_gone_is_filled_from_page_1(teller: Teller) -> None:
    teller.run(relay := teller.relay())
    for number in range(5):
        await teller.tell(str(number))
    await teller.published()
    teller.server.delete(teller.stream())
    await teller.tell("waits")

    async def waits() -> bool:
        return relay.state.trouble == "no-stream"

    await until(waits, what="the relay waits for a stream")
    teller.server.create(teller.stream())
    await teller.published()
    await teller.require_whole()


async def test_a_full_stream_is_waited_for(teller: Teller) -> None:
    teller.run(relay := teller.relay())
    await teller.tell("first")
    await teller.published()
    teller.server.set_limit(teller.stream(), 1)
    for number in range(10):
        await teller.tell(str(number))

    async def waits() -> bool:
        return relay.state.trouble == "stream-full"

    await until(waits, what="the relay waits for room")
    assert len(teller.server.stored(teller.stream())) == 1
    teller.server.set_limit(teller.stream(), None)
    await teller.published()
    assert names_of(await teller.require_whole()) == teller.told
    assert relay.state.trouble == ""


async def test_a_stream_with_more_pages_than_the_table_means_that_the_log_is_rewound(
    teller: Teller,
) -> None:
    await teller.tell("ours")
    await teller.store.write(teller.sealer.seal, Log.PUBLIC)
    theirs = ME.history(2)
    for page in theirs:
        teller.server.add(teller.stream(), "directory.pages", page.data, page.headers)
    await teller.tell("not sealed any more")
    teller.run(teller.relay())
    await reopened(teller)
    assert "page 2" in teller.reopenings[0]
    assert len(await teller.pages()) == 1
    assert await teller.waiting() == 1


async def reopened(teller: Teller) -> None:
    """Wait until a new epoch has been asked for."""

    async def asked() -> bool:
        return bool(teller.reopenings)

    await until(asked, what="a new epoch is asked for")


async def test_other_bytes_in_the_stream_mean_that_the_log_is_rewound(teller: Teller) -> None:
    for name in ("one", "two"):
        await teller.tell(name)
        await teller.store.write(teller.sealer.seal, Log.PUBLIC)
    ours = await teller.pages()
    for page in (ours[0], Peer("fr").history(1, after=ours[0])[0]):
        teller.server.add(teller.stream(), "directory.pages", page.data, page.headers)
    teller.run(teller.relay())
    await reopened(teller)
    assert "other bytes" in teller.reopenings[0]


async def test_while_it_runs_a_relay_notices_another_writer_of_its_stream(
    teller: Teller,
) -> None:
    teller.run(teller.relay())
    await teller.tell("one")
    await teller.published()
    [first] = await teller.pages()
    page = Peer("fr").history(1, after=first)[0]
    teller.server.add(teller.stream(), "directory.pages", page.data, page.headers)
    await teller.tell("two")
    await reopened(teller)


async def test_nothing_is_sealed_before_the_witness_has_answered(teller: Teller) -> None:
    teller.onlooker.may_answer.clear()
    teller.run(relay := teller.relay())
    await teller.tell("one")
    await teller.tell(*(str(number) for number in range(300)))
    await asyncio.sleep(0.1)
    assert await teller.pages() == []
    assert await teller.waiting() == 301
    teller.onlooker.may_answer.set()
    await teller.published()
    await teller.require_whole()
    assert relay.state.witnessed


async def test_a_log_that_nobody_witnesses_goes_on_and_says_so(teller: Teller) -> None:
    teller.onlooker.known = False
    teller.run(relay := teller.relay())
    await teller.tell("one")
    await teller.published()
    assert not relay.state.witnessed
    assert relay.state.published == (1, 1)


async def test_after_a_cut_the_witness_is_asked_again_before_anything_is_sealed(
    teller: Teller,
) -> None:
    teller.run(teller.relay())
    await teller.tell("before")
    await teller.published()
    asked = teller.onlooker.asked
    teller.buses[0].cut()
    await asyncio.sleep(0.05)
    teller.onlooker.may_answer.clear()
    await teller.buses[0].heal()

    async def asked_again() -> bool:
        return teller.onlooker.asked > asked

    await until(asked_again, what="the witness is asked again")
    sealed = len(await teller.pages())
    await teller.tell("after")
    await asyncio.sleep(0.1)
    assert len(await teller.pages()) == sealed
    teller.onlooker.may_answer.set()
    await teller.published()
    await teller.require_whole()


async def test_what_the_witness_knows_better_opens_a_new_epoch(teller: Teller) -> None:
    teller.onlooker.rewound = "the hub has page 9"

    async def reopen(_: object, reason: str) -> None:
        teller.reopenings.append(reason)
        teller.onlooker.rewound = None
        teller.server.create(teller.stream(2))
        await teller.store.write(open_next)

    def open_next(work: Work) -> None:
        teller.sealer.open_epoch(work, Log.PUBLIC, epoch=2, first=b'{"opened":1}')

    await teller.tell("waits")
    teller.run(relay := teller.relay(reopen))

    async def goes_on() -> bool:
        return relay.state.published == (2, 2)

    await until(goes_on, what="the log goes on in a new epoch")
    assert teller.reopenings == ["the hub has page 9"]
    first, second = (parse_page(m.data) for m in teller.server.stored(teller.stream(2)))
    assert (first.epoch, first.number, first.prev) == (2, 1, NO_PAGE)
    assert first.events == [{"opened": 1}]
    assert [event["data"]["profile"]["name"] for event in second.events] == ["waits"]
    assert teller.server.stored(teller.stream()) == []


async def test_a_relay_follows_another_one_into_a_new_epoch(teller: Teller) -> None:
    teller.run(teller.relay())
    for number in range(5):
        await teller.tell(str(number))
    await teller.published()
    teller.server.create(teller.stream(2))

    def open_next(work: Work) -> None:
        teller.sealer.open_epoch(work, Log.PUBLIC, epoch=2, first=b'{"opened":1}')

    # Another process of this service has done it: nobody tells this relay.
    await teller.store.write(open_next)
    await teller.tell("of the new epoch")
    await teller.tell("of it, too")

    async def goes_on() -> bool:
        stored = teller.server.stored(teller.stream(2))
        return sum(len(parse_page(message.data).events) for message in stored) == 3

    await until(goes_on, what="the new epoch is told")
    assert len(teller.server.stored(teller.stream())) <= 5


class Faults:
    """What befalls a relay and its stream, drawn by a test."""

    KINDS = ("tell", "tell many", "lose ack", "lose message", "truncate", "gone", "cut", "again")

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self._count = 0

    async def befall(self, kind: str) -> None:
        """Have something happen."""
        teller, stream = self.teller, self.teller.stream()
        if kind == "tell":
            self._count += 1
            await teller.tell(f"{self._count}")
        elif kind == "tell many":
            self._count += 1
            await teller.tell(*(f"{self._count}-{at}" for at in range(200)))
        elif kind == "lose ack":
            teller.buses[-1].lose(acknowledgements=1)
        elif kind == "lose message":
            teller.buses[-1].lose(messages=1)
        elif kind == "truncate":
            teller.server.truncate(stream, len(teller.server.stored(stream)) // 2)
        elif kind == "gone":
            teller.server.delete(stream)
            teller.server.create(stream)
        elif kind == "cut":
            teller.buses[-1].cut()
            await asyncio.sleep(0.001)
            await teller.buses[-1].heal()
        else:
            await teller.rest()
            teller.run(teller.relay())


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(faults=st.lists(st.sampled_from(Faults.KINDS), min_size=3, max_size=12), data=st.data())
async def test_whatever_befalls_it_the_stream_becomes_the_page_table(
    tmp_path_factory: pytest.TempPathFactory, faults: list[str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("faults")
    async with telling(f"sqlite:///{folder / 'teller.db'}") as teller:
        teller.run(teller.relay())
        happening = Faults(teller)
        for kind in faults:
            await happening.befall(kind)
            await asyncio.sleep(data.draw(st.sampled_from((0, 0.001, 0.02))))
        # The next event, or the next connection, shows what the stream lacks.
        await teller.tell("last")
        await teller.published(timeout_s=20)
        assert names_of(await teller.require_whole()) == teller.told


async def test_a_relay_that_is_stopped_leaves_nothing_behind(teller: Teller) -> None:
    teller.run(teller.relay())
    await teller.tell("one")
    await teller.published()
    await teller.rest()
    await teller.tell("later")
    await asyncio.sleep(0.05)
    stored = teller.server.stored(teller.stream())
    assert [name for message in stored for name in names_in(message.data)] == ["one"]
    teller.run(teller.relay())
    await teller.published()
    await teller.require_whole()
