"""HTTP of agreed links: two of a network have agreed, and the round keeps to it."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.responses import Response

from services.exchange import agreed_links, item_units
from services.exchange.access import ACCESS, sight_of
from services.exchange.item_handlers import ItemClosed, ItemNotOurs, own_item
from services.exchange.parts import Parts, PartsDep
from shared.access import REFUSALS, Caller, NotAllowed
from shared.contracts.exchange import ItemId
from shared.gate import allowed
from shared.idempotency import Answer, Asked, IdempotencyKey, KeyReused, asked
from shared.ids import NodeName
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

OfferPath = Annotated[ItemId, Path(description="The offer, of this network.")]
WantPath = Annotated[ItemId, Path(description="The want, of this network.")]


class LinkOut(BaseModel):
    """A link, and who has agreed to it so far; rounds keep to it once both have."""

    offer: str
    want: str
    giver_agrees: bool
    taker_agrees: bool


class LinksOut(BaseModel):
    """The links in which an item stands."""

    items: list[LinkOut]


def router() -> APIRouter:
    """Return the paths of agreed links."""
    made = APIRouter(tags=["rounds"])
    no_item = (*REFUSALS, Missing, ItemNotOurs, ItemClosed)
    made.put(
        "/links/{offer}/{want}", operation_id="agree_link", status_code=204,
        response_class=Response,
        responses=refusals(
            *no_item, KeyReused, agreed_links.CannotBeLinked, agreed_links.TooManyLinks
        ),
    )(agree_link)  # fmt: skip
    made.delete(
        "/links/{offer}/{want}", operation_id="end_link", status_code=204,
        response_class=Response, responses=refusals(*no_item, KeyReused),
    )(end_link)  # fmt: skip
    made.get("/items/{item_id}/links", operation_id="list_links", responses=refusals(*no_item))(
        list_links
    )
    return made


def _may(caller: Caller, operation: str, owner: str, node: str) -> bool:
    try:
        ACCESS.may(caller, operation, owner=owner, node=node)
    except NotAllowed:
        return False
    return True


def _require_seen(work: Work, items: tuple[str, ...], caller: Caller, node: NodeName) -> None:
    """Return quietly when a caller may know of all these items; a draft is its owner's alone."""
    sight = sight_of(caller, own=node)
    for one in items:
        item = own_item(work, one, node=node, reading=True).item
        if not item_units.seen(item, sight, caller, node=node):
            raise Missing()


async def _once(parts: Parts, do: Callable[[Work], Answer], said: Asked | None) -> Response:
    """Do what was asked unless it was done before, and send what was answered."""

    def unit(work: Work) -> Answer:
        return parts.answers.once(work, said, lambda: do(work))

    return (await parts.store.write(unit)).response()


async def agree_link(
    offer: OfferPath,
    want: WantPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("agree_link")],
    key: IdempotencyKey = None,
) -> Response:
    """Agree that an offer goes to a want, for the side or the sides for which you may speak."""

    def do(work: Work) -> Answer:
        _require_seen(work, (offer, want), caller, parts.node)
        giving, taking = agreed_links.sides(work, offer, want, node=parts.node)
        giver = _may(caller, "agree_link", giving.owner, parts.node)
        taker = _may(caller, "agree_link", taking.owner, parts.node)
        if not (giver or taker):
            raise NotAllowed()
        agreed_links.agree(work, giving, taking, giver=giver, taker=taker)
        return Answer(status=204)

    return await _once(parts, do, asked(caller, "agree_link", key, offer, want))


async def end_link(
    offer: OfferPath,
    want: WantPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("end_link")],
    key: IdempotencyKey = None,
) -> Response:
    """End a link, for either side; where there is none nothing happens."""

    def do(work: Work) -> Answer:
        _require_seen(work, (offer, want), caller, parts.node)
        owners = [own_item(work, one, node=parts.node).item.owner for one in (offer, want)]
        if not any(_may(caller, "end_link", owner, parts.node) for owner in owners):
            raise NotAllowed()
        agreed_links.end(work, offer, want)
        return Answer(status=204)

    return await _once(parts, do, asked(caller, "end_link", key, offer, want))


async def list_links(
    item_id: Annotated[ItemId, Path()],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_links")],
) -> LinksOut:
    """List the links in which an item stands; its owner and the network's stewards see them."""

    def read(work: Work) -> list[LinkOut]:
        _require_seen(work, (item_id,), caller, parts.node)
        owner = own_item(work, item_id, node=parts.node, reading=True).item.owner
        ACCESS.may(caller, "list_links", owner=owner, node=parts.node)
        return [LinkOut(**one) for one in agreed_links.links_of(work, item_id)]

    return LinksOut(items=await parts.store.read(read))
