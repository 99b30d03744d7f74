"""What every service is made of: its settings, its store, its log desk, its gate and its health.

A service's ``app.py`` says which tables, projections and routes it has; the rest stands here.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import Field

from shared.access import AccessTable, Gate
from shared.bus import BusUnreachable
from shared.bus_nats import NatsBus
from shared.clock import Clock, SystemClock
from shared.contracts.log import LogReopened
from shared.contracts.node import Parent
from shared.events import Log, Speaker
from shared.health import Checks, Health
from shared.ids import NodeName, ServiceName, node_name, service_name
from shared.keys import SigningKey
from shared.log.desk import LogDesk, Place
from shared.log.epochs import Gathering, SignReopening, Statement
from shared.log.projector import Projector
from shared.log.repair import ask_hub
from shared.log.serve import fetch_over_http
from shared.log.tables import LogTables
from shared.migrations import migrate
from shared.people import Revoked, TokenKeys, service_token
from shared.settings import Settings
from shared.store import Store, open_store

HTTP_TIMEOUT_S: Final = 10.0


class ServiceSettings(Settings):
    """What each service is told when it starts; ``twiza up`` fills it in from the node's home."""

    node: str = "local"
    """The node's name."""
    continent: str = "local"
    """The continent by whose hub the node is reached; for transport only."""
    level: str = "local"
    """``local``, ``continental`` or ``intercontinental``."""
    release: str = "0"
    """The release of the software that runs."""
    database: str = "sqlite:///service.db"
    """The URL of the service's database, ``sqlite:///path`` or ``postgresql+psycopg://...``."""
    nats: str = "nats://127.0.0.1:4222"
    """The address of the node's nats-server."""
    fed_creds: Path = Path("creds/fed.creds")
    """The credentials for the federation's account."""
    app_creds: Path = Path("creds/app.creds")
    """The credentials for the node's own account."""
    slot: str = ""
    """The node's secret word, through which its services write their public logs."""
    inbox_prefix: str = "fd.local.local.ib.service"
    """Below which subjects answers come."""
    key: Path = Path("keys/service.seed")
    """The file of the service's signing key."""
    certificates: dict[str, Path] = Field(default_factory=dict)
    """By service, the file in which the root key certifies that service's key."""
    root_key: str = ""
    """The node's public root key."""
    hub: str = ""
    """The hub as JSON (node, continent, root_key, level), or nothing."""
    gathering: str = ""
    """Where the hub gathers this node's pages, ``<domain>/<stream>/<prefix>``, or nothing."""
    urls: dict[str, str] = Field(default_factory=dict)
    """By service, the base address at which the node's own services ask one another."""
    letter_secrets: Path = Path("keys/letters")
    """The directory of the service's letter keys."""
    restored: str = ""
    """When the node was restored from a backup, or nothing; its logs are reopened once for it."""
    alone: bool = False
    """Whether a restored node goes on without its hub, as the operator has decided."""
    watch_s: float = 60.0
    """How long another node's announced head may be ahead of what was applied here, in seconds."""
    witness_wait_s: float = 20.0
    """How long to wait for the hub's word on the own log before going on without it, in seconds."""

    @classmethod
    def environment(cls, values: dict[str, Any]) -> dict[str, str]:
        """Return the environment variables that say these values."""
        settings = cls(**values)
        told = settings.model_dump(mode="json", exclude_unset=True)
        return {
            cls.variable(name): value if isinstance(value, str) else json.dumps(value)
            for name, value in told.items()
        }


@dataclass(slots=True, kw_only=True)
class ServiceHost:
    """A running service's parts, as its endpoints and background work use them."""

    settings: ServiceSettings
    place: Place
    store: Store
    desk: LogDesk
    gate: Gate
    checks: Checks
    client: httpx.AsyncClient
    fed: NatsBus
    app: NatsBus
    clock: Clock
    key: SigningKey

    def url(self, service: str) -> str:
        """Return the base address of a service of this node."""
        return self.settings.urls[service]


