"""The events of a page as they have arrived: held against their contracts, and told in order."""

from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from shared.events import Event
from shared.ids import NodeName, ServiceName

E = TypeVar("E", bound=Event)


@dataclass(slots=True)
class Arrived(Generic[E]):
    """An event of a page, with its origin and place.

    ``data`` holds the fields as they were signed, lifted to the contract's version where they were
    of an older one, with what this release does not know; they have been held against the contract.
    ``at`` is when it happened by the clock of its node, and never later than it arrived here.
    """

    contract: type[E]
    data: dict[str, Any]
    origin: NodeName
    service: ServiceName
    event_id: str
    at: str
    epoch: int
    number: int

    @property
    def event(self) -> E:
        """The event as its contract's model, made anew each time."""
        return self.contract.model_validate(self.data)


class SetAside(NamedTuple):
    """An event that cannot be taken in: its place in the page, and why."""

    place: int
    reason: str
    detail: str


@dataclass(slots=True)
class Readable:
    """What this service understands of a page's events, each with its place in the page."""

    told: list[tuple[int, Arrived[Any]]] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
