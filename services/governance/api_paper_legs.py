"""HTTP of networks without software: their tellers, their roll and their result on paper."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.governance.api_federated_models import FederatedPath
from services.governance.api_federated_seals import NetworkPath
from services.governance.choices import CHOICE_REFUSALS
from services.governance.federated.seals import BadSeal
from services.governance.federated.tallies import BadTally
from services.governance.federated_refusals import NoBallotYet, NotOurLeg
from services.governance.paper_leg_refusals import PAPER_REFUSALS, AlreadyTold, NoTellers
from services.governance.paper_leg_rows import (
    Entered,
    PaperResult,
    PaperRoll,
    own_entry,
    standing,
    tellers_of,
)
from services.governance.paper_legs import enter_result, enter_roll, name_tellers
from services.governance.parts import Parts, PartsDep
from shared.access import REFUSALS, Caller
from shared.contracts.register import PersonId
from shared.gate import allowed
from shared.idempotency import Answer, Asked, IdempotencyKey, KeyReused, asked
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

WhatPath = Annotated[Literal["roll", "result"], Path(description="Which paper.")]


class PaperTellersIn(BaseModel):
    """Who enters what a network has done on paper, each alone."""

    model_config = ConfigDict(extra="forbid")

    persons: list[PersonId] = Field(max_length=10, examples=[["p-amina", "p-joao"]])


class PaperTellersOut(BaseModel):
    """Who enters what a network has done on paper."""

    persons: list[str]


class LegPaperOut(BaseModel):
    """Where the entries of a paper stand; what others have entered is not shown."""

    what: str
    entered_by: list[str]
    told: bool = Field(description="Whether two agreed, so that it was told.")
    differs: bool = Field(description="Whether two have entered different things.")
    own: dict[str, Any] | None = Field(default=None, description="What you have entered.")


_PATH = "/{ballot_id}/legs/{network}/paper"


def add_to(made: APIRouter) -> None:
    """Add the paths of networks without software."""
    made.put(
        f"{_PATH}/tellers", operation_id="name_paper_tellers", response_model=PaperTellersOut,
        responses=refusals(
            *REFUSALS, Missing, NoBallotYet, NotOurLeg, NoTellers, AlreadyTold, KeyReused
        ),
    )(put_tellers)  # fmt: skip
    made.get(f"{_PATH}/tellers", operation_id="list_paper_tellers", responses=refusals(*REFUSALS))(
        list_tellers
    )
    made.post(
        f"{_PATH}/roll", operation_id="enter_paper_roll", response_model=LegPaperOut,
        responses=refusals(*REFUSALS, Missing, *PAPER_REFUSALS, KeyReused),
    )(post_roll)  # fmt: skip
    made.post(
        f"{_PATH}/result", operation_id="enter_paper_result", response_model=LegPaperOut,
        responses=refusals(
            *REFUSALS, Missing, *PAPER_REFUSALS, BadTally, BadSeal, *CHOICE_REFUSALS, KeyReused
        ),
    )(post_result)  # fmt: skip
    made.get(f"{_PATH}/{{what}}", operation_id="read_leg_paper", responses=refusals(*REFUSALS))(
        read_paper
    )


async def put_tellers(
    ballot_id: FederatedPath,
    network: NetworkPath,
    given: PaperTellersIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("name_paper_tellers")],
    key: IdempotencyKey = None,
) -> Response:
    """Name who enters the papers of a network without software; at least two people."""

    def do(work: Work) -> Answer:
        found = name_tellers(work, parts.federated, ballot_id, network, given.persons)
        return Answer(status=200, body=PaperTellersOut(persons=found).model_dump_json().encode())

    said = given.model_dump_json()
    return await _unit(
        parts, asked(caller, "name_paper_tellers", key, ballot_id, network, said), do
    )


async def list_tellers(
    ballot_id: FederatedPath,
    network: NetworkPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_paper_tellers")],
) -> PaperTellersOut:
    """Return who enters the papers of a network without software."""
    return PaperTellersOut(persons=await parts.store.read(tellers_of, ballot_id, network))


async def post_roll(
    ballot_id: FederatedPath,
    network: NetworkPath,
    given: PaperRoll,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("enter_paper_roll")],
    key: IdempotencyKey = None,
) -> Response:
    """Enter how many stand on a network's list of voters, before the vote opens."""

    def do(work: Work) -> Answer:
        found = enter_roll(work, parts.federated, ballot_id, network, given, teller=caller.id)
        return _answer(found, given.model_dump(mode="json"))

    said = given.model_dump_json()
    return await _unit(parts, asked(caller, "enter_paper_roll", key, ballot_id, network, said), do)


async def post_result(
    ballot_id: FederatedPath,
    network: NetworkPath,
    given: PaperResult,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("enter_paper_result")],
    key: IdempotencyKey = None,
) -> Response:
    """Enter what a network's signed paper says of its vote, after the close."""

    def do(work: Work) -> Answer:
        found = enter_result(work, parts.federated, ballot_id, network, given, teller=caller.id)
        return _answer(found, given.model_dump(mode="json"))

    said = given.model_dump_json()
    return await _unit(
        parts, asked(caller, "enter_paper_result", key, ballot_id, network, said), do
    )


async def read_paper(
    ballot_id: FederatedPath,
    network: NetworkPath,
    what: WhatPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_leg_paper")],
) -> LegPaperOut:
    """Return who has entered a paper, whether two agreed, and what you have entered yourself."""

    def read(work: Work) -> tuple[Entered, dict[str, Any] | None]:
        own = own_entry(work, ballot_id, network, what, caller.id)
        return standing(work, ballot_id, network, what), own

    found, own = await parts.store.read(read)
    return _out(found, own)


def _answer(found: Entered, own: dict[str, Any]) -> Answer:
    return Answer(status=200, body=_out(found, own).model_dump_json().encode())


def _out(found: Entered, own: dict[str, Any] | None) -> LegPaperOut:
    return LegPaperOut(
        what=found.what,
        entered_by=list(found.by),
        told=found.told,
        differs=found.differs,
        own=own,
    )


async def _unit(parts: Parts, request: Asked | None, do: Callable[[Work], Answer]) -> Response:
    answer = await parts.store.write(
        lambda work: parts.answers.once(work, request, lambda: do(work))
    )
    parts.changed()
    return answer.response()
