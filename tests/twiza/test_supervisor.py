"""The supervisor starts parts in order, and again only what a changed link touches."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shared.refusals import Refusal
from twiza.plan import Plan
from twiza.processes import Kept, MessageServer, NotReady, Program
from twiza.running import RunsAlready, held, is_held
from twiza.supervisor import Supervisor

SERVER = """
import http.server, json, sys
TOLD = {"/varz": {"server_name": "souss"}, "/healthz": {"status": "ok"},
        "/jsz": {"config": {"sync_always": len(sys.argv) < 3}}}
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(json.dumps(TOLD.get(self.path, {})).encode())
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def plan_of(folder: Path, *, unsafe: bool = False) -> Plan:
    def command(port: int) -> tuple[str, ...]:
        return (sys.executable, "-c", SERVER, str(port), *(["unsafe"] if unsafe else []))

    monitor, node, directory = free_port(), free_port(), free_port()
    return Plan(
        node="souss",
        server=MessageServer(
            name="nats-server", command=command(monitor), log=str(folder / "nats.log"),
            own_log="", port=monitor, path="/", server_name="souss", safe=True,
        ),
        services=tuple(
            Program(
                name=name, command=command(port), log=str(folder / f"{name}.log"), port=port,
                path="/",
            )
            for name, port in (("node", node), ("directory", directory))
        ),
        addresses={},
        conf="no-such-file",
        pid_file=str(folder / "nats.pid"),
    )  # fmt: skip


class Watched:
    """A supervisor over a plan that a test changes."""

    def __init__(self, home: Path, plan: Plan) -> None:
        self.home = home
        self.plan = plan
        self.parts: dict[str, Kept] = {}
        self.started: list[str] = []
        self.said: list[str] = []
        self.ready = asyncio.Event()
        self.supervisor = Supervisor(
            home, plan=self._plan, part=self._part, say=self.said.append, ready=self._ready
        )

    def pids(self) -> dict[str, int | None]:
        return {name: part.pid for name, part in self.parts.items()}

    async def _plan(self) -> Plan:
        return self.plan

    def _part(self, program: Program) -> Kept:
        self.started.append(program.name)
        self.parts[program.name] = Kept(program, say=self.said.append)
        return self.parts[program.name]

    def _ready(self, _plan: Plan) -> None:
        self.ready.set()


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    one = Watched(tmp_path, plan_of(tmp_path))
    running = asyncio.create_task(one.supervisor.run())
    await asyncio.wait_for(one.ready.wait(), 30)
    yield one
    one.supervisor.stop()
    await running
    assert set(one.pids().values()) == {None}


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1500):
        if await holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("not in 30 s")


async def test_only_what_a_changed_link_touches_is_started_again(watched: Watched) -> None:
    before = watched.pids()
    node, directory = watched.plan.services
    watched.plan = replace(watched.plan, services=(node, replace(directory, told="another")))
    (watched.home / "federation.json").write_text("{}")

    async def directory_is_another() -> bool:
        return watched.pids()["directory"] not in (None, before["directory"])

    await until(directory_is_another)
    assert watched.pids()["node"] == before["node"]
    assert watched.started == ["node", "directory", "directory"]
    assert watched.said == ["The link to the hub has changed; what it touches is started again."]


async def test_a_change_that_cannot_be_taken_up_is_tried_again(watched: Watched) -> None:
    node, directory = watched.plan.services
    broken = (sys.executable, "-c", "import sys; sys.exit('no database')")
    good = replace(directory, told="another")
    watched.plan = replace(watched.plan, services=(node, replace(good, command=broken)))
    (watched.home / "federation.json").write_text("{}")

    async def has_failed() -> bool:
        return any("no database" in sentence for sentence in watched.said)

    await until(has_failed)
    # The node itself was stopped with the part that failed, and is up again.
    before = len(watched.started)

    async def node_is_up_again() -> bool:
        return "node" in watched.started[before:] and watched.pids()["node"] is not None

    await until(node_is_up_again)


async def test_a_server_that_does_not_write_to_disk_first_is_refused(tmp_path: Path) -> None:
    one = Watched(tmp_path, plan_of(tmp_path, unsafe=True))
    with pytest.raises(NotReady, match="does not write to disk"):
        await one.supervisor.run()
    assert one.parts == {}


async def test_a_plan_survives_being_written_and_read(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert Plan.read(plan.written()) == plan


def test_a_home_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with held(tmp_path):
        assert is_held(tmp_path)
        with pytest.raises(RunsAlready) as refused, held(tmp_path):
            pass
    assert isinstance(refused.value, Refusal)
    assert not is_held(tmp_path)
