"""What the node service does by itself every minute: say who it is, renew what ends, make felt."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import structlog
from nats.errors import Error as NatsError
from sqlalchemy import select

from services.node import jwt, system, tables
from services.node.handlers import Telling, describe, described
from services.node.home import Federation, Home
from services.node.members import Members
from services.node.settings import NodeServiceSettings, parent_of
from shared.contracts.node import DescriptionPublished
from shared.refusals import Refusal
from shared.store import Store, Work
from shared.tasks import ended

RESTART_FIRST_S: Final = 0.5
RESTART_MOST_S: Final = 30.0
AGAIN_S: Final = 5.0
"""How soon a duty is tried again by which somebody may have to be cut off, in seconds."""
URGENT: Final = frozenset({"decisions", "revocations"})

log = structlog.get_logger(__name__)

Duty = Callable[[], Awaitable[None]]


class Upkeep:
    """The duties of the node service that come round; each for itself, so that none stops another.

    Args:
        settings: how often, and the release that runs.
        home: the node's home.
        store: the node service's database.
        telling: announces in the node's name.
        members: the nodes below this hub.
        first: what comes before all that follows from it: what was decided.
        further: other duties.
    """

    def __init__(
        self,
        settings: NodeServiceSettings,
        home: Home,
        store: Store,
        telling: Telling,
        members: Members,
        *,
        first: dict[str, Duty] | None = None,
        further: dict[str, Duty] | None = None,
    ) -> None:
        self._settings = settings
        self._home = home
        self._store = store
        self._telling = telling
        self._members = members
        self._duties: dict[str, Duty] = {
            "description": self.describe,
            **(first or {}),
            "revocations": members.enforce,
            "renewals": self._renew_members,
            "credential": self.take_renewal,
            **(further or {}),
        }
        self.trouble: dict[str, str] = {}
        """By duty, the refusal that it met last time; a duty that was done stands here no more."""
        self._noticed = False
        self._soon = asyncio.Event()

    async def once(self) -> None:
        """Do each duty once."""
        for name, duty in self._duties.items():
            try:
                await duty()
                self.trouble.pop(name, None)
            except (Refusal, NatsError) as error:
                slug = error.slug if isinstance(error, Refusal) else type(error).__name__
                log.warning("duty put off", duty=name, reason=slug)
                self.trouble[name] = slug

    async def run(self) -> None:
        """Do all duties, again and again, until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._soon.wait(), self._pause_s())
            self._soon.clear()
            await self.once()

    def _pause_s(self) -> float:
        upkeep_s = self._settings.upkeep_s
        return min(upkeep_s, AGAIN_S) if URGENT & self.trouble.keys() else upkeep_s

    def notice(self) -> None:
        """Note, within a unit, that what it takes in asks for a duty before its turn."""
        self._noticed = True

    def arrived(self) -> None:
        """Do the duties soon where a unit that has committed now asked for it."""
        if self._noticed:
            self._noticed = False
            self._soon.set()

    async def describe(self) -> None:
        """Publish the node's description when it has changed.

        Raises:
            BadHome: the node's settings say what no description may.
        """
        settings, federation = self._home.settings(), self._home.federation()
        parent = parent_of(settings, federation) if federation else None

        def describing(revision: int) -> DescriptionPublished:
            return described(
                settings,
                services=list(self._settings.urls),
                release=self._settings.release,
                parent=parent,
                revision=revision,
            )

        await self._store.write(describe, self._telling, describing)

    async def take_renewal(self) -> None:
        """Take up the credential that the hub has renewed, and enter with it at once.

        Raises:
            BadCredential: the hub has renewed it for another key than this node's.
            BusUnreachable: it is taken up when the link comes back.
        """
        federation = self._home.federation()
        row = await self._store.read(_renewal, federation.hub) if federation else None
        if federation is None or row is None or not _newer(row.user_jwt, federation):
            return
        self._home.save_federation(federation.model_copy(update={"leaf_jwt": row.user_jwt}))
        log.info("credential renewed", peer=federation.hub)
        await system.reconnect_leaf(self._home, federation.hub)

    async def _renew_members(self) -> None:
        if renewed := await self._members.renew():
            log.info("credentials renewed", peers=len(renewed))
            self._members.changed()


async def kept(name: str, work: Duty) -> None:
    """Run something for as long as the service lives; a defect in it is logged, then it goes on."""
    wait_s = RESTART_FIRST_S
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("background work failed", task=name)
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, RESTART_MOST_S)


async def stopped(task: asyncio.Task[None]) -> None:
    """Stop background work and return when it has ended."""
    await ended(task)


def _renewal(work: Work, hub: str) -> Any:
    table = tables.renewal
    return work.execute(select(table).where(table.c.hub == hub)).one_or_none()


def _newer(user_jwt: str, federation: Federation) -> bool:
    if user_jwt == federation.leaf_jwt:
        return False
    return bool(jwt.claims_of(user_jwt)["iat"] >= jwt.claims_of(federation.leaf_jwt)["iat"])
