"""A burst of kills: which process dies next, and when, is drawn from a seed."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from shared.crash import PLACES, VARIABLE
from tests.faults.federation import READY_S, RealNode

PAUSE_S = 0.4
CRASH_WAIT_S = 15.0
PASSES_MAX = 25
"""How often a process may pass its crash point before it dies there, at most."""


class Killer:
    """Kills the processes of a federation, and starts again what nobody else starts.

    Args:
        hub: the hub, which is one process with its nats-server below it.
        single: a node that is one process likewise.
        supervised: a node whose services are processes of their own.
        kills: how many there shall be.
        seed: decides everything but the machine's own timing.
    """

    def __init__(
        self, *, hub: RealNode, single: RealNode, supervised: RealNode, kills: int, seed: int
    ) -> None:
        self.done: Counter[str] = Counter()
        self._hub = hub
        self._single = single
        self._supervised = supervised
        self._random = random.Random(seed)
        self._deck = self._shuffled(kills)

    def run(self) -> None:
        """Kill until the deck is empty; return when all nodes are up again."""
        for what in self._deck:
            time.sleep(self._random.random() * PAUSE_S)
            self._kill(what)
        for node in (self._hub, self._single, self._supervised):
            node.ready()

    def _shuffled(self, kills: int) -> list[str]:
        """Return what is to be done, in its order; a crash point counts as two kills."""
        crashes = [f"crash {PLACES[at % len(PLACES)]}" for at in range(kills // 4)]
        others = ("server", "hub server", "service", "server", "starting")
        rest = [others[at % len(others)] for at in range(kills - 2 * len(crashes))]
        deck = crashes + rest
        self._random.shuffle(deck)
        return deck

    def _kill(self, what: str) -> None:
        kind, _, place = what.partition(" ")
        if what == "hub server":
            self._kill_server(self._hub)
        elif kind == "server":
            self._kill_server(self._random.choice([self._single, self._supervised]))
        elif kind == "service":
            self._kill_service()
        elif kind == "starting":
            self._kill_starting(self._random.choice([self._single, self._hub, self._supervised]))
        else:
            self._crash(self._random.choice([self._single, self._single, self._hub]), place)
        self.done[what] += 1

    def _kill_server(self, node: RealNode) -> None:
        node.ready()
        until = time.monotonic() + READY_S
        while (pid := node.server_pid) is None:
            # It was killed a moment ago; its supervisor waits before it starts it again.
            assert time.monotonic() < until, f"{node.name} has no nats-server: {node.said()}"
            time.sleep(0.02)
        _end(pid)

    def _kill_service(self) -> None:
        node, service = self._supervised, self._random.choice(self._supervised.services)
        node.ready()
        until = time.monotonic() + READY_S
        while (pid := node.service_pid(service)) is None:
            assert time.monotonic() < until, f"{node.name} has no {service}: {node.said()}"
            time.sleep(0.02)
        _end(pid)

    def _kill_starting(self, node: RealNode) -> None:
        """Kill a node as a whole, perhaps while it is starting."""
        if self._random.random() < 0.5:
            node.ready()
        node.kill()
        node.start()
        time.sleep(self._random.random() * 2.0)

    def _crash(self, node: RealNode, place: str) -> None:
        """Kill a node at a random moment; the next life ends at a crash point."""
        node.ready()
        node.kill()
        passes = self._random.randint(1, PASSES_MAX)
        node.start(**{VARIABLE: f"{place}:{passes}"})
        until = time.monotonic() + CRASH_WAIT_S
        process = node.process
        assert process is not None
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        self.done["never there" if process.poll() is None else "there"] += 1
        node.kill()
        node.start()


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def seed_of_this_run(given: int) -> int:
    """Return the seed that the environment names, or the given one."""
    return int(os.environ.get("TWIZA_FAULTS_SEED", given))


def told(error: BaseException, *, seed: int, nodes: Sequence[RealNode]) -> None:
    """Say with a failure by which seed it comes again, and what the nodes said last."""
    error.add_note(f"TWIZA_FAULTS_SEED={seed}")
    for node in nodes:
        error.add_note(f"{node.name}: {node.said()}")
