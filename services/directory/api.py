"""The directory's HTTP: entities are listed and sought, read, entered, amended, withdrawn."""

import asyncio
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Query
from starlette.responses import Response

from services.directory import (
    api_imports,
    api_mandates,
    api_register,
    api_vocabularies,
    intake,
    units,
)
from services.directory.access import ACCESS, sight_of
from services.directory.api_models import (
    CountsOut,
    EntityAtHomeOut,
    EntityIn,
    EntityItem,
    EntityOut,
    OriginCount,
    item_of,
)
from services.directory.asking import BadBox, asked_of
from services.directory.coordinates import (
    CoordinatesNotNumbers,
    CoordinatesOutOfRange,
    CoordinatesSwapped,
    CoordinatesZero,
)
from services.directory.entries import Entry, entry_of
from services.directory.handlers import NotOurs, Withdrawn
from services.directory.parts import PartsDep
from services.directory.search import counts_by_origin, listed, order
from services.directory.vocabulary import UnknownTerm
from shared.access import REFUSALS, Caller
from shared.cleaning import BadUrl
from shared.edge import AfterQuery, IfMatch, IfNoneMatch, SizeQuery, not_modified
from shared.etag import BadMatch, ChangedMeanwhile, MatchRequired, unchanged
from shared.gate import allowed
from shared.idempotency import IdempotencyKey, KeyReused, asked
from shared.ids import global_id, uuid7
from shared.paging import PAGE_SIZE, BadCursor, Page, page
from shared.problems import refusals
from shared.refusals import Invalid, Missing

PROFILE_REFUSALS = (
    intake.BadProfile,
    intake.CountsDisagree,
    intake.NoName,
    intake.NoPractice,
    intake.ProfileTooLarge,
    intake.UnknownCountry,
    BadUrl,
    CoordinatesNotNumbers,
    CoordinatesOutOfRange,
    CoordinatesSwapped,
    CoordinatesZero,
    UnknownTerm,
)
"""What an entry may be refused for."""

log = structlog.get_logger(__name__)

router = APIRouter()
router.include_router(api_imports.router)
router.include_router(api_vocabularies.router)
router.include_router(api_register.router)
router.include_router(api_mandates.router)


