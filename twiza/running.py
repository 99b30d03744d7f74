"""Who runs a home: one supervisor at a time, and where it says that it does."""

import asyncio
import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Final

from shared.refusals import Kind, Refusal

LOCK: Final = "lock"
RUNNING: Final = "running.json"
LEFTOVER_WAIT_S: Final = 10.0
LOCK_ATTEMPTS: Final = 5
_POLL_S: Final = 0.05


class RunsAlready(Refusal):
    """A second supervisor was to run one home."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "runs-already"
    title: ClassVar[str] = "This node runs already"


class PortTaken(Refusal):
    """Another program listens where the node shall."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "port-taken"
    title: ClassVar[str] = "Another program has taken a port of this node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a supervisor says of itself once all is up."""

    pid: int
    single: bool
    since: str
    addresses: dict[str, str]


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold a home for this process alone.

    Raises:
        RunsAlready: another process holds it.
    """
    handle = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _taken(handle):
            pid = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
            raise RunsAlready(
                f"process {pid or 'unknown'} runs {home}. Look with `twiza status`, "
                f"or stop that process first."
            )
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    # `is_held` holds the lock for a moment when it looks; that is no other supervisor.
    for _ in range(LOCK_ATTEMPTS):
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_POLL_S)
    return False


def is_held(home: Path) -> bool:
    """Return whether a supervisor holds a home now."""
    try:
        handle = os.open(home / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def announce(home: Path, running: Running) -> None:
    """Write down that all is up."""
    draft = home / f".{RUNNING}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(running), indent=1), "utf-8")
    draft.replace(home / RUNNING)


def withdraw(home: Path) -> None:
    """Take back that all is up."""
    (home / RUNNING).unlink(missing_ok=True)


def running(home: Path) -> Running | None:
    """Return what the supervisor of a home says; nothing when none runs, or not all is up yet."""
    try:
        values = json.loads((home / RUNNING).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return Running(**values) if is_held(home) else None


def require_free(ports: dict[str, int]) -> None:
    """Refuse when another program listens on one of the ports.

    Raises:
        PortTaken: which port, and for what it is needed.
    """
    for name, port in ports.items():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError as error:
                raise PortTaken(
                    f"port {port} ({name}). Stop that program, or give another port in twiza.toml."
                ) from error


async def end_leftover(pid_file: str, conf: str) -> None:
    """End a nats-server of this very home that outlived the one who started it."""
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        pid = int(await asyncio.to_thread(Path(pid_file).read_text, "ascii"))
        loop = asyncio.get_running_loop()
        until = loop.time() + LEFTOVER_WAIT_S
        # A number may belong to a stranger by now: only one that was started with our file is ours.
        while conf.encode() in _command(pid).split(b"\0"):
            os.kill(pid, signal.SIGTERM if loop.time() < until else signal.SIGKILL)
            await asyncio.sleep(_POLL_S)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""
