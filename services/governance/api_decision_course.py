"""HTTP of a decision's course: notice, withdrawal, outcome, follow-up, appeals, another try."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from services.governance import decision_handlers, decision_rows
from services.governance.api_decision_models import (
    AgainIn,
    AppealIn,
    AppealJudgementIn,
    FollowUpIn,
    MaybeReasonIn,
    NoticeIn,
    OutcomeIn,
    TakenOut,
)
from services.governance.decision_ballots import recount_decision as recount
from services.governance.decision_desk import (
    COMMON,
    DecisionPath,
    NumberPath,
    actor_of,
    matching,
    step,
    tag_of,
    taken,
    unit,
)
from services.governance.parts import PartsDep
from services.governance.process import appealing, calling, concluding
from services.governance.process import refusals as no
from services.governance.process.facts import File
from shared.access import Caller
from shared.edge import IfMatch
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, asked
from shared.problems import refusals
from shared.refusals import Refusal
from shared.store import Work


def router() -> APIRouter:
    """Return the paths."""
    made = APIRouter()

    def put(path: str, endpoint: Any, *more: type[Refusal], status: int = 200) -> None:
        made.add_api_route(
            f"/decisions/{{decision_id}}{path}", endpoint, methods=["POST"], status_code=status,
            operation_id=endpoint.__name__, response_model=TakenOut,
            responses=refusals(*COMMON, *more),
        )  # fmt: skip

    owner = (no.NotKeeper, no.OwnerUnfit)
    put(
        "/notice", give_notice, no.NotKeeper, no.AmendmentsOpen, no.ObjectionUnanswered,
        no.ObjectionsStand, no.TextLacking, no.OptionsUnfit, no.TimesUnfit, no.RuleNotOfTemplate,
    )  # fmt: skip
    put("/withdrawal", withdraw_decision, no.NotProposer, no.NoWords)
    put("/outcome", settle_outcome, *owner)
    put("/follow-up", report_follow_up, *owner, no.NoWords)
    put("/files", attach_file, *owner, no.AlreadySo, no.RecordFull)
    put("/appeals", raise_appeal, no.AppealsOver, no.AlreadySo, no.RecordFull, no.NoWords)
    put(
        "/appeals/{number}/judgement", judge_appeal, no.NoSuchPart, no.NotKeeper, no.DecidedIt,
        no.AppealElsewhere, no.AlreadySo, no.NoWords,
    )  # fmt: skip
    put("/appeals/{number}/recount", recount_decision, no.NoSuchPart, no.AppealElsewhere)
    put(
        "/second-call", call_again, no.NotKeeper, no.NoSecondCall, no.AlreadySo, no.TimesUnfit,
        status=201,
    )  # fmt: skip
    put("/new-vote", vote_anew, no.NotKeeper, no.NoNewVote, no.AlreadySo, status=201)
    return made


async def give_notice(
    decision_id: DecisionPath,
    given: NoticeIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("give_notice")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Announce a decision: the rule, the words and the times are fixed from now on."""
    return await step(
        parts, caller, "give_notice", decision_id,
        lambda one, actor, now: decision_handlers.give_notice(
            one, actor, rule=given.rule, languages=parts.settings.charter, now=now,
            **given.times(),
        ),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def withdraw_decision(
    decision_id: DecisionPath,
    given: MaybeReasonIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("withdraw_decision")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Take a decision back before its ballot opens; keepers give a reason."""
    return await step(
        parts, caller, "withdraw_decision", decision_id,
        lambda one, actor, now: calling.withdrawn(one, actor, reason=given.reason, now=now),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def settle_outcome(
    decision_id: DecisionPath,
    given: OutcomeIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("settle_outcome")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Say who sees to what was adopted and until when; or that nothing follows."""
    return await step(
        parts, caller, "settle_outcome", decision_id,
        lambda one, actor, now: concluding.settled(
            one, actor, owner=given.owner, deadline=given.deadline, task=given.task, now=now
        ),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def report_follow_up(
    decision_id: DecisionPath,
    given: FollowUpIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("report_follow_up")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Say that what was adopted is done, or will not be done and why."""
    return await step(
        parts, caller, "report_follow_up", decision_id,
        lambda one, actor, now: (
            concluding.done(one, actor, report=given.report, files=given.files, now=now)
            if given.state == "done"
            else concluding.dropped(one, actor, reason=given.report, files=given.files, now=now)
        ),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def attach_file(
    decision_id: DecisionPath,
    given: File,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("attach_file")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Attach accounts, or another file, by its hash to what was adopted."""
    return await step(
        parts, caller, "attach_file", decision_id,
        lambda one, actor, now: concluding.attached(one, actor, file=given, now=now),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def raise_appeal(
    decision_id: DecisionPath,
    given: AppealIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("raise_appeal")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Appeal against how it was decided."""
    return await step(
        parts, caller, "raise_appeal", decision_id,
        lambda one, actor, now: appealing.appealed(
            one, actor, ground=given.ground, language=given.language, text=given.text, now=now
        ),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def judge_appeal(
    decision_id: DecisionPath,
    number: NumberPath,
    given: AppealJudgementIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("judge_appeal")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Judge an appeal, with reasons, as somebody who did not decide; two who agree decide it."""
    return await step(
        parts, caller, "judge_appeal", decision_id,
        lambda one, actor, now: appealing.appeal_judged(
            one, actor, number=number, order=given.order, reasons=given.reasons, now=now
        ),
        key=key, if_match=if_match, said=f"{number} {given.model_dump_json()}",
    )  # fmt: skip


async def recount_decision(
    decision_id: DecisionPath,
    number: NumberPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("recount_decision")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Count the ballots again, as an appeal has ordered."""

    def do(work: Work) -> Answer:
        recount(
            work, decision_id, actor_of(caller), appeal=number, now=work.now,
            matches=matching(if_match),
        )  # fmt: skip
        return _now(work, decision_id, status=200)

    request = asked(caller, "recount_decision", key, decision_id, str(number), if_match)
    return await unit(parts, request, do)


async def call_again(
    decision_id: DecisionPath,
    given: AgainIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("call_again")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Call a ballot for the second time, where the quorum of the first was not reached."""

    def do(work: Work) -> Answer:
        new_id = decision_handlers.call_again(
            work, decision_id, actor_of(caller), matches=matching(if_match),
            opens_at=given.opens_at, closes_at=given.closes_at,
        )  # fmt: skip
        return _now(work, new_id, status=201)

    request = asked(caller, "call_again", key, decision_id, given.model_dump_json(), if_match)
    return await unit(parts, request, do)


async def vote_anew(
    decision_id: DecisionPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("vote_anew")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Begin the new vote that an appeal has ordered, as a proposal with the same words."""

    def do(work: Work) -> Answer:
        new_id = decision_handlers.vote_anew(
            work, decision_id, actor_of(caller), matches=matching(if_match)
        )
        return _now(work, new_id, status=201)

    request = asked(caller, "vote_anew", key, decision_id, if_match)
    return await unit(parts, request, do)


def _now(work: Work, decision_id: str, *, status: int) -> Answer:
    kept = decision_rows.kept(work, decision_id)
    headers = {"ETag": tag_of(kept)}
    if status == 201:
        headers["Location"] = f"decisions/{decision_id}"
    return Answer(status=status, body=orjson.dumps(taken(kept)), headers=headers)
