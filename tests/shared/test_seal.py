"""Sealing loses no event and tells none twice, whoever else commits or seals meanwhile."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events import Log
from shared.log.page import EVENTS_BYTES_MAX, PAGE_BYTES_MAX, PAGE_EVENTS_MAX, parse_page
from shared.log.seal import FRESH_EVENTS_MIN, Head, Sealed
from shared.store import Work
from tests.shared.tellers import ME, Teller, names_of, require_chain, telling


@pytest.fixture
async def teller(database_url: str) -> AsyncIterator[Teller]:
    """A service that tells, on each kind of database in turn; no relay runs."""
    async with telling(database_url) as teller:
        yield teller


async def seal(teller: Teller, log: Log = Log.PUBLIC) -> Sealed | None:
    """Seal a page."""
    return await teller.store.write(teller.sealer.seal, log)


async def seal_all(teller: Teller) -> None:
    """Seal until nothing waits."""
    while await seal(teller) is not None:
        pass


async def test_the_oldest_events_become_the_next_page(teller: Teller) -> None:
    assert await seal(teller) is None
    await teller.tell("one", "two")
    await teller.tell("three")
    sealed = await seal(teller)
    assert sealed is not None
    assert sealed.events == 3
    assert names_of([sealed.page]) == ["one", "two", "three"]
    page = parse_page(sealed.page.data)
    assert (page.node, page.service, page.log) == (ME.node, ME.service, Log.PUBLIC)
    assert (page.epoch, page.number) == (1, 1)
    assert await teller.waiting() == 0
    assert await seal(teller) is None
    head = await teller.store.read(teller.sealer.head_seen, Log.PUBLIC)
    assert head == Head(1, 1, sealed.page.sha256)


async def test_a_page_holds_256_events_at_most(teller: Teller) -> None:
    await teller.tell(*(str(number) for number in range(2 * PAGE_EVENTS_MAX + 1)))
    await seal_all(teller)
    pages = await teller.pages()
    require_chain(pages)
    assert [len(parse_page(page.data).events) for page in pages] == [256, 256, 1]
    assert names_of(pages) == teller.told


async def test_a_page_is_512_kb_long_at_most(teller: Teller) -> None:
    def big(work: Work, size: int) -> None:
        work.announce_again(Log.PUBLIC, str(size), b'{"a":"%s"}' % (b"x" * (size - 8)))

    sizes = (200_000, 200_000, 200_001, 110_000, EVENTS_BYTES_MAX - 200_002, 200_000, 262_144)
    for at, size in enumerate(sizes):
        await teller.store.write(big, size + at)
    await seal_all(teller)
    pages = await teller.pages()
    require_chain(pages)
    assert all(len(page.data) <= PAGE_BYTES_MAX for page in pages)
    found = [[len(event["a"]) + 8 for event in parse_page(page.data).events] for page in pages]
    told = [size + at for at, size in enumerate(sizes)]
    assert [size for page in found for size in page] == told
    assert len(found) == 4


async def test_the_two_logs_of_a_service_have_their_own_numbers(database_url: str) -> None:
    async with telling(database_url) as public, telling(database_url, log=Log.PRIVATE) as private:
        await public.tell("public")
        await private.tell("private")
        await public.tell("public too")
        assert await seal(private, Log.PRIVATE) is not None
        await seal_all(public)
        for teller in (public, private):
            pages = await teller.pages()
            require_chain(pages)
            assert names_of(pages) == teller.told
            assert {parse_page(page.data).log for page in pages} == {teller.name.log}


async def test_a_page_that_is_not_committed_was_never_sealed(teller: Teller) -> None:
    def crash(work: Work) -> None:
        teller.sealer.seal(work, Log.PUBLIC)
        raise ConnectionAbortedError

    await teller.tell("one")
    with pytest.raises(ConnectionAbortedError):
        await teller.store.write(crash)
    assert await teller.waiting() == 1
    assert await teller.pages() == []
    await seal_all(teller)
    assert names_of(await teller.pages()) == ["one"]


async def test_of_many_who_commit_and_seal_at_once_no_event_is_lost_or_told_twice(
    teller: Teller,
) -> None:
    done = asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(25):
            await teller.tell(*(f"{writer}-{number}-{place}" for place in range(writer % 3 + 1)))

    async def keep_sealing() -> None:
        while not done.is_set():
            if await seal(teller) is None:
                await asyncio.sleep(0)

    sealing = [asyncio.create_task(keep_sealing()) for _ in range(3)]
    await asyncio.gather(*(write(writer) for writer in range(8)))
    done.set()
    await asyncio.gather(*sealing)
    await seal_all(teller)
    pages = await teller.pages()
    require_chain(pages)
    names = names_of(pages)
    assert sorted(names) == sorted(teller.told)
    assert await teller.waiting() == 0
    for writer in range(8):
        own = [name for name in names if name.startswith(f"{writer}-")]
        assert own == [name for name in teller.told if name.startswith(f"{writer}-")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_many_who_seal_a_logs_first_page_at_once_each_seals_its_own(
    teller: Teller,
) -> None:
    together = threading.Barrier(4, timeout=10)

    def seal_together(work: Work) -> Sealed | None:
        together.wait()
        return teller.sealer.seal(work, Log.PUBLIC)

    await teller.tell(*(str(number) for number in range(4 * PAGE_EVENTS_MAX)))
    sealed = await asyncio.gather(*(teller.store.write(seal_together) for _ in range(4)))
    assert sorted(one.page.number for one in sealed if one is not None) == [1, 2, 3, 4]
    pages = await teller.pages()
    require_chain(pages)
    assert names_of(pages) == teller.told


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_many_events_are_sealed_with_their_commit_in_their_order(teller: Teller) -> None:
    handed: list[Any] = []
    few = FRESH_EVENTS_MIN - 1
    teller.store.seal_at_commit(teller.sealer.seal_fresh, handed.extend)
    await teller.tell(*(f"few {number}" for number in range(few)))
    assert (handed, await teller.waiting()) == ([], few)
    await teller.tell(*(f"behind {number}" for number in range(FRESH_EVENTS_MIN)))
    assert handed == [], "older ones wait"
    await seal_all(teller)
    await teller.tell(*(f"many {number}" for number in range(600)))
    assert [sealed.events for sealed in handed] == [256, 256, 88]
    teller.store.seal_at_commit(None, handed.extend)
    await teller.tell(*(f"after {number}" for number in range(FRESH_EVENTS_MIN)))
    await seal_all(teller)
    pages = await teller.pages()
    require_chain(pages)
    assert names_of(pages) == teller.told
    assert [sealed.page for sealed in handed] == pages[-4:-1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_a_unit_refuses_is_not_sealed_with_the_others_of_its_group(
    teller: Teller,
) -> None:
    handed: list[Any] = []
    teller.sealer.fresh_min = 1
    teller.store.seal_at_commit(teller.sealer.seal_fresh, handed.extend)

    async def refused(number: int) -> None:
        with pytest.raises(ZeroDivisionError):
            await teller.store.write(stumble, number)

    def stumble(work: Work, number: int) -> None:
        teller._announce(work, (f"refused {number}",))
        raise ZeroDivisionError

    await asyncio.gather(*(teller.tell(str(n)) if n % 2 else refused(n) for n in range(40)))
    teller.store.seal_at_commit(None, handed.extend)
    await seal_all(teller)
    pages = await teller.pages()
    require_chain(pages)
    assert sorted(names_of(pages)) == sorted(teller.told)
