"""The parts of a running exchange, as its endpoints use them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypedDict

from fastapi import Depends
from starlette.requests import Request

from services.exchange.round_keeper import RoundKeeper
from services.exchange.settings import ExchangeSettings
from shared.clock import Clock
from shared.idempotency import Answers
from shared.ids import NodeName
from shared.store import Store


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a running exchange is made of, besides what every service has.

    Args:
        changed: wakes the indexer after a change of many items.
        rounds: holds the rounds of matching.
    """

    settings: ExchangeSettings
    node: NodeName
    store: Store
    answers: Answers
    clock: Clock
    changed: Callable[[], None]
    rounds: RoundKeeper


class State(TypedDict):
    """What the application's lifespan yields."""

    parts: Parts


def _parts(request: Request) -> Parts:
    parts: Parts = request.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(_parts)]
