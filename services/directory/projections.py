"""What the directory remembers of entities: those of other nodes, and its own when they come back.

A node that was restored takes its own published pages in again by the same way; what it keeps at
home stays as it is. The texts are analysed later, by ``index.py``: here each event costs
microseconds, and a row is only marked as not yet indexed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from services.directory.tables import AT_HOME, ENTITY, SEARCH, TERM
from shared.canonical import trusted_canonical
from shared.contracts.directory import EntityAmended, EntityListed, EntityWithdrawn
from shared.events import NotItsNamespace
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.log.projector import Projector
from shared.store import Prepared, Work

DIRECTORY: Final = "directory"

_COLUMNS: Final = tuple(column.name for column in ENTITY.c if column is not ENTITY.c.key)
_STAY: Final = frozenset({"id", "origin", "listed_at"})


def _keep() -> Prepared:
    new = insert(ENTITY)
    return Prepared(
        new.on_conflict_do_update(
            index_elements=("id",),
            set_={name: new.excluded[name] for name in _COLUMNS if name not in _STAY},
            where=new.excluded.revision > ENTITY.c.revision,
        ),
        columns=_COLUMNS,
    )


KEEP: Final = _keep()
"""Keeps a row of ``row_of`` or ``tombstone_of``, unless a revision as high is there already."""

_if_withdrawn: Final = select(ENTITY.c.key).where(
    ENTITY.c.id == bindparam("told"), ENTITY.c.withdrawn == 1
)
_CLEAR: Final = (
    Prepared(delete(SEARCH).where(SEARCH.c.entity.in_(_if_withdrawn))),
    Prepared(delete(TERM).where(TERM.c.entity.in_(_if_withdrawn))),
    Prepared(
        delete(AT_HOME).where(
            AT_HOME.c.id.in_(
                select(ENTITY.c.id).where(ENTITY.c.id == bindparam("told"), ENTITY.c.withdrawn == 1)
            )
        )
    ),
)


def register(projector: Projector) -> None:
    """Have a projector remember the entities of directories."""
    projector.on(EntityListed, remember)
    projector.on(EntityAmended, remember)
    projector.on(EntityWithdrawn, remember_withdrawn)
    projector.on_forget(forget)


def remember(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
    """Keep entities as they are told, each by its highest revision.

    Raises:
        NotItsNamespace: an entity belongs to another node than the one that tells of it.
    """
    moment = work.moment
    rows = []
    for told in arrived:
        data = told.data
        _require_own(told.origin, data["entity_id"])
        # The profile as it was signed, with what this release does not know.
        row = row_of(data["entity_id"], told.origin, data["revision"], data["profile"], moment)
        rows.append(row)
    work.run(KEEP, rows)


def remember_withdrawn(work: Work, arrived: Sequence[Arrived[EntityWithdrawn]]) -> None:
    """Leave a tombstone of each entity, also of one that was never heard of, and clear the search.

    Raises:
        NotItsNamespace: an entity belongs to another node than the one that tells of it.
    """
    moment = work.moment
    rows = []
    for told in arrived:
        event = told.event
        _require_own(told.origin, event.entity_id)
        rows.append(tombstone_of(event.entity_id, told.origin, event.revision, moment))
    bury(work, rows)


def bury(work: Work, tombstones: Sequence[Mapping[str, Any]]) -> None:
    """Put tombstones in the place of entities; nothing else of these is kept."""
    work.run(KEEP, tombstones)
    for clear in _CLEAR:
        work.run(clear, [{"told": row["id"]} for row in tombstones])


def forget(work: Work, node: NodeName, service: ServiceName) -> None:
    """Forget the entities of a node, tombstones too; its log is about to be told again."""
    if service != DIRECTORY:
        return
    theirs = select(ENTITY.c.key).where(ENTITY.c.origin == node)
    work.execute(delete(SEARCH).where(SEARCH.c.entity.in_(theirs)))
    work.execute(delete(TERM).where(TERM.c.entity.in_(theirs)))
    work.execute(delete(ENTITY).where(ENTITY.c.origin == node))


def row_of(
    entity_id: str,
    origin: str,
    revision: int,
    profile: Mapping[str, Any],
    moment: str,
    *,
    network_only: bool = False,
) -> dict[str, Any]:
    """Return the row of an entity, not yet indexed.

    Args:
        entity_id, origin, revision: which state of which entity.
        profile: the fields of its public profile as they are told, held against the contract.
        moment: when it was heard of.
        network_only: whether only this network knows of it.
    """
    geo, practices = profile.get("geo"), profile.get("practices")
    return {
        "id": entity_id,
        "origin": origin,
        "revision": revision,
        "withdrawn": 0,
        "network_only": int(network_only),
        "indexed": 0,
        "name": profile["name"],
        "country": country_of(profile.get("addresses", ())),
        "lat": geo["lat"] if geo else None,
        "lon": geo["lon"] if geo else None,
        "practice": practices[0] if practices else "",
        "profile": trusted_canonical(profile).decode(),
        "listed_at": moment,
        "changed_at": moment,
    }


def tombstone_of(entity_id: str, origin: str, revision: int, moment: str) -> dict[str, Any]:
    """Return the row that stays of an entity that was withdrawn."""
    return {
        "id": entity_id,
        "origin": origin,
        "revision": revision,
        "withdrawn": 1,
        "network_only": 0,
        "indexed": 1,
        "name": "",
        "country": "",
        "lat": None,
        "lon": None,
        "practice": "",
        "profile": "",
        "listed_at": moment,
        "changed_at": moment,
    }


def country_of(addresses: Sequence[Mapping[str, Any]]) -> str:
    """Return the country of an entity's seat, or else of its first address; empty if unknown."""
    first = ""
    for address in addresses:
        country: str = address.get("country") or ""
        if country and address.get("is_main"):
            return country
        first = first or country
    return first


def _require_own(origin: str, entity_id: str) -> None:
    if not entity_id.startswith(f"{origin}:"):
        raise NotItsNamespace(f"{origin} tells of {entity_id[:100]}")
