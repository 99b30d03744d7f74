"""One node of the example federation: its home, its process, and who asks it for us."""

import asyncio
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from services.node import certificates
from services.node.home import Home, NodeSettings, initialise
from shared.keys import write_secret
from shared.refusals import Kind, Refusal
from twiza import running, wiring
from twiza.asking import Asking
from twiza.bound import bound
from twiza.demo.networks import Network
from twiza.running import PortTaken

READY_TIMEOUT_S: Final = 90.0
STOP_TIMEOUT_S: Final = 30.0
STORE_MB: Final = 4_000
TOKEN_DAYS: Final = 365


class DemoNodeFailed(Refusal):
    """A node of the example federation did not come up."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "demo-node-failed"
    title: ClassVar[str] = "A node of the example did not come up"


class DemoNode:
    """A node of the example federation.

    Args:
        network: what the example says of it.
        folder: the directory of the whole federation.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self.name = network.name
        self.path = folder / network.name
        self._tokens = folder / "stewards"
        self._process: asyncio.subprocess.Process | None = None
        # Several nodes may join at once, each asking for the same steward's token.
        self._issuing = threading.Lock()
        self.home: Home

    def found(self) -> None:
        """Found the node, or open the home that is there."""
        is_new = not (self.path / "twiza.toml").exists()
        network = self.network
        values: dict[str, Any] = {
            "name": network.name,
            "continent": network.continent,
            "level": network.level,
            "names": network.names,
            "languages": network.languages,
            "region": network.region,
            "services": wiring.installed(),
            "store_mb": STORE_MB,
            "ports": _free_ones(network.ports) if is_new else {},
        }
        self.home = initialise(self.path, NodeSettings.model_validate(values))
        certificates.ensure(self.home)

    @property
    def page(self) -> str:
        """The address that a person opens."""
        return f"http://127.0.0.1:{self.home.settings().ports.single}/"

    @property
    def is_started(self) -> bool:
        """Whether its process was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the node and return when it is ready.

        Raises:
            DemoNodeFailed: it is not.
        """
        command = (sys.executable, "-m", "twiza.supervisor", str(self.path), "--single", "--json")
        log = self.home.logs / "up.log"
        with log.open("wb") as said:
            self._process = await asyncio.create_subprocess_exec(
                *bound(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
                # Ctrl-C goes to us alone, and we stop the nodes in order.
                start_new_session=True,
            )
        assert self._process.stdout is not None
        line = b""
        with suppress(TimeoutError):
            line = await asyncio.wait_for(self._process.stdout.readline(), READY_TIMEOUT_S)
        if not line:
            raise DemoNodeFailed(f"{self.name}: {_last_line(log)}")

    async def ended(self) -> int:
        """Wait until the node has ended by itself; return its exit status."""
        assert self._process is not None, "start() comes first"
        return await self._process.wait()

    async def stop(self) -> None:
        """Stop the node and return when it is gone; a second call does nothing."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def steward(self, number: int) -> str:
        """Return the token of one of the node's stewards, issued by the machine's operator."""
        person = self.network.stewards[number]
        file = self._tokens / f"{self.name}-{person}.token"
        with self._issuing:
            self._issue(file, person)
        return file.read_text("ascii")

    def _issue(self, file: Path, person: str) -> None:
        if file.exists():
            return
        wanted = {"bearer": person, "roles": ["steward"], "days": TOKEN_DAYS, "label": "example"}
        with Asking(self.home) as asking:
            token = str(asking.post("node", "/tokens", wanted)["token"])
        write_secret(file, token.encode("ascii"))


def _free_ones(ports: Mapping[str, int]) -> dict[str, int]:
    """Return those of the wanted ports that nobody has; for others the founding finds some."""
    found: dict[str, int] = {}
    for name, port in ports.items():
        with suppress(PortTaken):
            running.require_free({name: port})
            found[name] = port
    return found


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"it said nothing; look into {log.parent}"
