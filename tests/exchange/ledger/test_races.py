"""Many at once, and a process that dies: what was true stays true, and nothing passes twice."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence

import pytest

from services.exchange import ledger_handlers as handlers
from services.exchange import ledger_requests as asking
from services.exchange.ledger import Entry, Step
from services.exchange.ledger_accounts import listed
from services.exchange.ledger_groups import Line, pass_group, post_group, reserve_group, void_group
from services.exchange.ledger_refusals import LimitReached, SameIdOtherContent
from services.exchange.ledger_sheets import enter_sheet
from shared.store import Store, Work
from tests.exchange.ledger.conftest import (
    assert_books_are_right,
    begin,
    entry,
    give,
    opened,
    standing,
    uuid,
)

MANY = 100
RING = {"kind": "ring", "agreement": "ring-7", "actor": "exchange"}


def outcomes(results: Sequence[object]) -> Counter[str]:
    """Return how often each sort of refusal came, and how often none."""
    failed = [one for one in results if isinstance(one, BaseException)]
    return Counter(
        {**Counter(type(one).__name__ for one in failed), "": len(results) - len(failed)}
    )


async def test_of_many_transfers_of_a_whole_balance_exactly_one_passes(store: Store) -> None:
    amina, *others = await store.write(
        begin, "amina", *(f"taker {number}" for number in range(7)), floor=0, ceiling=600
    )
    [source] = await store.write(begin, "source", floor=-600)
    await store.write(give, 1, source, amina, 480)
    results = await asyncio.gather(
        *(
            store.write(handlers.record, entry(2 + n, amina, others[n % 7], 480), actor="amina")
            for n in range(MANY)
        ),
        return_exceptions=True,
    )
    assert outcomes(results) == {"": 1, "LimitReached": MANY - 1}
    assert (await standing(store, amina)).posted == 0
    assert sum([(await standing(store, one)).posted for one in others]) == 480
    await assert_books_are_right(store)


async def test_of_many_holds_of_a_whole_balance_exactly_one_is_held(store: Store) -> None:
    amina, badr = await store.write(begin, "amina", "badr", floor=-60, ceiling=60)
    results = await asyncio.gather(
        *(
            store.write(handlers.reserve, entry(n, amina, badr, 60), actor="amina")
            for n in range(1, MANY + 1)
        ),
        return_exceptions=True,
    )
    assert outcomes(results) == {"": 1, "LimitReached": MANY - 1}
    await assert_books_are_right(store)


async def test_one_transfer_that_is_sent_many_times_at_once_is_one(store: Store) -> None:
    amina, badr = await store.write(begin, "amina", "badr", floor=-600, ceiling=600)
    asked = entry(1, amina, badr, 5)
    kept = await asyncio.gather(
        *(store.write(handlers.record, asked, actor="amina") for _ in range(MANY))
    )
    assert Counter(one.again for one in kept) == {False: 1, True: MANY - 1}
    assert (await standing(store, badr)).posted == 5
    await assert_books_are_right(store)


async def test_one_id_for_many_things_at_once_is_one_of_them(store: Store) -> None:
    accounts = await store.write(begin, *"abcdefgh", floor=-600, ceiling=600)
    results = await asyncio.gather(
        *(
            store.write(
                handlers.record,
                entry(1, accounts[n % 8], accounts[(n + 1 + n // 8) % 8], 5),
                actor="x",
            )
            for n in range(48)
        ),
        return_exceptions=True,
    )
    assert outcomes(results) == {"": 1, "SameIdOtherContent": 47}
    await assert_books_are_right(store)


async def test_a_hold_that_is_posted_and_given_back_at_once_is_one_of_both(store: Store) -> None:
    amina, badr = await store.write(begin, "amina", "badr", floor=-600, ceiling=600)
    for number in range(1, 11):
        await store.write(handlers.reserve, entry(number, amina, badr, 10), actor="amina")
    results = await asyncio.gather(
        *(
            store.write(handlers.resolve, uuid(number), step, actor="x")
            for number in range(1, 11)
            for step in (Step.POST, Step.VOID)
        ),
        return_exceptions=True,
    )
    assert outcomes(results) == {"": 10, "HoldResolved": 10}
    assert (await standing(store, amina)).debits_pending == 0
    await assert_books_are_right(store)


async def test_groups_to_and_fro_never_wait_for_each_other_for_ever(store: Store) -> None:
    a, b, c = await store.write(begin, "amina", "badr", "carla", floor=-6000, ceiling=6000)
    rings = ([Line(a, b, 2), Line(b, c, 2), Line(c, a, 1)], [Line(c, b, 1), Line(b, a, 1)])
    many = await asyncio.gather(
        *(store.write(pass_group, uuid(n), rings[n % 2], **RING) for n in range(60)),
        *(
            store.write(enter_sheet, [entry(900 + n, c, a, 1), entry(950 + n, b, a, 1)], actor="s")
            for n in range(20)
        ),
        return_exceptions=True,
    )
    assert outcomes(many) == {"": 80}
    await assert_books_are_right(store)


async def test_a_group_that_is_posted_and_given_back_at_once_is_whole(store: Store) -> None:
    a, b, c = await store.write(begin, "amina", "badr", "carla", floor=-600, ceiling=600)
    for number in range(1, 9):
        await store.write(reserve_group, uuid(number), [Line(a, b, 2), Line(b, c, 3)], **RING)
    results = await asyncio.gather(
        *(
            store.write(do, uuid(number), actor="x")
            for number in range(1, 9)
            for do in (post_group, void_group)
        ),
        return_exceptions=True,
    )
    assert outcomes(results) == {"": 8, "HoldResolved": 8}
    await assert_books_are_right(store)


async def test_a_request_that_is_confirmed_and_declined_at_once_is_one_of_both(
    store: Store,
) -> None:
    amina, badr = await store.write(begin, "amina", "badr", floor=-600, ceiling=600)
    for number in range(1, 9):
        await store.write(asking.ask, entry(number, amina, badr, 10), actor="badr")
    results = await asyncio.gather(
        *(
            store.write(do, uuid(number), actor="amina")
            for number in range(1, 9)
            for do in (asking.confirm, asking.decline)
        ),
        return_exceptions=True,
    )
    assert outcomes(results) == {"": 8, "RequestDecided": 8}
    confirmed = await store.read(asking.requests, [], state=asking.RequestState.CONFIRMED, most=9)
    assert (await standing(store, badr)).posted == 10 * len(confirmed)
    await assert_books_are_right(store)


DYING = """
import asyncio, os, signal, sys
from services.exchange import ledger_handlers as handlers
from tests.exchange.ledger.conftest import entry, opened

