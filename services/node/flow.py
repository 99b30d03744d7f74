"""Keeping pages flowing: the streams as they shall be, and their sources after a link returns."""

import asyncio
import time
from contextlib import suppress
from typing import Final

import structlog
from nats.errors import Error as NatsError

from services.node.home import Home
from services.node.leaf import LeafWatch, LinkChange
from services.node.members import Members
from services.node.revival import peer_of, stalled
from services.node.streams import Streams
from shared.log.names import LogName
from shared.refusals import Refusal
from shared.subjects import Level, in_stream

REVIVE_S: Final = 1.0
START_PATIENCE_S: Final = 20.0
"""How long the start waits for JetStream to make the node's streams."""
RETRY_S: Final = 0.5
LOOK_AGAIN_S: Final = (2.0, 4.5, 9.0)
"""After a link has come up, when it is looked whether pages flow: a node that has just started
makes its streams a little after it is linked, and a source that was set before that waits long."""

log = structlog.get_logger(__name__)


class Flow:
    """The streams and links of this node.

    Args:
        home: the node's home.
        streams: makes and keeps the streams.
        members: the nodes below this hub.
        poll_s: how long between two looks at the links, in seconds.
        reset_s: how long between two resets of a source that stalls in silence, in seconds.
    """

    def __init__(
        self, home: Home, streams: Streams, members: Members, *, poll_s: float, reset_s: float
    ) -> None:
        settings, federation = home.settings(), home.federation()
        self.streams = streams
        self.links = LeafWatch(settings.ports.monitor, self._link_changed, poll_s=poll_s)
        self.hub = federation.hub if federation else None
        self._node = settings.name
        self._level = settings.level
        self._members = members
        self._poll_s = poll_s
        self._reset_s = reset_s
        self._reset_at: dict[str, float] = {}
        self._link_up_since: float | None = None
        self._revived_at = float("-inf")
        self._look_again: dict[str, list[float]] = {}
        self._changed = asyncio.Event()

    @property
    def linked_for_s(self) -> float | None:
        """For how long the link to the hub has stood, in seconds; none while it is down."""
        return None if self._link_up_since is None else time.monotonic() - self._link_up_since

    async def begin(self) -> None:
        """Make this node's streams, before its services tell or hear anything.

        Raises:
            StreamRefused: JetStream does not make them.
        """
        deadline = time.monotonic() + START_PATIENCE_S
        while True:
            try:
                await self.streams.ensure_own_logs()
                await self._gather()
                if self._level is not Level.LOCAL:
                    await self.streams.ensure_incoming()
                # What a crash left half done: sources that were taken away to be given back.
                await self.streams.mend()
                break
            except (Refusal, NatsError) as error:
                # A server that was killed looks through its files before it answers for streams.
                if time.monotonic() > deadline:
                    raise
                log.info("streams wait", reason=getattr(error, "slug", type(error).__name__))
                await asyncio.sleep(RETRY_S)
        await self.links.look()

    def registry_changed(self) -> None:
        """Note that nodes may have been admitted or cut off; what is drawn follows soon."""
        self._changed.set()

    async def gather_anew(self) -> None:
        """Draw from the members as the registry says now.

        Raises:
            StreamRefused: JetStream said no, or did not answer; ``run`` tries again.
        """
        try:
            await self._gather()
        except Refusal:
            self._changed.set()
            raise

    async def run(self) -> None:
        """Look after links, sources and members until cancelled."""
        while True:
            with suppress(Refusal, NatsError):
                await self.links.look()
                await self._look_at_returned()
                await self._revive()
                if self._changed.is_set():
                    self._changed.clear()
                    await self.gather_anew()
            await asyncio.sleep(self._poll_s)

    async def stalled(self, name: LogName) -> bool:
        """Set sources again, because a log stays behind its head though links are up.

        Returns whether any were set; the same stream's are not, sooner than ``reset_s`` after.
        """
        if self._level is Level.LOCAL and self.linked_for_s is None:
            return False
        done = False
        streams = self.streams.sourcing() if self._level is not Level.LOCAL else []
        for stream in streams or [in_stream(self._node)]:
            now = time.monotonic()
            if now - self._reset_at.get(stream, float("-inf")) >= self._reset_s:
                self._reset_at[stream] = now
                log.warning("sources set again", stream=stream, log=str(name))
                with suppress(Refusal):
                    await self.streams.reset_sources(stream)
                    done = True
        return done

    async def _gather(self) -> None:
        if self._level is Level.CONTINENTAL:
            await self.streams.ensure_continental(await self._members.drawn())
            await self.streams.ensure_abroad(self._members.other_continents())
        elif self._level is Level.INTERCONTINENTAL:
            await self.streams.ensure_world(self._members.continents())

    async def _revive(self) -> None:
        now = time.monotonic()
        if now - self._revived_at >= REVIVE_S:
            self._revived_at = now
            for stream in await self.streams.revive(self.links.peers):
                log.info("sources set again", stream=stream, reason="link-returned")

    async def _look_at_returned(self) -> None:
        now = time.monotonic()
        for peer, times in list(self._look_again.items()):
            if times and now >= times[0]:
                del times[0]
                if await self._silent(peer):
                    self.streams.returned(peer)

    async def _silent(self, peer: str) -> bool:
        """Return whether a source of a linked node should flow and does not."""
        for stream in self.streams.sourcing():
            info = await self.streams.info(stream)
            silent = stalled(info, linked={peer})
            for source in info.get("sources") or ():
                if peer_of(source) == peer and source["name"] in silent:
                    return True
        return False

    async def _link_changed(self, change: LinkChange) -> None:
        if change.link.peer == self.hub:
            self._link_up_since = time.monotonic() if change.up else None
        if not change.up:
            self._look_again.pop(change.link.peer, None)
            return
        self.streams.returned(change.link.peer)
        self._look_again[change.link.peer] = [time.monotonic() + wait for wait in LOOK_AGAIN_S]
        if change.link.peer == self.hub and self._level is Level.LOCAL:
            # Only now: a source that finds nobody at the other end waits for 40 s.
            await self.streams.ensure_incoming()
