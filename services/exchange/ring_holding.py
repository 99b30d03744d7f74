"""The part of an owner's node in a ring's life: it holds, takes in decisions, and asks again.

Whatever it has said it repeats, ever more rarely, until the decider's history shows it. A hold ends
by this node's clock only as long as its owner has not said yes.
"""

from dataclasses import replace
from typing import ClassVar, Final

import structlog

from services.exchange import ring_copies
from services.exchange.ring_copies import Note, Part, Tombstone
from services.exchange.ring_desk import Handled, Outgoing, RingDesk
from services.exchange.ring_notices import notify
from services.exchange.ring_rows import after
from services.exchange.rings.parts import Copy, PartState, is_later
from services.exchange.rings.plans import (
    ANSWER_TIME_MAX,
    BadRing,
    Slot,
    neighbours,
    node_of,
    parties_of,
    require_ring,
    slots,
)
from shared.clock import moment, stamp
from shared.contracts.rings import (
    AGREED,
    FINAL,
    Contact,
    RingAnswered,
    RingAsked,
    RingContact,
    RingContactAsked,
    RingDecided,
    RingHeld,
    RingLetter,
    RingNoted,
    RingProposed,
    RingRefused,
    RingReported,
    RingResolved,
    RingState,
    What,
    Why,
)
from shared.refusals import Kind, Refusal
from shared.store import Work

log = structlog.get_logger(__name__)


