"""How an owner's node keeps what it was told of rings, what it holds for them, and what it said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.exchange.ring_rows import DUE_MOST, entries_of, entries_text
from services.exchange.rings.parts import Copy, PartState
from services.exchange.rings.plans import Slot
from services.exchange.tables.rings import (
    RING_CONTACT,
    RING_COPY,
    RING_NOTE,
    RING_PART,
    RING_REPORT,
    RING_RESOLUTION,
    RING_SLOT,
)
from shared.contracts.rings import Contact, Entry, RingPlan, RingState, What
from shared.store import Prepared, Work

NOTES_MAX: Final = 200
"""How many notes a ring has at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of our parties in a ring, with its last answer.

    Args:
        number: of its last answer; 0 where there is none.
        contact: what it hands on to its neighbours, as JSON; empty where it does not.
    """

    ring_id: str
    party: str
    state: PartState
    number: int = 0
    accepts: bool = False
    why: str = ""
    said: str = ""
    entered_by: str = ""
    way: str = ""
    consents: bool = False
    contact: str = ""
    seen_at: str = ""
    expires_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one of our parties has said of a leg."""

    leg: int
    what: What
    party: str
    why: str = ""
    entered_by: str = ""
    way: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A few words of a party to the others."""

    note_id: str
    party: str
    text: str
    at: str


_READ_COPY = select(
    RING_COPY.c.plan,
    RING_COPY.c.state,
    RING_COPY.c.entries,
    RING_COPY.c.refused,
    RING_COPY.c.tries,
    RING_COPY.c.erased,
).where(RING_COPY.c.id == bindparam("wanted"))
_COPY_SEEN = Prepared(_READ_COPY)
_COPY = Prepared(_READ_COPY.with_for_update())
_NEW_COPY = Prepared(
    insert(RING_COPY).on_conflict_do_nothing(),
    columns=[column.name for column in RING_COPY.c],
)
_CHANGED: Final = ("state", "version", "entries", "opened", "next_at", "tries", "ended_at")
_KEEP_COPY = Prepared(
    update(RING_COPY)
    .where(RING_COPY.c.id == bindparam("of_id"))
    .values({name: bindparam(f"to_{name}") for name in (*_CHANGED, "changed_at")})
)
_WAIT = Prepared(
    update(RING_COPY)
    .where(RING_COPY.c.id == bindparam("of_id"))
    .values(next_at=bindparam("to_next"), tries=bindparam("to_tries"))
)
_DUE = Prepared(
    select(RING_COPY.c.id)
    .where(RING_COPY.c.next_at != "", RING_COPY.c.next_at <= bindparam("now"))
    .order_by(RING_COPY.c.next_at, RING_COPY.c.id)
    .limit(DUE_MOST)
)
_TO_ERASE = Prepared(
    select(RING_COPY.c.id)
    .where(
        RING_COPY.c.erased == 0,
        RING_COPY.c.ended_at != "",
        RING_COPY.c.ended_at <= bindparam("before"),
    )
    .limit(DUE_MOST)
)
_PART_NAMES: Final = (
    "party", "state", "number", "accepts", "why", "said", "entered_by", "way", "consents",
    "contact", "seen_at", "expires_at",
)  # fmt: skip
_PARTS = Prepared(
    select(*(RING_PART.c[name] for name in _PART_NAMES))
    .where(RING_PART.c.ring == bindparam("of_ring"))
    .order_by(RING_PART.c.party)
)
_new_part = insert(RING_PART)
_KEEP_PART = Prepared(
    _new_part.on_conflict_do_update(
        index_elements=("ring", "party"),
        set_={name: _new_part.excluded[name] for name in _PART_NAMES if name != "party"},
    ),
    columns=("ring", *_PART_NAMES),
)
_OVERDUE_PARTS = Prepared(
    select(RING_PART.c.ring, RING_PART.c.party)
    .where(RING_PART.c.state == bindparam("of_state"), RING_PART.c.expires_at <= bindparam("now"))
    .order_by(RING_PART.c.expires_at, RING_PART.c.ring)
    .limit(DUE_MOST)
)
_HOLD = Prepared(
    insert(RING_SLOT).on_conflict_do_nothing(),
    columns=("item", "revision", "ring", "party", "at"),
)
_HOLDER = Prepared(select(RING_SLOT.c.ring).where(RING_SLOT.c.item == bindparam("of_item")))
_FREE_RING = Prepared(delete(RING_SLOT).where(RING_SLOT.c.ring == bindparam("of_ring")))
_FREE_PART = Prepared(
    delete(RING_SLOT).where(
        RING_SLOT.c.ring == bindparam("of_ring"), RING_SLOT.c.party == bindparam("of_party")
    )
)
_HELD_FOR = Prepared(
    select(RING_SLOT.c.item).where(
        RING_SLOT.c.party == bindparam("of_party"), RING_SLOT.c.ring != bindparam("but_ring")
    )
)
_HELD_BY = Prepared(select(RING_SLOT.c.item).where(RING_SLOT.c.ring == bindparam("of_ring")))
_NEW_REPORT = Prepared(
    insert(RING_REPORT).on_conflict_do_nothing(),
    columns=[column.name for column in RING_REPORT.c],
)
_REPORTS = Prepared(
    select(
        RING_REPORT.c.leg,
        RING_REPORT.c.what,
        RING_REPORT.c.party,
        RING_REPORT.c.why,
        RING_REPORT.c.entered_by,
        RING_REPORT.c.way,
    )
    .where(RING_REPORT.c.ring == bindparam("of_ring"))
    .order_by(RING_REPORT.c.leg, RING_REPORT.c.what)
)
_NEW_CONTACT = Prepared(
    insert(RING_CONTACT).on_conflict_do_nothing(),
    columns=("ring", "for_party", "party", "contact", "at"),
)
_CONTACTS = Prepared(
    select(RING_CONTACT.c.for_party, RING_CONTACT.c.party, RING_CONTACT.c.contact).where(
        RING_CONTACT.c.ring == bindparam("of_ring")
    )
)
_NEW_NOTE = Prepared(
    insert(RING_NOTE).on_conflict_do_nothing(), columns=("ring", "id", "party", "text", "at")
)
_NOTES = Prepared(
    select(RING_NOTE.c.id, RING_NOTE.c.party, RING_NOTE.c.text, RING_NOTE.c.at)
    .where(RING_NOTE.c.ring == bindparam("of_ring"))
    .order_by(RING_NOTE.c.at, RING_NOTE.c.id)
    .limit(NOTES_MAX)
)
_ERASE: Final = (
    Prepared(delete(RING_CONTACT).where(RING_CONTACT.c.ring == bindparam("of_ring"))),
    Prepared(delete(RING_NOTE).where(RING_NOTE.c.ring == bindparam("of_ring"))),
    Prepared(
        update(RING_PART)
        .where(RING_PART.c.ring == bindparam("of_ring"))
        .values(contact="", said="")
    ),
)
_ERASED = Prepared(update(RING_COPY).where(RING_COPY.c.id == bindparam("of_ring")).values(erased=1))
_NEW_RESOLUTION = Prepared(
    insert(RING_RESOLUTION).on_conflict_do_nothing(),
    columns=("ring", "steward", "token", "reason", "at"),
)
_RESOLUTIONS = Prepared(
    select(RING_RESOLUTION.c.steward).where(RING_RESOLUTION.c.ring == bindparam("of_ring"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A ring that had ended before it was ever proposed here."""

    state: RingState


