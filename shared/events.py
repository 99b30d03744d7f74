"""Events: what a service tells, declared once, with its kind, version and log.

On the wire an event is a CloudEvents 1.0 object in structured JSON mode. It lies inside a signed
page, so its form is canonical and holds no floats.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict

from shared.canonical import trusted_canonical
from shared.ids import NodeName, ServiceName
from shared.reading import Unfit, sparse_check
from shared.refusals import Kind, Refusal

EVENT_BYTES_MAX: Final = 256 * 1024
"""The longest canonical form of one event, in bytes; a page holds at least one."""

_TYPE: Final = re.compile(r"org\.twiza\.([a-z]+(?:[.-][a-z]+)*)\.v([1-9][0-9]{0,3})")

Payload = dict[str, Any]
Step = Callable[[Payload], Payload]
E = TypeVar("E", bound="Event")


class Log(StrEnum):
    """Which of a service's two logs carries an event."""

    PUBLIC = "public"
    PRIVATE = "private"


class Event(BaseModel):
    """Something that happened, told in the past tense; subclasses are contracts.

    ``kind`` is ``<service>.<noun>.<past verb>``, ``version`` rises with each incompatible change,
    ``log`` says how far it is told. A state-carrying event has a field ``revision``.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: ClassVar[str]
    version: ClassVar[int]
    log: ClassVar[Log]
    traced: ClassVar[bool] = True
    """Whether the event says to which trace it belongs; a letter must not."""

    about_field: ClassVar[str] = ""
    """The field that holds the id of the aggregate, where one field does."""

    def about(self) -> str:
        """Return the id of the aggregate of which the event tells; it becomes the subject."""
        if not self.about_field:
            raise TypeError(f"{type(self).__name__} does not say what it is about")
        return str(getattr(self, self.about_field))

    @classmethod
    def wire_type(cls) -> str:
        """Return the CloudEvents type, ``org.twiza.<kind>.v<version>``."""
        return f"org.twiza.{cls.kind}.v{cls.version}"


class UnknownEvent(Refusal):
    """An event of a kind that this release does not know; it is kept for a later one."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-event"
    title: ClassVar[str] = "No contract of this release has that kind"


class FutureVersion(Refusal):
    """An event of a newer version than this release reads; it is kept for a later one."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "future-version"
    title: ClassVar[str] = "The event is of a newer version than this release reads"


class BrokenContract(Refusal):
    """An event does not hold what its contract says."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "broken-contract"
    title: ClassVar[str] = "The event does not hold what its contract says"


class NotItsNamespace(Refusal):
    """An event tells of a thing that belongs to another node or service than its signer."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-its-namespace"
    title: ClassVar[str] = "A log tells only of what belongs to its own node and service"


class EventTooLarge(Refusal):
    """An event is longer than one may be."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    slug: ClassVar[str] = "event-too-large"
    title: ClassVar[str] = "An event has at most 256 kB"


_contracts: dict[str, type[Event]] = {}
_steps: dict[tuple[str, int], Step] = {}


def published(contract: type[E]) -> type[E]:
    """Register a contract by its kind; a kind is declared once."""
    if contract.kind in _contracts:
        raise TypeError(f"{contract.kind} is declared twice")
    if _TYPE.fullmatch(contract.wire_type()) is None:
        raise TypeError(f"{contract.wire_type()} is no event type")
    _contracts[contract.kind] = contract
    return contract


def upcasts(kind: str, *, version: int) -> Callable[[Step], Step]:
    """Register the step that lifts a payload of ``version`` to the next version."""

    def register(step: Step) -> Step:
        if (kind, version) in _steps:
            raise TypeError(f"{kind} v{version} is lifted twice")
        _steps[kind, version] = step
        return step

    return register


def contracts() -> Mapping[str, type[Event]]:
    """Return all contracts that have been imported, by kind."""
    return dict(_contracts)


