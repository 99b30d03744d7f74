"""A hub and the nodes below it, in memory: machines can be copied, restored, cut off and run twice.

What a node publishes flows to the hub as JetStream's sources carry it: by the sequence of its
stream, whichever machine answers to the node's name. From the hub it flows to every node.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

from shared.bus import Delivered
from shared.bus_memory import MemoryServer
from shared.events import Log
from shared.log.cursors import LogState
from shared.log.epochs import Gathering
from shared.log.names import LogName
from shared.log.page import claimed_place
from shared.subjects import in_stream
from tests.nodes import until
from tests.shared.peers import Peer
from tests.shared.readers import Reader

GATHERED = "CONT_eu"


class Machine:
    """A node's machine: its message server, and its directory with a database in a file."""

    def __init__(self, town: "Town", node: str, number: int) -> None:
        self.town = town
        self.me = Peer(node)
        self.server = MemoryServer(node)
        self.folder = town.folder / f"{node} {number}"
        self.folder.mkdir()
        self.database = self.folder / "directory.db"
        self.reader: Reader
        self.seen = 0
        self._stack = AsyncExitStack()
        self._runs = False
        for log in Log:
            self.server.create(self.own(log).stream(1))
        self.server.create(in_stream(node))

    def own(self, log: Log = Log.PUBLIC) -> LogName:
        """Return the name of one of this machine's logs."""
        return LogName(self.me.node, self.me.service, log)

    @property
    def linked(self) -> bool:
        """Whether the hub and this machine reach one another."""
        return self in self.town.linked

    async def start(self, *, linked: bool = True) -> "Machine":
        """Start the directory; where it is not linked it knows of no hub that could be asked."""
        if linked:
            self.town.link(self)
        self.reader = Reader(
            f"sqlite:///{self.database}",
            *(Peer(name) for name in self.town.nodes if name != self.me.node),
            me=self.me,
            fed=self.server,
            gathering=Gathering("eu", GATHERED) if linked else None,
            fetch=self.town.fetch,
            watch_s=0.2,
        )
        await self._stack.enter_async_context(self.reader)
        await self.reader.desk.start()
        self._runs = True
        return self

    async def stop(self) -> None:
        """Stop the directory; the machine stays as it is."""
        if self._runs:
            self._runs = False
            await self._stack.aclose()
            self._stack = AsyncExitStack()

    def copied(self) -> "Machine":
        """Return another machine with a copy of this one's discs; this one must stand still."""
        assert not self._runs
        other = self.town.machine(self.me.node)
        for path in self.folder.iterdir():
            shutil.copy(path, other.folder)
        for name in self.server.names():
            other.server.create(name)
            for message in self.server.stored(name) if name.startswith(("OUT", "PRIV")) else ():
                other.server.add(name, message.subject, message.data, message.headers)
        return other

    async def tell(self, name: str, *, entity_id: str = "", revision: int = 1) -> str:
        """List an entity; return its id."""
        return await self.reader.store.write(
            self.reader.notes.list_one,
            self.me.node,
            name,
            entity_id=entity_id,
            revision=revision,
        )

    async def names(self) -> set[str]:
        """Return the names of the entities that are known here."""
        return set((await self.reader.state()).values())

    async def knows(self, *names: str, timeout_s: float = 15.0) -> None:
        """Wait until all these names, and no others, are known here."""

        async def known() -> bool:
            return await self.names() == set(names)

        try:
            await until(known, what="known", timeout_s=timeout_s)
        except AssertionError as error:
            error.add_note(f"{self.me.node} knows {sorted(await self.names())}")
            error.add_note(f"wanted: {sorted(names)}")
            error.add_note(f"{await self.reader.desk.standing()}")
            raise

    async def published(self) -> None:
        """Wait until all that was told lies in the stream, and at the hub where it is linked."""

        async def so() -> bool:
            head = await self.reader.store.read(self.reader.desk.sealer.head_seen, Log.PUBLIC)
            relay = self.reader.desk.relays[Log.PUBLIC]
            waiting = len(await self.reader.rows("outbox"))
            return not waiting and relay.state.published == (head.epoch, head.number)

        await until(so, what="all is published", timeout_s=15)
        self.town.flow()

    async def in_epoch(self, epoch: int) -> None:
        """Wait until the own public log goes on in an epoch."""

        async def so() -> bool:
            return self.reader.desk.relays[Log.PUBLIC].state.published[0] == epoch

        await until(so, what=f"epoch {epoch}", timeout_s=15)

    async def state_of(self, node: str) -> LogState:
        """Return how a node's log stands here."""
        return (await self.reader.cursor(Peer(node))).state


