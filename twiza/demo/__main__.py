"""The example federation on this machine: ``python -m twiza.demo``, run by ``make run``.

``python -m twiza.demo cut NETWORK`` and ``heal NETWORK`` cut a network off from its hub and let it
back, while the federation runs; ``table`` prints the figures once more.
"""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from shared import logs
from shared.refusals import Refusal
from twiza import outcomes
from twiza.demo.federation import DemoFederation, NotOfTheExample
from twiza.demo.figures import figures, print_plain, shown
from twiza.demo.links import cut, heal
from twiza.demo.networks import Network, networks, real_data
from twiza.release import release


def main() -> int:
    """Run the example federation, or do something to the one that runs; return the status."""
    reading = argparse.ArgumentParser(prog="python -m twiza.demo", description=__doc__)
    reading.add_argument("do", nargs="?", choices=("run", "cut", "heal", "table"), default="run")
    reading.add_argument("network", nargs="?", default="")
    given = reading.parse_args()
    folder = Path(os.environ.get("TWIZA_RUN") or ".run").absolute()
    os.umask(0o077)
    logs.configure("twiza", "example", release(), level=logging.WARNING)
    try:
        chosen = networks(world=_wants_world(), data=real_data())
        if given.do in ("cut", "heal"):
            _require_linked(given.network, networks(world=True, data=None), folder)
            (cut if given.do == "cut" else heal)(folder / "links", given.network)
        elif given.do == "table":
            there = [one for one in networks(world=True, data=None) if (folder / one.name).exists()]
            _print_table(DemoFederation(there, folder))
        else:
            asyncio.run(DemoFederation(chosen, folder).run())
    except Refusal as refusal:
        return outcomes.refused(refusal)
    except KeyboardInterrupt:
        return outcomes.INTERRUPTED
    return outcomes.GOOD


def _wants_world() -> bool:
    return os.environ.get("WORLD", "") not in ("", "0")


def _require_linked(name: str, known: list[Network], folder: Path) -> None:
    linked = [one.name for one in known if one.parent and (folder / one.name).exists()]
    if name not in linked:
        raise NotOfTheExample(f"Name one of {', '.join(linked) or 'none: run it first'}.")


def _print_table(federation: DemoFederation) -> None:
    federation.open_homes()
    found = asyncio.run(figures(federation.nodes, federation.links))
    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(shown(found))
    else:
        print_plain(found)


if __name__ == "__main__":
    sys.exit(main())
