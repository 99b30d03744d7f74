"""What a vote costs through HTTP: rows for the table of ``make bench``.

The application of governance runs in process over a file of SQLite that is synced at each commit,
with tokens, the access table, the roll and custody as they are; voters vote one after the other.
Time is that of the processor in this process; what the client itself takes is measured by asking an
application that does nothing, and taken off.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from httpx import ASGITransport, AsyncClient

from services.governance.merkle import Tree, leaf_hash
from shared.clock import SetClock
from tests.governance.ballots.polls import BALLOT, YES, begin, person
from tests.governance.conftest import NOW, Governance, member, opened

VOTERS: Final = 1_000
WARM: Final = 100
BATCH: Final = 200
ROLL_PLACES: Final = 2_000

Row = tuple[str, float, str, float]
"""What was measured, its value, its unit, and its limit: the first members of a ``Figure``."""


def rows() -> list[Row]:
    """Measure, and return what was found."""
    spent_ms, asking_ms = asyncio.run(_measured())
    return [
        ("(g) casting through HTTP, CPU", spent_ms - asking_ms, "ms", 3.0),
        ("(g) proofs for 100,000 receipts, tree made", _tree_ms(), "ms", 1_000.0),
    ]


async def _measured() -> tuple[float, float]:
    """Return the CPU time of one vote with its client, and of the client alone, in ms."""
    clock = SetClock(NOW)
    with tempfile.TemporaryDirectory(prefix="twiza-casting-") as folder:
        async with opened(f"sqlite:///{Path(folder) / 'ballots.db'}", clock=clock) as store:
            await store.write(begin, ROLL_PLACES)
            async with Governance(store, clock).client() as client:
                headers = [member(person(number)) for number in range(VOTERS + WARM)]
                for number in range(WARM):
                    await _cast(client, headers[number])
                spent = await _quietest(client, headers[WARM:])
    async with AsyncClient(
        transport=ASGITransport(app=_nothing), base_url="http://node/"
    ) as client:
        asking = await _quietest(client, headers[WARM:])
    return spent * 1_000, asking * 1_000


async def _quietest(client: AsyncClient, headers: list[dict[str, str]]) -> float:
    """Return the CPU time of a vote, in seconds, in the batch that others disturbed the least."""
    found: list[float] = []
    for at in range(0, len(headers), BATCH):
        some = headers[at : at + BATCH]
        began = time.process_time()
        for one in some:
            await _cast(client, one)
        found.append((time.process_time() - began) / len(some))
    return min(found)


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """Answer a vote without looking at it."""
    await receive()
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def _cast(client: AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post(
        f"/ballots/{BALLOT}/casts", json={"choice": dict(YES)}, headers=headers
    )
    if answer.status_code != 201:
        sys.exit(f"a vote was refused: {answer.text}")


def _tree_ms() -> float:
    leaves = [leaf_hash(b"%d" % number) for number in range(100_000)]
    began = time.process_time()
    tree = Tree(leaves)
    for number in range(0, 100_000, 100):
        tree.proof(number)
    return (time.process_time() - began) * 1_000


if __name__ == "__main__":
    for what, value, unit, limit in rows():
        holds = "yes" if value <= limit else "NO"
        print(f"| {what} | {value:,.2f} {unit} | <= {limit:g} | {holds} |")
