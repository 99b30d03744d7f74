"""HTTP of rings: seen, answered, delivered, printed by their parties and their stewards alone."""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import HTMLResponse, Response

from services.exchange import ring_handlers, ring_views
from services.exchange.api_ring_models import (
    AcceptIn,
    DeclineIn,
    LookIn,
    NoteIn,
    NoteOut,
    ReportIn,
    ResolvedOut,
    ResolveIn,
    RingItem,
    RingOut,
)
from services.exchange.parts import PartsDep
from services.exchange.ring_desk import RingDesk
from services.exchange.ring_handlers import Entered, Said
from services.exchange.ring_setup import ring_desk
from services.exchange.ring_views import EVERYBODY, Sees
from services.exchange.rings.note import note_page
from services.exchange.rings.parts import (
    ContactMissing,
    NotInDoubt,
    NotUnderWay,
    RingClosed,
    SameSteward,
)
from shared.access import REFUSALS, Caller, NotAllowed, Role, Row, only
from shared.contracts.rings import PartyId, RingId, What
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import IdempotencyKey
from shared.ids import NodeName, new_uuid7
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing

_KEEPS_IT: Final = (Role.STEWARD, Role.PROGRAM, Role.SERVICE)


def _of_its_entity(caller: Caller, *, party: str, node: str) -> bool:
    return party.startswith(f"{node}:") and caller.speaks_for(party)


def _of_themselves(caller: Caller, *, party: str, node: str) -> bool:
    return party == f"{node}:{caller.id}"


def _by_party(*, reads: bool = False) -> Row:
    return only(*_KEEPS_IT, reads=reads, delegate=_of_its_entity, member=_of_themselves)


RING_ROWS: Final = {
    "list_rings": _by_party(reads=True),
    "read_ring": _by_party(reads=True),
    "print_ring": _by_party(reads=True),
    "look_at_ring": _by_party(),
    "accept_ring": _by_party(),
    "decline_ring": _by_party(),
    "report_leg": _by_party(),
    "write_ring_note": _by_party(),
    "resolve_ring": only(Role.STEWARD),
}
"""Who may do what with rings; ``access.ACCESS`` takes them in."""


def _again(key: IdempotencyKey = None) -> None:
    """Take the header of those who send it: what is said of a ring twice changes nothing."""


_AGAIN: Final = Depends(_again)

RingPath = Annotated[RingId, Path(description="The ring, `<decider>:<uuid>`.")]
LangQuery = Annotated[
    str, Query(max_length=35, description="In which language it is said.", examples=["fr"])
]


def router(desk_of: Callable[[NodeName], RingDesk] = ring_desk) -> APIRouter:
    """Return the paths of rings.

    Args:
        desk_of: makes the desk of this node's rings, once.
    """
    endpoints = _Endpoints(lru_cache(maxsize=4)(desk_of))
    made = APIRouter(tags=["rings"])
    made.get("/rings", operation_id="list_rings", responses=refusals(*REFUSALS, BadCursor))(
        endpoints.list_rings
    )
    made.get(
        "/rings/{ring_id}", operation_id="read_ring", response_model=RingOut,
        responses=refusals(*REFUSALS, Missing),
    )(endpoints.read_ring)  # fmt: skip
    made.get(
        "/rings/{ring_id}/exchange-note", operation_id="print_ring", response_class=HTMLResponse,
        responses=refusals(*REFUSALS, Missing),
    )(endpoints.print_ring)  # fmt: skip
    moves: tuple[tuple[str, str, Callable[..., Any], tuple[Any, ...]], ...] = (
        ("seen", "look_at_ring", endpoints.look_at_ring, ()),
        ("accept", "accept_ring", endpoints.accept_ring, (RingClosed, ContactMissing)),
        ("decline", "decline_ring", endpoints.decline_ring, (RingClosed,)),
        ("legs/{leg}/reports", "report_leg", endpoints.report_leg, (NotUnderWay,)),
    )
    for path, operation, endpoint, more in moves:
        made.post(
            f"/rings/{{ring_id}}/{path}", operation_id=operation, response_model=RingOut,
            responses=refusals(*REFUSALS, Missing, *more), dependencies=[_AGAIN],
        )(endpoint)  # fmt: skip
    made.post(
        "/rings/{ring_id}/notes", operation_id="write_ring_note", status_code=201,
        response_model=NoteOut, responses=refusals(*REFUSALS, Missing, RingClosed),
    )(endpoints.write_ring_note)  # fmt: skip
    made.post(
        "/rings/{ring_id}/resolutions", operation_id="resolve_ring",
        responses=refusals(*REFUSALS, Missing, NotInDoubt, SameSteward), dependencies=[_AGAIN],
    )(endpoints.resolve_ring)  # fmt: skip
    return made


