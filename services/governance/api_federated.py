"""HTTP of ballots between networks: call one, answer, object; read where each of them stands.

Members vote in the ballot of their own node, which ``local`` names, by the paths of every ballot.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from services.governance import federated_answers as answers
from services.governance import federated_handlers as handlers
from services.governance import federated_objections as objections
from services.governance import federated_shown
from services.governance.api_federated_models import (
    ActedOut,
    FederatedItem,
    FederatedPath,
    ObjectionAnswerIn,
    ObjectionPath,
    ObjectionStepIn,
    SponsorIn,
    TogetherAnswerIn,
    TogetherCallIn,
    TogetherObjectionIn,
    TogetherPrepareIn,
    TogetherReasonIn,
)
from services.governance.federated.ballot import state_at
from services.governance.federated_refusals import (
    ACTING_REFUSALS,
    CALLING_REFUSALS,
    NoLocalDecision,
    NoticeUnfit,
    ReasonLacking,
)
from services.governance.parts import Parts, PartsDep
from shared.access import REFUSALS, Caller
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import Answer, Asked, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing, Refusal
from shared.store import Work

COMMON: Final[tuple[type[Refusal], ...]] = (*REFUSALS, Missing, KeyReused)
_READ: Final[tuple[type[Refusal], ...]] = (*REFUSALS, Missing)


def router() -> APIRouter:
    """Return the paths of ballots between networks."""
    made = APIRouter(prefix="/federated", tags=["ballots between networks"])

    def put(path: str, endpoint: Any, *more: type[Refusal], status: int = 200) -> None:
        made.add_api_route(
            path, endpoint, methods=["POST"], status_code=status, operation_id=endpoint.__name__,
            response_model=ActedOut, responses=refusals(*COMMON, *more),
        )  # fmt: skip

    def get(path: str, endpoint: Any, *more: type[Refusal]) -> None:
        made.add_api_route(
            path, endpoint, methods=["GET"], operation_id=endpoint.__name__,
            responses=refusals(*_READ, *more),
        )  # fmt: skip

    one = "/ballots/{ballot_id}"
    get("/ballots", list_federated_ballots, BadCursor)
    put("/preparations", prepare_federated_ballot, *CALLING_REFUSALS, status=201)
    put("/ballots", convene_federated_ballot, *CALLING_REFUSALS, *ACTING_REFUSALS, status=201)
    get(one, read_federated_ballot)
    get(f"{one}/outcome", read_federated_outcome)
    put(f"{one}/sponsorship", sponsor_federated_ballot, *ACTING_REFUSALS)
    put(f"{one}/answer", answer_federated_ballot, *ACTING_REFUSALS, NoLocalDecision, ReasonLacking)
    put(f"{one}/withdrawal", withdraw_federated_ballot, *ACTING_REFUSALS)
    put(f"{one}/objections", object_to_federated_ballot, *ACTING_REFUSALS, NoticeUnfit, status=201)
    put(f"{one}/objections/{{objection}}/step", step_federated_objection, *ACTING_REFUSALS)
    put(f"{one}/objections/{{objection}}/answer", answer_federated_objection, *ACTING_REFUSALS)
    return made


async def list_federated_ballots(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_federated_ballots")],
    state: Annotated[str, Query(pattern=r"^[a-z-]{0,20}$", examples=["open"])] = "",
    association: Annotated[str, Query(pattern=r"^[a-z0-9:-]{0,69}$")] = "",
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[FederatedItem]:
    """List ballots between networks of which this one has heard, with what waits for it."""
    beyond = cursor_values(after, str)[0] if after is not None else ""
    rows = await parts.store.read(
        lambda work: federated_shown.listed(
            work, state=state, association=association, after=beyond, most=size + 1
        )
    )
    return page(
        rows,
        size=size,
        shown=lambda one: FederatedItem.model_validate(one),
        order=lambda one: (one["id"],),
    )


async def read_federated_ballot(
    ballot_id: FederatedPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_federated_ballot")],
) -> Response:
    """Return a ballot between networks as it stands here: question, legs, what is due."""
    found = await parts.store.read(federated_shown.shown, ballot_id, me=parts.node)
    return Response(orjson.dumps(found), media_type="application/json")


async def read_federated_outcome(
    ballot_id: FederatedPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_federated_outcome")],
) -> Response:
    """Return the certified outcome, from what it was computed, and who has computed it."""
    found = await parts.store.read(federated_shown.outcome_shown, ballot_id)
    return Response(orjson.dumps(found), media_type="application/json")


async def prepare_federated_ballot(
    given: TogetherPrepareIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("prepare_federated_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Ask the networks for their rolls, before a ballot on a matter of the charter is called."""

    def do(work: Work) -> Answer:
        new_id = handlers.prepare(
            work,
            parts.federated,
            association=given.association,
            matter=given.matter,
            legs=given.legs,
            subject=given.subject,
        )
        return _acted(work, new_id, status=201)

    return await _unit(
        parts, asked(caller, "prepare_federated_ballot", key, given.model_dump_json()), do
    )


