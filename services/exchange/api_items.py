"""HTTP of offers and wants: listed and sought, read, posted, amended, moved on."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.exchange import categories, intake, item_units
from services.exchange.access import ACCESS, sight_of
from services.exchange.api_item_models import Closing, ItemInList, ItemOut, Publishing
from services.exchange.asked_items import ItemIn
from services.exchange.categories import UnknownCategory
from services.exchange.item_handlers import (
    DraftTaken,
    ItemClosed,
    ItemFixed,
    ItemNotOurs,
    TooManyItems,
)
from services.exchange.item_search import Box, Found, Question, around, listed, order
from services.exchange.items import FloorAboveCeiling, NotInThisState, State, WindowEndsFirst
from services.exchange.participants import NotOurParticipant, OwnerNotListed
from services.exchange.parts import Parts, PartsDep
from services.exchange.units import BadQuantity, QuantityTooLarge, UnknownUnit
from services.exchange.worth import BadValue, FloorOnWant, UnknownValueUnit, ValueEachOfNothing
from shared.access import REFUSALS, Caller
from shared.amounts import BadCoordinate, OutOfRange, latitude, longitude
from shared.cleaning import BadUrl
from shared.edge import AfterQuery, IfMatch, IfNoneMatch, SizeQuery, not_modified
from shared.etag import BadMatch, ChangedMeanwhile, MatchRequired, unchanged
from shared.gate import allowed
from shared.idempotency import IdempotencyKey, KeyReused, asked
from shared.ids import NodeName
from shared.paging import PAGE_SIZE, BadCursor, Page, page
from shared.problems import refusals
from shared.refusals import Invalid, Missing
from shared.store import Work

POSTING = (
    intake.NoTitle,
    intake.TextTooLong,
    intake.TooManyOfThese,
    intake.RingsNotOfThisKind,
    intake.RoundsNeedFederation,
    intake.TimeInTime,
    BadQuantity,
    BadUrl,
    BadValue,
    FloorAboveCeiling,
    FloorOnWant,
    NotOurParticipant,
    OwnerNotListed,
    QuantityTooLarge,
    UnknownCategory,
    UnknownUnit,
    UnknownValueUnit,
    ValueEachOfNothing,
    WindowEndsFirst,
)
"""What an offer or a want may be refused for."""
MOVING = (Missing, ItemNotOurs, ItemClosed, NotInThisState, BadMatch, ChangedMeanwhile, KeyReused)
WITHIN_KM = 100
"""How far around a place is looked where nothing is said."""

Owner = Annotated[str, Query(max_length=161, description="A participant, `<node>:<id>`.")]


def router() -> APIRouter:
    """Return the paths of offers and wants."""
    made = APIRouter(tags=["items"])
    made.get(
        "/items", operation_id="list_items",
        responses=refusals(BadCursor, BadCoordinate, OutOfRange, UnknownCategory),
    )(list_items)  # fmt: skip
    made.get(
        "/items/{item_id}", operation_id="read_item", response_model=ItemOut,
        responses={
            304: {"description": "You have it as it is"},
            **refusals(Missing, ItemClosed),
        },
    )(read_item)  # fmt: skip
    made.get(
        "/owners/{owner}/items", operation_id="list_owner_items",
        responses=refusals(*REFUSALS, BadCursor),
    )(list_owner_items)  # fmt: skip
    made.post(
        "/items", operation_id="create_item", status_code=201, response_model=ItemOut,
        responses=refusals(*REFUSALS, *POSTING, TooManyItems, DraftTaken, KeyReused),
    )(create_item)  # fmt: skip
    made.put(
        "/items/{item_id}", operation_id="amend_item", response_model=ItemOut,
        responses=refusals(
            *REFUSALS, *POSTING, Missing, ItemNotOurs, ItemClosed, ItemFixed, MatchRequired,
            BadMatch, ChangedMeanwhile, KeyReused,
        ),
    )(amend_item)  # fmt: skip
    moves: tuple[tuple[str, Callable[..., Any], tuple[Any, ...]], ...] = (
        ("publish", publish_item, (OwnerNotListed, NotOurParticipant, TooManyItems)),
        ("pause", pause_item, ()),
        ("close", close_item, ()),
    )
    for name, endpoint, more in moves:
        made.post(
            f"/items/{{item_id}}/{name}", operation_id=f"{name}_item", response_model=ItemOut,
            responses=refusals(*REFUSALS, *MOVING, *more),
        )(endpoint)  # fmt: skip
    return made


async def list_items(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_items")],
    q: Annotated[str, Query(max_length=200, description="Words, in any language.")] = "",
    lang: Annotated[
        str | None, Query(max_length=35, description="The language of the words, if it is sure.")
    ] = None,
    side: Annotated[Literal["", "offer", "want"], Query()] = "",
    kind: Annotated[Literal["", "exchange", "gift", "loan", "time", "share", "sale"], Query()] = "",
    category: Annotated[
        str, Query(max_length=100, description="A category: what stands in it or below.")
    ] = "",
    origin: Annotated[str, Query(max_length=32, description="A node.", examples=["souss"])] = "",
    owner: Owner = "",
    country: Annotated[str, Query(pattern="^([A-Z]{2})?$", examples=["MA"])] = "",
    state: Annotated[Literal["published", "paused"], Query()] = "published",
    near: Annotated[
        str, Query(max_length=60, description="A place in degrees.", examples=["30.42,-9.60"])
    ] = "",
    within_km: Annotated[int, Query(ge=1, le=20_000)] = WITHIN_KM,
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[ItemInList]:
    """List offers and wants, the newest first; with words, the nearest first."""
    if category and ":" not in category:
        categories.category(category)
    question = Question(
        words=q,
        language=lang,
        side=side,
        kind=kind,
        category=category,
        origin=origin,
        owner=owner,
        country=country,
        states=(state,),
        box=_box(near, within_km),
    )
    return await _page(parts, caller, question, size=size, after=after)


async def read_item(
    item_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_item")],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return an offer or a want."""
    body, tag = await parts.store.read(item_units.shown, item_id, node=parts.node, caller=caller)
    if unchanged(if_none_match, tag):
        return not_modified(tag)
    return Response(body, headers={"ETag": tag}, media_type="application/json")