class Town:
    """A hub and the nodes below it."""

    def __init__(self, folder: Path, *nodes: str) -> None:
        self.folder = folder
        self.nodes = nodes
        self.hub = MemoryServer("eu")
        self.hub.create(GATHERED)
        self.linked: list[Machine] = []
        self._machines: list[Machine] = []
        self._gathered: dict[str, int] = {}
        self._flowing: asyncio.Task[None]

    async def __aenter__(self) -> "Town":
        self._flowing = asyncio.create_task(self._flow())
        return self

    async def __aexit__(self, *_: object) -> None:
        for machine in self._machines:
            await machine.stop()
        self._flowing.cancel()
        await asyncio.gather(self._flowing, return_exceptions=True)

    def machine(self, node: str) -> Machine:
        """Return a new machine for a node."""
        self._machines.append(Machine(self, node, len(self._machines)))
        return self._machines[-1]

    def link(self, machine: Machine) -> None:
        """Link a machine to the hub."""
        if machine not in self.linked:
            self.linked.append(machine)
            machine.server.link(self.hub)

    def cut(self, machine: Machine) -> None:
        """Cut a machine off from the hub."""
        self.linked.remove(machine)
        machine.server.unlink(self.hub)

    async def _flow(self) -> None:
        while True:
            self.flow()
            await asyncio.sleep(0.005)

    def flow(self) -> None:
        """Carry what is new to the hub, and from there to every linked node."""
        for machine in self.linked:
            for name in machine.server.names():
                if not name.startswith("OUT_"):
                    continue
                for message in machine.server.stored(name):
                    # A source goes on after the last sequence that it has seen of a stream.
                    if message.seq > self._gathered.get(name, 0):
                        self._gathered[name] = message.seq
                        subject = f"{machine.me.node}.{message.subject}"
                        self.hub.add(GATHERED, subject, message.data, message.headers)
        for machine in self.linked:
            stored = self.hub.stored(GATHERED)
            for message in stored[machine.seen :]:
                subject = f"fed.eu.{message.subject}"
                machine.server.add(
                    in_stream(machine.me.node), subject, message.data, message.headers
                )
            machine.seen = len(stored)

    async def fetch(self, name: LogName, epoch: int, after: int) -> AsyncGenerator[Delivered, None]:
        """Yield the pages of a log after a place: the hub's, or else those of its own node."""
        at, sent = (epoch, after), 0
        for message in self.hub.stored(GATHERED):
            if message.subject == f"{name.node}.{name.service}.pages":
                page = claimed_place(message.data)
                if page is None:
                    continue
                if page == (at[0], at[1] + 1) or (page[0] > at[0] and page[1] == 1):
                    at, sent = page, sent + 1
                    yield message
        for machine in self.linked if not sent else ():
            if machine.me.node == name.node:
                desk = machine.reader.desk
                for wanted, start in ((epoch, after), (epoch + 1, 0)):
                    for sealed in await desk.store.read(
                        desk.sealer.pages, name.log, epoch=wanted, after=start, most=64
                    ):
                        yield Delivered(0, "", sealed.data, sealed.headers)
