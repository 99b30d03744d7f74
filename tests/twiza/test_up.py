"""A node comes up in order, stays up, runs once only, and goes down without a trace."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from services.node.home import Home
from tests.twiza.commands import children, memory_mib, twiza, up

# What a node may take with all of its services; each that comes brings its own share.
SINGLE_MIB_MAX = 170.0
SUPERVISED_MIB_MAX = 500.0


def until(holds: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"not in {timeout_s:g} s"
        time.sleep(0.05)


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def is_gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("node") / "souss"
    answer = twiza("init", "--home", path, "--name", "souss", "--continent", "af")
    assert answer.status == 0, answer.err
    return path


def test_a_single_node_is_small_runs_once_and_stops_clean(home: Path) -> None:
    with up(home, "--single") as (process, told):
        assert told["node"] == "souss"
        assert all(is_ready(told["addresses"][name]) for name in ("node", "directory"))
        parts = children(process.pid)
        assert memory_mib(process.pid, *parts) < SINGLE_MIB_MAX

        second = twiza("up", "--home", home, "--single")
        assert second.status == 7
        assert f"process {process.pid} runs" in second.err

        status = twiza("status", "--home", home, "--json")
        assert (status.status, status.told["running"], status.told["mode"]) == (0, True, "single")

        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    until(lambda: all(map(is_gone, parts)))
    assert not (home / "running.json").exists()


def test_nothing_is_left_of_a_node_whose_supervisor_was_killed(home: Path) -> None:
    with up(home, "--single") as (process, _):
        parts = children(process.pid)
        assert parts
        process.kill()
        process.wait()
        until(lambda: all(map(is_gone, parts)))
    with up(home, "--single") as (_, told):
        assert is_ready(told["addresses"]["node"])


def test_a_killed_service_and_a_killed_server_are_started_again(home: Path) -> None:
    with up(home) as (process, told):
        parts = children(process.pid)
        assert memory_mib(process.pid, *parts) < SUPERVISED_MIB_MAX
        directory = told["addresses"]["directory"]
        (victim,) = (
            one for one in parts if b"directory" in Path(f"/proc/{one}/cmdline").read_bytes()
        )

        os.kill(victim, signal.SIGKILL)
        until(lambda: is_gone(victim) and is_ready(directory))

        server = int(Home(home).nats_pid.read_text())
        os.kill(server, signal.SIGKILL)
        until(lambda: int(Home(home).nats_pid.read_text() or 0) != server and is_ready(directory))

        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "directory has ended (SIGKILL)" in (home / "up.err").read_text()
    assert (home / "logs" / "directory.log").stat().st_mode & 0o077 == 0


def test_a_port_that_another_program_has_taken_is_named(home: Path) -> None:
    port = Home(home).settings().ports.single
    with socket.create_server(("127.0.0.1", port)):
        answer = twiza("up", "--home", home, "--single")
        doctor = twiza("doctor", "--home", home, "--json", "--lang", "en")
    assert answer.status == 7
    assert f"port {port} (node)" in answer.err
    assert "port-taken" in {one["code"] for one in doctor.told["findings"]}
