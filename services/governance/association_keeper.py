"""Telling the nodes what an association has decided, once, by the network that keeps it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from services.governance.association_rows import Remembered, associations, due_words, tell_due
from shared.clock import Clock
from shared.contracts.membership import MembershipDecided
from shared.store import Store, of_the_database

WORDS_IN_TURN_MAX: Final = 10
"""How many words of one network are told one after the other at one look."""

log = structlog.get_logger(__name__)


class AssociationKeeper:
    """Looks after the associations that this network keeps, for as long as the service lives.

    Args:
        store: the service's database.
        clock: says what time it is.
        node: this network.
        every_s: how long between two looks where nothing new comes, in seconds.
        ready: tells whether the own log is known to be whole: a node that was restored reads first
            what it has told before.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        node: str,
        *,
        every_s: float,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._clock = clock
        self._node = node
        self._every_s = every_s
        self._ready = ready
        self._wake = asyncio.Event()
        self._remembered: Remembered = {}

    def changed(self) -> None:
        """Have somebody look at once: something has come in, or was done."""
        self._wake.set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            if self._ready():
                await self.look()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._every_s)
            self._wake.clear()

    async def look(self) -> list[MembershipDecided]:
        """Tell all that is due now; return it. One association never holds up another one."""
        found: list[MembershipDecided] = []
        for association in await self._store.read(associations):
            if association.partition(":")[0] != self._node:
                continue
            try:
                found += await self._of(association)
            except Exception as error:
                if of_the_database(error):
                    raise
                log.exception("an association could not be looked at", association=association)
        return found

    async def _of(self, association: str) -> list[MembershipDecided]:
        found: list[MembershipDecided] = []
        for _ in range(WORDS_IN_TURN_MAX):
            if not await self._store.read(
                due_words, self._node, association, remembered=self._remembered
            ):
                break
            told = await self._store.write(
                tell_due, self._node, association, remembered=self._remembered
            )
            for word in told:
                log.info("membership decided", network=word.node, what=word.what)
            found += told
        return found
