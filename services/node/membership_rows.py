"""What this node remembers of decisions on membership: the newest of each, and what it did then.

The governance of this node alone is heard: it is certified here, under this node's own root key.
What others tell, what is older, and what is of another association has no effect, and is counted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.node import membership, tables
from services.node.membership import EMERGENCY_AGAIN
from services.node.proposals import ActKind
from shared.canonical import canonical
from shared.clock import stamp
from shared.contracts.charters import CharterAdopted
from shared.contracts.membership import MembershipDecided
from shared.ids import NodeName
from shared.log.arrived import Arrived
from shared.log.projector import Projector
from shared.refusals import Refusal
from shared.store import Prepared, Work

DUE: Final = "due"
"""Nothing was done yet; it may not be valid before later."""
WAITING: Final = "waiting"
"""The network has not asked to join, or its former hub has not let it go."""
DONE: Final = "done"
PASSED: Final = "passed"
"""It is not for this hub; the note says why."""
ENDED: Final = "ended"
"""Its time was over, and what it had brought was taken back."""

OTHER_NODE: Final = "other-node"
OTHER_ASSOCIATION: Final = "other-association"
OLDER_REVISION: Final = "older-revision"

_UNHEEDED: Final = Prepared(
    insert(tables.unheeded).on_conflict_do_update(
        index_elements=("origin", "reason"),
        set_={
            "count": tables.unheeded.c.count + 1,
            "last_at": insert(tables.unheeded).excluded.last_at,
        },
    ),
    columns=("origin", "reason", "count", "last_at"),
)


def follow(
    projector: Projector,
    own: NodeName,
    *,
    association: Callable[[], str],
    notice: Callable[[], None],
) -> None:
    """Have a projector remember what is decided on membership.

    Args:
        own: this node.
        association: returns the association whose decisions move this hub's links, or nothing.
        notice: called, within the unit, where something is to be done soon.
    """

    def adopted(work: Work, arrived: Sequence[Arrived[CharterAdopted]]) -> None:
        """A charter holds here from the moment in which this network has signed it."""
        for told in arrived:
            signed = told.event
            if told.origin == own and signed.node == own and signed.leg in (None, own):
                hear_charter(work, signed.association, version=signed.number)

    def decided(work: Work, arrived: Sequence[Arrived[MembershipDecided]]) -> None:
        ours = association()
        for told in arrived:
            if told.origin != own:
                not_heeded(work, told.origin, OTHER_NODE)
            elif hear(work, told.event, origin=told.origin, association=ours):
                notice()

    projector.on(CharterAdopted, adopted)
    projector.on(MembershipDecided, decided)


def hear(work: Work, decision: MembershipDecided, *, origin: str, association: str) -> bool:
    """Remember a decision that this node's own governance tells; return whether it is to be done.

    Args:
        origin: this node.
        association: whose decisions move this hub's links, or nothing.
    """
    try:
        membership.require_whole(decision)
    except Refusal as refusal:
        not_heeded(work, origin, refusal.slug)
        return False
    table = tables.decided
    row = row_of(work, decision.association, decision.node)
    body = canonical(decision.model_dump(mode="json", exclude_defaults=True)).decode()
    if row is not None and row.revision >= decision.revision:
        # The same event may come again, for example after a restore; another one is too late.
        if (row.revision, row.body) != (decision.revision, body):
            not_heeded(work, origin, OLDER_REVISION)
        return False
    ours = decision.association == association
    if not ours:
        not_heeded(work, origin, OTHER_ASSOCIATION)
    said = {
        "association": decision.association,
        "node": decision.node,
        "revision": decision.revision,
        "what": decision.what,
        "root_key": decision.root_key,
        "body": body,
        "heard_at": work.moment,
        "state": DUE,
        "note": "",
        "acted_at": "",
        "ends_at": "",
    }
    keep = insert(table).values(said)
    key = ("association", "node")
    later = {name: keep.excluded[name] for name in said if name not in key}
    work.execute(keep.on_conflict_do_update(index_elements=key, set_=later))
    return ours


def hear_charter(work: Work, association: str, *, version: int) -> None:
    """Remember that an association has adopted a charter."""
    table = tables.charter
    keep = insert(table).values(association=association, version=version, heard_at=work.moment)
    work.execute(
        keep.on_conflict_do_update(
            index_elements=("association",),
            set_={"version": keep.excluded.version},
            where=keep.excluded.version > table.c.version,
        )
    )


def has_charter(work: Work, association: str) -> bool:
    """Return whether an association governs itself; without a charter it decides nothing."""
    if not association:
        return False
    return any(
        work.execute(
            select(table.c.association).where(table.c.association == association).limit(1)
        ).first()
        for table in (tables.charter, tables.decided)
    )


def due(work: Work, association: str) -> list[MembershipDecided]:
    """Return the decisions of an association that wait to be done, in the order of hearing."""
    table = tables.decided
    rows = work.execute(
        select(table.c.body)
        .where(table.c.association == association, table.c.state.in_((DUE, WAITING)))
        .order_by(table.c.heard_at, table.c.node)
    )
    found = [MembershipDecided.model_validate_json(row.body) for row in rows]
    return [one for one in found if one.valid_from <= work.moment]


def settled(
    work: Work, decision: MembershipDecided, state: str, *, note: str = "", ends_at: str = ""
) -> None:
    """Write down what became of a decision, unless a later one has come meanwhile."""
    table = tables.decided
    work.execute(
        update(table)
        .where(
            table.c.association == decision.association,
            table.c.node == decision.node,
            table.c.revision == decision.revision,
        )
        .values(state=state, note=note, ends_at=ends_at, acted_at=work.moment)
    )


def over(work: Work, association: str) -> list[MembershipDecided]:
    """Return the decisions whose time is over, and which were not taken back yet."""
    table = tables.decided
    rows = work.execute(
        select(table.c.body).where(
            table.c.association == association,
            table.c.state == DONE,
            table.c.ends_at != "",
            table.c.ends_at <= work.moment,
        )
    )
    return [MembershipDecided.model_validate_json(row.body) for row in rows]


def emergencies_over(work: Work) -> list[Any]:
    """Return the acts of stewards whose time is over, and which were not taken back yet."""
    table = tables.act
    return list(
        work.execute(
            select(table).where(
                table.c.state == "done", table.c.ends_at != "", table.c.ends_at <= work.moment
            )
        )
    )


def anything_over(work: Work, association: str) -> bool:
    """Return whether anything has ended by itself that was not taken back yet."""
    return bool(over(work, association) or emergencies_over(work))


def emergency_of(work: Work, node: str) -> Any:
    """Return the act by which stewards have set a node apart for now, or none."""
    table = tables.act
    return work.execute(
        select(table)
        .where(table.c.node == node, table.c.state == "done", table.c.ends_at != "")
        .order_by(table.c.id.desc())
        .limit(1)
    ).one_or_none()


def end_emergency(work: Work, node: str) -> None:
    """Note that the acts by which stewards had set a node apart for now are over."""
    table = tables.act
    work.execute(
        update(table)
        .where(table.c.node == node, table.c.state == "done", table.c.ends_at != "")
        .values(state="ended")
    )


def emergency_stood(work: Work, node: str, before: Mapping[str, str]) -> None:
    """Note how a node that is set apart for now shall stand afterwards."""
    table = tables.act
    work.execute(
        update(table)
        .where(table.c.node == node, table.c.state == "done", table.c.ends_at != "")
        .values(stood_before=canonical(dict(before)).decode())
    )


def emergency_spent(work: Work, association: str, node: str) -> bool:
    """Return whether a node was set apart in an emergency lately, and nothing was decided since."""
    table = tables.act
    since = stamp(work.now - EMERGENCY_AGAIN)
    last = work.execute(
        select(func.max(table.c.closed_at)).where(
            table.c.node == node,
            table.c.kind == ActKind.QUARANTINE.value,
            table.c.ends_at != "",
            table.c.closed_at > since,
        )
    ).scalar_one()
    decided = row_of(work, association, node)
    return last is not None and (decided is None or decided.heard_at <= last)


def row_of(work: Work, association: str, node: str) -> Any:
    """Return what is remembered of an association's newest decision on a node, or none."""
    table = tables.decided
    return work.execute(
        select(table).where(table.c.association == association, table.c.node == node)
    ).one_or_none()


def awaited(work: Work, root_key: str) -> bool:
    """Return whether a decision waits for the request of the node with this root key."""
    table = tables.decided
    return (
        work.execute(
            select(table.c.node)
            .where(table.c.root_key == root_key, table.c.state.in_((DUE, WAITING)))
            .limit(1)
        ).first()
        is not None
    )


def all_decided(work: Work) -> list[Any]:
    """Return what is remembered of all decisions, by association and node."""
    table = tables.decided
    return list(work.execute(select(table).order_by(table.c.association, table.c.node)))


def all_unheeded(work: Work) -> list[Mapping[str, Any]]:
    """Return what had no effect here: by whom, why not, how often and when last."""
    table = tables.unheeded
    rows = work.execute(select(table).order_by(table.c.origin, table.c.reason))
    return [dict(row) for row in rows.mappings()]


def not_heeded(work: Work, origin: str, reason: str) -> None:
    """Count something that was told of membership and has no effect here."""
    work.run(_UNHEEDED, {"origin": origin, "reason": reason, "count": 1, "last_at": work.moment})
