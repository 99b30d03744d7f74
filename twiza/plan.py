"""How a home is run: its programs, in the order in which they start, and where they answer."""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Self

from shared.refusals import Kind, Refusal
from twiza.processes import MessageServer, Program, read_program


class CannotPlan(Refusal):
    """How this home is run could not be told; why was said by the process that tried."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "cannot-plan"
    title: ClassVar[str] = "This home cannot be run as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a home is run.

    Args:
        node: the node's name.
        server: its nats-server.
        services: its services, each with the address at which it is ready.
        addresses: what the operator is told when all is up, by name.
        conf, pid_file: the nats-server's configuration, and where it writes its number.
    """

    node: str
    server: MessageServer
    services: tuple[Program, ...]
    addresses: dict[str, str]
    conf: str
    pid_file: str

    def written(self) -> str:
        """Return the plan as text for ``read``."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the plan that ``written`` wrote."""
        values = json.loads(text)
        server = read_program(values["server"])
        assert isinstance(server, MessageServer), "a plan's server is a message server"
        services = tuple(read_program(one) for one in values["services"])
        return cls(**{**values, "server": server, "services": services})


async def planned_by_another(home: Path, *, verbose: bool) -> Plan:
    """Return the plan of a home as a process of its own makes it.

    Raises:
        CannotPlan: it could not; it has said why.
    """
    command = [sys.executable, "-m", "twiza.planning", str(home)]
    process = await asyncio.create_subprocess_exec(
        *command, *(["--verbose"] if verbose else []), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    if process.returncode:
        raise CannotPlan(exit_status=process.returncode)
    return Plan.read(told.decode("utf-8"))
