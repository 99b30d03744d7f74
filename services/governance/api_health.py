"""HTTP of the health of governance: thirteen signs with their trends, and what is declared."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.governance.assembly_rows import declarations
from services.governance.health import wording
from services.governance.health.declared import Declaration
from services.governance.health.facts import Facts, Pair
from services.governance.health.signs import SIGNS, Sign, alerts, newest, trend
from services.governance.health_gathering import gathered, limits
from services.governance.health_handlers import NotDecided, YearNotBegun, record_declaration
from services.governance.parts import PartsDep
from shared.access import REFUSALS, Caller
from shared.contracts.fields import Language
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

_ATTESTED: Final = {"by": "Commission de contrôle", "sha256": "ab" * 32}
_FORMS: Final[dict[str, dict[str, Any]]] = {
    "pay": {"highest": 1_350_000, "lowest": 300_000},
    "surplus": {"uses": {"reserves": 450_000, "members": 450_000, "social": 100_000}},
    "workers": {"workers": 42, "members": 31},
    "business": {"turnover": 90_000_000, "outside": 30_000_000},
    "accounts": {"published_on": "2026-04-30"},
}
LangQuery = Annotated[Language, Query(description="In which language.", examples=["fr"])]
DeclarationIn = Annotated[
    Declaration,
    Body(
        discriminator="kind",
        openapi_examples={
            kind: {"value": {"kind": kind, "year": 2025, "attestation": _ATTESTED} | form}
            for kind, form in _FORMS.items()
        },
    ),
]


class FigureOut(BaseModel):
    """A figure beside a sign."""

    code: str = Field(examples=["amended"])
    name: str = Field(examples=["Amended"])
    value: tuple[int, int] = Field(description="As a pair of integers.", examples=[[3, 8]])
    shown: str = Field(examples=["38 %"])


class TrendOut(BaseModel):
    """A sign in one span of time."""

    span: str = Field(examples=["2026-Q3"])
    value: tuple[int, int] | None = Field(examples=[[3, 8]])
    shown: str = Field(examples=["38 %"])
    reason: str = Field(description="Why there is no value.")


class AlertOut(BaseModel):
    """A limit that was passed."""

    name: str = Field(examples=["turnout-low"])
    text: str = Field(examples=["Few take part: 12 %, below 20 %."])
    figure: tuple[int, int]
    limit: tuple[int, int]


class SignOut(BaseModel):
    """One of the thirteen signs."""

    code: str = Field(examples=["turnout"])
    name: str = Field(examples=["Turnout"])
    what: str = Field(description="What it says, in one sentence.")
    unit: str = Field(description="`share`, `ratio`, `count` or `days`.", examples=["share"])
    span: str = Field(description="Of which time the value is.", examples=["2026-Q4"])
    value: tuple[int, int] | None = Field(examples=[[3, 8]])
    shown: str = Field(examples=["38 %"])
    reason: str = Field(description="Why there is no value.")
    trend: list[TrendOut]
    beside: list[FigureOut]
    alerts: list[AlertOut]


class SignsOut(BaseModel):
    """The health of a network's governance. It compares the network with itself alone."""

    at: str
    signs: list[SignOut]
    alerts: int = Field(description="How many limits were passed.")


class DeclaredOut(BaseModel):
    """Something that was declared."""

    id: str
    kind: str = Field(examples=["pay"])
    year: int = Field(examples=[2025])
    by: str
    at: str
    body: dict[str, Any]


def router() -> APIRouter:
    """Return the paths of the health of governance."""
    made = APIRouter(tags=["governance health"])
    made.get("/health", operation_id="read_governance_health", responses=refusals(*REFUSALS))(
        read_governance_health
    )
    made.get(
        "/health/declarations", operation_id="list_declarations",
        responses=refusals(*REFUSALS, BadCursor),
    )(list_declarations)  # fmt: skip
    made.post(
        "/health/declarations", operation_id="declare", status_code=201,
        response_model=DeclaredOut,
        responses=refusals(*REFUSALS, YearNotBegun, NotDecided, KeyReused),
    )(declare)  # fmt: skip
    made.get(
        "/health/{indicator}", operation_id="read_health_indicator",
        responses=refusals(*REFUSALS, Missing),
    )(read_health_indicator)  # fmt: skip
    return made


