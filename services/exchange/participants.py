"""Who offers and needs: what the directories' logs tell of entities, as far as trade needs it."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple

import orjson
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.exchange.items import Item, OwnerKind, Place, Visibility
from services.exchange.tables.offers import PARTICIPANT
from shared.canonical import trusted_canonical
from shared.ids import NodeName
from shared.refusals import Kind, Refusal
from shared.store import Prepared, Work

COLUMNS: Final = tuple(column.name for column in PARTICIPANT.c)
_LOCAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
"""What stands behind the node in an id that the federation may be told."""


class NotOurParticipant(Refusal):
    """Something was to be posted for somebody of another node."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "not-our-participant"
    title: ClassVar[str] = "An owner is a participant of this network, <node>:<id>"


class OwnerNotListed(Refusal):
    """The federation was to hear of an item whose owner it does not know."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "owner-not-listed"
    title: ClassVar[str] = (
        "The federation does not know this entity; list it, or post for the network"
    )


class Participant(NamedTuple):
    """What is known of an entity of any node."""

    id: str
    origin: str
    revision: int
    withdrawn: bool
    name: str
    names: dict[str, str]
    country: str
    locality: str
    lat: int | None
    lon: int | None
    women_led: bool | None
    members: int | None
    workers: int | None
    certificates: frozenset[str]


def _keep() -> Prepared:
    new = insert(PARTICIPANT)
    return Prepared(
        new.on_conflict_do_update(
            index_elements=("id",),
            set_={name: new.excluded[name] for name in COLUMNS if name not in ("id", "origin")},
            where=new.excluded.revision > PARTICIPANT.c.revision,
        ),
        columns=COLUMNS,
    )


KEEP: Final = _keep()
"""Keeps a row of ``row_of`` or ``gone``, unless a revision as high is there already."""

_shown: Final = tuple(PARTICIPANT.c[name] for name in Participant._fields)
_ONE: Final = Prepared(select(*_shown).where(PARTICIPANT.c.id == bindparam("wanted")))


def participant(work: Work, participant_id: str) -> Participant | None:
    """Return what is known of an entity, also when it has left, or None."""
    found = work.rows(_ONE, {"wanted": participant_id})
    return _participant(found[0]) if found else None


def participants(work: Work, ids: list[str]) -> dict[str, Participant]:
    """Return what is known of several entities, by their ids."""
    rows = work.execute(select(*_shown).where(PARTICIPANT.c.id.in_(ids)))
    return {row[0]: _participant(tuple(row)) for row in rows}


def require_owner(work: Work, item: Item, *, node: NodeName) -> Participant | None:
    """Return what is known of an item's owner, if that may own such an item here.

    An entity that the federation does not know may own what only the network sees: its id alone
    would tell the federation that it exists.

    Raises:
        NotOurParticipant, OwnerNotListed
    """
    origin, _, local = item.owner.partition(":")
    if origin != node or not _LOCAL.fullmatch(local):
        raise NotOurParticipant()
    if item.owner_kind is OwnerKind.PERSON:
        return None
    known = participant(work, item.owner)
    if known is None or known.withdrawn:
        if item.visibility is Visibility.FEDERATION:
            raise OwnerNotListed()
        return None
    return known


def place_of(known: Participant | None) -> Place | None:
    """Return where an entity is, as its directory tells."""
    if known is None or known.lat is None or known.lon is None:
        return None
    return Place(lat=known.lat, lon=known.lon, country=known.country, locality=known.locality)


def row_of(
    entity_id: str, origin: str, revision: int, profile: Mapping[str, Any], moment: str
) -> dict[str, Any]:
    """Return the row of an entity, from the fields of its public profile."""
    geo = profile.get("geo") or {}
    addresses = profile.get("addresses") or ()
    seat = next((one for one in addresses if one.get("is_main")), addresses[0] if addresses else {})
    certificates = sorted({held["scheme"] for held in profile.get("certifications", ())})
    return {
        "id": entity_id,
        "origin": origin,
        "revision": revision,
        "withdrawn": 0,
        "name": profile["name"],
        "names": trusted_canonical(profile.get("names", {})).decode(),
        "country": seat.get("country") or "",
        "locality": seat.get("locality", ""),
        "lat": geo.get("lat"),
        "lon": geo.get("lon"),
        "women_led": _women_led(profile),
        "members": profile.get("members_total"),
        "workers": profile.get("workers"),
        "certificates": " ".join(certificates),
        "changed_at": moment,
    }


def gone(entity_id: str, origin: str, revision: int, moment: str) -> dict[str, Any]:
    """Return the row that stays of an entity that has left."""
    nothing: dict[str, Any] = dict.fromkeys(COLUMNS)
    texts = dict.fromkeys(("name", "country", "locality", "certificates"), "")
    return (
        nothing
        | texts
        | {
            "id": entity_id,
            "origin": origin,
            "revision": revision,
            "withdrawn": 1,
            "names": "{}",
            "changed_at": moment,
        }
    )


def _women_led(profile: Mapping[str, Any]) -> int | None:
    """Return whether women lead: as the entity says, or as its board's numbers tell."""
    said, board = profile.get("women_led"), profile.get("board_total")
    if said is not None:
        return int(said)
    if not board or profile.get("board_women") is None:
        return None
    return int(2 * profile["board_women"] > board)


def _participant(row: tuple[Any, ...]) -> Participant:
    found = Participant._make(row)
    return found._replace(
        withdrawn=bool(found.withdrawn),
        names=orjson.loads(row[5]),
        women_led=None if found.women_led is None else bool(found.women_led),
        certificates=frozenset(row[13].split()),
    )
