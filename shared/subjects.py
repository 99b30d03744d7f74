"""Names on the wire: streams, subjects, and the inboxes on which answers come.

Nothing here speaks to a server. Names of nodes are unique in the federation, so the names of
streams are too. One JetStream message is one page; page N of an epoch is sequence N of its stream.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from shared.ids import FEDERATED, SERVICES, NodeName, ServiceName

WORLD: Final = "WORLD"
NO_HUB: Final = NodeName("local")
"""What stands for the hub's name in the inbox of a node that has no hub."""


class Level(StrEnum):
    """A node's place in the federation."""

    LOCAL = "local"
    CONTINENTAL = "continental"
    INTERCONTINENTAL = "intercontinental"


def out_stream(node: str, service: str, epoch: int = 1) -> str:
    """Return the name of the stream of one epoch of a service's public log."""
    return f"OUT_{node}_{service}" + _suffix(epoch)


def private_stream(node: str, service: str, epoch: int = 1) -> str:
    """Return the name of the stream of one epoch of a service's private log."""
    return f"PRIV_{node}_{service}" + _suffix(epoch)


def continental_stream(hub: str, generation: int = 1) -> str:
    """Return the name of the stream that gathers a continent's pages at its hub."""
    return f"CONT_{hub}" + _suffix(generation)


def abroad_stream(hub: str, generation: int = 1) -> str:
    """Return the name of the stream that holds the other continents' pages at a hub."""
    return f"ABROAD_{hub}" + _suffix(generation)


def world_stream(generation: int = 1) -> str:
    """Return the name of the stream that gathers the world's pages."""
    return WORLD + _suffix(generation)


def in_stream(node: str) -> str:
    """Return the name of the stream from which a node's services read the federation."""
    return f"IN_{node}"


def offered_streams(hub: str, level: Level, generation: int = 1) -> tuple[str, ...]:
    """Return the streams that a hub offers to those connected to it."""
    match level:
        case Level.LOCAL:
            return ()
        case Level.CONTINENTAL:
            return continental_stream(hub, generation), abroad_stream(hub, generation)
        case Level.INTERCONTINENTAL:
            return (world_stream(generation),)


def reply_prefix(answerer: str, asker: str, service: str) -> str:
    """Return the prefix of the subjects on which ``answerer`` answers a service of ``asker``.

    What flows between two nodes is always ``fd.<from>.<to>.>``: the hub lets a member publish
    below ``fd.<member>.`` and hear below ``fd.<hub>.<member>.``, and nothing else of the kind.
    """
    return f"fd.{answerer}.{asker}.ib.{service}"


def inbox_prefix(node: str, hub: str | None, service: str) -> str:
    """Return the one inbox prefix of a service's NATS clients, in both accounts.

    Answers may come from the node's own server and from its hub; a node without a hub writes
    ``local`` in the hub's place. A hub that asks DOWN to a member uses ``reply_prefix`` instead.
    """
    return reply_prefix(hub or NO_HUB, node, service)


def pages_subject(service: str) -> str:
    """Return the subject of a service's public pages in its own node."""
    return f"{service}.pages"


def slotted(subject: str, slot: str) -> str:
    """Return where a service's relay publishes what is stored under ``<service>.pages``.

    Whoever may create a consumer can have the server send its heartbeats to any subject that it
    can name, also into a stream. So a log is written through a slot that only the node's own
    services know; without a slot the subject stays as it is.

    Args:
        subject: the subject of a public log in its own node.
        slot: the node's secret word, or nothing.
    """
    return f"log.{slot}.{subject.removesuffix('.pages')}" if slot else subject


def private_subject(service: str) -> str:
    """Return the subject of a service's private pages in its own node."""
    return f"{service}.private"


def federated_subject(continent: str, node: str, service: str) -> str:
    """Return the subject of a service's pages in ``IN``; ``*`` stands for any name."""
    return f"fed.{continent}.{node}.{service}.pages"


def closed_subject(epoch: int, service: str, slot: str = "") -> str:
    """Return the subject to which a stream is moved when its epoch is closed.

    Two streams of an account cannot share a subject, and the new epoch needs the old one's.
    Nobody may publish on it; the node's slot keeps it unknown to strangers.
    """
    return f"closed.{slot}.{epoch}.{service}.>" if slot else f"closed.{epoch}.{service}.>"


def ask_subject(node: str) -> str:
    """Return the subject on which a node's node service is asked for pages."""
    return f"ask.{node}.pages"


def out_streams(
    node: str, epochs: Mapping[ServiceName, int], services: Iterable[ServiceName] = FEDERATED
) -> list[str]:
    """Return the names of public logs' streams, every epoch up to the one after the current."""
    return [
        out_stream(node, service, epoch)
        for service in services
        if service in FEDERATED
        for epoch in range(1, epochs.get(service, 1) + 2)
    ]


def private_streams(
    node: str, epochs: Mapping[ServiceName, int], services: Iterable[ServiceName] = SERVICES
) -> list[str]:
    """Return the names of private logs' streams, every epoch up to the one after the current."""
    return [
        private_stream(node, service, epoch)
        for service in services
        for epoch in range(1, epochs.get(service, 1) + 2)
    ]


def _suffix(number: int) -> str:
    return "" if number == 1 else f"_{number}"
