"""A leaf connection written by hand, as a member with a patched nats-server would make it.

An honest server obeys the allow-lists that its hub sends; this one tries what it likes, so that
what is refused is refused by the hub.
"""

import asyncio
import json
import ssl
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shared.keys import SigningKey

READ_TIMEOUT_S = 5.0


class RawLeaf:
    """A member's connection to a hub, line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.heard: list[tuple[str, bytes]] = []
        self.refusals: list[str] = []
        self._ponged = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    def publish(self, subject: str, payload: bytes = b"", *, reply: str = "") -> None:
        """Send a message up to the hub."""
        names = f"{subject} {reply}" if reply else subject
        self._writer.write(f"LMSG {names} {len(payload)}\r\n".encode() + payload + b"\r\n")

    def subscribe(self, subject: str) -> None:
        """Say that we want to hear a subject."""
        self._writer.write(f"LS+ {subject}\r\n".encode())

    async def settled(self) -> None:
        """Return when the hub has dealt with everything that was sent so far, or has hung up."""
        if self.closed:
            return
        self._ponged.clear()
        self._writer.write(b"PING\r\n")
        async with asyncio.timeout(READ_TIMEOUT_S):
            await self._ponged.wait()

    @property
    def closed(self) -> bool:
        """Whether the hub has ended the connection."""
        return self._reading.done()

    async def _read(self) -> None:
        with suppress(ConnectionError):
            await self._read_lines()
        self._ponged.set()

    async def _read_lines(self) -> None:
        while line := await self._reader.readline():
            verb, _, rest = line.strip().partition(b" ")
            if verb == b"PING":
                self._writer.write(b"PONG\r\n")
            elif verb == b"PONG":
                self._ponged.set()
            elif verb == b"-ERR":
                self.refusals.append(rest.decode())
            elif verb in (b"LMSG", b"HMSG"):
                words = rest.split()
                payload = await self._reader.readexactly(int(words[-1]) + 2)
                self.heard.append((words[0].decode(), payload[:-2]))

    async def close(self) -> None:
        """End the connection."""
        self._reading.cancel()
        self._writer.transport.abort()
        await asyncio.gather(self._reading, return_exceptions=True)


@asynccontextmanager
async def raw_leaf(
    port: int, *, ca_pem: str, token: str, user: SigningKey, name: str
) -> AsyncIterator[RawLeaf]:
    """Connect to a hub's leaf port as a member.

    Args:
        port: the hub's leaf port on this machine.
        ca_pem: the certificate of the hub's authority.
        token: the member's user token.
        user: the member's leaf key.
        name: what we call our server.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    info = json.loads((await reader.readline()).removeprefix(b"INFO "))
    await writer.start_tls(ssl.create_default_context(cadata=ca_pem), server_hostname="127.0.0.1")
    signature = user.sign(info["nonce"].encode("ascii"))
    connect = {
        "jwt": token,
        "sig": urlsafe_b64encode(signature).decode("ascii").rstrip("="),
        "server_id": SigningKey.generate(user.prefix).public,
        "name": name,
        "domain": name,
        "version": "2.15.1",
        "proto": 1,
        "headers": True,
        "jetstream": True,
        "tls_required": True,
        "compression": "off",
    }
    writer.write(b"CONNECT " + json.dumps(connect).encode() + b"\r\n")
    leaf = RawLeaf(reader, writer)
    try:
        await leaf.settled()
        yield leaf
    finally:
        await leaf.close()
