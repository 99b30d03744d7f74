"""A node service for tests: the real application over a test node's real nats-server."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import create_engine
from starlette.types import ASGIApp, Receive, Scope, Send

from services.node.app import HEAD, create_app, create_joining_app
from services.node.certificates import ensure
from services.node.parts import Parts
from services.node.settings import NodeServiceSettings, service_values
from services.node.tables import METADATA
from shared.ids import ServiceName
from shared.keys import SigningKey
from shared.people import Bearer, Claims, issue, service_token
from tests.nodes import TestNode
from twiza.serving import Listener

BASE = "http://node.test"


class TestNodeService:
    """The node service of a test node, and clients that speak to it.

    Args:
        node: the node; its nats-server runs already.
        settings: what stands over the values that its home gives.
    """

    __test__: ClassVar[bool] = False

    def __init__(self, node: TestNode, **settings: Any) -> None:
        self.node = node
        self.given = {"upkeep_s": 0.3, "link_poll_s": 0.1, **settings}
        self.app: FastAPI
        self.parts: Parts
        self.state: Mapping[str, Any]
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "TestNodeService":
        ensure(self.node.home)
        values = service_values(self.node.home, "node", release="0.0.test")
        values["urls"] = {"node": values["urls"]["node"]}
        _made(self.node.home.database("node"))
        self.app = create_app(NodeServiceSettings(**{**values, **self.given}))
        self.state = await self._stack.enter_async_context(
            self.app.router.lifespan_context(self.app)
        )
        self.parts = self.state["parts"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def client(
        self, token: str = "", *, app: ASGIApp | None = None
    ) -> AsyncIterator[AsyncClient]:
        """Yield a client of this service, or of another application that works with its parts."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = ASGITransport(app=self._with_state(app or self.app))
        async with AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
            yield client

    @asynccontextmanager
    async def joining(self) -> AsyncIterator[None]:
        """Answer at the hub's HTTPS port, with its real certificate, as long as this lasts."""
        home, settings = self.node.home, self.node.settings
        door = Listener(
            self._with_state(create_joining_app()),
            host="127.0.0.1",
            port=settings.ports.joining,
            version="0",
            tls=(str(home.server_pem), str(home.server_key)),
        )
        await door.open()
        try:
            yield
        finally:
            await door.close()

    async def decide(self, act: str, node: str, **said: str) -> Any:
        """Return the last answer when two stewards have spoken for an act."""
        for person in ("p-amina", "p-boris"):
            token = self.person(person, "steward")
            answer = await self.ask(
                "POST", "/acts", token=token, json={"act": act, "node": node, **said}
            )
        return answer

    def service(self, name: str = "node") -> str:
        """Return a token of one of the node's services for its node service."""
        key = SigningKey.load(self.node.home.service_key(name))
        return service_token(
            ServiceName(name),
            key,
            node=self.node.name,
            audience=ServiceName("node"),
            now=datetime.now(UTC),
        )

    def person(self, person: str, *roles: str, **claims: Any) -> str:
        """Return a person's token."""
        key = SigningKey.load(self.node.home.service_key("node"))
        given: dict[str, Any] = {"kind": Bearer.PERSON, "sub": person, "roles": frozenset(roles)}
        given |= {"node": self.node.name} | claims
        return issue(Claims.lasting(timedelta(hours=1), now=datetime.now(UTC), **given), key)

    async def ask(
        self, method: str, path: str, *, token: str = "", app: ASGIApp | None = None, **asked: Any
    ) -> Any:
        """Return the answer of one request."""
        async with self.client(token, app=app) as client:
            return await client.request(method, path, **asked)

    def _with_state(self, app: ASGIApp) -> ASGIApp:
        async def stated(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(self.state)}, receive, send)

        return stated


def _made(database: Path) -> None:
    """Make a database as its migrations would, which a test of their own runs."""
    if database.exists():
        return
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY)")
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{HEAD}')")
    engine.dispose()
