"""A federation under attack: a hub and an honest node, and a third whose operator forges.

The hub ``eu`` and the node ``es`` keep to the rules, and their services show what is refused. What
``fr`` tells is forged by the tests. Each attack must leave the others' logs as they are.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import select

from services.node.pages import PageDesk
from shared.bus import Delivered
from shared.contracts.log import LogQuarantined
from shared.events import Log
from shared.log.cursors import Cursor
from shared.log.names import LogName
from shared.log.page import parse_page
from shared.store import Work
from shared.subjects import Level, ask_subject
from tests.desks import TestDesk, admit
from tests.federation.forging import Forger
from tests.nodes import TestNode, gather, until

Counts = Counter[tuple[str, str]]


@dataclass
class Attacked:
    """The federation; ``receivers`` are the directories of its hub and of its honest node.

    ``forger`` tells the log of ``fr`` that is forged, ``node_log`` that of its node service.
    """

    hub: TestNode
    es: TestNode
    fr: TestNode
    hub_node: TestDesk
    receivers: dict[str, TestDesk]
    forger: Forger
    node_log: Forger
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def counts(self) -> dict[str, Counts]:
        """Return at each receiver how often it has refused what, by node and reason."""
        return {name: await refusals(desk) for name, desk in self.receivers.items()}

    async def refused(
        self, before: dict[str, Counts], reason: str, *, node: str = "fr", times: int = 1
    ) -> None:
        """Wait until every receiver has refused so much more for a reason, and nothing else."""

        async def counted() -> bool:
            now = await self.counts()
            return all(now[at][node, reason] - before[at][node, reason] >= times for at in now)

        try:
            await until(counted, what=f"refused {times} times: {reason}")
        except AssertionError as error:
            more = {at: dict(now - before[at]) for at, now in (await self.counts()).items()}
            raise AssertionError(f"{error}; what was refused: {more}") from error
        wanted = Counter({(node, reason): times})
        for at, now in (await self.counts()).items():
            assert now - before[at] == wanted, at

    async def others_go_on(self) -> None:
        """See that an entity that each honest node lists now is known to the other."""
        names = []
        for desk in self.receivers.values():
            names.append(f"after the attack {next(self.numbers)}")
            await desk.list(names[-1])
        await self.know(*names)

    async def know(self, *names: str) -> None:
        """Wait until every receiver knows entities of these names."""

        async def known() -> bool:
            return all([await desk.knows(*names) for desk in self.receivers.values()])

        await until(known, what=f"all know {names}")

    async def nobody_knows(self, *names: str) -> None:
        """See that no receiver knows an entity of one of these names."""
        for desk in self.receivers.values():
            assert not set(names) & await desk.names()

    async def stand(self, name: LogName | None = None) -> list[Cursor]:
        """Return where a log stands at each receiver: the forger's, where none is named."""
        return [await cursor(desk, name or self.forger.name) for desk in self.receivers.values()]

    async def stands(self, state: str, *, number: int, epoch: int = 0) -> None:
        """Wait until the forger's log stands so at every receiver."""
        wanted = (state, epoch or self.forger.epoch, number)

        async def so() -> bool:
            return {(c.state.value, c.epoch, c.number) for c in await self.stand()} == {wanted}

        try:
            await until(so, what=f"fr's log stands at {wanted}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it stands at {await self.stand()}") from error


@asynccontextmanager
async def attacked(
    folder: Path, *, service: str = "directory", database: str = "", answered: bool = True
) -> AsyncIterator[Attacked]:
    """Start the federation; ``fr`` forges the log of a service.

    Args:
        folder: where the homes lie.
        service: which log of ``fr`` is forged.
        database: the URL of the database of ``es``, a file where nothing is said.
        answered: whether the hub's node service answers for pages that others lack.
    """
    hub = TestNode(folder, "eu", level=Level.CONTINENTAL)
    es, fr = TestNode(folder, "es"), TestNode(folder, "fr")
    async with AsyncExitStack() as stack:
        for node in (hub, es, fr):
            stack.push_async_callback(node.stop)
        await gather(hub, es, fr)
        hub_node = await stack.enter_async_context(TestDesk(hub, "node"))
        if answered:
            await answer_for_pages(hub_node)
        at_hub = await stack.enter_async_context(TestDesk(hub, "directory"))
        at_es = await stack.enter_async_context(TestDesk(es, "directory", database=database))
        await admit(hub_node, es, fr)
        scene = Attacked(
            hub,
            es,
            fr,
            hub_node,
            {"eu": at_hub, "es": at_es},
            Forger.of(fr, service),
            Forger.of(fr, "node"),
        )
        await scene.others_go_on()
        yield scene


async def answer_for_pages(hub_node: TestDesk) -> None:
    """Have a hub's node service answer for the pages that others lack, as a real one does."""
    desk = hub_node.desk
    fed: Any = desk.fed

    async def nothing(*_: Any) -> AsyncIterator[Delivered]:
        none: tuple[Delivered, ...] = ()
        for page in none:
            yield page

    pages = PageDesk(desk, fed, fetch_sibling=nothing)
    await fed.serve(ask_subject(hub_node.node.name), pages.answer)


async def refusals(desk: TestDesk) -> Counts:
    """Return how often a service has refused what, by node and reason."""

    def counted(work: Work) -> Counts:
        rows = work.execute(select(desk.notes.log.refusal_count))
        return Counter({(row.node, row.reason): row.count for row in rows})

    return await desk.store.read(counted)


async def evidence(desk: TestDesk, reason: str = "", *, node: str = "fr") -> list[Any]:
    """Return what a service keeps of refused pages of a node, the oldest first."""
    table = desk.notes.log.quarantine

    def kept(work: Work) -> list[Any]:
        found = select(table).where(table.c.node == node).order_by(table.c.id)
        return list(work.execute(found.where(table.c.reason == reason) if reason else found))

    return await desk.store.read(kept)


async def set_aside(desk: TestDesk, *, node: str = "fr") -> list[Any]:
    """Return the events of a node that a service has set aside."""
    table = desk.notes.log.set_aside
    wanted = select(table).where(table.c.node == node)
    order = (table.c.epoch, table.c.number, table.c.place)
    return await desk.store.read(lambda work: list(work.execute(wanted.order_by(*order))))


async def cursor(desk: TestDesk, name: LogName) -> Cursor:
    """Return where a log stands at a service."""
    return await desk.store.read(desk.desk.cursors.load, name)


async def quarantines(desk: TestDesk) -> list[LogQuarantined]:
    """Return what a service has told of quarantines in its private log."""
    pages = await desk.store.read(desk.desk.sealer.pages, Log.PRIVATE, epoch=1, after=0, most=1_000)
    return [
        LogQuarantined.model_validate(told["data"])
        for page in pages
        for told in parse_page(page.data).events
        if told["type"] == LogQuarantined.wire_type()
    ]
