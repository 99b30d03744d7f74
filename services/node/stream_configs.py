"""What each stream of a node shall be: pure functions that return its configuration.

The receiver stamps the origin: a source puts the sender's name in front of the subject, so that
no sender can claim another's. A source always carries a filter, because an empty list of filters
means everything, and everything would arrive twice.

Source: nats-server 2.15, StreamConfig; durations are nanoseconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.ids import FEDERATED, NodeName, ServiceName
from shared.subjects import (
    Level,
    abroad_stream,
    closed_subject,
    continental_stream,
    in_stream,
    out_stream,
    pages_subject,
    private_stream,
    private_subject,
    slotted,
    world_stream,
)

StreamConfig = dict[str, Any]

_SECOND: Final = 1_000_000_000
_DAY: Final = 86_400 * _SECOND
OWN_DAYS: Final = 90
IN_DAYS: Final = 90
GATHERED_DAYS: Final = 730
DUPLICATE_WINDOW_S: Final = 120
CLOSED_ROOM_BYTES: Final = 1_000_000

# Shares of the space that a node gives its streams. Nine logs of its own (four public, five
# private), a hub's gathering and abroad, and IN; what is left is for epochs and generations.
_OWN_SHARE: Final = 64
_GATHERED_SHARE: Final = 4
_IN_SHARE: Final = 5

# A page has at most 512 kB and its headers 64 kB, of which a server adds some at each hop. What is
# longer stays where it is: a message of the servers' own limit would break every link below a hub.
CONTINENTAL_MESSAGE_MAX: Final = 600_000
WORLD_MESSAGE_MAX: Final = 610_000
ABROAD_MESSAGE_MAX: Final = 620_000
IN_MESSAGE_MAX: Final = 630_000
CONTINENTAL_ROOM: Final = 100
WORLD_ROOM: Final = 250

NOTHING: Final[StreamConfig] = {
    "name": "NOTHING",
    "subject_transforms": [{"src": "nothing.>", "dest": "nothing.>"}],
}
"""A source of nothing. A stream without any source would get a subject, and so could be written."""


@dataclass(frozen=True, slots=True)
class Member:
    """A node whose logs a continental hub gathers.

    Args:
        name: its name.
        epochs: the current epoch of each of its public logs; 1 where nothing is said.
    """

    name: NodeName
    epochs: Mapping[ServiceName, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Continent:
    """A continent whose gathering the intercontinental hub gathers.

    Args:
        name: the continent's name.
        hub: the name of its hub.
        stream: the name of its gathering stream, the newest generation.
    """

    name: NodeName
    hub: NodeName
    stream: str


def own_log(
    node: str, service: str, epoch: int, *, private: bool, store_mb: int, slot: str = ""
) -> StreamConfig:
    """Return the stream of the current epoch of a service's log.

    Args:
        node, service, epoch: whose it is.
        private: the private log, in the node's own account; else the public one.
        store_mb: the node's space for streams.
        slot: the secret word through which the public log is written, or nothing.
    """
    name = private_stream if private else out_stream
    subject = private_subject(service) if private else pages_subject(service)
    written = subject if private else slotted(subject, slot)
    config = _config(
        name(node, service, epoch),
        subjects=[written],
        duplicate_window=DUPLICATE_WINDOW_S * _SECOND,
        discard="new",
        max_age=OWN_DAYS * _DAY,
        max_bytes=_bytes(store_mb, _OWN_SHARE),
    )
    return config | _stored_as(written, subject)


def closed_log(
    node: str, service: str, epoch: int, *, private: bool, bytes_now: int, slot: str = ""
) -> StreamConfig:
    """Return the stream of an epoch that is over: it keeps its pages and gives up its subject."""
    name = private_stream if private else out_stream
    return _config(
        name(node, service, epoch),
        subjects=[closed_subject(epoch, service, "" if private else slot)],
        duplicate_window=DUPLICATE_WINDOW_S * _SECOND,
        discard="new",
        max_age=OWN_DAYS * _DAY,
        max_bytes=bytes_now + CLOSED_ROOM_BYTES,
    ) | {"subject_transform": None}


def continental(
    hub: NodeName,
    members: Iterable[Member],
    *,
    own_epochs: Mapping[ServiceName, int],
    store_mb: int,
    generation: int = 1,
) -> StreamConfig:
    """Return the stream in which a continental hub gathers its members' logs and its own."""
    everybody = (*members, Member(hub, own_epochs))
    sources = [
        source for member in everybody for source in _logs(member, hub=hub, room=CONTINENTAL_ROOM)
    ]
    name = continental_stream(hub, generation)
    return _gathering(name, sources, store_mb, message_max=CONTINENTAL_MESSAGE_MAX)


def abroad(
    hub: NodeName,
    parent: NodeName | None,
    continents: Iterable[str],
    *,
    store_mb: int,
    generation: int = 1,
    world: str = "",
) -> StreamConfig:
    """Return the stream in which a continental hub holds the other continents' pages.

    Args:
        hub: the hub's name.
        parent: the intercontinental hub, or None when there is none.
        continents: the OTHER continents, the intercontinental hub's own among them.
        store_mb: the node's space for streams.
        generation: of this stream.
        world: the name of the world's stream, when it is not the first.
    """
    others = sorted(set(continents))
    if parent is None or not others:
        # It stands empty, so that members name it from their first day and nothing waits for it.
        sources = [NOTHING]
    else:
        source = _source(
            world or world_stream(),
            [(f"{other}.>", f"{other}.>") for other in others],
            external=(parent, hub),
        )
        sources = [source]
    name = abroad_stream(hub, generation)
    return _gathering(name, sources, store_mb, message_max=ABROAD_MESSAGE_MAX)


