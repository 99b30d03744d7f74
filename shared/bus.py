"""The bus: what the log needs of a message server, and nothing more.

``shared.bus_nats`` speaks it over NATS JetStream; ``shared.bus_memory`` is a small working
stand-in. Both keep the same promises and are tested against the same tests.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from shared.refusals import Kind, Refusal

Headers = Mapping[str, str]
PUBLISH_TIMEOUT_S: Final = 5.0
ASK_TIMEOUT_S: Final = 10.0


class BusUnreachable(Refusal):
    """No answer came in time. What was asked may have happened: try again with the same bytes."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "bus-unreachable"
    title: ClassVar[str] = "The message server does not answer"


class NoStream(Refusal):
    """There is no such stream, or not yet."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "no-stream"
    title: ClassVar[str] = "The message server has no such stream"


class StreamFull(Refusal):
    """The stream has reached its limit; pages wait in the database."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "stream-full"
    title: ClassVar[str] = "The stream takes no more until its limit is raised"


class WrongLast(Refusal):
    """The stream's last sequence is not the one that was expected."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "wrong-last"
    title: ClassVar[str] = "The stream ends at another page than expected"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message of a stream, with its sequence, or a part of an answer (sequence 0)."""

    seq: int
    subject: str
    data: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where a stream stands; ``created`` tells a stream from another one of the same name."""

    created: str
    first: int
    last: int


class Feed(Protocol):
    """An endless reading of a stream from one place on."""

    async def batch(self, timeout_s: float) -> Sequence[Delivered]:
        """Return what has come, waiting at most ``timeout_s`` for the first; possibly nothing.

        Raises:
            BusUnreachable, NoStream: the feed has ended; open another from the last place.
        """
        ...

    async def aclose(self) -> None:
        """Stop reading."""
        ...


Answer = Callable[[bytes], AsyncIterator[Delivered]]


class Bus(Protocol):
    """A connection to the message server within one account."""

    async def publish(
        self, stream: str, subject: str, data: bytes, *, headers: Headers, expected_last: int
    ) -> None:
        """Store a message as number ``expected_last + 1`` of a stream; return when it is durable.

        Raises:
            WrongLast: the stream ends elsewhere.
            BusUnreachable: unknown whether it was stored.
            NoStream, StreamFull: it was not stored.
        """
        ...

    async def state(self, stream: str) -> StreamState:
        """Return where a stream stands.

        Raises:
            NoStream, BusUnreachable.
        """
        ...

    async def message(self, stream: str, seq: int) -> Delivered | None:
        """Return one message of a stream of this server, or none where it is gone."""
        ...

    async def last_of(self, stream: str, subject: str, *, domain: str) -> Delivered | None:
        """Return the last message under a subject of a stream in another domain, or none.

        Raises:
            NoStream, BusUnreachable.
        """
        ...

    async def feed(
        self, stream: str, *, start: int, subjects: Sequence[str] = (), domain: str | None = None
    ) -> Feed:
        """Open a reading of a stream from sequence ``start``, of some subjects or of all.

        Where a domain is named the stream is another server's, over the leaf link.

        Raises:
            NoStream, BusUnreachable.
        """
        ...

    def ask(
        self, subject: str, data: bytes, *, timeout_s: float = ASK_TIMEOUT_S
    ) -> AsyncIterator[Delivered]:
        """Ask, and yield the parts of the answer until it ends.

        Raises:
            BusUnreachable: nobody answers, or a part does not come in time.
        """
        ...

    async def serve(self, subject: str, answer: Answer) -> None:
        """Answer each request under a subject with the parts that ``answer`` yields."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the server can be reached now."""
        ...

    def on_reconnected(self, call: Callable[[], Awaitable[None] | None]) -> None:
        """Call back each time that the connection is there again."""
        ...

    async def aclose(self) -> None:
        """Let go of the connection."""
        ...
