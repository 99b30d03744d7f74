"""A burst of kills: what dies next at each node, and when, is drawn from a seed."""

import os
import queue
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from shared.crash import PLACES, VARIABLE
from tests.faults.federation import READY_S, RealNode, until

PAUSE_S = 0.4
CRASH_WAIT_S = 15.0
PASSES_MAX = 25
"""How often a process may pass its crash point before it dies there, at most."""
POLL_S = 0.02

Start = Callable[..., None]
"""Starts a node, with an environment, from the thread that outlives all others."""


class Lane:
    """What happens to one node, card after card, in a thread of its own.

    Args:
        node: whose processes are killed.
        cards: what is done to it, in this order.
        seed: decides when.
        start: starts the node.
    """

    def __init__(self, node: RealNode, cards: list[str], *, seed: str, start: Start) -> None:
        self.node = node
        self.cards = cards
        self.done: Counter[str] = Counter()
        self.error: BaseException | None = None
        self._random = random.Random(seed)
        self._start = start
        self.thread = threading.Thread(target=self._run, name=f"kills at {node.name}")

    def _run(self) -> None:
        try:
            for card in self.cards:
                time.sleep(self._random.random() * PAUSE_S)
                kind, _, place = card.partition(" ")
                if kind == "crash":
                    self._crash(place)
                else:
                    {"server": self._server, "service": self._service, "node": self._node}[kind]()
                self.done[card] += 1
            self.node.ready()
        except BaseException as error:  # noqa: BLE001  # it is raised again where all lanes end
            self.error = error

    def _server(self) -> None:
        """Kill the nats-server; the supervisor starts it again."""
        self.node.ready()
        _end(self._pid("nats-server", lambda: self.node.server_pid))

    def _service(self) -> None:
        """Kill one of the services; the supervisor starts it again."""
        self.node.ready()
        service = self._random.choice(self.node.services)
        _end(self._pid(service, lambda: self.node.service_pid(service)))

    def _node(self) -> None:
        """Kill the node as a whole, perhaps while it is starting."""
        if self._random.random() < 0.5:
            self.node.ready()
        self.node.kill()
        self._start(self.node)
        time.sleep(self._random.random() * 2.0)

    def _crash(self, place: str) -> None:
        """Kill the node at a random moment; its next life ends at a crash point."""
        self.node.ready()
        self.node.kill()
        passes = self._random.randint(1, PASSES_MAX)
        self._start(self.node, **{VARIABLE: f"{place}:{passes}"})
        process, give_up = self.node.process, time.monotonic() + CRASH_WAIT_S
        assert process is not None
        while process.poll() is None and time.monotonic() < give_up:
            time.sleep(POLL_S)
        self.done["never there" if process.poll() is None else "there"] += 1
        self.node.kill()
        self._start(self.node)

    def _pid(self, what: str, found: Callable[[], int | None]) -> int:
        """Return the process of a part; after an earlier kill it takes a moment to be there."""
        until(lambda: found() is not None, what=f"{self.node.name} has {what}", timeout_s=READY_S)
        return found() or 0


class Killer:
    """Kills the processes of a federation, and starts again what nobody else starts.

    Args:
        hub, single: nodes that are one process each, with a nats-server below it.
        supervised: a node whose services are processes of their own.
        kills: how many there shall be.
        seed: decides everything but the machine's own timing.
    """

    def __init__(
        self, *, hub: RealNode, single: RealNode, supervised: RealNode, kills: int, seed: int
    ) -> None:
        self._starts: queue.Queue[tuple[threading.Event, RealNode, dict[str, str]]] = queue.Queue()
        hands = _dealt(kills, random.Random(seed))
        nodes = {"hub": hub, "single": single, "supervised": supervised}
        self.lanes = [
            Lane(node, hands[at], seed=f"{seed} {at}", start=self._start)
            for at, node in nodes.items()
        ]

    @property
    def done(self) -> Counter[str]:
        """What was done, and how often."""
        return sum((lane.done for lane in self.lanes), Counter())

    def run(self) -> None:
        """Kill until nothing is left to do; return when all nodes are up again."""
        for lane in self.lanes:
            lane.thread.start()
        while any(lane.thread.is_alive() for lane in self.lanes):
            with suppress(queue.Empty):
                started, node, environment = self._starts.get(timeout=POLL_S)
                node.start(**environment)
                started.set()
        for lane in self.lanes:
            lane.thread.join()
            if lane.error is not None:
                raise lane.error

    def _start(self, node: RealNode, **environment: str) -> None:
        # A node ends with the thread that has started it.
        started = threading.Event()
        self._starts.put((started, node, environment))
        assert started.wait(READY_S), f"{node.name} was not started"


def _dealt(kills: int, dice: random.Random) -> dict[str, list[str]]:
    """Return what is done to each node, in its order; a crash point counts as two kills."""
    hands: dict[str, list[str]] = {"hub": [], "single": [], "supervised": []}
    for at in range(kills // 4):
        hands["hub" if at % 2 else "single"].append(f"crash {PLACES[at // 2 % len(PLACES)]}")
    rest = (
        ("hub", "server"), ("supervised", "server"), ("supervised", "service"),
        ("single", "server"), ("supervised", "service"), ("supervised", "node"),
        ("hub", "server"), ("supervised", "server"), ("single", "node"), ("hub", "node"),
    )  # fmt: skip
    for at in range(kills - kills // 4 * 2):
        whose, card = rest[at % len(rest)]
        hands[whose].append(card)
    for hand in hands.values():
        dice.shuffle(hand)
    return hands


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
