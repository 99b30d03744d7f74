"""Serving the services of a process over HTTP: each below its own name, behind one listener.

The listener answers before the services are open: services ask one another while they start, and
who comes too early is told to come again.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
import structlog
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twiza.running import PortTaken

BACKLOG: Final = 512
STOP_GRACE_S: Final = 5
KEEP_ALIVE_S: Final = 20
_STARTING: Final = {
    "type": "/problems/starting",
    "title": "This service is starting",
    "status": 503,
    "detail": "Ask again in a moment.",
}
_NOTHING: Final = {
    "type": "/problems/not-found",
    "title": "There is nothing here under that name",
    "status": 404,
}


class Room:
    """One application of this process, opened and closed by its own lifespan.

    Args:
        name: the service's name, which stands in its lines of the log.
        app: the application.
    """

    def __init__(self, name: str, app: ASGIApp) -> None:
        self.name = name
        self.app = app
        self.is_open = False
        self.state: dict[str, Any] = {}
        self._closing = asyncio.Event()
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._living: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Run the application's start and return when it is done; what it raises is raised."""
        assert self._living is None, "a room is opened once"
        self._living = asyncio.create_task(self._live(), name=f"room {self.name}")
        told = asyncio.create_task(self._told.get())
        try:
            await asyncio.wait([told, self._living], return_when=asyncio.FIRST_COMPLETED)
            if not told.done() or told.result()["type"] != "lifespan.startup.complete":
                await self._living
                raise RuntimeError(f"{self.name} did not start and did not say why")
        except BaseException:
            # What failed, or is not wanted any more, leaves nothing to be closed.
            told.cancel()
            self._living.cancel()
            await asyncio.wait([self._living])
            self._living = None
            raise
        self.is_open = True

    async def close(self) -> None:
        """Run the application's end; a second call does nothing."""
        self.is_open = False
        self._closing.set()
        if self._living is not None:
            living, self._living = self._living, None
            await living

    def beside(self, app: ASGIApp) -> "Room":
        """Return a room for another application that works with what this one has opened."""
        room = Room(self.name, app)
        room.state, room.is_open = self.state, True
        return room

    async def _live(self) -> None:
        structlog.contextvars.bind_contextvars(service=self.name)
        started = False

        async def receive() -> Message:
            nonlocal started
            if not started:
                started = True
                return {"type": "lifespan.startup"}
            await self._closing.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: Message) -> None:
            self._told.put_nowait(message)

        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        await self.app(scope, receive, send)


class Doors:
    """The application in front: ``/<service>/...`` goes to that service, the rest to the front."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}
        self.expected: frozenset[str] = frozenset()
        """The services that may come; whoever asks them before that is told to ask again."""
        self.front: Room | None = None
        """What answers outside of the services, within the node service's room."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on to the room to which its path leads."""
        if scope["type"] != "http":
            return
        first = scope["path"].split("/", 2)[1]
        if first in self.expected:
            room, root = self.rooms.get(first), f"/{first}"
        else:
            room, root = self.front, ""
        if room is None or not room.is_open:
            known = first in self.expected or room is not None
            await _answer(send, _STARTING if known else _NOTHING)
            return
        structlog.contextvars.bind_contextvars(service=room.name)
        inner = {
            **scope,
            "root_path": scope.get("root_path", "") + root,
            "state": room.state.copy(),
        }
        await room.app(inner, receive, send)


class Listener:
    """A port of this process and the application that answers there.

    Args:
        app: the application, whose lifespan is somebody else's business.
        host, port: where it listens.
        version: what is said of the software.
        tls: the files of certificate and key, where the answers are sealed.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        version: str,
        tls: tuple[str, str] | None = None,
    ) -> None:
        certificate, key = tls or (None, None)
        config = uvicorn.Config(
            app,
            lifespan="off",
            loop="none",
            http="httptools",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            headers=[("server", f"twiza/{version}")],
            timeout_graceful_shutdown=STOP_GRACE_S,
            timeout_keep_alive=KEEP_ALIVE_S,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        self._server = _Server(config)
        self._where = host, port
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen, and return when requests are answered.

        Raises:
            PortTaken: another program listens there.
        """
        self._serving = asyncio.create_task(self._server.serve([_bound_socket(*self._where)]))
        answers = asyncio.create_task(self._server.answers.wait())
        await asyncio.wait([answers, self._serving], return_when=asyncio.FIRST_COMPLETED)
        answers.cancel()
        if self._serving.done():
            self._serving.result()

    async def close(self) -> None:
        """Answer what is being answered, and stop listening; a second call does nothing."""
        self._server.should_exit = True
        if self._serving is not None:
            serving, self._serving = self._serving, None
            await serving


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to those who stop everything in its order."""
        yield


def _bound_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise PortTaken(f"port {port} at {host}") from error
    return found


async def _answer(send: Send, problem: dict[str, Any]) -> None:
    body = orjson.dumps(problem)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode("ascii")),
    ]
    if problem["status"] == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": problem["status"], "headers": headers})
    await send({"type": "http.response.body", "body": body})
