"""The exchange: what networks offer and need, put together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI

from services.exchange import (
    api_items,
    api_ledger,
    api_links,
    api_naming,
    api_rings,
    api_rounds,
    item_handlers,
    item_projections,
)
from services.exchange.access import ACCESS
from services.exchange.candidates.weights import Weights
from services.exchange.item_words import Indexer
from services.exchange.ledger_upkeep import begin_units, expire_ledger
from services.exchange.parts import Parts, State
from services.exchange.ring_letters import on_letter
from services.exchange.ring_setup import ring_desk
from services.exchange.rings.parts import Timing
from services.exchange.round_gathering import Here
from services.exchange.round_keeper import RoundKeeper
from services.exchange.settings import ExchangeSettings
from services.exchange.tables import HEAD, LOG, REVOKED
from shared import gate, problems
from shared.clock import Clock
from shared.gate import allowed
from shared.health import Checks, health_router
from shared.idempotency import Answers
from shared.ids import NodeName, node_name
from shared.log.desk import LogDesk
from shared.log.letters import letters
from shared.log.projector import Projector
from shared.log.serve import log_router
from shared.revocations import Revocations
from shared.service import ServiceHost, hosted
from shared.store import Store
from shared.tasks import ended

SERVICE: Final = "exchange"
STEPS: Final = Path(__file__).parent / "migrations"
RESTART_S: Final = 5.0
"""How long after a failure background work begins again."""

log = structlog.get_logger(__name__)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[State]]


def create_app(settings: ExchangeSettings) -> FastAPI:
    """Return the exchange's application; its lifespan opens and closes all that it needs.

    Its paths are relative: whoever runs it mounts it at ``/exchange``.
    """
    checks = Checks()
    desks: list[LogDesk] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        async with running(settings, checks=checks) as (host, parts):
            gate.install(app, host.gate)
            desks.append(host.desk)
            yield {"parts": parts}
            desks.clear()

    return application(settings, lifespan=lifespan, checks=checks, desk_of=lambda: desks[0])


def application(
    settings: ExchangeSettings,
    *,
    lifespan: Lifespan,
    checks: Checks,
    desk_of: Callable[[], LogDesk],
) -> FastAPI:
    """Return the application over whatever a lifespan opens; it opens nothing itself."""
    app = FastAPI(
        title="Twiza: the exchange",
        summary="What networks offer and need, and what passes between them.",
        version=settings.release,
        lifespan=lifespan,
    )
    problems.install(app)
    app.include_router(api_items.router())
    app.include_router(api_naming.router())
    app.include_router(api_ledger.router())
    app.include_router(api_rings.router())
    app.include_router(api_rounds.router())
    app.include_router(api_links.router())
    app.include_router(
        log_router(
            desk_of,
            public=allowed("read_public_log"),
            private=allowed("read_private_log"),
            standing=allowed("read_log_standing"),
        )
    )
    app.include_router(
        health_router(checks, service=SERVICE, node=settings.node, version=settings.release)
    )
    return app


@asynccontextmanager
async def running(
    settings: ExchangeSettings, *, checks: Checks
) -> AsyncIterator[tuple[ServiceHost, Parts]]:
    """Open the exchange's parts, run its background work, and close all in the right order.

    Raises:
        UnsafeStore, MigrationFailed: the service must not start.
    """
    revocations = Revocations(REVOKED)
    projector = Projector(LOG, release=settings.release)
    node = node_name(settings.node)
    item_projections.register(projector, node=node)
    revocations.follow(projector)

    rings = ring_desk(node, Timing(ask_first=timedelta(seconds=settings.ring_ask_first_s)))

    async def before_start(host: ServiceHost) -> None:
        await revocations.load(host.store)
        letters(projector, host.place, on_letter(rings))

    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(
            hosted(
                settings,
                SERVICE,
                tables=LOG,
                projector=projector,
                steps=STEPS,
                head=HEAD,
                access=ACCESS,
                checks=checks,
                revoked=revocations,
                before_start=before_start,
            )
        )
        indexer = Indexer(host.store, poll_s=settings.index_poll_s)
        host.desk.inbox.on_arrival(indexer.changed)
        here = Here(
            node=node,
            continent=host.place.continent,
            measure=settings.round_measure,
            weights=Weights.of(settings.round_weights),
        )
        keeper = RoundKeeper(
            settings, host.store, rings, here, level=host.place.level, clock=host.clock
        )
        parts = await stack.enter_async_context(
            assembled(settings, host.store, node, clock=host.clock, indexer=indexer, rounds=keeper)
        )
        yield host, parts


@asynccontextmanager
async def assembled(
    settings: ExchangeSettings,
    store: Store,
    node: NodeName,
    *,
    clock: Clock,
    indexer: Indexer,
    rounds: RoundKeeper,
) -> AsyncIterator[Parts]:
    """Put the exchange's own parts together over a store, and run its background work."""
    answers = Answers(LOG)
    await store.write(begin_units, node=node)

    async def purge() -> None:
        while True:
            await store.write(answers.purge)
            await asyncio.sleep(settings.purge_s)

    async def expire() -> None:
        while True:
            while await store.write(item_handlers.expire_items, node=node):
                pass
            while await store.write(expire_ledger):
                pass
            await asyncio.sleep(settings.expiry_s)

    works = (
        ("index", indexer.run),
        ("purge", purge),
        ("expire", expire),
        ("rounds", rounds.run),
        ("rings", rounds.mend),
    )
    async with AsyncExitStack() as stack:
        for name, work in works:
            task = asyncio.create_task(_kept_running(name, work), name=f"exchange {name}")
            stack.push_async_callback(ended, task)
        yield Parts(
            settings=settings,
            node=node,
            store=store,
            answers=answers,
            clock=clock,
            changed=indexer.changed,
            rounds=rounds,
        )


async def _kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run something for as long as the service lives; a defect in it is logged, then it goes on."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("background work failed", task=name)
        await asyncio.sleep(RESTART_S)
