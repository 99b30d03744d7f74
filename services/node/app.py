"""The node service: keys, trust, streams, joining and the watch, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from services.node import (
    api,
    api_acts,
    api_joining,
    api_membership,
    api_tokens,
    certificates,
    credentials,
    membership_rows,
    projections,
    status,
    system,
    tables,
)
from services.node.access import ACCESS
from services.node.checks import checks_of_node
from services.node.counts import EntityCounts
from services.node.decisions import Decisions
from services.node.flow import Flow
from services.node.handlers import Telling
from services.node.heads import Heads
from services.node.home import Home
from services.node.jetstream import found
from services.node.letterkeys import LetterKeys
from services.node.members import Members
from services.node.membership_acts import Hub
from services.node.pages import PageDesk
from services.node.parts import Parts, State
from services.node.reopenings import Reopenings
from services.node.returning import Return
from services.node.settings import NodeServiceSettings
from services.node.siblings import Siblings
from services.node.streams import Streams
from services.node.turnstile import Turnstile
from services.node.upkeep import Upkeep, kept, stopped
from services.node.watching import Watch
from shared import gate, problems
from shared.contracts.log import LogReopened
from shared.gate import allowed
from shared.health import Checks, health_router
from shared.idempotency import Answers
from shared.ids import ServiceName
from shared.keys import SigningKey
from shared.log.desk import LogDesk
from shared.log.epochs import Statement
from shared.log.projector import Projector
from shared.log.serve import fetch_over_http, log_router
from shared.revocations import Revocations
from shared.service import ServiceHost, hosted
from shared.subjects import ask_subject

SERVICE: Final = "node"
HEAD: Final = "0002"
"""The newest revision of the migrations, as these tables need it."""
STEPS: Final = Path(__file__).parent / "migrations"


def create_app(settings: NodeServiceSettings) -> FastAPI:
    """Return the node service's application; its lifespan opens and closes all that it needs.

    Its paths are relative: whoever runs it mounts it at ``/node``.
    """
    checks = Checks()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        async with running(settings, checks=checks) as parts:
            gate.install(app, parts.host.gate)
            desks.append(parts.host.desk)
            yield {"parts": parts}
            desks.clear()

    desks: list[LogDesk] = []
    app = FastAPI(
        title="Twiza: the node",
        summary="The nodes of the federation, who belongs to it, and how this one is.",
        version=settings.release,
        lifespan=lifespan,
    )
    problems.install(app)
    app.include_router(api.router)
    app.include_router(api_acts.router)
    app.include_router(api_membership.router)
    app.include_router(api_tokens.router)
    app.include_router(
        log_router(
            lambda: desks[0],
            public=allowed("read_public_log"),
            private=allowed("read_private_log"),
            standing=allowed("read_log_standing"),
        )
    )
    app.include_router(
        health_router(checks, service=SERVICE, node=settings.node, version=settings.release)
    )
    return app


def create_joining_app() -> FastAPI:
    """Return what a hub answers on its HTTPS port, by which networks ask to join.

    It works with the parts of the node service, which whoever runs it hands on in ``state``.
    """
    app = FastAPI(
        title="Twiza: joining", summary="How a network asks to join this hub.", openapi_url=None
    )
    problems.install(app, size_max=api_joining.REQUEST_BYTES_MAX)
    app.include_router(api_joining.router)
    return app


def create_front_app() -> FastAPI:
    """Return what the node shows to people at ``/``, from the parts of the node service."""
    app = FastAPI(title="Twiza", openapi_url=None)
    problems.install(app)
    app.include_router(status.router)
    return app


@asynccontextmanager
async def running(settings: NodeServiceSettings, *, checks: Checks) -> AsyncIterator[Parts]:
    """Open the node service's parts, run its background work, and close all in the right order.

    Raises:
        BadHome: no node was founded in the home.
        UnsafeStore, MigrationFailed, StreamRefused: the service must not start.
    """
    home = Home.opened(settings.home)
    certificates.ensure(home)
    revocations = Revocations(tables.REVOKED)
    projector = Projector(tables.LOG, release=settings.release)
    made: list[Parts] = []
    own, federation = home.settings().name, home.federation()

    def notice() -> None:
        made[0].upkeep.notice()

    projections.follow(projector, own, hub=federation.hub if federation else None, notice=notice)
    membership_rows.follow(
        projector, own, association=lambda: made[0].decisions.association, notice=notice
    )
    revocations.follow(projector)

    async def sign(asked: Statement) -> LogReopened:
        return await made[0].reopenings.sign(asked)

    async def before_start(host: ServiceHost) -> None:
        parts = await _assembled(settings, home, host, revocations)
        made.append(parts)
        await parts.flow.begin()
        await parts.upkeep.once()
        await host.fed.serve(ask_subject(host.place.node), parts.pages.answer)

    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(
            hosted(
                settings,
                SERVICE,
                tables=tables.LOG,
                projector=projector,
                steps=STEPS,
                head=HEAD,
                access=ACCESS,
                checks=checks,
                revoked=revocations,
                sign_reopening=sign,
                before_start=before_start,
            )
        )
        parts = made[0]
        host.desk.trust.on_change(parts.flow.registry_changed)
        host.desk.inbox.on_arrival(parts.upkeep.arrived)
        host.desk.repairer.on_stall(parts.watch.stalled)
        checks_of_node(checks, parts)
        for name, work in (
            ("flow", parts.flow.run),
            ("upkeep", parts.upkeep.run),
            ("heads", parts.heads.run),
            ("watch", parts.watch.run),
        ):
            task = asyncio.create_task(kept(name, work), name=f"node {name}")
            stack.push_async_callback(stopped, task)
        yield parts


async def _assembled(
    settings: NodeServiceSettings, home: Home, host: ServiceHost, revocations: Revocations
) -> Parts:
    """Return the parts of the node service over what every service has."""
    own, trust, store = host.place.node, host.desk.trust, host.store
    # The registry is read before the desk starts: it says from whom the streams draw.
    await trust.load(store)
    await revocations.load(store)
    streams = Streams(home, fed=host.fed.client, app=host.app.client)
    telling = Telling(own, trust)
    members = Members(
        home, store, telling, trust, renew_before=timedelta(days=settings.renew_before_days)
    )
    flow = Flow(
        home,
        streams,
        members,
        poll_s=settings.link_poll_s,
        reset_s=settings.source_reset_s,
    )
    members.on_change(flow.registry_changed)

    async def open_epoch(service: ServiceName, epoch: int, private: bool) -> None:
        await streams.open_epoch(service, epoch, private=private)
        # Those who are connected may not speak of any epoch but the one that was next for them.
        await system.reconnect_services(home)
        # A hub draws from its own logs too, the new epoch's among them.
        flow.registry_changed()
        if not private:
            heads.soon()

    async def stream_last(stream: str) -> int:
        client = host.app.client if stream.startswith("PRIV_") else host.fed.client
        info = await found(client, stream)
        return int(info["state"]["last_seq"]) if info else 0

    pages = PageDesk(
        host.desk,
        host.fed,
        fetch_sibling=fetch_over_http(host.client, lambda name: host.url(name.service)),
    )

    async def tail(stream: str) -> tuple[int, bytes] | None:
        last = (await host.fed.state(stream)).last
        message = await host.fed.message(stream, last) if last else None
        return (last, message.data) if message is not None else None

    heads = Heads(
        own,
        store=store,
        sealer=host.desk.sealer,
        repairer=host.desk.repairer,
        tail=tail,
        epochs=lambda: credentials.epochs(home),
        first_s=settings.heads_first_s,
        most_s=settings.heads_most_s,
    )
    siblings = Siblings(host)
    answers = Answers(tables.LOG)

    async def forget_answers() -> None:
        await store.write(answers.purge)

    letter_keys = LetterKeys(home, store, telling, services=list(host.place.siblings))

    def root_key() -> SigningKey:
        return SigningKey.load(home.root_key)

    hub = Hub(telling=telling, members=members, root_key=root_key)
    decisions = Decisions(home, host.desk, hub, flow, pages)
    upkeep = Upkeep(
        settings,
        home,
        store,
        telling,
        members,
        first={"decisions": decisions.carry_out},
        further={
            "letter keys": letter_keys.renew,
            "answers": forget_answers,
            "return": Return(home, linked=lambda: flow.linked_for_s is not None).ask,
        },
    )
    return Parts(
        host=host,
        settings=settings,
        home=home,
        telling=telling,
        members=members,
        flow=flow,
        reopenings=Reopenings(
            store,
            root_key=root_key,
            epochs=lambda: credentials.epochs(home),
            open_epoch=open_epoch,
            stream_last=stream_last,
        ),
        pages=pages,
        decisions=decisions,
        siblings=siblings,
        upkeep=upkeep,
        heads=heads,
        watch=Watch(
            host,
            siblings,
            flow,
            upkeep,
            late_s=settings.late_s,
            heads_most_s=settings.heads_most_s,
        ),
        answers=answers,
        counts=EntityCounts(host.client, host.settings.urls.get("directory")),
        turnstile=Turnstile(settings.joining_per_minute),
        revocations=revocations,
    )
