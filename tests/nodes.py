"""Nodes for tests: a home in a temporary folder, and its real nats-server on free ports."""

import asyncio
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import nats
from nats.aio.client import Client

from services.node import credentials, jwt
from services.node.credentials import Account
from services.node.home import Federation, Home, NodeSettings, initialise
from services.node.jetstream import StreamRefused, request
from services.node.permissions import Allowed
from services.node.server import NatsServer
from services.node.stream_configs import Member
from services.node.streams import Streams
from shared.ids import NodeName
from shared.keys import SigningKey
from shared.subjects import Level, inbox_prefix, offered_streams, pages_subject, slotted

Headers = dict[str, str]

EVERYTHING = Allowed((">",), (">",))


class TestNode:
    """A node whose nats-server a test starts, stops and kills.

    Args:
        folder: the test's temporary folder; the home is ``folder/<name>``.
        name: the node's name.
        continent: its continent.
        level: its level.
        settings: further settings.
    """

    __test__: ClassVar[bool] = False

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        continent: str = "eu",
        level: Level = Level.LOCAL,
        **settings: Any,
    ) -> None:
        wanted = NodeSettings.model_validate(
            {"name": name, "continent": continent, "level": level, "store_mb": 4000, **settings}
        )
        self.home: Home = initialise(folder / name, wanted)
        self.settings = self.home.settings()
        self.name: NodeName = self.settings.name
        self.server = NatsServer(self.home)
        self.errors: list[str] = []
        self._clients: dict[tuple[Account, str], Client] = {}
        self._others: list[Client] = []

    async def start(self) -> None:
        """Start the nats-server and wait until it answers."""
        await self.server.start()
        await self.server.ready()

    async def stop(self) -> None:
        """Close the clients and stop the nats-server."""
        for client in (*self._clients.values(), *self._others):
            with suppress(nats.errors.Error):
                await client.close()
        self._clients.clear()
        self._others.clear()
        await self.server.stop()

    async def kill(self) -> None:
        """End the nats-server as kill -9 does; the clients stay and connect again later."""
        await self.server.kill()

    async def restart(self) -> None:
        """Start the nats-server again after ``kill``."""
        await self.start()

    async def client(
        self, account: Account = "fed", service: str = "node", *, reconnect: bool = True
    ) -> Client:
        """Return the client of a service in an account; one for each, made at the first call."""
        key = (account, service)
        if key not in self._clients:
            self._clients[key] = await self._connected(
                str(self.home.user_creds(account, service)), service, reconnect=reconnect
            )
        return self._clients[key]

    async def unbound_client(self, account: Account = "fed") -> Client:
        """Return a client that this node's own server lets do anything: an attacker's."""
        issuer = SigningKey.load(self.home.account_key(account))
        user = SigningKey.load(self.home.user_key(account, "node"))
        token = jwt.user_token(
            issuer, user.public, name="unbound", allowed=EVERYTHING, issued_at=int(time.time())
        )
        creds = self.home.creds / f"unbound-{account}.creds"
        creds.write_text(jwt.credentials_text(token, user.seed))
        client = await self._connected(str(creds), "node")
        self._others.append(client)
        return client

    async def streams(self) -> Streams:
        """Return the keeper of this node's streams."""
        return Streams(
            self.home, fed=await self.client("fed", "node"), app=await self.client("app", "node")
        )

    def join(self, hub: "TestNode", *, leaf_url: str = "") -> None:
        """Write the link to a hub; the nats-server reads it at its next start.

        Args:
            hub: the hub, whose keys issue this node's token.
            leaf_url: another way to the hub's leaf port, for example through a proxy.
        """
        self.home.save_federation(
            Federation(
                hub=hub.name,
                hub_continent=hub.settings.continent,
                leaf_url=leaf_url or f"tls://127.0.0.1:{hub.settings.ports.leaf}",
                ca_pem=hub.home.ca_pem.read_text("ascii"),
                leaf_jwt=credentials.issue_member_leaf(
                    hub.home,
                    user=self.leaf_public,
                    member=self.name,
                    member_level=self.settings.level,
                ),
                hub_root_key=SigningKey.load(hub.home.root_key).public,
                offered=offered_streams(hub.name, hub.settings.level),
            )
        )

    @property
    def leaf_public(self) -> str:
        """The public key by which this node enters its hub."""
        return SigningKey.load(self.home.leaf_key).public

    async def linked(self, peer: str, *, timeout_s: float = 10.0) -> None:
        """Wait until a node stands at the other end of a leaf link."""

        async def stands() -> bool:
            leafz = await self.server.monitor("/leafz")
            return peer in {leaf["name"] for leaf in leafz["leafs"]}

        await until(stands, what=f"{self.name} linked with {peer}", timeout_s=timeout_s)

    async def _connected(self, creds: str, service: str, *, reconnect: bool = True) -> Client:
        federation = self.home.federation()
        prefix = inbox_prefix(self.name, federation.hub if federation else None, service)

        async def on_error(error: Exception) -> None:
            self.errors.append(str(error))

        client = Client()
        try:
            await client.connect(
                self.server.url,
                user_credentials=creds,
                inbox_prefix=prefix,
                error_cb=on_error,
                allow_reconnect=reconnect,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.1,
            )
        except BaseException:
            # The client leaves its socket open when it is not let in.
            await client.close()
            raise
        return client


