"""Two worlds in which the bus is tested: one in memory, and one of real nats-servers.

In each there is a node ``a`` with its own streams, linked to a hub ``eu``, whose stream
``CONT_eu`` gathers the pages of a's directory.
"""

from itertools import count
from pathlib import Path
from typing import Any, Protocol

from services.node.jetstream import request
from services.node.stream_configs import _config
from shared.bus import Bus, Delivered
from shared.bus_memory import MemoryBus, MemoryServer
from shared.bus_nats import NatsBus
from shared.subjects import Level, inbox_prefix, out_stream, pages_subject, slotted
from tests.nodes import TestNode, gather, until

GATHERED = "a.directory.pages"
_numbers = count(1)


class World(Protocol):
    """What a test does to the servers behind the bus."""

    bus: Bus
    """The connection of a service of node a."""
    other: Bus
    """Another connection to the same server."""
    hub: Bus
    """A connection to the hub's server."""

    async def create(self, *, limit: int | None = None, name: str = "") -> str:
        """Make a stream at node a, which takes ``<name>.>``; return its name."""

    async def set_limit(self, stream: str, limit: int) -> None:
        """Have a stream take at most so many messages."""

    async def delete(self, stream: str) -> None:
        """Lose a stream."""

    async def tell_hub(self, data: bytes) -> Delivered:
        """Have the hub gather a page of a's directory; return it as it lies there."""

    async def cut(self) -> None:
        """Take the server away from ``bus``."""

    async def heal(self) -> None:
        """Give it back."""


class MemoryWorld:
    """The world in memory."""

    def __init__(self) -> None:
        self._server, self._hub_server = MemoryServer("a"), MemoryServer("eu")
        self._server.link(self._hub_server)
        self._hub_server.create("CONT_eu")
        self._bus = MemoryBus(self._server)
        self.bus: Bus = self._bus
        self.other: Bus = MemoryBus(self._server)
        self.hub: Bus = MemoryBus(self._hub_server)

    async def create(self, *, limit: int | None = None, name: str = "") -> str:
        """Make a stream at node a; return its name."""
        name = name or f"STREAM{next(_numbers)}"
        self._server.create(name, limit=limit)
        return name

    async def set_limit(self, stream: str, limit: int) -> None:
        """Have a stream take at most so many messages."""
        self._server.set_limit(stream, limit)

    async def delete(self, stream: str) -> None:
        """Lose a stream."""
        self._server.delete(stream)

    async def tell_hub(self, data: bytes) -> Delivered:
        """Have the hub gather a page of a's directory; return it as it lies there."""
        self._hub_server.add("CONT_eu", GATHERED, data, {"Twiza-Sig": "x"})
        return self._hub_server.stored("CONT_eu")[-1]

    async def cut(self) -> None:
        """Take the server away from ``bus``."""
        self._bus.cut()

    async def heal(self) -> None:
        """Give it back."""
        await self._bus.heal()


class NatsWorld:
    """The world of real nats-servers."""

    bus: Bus
    other: Bus
    hub: Bus

    def __init__(self, folder: Path) -> None:
        self._hub_node = TestNode(folder, "eu", level=Level.CONTINENTAL)
        self._node = TestNode(folder, "a")
        self._open: list[NatsBus] = []

    async def __aenter__(self) -> "NatsWorld":
        await gather(self._hub_node, self._node)
        self.bus, self.other = await self._connect(self._node), await self._connect(self._node)
        self.hub = await self._connect(self._hub_node)
        return self

    async def __aexit__(self, *_: object) -> None:
        for bus in self._open:
            await bus.aclose()
        await self._node.stop()
        await self._hub_node.stop()

    async def _connect(self, node: TestNode) -> NatsBus:
        # What a service may do is tested elsewhere; here the streams come and go as they like.
        await node.unbound_client()
        federation = node.home.federation()
        bus = await NatsBus.connect(
            node.server.url,
            credentials=node.home.creds / "unbound-fed.creds",
            inbox_prefix=inbox_prefix(node.name, federation.hub if federation else None, "node"),
            name=f"{node.name} {len(self._open)}",
        )
        self._open.append(bus)
        return bus

    async def _api(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        return await request(self._open[1].client, verb, body)

    async def create(self, *, limit: int | None = None, name: str = "") -> str:
        """Make a stream at node a; return its name."""
        name = name or f"STREAM{next(_numbers)}"
        config = _config(name, subjects=[f"{name}.>"], discard="new", max_msgs=limit or -1)
        await self._api(f"STREAM.CREATE.{name}", config)
        return name

    async def set_limit(self, stream: str, limit: int) -> None:
        """Have a stream take at most so many messages."""
        config = (await self._api(f"STREAM.INFO.{stream}", {}))["config"]
        await self._api(f"STREAM.UPDATE.{stream}", config | {"max_msgs": limit})

    async def delete(self, stream: str) -> None:
        """Lose a stream."""
        await self._api(f"STREAM.DELETE.{stream}", {})

    async def tell_hub(self, data: bytes) -> Delivered:
        """Have the hub gather a page of a's directory; return it as it lies there."""
        own = out_stream("a", "directory")
        subject = slotted(pages_subject("directory"), self._node.home.slot())
        last = (await self.bus.state(own)).last
        await self.bus.publish(own, subject, data, headers={"Twiza-Sig": "x"}, expected_last=last)
        found: list[Delivered] = []

        async def arrived() -> bool:
            last = await self.hub.message("CONT_eu", (await self.hub.state("CONT_eu")).last)
            found[:] = [last] if last is not None and last.data == data else []
            return bool(found)

        await until(arrived, what="the page at the hub")
        return found[0]

    async def cut(self) -> None:
        """Take the server away from ``bus``."""
        await self._node.kill()

    async def heal(self) -> None:
        """Give it back."""
        await self._node.restart()
