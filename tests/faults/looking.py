"""Looking at a node that runs or not: its databases, and what its streams hold."""

import hashlib
import json
import sqlite3
from base64 import b64decode
from contextlib import closing
from typing import Any, NamedTuple

import nats
from nats.aio.client import Client

from shared.log.page import NO_PAGE
from shared.subjects import inbox_prefix
from tests.faults.federation import RealNode


class Head(NamedTuple):
    """The newest page of a log."""

    epoch: int
    number: int
    hash: str


class Kept(NamedTuple):
    """A page as it lies in a table."""

    epoch: int
    number: int
    data: bytes
    sha256: str


def query(node: RealNode, service: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return what a query finds in the database of a service, which may run meanwhile."""
    address = f"file:{node.home.database(service)}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=10)) as database:
        return database.execute(statement, values).fetchall()


def change(node: RealNode, service: str, statement: str, *values: Any) -> None:
    """Change the database of a service that does not run."""
    with closing(sqlite3.connect(node.home.database(service))) as database, database:
        database.execute(statement, values)


def head(node: RealNode, service: str, log: str = "public") -> Head:
    """Return the newest page of a log of a node."""
    found = query(node, service, "SELECT epoch, number, hash FROM log_head WHERE log = ?", log)
    return Head(*found[0]) if found else Head(1, 0, NO_PAGE)


def cursor(node: RealNode, service: str, origin: str, of: str | None = None) -> Head:
    """Return how far a service of a node has applied a log of another node."""
    found = query(
        node, service,
        "SELECT epoch, number, hash FROM peer_log"
        " WHERE node = ? AND service = ? AND log = 'public'",
        origin, of or service,
    )  # fmt: skip
    return Head(*found[0]) if found else Head(1, 0, NO_PAGE)


def pages(node: RealNode, service: str, log: str = "public") -> list[Kept]:
    """Return the page table of a log, in order."""
    return [
        Kept(*row)
        for row in query(
            node, service,
            "SELECT epoch, number, bytes, sha256 FROM pages WHERE log = ? ORDER BY epoch, number",
            log,
        )
    ]  # fmt: skip


def applied(node: RealNode, service: str, origin: str) -> list[Kept]:
    """Return the pages that a service of a node has applied of its counterpart at another."""
    return [
        Kept(*row)
        for row in query(
            node, service,
            "SELECT epoch, number, bytes, sha256 FROM peer_pages"
            " WHERE node = ? AND service = ? AND log = 'public' ORDER BY epoch, number",
            origin, service,
        )
    ]  # fmt: skip


def state(node: RealNode) -> dict[str, tuple[Any, ...]]:
    """Return what a directory knows of each federated entity, by id."""
    rows = query(
        node, "directory",
        "SELECT id, origin, revision, withdrawn, profile FROM entity WHERE network_only = 0",
    )  # fmt: skip
    return {row[0]: row[1:] for row in rows}


def own_ids(node: RealNode) -> set[str]:
    """Return the ids of a node's own entities that it has told of, withdrawn ones too."""
    return {one for one, row in state(node).items() if row[0] == node.name}


def state_hash(node: RealNode) -> str:
    """Return a hash of what a directory knows, which is equal on all nodes at rest."""
    told = json.dumps(sorted(state(node).items())).encode("utf-8")
    return hashlib.sha256(told).hexdigest()


async def messages(node: RealNode, account: Any, service: str, stream: str) -> list[bytes]:
    """Return all messages of a stream of a node that runs."""
    federation = node.home.federation()
    client: Client = await nats.connect(
        f"nats://127.0.0.1:{node.home.settings().ports.nats}",
        user_credentials=str(node.home.user_creds(account, service)),
        inbox_prefix=inbox_prefix(node.name, federation.hub if federation else None, service),
    )
    try:
        told = await client.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=10)
        info = json.loads(told.data)
        if "state" not in info:
            raise AssertionError(f"{stream}: {info.get('error')}")
        found = []
        for number in range(max(info["state"]["first_seq"], 1), info["state"]["last_seq"] + 1):
            asked = json.dumps({"seq": number}).encode()
            answer = await client.request(f"$JS.API.STREAM.MSG.GET.{stream}", asked, timeout=10)
            message = json.loads(answer.data).get("message")
            assert message is not None, f"{stream}: message {number}: {answer.data!r}"
            found.append(b64decode(message["data"]))
        return found
    finally:
        await client.close()
