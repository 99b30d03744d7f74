"""What can happen to this node's own entities: they are listed, amended, withdrawn.

Each handler is a synchronous unit: load, decide, store, announce. Of an entity that only the
network may see the log tells nothing; when it becomes one, the federation sees it withdrawn. Rows
are marked as not indexed; whoever wants them found at once calls ``index.index_now`` in the same
unit, everything else is indexed soon after.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.directory.entries import Entry, home_tag
from services.directory.projections import KEEP, bury, row_of, tombstone_of
from services.directory.register_endings import end_with_entity
from services.directory.tables import AT_HOME, ENTITY, IMPORTED
from shared.contracts.directory import EntityAmended, EntityListed, EntityWithdrawn
from shared.contracts.profile import PublicProfile
from shared.etag import require_match
from shared.ids import NodeName
from shared.refusals import Kind, Missing, Refusal
from shared.store import Prepared, Work


class NotOurs(Refusal):
    """An entity of another node was to be changed here."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-ours"
    title: ClassVar[str] = "This entity belongs to another network; only that one changes it"


class Withdrawn(Refusal):
    """An entity has left the directory."""

    kind: ClassVar[Kind] = Kind.GONE
    slug: ClassVar[str] = "withdrawn"
    title: ClassVar[str] = "This entity has left the directory"


class Known(NamedTuple):
    """What is kept of an entity."""

    key: int
    origin: str
    revision: int
    withdrawn: bool
    network_only: bool
    profile: str
    listed_at: str
    changed_at: str
    private: str


_public_fields: Final = PublicProfile.__pydantic_serializer__.to_python
_new_at_home = insert(AT_HOME)
_KEEP_AT_HOME = Prepared(
    _new_at_home.on_conflict_do_update(
        index_elements=("id",), set_={"private": _new_at_home.excluded.private}
    ),
    columns=("id", "private"),
)
_CLEAR_AT_HOME = Prepared(delete(AT_HOME).where(AT_HOME.c.id == bindparam("told")))
_FORGET_SAID = Prepared(
    update(IMPORTED).where(IMPORTED.c.entity_id == bindparam("told")).values(said="")
)
_LOCK = Prepared(select(ENTITY.c.key).where(ENTITY.c.id == bindparam("wanted")).with_for_update())
_KNOWN = Prepared(
    select(
        ENTITY.c.key,
        ENTITY.c.origin,
        ENTITY.c.revision,
        ENTITY.c.withdrawn,
        ENTITY.c.network_only,
        ENTITY.c.profile,
        ENTITY.c.listed_at,
        ENTITY.c.changed_at,
        AT_HOME.c.private,
    )
    .select_from(ENTITY.outerjoin(AT_HOME, AT_HOME.c.id == ENTITY.c.id))
    .where(ENTITY.c.id == bindparam("wanted"))
)


def list_entity(work: Work, entry: Entry) -> int:
    """List a new entity and tell of it; return its revision."""
    list_entities(work, [entry])
    return 1


def list_entities(work: Work, entries: Sequence[Entry]) -> None:
    """List new entities in one batch, and tell of each that is not the network's alone.

    Args:
        work: the unit.
        entries: with new ids of this node.
    """
    moment = work.moment
    told = [(entry, _public_fields(entry.public, exclude_defaults=True)) for entry in entries]
    work.run(KEEP, [_row(entry, 1, moment, fields) for entry, fields in told])
    work.run(_KEEP_AT_HOME, [_at_home(entry) for entry in entries if entry.private])
    for entry, fields in told:
        if not entry.network_only:
            data = {"entity_id": entry.entity_id, "revision": 1, "profile": fields}
            work.announce_dumped(EntityListed, entry.entity_id, data)