class NotYourRing(Refusal):
    """A letter speaks of a ring, a party or an item for which its writer may not speak."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-your-ring"
    title: ClassVar[str] = "Whoever wrote this may not speak for that ring or party"


class _NotHeld(Exception):
    """A slot could not be held; the others are given back."""

    def __init__(self, party: str, why: Why) -> None:
        super().__init__(why)
        self.party = party
        self.why = why


_ANSWERED: Final = frozenset({What.ACCEPTED, What.DECLINED})


def take_proposal(work: Work, desk: RingDesk, sender: str, letter: RingProposed) -> Handled:
    """Hold our slots for a ring, all or none, and say so; a second time, say it again.

    Raises:
        NotYourRing: the sender is not its decider, or nobody of ours is in it.
        BadRing: it is no ring.
    """
    plan = letter.plan
    ours = parties_of(plan, desk.node)
    if plan.decider != sender or not ours:
        raise NotYourRing("a ring has one decider, and we are in it")
    require_ring(plan)
    if not letter.entries:
        raise BadRing("a ring has a history")
    known = ring_copies.copy_of(work, plan.ring_id)
    if known is not None:
        return _repeat_hold(work, known)
    refused = _hold(work, desk, letter)
    copy = Copy(
        plan=plan,
        state=RingState.PROPOSED,
        entries=tuple(letter.entries[:1]),
        refused=refused.why if refused else "",
    )
    ring_copies.begin_copy(work, copy, next_at=after(work, desk.timing.wait(0)))
    expires = min(moment(plan.deadline), work.now + ANSWER_TIME_MAX) + desk.timing.hold_grace
    said = {entry.party: entry for entry in letter.entries if entry.what is What.ACCEPTED}
    for party in ours:
        part = Part(
            ring_id=plan.ring_id,
            party=party,
            state=PartState.ENDED if refused else PartState.HELD,
            expires_at=stamp(expires),
        )
        if party in said and not refused:
            # We have lost what we knew: our party's yes stands in the history, and binds us still.
            number = said[party].number or 1
            part = replace(
                part, state=PartState.ACCEPTED, number=number, accepts=True, way="history"
            )
        ring_copies.keep_part(work, part)
    if refused:
        return [_to_decider(copy, _refusal(copy, refused.party, refused.why))]
    return [_to_decider(copy, RingHeld(ring_id=plan.ring_id))]


def take_decision(work: Work, desk: RingDesk, sender: str, letter: RingDecided) -> Handled:
    """Take in a ring's history, and do what it says: bind our slots, free them, hand on contacts.

    Raises:
        NotYourRing: the sender is not its decider.
    """
    if node_of(letter.ring_id) != sender:
        raise NotYourRing("a ring has one decider")
    known = ring_copies.copy_of(work, letter.ring_id)
    if isinstance(known, Tombstone):
        return []
    if known is None:
        return _not_heard_of(work, desk, letter)
    if not is_later(known, len(letter.entries), letter.state):
        return []
    copy = replace(known, state=letter.state, entries=tuple(letter.entries), tries=0)
    next_at = "" if copy.final else after(work, desk.timing.wait(0))
    ring_copies.keep_copy(work, copy, next_at=next_at)
    notify(work, known, copy, parties_of(copy.plan, desk.node))
    return _follow(work, desk, copy)


def take_contact(work: Work, desk: RingDesk, sender: str, letter: RingContact) -> Handled:
    """Keep whom one of our parties calls, where the two are neighbours in a ring that goes on.

    Raises:
        NotYourRing: the sender may not speak for that party, or the two are no neighbours.
    """
    copy = _copy_with(work, desk, letter.ring_id, sender, letter.party, letter.for_party)
    if copy is None or copy.erased or copy.state is RingState.WITHDRAWN:
        return []
    contact = None
    if not letter.withheld and letter.telephone:
        contact = Contact(name=letter.name, telephone=letter.telephone, place=letter.place)
    ring_copies.keep_contact(
        work, letter.ring_id, for_party=letter.for_party, party=letter.party, contact=contact
    )
    return []


def take_contact_question(
    work: Work, desk: RingDesk, sender: str, letter: RingContactAsked
) -> Handled:
    """Hand on a contact once more to a neighbour who has not got it.

    Raises:
        NotYourRing: the sender may not speak for that party, or the two are no neighbours.
    """
    copy = _copy_with(work, desk, letter.ring_id, sender, letter.for_party, letter.party)
    if copy is None or copy.state not in AGREED:
        return []
    part = ring_copies.parts_of(work, letter.ring_id).get(letter.party)
    if part is None or part.state is not PartState.COMMITTED:
        return []
    return [_contact(part, letter.for_party)]


def take_note(work: Work, desk: RingDesk, sender: str, letter: RingNoted) -> Handled:
    """Keep a note of a party of another node.

    Raises:
        NotYourRing: the sender may not speak for that party.
    """
    if node_of(letter.party) != sender:
        raise NotYourRing("a note of somebody else's party")
    copy = ring_copies.copy_of(work, letter.ring_id)
    if not isinstance(copy, Copy) or copy.erased or copy.state is RingState.WITHDRAWN:
        return []
    if letter.party not in parties_of(copy.plan, sender):
        raise NotYourRing("that party is not in the ring")
    at = min(letter.at, work.moment)
    note = Note(note_id=letter.note_id, party=letter.party, text=letter.text, at=at)
    ring_copies.keep_note(work, letter.ring_id, note)
    return []


def release_overdue(work: Work, desk: RingDesk) -> Handled:
    """End the holds whose time has run out by our clock, as long as nobody has said yes."""
    handled: Handled = []
    for state in sorted(desk.rules.clock_releases):
        for ring_id, party in ring_copies.overdue_parts(work, state):
            # The copy is locked before its parts are read: an answer may be on its way in.
            ring_copies.copy_of(work, ring_id)
            part = ring_copies.parts_of(work, ring_id)[party]
            if part.state is not state:
                continue
            ring_copies.keep_part(work, replace(part, state=PartState.EXPIRED))
            ring_copies.free_part(work, ring_id, party)
            letter = RingRefused(ring_id=ring_id, party=party, why="silence")
            handled.append(Outgoing(to=node_of(ring_id), letter=letter))
    return handled


def ask_again(work: Work, desk: RingDesk) -> Handled:
    """Ask the deciders of rings that have not ended, and repeat what their histories lack."""
    handled: Handled = []
    for ring_id in ring_copies.due(work):
        copy = ring_copies.copy_of(work, ring_id)
        if not isinstance(copy, Copy) or copy.final:
            continue
        tries = copy.tries + 1
        ring_copies.wait(work, ring_id, next_at=after(work, desk.timing.wait(tries)), tries=tries)
        parts = ring_copies.parts_of(work, ring_id)
        handled += [_to_decider(copy, letter) for letter in _unheard(work, copy, parts)]
        if copy.state in AGREED:
            handled += _missing_contacts(work, copy, parts)
    return handled


def erase_old(work: Work, desk: RingDesk) -> int:
    """Erase contacts and notes some time after their rings have ended; return of how many."""
    rings = ring_copies.to_erase(work, ended_before=stamp(work.now - desk.timing.erase_after))
    for ring_id in rings:
        ring_copies.erase(work, ring_id)
    return len(rings)


def answer_letter(part: Part) -> RingAnswered:
    """Return the letter that says a party's last answer."""
    return RingAnswered.model_validate(
        {
            "ring_id": part.ring_id,
            "party": part.party,
            "number": part.number,
            "accepts": part.accepts,
            "why": part.why,
        }
    )


