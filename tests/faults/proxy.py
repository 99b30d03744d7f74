"""A leaf link that can be disturbed: a TCP proxy between a node and its hub, in a thread."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

PIECE_SIZE = 65_536
ANSWER_S = 10.0


class Proxy:
    """The way from one node to its hub; it carries bytes until it is told otherwise.

    Args:
        to_port: where the hub listens, on this machine.
        port: where the node connects; a free one where none is named.
    """

    def __init__(self, to_port: int, *, port: int = 0) -> None:
        self.port = port
        self._to_port = to_port
        self._latency_s = 0.0
        self._refuses = False
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self._passes: asyncio.Event
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._begin())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """End what is open with a reset, and every new connection at once."""
        self._refuses = True
        self._loop.call_soon_threadsafe(self._drop)

    def black_hole(self) -> None:
        """Carry nothing any more, and say nothing about it; connections stay open."""
        self._loop.call_soon_threadsafe(self._passes.clear)

    def slow(self, latency_s: float) -> None:
        """Hold each piece back for some seconds, in both directions."""
        self._latency_s = latency_s

    def heal(self) -> None:
        """Carry bytes as before; what a black hole held back is carried now."""
        self._refuses = False
        self._latency_s = 0.0
        self._loop.call_soon_threadsafe(self._passes.set)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_S)

    async def _begin(self) -> None:
        self._passes = asyncio.Event()
        self._passes.set()
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        self._passes.set()
        self._drop()
        if self._carrying:
            for task in self._carrying:
                task.cancel()
            await asyncio.wait(self._carrying)

    def _drop(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        try:
            if not self._refuses:
                await self._both_ways(reader, writer)
        except asyncio.CancelledError:
            # The server's own callback would speak of it; it is we who end the task.
            pass
        finally:
            writer.transport.abort()

    async def _both_ways(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there = await asyncio.open_connection("127.0.0.1", self._to_port)
            both = {writer, there[1]}
            self._open |= both
            ways = [
                asyncio.create_task(self._copy(reader, there[1])),
                asyncio.create_task(self._copy(there[0], writer)),
            ]
            try:
                # The end of one way is the end of both.
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._open -= both
                for one in both:
                    one.transport.abort()
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(PIECE_SIZE):
                await self._passes.wait()
                if self._latency_s:
                    await asyncio.sleep(self._latency_s)
                writer.write(data)
                await writer.drain()