@router.get(
    "/entities",
    operation_id="list_entities",
    tags=["entities"],
    responses=refusals(BadCursor, BadBox, UnknownTerm),
)
async def list_entities(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_entities")],
    q: Annotated[str, Query(max_length=200, description="Words, in any language.")] = "",
    lang: Annotated[
        str | None, Query(max_length=35, description="The language of the words, if it is sure.")
    ] = None,
    country: Annotated[
        str, Query(pattern="^([A-Za-z]{2})?$", description="ISO 3166-1 alpha-2.", examples=["MA"])
    ] = "",
    practice: Annotated[
        str, Query(max_length=120, description="A practice or a sector.", examples=["time-bank"])
    ] = "",
    activity: Annotated[
        str, Query(max_length=120, description="An activity of ESSGLOBAL.", examples=["a01"])
    ] = "",
    origin: Annotated[str, Query(max_length=32, description="A node.", examples=["souss"])] = "",
    bbox: Annotated[
        str,
        Query(
            max_length=100,
            description="West, south, east, north in degrees.",
            examples=["-10,29,-8,31"],
        ),
    ] = "",
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[EntityItem]:
    """List entities, the newest first; with words, the nearest first."""
    question = asked_of(
        words=q,
        language=lang,
        country=country,
        practice=practice,
        activity=activity,
        origin=origin,
        bbox=bbox,
    )
    rows = await parts.store.read(
        listed, question, sight=sight_of(caller, own=parts.node), after=after, most=size + 1
    )
    return page(
        rows,
        size=size,
        shown=lambda found: item_of(found, own=parts.node),
        order=lambda found: order(found, question),
    )


@router.get("/entities/counts", operation_id="count_entities", tags=["entities"])
async def count_entities(
    parts: PartsDep, caller: Annotated[Caller, allowed("count_entities")]
) -> CountsOut:
    """Say how many entities are seen here, of this node and of each other."""
    counts = await parts.store.read(counts_by_origin, sight=sight_of(caller, own=parts.node))
    own = counts.pop(parts.node, 0)
    return CountsOut(
        own=OriginCount(origin=parts.node, entities=own),
        others=[OriginCount(origin=node, entities=number) for node, number in counts.items()],
        total=own + sum(counts.values()),
    )


@router.get(
    "/entities/{entity_id}",
    operation_id="read_entity",
    tags=["entities"],
    response_model=EntityOut,
    responses={304: {"description": "You have it as it is"}, **refusals(Missing, Withdrawn)},
)
async def read_entity(
    entity_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_entity")],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return an entity as the federation knows it."""
    body, tag = await parts.store.read(
        units.shown, entity_id, node=parts.node, sight=sight_of(caller, own=parts.node)
    )
    if unchanged(if_none_match, tag):
        return not_modified(tag)
    return Response(body, headers={"ETag": tag}, media_type="application/json")


@router.get(
    "/entities/{entity_id}/home",
    operation_id="read_entity_at_home",
    tags=["entities"],
    response_model=EntityAtHomeOut,
    responses=refusals(*REFUSALS, Missing, NotOurs, Withdrawn),
)
async def read_entity_at_home(
    entity_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_entity_at_home")],
) -> Response:
    """Return an own entity with contacts and exact place; amending asks for its ETag."""
    ACCESS.may(caller, "read_entity_at_home", entity=entity_id)
    body, tag = await parts.store.read(units.at_home, entity_id, node=parts.node)
    log.info("entity read at home", entity=entity_id, caller=caller.id)
    headers = {"ETag": tag, "Cache-Control": "no-store"}
    return Response(body, headers=headers, media_type="application/json")


@router.post(
    "/entities",
    operation_id="create_entity",
    tags=["entities"],
    status_code=201,
    response_model=EntityOut,
    responses=refusals(*REFUSALS, *PROFILE_REFUSALS, KeyReused),
)
async def create_entity(
    entity: EntityIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("create_entity")],
    key: IdempotencyKey = None,
) -> Response:
    """Enter an entity; unless it is for the network alone, the federation hears of it."""
    entry = await _entry(entity.root, global_id(parts.node, uuid7()))
    once = asked(caller, "create_entity", key, _bytes(entity))
    answer = await parts.store.write(units.create, entry, answers=parts.answers, asked=once)
    return answer.response()


@router.put(
    "/entities/{entity_id}",
    operation_id="amend_entity",
    tags=["entities"],
    response_model=EntityOut,
    responses=refusals(
        *REFUSALS,
        *PROFILE_REFUSALS,
        Missing,
        NotOurs,
        Withdrawn,
        MatchRequired,
        BadMatch,
        ChangedMeanwhile,
        KeyReused,
    ),
)
async def amend_entity(
    entity_id: str,
    entity: EntityIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("amend_entity")],
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response:
    """Put the whole of an own entity anew, as it was read at home and changed since."""
    ACCESS.may(caller, "amend_entity", entity=entity_id)
    entry = await _entry(entity.root, entity_id)
    once = asked(caller, "amend_entity", key, entity_id, if_match, _bytes(entity))
    answer = await parts.store.write(
        units.amend,
        entry,
        node=parts.node,
        if_match=if_match,
        answers=parts.answers,
        asked=once,
    )
    return answer.response()


@router.delete(
    "/entities/{entity_id}",
    operation_id="withdraw_entity",
    tags=["entities"],
    status_code=204,
    response_class=Response,
    responses=refusals(
        *REFUSALS, Missing, NotOurs, Withdrawn, BadMatch, ChangedMeanwhile, KeyReused
    ),
)
async def withdraw_entity(
    entity_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("withdraw_entity")],
    reason: Annotated[
        str,
        Query(max_length=200, description="Why, for everybody to read.", examples=["dissolved"]),
    ] = "",
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response:
    """Take an own entity out of the directory, here and everywhere; its contacts are deleted."""
    ACCESS.may(caller, "withdraw_entity", entity=entity_id)
    once = asked(caller, "withdraw_entity", key, entity_id, if_match, reason)
    answer = await parts.store.write(
        units.withdraw,
        entity_id,
        node=parts.node,
        reason=reason,
        if_match=if_match,
        answers=parts.answers,
        asked=once,
    )
    return answer.response()


async def _entry(given: dict[str, Any], entity_id: str) -> Entry:
    """Return the entry of what was handed in; cleaning it takes time that others need."""
    fields = dict(given)
    visibility = fields.pop("visibility", "federation")
    if visibility not in ("federation", "network"):
        raise Invalid("visibility is federation or network", field="visibility")

    def checked() -> Entry:
        profile = intake.profile_of(fields)
        return entry_of(profile, entity_id=entity_id, network_only=visibility == "network")

    return await asyncio.to_thread(checked)


def _bytes(entity: EntityIn) -> bytes:
    return orjson.dumps(entity.root, option=orjson.OPT_SORT_KEYS)
