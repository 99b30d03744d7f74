"""What the bus promises, in memory and over real nats-servers alike."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest
import pytest_asyncio

from shared.bus import (
    Bus,
    BusUnreachable,
    Delivered,
    Feed,
    NoStream,
    StreamFull,
    WrongLast,
)
from shared.bus_memory import MemoryBus, MemoryServer, covers
from shared.ids import new_id
from tests.nodes import until
from tests.shared.buses import GATHERED, MemoryWorld, NatsWorld, World

# The servers stand for the whole module: each test takes streams of its own.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["memory", "nats"])
async def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Each world in turn."""
    if request.param == "memory":
        yield MemoryWorld()
    else:
        async with NatsWorld(tmp_path_factory.mktemp("servers")) as nats:
            yield nats


async def put(bus: Bus, stream: str, *bodies: bytes, after: int = 0, tail: str = "pages") -> None:
    """Publish some messages."""
    for number, body in enumerate(bodies, after):
        await bus.publish(
            stream, f"{stream}.{tail}", body, headers={"Twiza-Sig": "x"}, expected_last=number
        )


async def read(feed: Feed, wanted: int) -> list[Delivered]:
    """Read so many messages, and see that no more come with them."""
    found: list[Delivered] = []
    while len(found) < wanted:
        messages = await feed.batch(5)
        assert messages, f"{len(found)} of {wanted}"
        found += messages
    assert len(found) == wanted
    return found


async def test_what_is_published_lies_under_its_number_with_its_headers(world: World) -> None:
    stream = await world.create()
    await put(world.bus, stream, b"one", b"two")
    found = await world.bus.message(stream, 2)
    assert found is not None
    assert (found.seq, found.subject, found.data) == (2, f"{stream}.pages", b"two")
    assert found.headers["Twiza-Sig"] == "x"
    state = await world.other.state(stream)
    assert (state.first, state.last) == (1, 2)
    assert await world.bus.message(stream, 3) is None


async def test_a_new_stream_is_empty(world: World) -> None:
    assert (await world.bus.state(await world.create())).last == 0


@pytest.mark.parametrize("expected_last", [0, 1, 3])
async def test_another_number_than_the_next_is_refused(world: World, expected_last: int) -> None:
    stream = await world.create()
    await put(world.bus, stream, b"one", b"two")
    with pytest.raises(WrongLast):
        await put(world.bus, stream, b"no", after=expected_last)
    assert (await world.bus.state(stream)).last == 2


async def test_of_two_who_publish_the_same_number_one_succeeds(world: World) -> None:
    stream = await world.create()
    for number in range(10):
        answers = await asyncio.gather(
            put(world.bus, stream, b"bus", after=number),
            put(world.other, stream, b"other", after=number),
            return_exceptions=True,
        )
        refused = [answer for answer in answers if answer is not None]
        assert [type(answer) for answer in refused] == [WrongLast]
    assert (await world.bus.state(stream)).last == 10


async def test_a_stream_that_is_not_there_is_said(world: World) -> None:
    nowhere = f"NOWHERE{new_id()}"
    with pytest.raises(NoStream):
        await put(world.bus, nowhere, b"one")
    with pytest.raises(NoStream):
        await world.bus.state(nowhere)
    with pytest.raises(NoStream):
        await world.bus.feed(nowhere, start=1)


async def test_a_full_stream_takes_no_more_until_its_limit_is_raised(world: World) -> None:
    stream = await world.create(limit=2)
    await put(world.bus, stream, b"one", b"two")
    with pytest.raises(StreamFull):
        await put(world.bus, stream, b"three", after=2)
    assert (await world.bus.state(stream)).last == 2
    await world.set_limit(stream, 5)
    await put(world.bus, stream, b"three", after=2)
    assert (await world.bus.state(stream)).last == 3


async def test_a_page_of_the_full_size_passes(world: World) -> None:
    stream = await world.create()
    await put(world.bus, stream, b"x" * 512_000)
    found = await world.bus.message(stream, 1)
    assert found is not None
    assert len(found.data) == 512_000


async def test_a_stream_that_was_made_anew_is_another_one(world: World) -> None:
    stream = await world.create()
    await put(world.bus, stream, b"one")
    before = await world.bus.state(stream)
    assert await world.bus.state(stream) == before
    await world.delete(stream)
    await world.create(name=stream)
    after = await world.bus.state(stream)
    assert after.created != before.created
    assert after.last == 0


