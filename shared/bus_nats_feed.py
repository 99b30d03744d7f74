"""Reading a stream of JetStream: a pull consumer that we keep, and drive ourselves.

Consumers are ephemeral, in memory and never acknowledged: the cursor that counts lies in our own
database. A pull is renewed before the last one has run out, so that pages come as they are stored.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from typing import Any, Final, Protocol

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from shared.bus import BusUnreachable, Delivered
from shared.ids import new_id

PULL_PAGES: Final = 64
PULL_BYTES_MAX: Final = 8_000_000
PULL_EXPIRES_S: Final = 30
HEARTBEAT_S: Final = 5
SILENCE_MAX_S: Final = 12.0
"""After this long without even a heartbeat a feed counts as ended."""
INACTIVE_S: Final = 30
_DELIVERY: Final = "$JS.ACK."
"""How the reply subject of a stream's message begins; what a server says by itself has none."""


class Api(Protocol):
    """What a feed needs of its connection."""

    inbox_prefix: str

    @property
    def client(self) -> Client:
        """The connection itself."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the server can be reached now."""
        ...

    async def api(self, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of the JetStream API to a request."""
        ...


class NatsFeed:
    """A pull consumer of our own making. See ``shared.bus.Feed``."""

    def __init__(self, bus: Api, stream: str, api: str) -> None:
        self._bus = bus
        self._stream = stream
        self._api = api
        self._name = new_id()
        self._messages: deque[Delivered] = deque()
        self._arrived = asyncio.Event()
        self._outstanding = 0
        self._heard_at = asyncio.get_running_loop().time()
        self._ended: str | None = None
        self._inbox = f"{bus.inbox_prefix}.{self._name}"
        self._subscription: Subscription | None = None
        self.waiting = 0
        """How many messages waited for this reader when it was opened."""

    @classmethod
    async def open(cls, bus: Api, stream: str, policy: dict[str, Any], *, api: str) -> "NatsFeed":
        """Make a consumer of a stream and ask for its first messages.

        Args:
            bus: the connection.
            stream: the stream's name.
            policy: where it begins and which subjects it brings, as JetStream names them.
            api: the API's prefix, which names the domain.

        Raises:
            NoStream, BusUnreachable.
        """
        feed = cls(bus, stream, api)
        created = await bus.api(
            f"{api}.CONSUMER.CREATE.{stream}.{feed._name}",
            {
                "stream_name": stream,
                "action": "create",
                "config": {
                    "name": feed._name,
                    "ack_policy": "none",
                    "replay_policy": "instant",
                    "inactive_threshold": INACTIVE_S * 1_000_000_000,
                    "mem_storage": True,
                    "num_replicas": 1,
                    **policy,
                },
            },
        )
        try:
            feed.waiting = int(created["num_pending"])
        except (KeyError, TypeError, ValueError) as error:
            raise BusUnreachable(f"{stream}: an answer that says nothing") from error
        feed._subscription = await bus.client.subscribe(
            feed._inbox,
            cb=feed._take,
            pending_msgs_limit=-1,
            pending_bytes_limit=-1,
        )
        await feed._pull()
        return feed

    async def batch(self, timeout_s: float) -> Sequence[Delivered]:
        """Return what has come; see ``Feed.batch``."""
        if not self._messages:
            self._arrived.clear()
            if self._outstanding <= 0:
                await self._pull()
            try:
                await asyncio.wait_for(self._arrived.wait(), timeout_s)
            except TimeoutError:
                self._notice_silence()
                return ()
        if self._ended is not None and not self._messages:
            raise BusUnreachable(self._ended)
        taken = list(self._messages)
        self._messages.clear()
        if self._outstanding <= PULL_PAGES // 2:
            await self._pull()
        return taken

    async def aclose(self) -> None:
        """Stop reading; the server forgets the consumer by itself where it cannot be told."""
        if self._subscription is not None:
            await quietly(self._subscription.unsubscribe())
        if self._api == "$JS.API" and self._bus.connected:
            subject = f"{self._api}.CONSUMER.DELETE.{self._stream}.{self._name}"
            await quietly(self._bus.client.publish(subject, b""))

    async def _take(self, message: Msg) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        headers = message.headers or {}
        status = headers.get("Status", "")
        # Whoever wrote a message chose its headers, "Status" and "Nats-Subject" among them. The
        # server itself says on which subject to acknowledge it, and under which it lies.
        if message.reply.startswith(_DELIVERY):
            self._outstanding -= 1
            self._messages.append(
                Delivered(_sequence(message.reply), message.subject, message.data, headers)
            )
        elif status == "100":
            return
        elif status in ("408", "404") or headers.get("Nats-Pending-Messages"):
            self._outstanding = 0
        else:
            self._ended = f"{status} {headers.get('Description', '')}"
        self._arrived.set()

    async def _pull(self) -> None:
        request = {
            "batch": PULL_PAGES,
            "max_bytes": PULL_BYTES_MAX,
            "expires": PULL_EXPIRES_S * 1_000_000_000,
            "idle_heartbeat": HEARTBEAT_S * 1_000_000_000,
        }
        self._outstanding += PULL_PAGES
        try:
            await self._bus.client.publish(
                f"{self._api}.CONSUMER.MSG.NEXT.{self._stream}.{self._name}",
                orjson.dumps(request),
                reply=self._inbox,
            )
        except (NatsError, OSError) as error:
            raise BusUnreachable(type(error).__name__) from error

    def _notice_silence(self) -> None:
        if asyncio.get_running_loop().time() - self._heard_at > SILENCE_MAX_S:
            raise BusUnreachable(f"nothing heard of {self._stream}")


def _sequence(reply: str) -> int:
    """Return the stream sequence out of an acknowledgement subject, of either form."""
    tokens = reply.split(".")
    # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>... or with <domain>.<account> in front.
    return int(tokens[5] if len(tokens) < 11 else tokens[7])


async def quietly(closing: Awaitable[Any]) -> None:
    """Let go of something; where that fails nobody needs it any more."""
    try:
        await closing
    except (NatsError, OSError):
        return