def copy_of(work: Work, ring_id: str, *, reading: bool = False) -> Copy | Tombstone | None:
    """Return what we were told of a ring; until the unit ends no other one changes it.

    Whatever changes a ring's parties here reads this first: they need no lock of their own.

    Args:
        reading: the unit only reads, and locks nothing.
    """
    rows = work.rows(_COPY_SEEN if reading else _COPY, {"wanted": ring_id})
    if not rows:
        return None
    plan, state, entries, refused, tries, erased = rows[0]
    if not plan:
        return Tombstone(state=RingState(state))
    return Copy(
        plan=RingPlan.model_validate_json(plan),
        state=RingState(state),
        entries=entries_of(entries),
        refused=refused,
        tries=tries,
        erased=bool(erased),
    )


def begin_copy(work: Work, copy: Copy, *, next_at: str) -> None:
    """Keep a ring that was proposed to us."""
    row = {
        "id": copy.plan.ring_id,
        "plan": copy.plan.model_dump_json(exclude_defaults=True),
        "refused": copy.refused,
        "erased": 0,
    }
    work.run(_NEW_COPY, row | _row(work, copy, next_at=next_at))


def bury_copy(work: Work, ring_id: str, state: RingState, entries: Sequence[Entry]) -> None:
    """Keep that a ring has ended of which we had not heard: its proposal will be too late."""
    row = {
        "id": ring_id,
        "state": state.value,
        "version": len(entries),
        "plan": "",
        "entries": entries_text(entries),
        "opened": 0,
        "refused": "",
        "next_at": "",
        "tries": 0,
        "ended_at": work.moment,
        "erased": 1,
        "changed_at": work.moment,
    }
    work.run(_NEW_COPY, row)


