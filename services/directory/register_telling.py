"""What the log tells of the register, and what is kept when it comes back.

A node that was restored takes its own pages in again: the register is brought to what was told,
and the names and notes at home stay as they are.
"""

from collections.abc import Sequence
from typing import Any, Final

from services.directory.register import Mandate, Member, Person
from services.directory.register_rows import MANDATE, MEMBER, PERSON, PRIVATE, keep
from shared.contracts.register import (
    MandateEnded,
    MandateGiven,
    MemberAdmitted,
    MemberLeft,
    PersonEntered,
    PersonLeft,
)
from shared.events import NotItsNamespace
from shared.ids import NodeName
from shared.log.arrived import Arrived
from shared.log.projector import Projector
from shared.store import Prepared, Work

_KEEP_ENTERED: Final = keep(PERSON, *PRIVATE)
_KEEP_PERSON: Final = keep(PERSON)
_KEEP_MEMBER: Final = keep(MEMBER)
_KEEP_MANDATE: Final = keep(MANDATE)


def tell_person(work: Work, one: Person) -> None:
    """Announce a person as they are now."""
    if one.left_at:
        event = PersonLeft(person_id=one.id, revision=one.revision, left_at=one.left_at)
        work.announce(event)
        return
    data: dict[str, Any] = {"person_id": one.id, "revision": one.revision, "since": one.since}
    said = {"gender": one.gender, "worker": one.worker, "worker_since": one.worker_since}
    work.announce_dumped(PersonEntered, one.id, data | _said(said))


def tell_member(work: Work, one: Member) -> None:
    """Announce a member as they are now."""
    data: dict[str, Any] = {"member_id": one.id, "revision": one.revision, "since": one.since}
    if one.standing:
        data |= {"standing": one.standing} | _said({"groups": list(one.groups)})
        work.announce_dumped(MemberAdmitted, one.id, data)
        return
    data |= {"left_at": one.left_at}
    data |= {"reason": one.reason} if one.reason != "left" else {}
    work.announce_dumped(MemberLeft, one.id, data)


def tell_mandate(work: Work, one: Mandate) -> None:
    """Announce a mandate as it is now."""
    data: dict[str, Any] = {
        "mandate_id": one.id,
        "revision": one.revision,
        "person_id": one.person,
        "entity_id": one.entity,
        "begins": one.begins,
        "given_by": one.given_by,
    } | _said({"ends": one.ends})
    if not one.ended_at:
        work.announce_dumped(MandateGiven, one.id, data)
        return
    data |= {"ended_at": one.ended_at}
    data |= {"reason": one.reason} if one.reason != "ended" else {}
    work.announce_dumped(MandateEnded, one.id, data)


def register(projector: Projector, *, node: NodeName) -> None:
    """Have a projector take the own register in again, where its pages come back."""

    def kept(prepared: Prepared, row: Any) -> Any:
        def remember(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
            for told in arrived:
                if told.origin != node:
                    raise NotItsNamespace(f"{told.origin} tells of the register of {node}")
            work.run(prepared, [row(told.data) for told in arrived])

        return remember

    projector.on(PersonEntered, kept(_KEEP_ENTERED, _person))
    projector.on(PersonLeft, kept(_KEEP_PERSON, _person))
    projector.on(MemberAdmitted, kept(_KEEP_MEMBER, _member))
    projector.on(MemberLeft, kept(_KEEP_MEMBER, _member))
    projector.on(MandateGiven, kept(_KEEP_MANDATE, _mandate))
    projector.on(MandateEnded, kept(_KEEP_MANDATE, _mandate))


def _said(values: dict[str, Any]) -> dict[str, Any]:
    """Return what is not as it is where nothing is said; the log does not repeat the rest."""
    return {name: value for name, value in values.items() if value}


def _person(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": data["person_id"],
        "revision": data["revision"],
        "since": data.get("since", ""),
        "left_at": data.get("left_at", ""),
        "gender": data.get("gender") or "",
        "worker": int(data.get("worker", False)),
        "worker_since": data.get("worker_since") or "",
        **dict.fromkeys(PRIVATE, ""),
    }


def _member(data: dict[str, Any]) -> dict[str, Any]:
    gone = "left_at" in data
    return {
        "id": data["member_id"],
        "revision": data["revision"],
        "standing": data.get("standing", ""),
        "groups": " ".join(sorted(set(data.get("groups", ())))),
        "since": data["since"],
        "left_at": data.get("left_at", ""),
        "reason": data.get("reason", "left") if gone else "",
    }


def _mandate(data: dict[str, Any]) -> dict[str, Any]:
    ended = "ended_at" in data
    return {
        "id": data["mandate_id"],
        "revision": data["revision"],
        "person": data["person_id"],
        "entity": data["entity_id"],
        "begins": data["begins"],
        "ends": data.get("ends") or "",
        "given_by": data["given_by"],
        "ended_at": data.get("ended_at", ""),
        "reason": data.get("reason", "ended") if ended else "",
    }
