"""How fast networks come to one outcome once the last seal was shown: rows for ``make bench``.

Five networks in this one process, each over a file of SQLite that is synced at each commit, with
10,000 ballots of its own. What they tell is carried from one to the other by hand, so that the time
is that of their own work: to take facts in, to compute the outcome, to certify, and to hear of it.
All five work one after the other here, where each has a machine of its own in life.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Final

from sqlalchemy import create_engine

from services.governance.custody import hidden, key_of
from services.governance.federated.ballot import BallotState
from services.governance.tables import metadata
from services.governance.tables.ballots import BALLOT_ISSUED, BALLOT_SLIP
from shared.canonical import canonical
from shared.clock import SetClock
from shared.store import Work
from tests.governance.federated_service.world import (
    NAMES,
    NOTICE,
    NOW,
    VOTING,
    Network,
    World,
    made,
)

BALLOTS: Final = 10_000

Row = tuple[str, float, str, float]
"""What was measured, its value, its unit, and its limit: the first members of a ``Figure``."""


def rows(ballots: int = BALLOTS) -> list[Row]:
    """Measure, and return what was found."""
    sealing_s, certifying_s = asyncio.run(_measured(ballots))
    return [
        (f"(t) {ballots:,} ballots of a network closed, counted and sealed", sealing_s, "s", 5.0),
        (
            f"(t) {len(NAMES)} networks of {ballots:,} ballots, certified after the last seal",
            certifying_s,
            "s",
            5.0,
        ),
    ]


async def _measured(ballots: int) -> tuple[float, float]:
    """Return how long the slowest network took to seal, and all to certify after the last seal."""
    clock = SetClock(NOW)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twiza-together-")))
        empty = folder / "empty.db"
        engine = create_engine(f"sqlite:///{empty}")
        metadata.create_all(engine)
        engine.dispose()
        world = await made(stack, clock, folder, empty, members=ballots)
        await world.found()
        ballot_id = await _voted(world)
        world.pass_by(VOTING)
        sealing: list[float] = []
        for one in world:
            began = time.monotonic()
            await one.look()
            sealing.append(time.monotonic() - began)
        await world.carry()
        for one in world:
            await one.look()
        began = time.monotonic()
        await world.settle()
        took = time.monotonic() - began
        for one in world:
            ballot = await one.ballot(ballot_id)
            if await one.state(ballot_id) is not BallotState.CERTIFIED or not ballot.certified:
                sys.exit(f"{one.name} has not certified")
            if ballot.certified.computed.outcome.figures["cast"] != ballots * len(NAMES):
                sys.exit(f"{one.name} has counted otherwise")
        return max(sealing), took


async def _voted(world: World) -> str:
    """Have a ballot opened everywhere, with a vote of every member in it; return its id."""
    ballot_id = await world.noticed()
    world.pass_by(NOTICE + timedelta(hours=2))
    await world.settle()
    for one in world:
        await one.store.write(_cast, one, await one.home(ballot_id))
    return ballot_id


def _cast(work: Work, network: Network, home: str) -> None:
    """Lay the votes of all members as casting does, in few statements."""
    key = key_of(work, home)
    said = [canonical({"answer": answer}).decode() for answer in ("yes", "yes", "no")]
    voters = [f"p:{person}" for person in network.members]
    issued = {"ballot_id": home, "channel": "online", "hour": work.moment[:13]}
    work.execute(BALLOT_ISSUED.insert(), [issued | {"voter": one} for one in voters])
    slips = [
        {
            "ballot_id": home,
            "slip_id": hidden(key, "voter", one),
            "nonce": token_hex(32),
            "choice": said[at % len(said)],
        }
        for at, one in enumerate(voters)
    ]
    work.execute(BALLOT_SLIP.insert(), slips)


if __name__ == "__main__":
    for what, value, unit, limit in rows():
        holds = "yes" if value <= limit else "NO"
        print(f"| {what} | {value:,.2f} {unit} | <= {limit:g} | {holds} |")
