"""The register in stores of governance, as its directory would have told it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from services.governance import register_projections
from services.governance.tables import LOG
from shared.contracts.register import (
    MandateEnded,
    MandateGiven,
    MemberAdmitted,
    MemberLeft,
    PersonEntered,
    PersonLeft,
)
from shared.events import Event
from shared.ids import NodeName, ServiceName, global_id, new_uuid7
from shared.log.page import Page
from shared.log.projector import Projector
from shared.store import Work
from tests.governance.conftest import NODE

BEFORE = "2024-01-01T00:00:00.000Z"


def entity(number: int) -> str:
    """Return the id of an entity of this node, the same in every run."""
    return global_id(NODE, f"01990000-0000-7000-8000-{number:012d}")


def uuid(number: int) -> str:
    """Return an id of a mandate or a ballot, the same in every run."""
    return f"01990000-0000-7000-9000-{number:012d}"


def entered(person: str, revision: int = 1, **more: Any) -> PersonEntered:
    return PersonEntered(person_id=person, revision=revision, since=BEFORE, **more)


def gone(person: str, revision: int = 2, at: str = BEFORE) -> PersonLeft:
    return PersonLeft(person_id=person, revision=revision, left_at=at)


def admitted(member: str, revision: int = 1, *groups: str, **more: Any) -> MemberAdmitted:
    told: dict[str, Any] = {"since": BEFORE, "standing": "full"} | more
    return MemberAdmitted(member_id=member, revision=revision, groups=groups, **told)


def left(member: str, revision: int = 2, at: str = BEFORE) -> MemberLeft:
    return MemberLeft(member_id=member, revision=revision, since=BEFORE, left_at=at)


def given(number: int, person: str, entity: str, revision: int = 1, **more: Any) -> MandateGiven:
    told: dict[str, Any] = {"begins": BEFORE, "given_by": "p-steward"} | more
    return MandateGiven(
        mandate_id=uuid(number), person_id=person, entity_id=entity, revision=revision, **told
    )


def ended(
    number: int, person: str, entity: str, at: str, revision: int = 2, **more: Any
) -> MandateEnded:
    told: dict[str, Any] = {"begins": BEFORE, "given_by": "p-steward", "ended_at": at} | more
    return MandateEnded(
        mandate_id=uuid(number), person_id=person, entity_id=entity, revision=revision, **told
    )


class Register:
    """The projections of the register alone, told events without a log."""

    def __init__(self) -> None:
        self.projector = Projector(LOG, release="1")
        register_projections.register(self.projector, node=NODE)

    def tell(self, work: Work, events: Sequence[Event], *, origin: NodeName = NODE) -> int:
        """Have events remembered, in one page; return how many were set aside."""
        told = [
            {
                "id": new_uuid7(),
                "type": one.wire_type(),
                "source": f"twiza:{origin}/directory",
                "subject": one.about(),
                "time": BEFORE,
                "data": one.model_dump(mode="json", exclude_defaults=True),
            }
            for one in events
        ]
        page = Page(
            node=origin,
            service=ServiceName("directory"),
            log=events[0].log,
            epoch=1,
            number=1,
            prev="",
            sealed_at=BEFORE,
            events=told,
        )
        return self.projector.apply(work, page)


REGISTER = Register()
NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
