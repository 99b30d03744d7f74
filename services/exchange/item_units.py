"""The units of work behind the endpoints: who may, a handler, and the answer that is kept.

Whoever may not see an item meets nothing, whatever they ask to do with it.
"""

from datetime import date
from typing import Any

import orjson
from sqlalchemy import select

from services.exchange import intake, item_handlers
from services.exchange.access import ACCESS, sight_of
from services.exchange.asked_items import ItemIn
from services.exchange.item_handlers import ItemClosed, own_item, tag_of
from services.exchange.item_search import Sight, unseen_nodes
from services.exchange.items import OPEN, Item, OwnerKind, State, Visibility
from services.exchange.participants import participants
from services.exchange.records import SHOWN, Kept, kept
from services.exchange.settings import ExchangeSettings
from services.exchange.tables.offers import ITEM
from shared.access import Caller, NotAllowed
from shared.contracts.exchange import PublicItem
from shared.etag import etag
from shared.idempotency import Answer, Answers, Asked
from shared.ids import NodeName
from shared.people import TokenMissing
from shared.refusals import Missing
from shared.store import Work


def shown(work: Work, item_id: str, *, node: NodeName, caller: Caller) -> tuple[bytes, str]:
    """Return an item as the asker may see it, and its tag.

    Raises:
        Missing: there is none, or none that the asker may know of.
        ItemClosed: it is closed, and the asker may know that it was there.
    """
    row = work.execute(select(*SHOWN).where(ITEM.c.id == item_id)).first()
    sight = sight_of(caller, own=node)
    if row is None or item_id.partition(":")[0] in unseen_nodes(work, sight):
        raise Missing()
    if not row.data:
        raise ItemClosed(state=row.state)
    known = kept(row)
    if not seen(known.item, sight, caller, node=node):
        if known.ended:
            # The federation was told that it has ended; whether it goes on here it must not learn.
            raise ItemClosed(state=State.WITHDRAWN.value)
        raise Missing()
    if known.item.state not in OPEN and not sight.network:
        raise ItemClosed(state=known.item.state.value)
    return body_of(known, node), _tag(known, node)


def seen(item: Item, sight: Sight, caller: Caller, *, node: NodeName) -> bool:
    """Return whether an asker may know of an item; of a draft its owner may, and its keepers."""
    if item.visibility is Visibility.NETWORK and not sight.network:
        return False
    if item.state is State.DRAFT:
        try:
            ACCESS.may(caller, "list_owner_items", owner=item.owner, node=node)
        except (NotAllowed, TokenMissing):
            return False
    return True


def create(
    work: Work,
    given: ItemIn,
    item: Item,
    *,
    node: NodeName,
    settings: ExchangeSettings,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Post an item and answer with it.

    Raises:
        KeyReused, and what ``item_handlers.post_item`` refuses.
    """

    def do() -> Answer:
        known = item_handlers.post_item(
            work, item, node=node, limit=settings.items_per_owner, publish=given.publish
        )
        headers = {"Location": f"items/{item.item_id}", "ETag": tag_of(known)}
        return Answer(status=201, body=body_of(known, node), headers=headers)

    return answers.once(work, asked, do)


def amend(
    work: Work,
    item: Item,
    *,
    caller: Caller,
    node: NodeName,
    if_match: str | None,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Amend an item and answer with it.

    Raises:
        NotAllowed, KeyReused, and what ``item_handlers.amend_item`` refuses.
    """

    def do() -> Answer:
        require_its(work, item.item_id, "amend_item", caller=caller, node=node)
        known = item_handlers.amend_item(work, item, node=node, if_match=if_match)
        return _answer(known, node)

    return answers.once(work, asked, do)


def move(
    work: Work,
    item_id: str,
    state: State,
    *,
    operation: str,
    caller: Caller,
    node: NodeName,
    settings: ExchangeSettings,
    if_match: str | None,
    reason: str = "",
    expires_on: date | None = None,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Move an item on and answer with it.

    Raises:
        NotAllowed, KeyReused, and what ``item_handlers.move_item`` refuses.
    """

    def do() -> Answer:
        require_its(work, item_id, operation, caller=caller, node=node)
        known = item_handlers.move_item(
            work,
            item_id,
            state,
            node=node,
            if_match=if_match,
            reason=reason,
            expires_at=intake.expiry(expires_on, "", now=work.now),
            limit=settings.items_per_owner,
        )
        return _answer(known, node)

    return answers.once(work, asked, do)


def require_its(
    work: Work, item_id: str, operation: str, *, caller: Caller, node: NodeName
) -> None:
    """Return quietly when a caller may do something with an own item.

    Raises:
        Missing: there is none that the caller may know of.
        ItemNotOurs, ItemClosed, NotAllowed
    """
    known = own_item(work, item_id, node=node)
    try:
        ACCESS.may(caller, operation, owner=known.item.owner, node=node)
    except NotAllowed:
        if not seen(known.item, sight_of(caller, own=node), caller, node=node):
            raise Missing() from None
        raise


def body_of(known: Kept, node: NodeName) -> bytes:
    """Return an item as the API shows it."""
    return orjson.dumps(fields_of(known, node) | {"item": orjson.Fragment(known.data)})


def fields_of(known: Kept, node: NodeName) -> dict[str, Any]:
    """Return what stands around an item's own fields."""
    item = known.item
    return {
        "id": item.item_id,
        "side": item.side.value,
        "origin": item.origin,
        "own": item.origin == node,
        "revision": item.revision,
        "state": item.state.value,
        "visibility": item.visibility.value,
        "listed_at": known.listed_at,
        "changed_at": known.changed_at,
    }


def public(known: Kept) -> PublicItem:
    """Return an item's own fields as the contract has them."""
    return PublicItem.model_validate_json(known.data)


def with_owners(work: Work, found: list[Kept]) -> list[dict[str, Any]]:
    """Return of the owners of items what a list shows, in the order of the items."""
    ids = [one.item.owner for one in found if one.item.owner_kind is OwnerKind.ENTITY]
    known = participants(work, ids)
    shown = []
    for one in found:
        owner = known.get(one.item.owner)
        shown.append(
            {
                "owner_name": owner.name if owner else "",
                "owner_names": owner.names if owner else {},
                "women_led": owner.women_led if owner else None,
            }
        )
    return shown


def _answer(known: Kept, node: NodeName) -> Answer:
    return Answer(status=200, body=body_of(known, node), headers={"ETag": tag_of(known)})


def _tag(known: Kept, node: NodeName) -> str:
    # Another node's item may be taken in anew with the revision that it had.
    item = known.item
    return etag(item.revision) if item.origin == node else etag(item.revision, known.changed_at)
