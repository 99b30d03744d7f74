"""What the exchange remembers of other services' events: items of all nodes, and participants.

A node that was restored takes its own published pages in again by the same way; what it never
published stays as it is. Rows are only marked here, and their words follow (``item_words``).
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from services.exchange import participants
from services.exchange.item_handlers import hide_items
from services.exchange.items import FloorAboveCeiling, Side, State, Visibility
from services.exchange.rates import remember_rates
from services.exchange.records import COLUMNS, item_of, row_of, tombstone_of
from services.exchange.tables.offers import ITEM, ITEM_TERM, ITEM_WORD, PARTICIPANT, RATE, RATES
from shared.contracts.directory import EntityAmended, EntityListed, EntityWithdrawn
from shared.contracts.exchange import (
    OfferAmended,
    OfferClosed,
    OfferPosted,
    RatesPublished,
    WantAmended,
    WantClosed,
    WantPosted,
)
from shared.events import NotItsNamespace
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.log.projector import Projector
from shared.store import Prepared, Work

_STAY: Final = frozenset({"id", "origin", "side", "listed_at"})
_SIDES: Final = {"offer": Side.OFFER, "want": Side.WANT}


def _keep() -> Prepared:
    new = insert(ITEM)
    return Prepared(
        new.on_conflict_do_update(
            index_elements=("id",),
            set_={name: new.excluded[name] for name in COLUMNS if name not in _STAY},
            where=new.excluded.revision > ITEM.c.revision,
        ),
        columns=COLUMNS,
    )


_KEEP: Final = _keep()
_if_closed: Final = select(ITEM.c.key).where(ITEM.c.id == bindparam("told_of"), ITEM.c.data == "")
_CLEAR: Final = (
    Prepared(delete(ITEM_WORD).where(ITEM_WORD.c.item.in_(_if_closed))),
    Prepared(delete(ITEM_TERM).where(ITEM_TERM.c.item.in_(_if_closed))),
)


def register(projector: Projector, *, node: NodeName) -> None:
    """Have a projector remember items, rates and the entities that own them."""
    for posted in (OfferPosted, OfferAmended, WantPosted, WantAmended):
        projector.on(posted, remember)
    for closed in (OfferClosed, WantClosed):
        projector.on(closed, remember_closed)
    projector.on(RatesPublished, remember_rates)
    projector.on(EntityListed, remember_participants)
    projector.on(EntityAmended, remember_participants)

    def withdrawn(work: Work, arrived: Sequence[Arrived[EntityWithdrawn]]) -> None:
        remember_gone(work, arrived, node=node)

    projector.on(EntityWithdrawn, withdrawn)
    projector.on_forget(lambda work, origin, service: forget(work, origin, service))


def remember(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
    """Keep items as they are told, each by its highest revision.

    Raises:
        NotItsNamespace: an item, its owner or its own category belongs to another node.
        FloorAboveCeiling: its value can be nothing.
    """
    moment = work.moment
    rows = []
    for told in arrived:
        data = told.data
        fields = data["item"]
        own = fields.get("own_category") or {}
        _require_own(told.origin, data["item_id"], fields["owner"], own.get("code"))
        item = item_of(
            data["item_id"],
            _side(told),
            data["revision"],
            fields,
            state=State(fields.get("state", "published")),
            visibility=Visibility.FEDERATION,
        )
        if item.value and max(item.value.low, item.value.floor or 0) > item.value.high:
            raise FloorAboveCeiling()
        # The fields as they were signed, with what this release does not know.
        rows.append(row_of(item, moment, told=True, fields=fields))
    work.run(_KEEP, rows)


def remember_closed(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
    """Leave a tombstone of each item, also of one that was never heard of.

    Raises:
        NotItsNamespace: an item belongs to another node than the one that tells of it.
    """
    moment = work.moment
    rows = []
    for told in arrived:
        data = told.data
        _require_own(told.origin, data["item_id"])
        state = State(data["outcome"])
        rows.append(tombstone_of(data["item_id"], _side(told), data["revision"], state, moment))
    work.run(_KEEP, rows)
    for clear in _CLEAR:
        work.run(clear, [{"told_of": row["id"]} for row in rows])


def remember_participants(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
    """Keep what is told of entities, each by its highest revision.

    Raises:
        NotItsNamespace: an entity belongs to another node than the one that tells of it.
    """
    moment = work.moment
    rows = []
    for told in arrived:
        data = told.data
        _require_own(told.origin, data["entity_id"])
        rows.append(
            participants.row_of(
                data["entity_id"], told.origin, data["revision"], data["profile"], moment
            )
        )
    work.run(participants.KEEP, rows)


def remember_gone(
    work: Work, arrived: Sequence[Arrived[EntityWithdrawn]], *, node: NodeName
) -> None:
    """Remember that entities have left; the federation sees the own ones' items no more.

    Raises:
        NotItsNamespace: an entity belongs to another node than the one that tells of it.
    """
    moment = work.moment
    for told in arrived:
        entity_id, revision = told.data["entity_id"], told.data["revision"]
        _require_own(told.origin, entity_id)
        changed = work.run(
            participants.KEEP, participants.gone(entity_id, told.origin, revision, moment)
        )
        if changed and told.origin == node:
            hide_items(work, entity_id, node=node)


def forget(work: Work, node: NodeName, service: ServiceName) -> None:
    """Forget what a service of a node has told; its log is about to be told again."""
    if service == "exchange":
        theirs = select(ITEM.c.key).where(ITEM.c.origin == node, ITEM.c.network_only == 0)
        theirs = theirs.where(ITEM.c.state != State.DRAFT.value)
        work.execute(delete(ITEM_WORD).where(ITEM_WORD.c.item.in_(theirs)))
        work.execute(delete(ITEM_TERM).where(ITEM_TERM.c.item.in_(theirs)))
        work.execute(delete(ITEM).where(ITEM.c.key.in_(theirs)))
        work.execute(delete(RATE).where(RATE.c.node == node))
        work.execute(delete(RATES).where(RATES.c.node == node))
    if service == "directory":
        work.execute(delete(PARTICIPANT).where(PARTICIPANT.c.origin == node))


def _side(told: Arrived[Any]) -> Side:
    return _SIDES[told.contract.kind.split(".")[1]]


def _require_own(origin: str, *ids: str | None) -> None:
    for one in ids:
        if one is not None and not one.startswith(f"{origin}:"):
            raise NotItsNamespace(f"{origin} tells of {one[:100]}")
