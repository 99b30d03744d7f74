"""Membership over HTTP: invitations, the requests that wait, and what stewards decide of them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.node import acts, joining
from services.node.access import ACCESS
from services.node.acts import Act
from services.node.invitations import Invitation, NotAHub, make_invitation
from services.node.membership import DecisionNeeded, EmergencyOver
from services.node.parts import PartsDep
from services.node.proposals import (
    CAUSE_MAX,
    ActKind,
    AdmissionNeeded,
    AlreadySo,
    AskedBefore,
    CauseMissing,
    FingerprintMissing,
    HubMissing,
    NotWaiting,
    Proposal,
)
from shared.access import REFUSALS, Caller
from shared.canonical import parse_canonical
from shared.contracts.node import Level, Name
from shared.gate import allowed
from shared.idempotency import IdempotencyKey, KeyReused, asked
from shared.log.releases import NotReleased
from shared.log.trust import NameTaken, NotItsChild
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

router = APIRouter(tags=["membership"])


class JoiningOut(BaseModel):
    """A network that asks to join this hub."""

    node: str = Field(examples=["remess"])
    fingerprint: str = Field(
        description="Six words. Compare them with what the network's people say, by telephone.",
        examples=["babad-bukap-daruf-fosun-gifot-hosab"],
    )
    state: Literal["waiting", "admitted", "refused"]
    cause: str = Field(examples=[""])
    continent: str = Field(examples=["africa"])
    level: Level
    names: dict[str, str] = Field(examples=[{"fr": "REMESS"}])
    services: list[str] = Field(examples=[["node", "directory"]])
    received_at: str = Field(examples=["2026-11-21T17:00:00.123Z"])
    also_asked_by: list[str] = Field(
        description="Others who ask for the same name, by their fingerprints.", examples=[[]]
    )


class ActIn(BaseModel):
    """A steward's word for an act."""

    model_config = ConfigDict(extra="forbid")

    act: ActKind
    node: Name = Field(examples=["remess"])
    fingerprint: str = Field(
        default="",
        max_length=80,
        description="Of the request, to admit or refuse it.",
        examples=["babad-bukap-daruf-fosun-gifot-hosab"],
    )
    cause: str = Field(
        default="",
        max_length=CAUSE_MAX,
        description="Why; needed for everything but admitting and restoring.",
        examples=["They asked to leave."],
    )
    to: Name | Literal[""] = Field(
        default="", description="To let it go: the hub to which it goes.", examples=[""]
    )


class VoiceOut(BaseModel):
    """Who has spoken for an act."""

    person: str
    at: str


class ActOut(BaseModel):
    """An act, and who has spoken for it."""

    id: str
    act: ActKind
    node: str
    fingerprint: str
    cause: str
    to: str = Field(description="The hub to which the node may go.", examples=[""])
    state: Literal["open", "done", "lapsed", "ended"]
    opened_at: str
    closed_at: str
    ends_at: str = Field(
        description="When it ends by itself, unless a decision confirms it.", examples=[""]
    )
    voices: list[VoiceOut]
    voices_needed: int = acts.VOICES_NEEDED


@router.post("/invitations", operation_id="make_invitation", responses=refusals(*REFUSALS, NotAHub))
async def make_an_invitation(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("make_invitation")],
    key: IdempotencyKey = None,
) -> Invitation:
    """Return an invitation to this hub, to be handed to a network as a file; it changes nothing."""
    ACCESS.may(caller, "make_invitation")
    return make_invitation(parts.home, clock=parts.host.clock)


@router.get(
    "/joinings", operation_id="list_joinings", dependencies=[allowed("list_joinings")],
    responses=refusals(*REFUSALS),
)  # fmt: skip
async def list_joinings(parts: PartsDep) -> list[JoiningOut]:
    """List the networks that have asked to join, the oldest request first."""
    return await parts.host.store.read(_joinings)


@router.get(
    "/acts", operation_id="list_acts", dependencies=[allowed("list_acts")],
    responses=refusals(*REFUSALS),
)  # fmt: skip
async def list_acts(parts: PartsDep) -> list[ActOut]:
    """List the last acts, newest first, with those who have spoken for them."""
    return [_out(act) for act in await parts.host.store.read(acts.acts)]


@router.post(
    "/acts",
    operation_id="speak_for_act",
    responses=refusals(
        *REFUSALS,
        Missing,
        CauseMissing,
        FingerprintMissing,
        HubMissing,
        DecisionNeeded,
        EmergencyOver,
        NotWaiting,
        AskedBefore,
        AlreadySo,
        AdmissionNeeded,
        NameTaken,
        NotItsChild,
        NotReleased,
        KeyReused,
    ),
    response_model=ActOut,
)
async def speak_for_act(
    wanted: ActIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("speak_for_act")],
    key: IdempotencyKey = None,
) -> Response:
    """Speak for an act as a steward. The second steward's word carries it out at once.

    The first one proposes; a person who speaks twice for the same act counts once.
    """
    proposal = Proposal(
        kind=wanted.act,
        node=wanted.node,
        fingerprint=wanted.fingerprint,
        cause=wanted.cause,
        to=wanted.to,
    )
    answer = await parts.decisions.speak(
        proposal,
        person=caller.id,
        shown=lambda act: _out(act).model_dump_json().encode(),
        answers=parts.answers,
        asked=asked(caller, "speak_for_act", key, wanted.model_dump_json()),
    )
    return answer.response()


def _joinings(work: Work) -> list[JoiningOut]:
    return [
        JoiningOut(
            node=row.node,
            fingerprint=row.fingerprint,
            state=row.state,
            cause=row.cause,
            continent=row.continent,
            level=row.level,
            names=_parsed(row.names),
            services=_parsed(row.services),
            received_at=row.received_at,
            also_asked_by=joining.others_of(work, row),
        )
        for row in joining.requests(work)
    ]


def _parsed(text: str) -> Any:
    return parse_canonical(text.encode())


def _out(act: Act) -> ActOut:
    proposal = act.proposal
    return ActOut.model_validate(
        {
            "id": act.id,
            "act": proposal.kind,
            "node": proposal.node,
            "fingerprint": proposal.fingerprint,
            "cause": proposal.cause,
            "to": proposal.to,
            "state": act.state,
            "opened_at": act.opened_at,
            "closed_at": act.closed_at,
            "ends_at": act.ends_at,
            "voices": [{"person": person, "at": at} for person, at in act.voices],
        }
    )