class _Endpoints:
    """The endpoints over the desk of a node's rings."""

    def __init__(self, desk_of: Callable[[NodeName], RingDesk]) -> None:
        self._desk_of = desk_of

    async def list_rings(
        self,
        parts: PartsDep,
        caller: Annotated[Caller, allowed("list_rings")],
        lang: LangQuery = "en",
        state: Annotated[
            Literal["", "proposed", "confirmed", "in-delivery", "settled", "broken", "withdrawn"],
            Query(),
        ] = "",
        size: SizeQuery = PAGE_SIZE,
        after: AfterQuery = None,
    ) -> Page[RingItem]:
        """List the rings in which you have a part, the newest first."""
        before = cursor_values(after, str)[0] if after is not None else None
        rows = await parts.store.read(
            ring_views.rings_seen,
            sees=sees_of(caller, parts.node),
            language=lang,
            state=state,
            after=before,
            most=size + 1,
        )
        return page(
            rows,
            size=size,
            shown=RingItem.model_validate,
            order=lambda row: (f"{row['id']} {row['party']}",),
        )

    async def read_ring(
        self,
        ring_id: RingPath,
        parts: PartsDep,
        caller: Annotated[Caller, allowed("read_ring")],
        lang: LangQuery = "en",
    ) -> Response:
        """Return a ring: who gives what to whom, when and where, and how it stands."""
        return await self._shown(parts, caller, ring_id, lang)

    async def print_ring(
        self,
        ring_id: RingPath,
        parts: PartsDep,
        caller: Annotated[Caller, allowed("print_ring")],
        party: Annotated[PartyId, Query(description="For whom it is printed.")],
        lang: LangQuery = "en",
    ) -> HTMLResponse:
        """Return a party's exchange note for print: goods, quantities, values, dates."""
        require_party(caller, party, parts.node)
        plan, contacts = await parts.store.read(ring_views.for_note, ring_id, party)
        day = parts.clock.now().date().isoformat()
        text = note_page(plan, party, language=lang, contacts=contacts, printed=day)
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        }
        return HTMLResponse(text, headers=headers)

    async def look_at_ring(
        self,
        ring_id: RingPath,
        given: LookIn,
        parts: PartsDep,
        caller: Annotated[Caller, allowed("look_at_ring")],
    ) -> Response:
        """Say that a party has seen a proposal; a steward says it of whom they told."""
        require_party(caller, given.party, parts.node)
        await parts.store.write(ring_handlers.look_at, self._desk(parts), ring_id, given.party)
        return await self._shown(parts, caller, ring_id)

    async def accept_ring(
        self,
        ring_id: RingPath,
        given: AcceptIn,
        parts: PartsDep,
        caller: Annotated[Caller, allowed("accept_ring")],
    ) -> Response:
        """Say yes for a party; a steward enters what was said by telephone. Again: no change."""
        said = Said(accepts=True, consents=given.consents, contact=given.contact)
        return await self._answer(ring_id, given, said, parts, caller)

    async def decline_ring(
        self,
        ring_id: RingPath,
        given: DeclineIn,
        parts: PartsDep,
        caller: Annotated[Caller, allowed("decline_ring")],
    ) -> Response:
        """Say no for a party, and why; the next matching takes it into account."""
        said = Said(accepts=False, why=given.why, said=given.said)
        return await self._answer(ring_id, given, said, parts, caller)

    async def report_leg(
        self,
        ring_id: RingPath,
        leg: Annotated[int, Path(ge=0, le=7)],
        given: ReportIn,
        parts: PartsDep,
        caller: Annotated[Caller, allowed("report_leg")],
    ) -> Response:
        """Say that a leg was handed over, was received, or has failed. Again: no change."""
        require_party(caller, given.party, parts.node)
        await parts.store.write(
            ring_handlers.report_leg,
            self._desk(parts),
            ring_id,
            given.party,
            leg=leg,
            what=What(given.what),
            why=(given.why or "other") if given.what == "failed" else "",
            entered=entered_by(caller, given.way),
        )
        return await self._shown(parts, caller, ring_id)

    async def write_ring_note(
        self,
        ring_id: RingPath,
        given: NoteIn,
        parts: PartsDep,
        caller: Annotated[Caller, allowed("write_ring_note")],
        key: IdempotencyKey = None,
    ) -> NoteOut:
        """Write a few words to the others in a ring."""
        require_party(caller, given.party, parts.node)
        # The same request again is the same note, wherever the first answer was lost.
        about = f"{caller.id} {given.party} {given.text} {key}"
        note_id = str(uuid5(UUID(ring_id.partition(":")[2]), about)) if key else new_uuid7()
        note = await parts.store.write(
            ring_handlers.write_note,
            self._desk(parts),
            ring_id,
            given.party,
            given.text,
            note_id=note_id,
        )
        return NoteOut(id=note.note_id, party=note.party, text=note.text, at=note.at)

    async def resolve_ring(
        self,
        ring_id: RingPath,
        given: ResolveIn,
        parts: PartsDep,
        caller: Annotated[Caller, allowed("resolve_ring")],
    ) -> ResolvedOut:
        """End the doubt about a ring whose decider is silent; it needs two stewards."""
        ended = await parts.store.write(
            ring_handlers.resolve_doubt,
            self._desk(parts),
            ring_id,
            steward=caller.id,
            token=caller.token_id,
            reason=given.reason,
        )
        return ResolvedOut(ended=ended)

    async def _answer(
        self,
        ring_id: str,
        given: AcceptIn | DeclineIn,
        said: Said,
        parts: PartsDep,
        caller: Caller,
    ) -> Response:
        require_party(caller, given.party, parts.node)
        await parts.store.write(
            ring_handlers.answer_ring,
            self._desk(parts),
            ring_id,
            given.party,
            said,
            entered=entered_by(caller, given.way),
        )
        return await self._shown(parts, caller, ring_id)

    async def _shown(
        self, parts: PartsDep, caller: Caller, ring_id: str, language: str = "en"
    ) -> Response:
        found = await parts.store.read(
            ring_views.ring_seen,
            ring_id,
            sees=sees_of(caller, parts.node),
            language=language,
        )
        body = RingOut.model_validate(found).model_dump_json().encode()
        headers = {"Cache-Control": "no-store"}
        return Response(body, headers=headers, media_type="application/json")

    def _desk(self, parts: PartsDep) -> RingDesk:
        return self._desk_of(parts.node)


def sees_of(caller: Caller, node: NodeName) -> Sees:
    """Return for which parties somebody may look: stewards and the portal for all of this node."""
    if caller.roles & set(_KEEPS_IT):
        return EVERYBODY
    own = {entity for entity in caller.entities if entity.startswith(f"{node}:")}
    return own | {f"{node}:{caller.id}"}


def require_party(caller: Caller, party: str, node: NodeName) -> None:
    """Return quietly where somebody may speak for a party of this node.

    Raises:
        Missing: they may not; whether that party is in a ring they do not learn.
    """
    sees = sees_of(caller, node)
    if sees is not EVERYBODY and party not in sees:
        raise Missing()


def entered_by(caller: Caller, way: str) -> Entered:
    """Return by whom something is entered, and how it was said.

    Raises:
        NotAllowed: only stewards, and those whom they trust, enter what was said by telephone.
    """
    if way == "telephone" and not caller.roles & set(_KEEPS_IT):
        raise NotAllowed()
    return Entered(by=caller.id, way=way)