async def read_governance_health(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_governance_health")],
    lang: LangQuery = "en",
) -> SignsOut:
    """Return the thirteen signs with their trends, and which limits were passed."""
    facts, decided = await parts.store.read(_facts)
    signs = [_sign(sign, facts, decided, lang) for sign in SIGNS.values()]
    return SignsOut(at=facts.now, signs=signs, alerts=sum(len(one.alerts) for one in signs))


async def read_health_indicator(
    indicator: Annotated[str, Path(max_length=64, examples=["turnout"])],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_health_indicator")],
    lang: LangQuery = "en",
) -> SignOut:
    """Return one sign with its trend, its definition and its alerts."""
    sign = SIGNS.get(indicator)
    if sign is None:
        raise Missing()
    facts, decided = await parts.store.read(_facts)
    return _sign(sign, facts, decided, lang)


async def list_declarations(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_declarations")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[DeclaredOut]:
    """List what was declared, in its order; a newer one takes the place of an older one."""
    seen = cursor_values(after, int)[0] if after is not None else 0
    rows = [one for one in await parts.store.read(declarations) if one.key > seen]
    return page(
        rows[: size + 1],
        size=size,
        shown=lambda one: DeclaredOut(
            id=one.id, kind=one.kind, year=one.year, by=one.actor, at=one.at, body=one.body
        ),
        order=lambda one: (one.key,),
    )


async def declare(
    given: DeclarationIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("declare")],
    key: IdempotencyKey = None,
) -> Response:
    """Declare something of a year, with who attests it; it is added, never changed."""
    said = asked(caller, "declare", key, given.model_dump_json())

    def unit(work: Work) -> Answer:
        def do() -> Answer:
            told = DeclaredOut(
                id=record_declaration(work, given, steward=caller.id),
                kind=given.kind,
                year=given.year,
                by=caller.id,
                at=work.moment,
                body=given.model_dump(mode="json"),
            )
            return Answer(status=201, body=told.model_dump_json().encode())

        return parts.answers.once(work, said, do)

    return (await parts.store.write(unit)).response()


def _facts(work: Work) -> tuple[Facts, dict[str, Pair]]:
    return gathered(work), limits(work)


def _sign(sign: Sign, facts: Facts, decided: dict[str, Pair], lang: str) -> SignOut:
    told = trend(sign, facts)
    last = newest(sign, told)
    reading = last.reading
    return SignOut(
        code=sign.code,
        name=wording.name_of(sign, lang),
        what=wording.what(sign, lang),
        unit=sign.unit,
        span=last.span.name,
        value=reading.value,
        shown=_shown(reading.value, sign.unit, lang),
        reason=wording.because(reading.reason, lang),
        trend=[
            TrendOut(
                span=one.span.name,
                value=one.reading.value,
                shown=_shown(one.reading.value, sign.unit, lang),
                reason=wording.because(one.reading.reason, lang),
            )
            for one in told
        ],
        beside=[
            FigureOut(
                code=name,
                name=wording.beside(name, lang),
                value=value,
                shown=wording.figure(value, wording.beside_unit(name), lang),
            )
            for name, value in reading.beside.items()
        ],
        alerts=[
            AlertOut(
                name=one.name,
                text=wording.warning(one, lang),
                figure=one.figure,
                limit=one.limit,
            )
            for one in alerts(sign, told, decided)
        ],
    )


def _shown(value: Pair | None, unit: str, lang: str) -> str:
    return wording.figure(value, unit, lang) if value is not None else ""
