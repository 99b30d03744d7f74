"""The parts of a running node service, as its endpoints use them."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from fastapi import Depends
from starlette.requests import Request

from services.node.counts import EntityCounts
from services.node.decisions import Decisions
from services.node.flow import Flow
from services.node.handlers import Telling
from services.node.heads import Heads
from services.node.home import Home
from services.node.members import Members
from services.node.pages import PageDesk
from services.node.reopenings import Reopenings
from services.node.settings import NodeServiceSettings
from services.node.siblings import Siblings
from services.node.turnstile import Turnstile
from services.node.upkeep import Upkeep
from services.node.watching import Watch
from shared.idempotency import Answers
from shared.revocations import Revocations
from shared.service import ServiceHost


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a running node service is made of, besides what every service has."""

    host: ServiceHost
    settings: NodeServiceSettings
    home: Home
    telling: Telling
    members: Members
    flow: Flow
    reopenings: Reopenings
    pages: PageDesk
    decisions: Decisions
    siblings: Siblings
    upkeep: Upkeep
    heads: Heads
    watch: Watch
    turnstile: Turnstile
    counts: EntityCounts
    answers: Answers
    revocations: Revocations


class State(TypedDict):
    """What the application's lifespan yields; the front and the joining endpoint share it."""

    parts: Parts


def _parts(request: Request) -> Parts:
    parts: Parts = request.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(_parts)]
