"""The directory as it runs: its own database, log desk and nats-server, all real."""

from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from httpx import ASGITransport, AsyncClient

from services.directory.app import create_app
from services.directory.settings import DirectorySettings
from services.node import certificates
from services.node.settings import service_values
from shared.ids import NodeName, ServiceName
from shared.keys import SigningKey
from shared.people import Bearer, Claims, issue, service_token
from tests.nodes import TestNode, until

TAFSUT = {"name": "Coopérative Tafsut", "practices": ["practice:csa"]}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[TestNode]:
    node = TestNode(tmp_path, "souss")
    certificates.ensure(node.home)
    await node.start()
    await (await node.streams()).ensure_own_logs()
    yield node
    await node.stop()


@asynccontextmanager
async def running(node: TestNode) -> AsyncIterator[AsyncClient]:
    settings = DirectorySettings(**service_values(node.home, "directory", release="1.2.3"))
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        transport = ASGITransport(app=with_state)
        async with AsyncClient(transport=transport, base_url="http://node/") as client:
            yield client


def steward(node: TestNode) -> dict[str, str]:
    """Return the header of a steward's token, signed as the node service signs them."""
    claims = Claims.lasting(
        timedelta(minutes=5),
        now=datetime.now(UTC),
        sub="p-1",
        kind=Bearer.PERSON,
        node=node.name,
        roles=frozenset({"steward"}),
    )
    return {
        "Authorization": f"Bearer {issue(claims, SigningKey.load(node.home.service_key('node')))}"
    }


def portal(node: TestNode) -> dict[str, str]:
    """Return the header by which a sibling service asks."""
    token = service_token(
        ServiceName("portal"),
        SigningKey.load(node.home.service_key("portal")),
        node=NodeName(node.name),
        audience=ServiceName("directory"),
        now=datetime.now(UTC),
    )
    return {"Authorization": f"Bearer {token}"}


async def test_a_directory_keeps_tells_and_keeps_on_after_a_restart(node: TestNode) -> None:
    async with running(node) as client:
        ready = await client.get("readyz")
        assert ready.json()["checks"].keys() >= {"database", "nats"}
        made = await client.post("entities", json=TAFSUT, headers=steward(node))
        assert made.status_code == 201
        where = made.headers["Location"]

        async def told() -> bool:
            return len((await client.get("log/public/1/pages")).content.splitlines()) == 1

        await until(told, what="the entity is in the public log")
        line = (await client.get("log/public/1/pages")).content.splitlines()[0]
        page = orjson.loads(b64decode(orjson.loads(line)["bytes"]))
        assert [event["subject"] for event in page["events"]] == [made.json()["id"]]
        for path in ("log/private/1/pages", "log/standing"):
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers=steward(node))).status_code == 403
            assert (await client.get(path, headers=portal(node))).status_code == 200
    async with running(node) as client:
        assert (await client.get(where)).json() == made.json()
        found = await client.get("entities", params={"q": "tafsut"})
        assert [item["id"] for item in found.json()["items"]] == [made.json()["id"]]
        assert (await client.get("healthz")).json()["version"] == "1.2.3"
