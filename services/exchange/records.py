"""An item as a row, as what the federation is told, and back again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import orjson

from services.exchange.items import (
    Item,
    Kind,
    OwnCategory,
    OwnerKind,
    Place,
    Preference,
    Quantity,
    Repeat,
    Rings,
    Side,
    State,
    Transport,
    Value,
    Visibility,
)
from services.exchange.tables.offers import ITEM
from services.exchange.units import BadQuantity, QuantityTooLarge, UnknownUnit
from shared.canonical import trusted_canonical

COLUMNS: Final = tuple(column.name for column in ITEM.c if column is not ITEM.c.key)
_PLAIN: Final = ("original_language", "radius_km", "available_from", "available_until")
_PLAIN_TOO: Final = ("expires_at", "market", "rank", "choice")


ENDED: Final = 2
"""Of ``told``: the federation was told of the item, and that it has ended."""


class Kept(NamedTuple):
    """What is kept of an item besides its fields.

    Args:
        told: whether the federation knows it at the present.
        ended: whether the federation has known it, and was told that it has ended.
    """

    key: int
    item: Item
    told: bool
    listed_at: str
    changed_at: str
    data: str
    ended: bool = False


SHOWN: Final = (
    ITEM.c.key,
    ITEM.c.id,
    ITEM.c.revision,
    ITEM.c.side,
    ITEM.c.state,
    ITEM.c.network_only,
    ITEM.c.told,
    ITEM.c.data,
    ITEM.c.listed_at,
    ITEM.c.changed_at,
)
"""The columns that ``kept`` reads, in its order."""


def kept(row: Any) -> Kept:
    """Return an item as a row of ``SHOWN`` holds it; it must not be a tombstone."""
    key, item_id, revision, side, state, network_only, told, data, listed_at, changed_at = row
    item = item_of(
        item_id,
        Side(side),
        revision,
        orjson.loads(data),
        state=State(state),
        visibility=Visibility.NETWORK if network_only else Visibility.FEDERATION,
    )
    return Kept(key, item, told == 1, listed_at, changed_at, data, ended=told == ENDED)


def public_fields(item: Item) -> dict[str, Any]:
    """Return an item's fields as the contract names them; what says nothing is left out.

    The state stands beside them in the row, and is added where the federation is told.
    """
    found: dict[str, Any] = {
        "kind": item.kind.value,
        "owner": item.owner,
        "title": dict(item.title),
        "category": item.category,
    }
    if item.owner_kind is not OwnerKind.ENTITY:
        found["owner_kind"] = item.owner_kind.value
    if item.text:
        found["text"] = dict(item.text)
    if item.own_category:
        own = item.own_category
        found["own_category"] = {"code": own.code, "labels": dict(own.labels)}
    if item.quantity:
        found["quantity"] = _said(item.quantity, amount=None, scale=0, unit=None)
    if item.value:
        found["value"] = _said(item.value, low=None, high=None, unit=None, each=False, floor=...)
    if item.place:
        found["place"] = _said(item.place, lat=None, lon=None, country="", locality="")
    for name, usual in _WORDS.items():
        word = getattr(item, name)
        if word is not usual:
            found[name] = word.value
    for name in (*_PLAIN, *_PLAIN_TOO):
        value = getattr(item, name)
        # A radius of nothing says that the goods stay where they are.
        if value or (name == "radius_km" and value == 0):
            found[name] = value
    for name in ("certificates", "pictures"):
        if listed := getattr(item, name):
            found[name] = list(listed)
    return found


_WORDS: Final[Mapping[str, Any]] = {
    "rings": Rings.NETWORK,
    "prefer": Preference.NETWORK,
    "repeat": Repeat.ONCE,
    "transport": Transport.EITHER,
}


def told_fields(item: Item) -> dict[str, Any]:
    """Return what the federation is told of an item."""
    found = public_fields(item)
    if item.state is State.PAUSED:
        found["state"] = State.PAUSED.value
    return found


def item_of(
    item_id: str,
    side: Side,
    revision: int,
    data: Mapping[str, Any],
    *,
    state: State,
    visibility: Visibility,
) -> Item:
    """Return the item of fields that have been held against the contract."""
    own = data.get("own_category")
    return Item(
        item_id=item_id,
        side=side,
        kind=Kind(data["kind"]),
        state=state,
        visibility=visibility,
        revision=revision,
        owner=data["owner"],
        owner_kind=OwnerKind(data.get("owner_kind", "entity")),
        title=data["title"],
        text=data.get("text", {}),
        category=data["category"],
        own_category=OwnCategory(code=own["code"], labels=own["labels"]) if own else None,
        quantity=_made(Quantity, data.get("quantity"), ("amount", "scale", "unit")),
        value=_made(Value, data.get("value"), ("low", "high", "unit", "each", "floor")),
        place=_made(Place, data.get("place"), ("lat", "lon", "country", "locality")),
        rings=Rings(data.get("rings", "network")),
        prefer=Preference(data.get("prefer", "network")),
        repeat=Repeat(data.get("repeat", "once")),
        transport=Transport(data.get("transport", "either")),
        certificates=tuple(data.get("certificates", ())),
        pictures=tuple(data.get("pictures", ())),
        original_language=data.get("original_language") or "",
        radius_km=data.get("radius_km"),
        available_from=data.get("available_from") or "",
        available_until=data.get("available_until") or "",
        expires_at=data.get("expires_at") or "",
        market=data.get("market", ""),
        rank=data.get("rank", 0),
        choice=data.get("choice") or "",
    )


def row_of(
    item: Item,
    moment: str,
    *,
    told: bool,
    ended: bool = False,
    fields: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the row of an item, its words not yet indexed.

    Args:
        item: as it is to be kept.
        moment: when it was heard of.
        told: whether the federation knows it.
        ended: whether it has known it, and was told that it has ended.
        fields: as they were signed, with what this release does not know; its own where none.
    """
    measure, base = _measured(item.quantity)
    data = {key: value for key, value in (fields or public_fields(item)).items() if key != "state"}
    return {
        "id": item.item_id,
        "origin": item.origin,
        "revision": item.revision,
        "side": item.side.value,
        "state": item.state.value,
        "network_only": int(item.visibility is Visibility.NETWORK),
        "told": ENDED if ended and not told else int(told),
        "indexed": 0,
        "kind": item.kind.value,
        "owner": item.owner,
        "category": item.category,
        "own_category": item.own_category.code if item.own_category else "",
        "country": item.place.country if item.place else "",
        "lat": item.place.lat if item.place else None,
        "lon": item.place.lon if item.place else None,
        "radius_km": item.radius_km,
        "measure": measure,
        "base_amount": base,
        "value_unit": item.value.unit if item.value else "",
        "rings": item.rings.value,
        "available_from": item.available_from,
        "available_until": item.available_until,
        "expires_at": item.expires_at,
        "data": trusted_canonical(data).decode(),
        "listed_at": moment,
        "changed_at": moment,
    }


