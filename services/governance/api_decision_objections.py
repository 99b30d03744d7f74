"""HTTP of objections: raised, judged, answered; and of the rounds in which they are heard."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from services.governance.api_decision_models import (
    AnswerIn,
    JudgementIn,
    MaybeReasonIn,
    ObjectionIn,
    ReasonIn,
    TakenOut,
)
from services.governance.decision_desk import COMMON, DecisionPath, NumberPath, step
from services.governance.parts import PartsDep
from services.governance.process import objecting
from services.governance.process import refusals as no
from shared.access import Caller
from shared.edge import IfMatch
from shared.gate import allowed
from shared.idempotency import IdempotencyKey
from shared.problems import refusals
from shared.refusals import Refusal


def router() -> APIRouter:
    """Return the paths."""
    made = APIRouter()

    def put(method: str, path: str, endpoint: Any, *more: type[Refusal]) -> None:
        made.add_api_route(
            f"/decisions/{{decision_id}}{path}", endpoint, methods=[method],
            operation_id=endpoint.__name__, response_model=TakenOut,
            responses=refusals(*COMMON, *more),
        )  # fmt: skip

    one = "/objections/{number}"
    wrong = (no.NoSuchPart, no.ObjectionElsewhere)
    put(
        "POST", "/objections", raise_objection, no.ObjectionsOver, no.NotTheirs, no.NoWords,
        no.RecordFull,
    )  # fmt: skip
    put(
        "POST", f"{one}/judgement", judge_objection, *wrong, no.NotKeeper, no.JudgesOwn,
        no.NoWords,
    )  # fmt: skip
    put("POST", f"{one}/appeal", appeal_objection, *wrong, no.NotTheirs, no.NoWords)
    put(
        "POST", f"{one}/integrate", integrate_objection, *wrong, no.NotProposer,
        no.VersionOutdated,
    )  # fmt: skip
    put("POST", f"{one}/withdraw", withdraw_objection, *wrong, no.NotTheirs)
    put("POST", f"{one}/answer", answer_objection, *wrong, no.NotKeeper, no.NoWords)
    put("POST", "/rounds", end_round, no.NotKeeper, no.ObjectionUnanswered, no.RoundsOver)
    put("POST", "/fallback", call_fallback, no.NotProposer, no.NoFallback)
    return made


async def raise_objection(
    decision_id: DecisionPath,
    given: ObjectionIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("raise_objection")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Object to the newest version: on what ground, what harm, what would have to change."""
    return await step(
        parts, caller, "raise_objection", decision_id,
        lambda one, actor, now: objecting.objection_raised(
            one, actor, **given.model_dump(), now=now
        ),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def judge_objection(
    decision_id: DecisionPath,
    number: NumberPath,
    given: JudgementIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("judge_objection")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Say whether an objection is one on its ground, and why; after an appeal, for good."""
    return await step(
        parts, caller, "judge_objection", decision_id,
        lambda one, actor, now: objecting.objection_judged(
            one, actor, number=number, valid=given.valid, reason=given.reason, now=now
        ),
        key=key, if_match=if_match, said=f"{number} {given.model_dump_json()}",
    )  # fmt: skip


async def appeal_objection(
    decision_id: DecisionPath,
    number: NumberPath,
    given: ReasonIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("appeal_objection")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Ask, as the objector, that somebody else judges."""
    return await step(
        parts, caller, "appeal_objection", decision_id,
        lambda one, actor, now: objecting.objection_appealed(
            one, actor, number=number, reason=given.reason, now=now
        ),
        key=key, if_match=if_match, said=f"{number} {given.model_dump_json()}",
    )  # fmt: skip


async def integrate_objection(
    decision_id: DecisionPath,
    number: NumberPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("integrate_objection")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Say, as the proposer, that the newest version takes the objection in."""
    return await step(
        parts, caller, "integrate_objection", decision_id,
        lambda one, actor, now: objecting.objection_integrated(
            one, actor, number=number, now=now
        ),
        key=key, if_match=if_match, said=str(number),
    )  # fmt: skip


async def withdraw_objection(
    decision_id: DecisionPath,
    number: NumberPath,
    given: MaybeReasonIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("withdraw_objection")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Take your objection back."""
    return await step(
        parts, caller, "withdraw_objection", decision_id,
        lambda one, actor, now: objecting.objection_withdrawn(
            one, actor, number=number, reason=given.reason, now=now
        ),
        key=key, if_match=if_match, said=f"{number} {given.model_dump_json()}",
    )  # fmt: skip


async def answer_objection(
    decision_id: DecisionPath,
    number: NumberPath,
    given: AnswerIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("answer_objection")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Answer a valid objection that is not taken in: it stands."""
    return await step(
        parts, caller, "answer_objection", decision_id,
        lambda one, actor, now: objecting.objection_stood(
            one, actor, number=number, answer=given.answer, now=now
        ),
        key=key, if_match=if_match, said=f"{number} {given.model_dump_json()}",
    )  # fmt: skip


async def end_round(
    decision_id: DecisionPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("end_round")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """End a round of consent: the record says which objections stand."""
    return await step(
        parts, caller, "end_round", decision_id,
        lambda one, actor, now: objecting.round_ended(one, actor, now=now),
        key=key, if_match=if_match,
    )  # fmt: skip


async def call_fallback(
    decision_id: DecisionPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("call_fallback")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Call a vote, as the proposer, where two rounds have not found consent."""
    return await step(
        parts, caller, "call_fallback", decision_id,
        lambda one, actor, now: objecting.fallback_called(one, actor, now=now),
        key=key, if_match=if_match,
    )  # fmt: skip
