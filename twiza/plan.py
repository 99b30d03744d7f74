"""How a home is run: its programs, in the order in which they start, and where they answer."""

import json
from dataclasses import asdict, dataclass
from typing import Self

from twiza.processes import MessageServer, Program, read_program


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
