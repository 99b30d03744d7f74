"""Keeping time for decisions: ballots open and close, what is late is marked, people are told."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import bindparam, select

from services.governance import decision_notices
from services.governance.decision_ballots import close_decision, open_decision
from services.governance.decision_handlers import act
from services.governance.process import concluding
from services.governance.process.actors import CLOCK
from services.governance.process.phases import Phase
from services.governance.tables.decisions import DECISION
from shared.clock import Clock, stamp
from shared.refusals import Refusal
from shared.store import Prepared, Store, Work, of_the_database

DUE_MOST: Final = 20
"""How many decisions are moved on in one unit."""

log = structlog.get_logger(__name__)

_DUE: Final = Prepared(
    select(DECISION.c.id)
    .where(
        DECISION.c.next_at != "",
        DECISION.c.next_at <= bindparam("now"),
        DECISION.c.phase == bindparam("of_phase"),
        DECISION.c.id > bindparam("after"),
    )
    .order_by(DECISION.c.id)
    .limit(DUE_MOST)
)

Move = Callable[[Work, str, datetime], object]


def open_due(work: Work, now: datetime) -> list[str]:
    """Open ballots whose time has come, ``DUE_MOST`` at most; return the decisions.

    One that cannot open yet, because an objection waits for its answer or nobody could vote, stays
    as it is and does not hold up the others.
    """
    return _moved(work, Phase.NOTICED, now, _opened)


def close_due(work: Work, now: datetime) -> list[str]:
    """Close and count ballots whose time is over, ``DUE_MOST`` at most; return the decisions."""
    return _moved(work, Phase.VOTING, now, _closed)


def settle_due(work: Work, now: datetime) -> list[str]:
    """Settle that nothing follows, where nothing was adopted and nobody can appeal any more."""
    return _moved(work, Phase.CLOSED, now, _settled)


def mark_late(work: Work, now: datetime) -> list[str]:
    """Mark what was adopted and is not done in its time; return the decisions."""
    return _moved(work, Phase.DECIDED, now, _late)


class DecisionKeeper:
    """Looks after the times of decisions for as long as the service lives.

    Args:
        store: the service's database.
        clock: says what time it is.
        every_s: how long between two looks, in seconds.
    """

    def __init__(self, store: Store, clock: Clock, *, every_s: float) -> None:
        self._store = store
        self._clock = clock
        self._every_s = every_s

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Do all that is due now, each thing once."""
        for unit in (close_due, open_due, settle_due, mark_late):
            await self._through(unit)
        while await self._store.write(decision_notices.tell_some):
            pass

    async def _through(self, unit: Callable[[Work, datetime], list[str]]) -> None:
        now = self._clock.now()
        while found := await self._store.write(unit, now):
            log.info("decisions moved on", step=unit.__name__, decisions=len(found))


def _moved(work: Work, phase: Phase, now: datetime, move: Move) -> list[str]:
    moved: list[str] = []
    after = ""
    while len(moved) < DUE_MOST:
        wanted = {"now": stamp(now), "of_phase": phase.value, "after": after}
        due = [row[0] for row in work.rows(_DUE, wanted)]
        moved += [decision_id for decision_id in due if _moves(work, decision_id, now, move)]
        if len(due) < DUE_MOST:
            break
        after = due[-1]
    return moved


def _moves(work: Work, decision_id: str, now: datetime, move: Move) -> bool:
    """Move one decision on; return whether it moved."""
    try:
        with work.nested():
            move(work, decision_id, now)
    except Exception as error:
        if of_the_database(error):
            raise
        # Whatever is wrong with one decision, the others go on. What is wrong may have words of a
        # ballot in it, so that the log has its kind alone.
        if isinstance(error, Refusal):
            log.info("decision waits", decision=decision_id, reason=error.slug)
        else:
            log.error("decision cannot go on", decision=decision_id, fault=type(error).__name__)
        return False
    return True


def _opened(work: Work, decision_id: str, now: datetime) -> None:
    open_decision(work, decision_id, now=now)


def _closed(work: Work, decision_id: str, now: datetime) -> None:
    close_decision(work, decision_id, now=now)


def _settled(work: Work, decision_id: str, now: datetime) -> None:
    act(work, decision_id, lambda one: concluding.settled(one, CLOCK, now=now))


def _late(work: Work, decision_id: str, now: datetime) -> None:
    act(work, decision_id, lambda one: concluding.late(one, now=now))
