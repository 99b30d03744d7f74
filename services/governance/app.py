"""Governance: how a network decides, and how everybody can see that it did."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI

from services.governance import (
    api_assemblies,
    api_associations,
    api_ballots,
    api_cycles,
    api_decisions,
    api_disputes,
    api_federated,
    api_federated_views,
    api_health,
    api_rolls,
    association_rows,
    federated_projections,
    register_projections,
)
from services.governance.access import ACCESS
from services.governance.association_keeper import AssociationKeeper
from services.governance.decision_keeper import DecisionKeeper
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_hearing import Hearing
from services.governance.federated_keeper import FederatedKeeper
from services.governance.federated_rows import note_key
from services.governance.parts import Parts, State
from services.governance.settings import GovernanceSettings
from services.governance.tables import HEAD, LOG, REVOKED
from shared import gate, problems
from shared.clock import Clock
from shared.events import Log
from shared.gate import allowed
from shared.health import Checks, health_router
from shared.idempotency import Answers
from shared.ids import NodeName, node_name
from shared.keys import SigningKey
from shared.log.desk import LogDesk
from shared.log.projector import Projector
from shared.log.serve import log_router
from shared.log.tables import LogTables
from shared.revocations import Revocations
from shared.service import ServiceHost, hosted
from shared.store import Store
from shared.tasks import ended

SERVICE: Final = "governance"
STEPS: Final = Path(__file__).parent / "migrations"
RESTART_S: Final = 5.0
"""How long after a failure background work begins again."""

log = structlog.get_logger(__name__)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[State]]


def create_app(settings: GovernanceSettings) -> FastAPI:
    """Return the application of governance; its lifespan opens and closes all that it needs.

    Its paths are relative: whoever runs it mounts it at ``/governance``.
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
    settings: GovernanceSettings,
    *,
    lifespan: Lifespan,
    checks: Checks,
    desk_of: Callable[[], LogDesk],
) -> FastAPI:
    """Return the application over whatever a lifespan opens; it opens nothing itself."""
    app = FastAPI(
        title="Twiza: governance",
        summary="Proposals, ballots, counts and assemblies of a network, and their record.",
        version=settings.release,
        lifespan=lifespan,
    )
    problems.install(app)
    app.include_router(api_rolls.router())
    app.include_router(api_decisions.router())
    app.include_router(api_ballots.router())
    app.include_router(api_assemblies.router())
    app.include_router(api_cycles.router())
    app.include_router(api_health.router())
    app.include_router(api_associations.router())
    app.include_router(api_federated.router())
    app.include_router(api_federated_views.router())
    app.include_router(api_disputes.router())
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
    settings: GovernanceSettings, *, checks: Checks
) -> AsyncIterator[tuple[ServiceHost, Parts]]:
    """Open the parts of governance, run its background work, and close all in the right order.

    Raises:
        UnsafeStore, MigrationFailed: the service must not start.
    """
    revocations = Revocations(REVOKED)
    projector = projections(LOG, settings)
    revocations.follow(projector)

    async def before_start(host: ServiceHost) -> None:
        await revocations.load(host.store)

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
        own_log = host.desk.relays[Log.PUBLIC].state
        parts = await stack.enter_async_context(
            assembled(
                settings,
                host.store,
                node_name(settings.node),
                clock=host.clock,
                key=host.key,
                ready=lambda: own_log.compared,
                hears=Hearing(own_log, has_hub=host.place.hub is not None),
            )
        )
        host.desk.inbox.on_arrival(parts.changed)
        yield host, parts


def projections(tables: LogTables, settings: GovernanceSettings) -> Projector:
    """Return the projector that knows all that governance remembers of other services."""
    projector = Projector(tables, release=settings.release)
    register_projections.register(projector, node=node_name(settings.node))
    federated_projections.register(projector)
    association_rows.register(projector)
    return projector


@asynccontextmanager
async def assembled(
    settings: GovernanceSettings,
    store: Store,
    node: NodeName,
    *,
    clock: Clock,
    key: SigningKey,
    ready: Callable[[], bool] = lambda: True,
    hears: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Parts]:
    """Put the parts of governance together over a store, and run its background work.

    Args:
        key: of this service, certified by the node's root key.
        ready: tells whether the own log is known to be whole.
        hears: tells whether this network hears the others.
    """
    answers = Answers(LOG)
    keeper = DecisionKeeper(store, clock, every_s=settings.keep_time_s)
    federated = FederatedDesk(node, key)
    between = FederatedKeeper(
        store, clock, federated, every_s=settings.keep_time_s, ready=ready, hears=hears
    )
    belonging = AssociationKeeper(store, clock, node, every_s=settings.keep_time_s, ready=ready)
    await store.write(note_key, node, key.public)

    def changed() -> None:
        between.changed()
        belonging.changed()

    async def purge() -> None:
        while True:
            await store.write(answers.purge)
            await asyncio.sleep(settings.purge_s)

    works: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
        ("purge", purge),
        ("decisions", keeper.run),
        ("federated", between.run),
        ("associations", belonging.run),
    )
    async with AsyncExitStack() as stack:
        for name, work in works:
            task = asyncio.create_task(_kept_running(name, work), name=f"governance {name}")
            stack.push_async_callback(ended, task)
        yield Parts(
            settings=settings,
            node=node,
            store=store,
            answers=answers,
            clock=clock,
            federated=federated,
            changed=changed,
        )


async def _kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run something for as long as the service lives; a defect in it is logged, then it goes on."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("background work failed", task=name)
        await asyncio.sleep(RESTART_S)