@dataclass(frozen=True, slots=True)
class Speaker:
    """The service of a node in whose name events are told."""

    node: NodeName
    service: ServiceName

    @property
    def source(self) -> str:
        """The CloudEvents source, ``twiza:<node>/<service>``."""
        return f"twiza:{self.node}/{self.service}"


def frame(
    event: Event,
    *,
    source: str,
    event_id: str,
    time: str,
    traceparent: str | None = None,
) -> bytes:
    """Return the canonical CloudEvent of an event.

    The types of a contract keep its data within the grammar of signed data: no floats, ASCII keys.

    Args:
        event: what happened.
        source: the speaker, ``twiza:<node>/<service>``.
        event_id: the event's own id.
        time: when it happened, as ``shared.clock.stamp`` writes it.
        traceparent: the trace to which it belongs, if any.

    Raises:
        NotCanonical: an integer beyond 2^53.
        EventTooLarge: it is longer than ``EVENT_BYTES_MAX``.
    """
    data = event.__pydantic_serializer__.to_python(event, mode="json", exclude_defaults=True)
    return frame_of(
        type(event),
        event.about(),
        data,
        source=source,
        event_id=event_id,
        time=time,
        traceparent=traceparent,
    )


def frame_of(
    contract: type[Event],
    about: str,
    data: Payload,
    *,
    source: str,
    event_id: str,
    time: str,
    traceparent: str | None = None,
) -> bytes:
    """Return the canonical CloudEvent of an event whose fields have been dumped already.

    Raises:
        NotCanonical: an integer beyond 2^53.
        EventTooLarge: it is longer than ``EVENT_BYTES_MAX``.
    """
    cloud: Payload = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": contract.wire_type(),
        "subject": about,
        "time": time,
        "datacontenttype": "application/json",
        "data": data,
    }
    if traceparent is not None and contract.traced:
        cloud["traceparent"] = traceparent
    body = trusted_canonical(cloud)
    if len(body) > EVENT_BYTES_MAX:
        raise EventTooLarge(f"{contract.kind}: {len(body)} bytes")
    return body


@lru_cache(maxsize=1024)
def kind_of(wire_type: str) -> tuple[str, int]:
    """Return the kind and version of a CloudEvents type.

    Raises:
        BrokenContract: it is not a type of this system.
    """
    match = _TYPE.fullmatch(wire_type)
    if match is None:
        raise BrokenContract(f"{wire_type[:100]!r} is no type of this system")
    return match[1], int(match[2])


def contract_of(kind: str, version: int) -> type[Event]:
    """Return the contract that reads a version of a kind.

    Raises:
        UnknownEvent: no contract has this kind.
        FutureVersion: the contract is of an older version.
    """
    contract = _contracts.get(kind)
    if contract is None:
        raise UnknownEvent(kind)
    if version > contract.version:
        raise FutureVersion(f"{kind}: version {version}, we read up to {contract.version}")
    return contract


def read(kind: str, version: int, payload: Payload) -> Event:
    """Return the event of a payload, lifted to the contract's version.

    Raises:
        UnknownEvent, FutureVersion, BrokenContract.
    """
    contract, data = checked_payload(kind, version, payload)
    event: Event = contract.__pydantic_validator__.validate_python(data)
    return event


def checked_payload(kind: str, version: int, payload: Payload) -> tuple[type[Event], Payload]:
    """Return the contract of a payload, and the payload as the contract's version has it.

    The payload holds what the contract says, and what this release does not know, too.

    Raises:
        UnknownEvent, FutureVersion, BrokenContract.
    """
    contract = contract_of(kind, version)
    for step in range(version, contract.version):
        lift = _steps.get((kind, step))
        if lift is None:
            raise BrokenContract(f"{kind}: nothing lifts version {step}")
        try:
            payload = lift(dict(payload))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            # Another node wrote the payload: it may hold anything.
            raise BrokenContract(f"{kind}: not what version {step} held") from error
    try:
        sparse_check(contract)(payload)
    except Unfit as error:
        raise BrokenContract(f"{kind}: {error}"[:300]) from error
    return contract, payload
