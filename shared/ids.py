"""Identifiers: names of nodes and services, and time-ordered unique ids."""

import re
from typing import ClassVar, Final, NewType
from uuid import UUID

from uuid_utils import uuid7 as _swift_uuid7
from uuid_utils.compat import uuid7 as _uuid7

from shared.refusals import Kind, Refusal

NodeName = NewType("NodeName", str)
ServiceName = NewType("ServiceName", str)

SERVICES: Final = tuple(
    ServiceName(name) for name in ("directory", "exchange", "governance", "portal", "node")
)
FEDERATED: Final = tuple(
    ServiceName(name) for name in ("directory", "exchange", "governance", "node")
)
"""The services that have a public log; the portal says nothing to the federation."""

NODE_NAME_MAX: Final = 32
_NODE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class BadName(Refusal):
    """A node or service has a name that cannot stand in a subject."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-name"
    title: ClassVar[str] = "A name has 1 to 32 letters a-z, digits and inner hyphens"


def uuid7() -> UUID:
    """Return a new UUID of version 7, which sorts by the time of its making."""
    return _uuid7()


def node_name(text: str) -> NodeName:
    """Return the text as a node's name.

    Raises:
        BadName: it holds anything but ``a-z``, ``0-9`` and inner hyphens, or is longer than 32.
    """
    if not _NODE_NAME.fullmatch(text):
        raise BadName(text[:64])
    return NodeName(text)


def service_name(text: str) -> ServiceName:
    """Return the text as the name of one of the five services.

    Raises:
        BadName: there is no such service.
    """
    if text not in SERVICES:
        raise BadName(text[:64])
    return ServiceName(text)


def global_id(node: NodeName, local: UUID | str) -> str:
    """Return the id by which the federation knows a thing: ``<node>:<uuid7>``."""
    return f"{node}:{local}"


def new_id() -> str:
    """Return a new id as 32 hex digits, for names that need only be unlike all others."""
    return _swift_uuid7().hex


def new_uuid7() -> str:
    """Return a new UUID of version 7 as text."""
    return str(_swift_uuid7())
