"""The system account of the node's own nats-server: new claims made felt, a connection ended."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.node import credentials
from services.node.home import Home
from services.node.server import ServerNotReady, monitor
from shared.bus import BusUnreachable
from shared.ids import SERVICES
from shared.subjects import inbox_prefix

CONNECT_TIMEOUT_S: Final = 5
REQUEST_TIMEOUT_S: Final = 5.0

log = structlog.get_logger(__name__)


async def announce_claims(home: Home) -> None:
    """Hand the federated account's newest token to the running server.

    Raises:
        BusUnreachable: the server does not answer; it reads the token at its next start.
        ClaimsRefused: it did not take the token.
    """
    token = home.token("fed").read_text("ascii")
    async with _system(home) as client:
        try:
            await credentials.announce_claims(client, token)
        except (NatsError, OSError) as error:
            raise BusUnreachable(type(error).__name__) from error


async def reconnect_leaf(home: Home, peer: str) -> bool:
    """End the leaf link with a node; the server connects again at once, with what lies there now.

    Returns whether there was such a link.

    Raises:
        BusUnreachable: the server does not answer.
    """
    leafs = (await _monitored(home, "/leafz")).get("leafs") or ()
    found = [int(leaf["id"]) for leaf in leafs if leaf.get("name") == peer]
    await _end(home, found)
    return bool(found)


async def reconnect_services(home: Home) -> None:
    """End the connections of the other services; each enters again with what its file says now.

    Raises:
        BusUnreachable: the server does not answer.
    """
    own = home.settings().name
    names = {f"{own}/{service}/{part}" for service in SERVICES for part in ("fed", "app")}
    # The node service keeps the streams, and may speak of all of them.
    names -= {f"{own}/node/{part}" for part in ("fed", "app")}
    clients = (await _monitored(home, "/connz")).get("connections") or ()
    await _end(home, [int(one["cid"]) for one in clients if one.get("name") in names])


async def _monitored(home: Home, path: str) -> dict[str, Any]:
    try:
        return await monitor(home.settings().ports.monitor, path)
    except ServerNotReady as error:
        raise BusUnreachable(error.detail) from error


async def _end(home: Home, connections: list[int]) -> None:
    """End connections, by the server's numbers for them."""
    if not connections:
        return
    server = (await _monitored(home, "/varz"))["server_id"]
    async with _system(home) as client:
        for cid in connections:
            body = json.dumps({"cid": cid}).encode("ascii")
            try:
                await client.request(
                    f"$SYS.REQ.SERVER.{server}.KICK", body, timeout=REQUEST_TIMEOUT_S
                )
            except (NatsError, OSError) as error:
                raise BusUnreachable(type(error).__name__) from error


@asynccontextmanager
async def _system(home: Home) -> AsyncIterator[Client]:
    settings, federation = home.settings(), home.federation()
    client = Client()

    async def failed(error: Exception) -> None:
        log.info("nats", peer="sys", reason=type(error).__name__)

    try:
        await client.connect(
            f"nats://127.0.0.1:{settings.ports.nats}",
            user_credentials=str(home.user_creds("sys", "node")),
            inbox_prefix=inbox_prefix(
                settings.name, federation.hub if federation else None, "node"
            ),
            name=f"{settings.name}/node/sys",
            allow_reconnect=False,
            connect_timeout=CONNECT_TIMEOUT_S,
            error_cb=failed,
        )
    except (NatsError, OSError) as error:
        await client.close()
        raise BusUnreachable(type(error).__name__) from error
    try:
        yield client
    finally:
        await client.close()
