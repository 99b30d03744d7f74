"""HTTP of assemblies: called, recorded step by step, read, and printed."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Path, Query
from starlette.responses import HTMLResponse, Response

from services.governance import assembly_handlers
from services.governance.api_assembly_models import (
    AssemblyOut,
    AttendanceOut,
    ListedAssembly,
    RecordOut,
    SeatOut,
    assembly_out,
    quorum_out,
    steps_out,
)
from services.governance.assemblies import refusals as no
from services.governance.assemblies.assembly import Stand
from services.governance.assemblies.judging import Actor
from services.governance.assemblies.pages import minutes_page, sheet_page
from services.governance.assemblies.steps import Called, LaterStep
from services.governance.assembly_handlers import Kept
from services.governance.assembly_rows import ASSEMBLIES, Listed
from services.governance.parts import PartsDep
from services.governance.rolls import EmptyRoll
from services.governance.rules import BadRule
from shared.access import REFUSALS, Caller, Role
from shared.clock import stamp
from shared.contracts.fields import Language
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

RECORDING: Final = (
    no.AssemblyClosed, no.NotNow, no.NotYourPart, no.NotInOrder, no.LateAttendance, no.BadCall,
    no.LanguageLacking, no.CalledTooLate, no.SecondCallTooEarly, no.QuorumNotMet, no.NotOnTheRoll,
    no.NotInTheRoom, no.InTheRoom, no.ProxiesOverLimit, no.SameTeller, no.TellersDisagree,
    no.MoreHandsThanPeople, no.VoteOpen, EmptyRoll,
)  # fmt: skip
"""What a step of an assembly may be refused for."""

_TITLE: Final = {"fr": "Assemblée générale de 2026"}
_CALL: Final = {
    "kind": "ordinary",
    "languages": ["fr"],
    "title": _TITLE,
    "place": {"fr": "Maison de quartier, Tiznit"},
    "meets_at": "2026-12-19T09:00:00.000Z",
    "zone": "Africa/Casablanca",
    "agenda": [
        {"title": {"fr": "Rapport d'activité"}},
        {
            "title": {"fr": "Comptes de l'exercice"},
            "how": "room",
            "rule": {"method": "yes-no", "notice_days": 0, "voting_days": 0},
        },
    ],
    "quorum": {
        "share": {"n": 1, "d": 2},
        "second_call": {"share": {"n": 1, "d": 4}, "days_min": 15},
    },
    "chair": "p-amina",
    "secretary": "p-badr",
    "tellers": ["p-chadia", "p-driss"],
}
_VOTER: Final = "p:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e21"
_STEPS: Final = {
    "sent": {"what": "sent", "everybody": True, "channel": "portal"},
    "doors": {"what": "doors-opened"},
    "arrived": {"what": "arrived", "voter": _VOTER},
    "represented": {"what": "represented", "voter": _VOTER, "holder": f"{_VOTER[:-1]}2"},
    "opened": {"what": "opened"},
    "vote opened": {"what": "vote-opened", "item": 2},
    "hands counted": {"what": "hands-counted", "item": 2, "yes": 15, "no": 4, "blank": 3},
    "declared": {"what": "declared", "item": 2},
    "noted": {"what": "noted", "item": 1, "text": {"fr": "Le rapport est présenté."}},
    "closed": {"what": "closed"},
    "signed": {"what": "signed", "sha256": "ab" * 32, "size": 84_000, "kept_at": "Armoire 3"},
}

AssemblyPath = Annotated[
    str, Path(pattern=r"^[0-9a-f-]{36}$", examples=["0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e31"])
]
LangQuery = Annotated[Language, Query(description="In which language.", examples=["fr"])]
BesideQuery = Annotated[
    Language | None, Query(description="A second language, side by side.", examples=["ar"])
]
CallIn = Annotated[Called, Body(openapi_examples={"ordinary": {"value": _CALL}})]
StepIn = Annotated[
    LaterStep,
    Body(
        discriminator="what",
        openapi_examples={name: {"value": value} for name, value in _STEPS.items()},
    ),
]
PRINTED: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
"""What goes along with a page for print: it runs nothing and is not kept."""


def router() -> APIRouter:
    """Return the paths of assemblies."""
    made = APIRouter(tags=["assemblies"])
    one = "/assemblies/{assembly_id}"
    made.post(
        "/assemblies", operation_id="call_assembly", status_code=201, response_model=AssemblyOut,
        responses=refusals(*REFUSALS, no.BadCall, no.LanguageLacking, BadRule, KeyReused),
    )(call_assembly)  # fmt: skip
    made.get(
        "/assemblies", operation_id="list_assemblies", responses=refusals(*REFUSALS, BadCursor)
    )(list_assemblies)
    made.get(
        one, operation_id="read_assembly", responses=refusals(*REFUSALS, Missing)
    )(read_assembly)  # fmt: skip
    made.post(
        f"{one}/steps", operation_id="record_assembly_step", status_code=201,
        response_model=AssemblyOut,
        responses=refusals(*REFUSALS, Missing, KeyReused, *RECORDING),
    )(record_assembly_step)  # fmt: skip
    made.get(
        f"{one}/attendance", operation_id="read_attendance",
        responses=refusals(*REFUSALS, Missing, no.NotYourPart),
    )(read_attendance)  # fmt: skip
    made.get(
        f"{one}/record", operation_id="read_assembly_record",
        responses=refusals(*REFUSALS, Missing, no.NotYourPart),
    )(read_assembly_record)  # fmt: skip
    made.get(
        f"{one}/sheet", operation_id="print_attendance_sheet", response_class=HTMLResponse,
        responses=refusals(*REFUSALS, Missing, no.NotYourPart),
    )(print_attendance_sheet)  # fmt: skip
    made.get(
        f"{one}/minutes", operation_id="print_minutes", response_class=HTMLResponse,
        responses=refusals(*REFUSALS, Missing, no.NotYourPart),
    )(print_minutes)  # fmt: skip
    return made


async def call_assembly(
    given: CallIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("call_assembly")],
    key: IdempotencyKey = None,
) -> Response:
    """Call an assembly: day, place, agenda in each language, quorum, and who leads it."""
    said = asked(caller, "call_assembly", key, given.model_dump_json())

    def unit(work: Work) -> Answer:
        def do() -> Answer:
            kept = assembly_handlers.call_assembly(
                work, given, actor=actor_of(caller), languages=parts.settings.charter
            )
            return _answer(kept, status=201, location=f"assemblies/{kept.id}")

        return parts.answers.once(work, said, do)

    return (await parts.store.write(unit)).response()


async def list_assemblies(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_assemblies")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[ListedAssembly]:
    """List the assemblies of this network, the latest first."""
    seen = cursor_values(after, str, str) if after is not None else None
    rows = await parts.store.read(ASSEMBLIES.listed, after=seen, most=size + 1)
    return page(rows, size=size, shown=_listed, order=lambda row: (row.due, row.id))


async def read_assembly(
    assembly_id: AssemblyPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_assembly")],
) -> AssemblyOut:
    """Return an assembly: its agenda, its quorum, and how each point stands."""
    return assembly_out(await parts.store.read(assembly_handlers.assembly_of, assembly_id))


async def record_assembly_step(
    assembly_id: AssemblyPath,
    given: StepIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("record_assembly_step")],
    key: IdempotencyKey = None,
) -> Response:
    """Record what happens: sent, arrived, opened, counted, declared, noted, closed and so on.

    Who was named for it does it: the chair opens, puts to the vote, declares and closes; a teller
    counts; the secretary or a steward enters the rest.
    """
    said = asked(caller, "record_assembly_step", key, assembly_id, given.model_dump_json())

    def unit(work: Work) -> Answer:
        def do() -> Answer:
            kept = assembly_handlers.record_step(work, assembly_id, given, actor=actor_of(caller))
            return _answer(kept, status=201)

        return parts.answers.once(work, said, do)

    return (await parts.store.write(unit)).response()


async def read_attendance(
    assembly_id: AssemblyPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_attendance")],
) -> AttendanceOut:
    """Return who is in the room, for those who lead the assembly and those who check it."""
    kept = await parts.store.read(assembly_handlers.assembly_of, assembly_id)
    _require_insider(caller, kept)
    seats = [
        SeatOut(voter=voter, since=seat.since, holder=seat.holder, acts=seat.acts)
        for voter, seat in sorted(kept.assembly.seats.items())
    ]
    return AttendanceOut(quorum=quorum_out(kept.assembly), seats=seats)


async def read_assembly_record(
    assembly_id: AssemblyPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_assembly_record")],
) -> RecordOut:
    """Return the record step by step, for those who lead the assembly and those who check it."""
    kept = await parts.store.read(assembly_handlers.assembly_of, assembly_id)
    _require_insider(caller, kept)
    return RecordOut(hash=kept.hash, steps=steps_out(kept))


async def print_attendance_sheet(
    assembly_id: AssemblyPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("print_attendance_sheet")],
    lang: LangQuery = "en",
) -> HTMLResponse:
    """Return the attendance sheet for print; names are written on it by hand."""

    def unit(work: Work) -> str:
        kept = assembly_handlers.assembly_of(work, assembly_id)
        _require_insider(caller, kept)
        members, needs = assembly_handlers.members_of(work, kept)
        return sheet_page(
            kept.assembly, members, needs, language=lang, printed=stamp(parts.clock.now())
        )

    return HTMLResponse(await parts.store.read(unit), headers=PRINTED)


async def print_minutes(
    assembly_id: AssemblyPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("print_minutes")],
    lang: LangQuery = "en",
    beside: BesideQuery = None,
) -> HTMLResponse:
    """Return the minutes for print and signature, in one language or in two side by side.

    Until the session is closed they are a draft, for those who lead the assembly.
    """
    kept = await parts.store.read(assembly_handlers.assembly_of, assembly_id)
    if kept.assembly.stand is not Stand.CLOSED:
        _require_insider(caller, kept)
    text = minutes_page(
        kept.record,
        languages=[lang] if beside is None else [lang, beside],
        record_hash=kept.hash,
        printed=stamp(parts.clock.now()),
    )
    return HTMLResponse(text, headers=PRINTED)


def actor_of(caller: Caller) -> Actor:
    """Return who acts in a record."""
    return Actor(person=caller.id, steward=Role.STEWARD in caller.roles)


def _require_insider(caller: Caller, kept: Kept) -> None:
    """Return quietly for those who lead an assembly, stewards and auditors.

    Raises:
        NotYourPart
    """
    one = kept.assembly
    if caller.roles & {Role.STEWARD, Role.AUDITOR}:
        return
    if caller.id not in (one.chair, one.secretary, *one.tellers):
        raise no.NotYourPart()


def _answer(kept: Kept, *, status: int, location: str = "") -> Answer:
    headers = {"Location": location} if location else {}
    body = assembly_out(kept).model_dump_json().encode()
    return Answer(status=status, body=body, headers=headers)


def _listed(row: Listed) -> ListedAssembly:
    return ListedAssembly(id=row.id, kind=row.kind, state=row.state, meets_at=row.due)