async def list_owner_items(
    owner: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_owner_items")],
    side: Annotated[Literal["", "offer", "want"], Query()] = "",
    state: Annotated[
        Literal["", "draft", "published", "paused", "fulfilled", "expired", "withdrawn"], Query()
    ] = "",
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[ItemInList]:
    """List all that a participant of this network offers and needs, drafts and closed ones too."""
    ACCESS.may(caller, "list_owner_items", owner=owner, node=parts.node)
    states = (state,) if state else tuple(one.value for one in State)
    question = Question(side=side, owner=owner, origin=parts.node, states=states)
    return await _page(parts, caller, question, size=size, after=after)


async def create_item(
    item: ItemIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("create_item")],
    key: IdempotencyKey = None,
) -> Response:
    """Post an offer or a want; posted twice with one draft id or one key, it is one."""
    ACCESS.may(caller, "create_item", owner=item.owner, node=parts.node)
    _require_kind(item, caller, parts.node)
    item_id = intake.new_item_id(parts.node, item.owner, item.draft_id)
    answer = await parts.store.write(
        item_units.create,
        item,
        intake.item_of(item, item_id=item_id, **_context(parts)),
        node=parts.node,
        settings=parts.settings,
        answers=parts.answers,
        asked=asked(caller, "create_item", key, item.model_dump_json()),
    )
    return answer.response()


