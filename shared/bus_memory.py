"""A bus without a server: a small working stand-in for tests, which keeps the same promises.

Connections of one ``MemoryServer`` share its streams. A connection can be cut, and can be told to
lose the acknowledgements of what it publishes, or what it publishes itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from shared.bus import (
    ASK_TIMEOUT_S,
    Answer,
    BusUnreachable,
    Delivered,
    Feed,
    Headers,
    NoStream,
    StreamFull,
    StreamState,
    WrongLast,
)

BATCH_MESSAGES: Final = 64


@dataclass(slots=True)
class _Stream:
    created: str
    limit: int | None
    messages: list[Delivered] = field(default_factory=list)
    last: int = 0
    grown: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False

    def add(self, subject: str, data: bytes, headers: Headers) -> None:
        self.last += 1
        self.messages.append(Delivered(self.last, subject, data, dict(headers)))
        self.wake()

    def wake(self) -> None:
        """Have each feed that waits look again."""
        self.grown.set()
        self.grown = asyncio.Event()


class MemoryServer:
    """What a message server holds: streams, who answers which questions, and links to others.

    Args:
        domain: by which linked servers name it.
    """

    _creations = count(1)

    def __init__(self, domain: str = "") -> None:
        self.domain = domain
        self._streams: dict[str, _Stream] = {}
        self._linked: dict[str, MemoryServer] = {}
        self._answers: dict[str, tuple[MemoryBus, Answer]] = {}

    def create(self, name: str, *, limit: int | None = None) -> None:
        """Make a stream that is not there yet; above ``limit`` messages it takes no more."""
        if name not in self._streams:
            self._streams[name] = _Stream(f"creation {next(self._creations)}", limit)

    def delete(self, name: str) -> None:
        """Lose a stream with all that lies in it."""
        gone = self._streams.pop(name)
        gone.gone = True
        gone.wake()

    def truncate(self, name: str, last: int) -> None:
        """Lose a stream's messages after a sequence, as a damaged file does."""
        stream = self._stream(name)
        stream.messages = [message for message in stream.messages if message.seq <= last]
        stream.last = min(stream.last, last)

    def set_limit(self, name: str, limit: int | None) -> None:
        """Have a stream take at most so many messages from now on."""
        self._stream(name).limit = limit

    def add(self, name: str, subject: str, data: bytes, headers: Headers) -> None:
        """Put a message into a stream as its sources do, without any question."""
        self._stream(name).add(subject, data, headers)

    def names(self) -> list[str]:
        """Return the names of all streams."""
        return sorted(self._streams)

    def stored(self, name: str) -> list[Delivered]:
        """Return the messages of a stream."""
        return list(self._stream(name).messages)

    def link(self, other: "MemoryServer") -> None:
        """Link two servers, as a leaf does: each reaches the streams and answers of the other."""
        self._linked[other.domain], other._linked[self.domain] = other, self

    def unlink(self, other: "MemoryServer") -> None:
        """Cut the link to another server."""
        self._linked.pop(other.domain, None)
        other._linked.pop(self.domain, None)

    def in_domain(self, domain: str | None) -> "MemoryServer":
        """Return the server of a domain.

        Raises:
            NoStream: it cannot be reached.
        """
        if domain is None or domain == self.domain:
            return self
        if domain not in self._linked:
            raise NoStream(f"nobody answers for the domain {domain}")
        return self._linked[domain]

    def answering(self, subject: str) -> Answer | None:
        """Return who answers a question here or at a linked server."""
        for server in (self, *self._linked.values()):
            bus, answer = server._answers.get(subject, (None, None))
            if bus is not None and bus.connected:
                return answer
        return None

    def _stream(self, name: str) -> _Stream:
        if name not in self._streams:
            raise NoStream(name)
        return self._streams[name]