def _repeat_hold(work: Work, known: Copy | Tombstone) -> Handled:
    if isinstance(known, Tombstone) or known.final:
        return []
    parts = ring_copies.parts_of(work, known.plan.ring_id)
    if known.refused:
        return [_to_decider(known, _refusal(known, min(parts), known.refused))]
    for part in parts.values():
        if part.state is PartState.EXPIRED:
            return [_to_decider(known, _refusal(known, part.party, "silence"))]
    return [_to_decider(known, RingHeld(ring_id=known.plan.ring_id))]


def _hold(work: Work, desk: RingDesk, letter: RingProposed) -> _NotHeld | None:
    """Hold all our slots; where one cannot be held none is, and that one is returned."""
    plan = letter.plan
    offers = {leg.offer for leg in plan.legs}
    ours = [slot for slot in slots(plan) if node_of(slot.item) == desk.node]
    if work.moment >= plan.deadline:
        return _NotHeld(ours[0].party, "late")
    try:
        with work.nested():
            # In one order everywhere, so that two rings do not wait for each other.
            for slot in sorted(ours, key=lambda one: one.item):
                _hold_one(work, desk, letter, slot, giving=slot.item in offers)
    except _NotHeld as refused:
        return refused
    return None


def _hold_one(
    work: Work, desk: RingDesk, letter: RingProposed, slot: Slot, *, giving: bool
) -> None:
    if why := desk.items.unfit(work, slot, letter.plan, giving=giving):
        raise _NotHeld(slot.party, why)
    if not desk.rules.hold(work, slot, ring_id=letter.plan.ring_id):
        raise _NotHeld(slot.party, "taken")


def _not_heard_of(work: Work, desk: RingDesk, letter: RingDecided) -> Handled:
    if letter.state not in FINAL:
        # We have lost what we knew, or its proposal is under way: the whole of it is asked for.
        return [
            Outgoing(
                to=node_of(letter.ring_id), letter=RingAsked(ring_id=letter.ring_id, version=0)
            )
        ]
    if desk.rules.tombstones:
        ring_copies.bury_copy(work, letter.ring_id, letter.state, letter.entries)
    return []


def _follow(work: Work, desk: RingDesk, copy: Copy) -> Handled:
    """Bring our parties and slots to where the history has led."""
    ring_id = copy.plan.ring_id
    parts = ring_copies.parts_of(work, ring_id)
    handled: Handled = []
    if copy.state is not RingState.PROPOSED and copy.state is not RingState.WITHDRAWN:
        for party, part in parts.items():
            if part.state is PartState.ACCEPTED or (
                part.state is PartState.DECLINED and part.number > 1
            ):
                parts[party] = replace(part, state=PartState.COMMITTED)
                ring_copies.keep_part(work, parts[party])
                if copy.state in AGREED:
                    handled += [
                        _contact(parts[party], other) for other in neighbours(copy.plan, party)
                    ]
    if copy.final:
        _end(work, desk, copy, parts)
    return handled