def keep_copy(work: Work, copy: Copy, *, next_at: str) -> None:
    """Keep what we were told."""
    row = _row(work, copy, next_at=next_at)
    work.run(_KEEP_COPY, {"of_id": copy.plan.ring_id} | {f"to_{name}": row[name] for name in row})


def wait(work: Work, ring_id: str, *, next_at: str, tries: int) -> None:
    """Note when the decider is asked again."""
    work.run(_WAIT, {"of_id": ring_id, "to_next": next_at, "to_tries": tries})


def due(work: Work) -> list[str]:
    """Return the rings whose deciders are to be asked now."""
    return [row[0] for row in work.rows(_DUE, {"now": work.moment})]


def parts_of(work: Work, ring_id: str) -> dict[str, Part]:
    """Return our parties in a ring."""
    found = {}
    for row in work.rows(_PARTS, {"of_ring": ring_id}):
        values: dict[str, Any] = dict(zip(_PART_NAMES, row, strict=True))
        values["state"] = PartState(values["state"])
        for name in ("accepts", "consents"):
            values[name] = bool(values[name])
        found[values["party"]] = Part(ring_id=ring_id, **values)
    return found


def keep_part(work: Work, part: Part) -> None:
    """Keep where a party stands."""
    row: dict[str, Any] = {name: getattr(part, name) for name in _PART_NAMES}
    row |= {
        "ring": part.ring_id,
        "state": part.state.value,
        "accepts": int(part.accepts),
        "consents": int(part.consents),
    }
    work.run(_KEEP_PART, row)


def overdue_parts(work: Work, state: PartState) -> list[tuple[str, str]]:
    """Return the rings and parties in a state whose holds have run out by this node's clock."""
    found = work.rows(_OVERDUE_PARTS, {"of_state": state.value, "now": work.moment})
    return [(ring_id, party) for ring_id, party in found]


def hold_slot(work: Work, slot: Slot, *, ring_id: str) -> bool:
    """Hold an item for a ring, unless another ring has it; return whether this ring has it now."""
    row = {
        "item": slot.item,
        "revision": slot.revision,
        "ring": ring_id,
        "party": slot.party,
        "at": work.moment,
    }
    return bool(work.run(_HOLD, row)) or holder(work, slot.item) == ring_id


def holder(work: Work, item: str) -> str | None:
    """Return the ring that holds an own item, if one does."""
    rows = work.rows(_HOLDER, {"of_item": item})
    return rows[0][0] if rows else None


def held_elsewhere(work: Work, party: str, *, but: str) -> list[str]:
    """Return a party's items that other rings hold."""
    rows = work.rows(_HELD_FOR, {"of_party": party, "but_ring": but})
    return [row[0] for row in rows]


def held_items(work: Work, ring_id: str) -> set[str]:
    """Return our items that a ring holds."""
    return {row[0] for row in work.rows(_HELD_BY, {"of_ring": ring_id})}


def free_ring(work: Work, ring_id: str) -> None:
    """End all holds of a ring."""
    work.run(_FREE_RING, {"of_ring": ring_id})


