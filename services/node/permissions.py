"""Who may say and hear what on NATS: the allow-lists of leaf connections and of local users.

Pure functions; the same lists stand in the tokens of production and in the tests that attack them.
An allow-list names streams one by one, because a wildcard matches whole tokens only. It names the
next epoch and the next generation too, so that neither needs a new token in the hour of need.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.ids import NodeName, ServiceName
from shared.subjects import (
    Level,
    ask_subject,
    continental_stream,
    in_stream,
    offered_streams,
    out_streams,
    pages_subject,
    private_streams,
    private_subject,
    slotted,
)

GENERATIONS: Final = 2
"""How many generations of a hub's gathering streams an allow-list names: this one and the next."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a user may publish and subscribe; all else is refused by the server."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node stands, as far as its own users' allow-lists depend on it.

    Args:
        node: the node's name.
        level: its level.
        hub: the hub to which it is connected, if any.
        epochs: the current epoch of each service's public log; 1 where nothing is said.
        private_epochs: the same for the private logs.
        slot: the secret word through which its services write their public logs, or nothing.
    """

    node: NodeName
    level: Level = Level.LOCAL
    hub: NodeName | None = None
    epochs: Mapping[ServiceName, int] = field(default_factory=dict)
    private_epochs: Mapping[ServiceName, int] = field(default_factory=dict)
    slot: str = ""

    @property
    def hub_level(self) -> Level:
        """The level of the hub of a node at this one's level."""
        return Level.CONTINENTAL if self.level is Level.LOCAL else Level.INTERCONTINENTAL


def member_leaf(
    hub: NodeName,
    hub_level: Level,
    member: NodeName,
    member_level: Level,
    *,
    epochs: Mapping[ServiceName, int] | None = None,
    generation: int = 1,
) -> Allowed:
    """Return what a hub lets a member's leaf connection say and hear.

    Args:
        hub: the hub's name.
        hub_level: the hub's level.
        member: the member's name.
        member_level: the member's level; a hub's gathering is pulled, a node's own logs.
        epochs: the current epoch of each public log of the member; 1 where nothing is said.
        generation: the current generation of the gathering streams of both.
    """
    offered = _generations(hub, hub_level, generation)
    pulled = (
        tuple(out_streams(member, epochs or {}))
        if member_level is Level.LOCAL
        else tuple(continental_stream(member, one) for one in _this_and_next(generation))
    )
    publish = [f"fd.{member}.>", "$JSC.R.>", ask_subject(hub)]
    for stream in offered:
        publish += _created(f"$JS.{hub}.API", stream)
        publish += [*_flow(hub, stream), f"$JS.{hub}.API.CONSUMER.MSG.NEXT.{stream}.>"]
    subscribe = [f"fd.{hub}.{member}.>", "$JSC.R.>", ask_subject(member)]
    for stream in pulled:
        subscribe += [*_created(f"$JS.{member}.API", stream), *_flow(member, stream)]
    return Allowed(tuple(publish), tuple(subscribe))


def hub_denied(node: NodeName) -> tuple[str, ...]:
    """Return what a node does not let in from its hub, whatever the hub allows itself.

    A leaf obeys the lists that its hub sends. These are the node's own: a dishonest hub may read
    the logs that are pulled, and neither write them nor reach the node's streams.
    """
    api = f"$JS.{node}.API"
    return (
        "*.pages",
        "*.private",
        "log.>",
        "closed.>",
        f"{api}.INFO",
        *(f"{api}.{part}.>" for part in ("STREAM", "DIRECT", "META", "SERVER", "ACCOUNT")),
        *(
            f"{api}.CONSUMER.{verb}.>"
            for verb in ("DELETE", "DURABLE", "INFO", "LIST", "MSG", "NAMES", "PAUSE", "RESET")
        ),
        *_created(api, in_stream(node)),
    )