def _end(work: Work, desk: RingDesk, copy: Copy, parts: dict[str, Part]) -> None:
    ring_id = copy.plan.ring_id
    received = {entry.leg for entry in copy.entries if entry.what is What.RECEIVED}
    held = ring_copies.held_items(work, ring_id)
    for number, leg in enumerate(copy.plan.legs):
        if number in received:
            for item in sorted({leg.offer, leg.want} & held):
                desk.items.fulfilled(work, item)
    ring_copies.free_ring(work, ring_id)
    for part in parts.values():
        if part.state is not PartState.RESOLVED:
            ring_copies.keep_part(work, replace(part, state=PartState.ENDED))
    if copy.state is RingState.WITHDRAWN:
        ring_copies.erase(work, ring_id)


def _unheard(work: Work, copy: Copy, parts: dict[str, Part]) -> list[RingLetter]:
    """Return what we have said and the history does not show, and the question itself."""
    ring_id = copy.plan.ring_id
    said: list[RingLetter] = []
    if copy.state is RingState.PROPOSED:
        if copy.refused:
            said.append(_refusal(copy, min(parts), copy.refused))
        elif not copy.opened:
            said += [letter.letter for letter in _repeat_hold(work, copy)]
        heard = {(entry.party, entry.number) for entry in copy.entries if entry.what in _ANSWERED}
        said += [
            answer_letter(part)
            for part in parts.values()
            if part.number and (part.party, part.number) not in heard
        ]
    reported = {(entry.leg, entry.what) for entry in copy.entries}
    said += [
        RingReported.model_validate(
            {"ring_id": ring_id, "leg": told.leg, "what": told.what, "why": told.why}
        )
        for told in ring_copies.reports_of(work, ring_id)
        if (told.leg, told.what) not in reported
    ]
    said += [
        RingResolved(ring_id=ring_id, party=part.party)
        for part in parts.values()
        if part.state is PartState.RESOLVED
    ]
    seen = [part.party for part in parts.values() if part.seen_at]
    said.append(RingAsked(ring_id=ring_id, version=copy.version, seen=seen))
    return said


def _missing_contacts(work: Work, copy: Copy, parts: dict[str, Part]) -> Handled:
    known = ring_copies.contacts_of(work, copy.plan.ring_id)
    return [
        Outgoing(
            to=node_of(other),
            letter=RingContactAsked(ring_id=copy.plan.ring_id, party=other, for_party=party),
        )
        for party in parts
        for other in neighbours(copy.plan, party)
        if (party, other) not in known
    ]


def _copy_with(
    work: Work, desk: RingDesk, ring_id: str, sender: str, theirs: str, own: str
) -> Copy | None:
    if node_of(theirs) != sender or node_of(own) != desk.node:
        raise NotYourRing("a letter for somebody else's party")
    copy = ring_copies.copy_of(work, ring_id)
    if not isinstance(copy, Copy):
        return None
    if theirs not in neighbours(copy.plan, own):
        raise NotYourRing("the two are no neighbours in this ring")
    return copy


def _contact(part: Part, for_party: str) -> Outgoing:
    if not part.consents or not part.contact:
        letter = RingContact(
            ring_id=part.ring_id, party=part.party, for_party=for_party, withheld=True
        )
    else:
        contact = Contact.model_validate_json(part.contact)
        letter = RingContact(
            ring_id=part.ring_id,
            party=part.party,
            for_party=for_party,
            name=contact.name,
            telephone=contact.telephone,
            place=contact.place,
        )
    return Outgoing(to=node_of(for_party), letter=letter)


def _refusal(copy: Copy, party: str, why: str) -> RingRefused:
    return RingRefused.model_validate({"ring_id": copy.plan.ring_id, "party": party, "why": why})


def _to_decider(copy: Copy, letter: RingLetter) -> Outgoing:
    return Outgoing(to=copy.plan.decider, letter=letter)