def amend_entity(
    work: Work, entry: Entry, *, node: NodeName, if_match: str | None = None, seen: bool = False
) -> int:
    """Put an entry in the place of an entity's present one; return the entity's revision.

    Where nothing differs nothing happens, and where only what is kept at home differs the
    federation hears nothing.

    Args:
        work: the unit.
        entry: the whole of it, as it is to be.
        node: this node.
        if_match: the request's header; it names the state at home that the asker has seen.
        seen: whether the present state was looked at in this same unit, so that none is needed.

    Raises:
        Missing, NotOurs, Withdrawn
        MatchRequired, BadMatch, ChangedMeanwhile: the asker has not seen the present state.
    """
    known = own_entity(work, entry.entity_id, node=node)
    if not seen:
        require_match(if_match, home_tag(known.revision, known.private))
    row = _row(entry, known.revision + 1, work.moment)
    told_anew = (row["profile"], entry.network_only) != (known.profile, known.network_only)
    if entry.private != known.private:
        if entry.private:
            work.run(_KEEP_AT_HOME, _at_home(entry))
        else:
            work.run(_CLEAR_AT_HOME, {"told": entry.entity_id})
    if not told_anew:
        return known.revision
    work.run(KEEP, row)
    _tell(work, entry, row["revision"], before=known)
    revision: int = row["revision"]
    return revision


def withdraw_entity(
    work: Work,
    entity_id: str,
    *,
    node: NodeName,
    if_match: str | None = None,
    reason: str = "",
) -> int:
    """Take an entity out of the directory, here and everywhere; return the tombstone's revision.

    Its membership of the network and the mandates to act for it end with it.

    Args:
        work: the unit.
        entity_id: whose.
        node: this node.
        if_match: the state that the asker has seen, if that matters to them.
        reason: in a few words, for everybody to read.

    Raises:
        Missing, NotOurs, Withdrawn, BadMatch, ChangedMeanwhile
    """
    known = own_entity(work, entity_id, node=node)
    if if_match is not None:
        require_match(if_match, home_tag(known.revision, known.private))
    row = tombstone_of(entity_id, node, known.revision + 1, work.moment)
    # That there was such an entity stays as unknown as the entity was.
    row["network_only"] = int(known.network_only)
    bury(work, [row])
    work.run(_FORGET_SAID, {"told": entity_id})
    end_with_entity(work, entity_id)
    if not known.network_only:
        work.announce(EntityWithdrawn(entity_id=entity_id, revision=row["revision"], reason=reason))
    return known.revision + 1


def entity(work: Work, entity_id: str) -> Known | None:
    """Return what is kept of an entity, a tombstone too, or None."""
    found = work.rows(_KNOWN, {"wanted": entity_id})
    if not found:
        return None
    key, origin, revision, withdrawn, network_only, profile, listed, changed, private = found[0]
    return Known(
        key=key,
        origin=origin,
        revision=revision,
        withdrawn=bool(withdrawn),
        network_only=bool(network_only),
        profile=profile,
        listed_at=listed,
        changed_at=changed,
        private=private or "",
    )


def own_entity(work: Work, entity_id: str, *, node: NodeName, reading: bool = False) -> Known:
    """Return what is kept of an own entity; until the unit ends no other one changes it.

    Args:
        work: the unit.
        entity_id: whose.
        node: this node.
        reading: the unit only reads, and locks nothing.

    Raises:
        Missing: there is none.
        NotOurs: it is another node's.
        Withdrawn: it has left.
    """
    if not reading:
        work.rows(_LOCK, {"wanted": entity_id})
    known = entity(work, entity_id)
    if known is None:
        raise Missing()
    if known.origin != node:
        raise NotOurs(f"it belongs to {known.origin}", origin=known.origin)
    if known.withdrawn:
        raise Withdrawn()
    return known


def _tell(work: Work, entry: Entry, revision: int, *, before: Known) -> None:
    if entry.network_only and before.network_only:
        return
    if entry.network_only:
        work.announce(EntityWithdrawn(entity_id=entry.entity_id, revision=revision))
        return
    contract = EntityListed if before.network_only else EntityAmended
    work.announce(contract(entity_id=entry.entity_id, revision=revision, profile=entry.public))


def _row(
    entry: Entry, revision: int, moment: str, fields: dict[str, Any] | None = None
) -> dict[str, Any]:
    origin = entry.entity_id.partition(":")[0]
    return row_of(
        entry.entity_id,
        origin,
        revision,
        fields or _public_fields(entry.public, exclude_defaults=True),
        moment,
        network_only=entry.network_only,
    )


def _at_home(entry: Entry) -> dict[str, str]:
    return {"id": entry.entity_id, "private": entry.private}