def federated_user(place: Place, service: ServiceName) -> Allowed:
    """Return what a service may say and hear in its node's federated account.

    It publishes its own pages, reads the logs of its siblings and what the federation brought,
    and fetches missing pages from the hub. The node service keeps the streams besides.
    """
    own = tuple(out_streams(place.node, place.epochs, (service,)))
    siblings = out_streams(place.node, place.epochs)
    gathered = _generations(place.node, place.level)
    publish = [slotted(pages_subject(service), place.slot)] if own else []
    publish.append(ask_subject(place.node))
    if service == "node":
        publish += ["$JS.API.>", "ask.*.pages", *_answers(place.node)]
    else:
        for stream in own:
            publish += [
                f"$JS.API.STREAM.MSG.GET.{stream}",
                f"$JS.API.DIRECT.GET.{stream}",
                f"$JS.API.DIRECT.GET.{stream}.>",
            ]
        for stream in (*siblings, *gathered, in_stream(place.node)):
            publish += _readable(stream)
    if place.hub is not None:
        publish.append(ask_subject(place.hub))
        for stream in _generations(place.hub, place.hub_level):
            publish += _created(f"$JS.{place.hub}.API", stream)
            publish.append(f"$JS.{place.hub}.API.CONSUMER.MSG.NEXT.{stream}.>")
    return Allowed(_once(publish), _heard(place, service))


def private_user(place: Place, service: ServiceName) -> Allowed:
    """Return what a service may say and hear in its node's private account.

    Every service may read every private log of its own node; which it follows is in the table
    of the design.
    """
    publish = [private_subject(service)]
    if service == "node":
        publish.append("$JS.API.>")
    else:
        for stream in private_streams(place.node, place.private_epochs, (service,)):
            publish += [
                f"$JS.API.STREAM.MSG.GET.{stream}",
                f"$JS.API.DIRECT.GET.{stream}",
                f"$JS.API.DIRECT.GET.{stream}.>",
            ]
        for stream in private_streams(place.node, place.private_epochs):
            publish += _readable(stream)
    return Allowed(_once(publish), (f"fd.*.{place.node}.ib.{service}.>",))


def system_user(place: Place) -> Allowed:
    """Return what the node service may say and hear in the system account."""
    return Allowed(
        ("$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.SERVER.>", "$SYS.REQ.ACCOUNT.>"),
        (f"fd.*.{place.node}.ib.node.>", "$SYS.ACCOUNT.>"),
    )


def _heard(place: Place, service: ServiceName) -> tuple[str, ...]:
    # Any answerer may stand in the second place: a node joins its hub without new tokens, and a
    # hub's node service hears what its members answer.
    heard = (f"fd.*.{place.node}.ib.{service}.>",)
    return (*heard, ask_subject(place.node)) if service == "node" else heard


def _answers(node: str) -> list[str]:
    """Return where the node service answers: its siblings, and whoever asks from outside."""
    return [f"fd.*.{node}.ib.>", f"fd.{node}.*.ib.>"]


def _generations(node: str, level: Level, generation: int = 1) -> tuple[str, ...]:
    return tuple(
        stream for one in _this_and_next(generation) for stream in offered_streams(node, level, one)
    )


def _this_and_next(number: int) -> range:
    return range(number, number + GENERATIONS)


def _created(api: str, stream: str) -> list[str]:
    return [f"{api}.CONSUMER.CREATE.{stream}", f"{api}.CONSUMER.CREATE.{stream}.>"]


def _flow(domain: str, stream: str) -> list[str]:
    # Servers announced a second spelling of these subjects and still use the first.
    return [f"$JS.FC.{stream}.>", f"$JS.FC.{domain}.*.{stream}.>"]


def _readable(stream: str) -> list[str]:
    return [
        f"$JS.API.STREAM.INFO.{stream}",
        *_created("$JS.API", stream),
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.>",
        f"$JS.API.CONSUMER.DELETE.{stream}.>",
    ]


def _once(subjects: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(subjects))
