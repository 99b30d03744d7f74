"""HTTP of seals that travel: out as a block of text or as texts for QR pictures, and in again."""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.governance.api_federated_models import FederatedPath
from services.governance.dispute_refusals import NoSealThere
from services.governance.federated.seal_texts import TEXT_MAX, BadSealText
from services.governance.federated.seals import BadSeal
from services.governance.federated_refusals import NoBallotYet, NotInTime, NotOurLeg
from services.governance.federated_seal_desk import carried, seal_to_carry, take_in_seal
from services.governance.parts import PartsDep
from shared.access import REFUSALS, Caller
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, KeyReused, asked
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

NetworkPath = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$",
        description="Whose part of the ballot it is.",
        examples=["teranga"],
    ),
]


class SealIn(BaseModel):
    """A seal as it came: the block of a letter, or what the pictures said, a line each."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(
        min_length=1,
        max_length=TEXT_MAX,
        examples=["-----BEGIN TWIZA SEAL-----\n...\n-----END TWIZA SEAL-----"],
    )


class SealOut(BaseModel):
    """A seal on its way."""

    ballot: str
    network: str
    seal: str = Field(description="Its hash.")
    bound: bool = Field(description="Whether what binds the network to it is here and goes along.")
    text: str | None = None
    parts: list[str] | None = Field(default=None, description="Each for a QR picture of its own.")


class SealTakenOut(BaseModel):
    """What became of a seal that came in."""

    ballot: str
    network: str
    seal: str
    new: bool
    counts: bool
    faults: list[str]


def add_to(made: APIRouter) -> None:
    """Add the paths of seals."""
    made.get(
        "/{ballot_id}/legs/{network}/seal", operation_id="read_seal", response_model=SealOut,
        responses={
            200: {"content": {"text/plain": {}}},
            **refusals(*REFUSALS, NoSealThere, NotInTime, BadSealText),
        },
    )(read_seal)  # fmt: skip
    made.post(
        "/seals", operation_id="take_in_seal", response_model=SealTakenOut,
        responses=refusals(
            *REFUSALS, Missing, NoBallotYet, NotOurLeg, NotInTime, BadSealText, BadSeal, KeyReused
        ),
    )(post_seal)  # fmt: skip


async def read_seal(
    ballot_id: FederatedPath,
    network: NetworkPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_seal")],
    form: Annotated[
        Literal["json", "text", "qr"],
        Query(alias="as", description="`text`: a block for a letter; `qr`: texts for pictures."),
    ] = "json",
) -> Response:
    """Return a network's seal as it travels outside of our lines."""
    found = await parts.store.read(seal_to_carry, ballot_id, network)
    if form == "text":
        return Response(found.as_text(), media_type="text/plain; charset=utf-8")
    shown = SealOut(
        ballot=ballot_id,
        network=network,
        seal=found.seal.hash,
        bound=found.nonce is not None,
        text=found.as_text() if form == "json" else None,
        parts=found.as_parts() if form == "qr" else None,
    )
    return Response(orjson.dumps(shown.model_dump()), media_type="application/json")


async def post_seal(
    given: SealIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("take_in_seal")],
    key: IdempotencyKey = None,
) -> Response:
    """Take in a seal that came by letter, stick or picture; it counts as if it had come by line."""
    came = carried(given.text)
    request = asked(caller, "take_in_seal", key, given.model_dump_json())

    def do(work: Work) -> Answer:
        found = take_in_seal(work, parts.federated, came)
        told = SealTakenOut(
            ballot=found.ballot,
            network=found.network,
            seal=found.seal,
            new=found.new,
            counts=found.counts,
            faults=list(found.faults),
        )
        return Answer(status=201 if found.new else 200, body=told.model_dump_json().encode())

    answer = await parts.store.write(
        lambda work: parts.answers.once(work, request, lambda: do(work))
    )
    parts.changed()
    return answer.response()