async def until(
    condition: Callable[[], Awaitable[bool]],
    *,
    what: str,
    timeout_s: float = 10.0,
    every_s: float = 0.02,
) -> float:
    """Wait until a condition holds; return after how many seconds it did.

    Raises:
        AssertionError: it did not in time.
    """
    began = time.monotonic()
    while not await condition():
        assert time.monotonic() - began < timeout_s, f"not in {timeout_s:g} s: {what}"
        await asyncio.sleep(every_s)
    return time.monotonic() - began


async def gather(hub: TestNode, *members: TestNode) -> None:
    """Join members to a continental hub and let the pages of all flow between all.

    The order is the one in which a network joins: link, own logs, the hub's sources, ``IN``.
    """
    await hub.start()
    await (await hub.streams()).ensure_own_logs()
    for member in members:
        member.join(hub)
        await member.start()
        await member.linked(hub.name)
        await (await member.streams()).ensure_own_logs()
    at_hub = await hub.streams()
    await at_hub.ensure_continental([Member(member.name) for member in members])
    await at_hub.ensure_abroad([])
    for node in (hub, *members):
        await (await node.streams()).ensure_incoming()


async def arrived(
    node: TestNode, stream: str, subject: str, payload: bytes, *, timeout_s: float = 10.0
) -> Headers:
    """Wait until a message stands in a stream; return its headers."""
    client, found = await node.client(), Headers()

    async def stands() -> bool:
        try:
            answer = await request(client, f"STREAM.MSG.GET.{stream}", {"last_by_subj": subject})
        except StreamRefused:
            return False
        message = answer["message"]
        if b64decode(message.get("data", "")) != payload:
            return False
        lines = b64decode(message.get("hdrs", "")).decode("utf-8").splitlines()[1:]
        for line in filter(None, lines):
            name, _, value = line.partition(": ")
            found[name] = value
        return True

    await until(stands, what=f"{subject} in {stream} of {node.name}", timeout_s=timeout_s)
    return found


async def publish(
    node: TestNode, service: str, payload: bytes, headers: Headers | None = None
) -> None:
    """Publish a message as a service's relay does, and await its acknowledgement."""
    client = await node.client("fed", service)
    subject = slotted(pages_subject(service), node.home.slot())
    answer = await client.request(subject, payload, headers=headers, timeout=5)
    assert b'"error"' not in answer.data, answer.data
