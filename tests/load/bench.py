"""``make bench``: the speed and memory of federation, barter and decisions, taken in one run.

``python -m tests.load.bench barter decisions`` measures only those two; ``federation`` and
``nodes`` are the others. For the federation, three nodes stand on this machine with their real
nats-servers (TLS leaf links, allow-lists, every write synced), a directory that writes at one,
directories that read at others. Every figure stands beside its limit; rates are told as multiples
of nats-py publishing the same events one message each, each acknowledgement awaited, on the same
servers in the same run.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.node.stream_configs import Member
from shared.contracts.directory import EntityListed
from shared.events import frame
from shared.ids import new_uuid7
from shared.subjects import Level
from tests.desks import TestDesk, admit
from tests.exchange.candidates.samples import a_round, tree
from tests.load import barter, candidates, decisions, levels, whole
from tests.load.entities import entries
from tests.nodes import TestNode, gather

BULK: Final = 36_000
TOGETHER: Final = 250
SINGLE: Final = 10_000
WRITERS: Final = 8
PACED_S: Final = 6
RATE: Final = 150.0
PROBE_S: Final = 0.05
BACKLOG: Final = 50_000
BASELINE: Final = 3_000
STORE_MB: Final = 64_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure beside its limit; ``aim`` is what we would like it to be."""

    what: str
    value: float
    unit: str
    limit: float | None
    at_least: bool = False
    aim: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the figure keeps its limit; one that is told without a limit does."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def row(self) -> str:
        """Return the figure's row of the table."""
        sign = ">=" if self.at_least else "<="
        aim = "" if self.aim is None else f"{self.aim:g}"
        holds = "yes" if self.holds else "NO"
        limit = "" if self.limit is None else f"{sign} {self.limit:g}"
        cells = (self.what, f"{self.value:,.2f} {self.unit}", limit, aim, holds)
        return f"| {' | '.join(cells)} |"


class Remote:
    """A worker process, asked line by line."""

    def __init__(self, folder: Path, node: TestNode) -> None:
        self.node = node
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.load.worker", str(folder), node.name, "eu"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def line(self) -> dict[str, Any]:
        """Return the next answer."""
        assert self.process.stdout is not None
        text = await asyncio.to_thread(self.process.stdout.readline)
        if not text:
            raise RuntimeError(f"the worker of {self.node.name} has ended")
        answer: dict[str, Any] = json.loads(text)
        return answer

    async def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Have the worker do something, and return its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self.process.stdin.flush()
        return await self.line()

    def stop(self) -> None:
        """End the worker."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


@dataclass(frozen=True, slots=True)
class Servers:
    """The nodes of the benchmark and the processes whose CPU time counts."""

    hub: TestNode
    nodes: Sequence[TestNode]
    at_hub: TestDesk

    def cpu_s(self, *workers: Remote) -> float:
        """Return the CPU time of all processes of the path, in seconds."""
        pids = [node.server.pid for node in (self.hub, *self.nodes)]
        return sum(_cpu_s(pid) for pid in [*pids, *(w.process.pid for w in workers)] if pid)


def main(named: Sequence[str]) -> int:
    """Measure all parts or those that are named, print the table; return 0 where limits hold."""
    parts: dict[str, Callable[[], list[Figure]]] = {
        "federation": lambda: asyncio.run(_federation()),
        "nodes": _whole,
        "barter": _barter,
        "decisions": lambda: [Figure(*row) for row in decisions.rows()],
    }
    unknown = [name for name in named if name not in parts]
    if unknown:
        print(f"there is no part called {', '.join(unknown)}; there are {', '.join(parts)}")
        return 2
    figures = [figure for name in named or parts for figure in parts[name]()]
    print("\n| figure | measured | limit | aim | holds |\n|---|---|---|---|---|")
    for figure in figures:
        print(figure.row())
    return 0 if all(figure.holds for figure in figures) else 1


async def _federation() -> list[Figure]:
    """Measure the way of events from one node to others, on real servers."""
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twiza-bench-")))
        servers = await _servers(folder, stack)
        base = await _baseline(servers.nodes[0])
        print(f"baseline: nats-py, awaited, {base.rate:,.0f} events/s, mean {base.mean_ms:.2f} ms")
        writer, reader = Remote(folder, servers.nodes[0]), Remote(folder, servers.nodes[1])
        for worker in (writer, reader):
            await worker.line()
            stack.callback(worker.stop)
        await _warm(writer, reader)
        bulk = await _rate(servers, writer, reader, "bulk", BULK, together=TOGETHER)
        single = await _rate(servers, writer, reader, "single", SINGLE, writers=WRITERS)
        figures += [
            Figure(
                "(a) bulk, end to end / awaited publish", bulk.rate / base.rate, "x", 6, True, 8
            ),
            Figure(
                "(a) single, 8 writers, end to end / awaited publish",
                single.rate / base.rate, "x", 2.5, True, 4.5,
            ),
            Figure("(b) CPU per event, bulk", bulk.cpu_us, "us", 120, aim=65),
            Figure("(b) CPU per event, single", single.cpu_us, "us", 200, aim=100),
        ]  # fmt: skip
        lags = await _lags([writer], reader)
        figures += _lag_figures("(c) lag, one origin", lags)
        third = Remote(folder, await _joined(folder, servers, "pt", stack))
        await third.line()
        stack.callback(third.stop)
        fourth = Remote(folder, servers.hub)
        await fourth.line()
        stack.callback(fourth.stop)
        seen = (await reader.ask("arrivals"))["applied"]
        for newcomer in (third, fourth):
            await newcomer.ask("await_applied", count=seen, timeout_s=120)
        lags = await _lags([writer, third, fourth], reader)
        figures += _lag_figures("(c) lag, three origins", lags)
        catch_up = await _catch_up(servers, folder, writer, reader, stack)
        figures += [
            Figure(
                f"(d) catch-up over {BACKLOG:,} events / bulk rate",
                catch_up.cut_off / bulk.rate, "x", 2.5, True, 5,
            ),
            Figure(
                f"(d) late joiner over {catch_up.total:,} events / bulk rate",
                catch_up.late / bulk.rate, "x", 2.5, True, 5,
            ),
        ]  # fmt: skip
    return figures


def _whole() -> list[Figure]:
    """Weigh whole nodes at rest, and time the import of a long list where it is there."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="twiza-bench-") as folder:
        single = whole.weight(Path(folder) / "single", single=True)
        supervised = whole.weight(Path(folder) / "supervised", single=False)
        figures += [
            Figure("(e) memory of a node at rest, supervised", supervised, "MiB", 280),
            Figure("(e) memory of a node at rest, --single", single, "MiB", 140),
        ]
        data = Path(os.environ.get("TWIZA_DATA", "../shared/data"))
        if (data / "directory" / whole.LIST).exists():
            seconds, count = whole.import_seconds(Path(folder) / "import", data)
            figures.append(Figure(f"import of {count:,} entities, to the hub", seconds, "s", 20))
        else:
            print(f"no import is timed: {data} is not there (TWIZA_DATA)")
    return figures