async def test_a_feed_brings_what_lies_there_and_then_what_comes(world: World) -> None:
    stream = await world.create()
    await put(world.bus, stream, b"1", b"2", b"3")
    feed = await world.other.feed(stream, start=2)
    assert [(m.seq, m.data) for m in await read(feed, 2)] == [(2, b"2"), (3, b"3")]
    waiting = asyncio.create_task(feed.batch(10))
    await asyncio.sleep(0.05)
    began = monotonic()
    await put(world.bus, stream, b"4", after=3)
    assert [(m.seq, m.data) for m in await waiting] == [(4, b"4")]
    assert monotonic() - began < 2, "a feed wakes at once"
    await feed.aclose()


async def test_a_feed_brings_many_in_order_through_many_batches(world: World) -> None:
    stream = await world.create()
    bodies = [str(number).encode() for number in range(1, 301)]
    feed = await world.bus.feed(stream, start=1)
    reading = asyncio.create_task(read(feed, 300))
    await put(world.other, stream, *bodies)
    found = await asyncio.wait_for(reading, 20)
    assert [m.seq for m in found] == list(range(1, 301))
    assert [m.data for m in found] == bodies
    late = await world.bus.feed(stream, start=1)
    assert [m.data for m in await read(late, 300)] == bodies
    await feed.aclose()
    await late.aclose()


async def test_a_feed_brings_the_subjects_that_it_wants(world: World) -> None:
    stream = await world.create()
    tails = ("fr.directory", "fr.exchange", "es.directory", "es.directory.more")
    for number, tail in enumerate(tails):
        await put(world.bus, stream, tail.encode(), after=number, tail=tail)
    feed = await world.bus.feed(
        stream, start=1, subjects=(f"{stream}.*.directory", f"{stream}.fr.>")
    )
    found = await read(feed, 3)
    assert [(m.seq, m.data.decode()) for m in found] == list(enumerate(tails[:3], 1))
    assert await feed.batch(0.1) == ()
    await feed.aclose()


async def test_an_empty_batch_comes_after_its_time(world: World) -> None:
    feed = await world.bus.feed(await world.create(), start=1)
    began = monotonic()
    assert await feed.batch(0.2) == ()
    assert 0.15 < monotonic() - began < 2
    await feed.aclose()


async def test_a_feed_ends_with_its_stream(world: World) -> None:
    stream = await world.create()
    feed = await world.bus.feed(stream, start=1)
    waiting = asyncio.create_task(feed.batch(10))
    await asyncio.sleep(0.05)
    await world.delete(stream)
    with pytest.raises((BusUnreachable, NoStream)):
        await asyncio.wait_for(waiting, 5)
    await feed.aclose()


async def test_the_last_page_of_a_log_is_found_at_the_hub(world: World) -> None:
    for text in (b"one", b"two"):
        told = await world.tell_hub(text + new_id().encode())
        found = await world.bus.last_of("CONT_eu", GATHERED, domain="eu")
        assert found is not None
        assert (found.seq, found.data) == (told.seq, told.data)
        assert found.headers["Twiza-Sig"] == "x"
    assert await world.bus.last_of("CONT_eu", "b.directory.pages", domain="eu") is None


async def test_a_hub_that_cannot_be_reached_is_said(world: World) -> None:
    with pytest.raises((NoStream, BusUnreachable)):
        await world.bus.last_of("CONT_eu", GATHERED, domain="af")
    with pytest.raises(NoStream):
        await world.hub.last_of("CONT_af", GATHERED, domain="eu")
    with pytest.raises((NoStream, BusUnreachable)):
        await world.bus.feed("CONT_eu", start=1, domain="af")


async def test_a_feed_reads_a_stream_of_the_hub(world: World) -> None:
    told = await world.tell_hub(new_id().encode())
    feed = await world.bus.feed("CONT_eu", start=told.seq, subjects=(GATHERED,), domain="eu")
    assert [m.data for m in await read(feed, 1)] == [told.data]
    further = await world.tell_hub(new_id().encode())
    assert [m.data for m in await read(feed, 1)] == [further.data]
    await feed.aclose()


async def test_an_answer_comes_in_parts_and_ends(world: World) -> None:
    async def answer(data: bytes) -> AsyncIterator[Delivered]:
        for part in data.split(b" "):
            yield Delivered(0, "from.here", part, {"Twiza-Sig": part.decode()})

    await world.other.serve("ask.a.pages", answer)
    for question in (b"one two three", b""):
        found = [part async for part in world.bus.ask("ask.a.pages", question)]
        assert [part.data for part in found] == question.split(b" ")
        assert {part.subject for part in found} == {"from.here"}
        assert [part.headers["Twiza-Sig"].encode() for part in found] == question.split(b" ")


