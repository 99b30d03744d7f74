"""Holding rounds: when their time has come, when enough is new, or when somebody asks for one."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from services.exchange import ring_handlers, round_handlers
from services.exchange.items import Side
from services.exchange.matching.process import Progress, Watch
from services.exchange.ring_desk import RingDesk
from services.exchange.rings.plans import parties
from services.exchange.rings.repairs import Freed
from services.exchange.round_gathering import Gathered, Here, gather
from services.exchange.rounds.answer import Answered
from services.exchange.rounds.plans import Round, plan_of
from services.exchange.rounds.process import asked
from services.exchange.rounds.question import Level
from services.exchange.settings import ExchangeSettings
from shared.clock import Clock, moment, stamp
from shared.contracts.rings import RingPlan
from shared.refusals import Refusal
from shared.store import Store

RETRY_AFTER: Final = timedelta(minutes=10)
"""How long after a round that came to nothing the next one begins."""
REPAIRED_MOST: Final = 5_000
"""Up to so many offers and wants a broken ring is mended at once; else the next round does it."""
PROGRESS_EVERY_S: Final = 0.5

log = structlog.get_logger(__name__)

LEVELS: Final = {
    "local": (Level.NETWORK,),
    "continental": (Level.NETWORK, Level.CONTINENT),
    "intercontinental": (Level.NETWORK, Level.WORLD),
}
"""Which rounds a node holds, by its own level in the federation."""


class RoundKeeper:
    """Holds this node's rounds, one at a time, each in a process of its own.

    Args:
        settings: how often, how long, and how large a round may be.
        store: the service's database.
        desk: where the rings are proposed.
        here: the node and its continent.
        level: the node's level in the federation.
        clock: says when a round's time has come.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        store: Store,
        desk: RingDesk,
        here: Here,
        *,
        level: str,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._store = store
        self._desk = desk
        self.here = here
        self._clock = clock
        self._asked: list[tuple[str, Level]] = []
        self._wake = asyncio.Event()
        self.levels = LEVELS[level]

    async def ask(self, level: Level, *, by: str) -> str:
        """Begin a round that somebody asks for; return its id, it is matched soon after.

        Raises:
            NoSuchLevel: this node holds no rounds of that level.
            RoundRuns: one is running already.
        """
        if level not in self.levels:
            raise round_handlers.NoSuchLevel(levels=[one.value for one in self.levels])
        round_id = await self._store.write(
            round_handlers.begin_round, node=self.here.node, level=level, asked_by=by
        )
        self._asked.append((round_id, level))
        self._wake.set()
        return round_id

    async def run(self) -> None:
        """Hold rounds, until cancelled."""
        self._asked.clear()
        await self._store.write(round_handlers.fail_interrupted)
        while True:
            # Who has just started may still be hearing of what others offer.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._settings.round_poll_s)
            self._wake.clear()
            while self._asked:
                await self._hold(*self._asked.pop(0))
            for level in self.levels:
                if await self._is_due(level):
                    with suppress(round_handlers.RoundRuns):
                        round_id = await self._store.write(
                            round_handlers.begin_round, node=self.here.node, level=level
                        )
                        await self._hold(round_id, level)

    async def propose_instead(self, left: Freed) -> list[RingPlan]:
        """Return rings that could stand in the place of one that was withdrawn."""
        level = Level(left.broken.level)
        if level not in self.levels:
            return []
        cap = self._cap(level)
        gathered = await self._store.read(gather, self.here, level=level, cap=cap)
        if len(gathered.question.entries) > REPAIRED_MOST:
            return []
        try:
            found = await self._answer(gathered, lambda progress: None)
        except Refusal as refusal:
            log.info("ring not mended", ring=left.broken.ring_id, reason=refusal.slug)
            return []
        before = set(parties(left.broken)) - left.absent
        plans = self._plans(gathered, found, level)
        return [plan for plan in plans if before & set(parties(plan))]

    async def mend(self) -> None:
        """Look after rings, and for others in the place of those that were withdrawn."""
        while True:
            await self._store.write(ring_handlers.look_after, self._desk)
            await ring_handlers.repair_rings(self._store, self._desk, self.propose_instead)
            await asyncio.sleep(self._settings.ring_look_s)

    async def _is_due(self, level: Level) -> bool:
        every = timedelta(
            seconds=self._settings.round_every_s
            if level is Level.NETWORK
            else self._settings.wide_round_every_s
        )
        now = self._clock.now()
        tried = await self._store.read(round_handlers.last_try, level)
        if tried and now < moment(tried) + min(every, RETRY_AFTER):
            return False
        last = await self._store.read(round_handlers.last_round, level)
        if last is None or now >= moment(last.started_at) + every:
            return await self._changed("", level) > 1
        return await self._changed(last.started_at, level) >= self._settings.round_after_new

    async def _changed(self, since: str, level: Level) -> int:
        return await self._store.read(
            round_handlers.changed_since, since, node=self.here.node, level=level
        )

    async def _hold(self, round_id: str, level: Level) -> None:
        """Match one round; whatever stops it, nothing but the round itself is lost."""
        cap = self._cap(level)
        try:
            gathered = await self._store.read(gather, self.here, level=level, cap=cap)
            found = await self._watched(round_id, gathered)
            settled = round_handlers.Settled(
                answered=found,
                plans=self._plans(gathered, found, level),
                cap=cap,
                offers=_count(gathered, Side.OFFER),
                wants=_count(gathered, Side.WANT),
            )
            rings = await self._store.write(
                round_handlers.finish_round, self._desk, round_id, level, settled
            )
        except Refusal as refusal:
            log.warning("round failed", round=round_id, reason=refusal.slug)
            await self._store.write(round_handlers.fail_round, round_id, refusal.slug)
        except Exception:
            await self._store.write(round_handlers.fail_round, round_id, "defect")
            raise
        else:
            log.info("round held", round=round_id, level=level.value, rings=len(rings))

    async def _watched(self, round_id: str, gathered: Gathered) -> Answered:
        """Return the answer to a round, and keep how far it is where people can see it."""
        newest: list[Progress] = []

        async def keep() -> None:
            while True:
                await asyncio.sleep(PROGRESS_EVERY_S)
                if newest:
                    await self._store.write(round_handlers.note_progress, round_id, newest.pop())
                    newest.clear()

        keeping = asyncio.create_task(keep(), name="progress of a round")
        try:
            return await self._answer(gathered, newest.append)
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})

    async def _answer(self, gathered: Gathered, watch: Watch) -> Answered:
        return await asked(
            gathered.question,
            watch=watch,
            time_limit_s=self._settings.round_time_limit_s,
            memory_limit_mb=self._settings.round_memory_mb,
        )

    def _plans(self, gathered: Gathered, found: Answered, level: Level) -> list[RingPlan]:
        now = self._clock.now()
        round_ = Round(
            level=level,
            items=gathered.items,
            names=gathered.names,
            measure=gathered.measure,
            today=now.date(),
            deadline=stamp(now + timedelta(days=self._settings.ring_answer_days)),
        )
        plans = [
            plan_of(ring, round_, ring_id=ring_handlers.new_ring_id(self.here.node))
            for ring in found.rings
        ]
        return [plan for plan in plans if plan is not None]

    def _cap(self, level: Level) -> int:
        return self._settings.ring_cap if level is Level.NETWORK else self._settings.wide_ring_cap


def _count(gathered: Gathered, side: Side) -> int:
    return sum(entry.side is side for entry in gathered.question.entries)
