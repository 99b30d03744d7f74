"""A process that casts votes or closes ballots until it is killed, and says what it was told."""

import asyncio
import sys
from multiprocessing.connection import Connection

from services.governance.ballot_handlers import close_ballot
from shared.clock import SetClock
from tests.governance.ballots.polls import CLOSES, NO, YES, vote
from tests.governance.conftest import NOW, opened


def cast_on(url: str, first: int, people: int, said: Connection) -> None:
    """Cast one vote after the other, and say each receipt once it is acknowledged."""

    async def cast() -> None:
        async with opened(url, clock=SetClock(NOW), create=False) as store:

            async def from_one(begin: int) -> None:
                for number in range(begin, people, 4):
                    kept = await store.write(vote, number, (YES, NO)[number % 2], word="once")
                    said.send((number, kept.receipt))

            await asyncio.gather(*(from_one(first + lane) for lane in range(4)))

    asyncio.run(cast())


def close_on(url: str, ballot_id: str, said: Connection) -> None:
    """Close a ballot, and say its root once it is acknowledged."""

    async def close() -> None:
        async with opened(url, clock=SetClock(CLOSES), create=False) as store:
            said.send("closing")
            closed = await store.write(close_ballot, ballot_id, at=CLOSES)
            said.send(closed.root)

    asyncio.run(close())


if __name__ == "__main__":
    sys.exit("it is started by tests")
