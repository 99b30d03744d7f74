"""All services of a node in the supervisor's own process, for small machines and for tests."""

import asyncio
from pathlib import Path

import structlog

from services.node.home import Home
from shared.refusals import Refusal
from twiza import wiring
from twiza.house import House, write_logs
from twiza.plan import Plan
from twiza.planning import SINGLE_LOG, planned
from twiza.processes import POLL_S, READY_TIMEOUT_S, NotReady, Program

log = structlog.get_logger(__name__)


class SingleProcess:
    """Makes the parts of a node that share this process.

    Args:
        home: the home directory.
        verbose: whether what the services say goes to the terminal.
    """

    def __init__(self, home: Path, *, verbose: bool) -> None:
        self._home = Home.opened(home)
        self._verbose = verbose
        self._house: House | None = None
        self._open = 0
        self._lock = asyncio.Lock()
        write_logs("twiza", self._home, file=None if verbose else self._home.logs / SINGLE_LOG)

    async def plan(self) -> Plan:
        """Return how this home is run."""
        return await planned(self._home.path, single=True, verbose=self._verbose)

    def part(self, program: Program) -> "InHouse":
        """Return the part that is one of the services."""
        return InHouse(program, self)

    async def enter(self, program: Program) -> House:
        """Return the house of all services, which the first to enter opens.

        Raises:
            PortTaken: another program listens at its port.
        """
        async with self._lock:
            if self._house is None:
                self._house = House(self._home, single=True, port=program.port)
                expected = wiring.services_of(self._home.settings())
                await self._house.open(frozenset(expected))
            self._open += 1
            return self._house

    async def leave(self) -> None:
        """Close the house when the last service has left it."""
        async with self._lock:
            self._open -= 1
            if self._open == 0 and self._house is not None:
                house, self._house = self._house, None
                await house.close()


class InHouse:
    """A service that lives in this process."""

    def __init__(self, program: Program, process: SingleProcess) -> None:
        self._program = program
        self._process = process
        self._house: House | None = None

    async def start(self) -> None:
        """Open the service and return when it is ready.

        Raises:
            Refusal: it cannot start.
        """
        self._house = await self._process.enter(self._program)
        try:
            await self._house.open_service(self._program.name)
            await self._ready()
        except Refusal as refusal:
            log.error("service did not start", part=self._program.name, reason_code=refusal.slug)
            raise
        except Exception as error:
            log.error("service did not start", part=self._program.name, exc_info=error)
            raise NotReady(
                f"{self._program.name}: {type(error).__name__}. {self._program.log} says more."
            ) from error

    async def stop(self) -> None:
        """Close the service; a second call does nothing."""
        if self._house is not None:
            house, self._house = self._house, None
            await house.close_service(self._program.name)
            await self._process.leave()

    async def _ready(self) -> None:
        loop = asyncio.get_running_loop()
        until, lacks = loop.time() + READY_TIMEOUT_S, ""
        while loop.time() < until:
            lacks = await self._program.missing()
            if not lacks:
                return
            await asyncio.sleep(POLL_S)
        raise NotReady(f"{self._program.name} {lacks}.")
