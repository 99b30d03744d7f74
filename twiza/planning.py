"""Making the plan of a home: ``python -m twiza.planning HOME`` prints it.

It needs what the supervisor must not hold in memory, so it is a process of its own that ends.
"""

import asyncio
import hashlib
import os
import sys
from pathlib import Path
from typing import Final

from services.node.home import Home
from services.node.server import require_version, server_binary
from services.node.server_config import write_config
from shared.refusals import Refusal
from shared.subjects import Level
from twiza import outcomes, wiring
from twiza.plan import Plan
from twiza.processes import MessageServer, Program

READY: Final = "readyz"
SINGLE_LOG: Final = "services.log"
"""Where the services log that share a process."""


async def planned(path: Path, *, single: bool, verbose: bool) -> Plan:
    """Complete a home, write its nats-server's configuration, and return how it is run.

    Args:
        path: the home directory.
        single: whether all services share a process.
        verbose: whether what they say goes to the terminal.

    Raises:
        BadHome: no node was founded there.
        ServerMissing: there is no nats-server, or it is too old.
        BadSetting: a variable of the environment names no setting.
    """
    home = wiring.completed(path)
    settings = home.settings()
    binary = server_binary()
    await require_version(binary)
    conf = write_config(home)
    return Plan(
        node=settings.name,
        server=MessageServer(
            name="nats-server",
            command=(str(binary), "-c", str(conf)),
            log="" if verbose else str(home.logs / "nats-start.log"),
            own_log=str(home.nats_log),
            port=settings.ports.monitor,
            path="/healthz",
            told=_digest(conf.read_bytes()),
            server_name=settings.name,
            safe=settings.durability == "strict",
        ),
        services=tuple(
            _program(home, name, single=single, verbose=verbose)
            for name in wiring.services_of(settings)
        ),
        addresses=_addresses(home, single=single),
        conf=str(conf),
        pid_file=str(home.nats_pid),
    )


def _program(home: Home, service: str, *, single: bool, verbose: bool) -> Program:
    settings = wiring.settings_of(home, service, single=single)
    says = settings.environment(settings.model_dump(mode="json", exclude_unset=True))
    return Program(
        name=service,
        command=(sys.executable, "-m", "twiza.serve", service, "--home", str(home.path)),
        log="" if verbose else str(home.logs / (SINGLE_LOG if single else f"{service}.log")),
        port=wiring.port_of(home.settings(), service, single=single),
        path=f"/{service}/{READY}",
        told=_digest(repr(sorted(says.items())).encode("utf-8")),
    )


def _addresses(home: Home, *, single: bool) -> dict[str, str]:
    settings = home.settings()
    port = wiring.port_of(settings, "node", single=single)
    found = {"page": f"http://127.0.0.1:{port}/", **wiring.urls(settings, single=single)}
    if settings.level is not Level.LOCAL:
        found["joining"] = f"https://{settings.host}:{settings.ports.joining}"
    return found


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def main() -> int:
    """Print the plan of a home for the supervisor; return the exit status."""
    path, verbose = Path(sys.argv[1]), "--verbose" in sys.argv[2:]
    os.umask(0o077)
    try:
        plan = asyncio.run(planned(path, single=False, verbose=verbose))
    except Refusal as refusal:
        return outcomes.refused(refusal)
    sys.stdout.write(plan.written())
    return 0


if __name__ == "__main__":
    sys.exit(main())
