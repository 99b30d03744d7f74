"""Work in the background ends when it is told to, also where a cancellation was missed."""

import asyncio

from shared.tasks import ended


async def test_a_task_that_missed_its_cancellation_ends_all_the_same() -> None:
    missed = 0

    async def work() -> None:
        nonlocal missed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                # As asyncio.wait_for does when what it waits for comes in the same moment.
                missed += 1
                if missed > 1:
                    raise

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended(task, again_s=0.01)
    assert task.cancelled()


async def test_what_a_task_raised_or_returned_stays_with_it() -> None:
    async def fails() -> None:
        raise ValueError

    async def returns() -> int:
        return 1

    bad, good = asyncio.create_task(fails()), asyncio.create_task(returns())
    await asyncio.sleep(0)
    await ended(bad, good)
    await ended()
    assert isinstance(bad.exception(), ValueError)
    assert good.result() == 1
