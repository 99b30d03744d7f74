"""Watching the links: which nodes are connected to this one's nats-server, and when that changes.

A hub sees its members, a member sees its hub.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from services.node.server import ServerNotReady, monitor
from shared.refusals import Refusal

POLL_S: Final = 0.5
LEAFS_SHOWN_MAX: Final = 4096

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Link:
    """A leaf connection that stands.

    Args:
        peer: the name of the node at its other end.
        connection: the server's number for it; another number is another connection.
    """

    peer: str
    connection: str


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link came up or went. A link that went and came between two looks is told as both."""

    link: Link
    up: bool


OnChange = Callable[[LinkChange], Awaitable[None]]


class LeafWatch:
    """Looks at the links of one nats-server again and again, and tells of what changed.

    Args:
        monitor_port: where the server tells of itself.
        on_change: called with each change, one after another.
        poll_s: how long between two looks, in seconds.
    """

    def __init__(self, monitor_port: int, on_change: OnChange, *, poll_s: float = POLL_S) -> None:
        self._port = monitor_port
        self._on_change = on_change
        self._poll_s = poll_s
        self._links: frozenset[Link] = frozenset()

    @property
    def peers(self) -> frozenset[str]:
        """The names of the nodes that were connected at the last look."""
        return frozenset(link.peer for link in self._links)

    async def run(self) -> None:
        """Look until cancelled. The links that stand at the first look are told as coming up."""
        while True:
            await self.look()
            await asyncio.sleep(self._poll_s)

    async def look(self) -> None:
        """Look once, and tell of what changed since the last time.

        A server that does not answer has no links.
        """
        try:
            now = links(await monitor(self._port, f"/leafz?limit={LEAFS_SHOWN_MAX}"))
        except ServerNotReady:
            now = frozenset()
        before, self._links = self._links, now
        changes = [LinkChange(link, up=False) for link in before - now]
        changes += [LinkChange(link, up=True) for link in now - before]
        for change in sorted(changes, key=lambda one: (one.link.peer, one.up)):
            log.info("link", peer=change.link.peer, up=change.up)
            try:
                await self._on_change(change)
            except Refusal as refused:
                # What follows a change is tried again by the watchdog; the watch itself goes on.
                log.warning("link.refused", peer=change.link.peer, slug=refused.slug)


def links(leafz: Mapping[str, Any]) -> frozenset[Link]:
    """Return the links in what a server's monitor tells at ``/leafz``."""
    return frozenset(
        Link(str(one.get("name", "")), f"{one.get('id', '')}@{one['ip']}:{one['port']}")
        for one in leafz.get("leafs") or ()
    )