def tombstone_of(
    item_id: str, side: Side, revision: int, state: State, moment: str
) -> dict[str, Any]:
    """Return the row that stays of an item of another node that was closed."""
    nothing: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    return nothing | {
        "id": item_id,
        "origin": item_id.partition(":")[0],
        "revision": revision,
        "side": side.value,
        "state": state.value,
        "network_only": 0,
        "told": 0,
        "indexed": 1,
        "lat": None,
        "lon": None,
        "radius_km": None,
        "base_amount": None,
        "listed_at": moment,
        "changed_at": moment,
    }


def changed(item: Item, **fields: Any) -> Item:
    """Return the next revision of an item."""
    return replace(item, revision=item.revision + 1, **fields)


def _measured(quantity: Quantity | None) -> tuple[str, int | None]:
    if quantity is None:
        return "", None
    try:
        return quantity.measure(), quantity.base()
    except (UnknownUnit, BadQuantity, QuantityTooLarge):
        # Another node may measure in what a later release knows, and as it likes.
        return "", None


def _said(part: Any, **usual: Any) -> dict[str, Any]:
    """Return the fields of a part that differ from the usual; ``...`` leaves out what is None."""
    found = {}
    for name, common in usual.items():
        value = getattr(part, name)
        if (value is None and common is ...) or (common not in (None, ...) and value == common):
            continue
        found[name] = value
    return found


def _made(kind: type[Any], fields: Mapping[str, Any] | None, names: tuple[str, ...]) -> Any:
    """Return a part of the fields that it knows; others are of a later release."""
    if fields is None:
        return None
    known = {name: fields[name] for name in names if fields.get(name) is not None}
    return kind(**known)