async def main(url, amina, badr):
    async with opened(url) as store:
        await store.write(handlers.record, entry(1, amina, badr, 45), actor="amina")
        # It is true now, and nobody will hear of it.
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_what_was_kept_before_a_crash_is_the_answer_to_the_retry(database_url: str) -> None:
    async with opened(database_url) as store:
        amina, badr = await store.write(begin, "amina", "badr", floor=-60, ceiling=120)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DYING, database_url, amina, badr, env={**os.environ}
    )
    assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
    async with opened(database_url) as store:
        kept = await store.write(handlers.record, entry(1, amina, badr, 45), actor="amina")
        assert kept.again
        with pytest.raises(SameIdOtherContent):
            await store.write(handlers.record, entry(1, amina, badr, 44), actor="amina")
        assert (await standing(store, badr)).posted == 45
        await assert_books_are_right(store)


async def test_a_unit_of_work_that_fails_after_a_transfer_keeps_nothing_of_it(
    store: Store,
) -> None:
    amina, badr = await store.write(begin, "amina", "badr", floor=-60, ceiling=120)

    def fails(work: Work, asked: Entry) -> None:
        handlers.record(work, asked, actor="amina")
        raise LimitReached()

    with pytest.raises(LimitReached):
        await store.write(fails, entry(1, amina, badr, 45))
    assert await store.read(handlers.found, uuid(1)) is None
    assert [one.posted for one in await store.read(listed, after=None, most=9)] == [0, 0]