def free_part(work: Work, ring_id: str, party: str) -> None:
    """End the holds of a party in a ring."""
    work.run(_FREE_PART, {"of_ring": ring_id, "of_party": party})


def note_report(work: Work, ring_id: str, told: Told) -> bool:
    """Keep what a party says of a leg; return whether it is new."""
    row = {
        "ring": ring_id,
        "leg": told.leg,
        "what": told.what.value,
        "party": told.party,
        "why": told.why,
        "entered_by": told.entered_by,
        "way": told.way,
        "at": work.moment,
    }
    return bool(work.run(_NEW_REPORT, row))


def reports_of(work: Work, ring_id: str) -> list[Told]:
    """Return what our parties have said of a ring's legs."""
    return [
        Told(leg=leg, what=What(what), party=party, why=why, entered_by=entered_by, way=way)
        for leg, what, party, why, entered_by, way in work.rows(_REPORTS, {"of_ring": ring_id})
    ]


def keep_contact(
    work: Work, ring_id: str, *, for_party: str, party: str, contact: Contact | None
) -> None:
    """Keep whom one of our parties calls; none where it was withheld."""
    text = contact.model_dump_json() if contact else ""
    row = {
        "ring": ring_id,
        "for_party": for_party,
        "party": party,
        "contact": text,
        "at": work.moment,
    }
    work.run(_NEW_CONTACT, row)


def contacts_of(work: Work, ring_id: str) -> dict[tuple[str, str], Contact | None]:
    """Return the contacts that we have, by (for whom, whose)."""
    return {
        (for_party, party): Contact.model_validate_json(text) if text else None
        for for_party, party, text in work.rows(_CONTACTS, {"of_ring": ring_id})
    }


def keep_note(work: Work, ring_id: str, note: Note) -> bool:
    """Keep a note, unless there are too many; return whether it is new."""
    if len(notes_of(work, ring_id)) >= NOTES_MAX:
        return False
    row = {
        "ring": ring_id, "id": note.note_id, "party": note.party, "text": note.text, "at": note.at
    }  # fmt: skip
    return bool(work.run(_NEW_NOTE, row))


def notes_of(work: Work, ring_id: str) -> list[Note]:
    """Return the notes of a ring, the oldest first."""
    return [
        Note(note_id=note_id, party=party, text=text, at=at)
        for note_id, party, text, at in work.rows(_NOTES, {"of_ring": ring_id})
    ]


def erase(work: Work, ring_id: str) -> None:
    """Erase the contacts and notes of a ring for good."""
    for statement in (*_ERASE, _ERASED):
        work.run(statement, {"of_ring": ring_id})


def to_erase(work: Work, *, ended_before: str) -> list[str]:
    """Return the rings that ended before a moment and whose contacts are still kept."""
    return [row[0] for row in work.rows(_TO_ERASE, {"before": ended_before})]


def sign_resolution(work: Work, ring_id: str, *, steward: str, token: str, reason: str) -> bool:
    """Note that a steward wants a doubt to end; return whether it is this steward's first word."""
    row = {
        "ring": ring_id, "steward": steward, "token": token, "reason": reason, "at": work.moment
    }  # fmt: skip
    return bool(work.run(_NEW_RESOLUTION, row))


def resolutions_of(work: Work, ring_id: str) -> list[str]:
    """Return the stewards who want a doubt to end."""
    return [row[0] for row in work.rows(_RESOLUTIONS, {"of_ring": ring_id})]


def contact_text(contact: Contact | None) -> str:
    """Return a contact as it is kept beside a party's answer."""
    return orjson.dumps(contact.model_dump()).decode() if contact else ""


def _row(work: Work, copy: Copy, *, next_at: str) -> dict[str, Any]:
    return {
        "state": copy.state.value,
        "version": copy.version,
        "entries": entries_text(copy.entries),
        "opened": int(copy.opened),
        "next_at": next_at,
        "tries": copy.tries,
        "ended_at": work.moment if copy.final else "",
        "changed_at": work.moment,
    }
