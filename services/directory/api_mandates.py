"""HTTP of mandates: who may act for which entity, from when to when."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.directory import mandate_handlers, register_rows
from services.directory.access import ACCESS
from services.directory.api_register import answer, once
from services.directory.api_register_models import (
    EndingIn,
    MandateIn,
    MandateOut,
    Moment,
    mandate_out,
)
from services.directory.parts import Parts, PartsDep
from services.directory.register import (
    BadTerm,
    Mandate,
    MandateOver,
    MandateOverlaps,
    PersonGone,
    UnknownEntity,
    UnknownPerson,
    giver,
)
from services.directory.register_access import reads_all
from shared.access import REFUSALS, Caller
from shared.clock import stamp
from shared.contracts.directory import EntityId
from shared.contracts.register import MandateId, PersonId
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

MandatePath = Annotated[MandateId, Path(examples=["0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e31"])]

router = APIRouter(prefix="/mandates", tags=["register"])


@router.post(
    "", operation_id="give_mandate", status_code=201, response_model=MandateOut,
    responses=refusals(
        *REFUSALS, UnknownEntity, UnknownPerson, PersonGone, BadTerm, MandateOverlaps, KeyReused
    ),
)  # fmt: skip
async def give_mandate(
    given: MandateIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("give_mandate")],
    key: IdempotencyKey = None,
) -> Response:
    """Give a person a mandate to act for an entity, for a term or until it is ended."""

    def do(work: Work) -> Answer:
        made = mandate_handlers.give_mandate(
            work,
            person=given.person,
            entity=given.entity,
            begins=given.begins,
            ends=given.ends,
            given_by=given.given_by or giver(caller.id),
            by=caller.id,
            node=parts.node,
        )
        return answer(_shown(work, made, parts), status=201, Location=f"mandates/{made.id}")

    return await once(parts, do, asked(caller, "give_mandate", key, given.model_dump_json()))


@router.get("", operation_id="list_mandates", responses=refusals(*REFUSALS, BadCursor))
async def list_mandates(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_mandates")],
    person: Annotated[PersonId | None, Query(description="Only this person's.")] = None,
    entity: Annotated[EntityId | None, Query(description="Only this entity's.")] = None,
    at: Annotated[Moment | None, Query(description="Only those that hold at this moment.")] = None,
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[MandateOut]:
    """List mandates in the order in which they were given; members and delegates see their own."""
    whose, entities = person or "", [entity] if entity else []
    either = False
    if not reads_all(caller):
        if whose or entities:
            ACCESS.may(caller, "list_mandates", person=whose, entity=entity or "")
        else:
            whose, entities, either = caller.id, sorted(caller.entities), True

    def read(work: Work) -> list[tuple[Mandate, MandateOut]]:
        found = register_rows.listed_mandates(
            work,
            after=cursor_values(after, int)[0] if after else 0,
            most=size + 1,
            person=whose,
            entities=entities,
            either=either,
            at=stamp(at) if at else "",
        )
        return [(one, _shown(work, one, parts)) for one in found]

    return page(
        await parts.store.read(read),
        size=size,
        shown=lambda pair: pair[1],
        order=lambda pair: (pair[0].key,),
    )


@router.get(
    "/{mandate_id}", operation_id="read_mandate", response_model=MandateOut,
    responses=refusals(*REFUSALS, Missing),
)  # fmt: skip
async def read_mandate(
    mandate_id: MandatePath, parts: PartsDep, caller: Annotated[Caller, allowed("read_mandate")]
) -> MandateOut:
    """Return a mandate, also one that is over."""

    def read(work: Work) -> MandateOut:
        found = register_rows.mandate(work, mandate_id)
        # Whose it is decides who may see it; that there is none is shown to keepers only.
        whose = (found.person, found.entity) if found else ("", "")
        ACCESS.may(caller, "read_mandate", person=whose[0], entity=whose[1])
        if found is None:
            raise Missing()
        return _shown(work, found, parts)

    return await parts.store.read(read)


@router.post(
    "/{mandate_id}/end", operation_id="end_mandate", response_model=MandateOut,
    responses=refusals(*REFUSALS, Missing, MandateOver, KeyReused),
)  # fmt: skip
async def end_mandate(
    mandate_id: MandatePath,
    given: EndingIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("end_mandate")],
    key: IdempotencyKey = None,
) -> Response:
    """End a mandate now, before its term."""

    def do(work: Work) -> Answer:
        ended = mandate_handlers.end_mandate(work, mandate_id, reason=given.reason, by=caller.id)
        return answer(_shown(work, ended, parts))

    return await once(parts, do, asked(caller, "end_mandate", key, mandate_id, given.reason))


def _shown(work: Work, one: Mandate, parts: Parts) -> MandateOut:
    return mandate_out(
        one,
        at=work.moment,
        term=mandate_handlers.term_number(work, one),
        limit=parts.settings.mandates_in_a_row_max,
    )