def world(
    hub: NodeName,
    own_continent: NodeName,
    continents: Iterable[Continent],
    *,
    own_epochs: Mapping[ServiceName, int],
    store_mb: int,
    generation: int = 1,
) -> StreamConfig:
    """Return the stream in which the intercontinental hub gathers the continents and itself."""
    sources = [
        _source(
            one.stream,
            [("*.*.pages", f"{one.name}.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}.pages")],
            external=(one.hub, hub),
            room=WORLD_ROOM,
        )
        for one in continents
    ]
    sources += _logs(Member(hub, own_epochs), hub=hub, room=WORLD_ROOM, front=f"{own_continent}.")
    gathered = _gathering(
        world_stream(generation), sources, store_mb, message_max=WORLD_MESSAGE_MAX
    )
    return gathered | {"max_age": 0}


def incoming(
    node: NodeName,
    level: Level,
    continent: NodeName,
    *,
    hub: NodeName | None,
    drawn: Iterable[str],
    store_mb: int,
) -> StreamConfig:
    """Return the stream from which a node's services read the federation.

    Args:
        node: the node's name.
        level: its level; a hub draws from its own gathering streams.
        continent: the continent of the gathering stream from which it draws.
        hub: the hub to which a local node is connected.
        drawn: the names of the streams to draw from: a continent's, what is abroad, the world's.
        store_mb: the node's space for streams.

    Each page comes by exactly one path, so that the order of each log is kept.
    """
    external = None if level is not Level.LOCAL or hub is None else (hub, node)
    sources = [
        _source(
            stream,
            [(">", f"fed.{continent}.>" if stream.startswith("CONT_") else "fed.>")],
            external=external,
        )
        for stream in drawn
    ]
    return _config(
        in_stream(node),
        sources=sources,
        duplicate_window=0,
        # A page that was dropped unread is fetched again by its number; a stream that refuses
        # would cut the node off until somebody looks.
        discard="old",
        max_age=IN_DAYS * _DAY,
        max_bytes=_bytes(store_mb, _IN_SHARE),
        max_msg_size=IN_MESSAGE_MAX,
    )


def _logs(member: Member, *, hub: NodeName, room: int, front: str = "") -> list[StreamConfig]:
    """Return the sources of a member's public logs, every epoch and the next.

    A source may name a stream that is not there yet: it flows by itself when the stream comes.
    """
    external = None if member.name == hub else (member.name, hub)
    return [
        _source(
            out_stream(member.name, service, epoch),
            # The one subject that a page has: of others a member could make any length.
            [(pages_subject(service), f"{front}{member.name}.{pages_subject(service)}")],
            external=external,
            room=room,
        )
        for service in FEDERATED
        for epoch in range(1, member.epochs.get(service, 1) + 2)
    ]


def _source(
    stream: str,
    transforms: list[tuple[str, str]],
    *,
    external: tuple[NodeName, NodeName] | None,
    room: int = 0,
) -> StreamConfig:
    """Return a source.

    Args:
        stream: the stream from which it draws.
        transforms: which subjects it takes, and what it makes of them.
        external: the sender and the receiver, where they are not one.
        room: how much room it keeps in the headers for what later receivers write there, in bytes.

    A server writes its source, filter and transform into a header, in the place of what the server
    before it wrote, and headers have at most 64 kB. Where a later line were longer than an earlier
    one, a page whose headers fill that room here would find none there, and all pages after it
    would wait for it. So those who take in what others write leave a long line: a second filter,
    of a subject that nobody has.
    """
    assert transforms, "a source without a filter takes everything"
    kept = "room." + "x" * (room // 2)
    rules = [*transforms, *([(kept, kept)] if room else [])]
    source: StreamConfig = {
        "name": stream,
        "subject_transforms": [{"src": src, "dest": dest} for src, dest in rules],
    }
    if external is not None:
        sender, receiver = external
        source["external"] = {"api": f"$JS.{sender}.API", "deliver": f"fd.{sender}.{receiver}"}
    return source


def _stored_as(written: str, subject: str) -> StreamConfig:
    if written == subject:
        return {"subject_transform": None}
    return {"subject_transform": {"src": written, "dest": subject}}


def _gathering(
    name: str, sources: list[StreamConfig], store_mb: int, *, message_max: int
) -> StreamConfig:
    return _config(
        name,
        sources=sources,
        # A member that publishes under another's message id must not silence it.
        duplicate_window=0,
        # A full hub stream stops and shows its lag; it goes on without loss when it gets room.
        discard="new",
        max_age=GATHERED_DAYS * _DAY,
        max_bytes=_bytes(store_mb, _GATHERED_SHARE),
        max_msg_size=message_max,
    )


def _config(name: str, **given: Any) -> StreamConfig:
    return {
        "name": name,
        "retention": "limits",
        "storage": "file",
        "num_replicas": 1,
        "allow_direct": True,
        "deny_delete": True,
        "allow_rollup_hdrs": False,
        **given,
    }


def _bytes(store_mb: int, share: int) -> int:
    return store_mb * 1_000_000 // share
