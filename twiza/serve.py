"""One service as a process of its own: ``python -m twiza.serve SERVICE --home DIR``."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import uvloop

from services.node.home import Home
from shared.refusals import Refusal
from twiza import outcomes, wiring
from twiza.house import House, write_logs


async def serve(home: Home, service: str) -> None:
    """Serve one service of a home until SIGTERM or SIGINT.

    Raises:
        Refusal: it cannot start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    port = wiring.port_of(home.settings(), service, single=False)
    house = House(home, single=False, port=port)
    await house.open(frozenset({service}))
    try:
        opening = asyncio.create_task(house.open_service(service))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([opening, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            opening.cancel()
            await asyncio.wait([opening])
            return
        opening.result()
        await stopping
    finally:
        await house.close()


def main() -> int:
    """Serve a service; return the exit status."""
    reading = argparse.ArgumentParser(prog="python -m twiza.serve")
    reading.add_argument("service")
    reading.add_argument("--home", type=Path, required=True)
    given = reading.parse_args()
    os.umask(0o077)
    try:
        home = Home.opened(given.home)
        write_logs(given.service, home, file=None)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(home, given.service))
    except Refusal as refusal:
        return outcomes.refused(refusal)
    return outcomes.GOOD


if __name__ == "__main__":
    sys.exit(main())
