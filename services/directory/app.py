"""The directory: entities of this network and of all others, put together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI

from services.directory import api, import_accounts, projections, register_telling
from services.directory.access import ACCESS
from services.directory.api_imports import LARGER
from services.directory.api_register import LISTS
from services.directory.import_runs import ImportDesk
from services.directory.index import Indexer
from services.directory.parts import Parts, State
from services.directory.settings import DirectorySettings
from services.directory.tables import HEAD, LOG, REVOKED
from shared import gate, problems
from shared.gate import allowed
from shared.health import Checks, health_router
from shared.idempotency import Answers
from shared.ids import NodeName, node_name
from shared.log.desk import LogDesk
from shared.log.projector import Projector
from shared.log.serve import log_router
from shared.revocations import Revocations
from shared.service import ServiceHost, hosted
from shared.store import Store
from shared.tasks import ended

SERVICE: Final = "directory"
STEPS: Final = Path(__file__).parent / "migrations"
RESTART_S: Final = 5.0
"""How long after a failure background work begins again."""

log = structlog.get_logger(__name__)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[State]]


def create_app(settings: DirectorySettings) -> FastAPI:
    """Return the directory's application; its lifespan opens and closes all that it needs.

    Its paths are relative: whoever runs it mounts it at ``/directory``.
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
    settings: DirectorySettings,
    *,
    lifespan: Lifespan,
    checks: Checks,
    desk_of: Callable[[], LogDesk],
) -> FastAPI:
    """Return the application over whatever a lifespan opens; it opens nothing itself."""
    app = FastAPI(
        title="Twiza: the directory",
        summary="The entities of a network and of all networks that it is federated with.",
        version=settings.release,
        lifespan=lifespan,
    )
    problems.install(app, larger={**LARGER, **LISTS})
    app.include_router(api.router)
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
    settings: DirectorySettings, *, checks: Checks
) -> AsyncIterator[tuple[ServiceHost, Parts]]:
    """Open the directory's parts, run its background work, and close all in the right order.

    Raises:
        UnsafeStore, MigrationFailed: the service must not start.
    """
    revocations = Revocations(REVOKED)
    projector = Projector(LOG, release=settings.release)
    projections.register(projector)
    register_telling.register(projector, node=node_name(settings.node))
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
        indexer = Indexer(host.store, poll_s=settings.index_poll_s)
        host.desk.inbox.on_arrival(indexer.arrived)
        host.store.on_announced(indexer.changed)
        parts = await stack.enter_async_context(
            assembled(settings, host.store, node_name(settings.node), indexer=indexer)
        )
        yield host, parts


@asynccontextmanager
async def assembled(
    settings: DirectorySettings, store: Store, node: NodeName, *, indexer: Indexer
) -> AsyncIterator[Parts]:
    """Put the directory's own parts together over a store, and run its background work."""
    answers = Answers(LOG)
    imports = ImportDesk(
        store, node, changed=indexer.changed, waiting_max=settings.imports_waiting_max
    )
    left = await store.write(import_accounts.interrupted)
    if left:
        log.warning("imports were interrupted", imports=left)

    async def purge() -> None:
        while True:
            await store.write(answers.purge)
            await store.write(import_accounts.forget_rows, kept=settings.import_rows_kept)
            await asyncio.sleep(settings.purge_s)

    async with AsyncExitStack() as stack:
        for name, work in (("index", indexer.run), ("purge", purge)):
            task = asyncio.create_task(_kept_running(name, work), name=f"directory {name}")
            stack.push_async_callback(ended, task)
        stack.push_async_callback(imports.aclose)
        yield Parts(
            settings=settings,
            node=node,
            store=store,
            answers=answers,
            imports=imports,
            changed=indexer.changed,
        )


async def _kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run something for as long as the service lives; a defect in it is logged, then it goes on."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("background work failed", task=name)
        await asyncio.sleep(RESTART_S)
