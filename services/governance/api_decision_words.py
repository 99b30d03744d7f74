"""HTTP of a decision's words: support, roles, versions, translations, options, amendments."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.governance.api_decision_models import (
    AcceptIn,
    AmendmentAnswerIn,
    AmendmentIn,
    ConfirmIn,
    OptionIn,
    ReasonIn,
    RoleIn,
    SaidIn,
    TakenOut,
    VersionIn,
    WordsIn,
)
from services.governance.decision_desk import COMMON, DecisionPath, NumberPath, step
from services.governance.parts import PartsDep
from services.governance.process import discussing, proposing
from services.governance.process import refusals as no
from services.governance.rules import Code
from shared.access import Caller
from shared.contracts.fields import Language
from shared.edge import IfMatch
from shared.gate import allowed
from shared.idempotency import IdempotencyKey
from shared.problems import refusals
from shared.refusals import Refusal

CodePath = Annotated[Code, Path(description="The option's short name.")]
LanguagePath = Annotated[Language, Path(examples=["fr"])]
_AT = "/decisions/{decision_id}"


def router() -> APIRouter:
    """Return the paths."""
    made = APIRouter()

    def put(method: str, path: str, endpoint: Any, *more: type[Refusal]) -> None:
        made.add_api_route(
            f"{_AT}{path}", endpoint, methods=[method], operation_id=endpoint.__name__,
            response_model=TakenOut, responses=refusals(*COMMON, *more),
        )  # fmt: skip

    text = "/versions/{number}/texts/{language}"
    put("PUT", "/support", support_idea, no.AlreadySo, no.RecordFull)
    put("DELETE", "/support", end_support, no.AlreadySo)
    put("PUT", "/roles/{role}", give_role, no.NotKeeper)
    put(
        "POST", "/versions", write_version, no.NotProposer, no.SupportLacking, no.NoWords,
        no.NoSuchPart, no.RecordFull, no.RoundsOver,
    )  # fmt: skip
    put(
        "PUT", text, write_translation, no.VersionOutdated, no.NotTheirs, no.AlreadySo,
        no.NoWords, no.RecordFull,
    )  # fmt: skip
    put(
        "PUT", f"{text}/confirmation", confirm_translation, no.VersionOutdated, no.NoSuchPart,
        no.WordsChanged, no.OwnTranslation, no.AlreadySo,
    )  # fmt: skip
    put(
        "PUT", "/options/{code}", put_option, no.NotTheirs, no.OptionsUnfit, no.NoWords,
        no.RecordFull, no.AlreadySo,
    )  # fmt: skip
    put("POST", "/options/{code}/drop", drop_option, no.NoSuchPart, no.NotTheirs, no.NoWords)
    put(
        "PUT", "/options/{code}/candidacy", answer_candidacy, no.NoSuchPart, no.NotTheirs,
        no.AlreadySo,
    )  # fmt: skip
    put(
        "POST", "/amendments", propose_amendment, no.VersionOutdated, no.NoWords, no.AlreadySo,
        no.RecordFull,
    )  # fmt: skip
    put(
        "PUT", "/amendments/{number}/answer", answer_amendment, no.NoSuchPart, no.NotProposer,
        no.AmendmentClosed, no.NoWords, no.RecordFull, no.RoundsOver,
    )  # fmt: skip
    put(
        "POST", "/amendments/{number}/withdraw", withdraw_amendment, no.NoSuchPart, no.NotTheirs,
        no.AmendmentClosed,
    )  # fmt: skip
    put("POST", "/questions", ask_question, no.NoWords, no.RecordFull)
    put(
        "PUT", "/questions/{number}/answer", answer_question, no.NoSuchPart, no.NotProposer,
        no.AlreadySo, no.NoWords,
    )  # fmt: skip
    return made


async def support_idea(
    decision_id: DecisionPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("support_idea")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Support an idea."""
    return await step(
        parts, caller, "support_idea", decision_id,
        lambda one, actor, now: proposing.supported(one, actor, now=now),
        key=key, if_match=if_match,
    )  # fmt: skip


