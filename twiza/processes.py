"""Programs that are kept running: started, looked at until they answer, started again, stopped.

This module uses the standard library alone, because it stays in memory for as long as a node runs.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from shared.refusals import Kind, Refusal
from twiza.bound import bound
from twiza.logfiles import LogFile

POLL_S: Final = 0.05
LOOK_TIMEOUT_S: Final = 3.0
READY_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 10.0
RESTART_FIRST_S: Final = 0.25
RESTART_MOST_S: Final = 30.0
QUIET_S: Final = 60.0
"""After so long without an end, the next restart comes soon again."""
EARLY_ENDS_MAX: Final = 3
"""How often a program may end before it was ever ready, at the start of a node."""
LAST_WORDS: Final = 300
LAST_WORDS_WAIT_S: Final = 1.0


class NotReady(Refusal):
    """A part of the node did not come up."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "part-not-ready"
    title: ClassVar[str] = "A part of the node did not come up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program of a node, and how it is seen that it can do its work.

    Args:
        name: what it is called on the terminal.
        command: the whole command.
        log: the file of what it says; the terminal where there is none.
        port: the port on this machine at which it is asked.
        path: what is asked there.
        told: what changes when it must be started again; compared, never read.
    """

    name: str
    command: tuple[str, ...]
    log: str
    port: int
    path: str
    told: str = ""

    @property
    def logs(self) -> tuple[str, ...]:
        """The files in which its words may stand."""
        return (self.log,)

    async def missing(self) -> str:
        """Return what it still lacks to do its work; nothing when it is ready."""
        status, body = await asked(self.port, self.path)
        if status == 200:
            return ""
        with suppress(ValueError, AttributeError):
            return str(json.loads(body).get("detail", "")) or f"answers {status}"
        return f"answers {status}" if status else "does not answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageServer(Program):
    """The node's nats-server, asked at its monitor.

    Args:
        server_name: what it must call itself; another program may sit on its port.
        safe: whether each message must be on the disk before it is acknowledged.
        own_log: the file that it writes itself, besides what it says when it starts.
    """

    server_name: str
    safe: bool
    own_log: str

    @property
    def logs(self) -> tuple[str, ...]:
        """The files in which its words may stand."""
        return self.log, self.own_log

    async def missing(self) -> str:
        """Return what it still lacks; settings that are not safe are never mended by waiting."""
        told = [await asked(self.port, path) for path in ("/varz", "/healthz", "/jsz")]
        if any(status != 200 for status, _ in told):
            return "does not answer"
        about, health, streams = (json.loads(body) for _, body in told)
        if about.get("server_name") != self.server_name:
            return f"another program has taken port {self.port}"
        if health.get("status") != "ok":
            return "is not well yet"
        config = streams.get("config") or {}
        if streams.get("disabled") or (self.safe and config.get("sync_always") is not True):
            raise NotReady(
                f"{self.name} does not write to disk before it answers; "
                'durability = "relaxed" in twiza.toml would allow that'
            )
        return ""


class Kept:
    """A program that is started again, later each time, until it is stopped.

    Args:
        program: what is run.
        say: tells the operator a sentence.
        environment: what is added to this process's own environment.
    """

    def __init__(
        self,
        program: Program,
        *,
        say: Callable[[str], None],
        environment: dict[str, str] | None = None,
    ) -> None:
        self.program = program
        self._say = say
        self._environment = environment or {}
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._stopping = False
        self._was_ready = False
        self._early_ends = 0

    @property
    def pid(self) -> int | None:
        """The number of the process while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Start the program and return when it is ready.

        Raises:
            NotReady: it ended again and again, or was not ready in time; it is stopped then.
        """
        self._stopping = self._was_ready = False
        self._early_ends = 0
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.program.name}")
        try:
            await self._until_ready(timeout_s)
        except BaseException:
            await self.stop()
            raise

    async def stop(self, *, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Stop the program and return when it is gone; a second call does nothing."""
        self._stopping = True
        self._signal(signal.SIGTERM)
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), timeout_s)
            except TimeoutError:
                self._say(f"{self.program.name} does not stop by itself and is ended.")
                self._signal(signal.SIGKILL)
                await self._process.wait()
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
            self._keeping = None

    async def _until_ready(self, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        until, lacks = loop.time() + timeout_s, "does not answer"
        while self._early_ends < EARLY_ENDS_MAX and loop.time() < until:
            if self.pid is not None:
                lacks = await self.program.missing()
                if not lacks:
                    self._was_ready = True
                    return
            await asyncio.sleep(POLL_S)
        if self._early_ends >= EARLY_ENDS_MAX:
            lacks = f"ended {self._early_ends} times"
        raise NotReady(f"{self.program.name} {lacks}. {_last_words(self.program.logs)}".strip())

    async def _keep(self) -> None:
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            status = await self._run()
            if self._stopping:
                return
            if not self._was_ready:
                self._early_ends += 1
            failures = 0 if loop.time() - began > QUIET_S else failures
            wait_s = min(RESTART_MOST_S, RESTART_FIRST_S * 2**failures)
            failures += 1
            self._say(
                f"{self.program.name} has ended ({_why(status)}); "
                f"it is started again in {wait_s:g} s."
            )
            await asyncio.sleep(wait_s)

    async def _run(self) -> int:
        """Run the program once; return its exit status."""
        to_file = bool(self.program.log)
        self._process = await asyncio.create_subprocess_exec(
            *bound(self.program.command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if to_file else None,
            stderr=asyncio.subprocess.STDOUT if to_file else None,
            env={**os.environ, **self._environment},
            # Ctrl-C goes to the supervisor alone, which stops its parts in order.
            start_new_session=True,
        )
        said = self._process.stdout
        writing = asyncio.create_task(self._written_down(said)) if said is not None else None
        status = await self._process.wait()
        if writing is not None:
            # A child of its own may hold the other end open for longer than it lived.
            await asyncio.wait([writing], timeout=LAST_WORDS_WAIT_S)
            writing.cancel()
        return status

    async def _written_down(self, said: asyncio.StreamReader) -> None:
        file = LogFile(Path(self.program.log))
        try:
            while data := await said.read(65_536):
                file.write_bytes(data)
        finally:
            file.close()

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


async def asked(port: int, path: str) -> tuple[int, bytes]:
    """Return status and body of what a port of this machine answers; 0 where nothing answers."""
    try:
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode("ascii"))
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            finally:
                writer.close()
        return int(head.split(maxsplit=2)[1]), body
    except (OSError, TimeoutError, ValueError, IndexError):
        return 0, b""


def read_program(values: dict[str, Any]) -> Program:
    """Return the program that ``dataclasses.asdict`` has written."""
    kind = MessageServer if "server_name" in values else Program
    return kind(**{**values, "command": tuple(values["command"])})


def _last_words(logs: tuple[str, ...]) -> str:
    """Return where to look and what stands there last."""
    files = [Path(log) for log in logs if log and Path(log).is_file()]
    for file in sorted(files, key=lambda one: one.stat().st_mtime_ns, reverse=True):
        lines = file.read_text("utf-8", "replace").strip().splitlines()
        if lines:
            return f"In {file} stands last: {lines[-1][-LAST_WORDS:]}"
    return ""


def _why(status: int) -> str:
    if status < 0:
        with suppress(ValueError):
            return signal.Signals(-status).name
    return f"status {status}"
