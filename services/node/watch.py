"""The watch: what stalls in silence, has a gap, or was not received, in all services of this node.

Streams can stall without an error; only the comparison of heads that others announce with what was
applied here shows it. What the watch sees is judged by plain functions; a condition becomes a
finding when it has lasted, without any progress, for as long as its patience.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.node.findings import Condition, Finding
from shared.events import Log
from shared.ids import FEDERATED, NodeName, ServiceName
from shared.log.cursors import LogState
from shared.log.desk import READS
from shared.log.names import LogName

SILENT_INTERVALS: Final = 3
"""After so many of the longest intervals without a word a node counts as silent."""
SHORT_PATIENCE_S: Final = 10.0
"""What two looks one after another may see differently becomes a finding after this long."""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSeen:
    """Where a node says that a log of its stands."""

    name: LogName
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look has seen.

    Args:
        own: this node.
        standings: by service, what it tells of its own logs and of those that it follows.
        silent: services that did not answer.
        heads: those that other nodes announce, of nodes that stand normal or limited.
        streams: by stream, the last sequence of the node's own public logs.
        unheard: nodes with the seconds since they were last heard, those above the limit.
        sources: by stream, the names of its sources that should flow and do not.
        linked_for_s: for how long pages could have come and gone; none while they cannot.
        trouble: duties of the node service that were refused, with the refusal's name.
        federated: whether there is anybody from whom receipts come.
    """

    own: NodeName
    standings: Mapping[str, Mapping[str, Any]]
    silent: Iterable[str] = ()
    heads: Iterable[HeadSeen] = ()
    streams: Mapping[str, int] = field(default_factory=dict)
    unheard: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, list[str]] = field(default_factory=dict)
    linked_for_s: float | None = None
    trouble: Mapping[str, str] = field(default_factory=dict)
    federated: bool = False


def conditions(seen: Seen, *, late_s: float) -> list[Condition]:
    """Return all that needs a look if it lasts.

    Args:
        seen: what was seen.
        late_s: how long a head, a gap or a receipt may be outstanding, in seconds.
    """
    return [
        *_services(seen),
        *_followed(seen, late_s),
        *_behind(seen, late_s),
        *_own_logs(seen, late_s),
        *_links(seen, late_s),
    ]


def lags(seen: Seen) -> list[dict[str, Any]]:
    """Return, for each log that a service follows, how far it has read and what was announced."""
    announced = {head.name: head.place for head in seen.heads}
    rows = [
        {
            "service": service,
            "node": one["node"],
            "log": one["service"],
            "applied": (one["epoch"], one["number"]),
            "announced": announced.get(
                LogName(NodeName(one["node"]), ServiceName(one["service"]), Log.PUBLIC)
            ),
            "state": one["state"],
        }
        for service, standing in seen.standings.items()
        for one in standing.get("followed", ())
        if one["log"] == Log.PUBLIC
    ]
    return sorted(rows, key=lambda row: (row["node"], row["log"], row["service"]))


def _services(seen: Seen) -> Iterator[Condition]:
    for service in seen.silent:
        yield Condition(
            key=("sibling-silent", service),
            patience_s=SHORT_PATIENCE_S,
            finding=Finding(
                code="sibling-silent",
                detail=f"The service {service} of this node does not answer.",
                values={"service": service},
            ),
        )
    for duty, reason in seen.trouble.items():
        yield Condition(
            key=("duty-put-off", duty),
            patience_s=0.0,
            finding=Finding(
                code="duty-put-off",
                detail=f"The node service could not do a duty ({duty}): {reason}.",
                values={"duty": duty, "reason": reason},
            ),
        )


def _followed(seen: Seen, late_s: float) -> Iterator[Condition]:
    for service, standing in seen.standings.items():
        for one in standing.get("followed", ()):
            log = f"{one['node']}/{one['service']}/{one['log']}"
            values = {"service": service, "log": log, "reason": one.get("reason", "")}
            if one["state"] == LogState.QUARANTINED:
                yield Condition(
                    key=("log-quarantined", service, log),
                    patience_s=0.0,
                    finding=Finding(
                        code="log-quarantined",
                        grave=True,
                        detail=f"{service} follows {log} no further: {values['reason']}.",
                        values=values,
                    ),
                )
            elif one["state"] == LogState.GAP:
                yield Condition(
                    key=("log-gap", service, log),
                    patience_s=late_s,
                    marker=(one["epoch"], one["number"]),
                    finding=Finding(
                        code="log-gap",
                        detail=f"{service} lacks pages of {log}: {values['reason']}.",
                        values=values,
                    ),
                )