async def end_support(
    decision_id: DecisionPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("end_support")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Support an idea no longer."""
    return await step(
        parts, caller, "end_support", decision_id,
        lambda one, actor, now: proposing.support_ended(one, actor, now=now),
        key=key, if_match=if_match,
    )  # fmt: skip


async def give_role(
    decision_id: DecisionPath,
    role: Annotated[Code, Path(description="`facilitator`, `proposer`, `panel`, `tellers`.")],
    given: RoleIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("give_role")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Give a role in the decision to persons; whoever had it before has it no more."""
    return await step(
        parts, caller, "give_role", decision_id,
        lambda one, actor, now: proposing.role_given(
            one, actor, role=role, persons=tuple(given.persons), now=now
        ),
        key=key, if_match=if_match, said=role + given.model_dump_json(),
    )  # fmt: skip


async def write_version(
    decision_id: DecisionPath,
    given: VersionIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("write_version")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Write a new version; translations that are not among its texts have to be made again."""
    texts = {language: (words.title, words.text) for language, words in given.texts.items()}
    return await step(
        parts, caller, "write_version", decision_id,
        lambda one, actor, now: proposing.version_written(
            one, actor, language=given.language, texts=texts, now=now
        ),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def write_translation(
    decision_id: DecisionPath,
    number: NumberPath,
    language: LanguagePath,
    given: WordsIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("write_translation")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Put the newest version into another language; somebody else confirms it."""
    return await step(
        parts, caller, "write_translation", decision_id,
        lambda one, actor, now: proposing.translation_written(
            one, actor, version=number, language=language, title=given.title, text=given.text,
            now=now,
        ),
        key=key, if_match=if_match, said=f"{number} {language} {given.model_dump_json()}",
    )  # fmt: skip


async def confirm_translation(
    decision_id: DecisionPath,
    number: NumberPath,
    language: LanguagePath,
    given: ConfirmIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("confirm_translation")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Say that a translation, the words of the options too, is right as it stands."""
    return await step(
        parts, caller, "confirm_translation", decision_id,
        lambda one, actor, now: proposing.translation_confirmed(
            one, actor, version=number, language=language, hash_=given.hash, alone=given.alone,
            now=now,
        ),
        key=key, if_match=if_match, said=f"{number} {language} {given.model_dump_json()}",
    )  # fmt: skip


async def put_option(
    decision_id: DecisionPath,
    code: CodePath,
    given: OptionIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("put_option")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Put up an option, or change it; members put up candidates, who have to accept."""
    words = {language: (said.title, said.text) for language, said in given.words.items()}
    return await step(
        parts, caller, "put_option", decision_id,
        lambda one, actor, now: proposing.option_put(
            one, actor, code=code, sort=given.sort, words=words, cost=given.cost,
            groups=tuple(given.groups), person=given.person, now=now,
        ),
        key=key, if_match=if_match, said=code + given.model_dump_json(),
    )  # fmt: skip


async def drop_option(
    decision_id: DecisionPath,
    code: CodePath,
    given: ReasonIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("drop_option")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Take an option off the ballot, and say why."""
    return await step(
        parts, caller, "drop_option", decision_id,
        lambda one, actor, now: proposing.option_dropped(
            one, actor, code=code, reason=given.reason, now=now
        ),
        key=key, if_match=if_match, said=code + given.model_dump_json(),
    )  # fmt: skip


async def answer_candidacy(
    decision_id: DecisionPath,
    code: CodePath,
    given: AcceptIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("answer_candidacy")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Say as a candidate whether you stand."""
    return await step(
        parts, caller, "answer_candidacy", decision_id,
        lambda one, actor, now: proposing.candidacy_answered(
            one, actor, code=code, accepts=given.accepts, now=now
        ),
        key=key, if_match=if_match, said=code + given.model_dump_json(),
    )  # fmt: skip


async def propose_amendment(
    decision_id: DecisionPath,
    given: AmendmentIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("propose_amendment")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Propose other words for the newest version."""
    return await step(
        parts, caller, "propose_amendment", decision_id,
        lambda one, actor, now: discussing.amendment_proposed(
            one, actor, **given.model_dump(), now=now
        ),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def answer_amendment(
    decision_id: DecisionPath,
    number: NumberPath,
    given: AmendmentAnswerIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("answer_amendment")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Take an amendment in, which makes a new version; or reject it, and say why."""
    return await step(
        parts, caller, "answer_amendment", decision_id,
        lambda one, actor, now: (
            discussing.amendment_accepted(one, actor, number=number, now=now)
            if given.accept
            else discussing.amendment_rejected(
                one, actor, number=number, reason=given.reason, now=now
            )
        ),
        key=key, if_match=if_match, said=f"{number} {given.model_dump_json()}",
    )  # fmt: skip


async def withdraw_amendment(
    decision_id: DecisionPath,
    number: NumberPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("withdraw_amendment")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Take your amendment back."""
    return await step(
        parts, caller, "withdraw_amendment", decision_id,
        lambda one, actor, now: discussing.amendment_withdrawn(one, actor, number=number, now=now),
        key=key, if_match=if_match, said=str(number),
    )  # fmt: skip


async def ask_question(
    decision_id: DecisionPath,
    given: SaidIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("ask_question")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Ask a question."""
    return await step(
        parts, caller, "ask_question", decision_id,
        lambda one, actor, now: discussing.question_asked(
            one, actor, language=given.language, text=given.text, now=now
        ),
        key=key, if_match=if_match, said=given.model_dump_json(),
    )  # fmt: skip


async def answer_question(
    decision_id: DecisionPath,
    number: NumberPath,
    given: SaidIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("answer_question")],
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Answer a question, as the proposer or for them."""
    return await step(
        parts, caller, "answer_question", decision_id,
        lambda one, actor, now: discussing.question_answered(
            one, actor, number=number, language=given.language, text=given.text, now=now
        ),
        key=key, if_match=if_match, said=f"{number} {given.model_dump_json()}",
    )  # fmt: skip