async def convene_federated_ballot(
    given: TogetherCallIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("convene_federated_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Call a ballot between networks: what its notice says is never changed."""

    def do(work: Work) -> Answer:
        new_id = handlers.convene(work, parts.federated, given.calling())
        return _acted(work, new_id, status=201)

    return await _unit(
        parts, asked(caller, "convene_federated_ballot", key, given.model_dump_json()), do
    )


async def sponsor_federated_ballot(
    ballot_id: FederatedPath,
    given: SponsorIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("sponsor_federated_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Stand for a notice: without enough networks that do there is no ballot."""
    return await _step(
        parts, caller, "sponsor_federated_ballot", ballot_id, given.model_dump_json(), key,
        lambda work: handlers.sponsor(
            work, parts.federated, ballot_id, notice_hash=given.notice_hash or ""
        ),
    )  # fmt: skip


async def answer_federated_ballot(
    ballot_id: FederatedPath,
    given: TogetherAnswerIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("answer_federated_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Take part or not, return the matter to a lower level, or ask for a higher one."""
    return await _step(
        parts, caller, "answer_federated_ballot", ballot_id, given.model_dump_json(), key,
        lambda work: _answered(work, parts, ballot_id, given),
    )  # fmt: skip


async def withdraw_federated_ballot(
    ballot_id: FederatedPath,
    given: TogetherReasonIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("withdraw_federated_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Take back a ballot that this network has called, before it opens anywhere."""
    return await _step(
        parts, caller, "withdraw_federated_ballot", ballot_id, given.model_dump_json(), key,
        lambda work: handlers.withdraw(work, parts.federated, ballot_id, given.reason()),
    )  # fmt: skip


async def object_to_federated_ballot(
    ballot_id: FederatedPath,
    given: TogetherObjectionIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("object_to_federated_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Object to a proposal, for the network or for one of its members."""

    def do(work: Work) -> Answer:
        made = objections.object_to(work, parts.federated, ballot_id, given.objecting())
        return _acted(work, ballot_id, status=201, objection=made)

    return await _unit(
        parts,
        asked(caller, "object_to_federated_ballot", key, ballot_id, given.model_dump_json()),
        do,
    )


async def step_federated_objection(
    ballot_id: FederatedPath,
    objection: ObjectionPath,
    given: ObjectionStepIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("step_federated_objection")],
    key: IdempotencyKey = None,
) -> Response:
    """Withdraw an objection of this network, or appeal against its answer."""
    return await _step(
        parts, caller, "step_federated_objection", ballot_id,
        f"{objection} {given.model_dump_json()}", key,
        lambda work: objections.go_on_with_objection(
            work, parts.federated, ballot_id, objection, state=given.state
        ),
    )  # fmt: skip


async def answer_federated_objection(
    ballot_id: FederatedPath,
    objection: ObjectionPath,
    given: ObjectionAnswerIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("answer_federated_objection")],
    key: IdempotencyKey = None,
) -> Response:
    """Answer an objection, as who has called the ballot; after an appeal as another sponsor."""
    return await _step(
        parts, caller, "answer_federated_objection", ballot_id,
        f"{objection} {given.model_dump_json()}", key,
        lambda work: objections.answer_objection(
            work, parts.federated, ballot_id, objection,
            state=given.state, reason=given.reason.reason(),
        ),
    )  # fmt: skip


def _answered(work: Work, parts: Parts, ballot_id: str, given: TogetherAnswerIn) -> None:
    desk, network, decision = parts.federated, given.network or "", given.decision or ""
    if given.answer == "accept":
        answers.accept(work, desk, ballot_id, network=network, decision=decision)
        return
    if given.reason is None:
        raise ReasonLacking()
    reason = given.reason.reason()
    if given.answer == "decline":
        answers.decline(work, desk, ballot_id, reason, network=network, decision=decision)
    elif given.answer == "return":
        answers.send_back(work, desk, ballot_id, reason, network=network)
    else:
        answers.send_up(
            work, desk, ballot_id, reason, given.escalation(), network=network, decision=decision
        )


async def _step(
    parts: Parts,
    caller: Caller,
    operation: str,
    ballot_id: str,
    said: str,
    key: str | None,
    do: Callable[[Work], None],
) -> Response:
    """Have a network say something of a ballot, once for each request, and answer where it is."""

    def unit(work: Work) -> Answer:
        do(work)
        return _acted(work, ballot_id, status=200)

    return await _unit(parts, asked(caller, operation, key, ballot_id, said), unit)


async def _unit(parts: Parts, request: Asked | None, do: Callable[[Work], Answer]) -> Response:
    answer = await parts.store.write(
        lambda work: parts.answers.once(work, request, lambda: do(work))
    )
    parts.changed()
    return answer.response()


def _acted(work: Work, ballot_id: str, *, status: int, objection: str = "") -> Answer:
    state = state_at(federated_shown.known(work, ballot_id), work.now).value
    body = ActedOut(id=ballot_id, state=state, objection=objection)
    headers = {"Location": f"federated/ballots/{ballot_id}"} if status == 201 else {}
    return Answer(status=status, body=orjson.dumps(body.model_dump()), headers=headers)