@asynccontextmanager
async def hosted(
    settings: ServiceSettings,
    service: str,
    *,
    tables: LogTables,
    projector: Projector,
    steps: Path,
    head: str,
    access: AccessTable,
    checks: Checks,
    revoked: Revoked = lambda claims: False,
    sign_reopening: SignReopening | None = None,
    clock: Clock | None = None,
    before_start: Callable[["ServiceHost"], Awaitable[None]] | None = None,
) -> AsyncIterator[ServiceHost]:
    """Open what a service needs, run its log desk, and close everything in the right order.

    Args:
        settings: where everything lies.
        service: which of the five services it is.
        tables: the log's tables in the service's MetaData.
        projector: the service's projections.
        steps, head: its migrations and their newest revision.
        access: who may do what.
        checks: the service's health, to which the store's and the log's are added.
        revoked: tells whether a token was ended.
        sign_reopening: how the root key is asked; the node service does it itself, the others ask.
        before_start: what must be done before anything is told or heard (streams, for the node's).

    Raises:
        UnsafeStore, MigrationFailed: the service must not start.
    """
    clock = clock or SystemClock()
    place = place_of(settings, service)
    async with AsyncExitStack() as stack:
        await migrate(settings.database, steps, head=head)
        store = await open_store(
            settings.database, tables, speaker=Speaker(place.node, place.service), clock=clock
        )
        stack.push_async_callback(store.aclose)
        fed = await _bus(settings, place, settings.fed_creds, "fed")
        stack.push_async_callback(fed.aclose)
        app = await _bus(settings, place, settings.app_creds, "app")
        stack.push_async_callback(app.aclose)
        client = httpx.AsyncClient(timeout=HTTP_TIMEOUT_S, auth=_OwnToken(settings, place, clock))
        stack.push_async_callback(client.aclose)

        desk = LogDesk(
            place,
            store=store,
            projector=projector,
            fed=fed,
            app=app,
            sign_reopening=sign_reopening or _asking_node(client, settings),
            fetch_sibling=fetch_over_http(client, lambda name: settings.urls[name.service]),
            fetch_remote=_remote(fed, place),
            clock=clock,
            watch_s=settings.watch_s,
            witness_wait_s=settings.witness_wait_s,
        )
        host = ServiceHost(
            settings=settings,
            place=place,
            store=store,
            desk=desk,
            gate=Gate(
                table=access,
                keys=token_keys(settings, place),
                node=place.node,
                audience=place.service,
                clock=clock,
                revoked=revoked,
            ),
            checks=checks,
            client=client,
            fed=fed,
            app=app,
            clock=clock,
            key=place.key,
        )
        _watch(checks, host)
        if before_start is not None:
            await before_start(host)
        await desk.start()
        stack.push_async_callback(desk.aclose)
        yield host


def place_of(settings: ServiceSettings, service: str) -> Place:
    """Return where a service stands, as its settings say."""
    domain, _, rest = settings.gathering.partition("/")
    stream, _, prefix = rest.partition("/")
    return Place(
        node=node_name(settings.node),
        service=service_name(service),
        continent=settings.continent,
        level=settings.level,
        root_key=settings.root_key,
        hub=Parent.model_validate_json(settings.hub) if settings.hub else None,
        gathering=Gathering(domain, stream, prefix) if domain else None,
        siblings=tuple(service_name(name) for name in settings.urls),
        key=SigningKey.load(settings.key),
        certificate=settings.certificates[service].read_text("ascii").strip(),
        letter_secrets=settings.letter_secrets,
        slot=settings.slot,
        restored=settings.restored,
        alone=settings.alone,
    )


def token_keys(settings: ServiceSettings, place: Place) -> TokenKeys:
    """Return the keys of this node that sign tokens."""
    texts = [file.read_text("ascii").strip() for file in settings.certificates.values()]
    return TokenKeys.of(texts, node=place.node, root_key=place.root_key)


def _remote(fed: NatsBus, place: Place) -> Any:
    """Return how other nodes' pages are asked for: of the hub; at a hub, of its node service."""
    if place.hub is not None:
        return ask_hub(fed, NodeName(place.hub.node))
    return ask_hub(fed, place.node) if place.level != "local" else None


async def _bus(settings: ServiceSettings, place: Place, credentials: Path, account: str) -> NatsBus:
    return await NatsBus.connect(
        settings.nats,
        credentials=credentials,
        inbox_prefix=settings.inbox_prefix,
        name=f"{place.node}/{place.service}/{account}",
    )


class _OwnToken(httpx.Auth):
    """Shows the service's own token to whichever sibling it asks."""

    def __init__(self, settings: ServiceSettings, place: Place, clock: Clock) -> None:
        self._place = place
        self._clock = clock
        self._urls = settings.urls

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        url = str(request.url)
        audience = next(
            service for service, base in self._urls.items() if url.startswith(f"{base}/")
        )
        token = service_token(
            self._place.service,
            self._place.key,
            node=self._place.node,
            audience=ServiceName(audience),
            now=self._clock.now(),
        )
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


def _asking_node(client: httpx.AsyncClient, settings: ServiceSettings) -> SignReopening:
    async def sign(asked: Statement) -> LogReopened:
        told = {
            "service": asked.name.service,
            "which": asked.name.log.value,
            "epoch": asked.epoch,
            "old_epoch": asked.old_epoch,
            "last_page": asked.last_page,
            "hash": asked.hash,
            "reason": asked.reason[:200],
        }
        try:
            answer = await client.post(f"{settings.urls['node']}/reopenings", json=told)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise BusUnreachable(f"the node service: {type(error).__name__}") from error
        return LogReopened.model_validate(answer.json())

    return sign


def _watch(checks: Checks, host: ServiceHost) -> None:
    async def database() -> Health:
        heads = await host.store.read(host.desk.sealer.head_seen, Log.PUBLIC)
        return Health(True, "answers", {"public_pages": heads.number})

    def bus() -> Health:
        up = host.fed.connected and host.app.connected
        return Health(up, "connected" if up else "nats-server is not reached")

    checks.add("database", database)
    checks.add("nats", bus)
