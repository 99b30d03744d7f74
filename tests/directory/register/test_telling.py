"""A register whose pages come back: it is brought to what was told, and notes stay at home."""

from typing import Any

from services.directory import register_handlers, register_rows, register_telling
from services.directory.register import Member, Person
from services.directory.tables import LOG
from shared.contracts.register import (
    MandateEnded,
    MandateGiven,
    MemberAdmitted,
    MemberLeft,
    PersonEntered,
    PersonLeft,
)
from shared.events import Event
from shared.ids import NodeName, ServiceName, new_uuid7
from shared.log.page import Page
from shared.log.projector import Projector
from shared.store import Store, Work
from tests.directory.conftest import NODE, entity_id

AT = "2026-01-01T00:00:00.000Z"
MANDATE: dict[str, Any] = {
    "mandate_id": "0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e31",
    "person_id": "amina",
    "entity_id": entity_id(1),
    "begins": AT,
    "given_by": "steward-1",
}


def take_in(work: Work, events: list[Event], *, origin: NodeName = NODE) -> int:
    """Take events in as an own page that comes back; return how many were set aside."""
    projector = Projector(LOG, release="1")
    register_telling.register(projector, node=NODE)
    told = [
        {
            "id": new_uuid7(),
            "type": one.wire_type(),
            "source": f"twiza:{origin}/directory",
            "subject": one.about(),
            "time": AT,
            "data": one.model_dump(mode="json", exclude_defaults=True),
        }
        for one in events
    ]
    page = Page(
        node=origin, service=ServiceName("directory"), log=events[0].log, epoch=1, number=1,
        prev="", sealed_at=AT, events=told,
    )  # fmt: skip
    return projector.apply(work, page)


async def test_an_older_register_is_brought_to_what_was_told(store: Store) -> None:
    one = Person(id="amina", revision=0, since="", note="Amina", number="A-1")
    await store.write(register_handlers.enter_person, one, by="s")
    member = Member(id="amina", revision=0, standing="full", groups=("user",), since="")
    await store.write(register_handlers.admit, member, node=NODE, by="s")
    lost: list[Event] = [
        PersonEntered(person_id="amina", revision=2, since=AT, worker=True),
        MemberAdmitted(member_id="amina", revision=3, since=AT, standing="observer"),
        MemberLeft(member_id=entity_id(1), revision=2, since=AT, left_at=AT),
        MandateGiven(revision=1, **MANDATE),
        MandateEnded(revision=2, ended_at=AT, **MANDATE),
        # Older than what is kept.
        MemberAdmitted(member_id="amina", revision=1, since=AT, standing="full"),
    ]
    assert await store.write(take_in, lost) == 0
    person = await store.read(register_handlers.own_person, "amina")
    assert (person.revision, person.worker, person.note, person.number) == (2, True, "Amina", "A-1")
    amina = await store.read(register_rows.member, "amina")
    assert amina is not None
    assert (amina.standing, amina.groups, amina.revision) == ("observer", (), 3)
    mandate = await store.read(register_rows.mandate, MANDATE["mandate_id"])
    assert mandate is not None
    assert (mandate.ended_at, mandate.reason) == (AT, "ended")


async def test_who_had_left_is_forgotten_again(sqlite_store: Store) -> None:
    one = Person(id="amina", revision=0, since="", note="Amina")
    await sqlite_store.write(register_handlers.enter_person, one, by="s")
    await sqlite_store.write(take_in, [PersonLeft(person_id="amina", revision=2, left_at=AT)])
    kept = await sqlite_store.read(register_rows.person, "amina")
    assert kept is not None
    assert (kept.note, kept.left_at) == ("", AT)


async def test_another_node_changes_nothing_here(sqlite_store: Store) -> None:
    event = PersonEntered(person_id="amina", revision=2, since=AT)
    assert await sqlite_store.write(take_in, [event], origin=NodeName("ilhas")) == 1
    assert await sqlite_store.read(register_rows.person, "amina") is None
