"""Pages as an attacker makes them: with real keys, and with whatever bytes it likes.

A dishonest operator has its node's keys and its own server. So a forger signs what it is given,
sends it through its node's own slot as a relay does, or as a dishonest hub shows it to those below.
"""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson
from nats.aio.client import Client

from services.node.jetstream import request
from services.node.jwt import user_token
from shared.contracts.log import LogReopened
from shared.events import Log
from shared.ids import NodeName, ServiceName, global_id, new_uuid7
from shared.keys import Prefix, SigningKey
from shared.log.certificates import certify
from shared.log.epochs import Statement, signed_reopening
from shared.log.names import LogName
from shared.log.page import (
    CERTIFICATE_HEADER,
    NO_PAGE,
    SIGNATURE_HEADER,
    sha256_hex,
    sign_page,
)
from shared.subjects import continental_stream, pages_subject, slotted
from tests.nodes import EVERYTHING, TestNode, publish

SPOKEN_AT: Final = "2026-11-21T17:00:00.123Z"
MADE_UP: Final = "Made up"

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Forged:
    """Bytes that claim to be a page, with the two headers that come with them."""

    data: bytes
    signature: str
    certificate: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers."""
        return {SIGNATURE_HEADER: self.signature, CERTIFICATE_HEADER: self.certificate}

    @property
    def sha256(self) -> str:
        """Return the hash of the bytes."""
        return sha256_hex(self.data)


Send = Callable[[Forged], Awaitable[None]]


class Forger:
    """Who holds the keys of a log and keeps to no rule of it.

    Args:
        name: the log.
        root, key: the node's root key and the service's.
        send: brings a page into the world.

    ``epoch``, ``number`` and ``prev`` say where the log stands after its last good page.
    """

    def __init__(self, name: LogName, *, root: SigningKey, key: SigningKey, send: Send) -> None:
        self.name = name
        self.root = root
        self.key = key
        self.certificate = certify(root, node=name.node, service=name.service, key=key.public)
        self.epoch = 1
        self.number = 0
        self.prev = NO_PAGE
        self.send = send

    @classmethod
    def of(cls, node: TestNode, service: str) -> "Forger":
        """Return the forger that a node's own operator is."""

        async def through_its_slot(forged: Forged) -> None:
            await publish(node, service, forged.data, forged.headers)

        return cls(
            LogName(node.name, ServiceName(service), Log.PUBLIC),
            root=SigningKey.load(node.home.root_key),
            key=SigningKey.load(node.home.service_key(service)),
            send=through_its_slot,
        )

    @classmethod
    def stranger(cls, name: str, service: str, *, send: Send | None = None) -> "Forger":
        """Return somebody who claims a name with keys of their own."""

        async def nowhere(forged: Forged) -> None:
            raise AssertionError(f"a stranger has no way to send {forged}")

        return cls(
            LogName(NodeName(name), ServiceName(service), Log.PUBLIC),
            root=SigningKey.generate(Prefix.ROOT),
            key=SigningKey.generate(Prefix.SERVICE),
            send=send or nowhere,
        )

    @property
    def source(self) -> str:
        """The source of this log's events."""
        return f"twiza:{self.name.node}/{self.name.service}"

    def listed(self, name: str = MADE_UP, **changes: Any) -> Told:
        """Return an event by which an entity is listed, with other fields where they are given."""
        entity_id = global_id(self.name.node, new_uuid7())
        data = {"entity_id": entity_id, "revision": 1, "profile": {"name": name}}
        return self.event("org.twiza.directory.entity.listed.v1", entity_id, data) | changes

    def event(self, type_: str, subject: str, data: Mapping[str, Any]) -> Told:
        """Return an event of this log as a CloudEvent."""
        return {
            "specversion": "1.0",
            "id": new_uuid7(),
            "source": self.source,
            "type": type_,
            "subject": subject,
            "time": SPOKEN_AT,
            "datacontenttype": "application/json",
            "data": dict(data),
        }

    def page(self, *events: Told, **changes: Any) -> dict[str, Any]:
        """Return the log's next page as a value, with other fields where they are given."""
        return {
            "v": 1,
            "node": self.name.node,
            "service": self.name.service,
            "log": self.name.log.value,
            "epoch": self.epoch,
            "number": self.number + 1,
            "prev": self.prev,
            "sealed_at": SPOKEN_AT,
            "events": list(events),
            **changes,
        }

    def signed(self, page: Mapping[str, Any] | bytes, *, key: SigningKey | None = None) -> Forged:
        """Return a page's canonical bytes, or any bytes, with this log's signature."""
        data = page if isinstance(page, bytes) else written(page)
        return Forged(data, sign_page(sha256_hex(data), key or self.key), self.certificate)

    async def tell(self, *events: Told, **changes: Any) -> Forged:
        """Send the log's next page, a good one unless it is changed, and go on after it."""
        forged = self.signed(self.page(*(events or (self.listed(),)), **changes))
        await self.send(forged)
        self.follow(forged)
        return forged

    def follow(self, forged: Forged) -> None:
        """Go on after this page."""
        page = json.loads(forged.data)
        self.epoch, self.number, self.prev = page["epoch"], page["number"], forged.sha256

    def reopening(
        self, *, epoch: int = 0, old: tuple[int, int, str] | None = None, **changes: Any
    ) -> Told:
        """Return the event that opens the next epoch, signed by the node's root key.

        Args:
            epoch: the new epoch; the next one where nothing is said.
            old: the old epoch, its last page that counts and that page's hash; where the log stands
                if nothing is said.
        """
        old = old or (self.epoch, self.number, self.prev)
        asked = Statement(self.name, epoch or self.epoch + 1, *old, "healed by its operator")
        return self.reopened(signed_reopening(self.root, asked), **changes)

    def reopened(self, event: LogReopened, **changes: Any) -> Told:
        """Return a reopening as a CloudEvent."""
        data = event.model_dump(mode="json") | changes
        return self.event(LogReopened.wire_type(), event.about(), data)

    async def heal(self, *, old: tuple[int, int, str] | None = None) -> Forged:
        """Open the next epoch after the last good page, and go on in it."""
        opening = self.reopening(old=old)
        return await self.tell(opening, epoch=opening["data"]["epoch"], number=1, prev=NO_PAGE)


