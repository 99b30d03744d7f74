"""The bus over NATS JetStream: nats-py for the connection, the JetStream API as plain requests.

How a stream is read stands in ``bus_nats_feed.py``.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from shared.bus import (
    ASK_TIMEOUT_S,
    PUBLISH_TIMEOUT_S,
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
from shared.bus_nats_feed import NatsFeed, quietly
from shared.ids import new_id

API_TIMEOUT_S: Final = 5.0

_STREAM_NOT_FOUND: Final = 10059
_WRONG_LAST: Final = 10071
_FULL: Final = frozenset({10077, 10023, 10047})
_INBOX: Final = re.compile(
    r"fd\.[a-z0-9-]+\.[a-z0-9-]+\.ib\.[a-z]+\.[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)?"
)
"""Where clients of Twiza wait for answers: below ``shared.subjects.reply_prefix``."""
_PART: Final = "Twiza-Part"
_END: Final = "end"

log = structlog.get_logger(__name__)


class _Client(Client):
    """A client that goes on after a message that it cannot read.

    The library itself would stop reading for good, and still say that it is connected.
    """

    async def _process_headers(self, headers: bytes) -> dict[str, str] | None:
        try:
            found: dict[str, str] | None = await super()._process_headers(headers)
        except (IndexError, ValueError):
            return {}
        return found

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        try:
            await super()._process_msg(sid, subject, reply, data, headers)
        except ValueError:
            log.info("nats", reason="unreadable-subject", detail=repr(subject)[:200])


class NatsBus:
    """A connection as one user of one account. See ``shared.bus.Bus`` for its promises."""

    def __init__(self, client: Client, inbox_prefix: str) -> None:
        self._client = client
        self.inbox_prefix = inbox_prefix
        self._reconnected: list[Callable[[], Awaitable[None] | None]] = []
        self._served: list[Subscription] = []

    @classmethod
    async def connect(
        cls, url: str, *, credentials: Path, inbox_prefix: str, name: str
    ) -> "NatsBus":
        """Connect, and go on trying for as long as the process lives.

        Args:
            url: ``nats://host:port``.
            credentials: the user's credentials file.
            inbox_prefix: below which answers come; the user's allow-list names it.
            name: the connection's name in the server's monitoring.
        """
        client = _Client()
        bus = cls(client, inbox_prefix)

        async def reconnected() -> None:
            for call in bus._reconnected:
                waiting = call()
                if waiting is not None:
                    await waiting

        async def failed(error: Exception) -> None:
            log.info("nats", peer=name, reason=type(error).__name__, detail=str(error)[:200])

        await client.connect(
            url,
            user_credentials=str(credentials),
            inbox_prefix=inbox_prefix,
            name=name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,  # type: ignore[arg-type]  # seconds; fractions work
            ping_interval=20,
            allow_reconnect=True,
            error_cb=failed,
            reconnected_cb=reconnected,
            skip_subject_validation=True,
        )
        return bus

    @property
    def client(self) -> Client:
        """The connection itself, for the provisioning of streams."""
        return self._client

    @property
    def connected(self) -> bool:
        """Whether the server can be reached now."""
        return bool(self._client.is_connected)

    def on_reconnected(self, call: Callable[[], Awaitable[None] | None]) -> None:
        """Call back each time that the connection is there again."""
        self._reconnected.append(call)

    async def publish(
        self, stream: str, subject: str, data: bytes, *, headers: Headers, expected_last: int
    ) -> None:
        """Store a message as number ``expected_last + 1``; see ``Bus.publish``."""
        answer = await self._request(
            subject,
            data,
            headers={
                **headers,
                "Nats-Expected-Stream": stream,
                "Nats-Expected-Last-Sequence": str(expected_last),
            },
            timeout_s=PUBLISH_TIMEOUT_S,
        )
        _raise_error(answer, stream)
        if answer.get("seq") != expected_last + 1:
            raise WrongLast(f"{stream}: stored as {answer.get('seq')}")

    async def state(self, stream: str) -> StreamState:
        """Return where a stream stands; see ``Bus.state``."""
        answer = await self.api(f"$JS.API.STREAM.INFO.{stream}", {})
        found = answer["state"]
        return StreamState(answer["created"], found["first_seq"], found["last_seq"])

    async def message(self, stream: str, seq: int) -> Delivered | None:
        """Return one message of a stream of this server, or none."""
        try:
            found = await self._client.request(
                f"$JS.API.DIRECT.GET.{stream}",
                orjson.dumps({"seq": seq}),
                timeout=API_TIMEOUT_S,
            )
        except NoRespondersError as error:
            raise NoStream(stream) from error
        except (NatsError, OSError) as error:
            raise BusUnreachable(type(error).__name__) from error
        headers = dict(found.headers or {})
        if headers.get("Status", "").startswith("4"):
            return None
        return Delivered(seq, headers.get("Nats-Subject", ""), found.data, headers)

    async def last_of(self, stream: str, subject: str, *, domain: str) -> Delivered | None:
        """Return the last message under a subject of a stream in another domain."""
        feed = await NatsFeed.open(
            self,
            stream,
            {"deliver_policy": "last", "filter_subjects": [subject]},
            api=f"$JS.{domain}.API",
        )
        try:
            return next(iter(await feed.batch(API_TIMEOUT_S)), None) if feed.waiting else None
        finally:
            await feed.aclose()

    async def feed(
        self, stream: str, *, start: int, subjects: Sequence[str] = (), domain: str | None = None
    ) -> Feed:
        """Open a reading of a stream; see ``Bus.feed``."""
        policy: dict[str, Any] = {"deliver_policy": "by_start_sequence", "opt_start_seq": start}
        if subjects:
            policy["filter_subjects"] = list(subjects)
        api = f"$JS.{domain}.API" if domain else "$JS.API"
        return await NatsFeed.open(self, stream, policy, api=api)

    async def ask(
        self, subject: str, data: bytes, *, timeout_s: float = ASK_TIMEOUT_S
    ) -> AsyncIterator[Delivered]:
        """Ask, and yield the parts of the answer; see ``Bus.ask``."""
        inbox = f"{self.inbox_prefix}.{new_id()}"
        subscription = await self._client.subscribe(inbox)
        try:
            await self._client.publish(subject, data, reply=inbox)
            while True:
                part = await subscription.next_msg(timeout=timeout_s)
                headers = dict(part.headers or {})
                if headers.get("Status") == "503":
                    raise BusUnreachable(f"nobody answers {subject}")
                if headers.get(_PART) == _END:
                    return
                yield Delivered(0, headers.get("Twiza-Subject", ""), part.data, headers)
        except (NatsError, OSError) as error:
            raise BusUnreachable(type(error).__name__) from error
        finally:
            await quietly(subscription.unsubscribe())

    async def serve(self, subject: str, answer: Answer) -> None:
        """Answer each request under a subject; see ``Bus.serve``."""

        async def one(request: Msg) -> None:
            # Whoever asks chooses where the answer goes, and it goes there with our permissions: to
            # an inbox, and nowhere else.
            if _INBOX.fullmatch(request.reply) is None:
                log.warning("asked to answer no inbox", reply=request.reply[:200])
                return
            try:
                async for part in answer(request.data):
                    await self._client.publish(
                        request.reply,
                        part.data,
                        headers={**part.headers, "Twiza-Subject": part.subject},
                    )
            finally:
                await self._client.publish(request.reply, b"", headers={_PART: _END})

        self._served.append(await self._client.subscribe(subject, cb=one))
        # Whoever asks after this is heard: the server has the subscription now.
        await self._client.flush()

    async def api(self, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of the JetStream API to a request.

        Raises:
            NoStream, StreamFull, WrongLast, BusUnreachable.
        """
        answer = await self._request(subject, orjson.dumps(body), timeout_s=API_TIMEOUT_S)
        _raise_error(answer, subject.rsplit(".", 1)[-1])
        return answer

    async def _request(
        self,
        subject: str,
        data: bytes,
        *,
        headers: dict[str, str] | None = None,
        timeout_s: float,
    ) -> dict[str, Any]:
        try:
            answer = await self._client.request(subject, data, timeout=timeout_s, headers=headers)
        except NoRespondersError as error:
            raise NoStream(subject) from error
        except (NatsError, OSError) as error:
            raise BusUnreachable(type(error).__name__) from error
        return _parsed(answer.data, subject)

    async def aclose(self) -> None:
        """Let go of the connection, after what was published has been written."""
        try:
            await self._client.drain()
        except (NatsError, OSError):
            await quietly(self._client.close())


def _parsed(data: bytes, subject: str) -> dict[str, Any]:
    """Return what an answer says; a hub may answer whatever it likes.

    Raises:
        BusUnreachable: it is no answer of the JetStream API.
    """
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BusUnreachable(f"{subject}: an answer that is not JSON") from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("error") or {}, dict):
        raise BusUnreachable(f"{subject}: an answer that says nothing")
    return parsed


def _raise_error(answer: dict[str, Any], stream: str) -> None:
    error = answer.get("error")
    if error is None:
        return
    said = error.get("err_code")
    code, text = said if type(said) is int else 0, str(error.get("description", ""))[:200]
    if code == _WRONG_LAST:
        raise WrongLast(f"{stream}: {text}")
    if code == _STREAM_NOT_FOUND or error.get("code") == 404:
        raise NoStream(f"{stream}: {text}")
    if code in _FULL:
        raise StreamFull(f"{stream}: {text}")
    raise BusUnreachable(f"{stream}: {code} {text}")
