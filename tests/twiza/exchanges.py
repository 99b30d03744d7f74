"""A home whose exchange answers in this process, so that commands can be run against it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from services.node.home import NodeSettings, initialise
from tests.exchange.items.conftest import Exchange
from tests.twiza.commands import Answer, twiza
from twiza import running
from twiza.serving import Doors, Listener, Room


class Served:
    """A home that seems to run.

    Args:
        home: its directory.
        exchange: where its exchange answers.
        token: of the steward who asks.
    """

    def __init__(self, home: Path, exchange: str, token: str) -> None:
        self.home = home
        self.exchange = exchange
        self._token = token

    async def ask(self, *arguments: str, **environment: str) -> Answer:
        """Run a command as a steward and return its answer; the exchange goes on answering."""
        said = {"TWIZA_TOKEN": self._token, "LC_ALL": "C.UTF-8", **environment}
        return await asyncio.to_thread(twiza, *arguments, "--home", self.home, **said)


@asynccontextmanager
async def served(exchange: Exchange, home: Path, *, token: str) -> AsyncIterator[Served]:
    """Serve an exchange at a port of this machine, as the node of a home would."""
    initialise(home, NodeSettings(name="souss", continent="af"), at=datetime.now(UTC))
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    doors, room = Doors(), Room("exchange", exchange.app)
    doors.expected, doors.rooms = frozenset({"exchange"}), {"exchange": room}
    listener = Listener(doors, host="127.0.0.1", port=port, version="test")
    await room.open()
    await listener.open()
    try:
        with running.held(home):
            address = f"http://127.0.0.1:{port}/exchange"
            about = running.Running(
                pid=os.getpid(), single=True, since="", addresses={"exchange": address}
            )
            running.announce(home, about)
            yield Served(home, address, token)
    finally:
        await listener.close()
        await room.close()
