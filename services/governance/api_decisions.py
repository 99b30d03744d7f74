"""HTTP of decisions: begun, listed, read, with their history; templates and methods."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.governance import (
    api_decision_course,
    api_decision_objections,
    api_decision_words,
    decision_handlers,
    decision_lists,
    decision_rows,
    decision_views,
    templates,
)
from services.governance.api_decision_models import (
    BeginIn,
    DecisionItem,
    DecisionOut,
    LinkOut,
    MethodOut,
    MethodsOut,
    ObjectionItem,
    OutcomeOut,
    ShownWords,
    TakenOut,
    TemplateOut,
    VersionOut,
)
from services.governance.decision_desk import (
    DecisionPath,
    LangQuery,
    actor_of,
    tag_of,
    taken,
    unit,
)
from services.governance.decision_handlers import NoSuchTemplate, SubjectMissing
from services.governance.parts import PartsDep
from services.governance.process.actors import part
from services.governance.process.refusals import NoSuchPart, NotTheirs, NoWords, SupportLacking
from services.governance.process.wording import in_language
from services.governance.rules import OFFERED, Method
from services.governance.templates import LANGUAGES, Template
from shared.access import REFUSALS, Caller
from shared.cleaning import language_tag
from shared.edge import AfterQuery, IfNoneMatch, SizeQuery, not_modified
from shared.etag import BadMatch, unchanged
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

PhaseQuery = Annotated[
    Literal[
        "", "idea", "proposal", "noticed", "voting", "closed", "decided", "followed-up",
        "appealed", "annulled", "withdrawn",
    ],
    Query(),
]  # fmt: skip


def router() -> APIRouter:
    """Return the paths of decisions."""
    made = APIRouter(tags=["decisions"])
    made.get("/templates", operation_id="list_templates")(list_templates)
    made.get("/methods", operation_id="list_methods")(list_methods)
    made.post(
        "/decisions", operation_id="begin_decision", status_code=201, response_model=TakenOut,
        responses=refusals(
            *REFUSALS, NoSuchTemplate, SubjectMissing, NoWords, SupportLacking, NotTheirs, Missing,
            KeyReused,
        ),
    )(begin_decision)  # fmt: skip
    made.get("/decisions", operation_id="list_decisions", responses=refusals(*REFUSALS, BadCursor))(
        list_decisions
    )
    made.get(
        "/decisions/{decision_id}", operation_id="read_decision", response_model=DecisionOut,
        responses={
            304: {"description": "You have it as it is"}, **refusals(*REFUSALS, Missing, BadMatch)
        },
    )(read_decision)  # fmt: skip
    made.get(
        "/decisions/{decision_id}/versions/{number}", operation_id="read_version",
        responses=refusals(*REFUSALS, Missing, NoSuchPart),
    )(read_version)  # fmt: skip
    made.get(
        "/decisions/{decision_id}/history", operation_id="read_history",
        responses=refusals(*REFUSALS, Missing, BadCursor),
    )(read_history)  # fmt: skip
    made.get(
        "/decisions/{decision_id}/outcome", operation_id="read_outcome",
        responses=refusals(*REFUSALS, Missing),
    )(read_outcome)  # fmt: skip
    made.get(
        "/objections", operation_id="list_objections", responses=refusals(*REFUSALS, BadCursor)
    )(list_objections)
    made.include_router(api_decision_words.router())
    made.include_router(api_decision_objections.router())
    made.include_router(api_decision_course.router())
    return made


async def list_templates(
    caller: Annotated[Caller, allowed("list_templates")], lang: LangQuery = "en"
) -> list[TemplateOut]:
    """List the sorts of decisions, each with the rule that it begins with."""
    return [_template(one, lang) for one in templates.TEMPLATES.values()]


async def list_methods(
    caller: Annotated[Caller, allowed("list_methods")], lang: LangQuery = "en"
) -> MethodsOut:
    """List the methods of counting: those that are offered, and the others."""
    return MethodsOut(
        offered=[_method(one, lang) for one in OFFERED],
        more=[_method(one, lang) for one in Method if one not in OFFERED],
    )


async def begin_decision(
    given: BeginIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("begin_decision")],
    key: IdempotencyKey = None,
) -> Response:
    """Begin a decision: as an idea that others support, or as a proposal at once."""
    if given.entity and not caller.speaks_for(given.entity):
        raise NotTheirs("that entity has given you no mandate")
    known = decision_handlers.template_of(given.template)

    def do(work: Work) -> Answer:
        decision_id = decision_handlers.begin(
            work,
            actor_of(caller),
            **given.model_dump(),
            support_min=parts.settings.idea_support_min if known.supported else 0,
        )
        kept = decision_rows.kept(work, decision_id)
        headers = {"Location": f"decisions/{decision_id}", "ETag": tag_of(kept)}
        return Answer(status=201, body=orjson.dumps(taken(kept)), headers=headers)

    return await unit(parts, asked(caller, "begin_decision", key, given.model_dump_json()), do)


async def list_decisions(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_decisions")],
    phase: PhaseQuery = "",
    needs: Annotated[
        Literal["", "me"], Query(description="`me`: those that wait for something from you.")
    ] = "",
    template: Annotated[str, Query(max_length=64)] = "",
    lang: LangQuery = "en",
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[DecisionItem]:
    """List decisions, the newest first."""
    before = cursor_values(after, str)[0] if after is not None else ""

    def read(work: Work) -> list[decision_lists.Listed]:
        if needs:
            return decision_lists.awaiting(
                work, actor_of(caller), phase=phase, before=before, most=size + 1
            )
        return decision_lists.decisions(
            work, phase=phase, template=template, before=before, most=size + 1
        )

    rows = await parts.store.read(read)
    return page(
        rows,
        size=size,
        shown=lambda one: _in_list(one, language_tag(lang)),
        order=lambda one: (one.row.id,),
    )


async def read_decision(
    decision_id: DecisionPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_decision")],
    lang: LangQuery = "en",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a decision, whole, with its words in a language."""
    kept = await parts.store.read(decision_rows.kept, decision_id)
    language = language_tag(lang)
    tag = tag_of(kept, language)
    if unchanged(if_none_match, tag):
        return not_modified(tag)
    found = decision_views.shown(kept, language=language, languages=parts.settings.charter)
    headers = {"ETag": tag, "Content-Language": found["words"]["language"]}
    return Response(orjson.dumps(found), headers=headers, media_type="application/json")


