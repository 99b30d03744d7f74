"""Leaf links that can be cut: between a node and its hub stands a small proxy of our own.

A link is cut while the file ``<name>.cut`` stands in the folder of the links, and heals when the
file goes, so that another process can do either.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

POLL_S: Final = 0.1
PIECE_SIZE: Final = 65_536
_SUFFIX: Final = ".cut"


def cut(folder: Path, name: str) -> None:
    """Cut the link of a node."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}{_SUFFIX}").touch()


def heal(folder: Path, name: str) -> None:
    """Heal the link of a node."""
    (folder / f"{name}{_SUFFIX}").unlink(missing_ok=True)


def is_cut(folder: Path, name: str) -> bool:
    """Return whether the link of a node is cut."""
    return (folder / f"{name}{_SUFFIX}").exists()


class Link:
    """The way from one node to its hub, over a port of this process.

    Args:
        name: the node's name.
        folder: where the cuts are written.
        port: where the node connects.
        to_port: where its hub listens.
    """

    def __init__(self, name: str, folder: Path, *, port: int, to_port: int) -> None:
        self.name = name
        self._folder = folder
        self._port = port
        self._to_port = to_port
        self._server: asyncio.Server | None = None
        self._watching: asyncio.Task[None] | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen, whether the link is cut or not."""
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", self._port)
        self._watching = asyncio.create_task(self._watch(), name=f"link {self.name}")

    async def close(self) -> None:
        """Stop listening and end what is open."""
        if self._watching is not None:
            self._watching.cancel()
        if self._server is not None:
            self._server.close()
        self._drop()
        if self._carrying:
            await asyncio.wait(self._carrying)

    async def _watch(self) -> None:
        while True:
            if is_cut(self._folder, self.name):
                self._drop()
            await asyncio.sleep(POLL_S)

    def _drop(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if is_cut(self._folder, self.name):
            writer.transport.abort()
            return
        with suppress(OSError):
            there = await asyncio.open_connection("127.0.0.1", self._to_port)
            self._open |= {writer, there[1]}
            try:
                await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
            finally:
                self._open -= {writer, there[1]}
                there[1].transport.abort()
        writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way; the end of one way is the end of both."""
    try:
        while data := await reader.read(PIECE_SIZE):
            writer.write(data)
            await writer.drain()
    finally:
        writer.transport.abort()