def written(value: Any) -> bytes:
    """Return canonical bytes, without asking whether the value is of the grammar."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def changed(
    forged: Forged, *, data: bytes = b"", signature: str = "", certificate: str = ""
) -> Forged:
    """Return a page with other bytes, another signature or another certificate."""
    return Forged(
        data or forged.data, signature or forged.signature, certificate or forged.certificate
    )


class DishonestHub:
    """A hub that puts what it likes into what it shows to those below it."""

    def __init__(self, hub: TestNode, client: Client) -> None:
        self._hub = hub
        self._client = client

    @classmethod
    async def of(cls, hub: TestNode) -> "DishonestHub":
        """Return the dishonest hub that an operator makes of an honest one."""
        client = await hub.unbound_client()
        made_up = {
            "name": "MADE_UP",
            "subjects": ["made.up.>"],
            "storage": "memory",
            "retention": "limits",
            "num_replicas": 1,
        }
        await request(client, "STREAM.CREATE.MADE_UP", made_up)
        rule = {"src": "made.up.*.*.pages", "dest": "{{wildcard(1)}}.{{wildcard(2)}}.pages"}
        config = json.loads(hub.home.intended_stream(continental_stream(hub.name)).read_bytes())
        config["sources"].append({"name": "MADE_UP", "subject_transforms": [rule]})
        await (await hub.streams()).ensure(config)
        return cls(hub, client)

    async def show(self, name: LogName, forged: Forged) -> None:
        """Show a page as one of this log."""
        await self.say(f"{name.node}.{name.service}", forged.data, forged.headers)

    async def say(self, log: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Show any bytes as a page of ``<node>.<service>``."""
        subject = f"made.up.{log}.pages"
        answer = await self._client.request(subject, data, headers=dict(headers or {}), timeout=5)
        assert b'"error"' not in answer.data, answer.data

    def sender(self, name: LogName) -> Send:
        """Return how pages are shown as those of a log."""

        async def send(forged: Forged) -> None:
            await self.show(name, forged)

        return send


@asynccontextmanager
async def raw_client(
    node: TestNode, service: str, *, subject: bytes = b""
) -> AsyncIterator[Callable[[bytes, bytes], Awaitable[None]]]:
    """Yield what publishes a block of headers and a payload as they are.

    A client library would not send such headers; the server passes on what it is given.

    Args:
        node, service: whose key is used; its server lets it do anything.
        subject: where it publishes; through the node's slot into the service's log if not given.
    """
    issuer = SigningKey.load(node.home.account_key("fed"))
    user = SigningKey.load(node.home.user_key("fed", service))
    port = node.settings.ports.nats
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    info = json.loads((await reader.readline()).removeprefix(b"INFO "))
    token = user_token(
        issuer, user.public, name="raw", allowed=EVERYTHING, issued_at=int(time.time())
    )
    signature = urlsafe_b64encode(user.sign(info["nonce"].encode("ascii")))
    connect = {
        "jwt": token,
        "sig": signature.decode("ascii").rstrip("="),
        "verbose": True,
        "headers": True,
        "no_responders": True,
    }
    writer.write(b"CONNECT " + json.dumps(connect).encode() + b"\r\n")
    assert await reader.readline() == b"+OK\r\n"
    subject = subject or slotted(pages_subject(service), node.home.slot()).encode()

    async def send(headers: bytes, payload: bytes) -> None:
        sizes = b"%d %d" % (len(headers), len(headers) + len(payload))
        writer.write(b"HPUB %s %s\r\n%s%s\r\n" % (subject, sizes, headers, payload))
        assert (answer := await reader.readline()) == b"+OK\r\n", answer

    try:
        yield send
    finally:
        writer.transport.abort()
