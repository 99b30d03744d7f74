"""What governance remembers of the register: the private log of its own node's directory.

Each event tells the whole state with a revision, and the highest is kept: what comes twice, late or
out of order does no harm. Whose membership or mandate has ended stays as a row that says so.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Table, delete
from sqlalchemy.dialects.postgresql import insert

from services.governance.tables.rolls import MANDATE, MEMBER, PERSON
from shared.contracts.register import (
    MandateEnded,
    MandateGiven,
    MemberAdmitted,
    MemberLeft,
    PersonEntered,
    PersonLeft,
)
from shared.events import NotItsNamespace
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.log.projector import Projector
from shared.store import Prepared, Work

DIRECTORY: Final = "directory"


def _keep(table: Table) -> Prepared:
    new = insert(table)
    columns = tuple(column.name for column in table.c)
    return Prepared(
        new.on_conflict_do_update(
            index_elements=("id",),
            set_={name: new.excluded[name] for name in columns if name != "id"},
            where=new.excluded.revision > table.c.revision,
        ),
        columns=columns,
    )


_KEEP_PERSON: Final = _keep(PERSON)
_KEEP_MEMBER: Final = _keep(MEMBER)
_KEEP_MANDATE: Final = _keep(MANDATE)


def register(projector: Projector, *, node: NodeName) -> None:
    """Have a projector remember the register of this node."""

    def kept(prepared: Prepared, row: Any) -> Any:
        def remember(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
            for told in arrived:
                if told.origin != node:
                    raise NotItsNamespace(f"{told.origin} tells of the register of {node}")
            work.run(prepared, [row(told.data) for told in arrived])

        return remember

    projector.on(PersonEntered, kept(_KEEP_PERSON, _entered))
    projector.on(PersonLeft, kept(_KEEP_PERSON, _left))
    projector.on(MemberAdmitted, kept(_KEEP_MEMBER, _member))
    projector.on(MemberLeft, kept(_KEEP_MEMBER, _member))
    projector.on(MandateGiven, kept(_KEEP_MANDATE, _mandate))
    projector.on(MandateEnded, kept(_KEEP_MANDATE, _mandate))
    projector.on_forget(lambda work, origin, service: _forget(work, origin, service, node))


def _entered(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": data["person_id"],
        "revision": data["revision"],
        "left": 0,
        "since": data["since"],
        "gender": data.get("gender") or "",
        "worker": int(data.get("worker", False)),
        "worker_since": data.get("worker_since") or "",
    }


def _left(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": data["person_id"],
        "revision": data["revision"],
        "left": 1,
        "since": "",
        "gender": "",
        "worker": 0,
        "worker_since": "",
    }


def _member(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": data["member_id"],
        "revision": data["revision"],
        "standing": data.get("standing", ""),
        "groups": " ".join(sorted(set(data.get("groups", ())))),
        "since": data["since"],
        "left_at": data.get("left_at", ""),
    }


def _mandate(data: dict[str, Any]) -> dict[str, Any]:
    ends = [data[name] for name in ("ends", "ended_at") if data.get(name)]
    return {
        "id": data["mandate_id"],
        "revision": data["revision"],
        "person": data["person_id"],
        "entity": data["entity_id"],
        "begins": data["begins"],
        "until": min(ends, default=""),
    }


def _forget(work: Work, origin: NodeName, service: ServiceName, node: NodeName) -> None:
    """Forget the register; its log is about to be told again."""
    if service == DIRECTORY and origin == node:
        for table in (PERSON, MEMBER, MANDATE):
            work.execute(delete(table))