async def read_version(
    decision_id: DecisionPath,
    number: Annotated[int, Path(ge=1, le=100_000)],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_version")],
) -> VersionOut:
    """Return a version of a proposal with its words in every language."""
    kept = await parts.store.read(decision_rows.kept, decision_id)
    version = part(kept.decision.versions, number)
    texts = {
        tag: ShownWords(language=tag, title=text.words.title, text=text.words.text)
        for tag, text in version.texts.items()
    }
    return VersionOut(
        number=version.number,
        authoritative=version.language,
        by=version.by,
        at=version.at,
        texts=texts,
    )


async def read_history(
    decision_id: DecisionPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_history")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[LinkOut]:
    """Return the steps of a decision, the first one first, each with the hash of the one before.

    The hash of a step is the SHA-256 of `twiza:decision-step:1`, a zero byte, then
    `<previous>:<decision>:<number>:<length of body>:` and the body.
    """
    from_number = cursor_values(after, int)[0] if after is not None else 0

    def read(work: Work) -> list[decision_rows.Link]:
        found = decision_rows.links(work, decision_id, after=from_number, most=size + 1)
        if not found and not from_number:
            raise Missing()
        return found

    rows = await parts.store.read(read)
    return page(rows, size=size, shown=_link, order=lambda one: (one.number,))


async def read_outcome(
    decision_id: DecisionPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_outcome")],
) -> OutcomeOut:
    """Return what came of a decision: the count, who sees to it, how it goes, appeals."""
    kept = await parts.store.read(decision_rows.kept, decision_id)
    found = decision_views.shown(kept, language="en", languages=())
    return OutcomeOut.model_validate({name: found[name] for name in OutcomeOut.model_fields})


async def list_objections(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_objections")],
    state: Annotated[
        Literal[
            "", "unanswered", "raised", "validated", "not-validated", "integrated", "withdrawn",
            "stands",
        ],
        Query(),
    ] = "",
    decision: Annotated[str, Query(pattern=r"^([0-9a-f-]{36})?$")] = "",
    lang: LangQuery = "en",
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[ObjectionItem]:  # fmt: skip
    """List the register of objections, the newest first: every one, with what became of it."""
    before = cursor_values(after, str, str, int) if after is not None else None
    rows = await parts.store.read(
        decision_lists.objections,
        state=state,
        decision_id=decision,
        before=before,
        most=size + 1,
    )
    return page(
        rows,
        size=size,
        shown=lambda row: _objection(row, language_tag(lang)),
        order=lambda row: (row.raised_at, row.decision, row.number),
    )


def _in_list(one: decision_lists.Listed, language: str) -> DecisionItem:
    row = one.row
    titles = decision_lists.titles(row.titles)
    tag = in_language(titles, language, else_in="")
    fields = {name: getattr(row, name) for name in DecisionItem.model_fields if name in row._fields}
    return DecisionItem.model_validate(
        fields
        | {
            "label": templates.label(row.template, language),
            "language": tag,
            "title": titles[tag],
            "needs": [{"what": what, "due": due} for what, due in one.needs],
        }
    )


def _objection(row: Any, language: str) -> ObjectionItem:
    titles = decision_lists.titles(row.titles)
    own = ("decision", "number", "state", "ground", "raised_at", "due_at", "answered_at", "phase")
    return ObjectionItem.model_validate(
        {name: getattr(row, name) for name in own}
        | orjson.loads(row.said)
        | {"title": titles[in_language(titles, language, else_in="")]}
    )


def _link(one: decision_rows.Link) -> LinkOut:
    return LinkOut(
        number=one.number,
        step=orjson.loads(one.body),
        body=one.body,
        previous=one.previous,
        hash=one.hash,
    )


def _template(one: Template, language: str) -> TemplateOut:
    label, text = templates.words(one.code, language)
    return TemplateOut(
        code=one.code,
        label=label,
        text=text,
        labels={tag: templates.label(one.code, tag) for tag in LANGUAGES},
        rule=one.rule.model_dump(mode="json"),
        rule_hash=one.rule.hash,
        asks=list(one.asks),
        stricter_only=list(one.floor),
        fallback=one.fallback.model_dump(mode="json") if one.fallback else None,
        about_somebody=one.about_somebody,
        presets=dict(one.presets),
    )


def _method(method: Method, language: str) -> MethodOut:
    code = templates.method_code(method)
    label, text = templates.words(code, language)
    return MethodOut(
        code=method.value,
        label=label,
        text=text,
        labels={tag: templates.label(code, tag) for tag in LANGUAGES},
    )
