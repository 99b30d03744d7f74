"""Solving in a process of its own, with a limit of time and of memory that it cannot overrun.

A limit that is given to a solver is a wish; a process that is killed has ended. Importing this
module needs no numpy.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from services.exchange.matching.refusals import SolverStopped, SolverTooLarge, SolverTooSlow
from shared.refusals import Kind, Refusal

TIME_LIMIT_S: Final = 120.0
MEMORY_LIMIT_MB: Final = 4_000
LINE_BYTES_MAX: Final = 512_000_000
_ROOT: Final = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Args:
        step: what it did last.
        value: the worth of the best choice so far.
        bound: no choice is worth more; 0 while none is known.
    """

    step: str
    value: int
    bound: int


Watch = Callable[[Progress], None]


def _unwatched(progress: Progress) -> None:
    pass


async def solved(
    problem: bytes,
    *,
    time_limit_s: float = TIME_LIMIT_S,
    memory_limit_mb: int = MEMORY_LIMIT_MB,
    watch: Watch = _unwatched,
    command: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Solve a problem in another process; return the result as plain JSON.

    Args:
        problem: as ``wire.problem_bytes`` writes it.
        time_limit_s: after which the process is killed.
        memory_limit_mb: of address space; 0 for no limit.
        watch: is told of each step.
        command: what is run in the solver's place, for tests.

    Raises:
        SolverTooSlow: it was killed at its limit of time.
        SolverTooLarge: it reached its limit of memory.
        SolverStopped: it ended without a result.
        BadProblem: the problem is none, or another refusal of the solver.
    """
    process = await asyncio.create_subprocess_exec(
        *(command or _command(memory_limit_mb)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LINE_BYTES_MAX,
        cwd=_ROOT,
        env=_environment(),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(time_limit_s):
            return await _conversation(process, problem, watch)
    except TimeoutError as error:
        raise SolverTooSlow(f"after {time_limit_s:g} s") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


def _command(memory_limit_mb: int) -> Sequence[str]:
    return (sys.executable, "-m", "services.exchange.matching", str(memory_limit_mb))


def _environment() -> dict[str, str]:
    # One thread, so that the answer repeats, and so that threads take no address space.
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(threads, "1")}


async def _conversation(
    process: asyncio.subprocess.Process, problem: bytes, watch: Watch
) -> dict[str, Any]:
    """Hand the problem over and read what comes back."""
    writing = asyncio.create_task(_handed_over(process, problem))
    try:
        answer = await _answer(process, watch)
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
    if answer is None:
        status = await process.wait()
        raise SolverStopped(f"killed by signal {-status}" if status < 0 else f"status {status}")
    if "refused" in answer:
        raise _refusal(answer["refused"], answer.get("detail", ""))
    result: dict[str, Any] = answer["result"]
    return result


async def _handed_over(process: asyncio.subprocess.Process, problem: bytes) -> None:
    assert process.stdin is not None
    # A process that has ended reads nothing; what it said tells why.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(problem)
        await process.stdin.drain()
        process.stdin.close()


async def _answer(process: asyncio.subprocess.Process, watch: Watch) -> dict[str, Any] | None:
    """Return the line that ends the run, or nothing where the process ended without one."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        try:
            said = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(said, dict):
            return None
        if "progress" not in said:
            return said if "result" in said or "refused" in said else None
        watch(Progress(step=said["progress"], value=said["value"], bound=said["bound"]))
    return None


def _refusal(slug: str, detail: str) -> Refusal:
    """Return the refusal that the process told, by its name."""
    if slug == SolverTooLarge.slug:
        return SolverTooLarge(detail)
    kind = Refusal.named(slug)
    if kind is None or kind.kind is Kind.UNAVAILABLE:
        return SolverStopped(detail)
    return kind(detail)