def _barter() -> list[Figure]:
    """Measure how fast rings and candidates are found, and what it costs to match near by first."""
    figures = [Figure(*row) for row in barter.rows()]
    figures += candidates.figures()
    price = levels.levels(a_round(levels.ENTRIES), tree()).price
    what = f"(m) price of subsidiarity, {levels.ENTRIES:,} offers and wants"
    return [*figures, Figure(what, price, "%", None)]


async def _servers(folder: Path, stack: AsyncExitStack) -> Servers:
    hub = TestNode(folder, "eu", level=Level.CONTINENTAL, store_mb=STORE_MB)
    nodes = [TestNode(folder, name, store_mb=STORE_MB) for name in ("fr", "es")]
    for node in (hub, *nodes):
        stack.push_async_callback(node.stop)
    await gather(hub, *nodes)
    at_hub = await stack.enter_async_context(TestDesk(hub, "node"))
    await admit(at_hub, *nodes)
    return Servers(hub, nodes, at_hub)


async def _joined(folder: Path, servers: Servers, name: str, stack: AsyncExitStack) -> TestNode:
    """Return a further node that has joined the hub."""
    node = TestNode(folder, name, store_mb=STORE_MB)
    stack.push_async_callback(node.stop)
    node.join(servers.hub)
    await node.start()
    await node.linked(servers.hub.name)
    streams = await node.streams()
    await streams.ensure_own_logs()
    members = [*servers.nodes, node]
    at_hub = await servers.hub.streams()
    await at_hub.ensure_continental([Member(member.name) for member in members])
    await admit(servers.at_hub, node, revision=2)
    await streams.ensure_incoming()
    return node


@dataclass(frozen=True, slots=True)
class Baseline:
    """What nats-py does alone: events a second, and the mean of one awaited publish."""

    rate: float
    mean_ms: float


async def _baseline(node: TestNode) -> Baseline:
    client = await node.unbound_client()
    stream = client.jetstream()
    await stream.add_stream(name="BASELINE", subjects=["baseline.events"])
    bodies = [
        frame(
            EntityListed(entity_id=entry.entity_id, revision=1, profile=entry.public),
            source=f"twiza:{node.name}/directory",
            event_id=new_uuid7(),
            time="2026-11-21T17:00:00.000Z",
        )
        for entry in entries(node.name, 0, BASELINE)
    ]
    for body in bodies[:200]:
        await stream.publish("baseline.events", body)
    began = time.monotonic()
    for body in bodies:
        await stream.publish("baseline.events", body)
    taken = time.monotonic() - began
    await stream.delete_stream("BASELINE")
    return Baseline(BASELINE / taken, taken / BASELINE * 1000)


async def _warm(writer: Remote, reader: Remote) -> None:
    seen = (await reader.ask("arrivals"))["applied"]
    await writer.ask("prepare", count=2_000)
    await writer.ask("bulk", together=TOGETHER)
    await reader.ask("await_applied", count=seen + 2_000, timeout_s=30)


