"""The example federation as a whole: founded, joined by the real procedure, filled, and shown."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from shared.refusals import Kind, Refusal
from twiza import running
from twiza.demo import deciding, filling, joining, links, trading
from twiza.demo.figures import Figures, agree, figures, print_plain, shown
from twiza.demo.links import Link
from twiza.demo.networks import Network
from twiza.demo.nodes import DemoNode

LOOK_S: Final = 0.4
AGREE_TIMEOUT_S: Final = 600.0
LEVELS: Final = ("intercontinental", "continental", "local")


class NotOfTheExample(Refusal):
    """A network was named that is not in the example, or has no hub."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "not-of-the-example"
    title: ClassVar[str] = "There is no such link in the example"


class DemoFederation:
    """The nodes of the example, and the ways between them.

    Args:
        networks: what they are, parents before children.
        folder: where they live.
    """

    def __init__(self, networks: Sequence[Network], folder: Path) -> None:
        self.folder = folder
        self.links = folder / "links"
        self.nodes = [DemoNode(network, folder) for network in networks]
        self._by_name = {node.name: node for node in self.nodes}
        self._ways: list[Link] = []
        self._is_up = {node.name: asyncio.Event() for node in self.nodes}
        self._stop = asyncio.Event()
        self._stopping = False

    def open_homes(self) -> None:
        """Found the nodes, or open the homes that are there."""
        for node in self.nodes:
            node.found()

    async def run(self) -> None:
        """Bring everything up, show the figures until they agree, and wait for Ctrl-C.

        Raises:
            RunsAlready: it runs in this folder already.
            Refusal: a node did not come up; everything is stopped again.
        """
        began = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        with running.held(self.folder):
            try:
                await self._unless_stopped(self._up_and_shown(began))
            finally:
                self._stopping = True
                await self._down()

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    async def _up_and_shown(self, began: float) -> None:
        _say("Founding the networks ...")
        await asyncio.to_thread(self.open_homes)
        for node in self.nodes:
            # What an earlier run has left cut is whole again.
            links.heal(self.links, node.name)
        try:
            async with asyncio.TaskGroup() as together:
                for node in self.nodes:
                    together.create_task(self._bring_up(node))
        except BaseExceptionGroup as several:
            # The first that failed is what the reader can do something about.
            raise several.exceptions[0] from several
        await self._shown_until_agreed(began)
        _say(self._farewell())
        await asyncio.Event().wait()

    async def _bring_up(self, node: DemoNode) -> None:
        """Join a node to its hub, if it has one, start it, and import its lists."""
        parent = self._by_name.get(node.network.parent)
        if parent is not None:
            await self._is_up[parent.name].wait()
            if node.home.federation() is None:
                await joining.join(node, parent)
                _say(f"{node.name} has joined {parent.name}.")
            way = joining.way(node, parent, self.links)
            if way is not None:
                self._ways.append(way)
                await way.open()
        await node.start()
        self._is_up[node.name].set()
        asyncio.get_running_loop().create_task(self._watch(node))
        taken = await asyncio.to_thread(filling.fill, node, self.folder / "imported")
        if taken:
            _say(f"{node.name} has imported {taken} entries.")
        posted = await asyncio.to_thread(trading.trade, node, self.folder / "imported")
        if posted:
            _say(f"{node.name} has posted {posted} offers and wants.")
        begun = await asyncio.to_thread(deciding.decide, node, self.folder / "imported")
        if begun:
            _say(f"{node.name} has begun {begun} decisions.")

    async def _watch(self, node: DemoNode) -> None:
        status = await node.ended()
        if not self._stopping:
            _say(f"{node.name} has ended (status {status}); {node.home.logs} says why.")

    async def _shown_until_agreed(self, began: float) -> None:
        """Show the figures, again and again on a terminal, until all nodes agree."""
        found = await figures(self.nodes, self.links)
        if sys.stdout.isatty():
            from rich.live import Live

            with Live(shown(found), auto_refresh=False) as live:
                async for found in self._figures():
                    live.update(shown(found), refresh=True)
        else:
            async for latest in self._figures():
                found = latest
            print_plain(found)
        seconds = time.monotonic() - began
        _say(f"All agree after {seconds:.0f} s." if agree(found) else "They do not agree yet.")

    async def _figures(self) -> AsyncIterator[list[Figures]]:
        until = time.monotonic() + AGREE_TIMEOUT_S
        while True:
            found = await figures(self.nodes, self.links)
            yield found
            if agree(found) or time.monotonic() > until:
                return
            await asyncio.sleep(LOOK_S)

    async def _down(self) -> None:
        """Stop the nodes, those that have joined before those that they joined."""
        if any(node.is_started for node in self.nodes):
            _say("Stopping ...")
        for level in reversed(LEVELS):
            of_level = [node for node in self.nodes if node.network.level == level]
            await asyncio.gather(*(node.stop() for node in of_level))
        for way in self._ways:
            with suppress(OSError):
                await way.close()

    def _farewell(self) -> str:
        example = next((one.name for one in reversed(self.nodes) if one.network.parent), "souss")
        return f"""
Open an address in a browser. What is entered at one network appears at all of them.

In another terminal, in this directory:
  .venv/bin/python -m twiza.demo cut {example}     cut {example} off from its hub
  .venv/bin/python -m twiza.demo heal {example}    let it back
  .venv/bin/python -m twiza.demo table{" " * len(example)}    print these figures again
  .venv/bin/twiza rings --home {self._home_of(example)}     who could barter with whom
  .venv/bin/twiza status --home {self._home_of(example)}

Ctrl-C stops everything; the next `make run` goes on where this one was."""

    def _home_of(self, name: str) -> Path:
        path = self._by_name[name].path
        with suppress(ValueError):
            return path.relative_to(Path.cwd())
        return path


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
