"""HTTP of budget cycles: begun, recorded step by step, read with what has been delivered."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from services.governance import cycle_handlers
from services.governance.api_assemblies import actor_of
from services.governance.api_cycle_models import (
    CycleOut,
    CycleRecordOut,
    CycleStepOut,
    ListedCycle,
    SurplusLineOut,
    SurplusOut,
    cycle_out,
)
from services.governance.assembly_rows import CYCLES, Listed
from services.governance.ballot_refusals import BallotStillOpen
from services.governance.ballots import ballot_of
from services.governance.cycle_handlers import Kept
from services.governance.cycles import refusals as no
from services.governance.cycles.following import Line, NotWhole, surplus_lines
from services.governance.cycles.steps import AMOUNT_MAX, Begun, LaterStep
from services.governance.parts import PartsDep
from services.governance.process.phases import WrongPhase
from services.governance.process.refusals import OptionsUnfit, TextLacking, TimesUnfit
from services.governance.rules import BadRule, Method
from shared.access import REFUSALS, Caller
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

RECORDING: Final = (
    no.NotInThisStage, no.NotNamedForIt, no.NoSuchIdea, no.IdeaThere, no.NotReady, no.BadCycle,
    no.TooManyDelegates, no.DelegatesDisagree, no.SpentBelowNothing, WrongPhase, OptionsUnfit,
    TextLacking, TimesUnfit,
)  # fmt: skip
"""What a step of a budget cycle may be refused for."""

_ID: Final = "0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e41"
_TITLE: Final = {"fr": "Budget participatif de 2027"}
_BEGUN: Final = {
    "title": _TITLE,
    "languages": ["fr"],
    "territories": [{"code": "nord", "names": {"fr": "Quartier nord"}}],
    "themes": [{"code": "eau", "names": {"fr": "Eau"}}],
    "rule": {"method": "budget", "budget": {"total": 12_000_000, "unit": "MAD"}},
    "line": "2027/6135",
    "ends_at": "2027-12-31T00:00:00.000Z",
    "coordinators": ["p-amina"],
    "costers": ["p-badr"],
}
_STEPS: Final[dict[str, dict[str, Any]]] = {
    "gathered": {
        "what": "gathered",
        "of": "nord",
        "held_at": "2026-12-05T17:00:00.000Z",
        "present": 34,
    },
    "idea put": {
        "what": "idea-put",
        "idea": "puits",
        "territory": "nord",
        "theme": "eau",
        "title": {"fr": "Un puits"},
        "text": {"fr": "Pour les jardins du quartier."},
    },
    "costed": {
        "what": "costed",
        "idea": "puits",
        "cost": 4_500_000,
        "line": "2027/6135",
        "reasons": {"fr": "Devis de deux puisatiers."},
    },
    "spent": {
        "what": "spent",
        "project": "puits",
        "amount": 1_200_000,
        "line": "2027/6135",
        "day": "2027-03-02",
        "statement": "ab" * 32,
    },
}

CyclePath = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$", examples=[_ID])]
BegunIn = Annotated[Begun, Body(openapi_examples={"begun": {"value": _BEGUN}})]
CycleStepIn = Annotated[
    LaterStep,
    Body(
        discriminator="what",
        openapi_examples={name: {"value": value} for name, value in _STEPS.items()},
    ),
]


def router() -> APIRouter:
    """Return the paths of budget cycles, and of what follows from a surplus."""
    made = APIRouter(tags=["budget cycles"])
    made.post(
        "/cycles", operation_id="begin_cycle", status_code=201, response_model=CycleOut,
        responses=refusals(*REFUSALS, no.BadCycle, BadRule, Missing, KeyReused),
    )(begin_cycle)  # fmt: skip
    made.get("/cycles", operation_id="list_cycles", responses=refusals(*REFUSALS, BadCursor))(
        list_cycles
    )
    made.get(
        "/cycles/{cycle_id}", operation_id="read_cycle", responses=refusals(*REFUSALS, Missing)
    )(read_cycle)
    made.post(
        "/cycles/{cycle_id}/steps", operation_id="record_cycle_step", status_code=201,
        response_model=CycleOut, responses=refusals(*REFUSALS, Missing, KeyReused, *RECORDING),
    )(record_cycle_step)  # fmt: skip
    made.get(
        "/cycles/{cycle_id}/record", operation_id="read_cycle_record",
        responses=refusals(*REFUSALS, Missing),
    )(read_cycle_record)  # fmt: skip
    made.get(
        "/decisions/{decision_id}/surplus", operation_id="follow_surplus",
        responses=refusals(*REFUSALS, Missing, BallotStillOpen, NotWhole),
    )(follow_surplus)  # fmt: skip
    return made


async def begin_cycle(
    given: BegunIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("begin_cycle")],
    key: IdempotencyKey = None,
) -> Response:
    """Begin a participatory budget; its notice shows what became of the one before."""
    said = asked(caller, "begin_cycle", key, given.model_dump_json())

    def unit(work: Work) -> Answer:
        def do() -> Answer:
            kept = cycle_handlers.begin_cycle(
                work, given, actor=actor_of(caller), languages=parts.settings.charter
            )
            return _answer(work, kept, location=f"cycles/{kept.id}")

        return parts.answers.once(work, said, do)

    return (await parts.store.write(unit)).response()


async def list_cycles(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_cycles")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[ListedCycle]:
    """List the budget cycles of this network, the latest first."""
    seen = cursor_values(after, str, str) if after is not None else None
    rows = await parts.store.read(CYCLES.listed, after=seen, most=size + 1)
    return page(rows, size=size, shown=_listed, order=lambda row: (row.due, row.id))


async def read_cycle(
    cycle_id: CyclePath, parts: PartsDep, caller: Annotated[Caller, allowed("read_cycle")]
) -> CycleOut:
    """Return a budget cycle: gatherings, ideas with costs and reasons, projects and delivery."""

    def unit(work: Work) -> CycleOut:
        return cycle_out(work, cycle_handlers.cycle_of(work, cycle_id))

    return await parts.store.read(unit)


async def record_cycle_step(
    cycle_id: CyclePath,
    given: CycleStepIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("record_cycle_step")],
    key: IdempotencyKey = None,
) -> Response:
    """Record what happens: a gathering, an idea, a cost, a shortlist, money spent, and so on.

    Anybody of the network puts up ideas; who was named for it costs and judges them; coordinators
    do the rest, and who owns a project tells how it goes.
    """
    said = asked(caller, "record_cycle_step", key, cycle_id, given.model_dump_json())

    def unit(work: Work) -> Answer:
        def do() -> Answer:
            kept = cycle_handlers.record_step(work, cycle_id, given, actor=actor_of(caller))
            return _answer(work, kept)

        return parts.answers.once(work, said, do)

    return (await parts.store.write(unit)).response()


async def read_cycle_record(
    cycle_id: CyclePath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_cycle_record")],
) -> CycleRecordOut:
    """Return the record of a budget cycle, step by step."""
    kept = await parts.store.read(cycle_handlers.cycle_of, cycle_id)
    steps = [
        CycleStepOut(
            number=one.number,
            at=one.at,
            by=one.by,
            step=one.step.model_dump(mode="json", exclude_defaults=True) | {"what": one.step.what},
        )
        for one in kept.record
    ]
    return CycleRecordOut(hash=kept.hash, steps=steps)


async def follow_surplus(
    decision_id: Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$", examples=[_ID])],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("follow_surplus")],
    amount: Annotated[
        int,
        Query(ge=0, le=AMOUNT_MAX, description="The surplus, in the smallest unit."),
    ],
) -> SurplusOut:
    """Return the amounts of a surplus by use, as a decision has shared it out."""

    def unit(work: Work) -> tuple[Line, ...]:
        ballot = ballot_of(work, decision_id)
        if ballot is None or ballot.rule.method is not Method.SURPLUS:
            raise Missing("a vote on the use of a surplus")
        if ballot.closed is None:
            raise BallotStillOpen()
        return surplus_lines(ballot.closed.report.allocation, amount)

    lines = [
        SurplusLineOut(code=line.code, percent=line.percent, amount=line.amount)
        for line in await parts.store.read(unit)
    ]
    return SurplusOut(decision=decision_id, amount=amount, lines=lines)


def _answer(work: Work, kept: Kept, *, location: str = "") -> Answer:
    headers = {"Location": location} if location else {}
    return Answer(
        status=201, body=cycle_out(work, kept).model_dump_json().encode(), headers=headers
    )


def _listed(row: Listed) -> ListedCycle:
    return ListedCycle(id=row.id, stage=row.state, ends_at=row.due)
