"""Nodes, clocks and wires of a simulation: the handlers are the real ones, all around is made up.

Letters lie in the unit that wrote them, as the outbox promises; then the wire loses, doubles,
delays and overtakes them as the seed says.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import orjson
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from services.exchange.ring_copies import hold_slot
from services.exchange.ring_desk import HoldSlot, RingDesk, Rules
from services.exchange.ring_letters import ring_letter, send, take_in
from services.exchange.rings.parts import SOFT, PartState, Timing
from services.exchange.rings.plans import Slot
from services.exchange.rings.ring import RIGHT, Decisions
from services.exchange.tables.base import metadata
from services.exchange.tables.rings import RING_TABLES
from shared.clock import SetClock
from shared.contracts.rings import RingLetter, RingPlan, Why
from shared.events import Log, Speaker
from shared.ids import NodeName, ServiceName
from shared.refusals import Refusal
from shared.store import Work
from tests.exchange.rings.samples import NOW

P = ParamSpec("P")
R = TypeVar("R")

STEP: Final = timedelta(minutes=30)
TIMING: Final = Timing(
    ask_first=2 * STEP,
    ask_most=timedelta(hours=16),
    hold_grace=timedelta(hours=1),
    doubt_after=timedelta(days=14),
)
_GONE: Final = "CREATE TABLE sim_gone (item TEXT PRIMARY KEY)"


class Crash(Exception):
    """A node stops in the middle of a unit."""


def rules(
    *,
    hold: HoldSlot = hold_slot,
    decisions: Decisions = RIGHT,
    clock_releases: frozenset[PartState] = SOFT,
    tombstones: bool = True,
) -> Rules:
    """Return the right rules, or others where a test says so."""
    return Rules(
        hold=hold, decisions=decisions, clock_releases=clock_releases, tombstones=tombstones
    )


class MemoryStore:
    """A store in memory: units commit whole, with what they announced, or not at all."""

    _template: bytes = b""

    def __init__(self, node: str, clock: SetClock) -> None:
        self.clock = clock
        self._speaker = Speaker(NodeName(node), ServiceName("exchange"))
        self._raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        engine = create_engine(
            "sqlite://",
            creator=lambda: self._raw,
            poolclass=StaticPool,
            isolation_level="AUTOCOMMIT",
        )
        self._engine = engine
        self._connection = engine.connect()
        self.forget()

    def forget(self) -> None:
        """Go back to the very beginning, as from an old backup."""
        cls = type(self)
        if not cls._template:
            metadata.create_all(self._connection, tables=list(RING_TABLES))
            self._raw.execute(_GONE)
            cls._template = self._raw.serialize()
        self._raw.deserialize(cls._template)

    def write(
        self, unit: Callable[Concatenate[Work, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> tuple[R, list[dict[str, Any]]]:
        """Run a unit and commit it; return what it returned, and what it announced."""
        work = Work(self._connection, speaker=self._speaker, now=self.clock.now())
        self._raw.execute("BEGIN IMMEDIATE")
        try:
            found = unit(work, *args, **kwargs)
        except BaseException:
            self._raw.execute("ROLLBACK")
            raise
        self._raw.execute("COMMIT")
        return found, work.take_announced()

    def read(
        self, query: Callable[Concatenate[Work, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a query."""
        return query(
            Work(self._connection, speaker=self._speaker, now=self.clock.now()), *args, **kwargs
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a query in SQL finds."""
        return self._raw.execute(sql).fetchall()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()
        self._engine.dispose()


class OutboxPost:
    """Puts letters into the unit's outbox as they are; the wire reads them there."""

    def send(self, work: Work, to: str, letter: RingLetter) -> None:
        """Announce a letter."""
        body = letter.model_dump(mode="json", exclude_defaults=True)
        told = {"to": to, "kind": letter.kind, "body": body}
        work.announce_again(Log.PUBLIC, "", orjson.dumps(told))


class KeptItems:
    """Items that are published until they were given or received; they lie in the database."""

    def unfit(self, work: Work, slot: Slot, plan: RingPlan, *, giving: bool) -> Why:
        """Return why an item cannot be held."""
        query = "SELECT 1 FROM sim_gone WHERE item = ?"
        found = work.connection.exec_driver_sql(query, (slot.item,)).first()
        return "changed" if found else ""

    def fulfilled(self, work: Work, item: str) -> None:
        """Take an item out of the lists."""
        work.connection.exec_driver_sql("INSERT OR IGNORE INTO sim_gone VALUES (?)", (item,))


@dataclass(slots=True, kw_only=True)
class Node:
    """One node: its store, its clock, which is never quite right, and what its handlers use."""

    name: str
    clock: SetClock
    store: MemoryStore
    desk: RingDesk
    down_until: int = 0
    cut_until: int = 0


@dataclass(slots=True, kw_only=True)
class Faults:
    """How bad the world is, in parts of a hundred."""

    lost: int = 25
    doubled: int = 15
    delay_most: int = 15
    crash: int = 2
    cut: int = 1


@dataclass(order=True, slots=True)
class Parcel:
    """A letter on the wire."""

    due: int
    number: int
    sender: str = field(compare=False)
    body: bytes = field(compare=False)


class World:
    """Nodes on wires, at one step of time after another."""

    def __init__(self, names: list[str], random: Random, *, rules: Rules, skew: timedelta) -> None:
        self.random = random
        self.faults = Faults()
        self.step = 0
        self.nodes: dict[str, Node] = {}
        self._wire: list[Parcel] = []
        self._number = 0
        for name in names:
            off = random.randrange(-int(skew / STEP), int(skew / STEP) + 1) * STEP
            clock = SetClock(NOW + off)
            desk = RingDesk(
                node=name, items=KeptItems(), post=OutboxPost(), rules=rules, timing=TIMING
            )
            self.nodes[name] = Node(
                name=name, clock=clock, store=MemoryStore(name, clock), desk=desk
            )

    def close(self) -> None:
        """Close all databases."""
        for node in self.nodes.values():
            node.store.close()

    def up(self, name: str) -> bool:
        """Return whether a node is running."""
        return self.nodes[name].down_until <= self.step

    def do(
        self,
        name: str,
        unit: Callable[Concatenate[Work, RingDesk, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R | None:
        """Run a handler at a node; none where it is down, crashes, or the handler refuses."""
        node = self.nodes[name]
        if not self.up(name):
            return None
        crashes = self.random.randrange(100) < self.faults.crash
        after_commit = self.random.randrange(2)

        def crashing(work: Work) -> R:
            found = unit(work, node.desk, *args, **kwargs)
            if crashes and not after_commit:
                raise Crash
            return found

        try:
            found, announced = node.store.write(crashing)
        except Crash:
            node.down_until = self.step + self.random.randrange(1, 8)
            return None
        except Refusal:
            return None
        if crashes:
            # The outbox has kept the letters: they leave when the node is up again.
            node.down_until = self.step + self.random.randrange(1, 8)
        for row in announced:
            if row["log"] != Log.PUBLIC.value:
                # Notices to people stay at home.
                continue
            self._send(name, row["body"], after=max(node.down_until - self.step, 0))
        return found

    def pass_time(self, by: timedelta = STEP) -> None:
        """Move all clocks by one step and deliver what is due."""
        self.step += 1
        for node in self.nodes.values():
            node.clock.move(by)
            if self.random.randrange(100) < self.faults.cut:
                node.cut_until = self.step + self.random.randrange(2, 30)
        self._wire.sort()
        due = [parcel for parcel in self._wire if parcel.due <= self.step]
        self._wire = [parcel for parcel in self._wire if parcel.due > self.step]
        for parcel in due:
            self._deliver(parcel)

    def quiet(self) -> bool:
        """Return whether nothing is under way."""
        return not self._wire

    def _send(self, sender: str, body: bytes, *, after: int) -> None:
        copies = 1 + (self.random.randrange(100) < self.faults.doubled)
        for _ in range(copies):
            if self.random.randrange(100) < self.faults.lost:
                continue
            self._number += 1
            due = self.step + after + 1 + self.random.randrange(self.faults.delay_most)
            self._wire.append(Parcel(due, self._number, sender, body))

    def _deliver(self, parcel: Parcel) -> None:
        told = orjson.loads(parcel.body)
        to, sender = self.nodes[told["to"]], self.nodes[parcel.sender]
        held_up = max(to.down_until, to.cut_until, sender.cut_until)
        if held_up > self.step:
            parcel.due = held_up
            self._wire.append(parcel)
            return
        letter = ring_letter(told["kind"], told["body"])
        assert letter is not None

        def received(work: Work, desk: RingDesk) -> None:
            send(work, desk, take_in(work, desk, parcel.sender, letter))

        self.do(to.name, received)
