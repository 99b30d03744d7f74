"""What parties and their stewards see of rings; to everybody else there are none."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import and_, select

from services.exchange import ring_copies
from services.exchange.ring_copies import Part
from services.exchange.rings.parts import Copy
from services.exchange.rings.plans import neighbours, place_of, residuals
from services.exchange.rings.wording import goods_in, language_of, name_of, sentence, value_text
from services.exchange.tables.rings import RING_COPY, RING_PART
from shared.contracts.rings import Contact, RingPlan
from shared.refusals import Missing
from shared.store import Work

EVERYBODY: Final = None
"""Sees the rings of all parties of this node: its stewards."""

Sees = Collection[str] | None
"""The parties for which somebody may look, or ``EVERYBODY``."""


def rings_seen(
    work: Work, *, sees: Sees, language: str, state: str, after: str | None, most: int
) -> list[dict[str, Any]]:
    """Return the rings in which somebody has a part, the newest first, one row for each party.

    Args:
        sees: for whom they may look.
        state: only rings in it; all where nothing is said.
        after: the last one of the page before, ``<ring> <party>``.
        most: how many.
    """
    place = RING_PART.c.ring + " " + RING_PART.c.party
    query = (
        select(RING_PART.c.ring, RING_PART.c.party)
        .join(RING_COPY, and_(RING_COPY.c.id == RING_PART.c.ring, RING_COPY.c.opened == 1))
        .order_by(place.desc())
        .limit(most)
    )
    if sees is not EVERYBODY:
        query = query.where(RING_PART.c.party.in_(sorted(sees)))
    if state:
        query = query.where(RING_COPY.c.state == state)
    if after is not None:
        query = query.where(place < after)
    found = []
    for row in work.execute(query).all():
        copy, parts = _known(work, row.ring)
        found.append(_brief(copy, parts[row.party], language))
    return found


def ring_seen(work: Work, ring_id: str, *, sees: Sees, language: str) -> dict[str, Any]:
    """Return a ring as those see it for whom somebody may look.

    Raises:
        Missing: there is none, or none in which they have a part.
    """
    copy, parts = _known(work, ring_id)
    own = [part for party, part in parts.items() if sees is EVERYBODY or party in sees]
    if not own:
        raise Missing()
    contacts = ring_copies.contacts_of(work, ring_id)
    plan = copy.plan
    return {
        "id": ring_id,
        "decider": plan.decider,
        "state": copy.state.value,
        "deadline": plan.deadline,
        "level": plan.level,
        "unit": plan.unit,
        "repairs": plan.repairs,
        "names": {party: name_of(plan, party) for leg in plan.legs
                  for party in (leg.giver, leg.receiver)},
        "legs": [
            leg.model_dump(mode="json") | {"goods_said": goods_in(leg, language_of(language))}
            for leg in plan.legs
        ],
        "terms": [term.model_dump(mode="json") for term in plan.terms],
        "rates": [rate.model_dump(mode="json") for rate in plan.rates],
        "history": [entry.model_dump(mode="json") for entry in copy.entries],
        "notes": [
            {"id": note.note_id, "party": note.party, "text": note.text, "at": note.at}
            for note in ring_copies.notes_of(work, ring_id)
        ],
        "parts": [
            _part(plan, part, language) | {"contacts": _contacts(plan, part, contacts)}
            for part in own
        ],
    }  # fmt: skip


def for_note(work: Work, ring_id: str, party: str) -> tuple[RingPlan, dict[str, Contact | None]]:
    """Return what a party's printed note is made of.

    Raises:
        Missing: there is no such ring, or that party is not in it.
    """
    copy, parts = _known(work, ring_id)
    if party not in parts:
        raise Missing()
    contacts = ring_copies.contacts_of(work, ring_id)
    known = {other: contacts[key] for key in contacts for owner, other in (key,) if owner == party}
    return copy.plan, known


def _known(work: Work, ring_id: str) -> tuple[Copy, dict[str, Part]]:
    copy = ring_copies.copy_of(work, ring_id, reading=True)
    if not isinstance(copy, Copy) or not copy.opened:
        raise Missing()
    return copy, ring_copies.parts_of(work, ring_id)


def _brief(copy: Copy, part: Part, language: str) -> dict[str, Any]:
    return {
        "id": copy.plan.ring_id,
        "state": copy.state.value,
        "deadline": copy.plan.deadline,
        **_part(copy.plan, part, language),
    }


def _part(plan: RingPlan, part: Part, language: str) -> dict[str, Any]:
    place = place_of(plan, part.party)
    left = residuals(plan)[part.party]
    return {
        "party": part.party,
        "sentence": sentence(plan, part.party, language),
        "gives": place.gives,
        "receives": place.receives,
        "residual": {
            "value": left,
            "unit": plan.unit,
            "text": value_text(left, plan.unit, language),
        },
        "standing": part.state.value,
        "answer": None if not part.number else "accept" if part.accepts else "decline",
        "way": part.way,
        "seen": bool(part.seen_at),
    }


def _contacts(
    plan: RingPlan, part: Part, known: dict[tuple[str, str], Contact | None]
) -> list[dict[str, Any]]:
    found = []
    for other in neighbours(plan, part.party):
        if (part.party, other) in known:
            contact = known[part.party, other]
            said = contact.model_dump() if contact else None
            found.append({"party": other, "withheld": contact is None, "contact": said})
    return found
