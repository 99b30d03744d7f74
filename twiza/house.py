"""The services of one process, taken from a home, opened behind one listener."""

import importlib
import logging
import sys
from pathlib import Path
from typing import Final, TextIO, cast

from services.node.home import Home
from services.node.server_config import EVERYWHERE
from shared import logs
from shared.runtime import settle_in
from shared.subjects import Level
from twiza import wiring
from twiza.logfiles import LogFile
from twiza.release import release
from twiza.serving import Doors, Listener, Room

LOOPBACK: Final = "127.0.0.1"
_LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class House:
    """The services that this process runs.

    Args:
        home: the node's home.
        single: whether all of the node's services are in this process.
        port: where they answer, on this machine only.
    """

    def __init__(self, home: Home, *, single: bool, port: int) -> None:
        self._home = home
        self._single = single
        self._doors = Doors()
        self._release = release()
        self._listener = Listener(self._doors, host=LOOPBACK, port=port, version=self._release)
        self._joining: Listener | None = None

    async def open(self, expected: frozenset[str]) -> None:
        """Listen for requests to services that may come.

        Raises:
            PortTaken: another program listens there.
        """
        self._doors.expected = expected
        await self._listener.open()

    async def open_service(self, service: str) -> None:
        """Open a service and return when it answers; what its start raises is raised."""
        settings = wiring.settings_of(self._home, service, single=self._single)
        module = importlib.import_module(f"services.{service}.app")
        room = Room(service, module.create_app(settings))
        self._doors.rooms[service] = room
        await room.open()
        if service == wiring.NODE:
            await self._open_front(room)
        settle_in()

    async def close_service(self, service: str) -> None:
        """Close a service; a second call does nothing."""
        if service == wiring.NODE:
            self._doors.front = None
            if self._joining is not None:
                joining, self._joining = self._joining, None
                await joining.close()
        room = self._doors.rooms.pop(service, None)
        if room is not None:
            await room.close()

    async def close(self) -> None:
        """Close what is open, the node's own service last, and stop listening."""
        for service in reversed(list(self._doors.rooms)):
            await self.close_service(service)
        await self._listener.close()

    async def _open_front(self, node: Room) -> None:
        """Open what the node's own service shows besides its API: the page, and a hub's door."""
        # Only the process that runs the node's own service carries its modules.
        from services.node.app import create_front_app, create_joining_app

        self._doors.front = node.beside(create_front_app())
        settings = self._home.settings()
        if settings.level is Level.LOCAL:
            return
        door = Doors()
        door.front = node.beside(create_joining_app())
        self._joining = Listener(
            door,
            host=LOOPBACK if settings.host in _LOOPBACK_NAMES else EVERYWHERE,
            port=settings.ports.joining,
            version=self._release,
            tls=(str(self._home.server_pem), str(self._home.server_key)),
        )
        await self._joining.open()


def write_logs(service: str, home: Home, *, file: Path | None) -> None:
    """Have this process log to a file of bounded size, or to the terminal where there is none."""
    stream = cast(TextIO, LogFile(file)) if file is not None else sys.stderr
    logs.configure(service, home.settings().name, release(), stream=stream, level=logging.INFO)
