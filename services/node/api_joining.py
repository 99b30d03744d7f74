"""The open door of a hub: networks that nobody knows yet ask to join, and ask what became of it."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from services.node import joining
from services.node.invitations import (
    BadRequestSignature,
    JoiningAnswer,
    JoiningRequest,
    NameReserved,
    NotAHub,
    NotItsPlace,
)
from services.node.joining import ContinentTaken, FutureRequest, OlderRequest, TooManyWaiting
from services.node.parts import PartsDep
from services.node.turnstile import AskedTooOften
from shared.log.trust import NameTaken
from shared.problems import refusals
from shared.refusals import Missing

REQUEST_BYTES_MAX: Final = 32_768

Fingerprint = Annotated[
    str,
    Path(
        pattern=r"^[a-z]{5}(-[a-z]{5}){5}$",
        description="Six words that say the root key of the network that asked.",
        examples=["babad-bukap-daruf-fosun-gifot-hosab"],
    ),
]

router = APIRouter(tags=["joining"])


class AskedOut(BaseModel):
    """The request was received. What the words say must be compared before anybody admits it."""

    fingerprint: str = Field(examples=["babad-bukap-daruf-fosun-gifot-hosab"])
    state: str = Field(examples=["waiting"])
    also_asked_by: list[str] = Field(examples=[[]])


@router.post(
    "/joining",
    operation_id="ask_to_join",
    status_code=202,
    responses=refusals(
        BadRequestSignature,
        NotAHub,
        NotItsPlace,
        NameReserved,
        NameTaken,
        ContinentTaken,
        FutureRequest,
        OlderRequest,
        TooManyWaiting,
        AskedTooOften,
    ),
)
async def ask_to_join(asked: JoiningRequest, request: Request, parts: PartsDep) -> AskedOut:
    """Ask to join this hub; its stewards decide when the words have been compared."""
    _pass(request, parts)
    asked.require_signed()
    settings = parts.home.settings()
    joining.require_place(settings, asked)
    fingerprint = await parts.host.store.write(
        joining.receive, asked, waiting_max=parts.settings.waiting_max
    )
    # A decision may have admitted this network before it asked.
    parts.upkeep.notice()
    parts.upkeep.arrived()
    answer = await parts.host.store.read(joining.answered, fingerprint, settings)
    return AskedOut(
        fingerprint=fingerprint,
        state=answer.state,
        also_asked_by=list(answer.also_asked_by),
    )


@router.get(
    "/joining/{fingerprint}",
    operation_id="see_joining",
    responses=refusals(Missing, AskedTooOften),
)
async def see_joining(fingerprint: Fingerprint, request: Request, parts: PartsDep) -> JoiningAnswer:
    """Say what became of a request: waiting, admitted with a credential, or refused with a cause.

    The credential is useless without the seed of the key for which it was issued.
    """
    _pass(request, parts)
    return await parts.host.store.read(joining.answered, fingerprint, parts.home.settings())


def _pass(request: Request, parts: PartsDep) -> None:
    address = request.client.host if request.client else ""
    parts.turnstile.pass_one(address, now_s=time.monotonic())
