"""Looking at everything that the watch compares, and doing about a stall what can be done."""

import asyncio
import time
from datetime import datetime
from typing import Any, Final

import structlog
from nats.errors import Error as NatsError
from sqlalchemy import func, select

from services.node import tables
from services.node.findings import Finding, Patience
from services.node.flow import Flow
from services.node.revival import stalled
from services.node.siblings import Siblings
from services.node.streams import Streams
from services.node.upkeep import Upkeep
from services.node.watch import (
    SILENT_INTERVALS,
    HeadSeen,
    Seen,
    conditions,
)
from shared.bus import BusUnreachable, NoStream
from shared.clock import moment
from shared.events import Log
from shared.ids import FEDERATED, NodeName, ServiceName
from shared.log.desk import LogDesk
from shared.log.names import LogName
from shared.log.trust import Standing
from shared.refusals import Refusal
from shared.service import ServiceHost
from shared.store import Work
from shared.subjects import Level

RESETS_MAX: Final = 3
"""How often sources are set again for one log that does not move: a node may also announce heads
that it never shows, and must not keep the others from drawing."""
LOOKS_IN_LATE: Final = 6
"""How often the watch looks within the time that something may be late."""

log = structlog.get_logger(__name__)


class Watch:
    """Looks at the logs of all services of this node, again and again.

    Args:
        host: the running node service.
        siblings: asks the node's services where they stand.
        flow: the node's streams and links.
        upkeep: the duties that come round.
        late_s: how long a head, a gap or a receipt may be outstanding, in seconds.
        heads_most_s: the longest time between two heads of a node, in seconds.
    """

    def __init__(
        self,
        host: ServiceHost,
        siblings: Siblings,
        flow: Flow,
        upkeep: Upkeep,
        *,
        late_s: float,
        heads_most_s: float,
    ) -> None:
        self._host = host
        self._desk: LogDesk = host.desk
        self._siblings = siblings
        self._flow = flow
        self._upkeep = upkeep
        self._late_s = late_s
        self._unheard_s = SILENT_INTERVALS * heads_most_s
        self._patience = Patience()
        self._resets: dict[LogName, int] = {}
        self._known: frozenset[str] = frozenset()
        self._looking = asyncio.Lock()
        self.findings: list[Finding] = []
        """What the last look has found, the graver first."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._late_s / LOOKS_IN_LATE)
            await self.look()

    async def look(self) -> list[Finding]:
        """Look once, do what can be done about a stall, and return what was found."""
        async with self._looking:
            now = time.monotonic()
            seen = conditions(await self.seen(), late_s=self._late_s)
            lasting = self._patience.lasting(seen, now)
            stalled_now = {one.stalled for one in seen}
            self._resets = {
                name: times for name, times in self._resets.items() if name in stalled_now
            }
            for condition, _ in lasting:
                if condition.stalled is not None:
                    await self.stalled(condition.stalled)
            found = [
                Finding(
                    code=one.finding.code,
                    detail=one.finding.detail,
                    grave=one.finding.grave,
                    values={**one.finding.values, "for_s": int(for_s)},
                )
                for one, for_s in lasting
            ]
            self.findings = sorted(found, key=lambda one: (not one.grave, one.code))
            self._tell()
            return self.findings

    async def stalled(self, name: LogName) -> None:
        """Set sources again because a log stays behind, a few times until it moves."""
        if self._resets.get(name, 0) < RESETS_MAX and await self._flow.stalled(name):
            self._resets[name] = self._resets.get(name, 0) + 1

    async def seen(self) -> Seen:
        """Return what there is to see now."""
        place = self._host.place
        standings, silent = await self._siblings.standings()
        rows, heard = await self._host.store.read(_heads_and_heard)
        speaking = {
            known.node
            for known in self._desk.trust.nodes()
            if known.standing in (Standing.NORMAL, Standing.LIMITED)
        }
        linked_for_s = self._flow.linked_for_s
        if place.hub is None and place.level != Level.LOCAL:
            # The highest hub receives its own pages over its own streams.
            linked_for_s = float("inf")
        return Seen(
            own=place.node,
            standings=standings,
            silent=silent,
            heads=[head for head in rows if head.name.node in speaking],
            streams=await self._streams(standings),
            sources=await self._silent_sources(),
            unheard=self._unheard(heard, speaking - {place.node}),
            linked_for_s=linked_for_s,
            trouble=dict(self._upkeep.trouble),
            federated=place.hub is not None or place.level != Level.LOCAL,
        )

    async def _streams(self, standings: dict[str, dict[str, Any]]) -> dict[str, int]:
        found: dict[str, int] = {}
        for service in standings:
            if ServiceName(service) in FEDERATED:
                name = LogName(self._host.place.node, ServiceName(service), Log.PUBLIC)
                stream = name.stream(standings[service]["own"]["public"]["epoch"])
                try:
                    found[stream] = (await self._host.fed.state(stream)).last
                except (NoStream, BusUnreachable):
                    continue
        return found

    async def _silent_sources(self) -> dict[str, list[str]]:
        streams: Streams = self._flow.streams
        found: dict[str, list[str]] = {}
        for stream in streams.sourcing():
            try:
                names = stalled(await streams.info(stream), linked=self._flow.links.peers)
            except (Refusal, NatsError):
                continue
            if names:
                found[stream] = sorted(names)
        return found

    def _unheard(self, heard: dict[str, str], nodes: set[NodeName]) -> dict[str, int]:
        now: datetime = self._host.clock.now()
        since = {
            node: int((now - moment(heard[node])).total_seconds())
            for node in nodes
            if heard.get(node)
        }
        return {node: seconds for node, seconds in since.items() if seconds > self._unheard_s}

    def _tell(self) -> None:
        """Log what is new; what stays is not said again."""
        codes = frozenset(f"{one.code}:{sorted(one.values.items())[:1]}" for one in self.findings)
        for finding in self.findings:
            if f"{finding.code}:{sorted(finding.values.items())[:1]}" not in self._known:
                log.warning("found", reason=finding.code, detail=finding.detail)
        self._known = codes


def _heads_and_heard(work: Work) -> tuple[list[HeadSeen], dict[str, str]]:
    heads, logs = tables.LOG.announced_head, tables.LOG.peer_log
    rows = work.execute(select(heads.c.node, heads.c.service, heads.c.epoch, heads.c.number))
    seen = [
        HeadSeen(
            name=LogName(NodeName(row.node), ServiceName(row.service), Log.PUBLIC),
            place=(row.epoch, row.number),
        )
        for row in rows
    ]
    heard = work.execute(
        select(logs.c.node, func.max(logs.c.applied_at).label("at")).group_by(logs.c.node)
    )
    return seen, {row.node: row.at for row in heard}