async def test_an_answer_may_be_empty(world: World) -> None:
    async def nothing(_: bytes) -> AsyncIterator[Delivered]:
        none: tuple[Delivered, ...] = ()
        for part in none:
            yield part

    await world.other.serve("ask.nothing.pages", nothing)
    assert [part async for part in world.bus.ask("ask.nothing.pages", b"")] == []


async def test_a_question_that_nobody_answers_is_said(world: World) -> None:
    with pytest.raises(BusUnreachable):
        await anext(world.bus.ask("ask.nobody.pages", b""))


async def test_an_answerer_that_falls_silent_is_left(world: World) -> None:
    async def silent(_: bytes) -> AsyncIterator[Delivered]:
        yield Delivered(0, "", b"one", {})
        await asyncio.sleep(3)

    await world.other.serve("ask.silent.pages", silent)
    parts = world.bus.ask("ask.silent.pages", b"", timeout_s=0.2)
    assert (await anext(parts)).data == b"one"
    with pytest.raises(BusUnreachable):
        await anext(parts)


async def test_an_answerer_that_fails_ends_its_answer(world: World) -> None:
    async def failing(_: bytes) -> AsyncIterator[Delivered]:
        yield Delivered(0, "", b"one", {})
        raise BusUnreachable("further on")

    await world.other.serve("ask.failing.pages", failing)
    parts = world.bus.ask("ask.failing.pages", b"", timeout_s=2)
    assert [part.data async for part in parts] == [b"one"]


async def test_a_cut_is_said_and_a_healed_connection_too(world: World) -> None:
    stream = await world.create()
    await put(world.bus, stream, b"one")
    healed: list[str] = []

    async def waited() -> None:
        healed.append("waited")

    world.bus.on_reconnected(lambda: healed.append("called"))
    world.bus.on_reconnected(waited)
    await world.cut()

    async def noticed() -> bool:
        return not world.bus.connected

    await until(noticed, what="the cut is noticed")
    with pytest.raises(BusUnreachable):
        await world.bus.state(stream)
    assert healed == []
    await world.heal()

    async def back() -> bool:
        return world.bus.connected and healed == ["called", "waited"]

    await until(back, what="the connection is back")
    assert (await world.bus.state(stream)).last == 1
    await put(world.bus, stream, b"two", after=1)
    feed = await world.bus.feed(stream, start=1)
    assert [m.data for m in await read(feed, 2)] == [b"one", b"two"]
    await feed.aclose()


async def test_in_memory_a_feed_ends_with_its_connection() -> None:
    server = MemoryServer()
    server.create("S")
    bus = MemoryBus(server)
    feed = await bus.feed("S", start=1)
    waiting = asyncio.create_task(feed.batch(10))
    await asyncio.sleep(0)
    bus.cut()
    with pytest.raises(BusUnreachable):
        await asyncio.wait_for(waiting, 1)


async def test_in_memory_what_is_lost_is_unknown_to_its_publisher() -> None:
    server = MemoryServer()
    server.create("S")
    bus = MemoryBus(server)
    bus.lose(acknowledgements=1)
    with pytest.raises(BusUnreachable):
        await put(bus, "S", b"one")
    assert [message.data for message in server.stored("S")] == [b"one"]
    bus.lose(messages=1)
    with pytest.raises(BusUnreachable):
        await put(bus, "S", b"two", after=1)
    await put(bus, "S", b"two", after=1)
    server.truncate("S", 1)
    await put(bus, "S", b"again", after=1)
    assert [message.data for message in server.stored("S")] == [b"one", b"again"]


@pytest.mark.parametrize(
    ("pattern", "subject", "covered"),
    [
        ("fed.*.*.directory.pages", "fed.eu.fr.directory.pages", True),
        ("fed.*.*.directory.pages", "fed.eu.fr.node.pages", False),
        ("fed.>", "fed.eu.fr.node.pages", True),
        ("fed.>", "fed", False),
        ("fed.*", "fed.eu.fr", False),
        ("fed.eu.fr", "fed.eu", False),
        ("fed", "fed", True),
    ],
)
async def test_in_memory_wildcards_cover_what_they_cover_in_nats(
    pattern: str, subject: str, covered: bool
) -> None:
    assert covers(pattern, subject) is covered
