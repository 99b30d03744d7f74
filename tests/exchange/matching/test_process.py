"""The solver runs beside the service: what happens to it harms nobody."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from services.exchange.matching.process import Progress, solved
from services.exchange.matching.refusals import (
    BadProblem,
    SolverStopped,
    SolverTooLarge,
    SolverTooSlow,
)
from services.exchange.matching.wire import problem_bytes

TRIANGLE = {"tail": [0, 1, 2], "head": [1, 2, 0]}


def triangle(**settings: object) -> bytes:
    slots = {"id": ["honey", "oil", "bread"], "owner": ["Aït", "Oujda", "Fès"]}
    return problem_bytes(slots=slots, arcs=TRIANGLE, **{"objective": "plain", **settings})  # type: ignore[arg-type]  # settings by name


async def test_a_ring_comes_back_with_its_certificate_and_progress_on_the_way() -> None:
    seen: list[Progress] = []
    found = await solved(triangle(), watch=seen.append)
    assert found["value"] == found["bound"] == 3
    assert found["proven"]
    assert found["rings"][0]["slots"] == ["oil", "bread", "honey"]
    assert found["certificate"]["value"] == 3
    assert [one.step for one in seen][-1] == "greedy"


async def test_what_is_no_problem_is_refused_by_its_name() -> None:
    with pytest.raises(BadProblem, match="2 to 5"):
        await solved(triangle(cap=9))
    with pytest.raises(BadProblem):
        await solved(b"no problem at all")


async def test_a_solver_that_hangs_is_killed_at_its_limit() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(SolverTooSlow):
        await solved(triangle(), time_limit_s=0.5, command=command)


async def test_a_solver_that_reads_nothing_and_is_large_is_killed_too() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(SolverTooSlow):
        await solved(b" " * 5_000_000, time_limit_s=0.5, command=command)


async def test_a_killed_solver_is_a_refusal_and_the_next_run_answers() -> None:
    command = [sys.executable, "-c", f"import os; os.kill(os.getpid(), {signal.SIGKILL:d})"]
    with pytest.raises(SolverStopped, match="killed by signal 9"):
        await solved(triangle(), command=command)
    assert (await solved(triangle()))["value"] == 3


async def test_a_solver_that_dies_or_babbles_is_a_refusal() -> None:
    with pytest.raises(SolverStopped, match="status 3"):
        await solved(triangle(), command=[sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(SolverStopped):
        await solved(triangle(), command=[sys.executable, "-c", "print('[1, 2]')"])


async def test_a_solver_without_memory_is_a_refusal() -> None:
    n = 60_000
    slots = {"id": [f"s{at}" for at in range(n)], "owner": list(range(n))}
    arcs = {"tail": [at % n for at in range(20 * n)], "head": [at * 7 % n for at in range(20 * n)]}
    arcs["head"] = [
        head if head != tail else (head + 1) % n
        for tail, head in zip(arcs["tail"], arcs["head"], strict=True)
    ]
    with pytest.raises((SolverTooLarge, SolverStopped)):
        await solved(problem_bytes(slots=slots, arcs=arcs), memory_limit_mb=260)


async def test_a_run_that_is_cancelled_leaves_no_process_behind() -> None:
    # It says its number as a step of progress, and then sleeps.
    script = (
        "import json, os, time;"
        "print(json.dumps({'progress': str(os.getpid()), 'value': 0, 'bound': 0}), flush=True);"
        "time.sleep(600)"
    )
    said: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        solved(
            triangle(),
            command=[sys.executable, "-c", script],
            watch=lambda progress: said.set_result(int(progress.step)),
        )
    )
    pid = await asyncio.wait_for(said, 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_service_s_side_imports_no_numpy() -> None:
    script = (
        "import sys, services.exchange.matching.process, services.exchange.matching.wire;"
        "sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