class MemoryBus:
    """A connection to a ``MemoryServer``. See ``shared.bus.Bus`` for what it promises."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server
        self._connected = True
        self._cut = asyncio.Event()
        self._reconnected: list[Callable[[], Awaitable[None] | None]] = []
        self._lost_acknowledgements = 0
        self._lost_messages = 0

    def cut(self) -> None:
        """Lose the connection; feeds end, and every call fails."""
        self._connected = False
        self._cut.set()

    async def heal(self) -> None:
        """Have the connection again, and say so to those who asked for it."""
        self._connected = True
        self._cut = asyncio.Event()
        for call in self._reconnected:
            if (waiting := call()) is not None:
                await waiting

    def lose(self, *, acknowledgements: int = 0, messages: int = 0) -> None:
        """Lose the next acknowledgements of what is stored, or the next messages themselves."""
        self._lost_acknowledgements += acknowledgements
        self._lost_messages += messages

    @property
    def connected(self) -> bool:
        """Whether the server can be reached now."""
        return self._connected

    def on_reconnected(self, call: Callable[[], Awaitable[None] | None]) -> None:
        """Call back each time that the connection is there again."""
        self._reconnected.append(call)

    async def publish(
        self, stream: str, subject: str, data: bytes, *, headers: Headers, expected_last: int
    ) -> None:
        """Store a message as number ``expected_last + 1``; see ``Bus.publish``."""
        await self._reach()
        if self._lost_messages:
            self._lost_messages -= 1
            raise BusUnreachable("the message was lost")
        found = self._server._stream(stream)
        if found.last != expected_last:
            raise WrongLast(f"{stream}: last is {found.last}, expected {expected_last}")
        if found.limit is not None and len(found.messages) >= found.limit:
            raise StreamFull(stream)
        found.add(subject, data, headers)
        if self._lost_acknowledgements:
            self._lost_acknowledgements -= 1
            raise BusUnreachable("the acknowledgement was lost")

    async def state(self, stream: str) -> StreamState:
        """Return where a stream stands; see ``Bus.state``."""
        await self._reach()
        found = self._server._stream(stream)
        first = found.messages[0].seq if found.messages else 0
        return StreamState(found.created, first, found.last)

    async def message(self, stream: str, seq: int) -> Delivered | None:
        """Return one message of a stream, or none where it is gone."""
        await self._reach()
        for message in self._server._stream(stream).messages:
            if message.seq == seq:
                return message
        return None

    async def last_of(self, stream: str, subject: str, *, domain: str) -> Delivered | None:
        """Return the last message under a subject of a stream in another domain, or none."""
        await self._reach()
        for message in reversed(self._server.in_domain(domain)._stream(stream).messages):
            if covers(subject, message.subject):
                return message
        return None

    async def feed(
        self, stream: str, *, start: int, subjects: Sequence[str] = (), domain: str | None = None
    ) -> Feed:
        """Open a reading of a stream; see ``Bus.feed``."""
        await self._reach()
        found = self._server.in_domain(domain)._stream(stream)
        return _MemoryFeed(found, self._cut, start, tuple(subjects))

    async def ask(
        self, subject: str, data: bytes, *, timeout_s: float = ASK_TIMEOUT_S
    ) -> AsyncIterator[Delivered]:
        """Ask, and yield the parts of the answer; see ``Bus.ask``."""
        await self._reach()
        answer = self._server.answering(subject)
        if answer is None:
            raise BusUnreachable(f"nobody answers {subject}")
        parts = aiter(answer(data))
        while True:
            try:
                part = await asyncio.wait_for(anext(parts), timeout_s)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise BusUnreachable(f"{subject}: no further part") from error
            except Exception:  # noqa: BLE001  # what fails in the answerer ends the answer
                return
            await self._reach()
            yield Delivered(0, part.subject, part.data, dict(part.headers))

    async def serve(self, subject: str, answer: Answer) -> None:
        """Answer each request under a subject; see ``Bus.serve``."""
        await self._reach()
        self._server._answers[subject] = (self, answer)

    async def aclose(self) -> None:
        """Let go of the connection."""
        self.cut()

    async def _reach(self) -> None:
        """Give way to others once, as every call to a server does."""
        await asyncio.sleep(0)
        if not self._connected:
            raise BusUnreachable("the connection is cut")


class _MemoryFeed:
    """A reading of a stream. See ``shared.bus.Feed``."""

    def __init__(
        self, stream: _Stream, cut: asyncio.Event, start: int, subjects: tuple[str, ...]
    ) -> None:
        self._stream = stream
        self._cut = cut
        self._next = start
        self._subjects = subjects
        self._closed = False

    async def batch(self, timeout_s: float) -> Sequence[Delivered]:
        """Return what has come; see ``Feed.batch``."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        await asyncio.sleep(0)
        while True:
            grown = self._stream.grown
            if self._cut.is_set() or self._stream.gone:
                raise BusUnreachable("the feed has ended")
            if found := self._taken():
                return found
            if (left_s := until - loop.time()) <= 0:
                return ()
            waits = [asyncio.ensure_future(event.wait()) for event in (grown, self._cut)]
            await asyncio.wait(waits, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    def _taken(self) -> list[Delivered]:
        later = [message for message in self._stream.messages if message.seq >= self._next]
        if later:
            self._next = later[min(len(later), BATCH_MESSAGES) - 1].seq + 1
        return [message for message in later[:BATCH_MESSAGES] if self._wants(message)]

    def _wants(self, message: Delivered) -> bool:
        return not self._subjects or any(covers(s, message.subject) for s in self._subjects)

    async def aclose(self) -> None:
        """Stop reading."""


def covers(pattern: str, subject: str) -> bool:
    """Return whether a subject with wildcards (``*`` for a word, ``>`` for the rest) covers one."""
    wanted, given = pattern.split("."), subject.split(".")
    for at, word in enumerate(wanted):
        if word == ">":
            return len(given) > at
        if at >= len(given) or word not in ("*", given[at]):
            return False
    return len(wanted) == len(given)