def _behind(seen: Seen, late_s: float) -> Iterator[Condition]:
    """Compare the heads that others announce with what each service has applied."""
    for service, standing in seen.standings.items():
        applied = {
            (one["node"], one["service"]): one
            for one in standing.get("followed", ())
            if one["log"] == Log.PUBLIC
        }
        for head in seen.heads:
            if head.name.service not in READS[service].federation or head.name.node == seen.own:
                continue
            one = applied.get((head.name.node, head.name.service))
            if one is not None and one["state"] == LogState.QUARANTINED:
                continue
            place = (one["epoch"], one["number"]) if one else (1, 0)
            if place < head.place:
                yield Condition(
                    key=("log-behind", service, head.name),
                    patience_s=late_s,
                    marker=place,
                    stalled=head.name,
                    finding=Finding(
                        code="log-behind",
                        detail=f"{service} stands at page {place[1]} of {head.name}, "
                        f"which has {head.place[1]}.",
                        values={
                            "service": service,
                            "log": str(head.name),
                            "applied": list(place),
                            "announced": list(head.place),
                        },
                    ),
                )


def _own_logs(seen: Seen, late_s: float) -> Iterator[Condition]:
    for service, standing in seen.standings.items():
        if ServiceName(service) not in FEDERATED:
            continue
        own = standing["own"][Log.PUBLIC.value]
        head = (own["epoch"], own["number"])
        name = LogName(seen.own, ServiceName(service), Log.PUBLIC)
        values = {"service": service, "log": str(name), "page": own["number"]}
        last = seen.streams.get(name.stream(own["epoch"]))
        if last is not None and last != own["number"]:
            short = last < own["number"]
            yield Condition(
                key=("stream-short" if short else "stream-ahead", service),
                patience_s=SHORT_PATIENCE_S,
                marker=last,
                finding=Finding(
                    code="stream-short" if short else "stream-ahead",
                    grave=True,
                    detail=f"The stream of {name} ends at page {last}, "
                    f"the page table at {own['number']}.",
                    values={**values, "stream": last},
                ),
            )
        receipt = tuple(own["receipt"])
        if seen.federated and seen.linked_for_s is not None and receipt < head and own["number"]:
            yield Condition(
                key=("receipts-late", service),
                patience_s=late_s,
                marker=(receipt, head),
                # The page may lie at the hub, and the way back have stalled.
                stalled=name,
                finding=Finding(
                    code="receipts-late",
                    detail=f"The continental network has not confirmed page {head[1]} of {name}.",
                    values={**values, "receipt": list(receipt)},
                ),
            )
        if own["trouble"]:
            yield Condition(
                key=("relay-waits", service),
                patience_s=late_s,
                marker=head,
                finding=Finding(
                    code="relay-waits",
                    grave=own["trouble"].startswith("rewound"),
                    detail=f"Nothing is published of {name}: {own['trouble']}.",
                    values={**values, "reason": own["trouble"]},
                ),
            )


def _links(seen: Seen, late_s: float) -> Iterator[Condition]:
    for stream, names in seen.sources.items():
        yield Condition(
            key=("source-silent", stream),
            patience_s=late_s,
            marker=tuple(names),
            finding=Finding(
                code="source-silent",
                detail=f"{stream} hears nothing from {', '.join(names)}.",
                values={"stream": stream, "sources": names},
            ),
        )
    for node, seconds in seen.unheard.items():
        yield Condition(
            key=("node-unheard", node),
            patience_s=0.0,
            stalled=LogName(NodeName(node), ServiceName("node"), Log.PUBLIC),
            finding=Finding(
                code="node-unheard",
                detail=f"{node} was last heard from {seconds // 3600} hours ago.",
                values={"node": node, "seconds": seconds},
            ),
        )