@dataclass(frozen=True, slots=True)
class Rate:
    """Events a second from the first commit to the last application, and CPU time per event."""

    rate: float
    cpu_us: float


async def _rate(
    servers: Servers, writer: Remote, reader: Remote, do: str, count: int, **values: Any
) -> Rate:
    seen = (await reader.ask("arrivals"))["applied"]
    await writer.ask("prepare", count=count)
    cpu, began = servers.cpu_s(writer, reader), time.monotonic()
    waiting = asyncio.create_task(reader.ask("await_applied", count=seen + count, timeout_s=120))
    await writer.ask(do, **values)
    done = await waiting
    used = servers.cpu_s(writer, reader) - cpu
    if done["applied"] < seen + count:
        raise RuntimeError(f"only {done['applied'] - seen} of {count} events arrived")
    return Rate(count / (done["at"] - began), used / count * 1e6)


@dataclass(frozen=True, slots=True)
class Lags:
    """Milliseconds from commit to application, sorted, and of an awaited publish meanwhile."""

    ms: list[float]
    publish_ms: float


async def _lags(writers: Sequence[Remote], reader: Remote) -> Lags:
    """Measure how long events take from each commit to their application at the reader.

    The awaited publish is measured on the same server while the same load runs: both meet the
    same disk and the same processors.
    """
    done_writing = asyncio.Event()
    probing = asyncio.create_task(_probe(writers[0].node, done_writing))
    count = int(RATE * PACED_S)
    seen = (await reader.ask("arrivals"))["applied"]
    await asyncio.gather(*(writer.ask("prepare", count=count) for writer in writers))
    answers = await asyncio.gather(*(writer.ask("paced", rate=RATE) for writer in writers))
    committed = sorted(at for answer in answers for at in answer["committed"])
    wanted = seen + len(committed)
    await reader.ask("await_applied", count=wanted, timeout_s=60)
    done_writing.set()
    publish_ms = await probing
    arrivals = (await reader.ask("arrivals"))["arrivals"]
    lags: list[float] = []
    done = seen
    for at, applied in arrivals:
        # Events of several origins are told apart by their order only: the k-th commit is held
        # against the k-th application, which can but exaggerate a single lag.
        for number in range(done - seen, min(applied, wanted) - seen):
            lags.append(max(0.0, at - committed[number]) * 1000)
        done = max(done, applied)
    return Lags(sorted(lags), publish_ms)


async def _probe(node: TestNode, done: asyncio.Event) -> float:
    """Return the mean of awaited publishes while something else goes on, in milliseconds."""
    client = await node.unbound_client()
    stream = client.jetstream()
    await stream.add_stream(name="PROBE", subjects=["probe.events"])
    body = b"x" * 800
    taken: list[float] = []
    while not done.is_set():
        began = time.monotonic()
        await stream.publish("probe.events", body)
        taken.append((time.monotonic() - began) * 1000)
        await asyncio.sleep(PROBE_S)
    await stream.delete_stream("PROBE")
    return statistics.fmean(taken)


def _lag_figures(what: str, lags: Lags) -> list[Figure]:
    p50, p99 = statistics.median(lags.ms), lags.ms[int(len(lags.ms) * 0.99)]
    print(f"{what}: p50 {p50:.2f} ms, p99 {p99:.2f} ms; awaited publish {lags.publish_ms:.2f} ms")
    return [
        Figure(f"{what}, p50 / mean awaited publish", p50 / lags.publish_ms, "x", 10),
        Figure(f"{what}, p99 / mean awaited publish", p99 / lags.publish_ms, "x", 30),
    ]


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Events a second of a node that comes back, and of one that joins late."""

    cut_off: float
    late: float
    total: int


async def _catch_up(
    servers: Servers, folder: Path, writer: Remote, reader: Remote, stack: AsyncExitStack
) -> CatchUp:
    """Cut the reader's nats-server off, write on, and let it come back; then let one join late."""
    seen = (await reader.ask("arrivals"))["applied"]
    cut = servers.nodes[1]
    await cut.kill()
    await writer.ask("prepare", count=BACKLOG)
    await writer.ask("bulk", together=TOGETHER)
    await asyncio.sleep(2)
    await cut.restart()
    await cut.linked(servers.hub.name)
    await (await cut.streams()).reset_sources(f"IN_{cut.name}")
    await reader.ask("await_applied", count=seen + BACKLOG, timeout_s=180)
    arrivals = (await reader.ask("arrivals"))["arrivals"]
    cut_off = (arrivals[-1][1] - arrivals[0][1]) / (arrivals[-1][0] - arrivals[0][0])
    late_node = await _joined(folder, servers, "it", stack)
    late = Remote(folder, late_node)
    await late.line()
    stack.callback(late.stop)
    total = (await reader.ask("arrivals"))["applied"]
    await late.ask("await_applied", count=total, timeout_s=180)
    arrivals = (await late.ask("arrivals"))["arrivals"]
    rate = (arrivals[-1][1] - arrivals[0][1]) / (arrivals[-1][0] - arrivals[0][0])
    return CatchUp(cut_off, rate, total)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
