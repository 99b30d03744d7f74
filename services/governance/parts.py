"""The parts of a running governance, as its endpoints use them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypedDict

from fastapi import Depends
from starlette.requests import Request

from services.governance.federated_desk import FederatedDesk
from services.governance.settings import GovernanceSettings
from shared.clock import Clock
from shared.idempotency import Answers
from shared.ids import NodeName
from shared.store import Store


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a running governance is made of, besides what every service has."""

    settings: GovernanceSettings
    node: NodeName
    store: Store
    answers: Answers
    clock: Clock
    federated: FederatedDesk
    """In whose name the network speaks in ballots between networks."""
    changed: Callable[[], None]
    """Has the keeper of ballots between networks look at once."""


class State(TypedDict):
    """What the application's lifespan yields."""

    parts: Parts


def _parts(request: Request) -> Parts:
    parts: Parts = request.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(_parts)]