async def amend_item(
    item_id: str,
    item: ItemIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("amend_item")],
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response:
    """Put the whole of an own offer or want anew, as it was read and changed since."""
    answer = await parts.store.write(
        item_units.amend,
        intake.item_of(item, item_id=item_id, **_context(parts)),
        caller=caller,
        node=parts.node,
        if_match=if_match,
        answers=parts.answers,
        asked=asked(caller, "amend_item", key, item_id, if_match, item.model_dump_json()),
    )
    return answer.response()


async def publish_item(
    item_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("publish_item")],
    publishing: Publishing | None = None,
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response:
    """Publish a draft, or what was paused or has expired."""
    given = publishing or Publishing()
    said = asked(caller, "publish_item", key, item_id, if_match, given.model_dump_json())
    answer = await parts.store.write(
        item_units.move,
        item_id,
        State.PUBLISHED,
        operation="publish_item",
        expires_on=given.expires_on,
        asked=said,
        **_moving(parts, caller, if_match),
    )
    return answer.response()


async def pause_item(
    item_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("pause_item")],
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response:
    """Pause a published offer or want: nothing is proposed with it until it goes on."""
    answer = await parts.store.write(
        item_units.move,
        item_id,
        State.PAUSED,
        operation="pause_item",
        asked=asked(caller, "pause_item", key, item_id, if_match),
        **_moving(parts, caller, if_match),
    )
    return answer.response()


async def close_item(
    item_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("close_item")],
    closing: Closing | None = None,
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response:
    """Close an offer or a want: it has found whom it was for, or is taken back."""
    given = closing or Closing()
    said = asked(caller, "close_item", key, item_id, if_match, given.model_dump_json())
    answer = await parts.store.write(
        item_units.move,
        item_id,
        State(given.outcome),
        operation="close_item",
        reason=given.reason,
        asked=said,
        **_moving(parts, caller, if_match),
    )
    return answer.response()


async def _page(
    parts: Parts, caller: Caller, question: Question, *, size: int, after: str | None
) -> Page[ItemInList]:
    sight = sight_of(caller, own=parts.node)

    def read(work: Work) -> list[tuple[Found, dict[str, Any]]]:
        found = listed(work, question, sight=sight, after=after, most=size + 1)
        owners = item_units.with_owners(work, [one.kept for one in found])
        return list(zip(found, owners, strict=True))

    rows = await parts.store.read(read)
    return page(
        rows,
        size=size,
        shown=lambda row: _in_list(row[0], row[1], parts),
        order=lambda row: order(row[0], question),
    )


def _in_list(found: Found, owner: dict[str, Any], parts: Parts) -> ItemInList:
    fields = item_units.fields_of(found.kept, parts.node)
    return ItemInList.model_validate(fields | owner | {"item": item_units.public(found.kept)})


def _require_kind(item: ItemIn, caller: Caller, node: NodeName) -> None:
    """Return quietly unless somebody takes their entity for a person, or themselves for an entity.

    The federation would be told of an entity that it does not know.

    Raises:
        Invalid
    """
    kinds = {"entity": caller.speaks_for(item.owner), "person": item.owner == f"{node}:{caller.id}"}
    if any(kinds.values()) and not kinds[item.owner_kind]:
        raise Invalid("an owner is what it is: an entity or a person", field="owner_kind")


def _context(parts: Parts) -> dict[str, Any]:
    return {
        "node": parts.node,
        "language": parts.settings.languages[0],
        "now": parts.clock.now(),
    }


def _moving(parts: Parts, caller: Caller, if_match: str | None) -> dict[str, Any]:
    return {
        "caller": caller,
        "node": parts.node,
        "settings": parts.settings,
        "if_match": if_match,
        "answers": parts.answers,
    }


def _box(near: str, within_km: int) -> Box | None:
    """Return the box around a place that is said as latitude and longitude, with a comma.

    Raises:
        BadCoordinate, OutOfRange, Invalid
    """
    if not near:
        return None
    lat, comma, lon = near.partition(",")
    if not comma:
        raise Invalid("near is a latitude and a longitude in degrees", field="near")
    return around(latitude(lat), longitude(lon), within_km)
