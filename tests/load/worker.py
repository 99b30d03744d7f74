"""A process of the benchmark: a directory that writes, or one that reads, driven over its stdin.

Each line of stdin is one command as JSON, each line of stdout one answer.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog
import uvloop

from services.directory import handlers, projections
from services.directory.entries import Entry
from services.directory.tables import LOG, metadata
from shared.bus import Delivered
from shared.clock import SystemClock
from shared.events import Speaker
from shared.ids import NodeName, ServiceName
from shared.log.desk import LogDesk
from shared.log.projector import Projector
from shared.log.repair import ask_hub
from shared.log.tables import LogTables
from shared.runtime import settle_in
from shared.store import Store, open_store
from tests.desks import bus, place_of, signer
from tests.load.entities import entries
from tests.nodes import TestNode


class Worker:
    """A directory's store and log desk, without its HTTP."""

    def __init__(self, store: Store, desk: LogDesk) -> None:
        self.store = store
        self.desk = desk
        self.applied: list[tuple[float, int]] = []
        self.waiting: Sequence[Entry] = ()
        desk.inbox.on_arrival(self._note)

    def _note(self) -> None:
        self.applied.append((time.monotonic(), self.desk.inbox.applied_events))

    async def prepare(self, count: int) -> dict[str, Any]:
        """Make entities that the next command lists: reading a list is no part of the path."""
        self.waiting = entries(self.desk.place.node, len(self.waiting), count)
        return {"count": len(self.waiting)}

    async def bulk(self, together: int) -> dict[str, Any]:
        """List the prepared entities, so many in one transaction."""
        for start in range(0, len(self.waiting), together):
            some = self.waiting[start : start + together]
            await self.store.write(handlers.list_entities, some)
        return {"listed": len(self.waiting)}

    async def single(self, writers: int) -> dict[str, Any]:
        """List the prepared entities one a transaction, from several writers at once."""
        rest = iter(self.waiting)

        async def write() -> None:
            for one in rest:
                await self.store.write(handlers.list_entities, (one,))

        await asyncio.gather(*(write() for _ in range(writers)))
        return {"listed": len(self.waiting)}

    async def paced(self, rate: float) -> dict[str, Any]:
        """List the prepared entities at a steady rate; return when each was acknowledged."""
        committed: list[float] = []
        began = time.monotonic()
        writing: list[asyncio.Task[None]] = []

        async def write(one: Entry) -> None:
            await self.store.write(handlers.list_entities, (one,))
            committed.append(time.monotonic())

        for number, one in enumerate(self.waiting):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            writing.append(asyncio.create_task(write(one)))
        await asyncio.gather(*writing)
        return {"committed": committed}

    async def await_applied(self, count: int, timeout_s: float) -> dict[str, Any]:
        """Wait until so many events were applied; return when the last of them was."""
        until = time.monotonic() + timeout_s
        while self.desk.inbox.applied_events < count:
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.002)
        return {
            "applied": self.desk.inbox.applied_events,
            "at": self.applied[-1][0] if self.applied else 0.0,
        }

    async def arrivals(self) -> dict[str, Any]:
        """Return at which moments how many events had been applied, and forget them."""
        taken, self.applied = self.applied, []
        return {"arrivals": taken, "applied": self.desk.inbox.applied_events}

    async def cpu(self) -> dict[str, Any]:
        """Return the CPU time of this process, in seconds."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {"cpu_s": used.ru_utime + used.ru_stime}


async def serve(folder: str, name: str, continent: str) -> None:
    """Answer commands until stdin ends."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    node = TestNode(Path(folder), name, continent=continent)
    place = place_of(node, ServiceName("directory"))
    async with AsyncExitStack() as stack:
        enter = stack.push_async_callback
        assert isinstance(LOG, LogTables)
        store = await open_store(
            f"sqlite:///{node.home.database('directory')}",
            LOG,
            speaker=Speaker(place.node, place.service),
            clock=SystemClock(),
            create=True,
        )
        assert LOG.metadata is metadata
        enter(store.aclose)
        fed = await bus(node, "fed", "directory")
        enter(fed.aclose)
        app = await bus(node, "app", "directory")
        enter(app.aclose)
        projector = Projector(LOG, release="bench")
        projections.register(projector)

        async def nothing(*_: object) -> AsyncIterator[Delivered]:
            none: tuple[Delivered, ...] = ()
            for part in none:
                yield part

        desk = LogDesk(
            place,
            store=store,
            projector=projector,
            fed=fed,
            app=app,
            sign_reopening=signer(node),
            fetch_sibling=nothing,
            fetch_remote=ask_hub(fed, NodeName(place.hub.node)) if place.hub else None,
            clock=SystemClock(),
        )
        worker = Worker(store, desk)
        await desk.start()
        enter(desk.aclose)
        commands: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
            "prepare": worker.prepare,
            "bulk": worker.bulk,
            "single": worker.single,
            "paced": worker.paced,
            "await_applied": worker.await_applied,
            "arrivals": worker.arrivals,
            "cpu": worker.cpu,
        }
        settle_in()
        print(json.dumps({"ready": name}), flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            asked = json.loads(line)
            answer = await commands[asked.pop("do")](**asked)
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:4]))
