"""Ending work in the background: a cancellation may be missed, so it is said until it was heard."""

import asyncio
from typing import Any, Final

CANCEL_AGAIN_S: Final = 1.0


async def ended(*tasks: asyncio.Task[Any], again_s: float = CANCEL_AGAIN_S) -> None:
    """Cancel tasks and return when all have ended; what they raised stays with them.

    Before Python 3.12 ``asyncio.wait_for`` forgets a cancellation that comes in the same moment as
    what it waits for, and NATS's client waits so for each answer. A task that was told only once
    may then go on for ever.

    Args:
        again_s: after how long those that go on are told again, in seconds.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=again_s)
