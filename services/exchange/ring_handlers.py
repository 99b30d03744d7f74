"""What can happen to rings: proposed, answered, reported, noted, and looked after by the clock.

Each function is one unit of work: rows, holds and letters commit together or not at all. What is
done twice is done once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.exchange import ring_copies, ring_deciding, ring_holding, ring_rows
from services.exchange.ring_copies import Note, Part, Told
from services.exchange.ring_desk import Outgoing, RingDesk
from services.exchange.ring_letters import send
from services.exchange.rings.parts import (
    HOLDING,
    ContactMissing,
    Copy,
    NotInDoubt,
    NotUnderWay,
    PartState,
    RingClosed,
    SameSteward,
)
from services.exchange.rings.plans import node_of, nodes
from services.exchange.rings.repairs import (
    Freed,
    ProposeInstead,
    freed,
    smallest_changes,
)
from services.exchange.rings.ring import may_report
from shared.clock import moment
from shared.contracts.rings import (
    AGREED,
    Contact,
    RingNoted,
    RingPlan,
    RingReported,
    RingResolved,
    RingState,
    What,
    Why,
)
from shared.ids import new_uuid7
from shared.refusals import Missing
from shared.store import Store, Work

RESOLVING: int = 2
"""How many stewards end a doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """By whom something was entered: the party itself, or a steward to whom it was told.

    Args:
        by: the pseudonymous id of the person.
        way: ``party``, or ``telephone`` where a steward records what was said.
    """

    by: str
    way: str = "party"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a party answers.

    Args:
        why, said: of a no: the reason, and words that stay at home.
        consents: whether the contact may be handed on to the neighbours in this ring.
    """

    accepts: bool
    why: Why = ""
    said: str = ""
    consents: bool = False
    contact: Contact | None = None


def propose_ring(work: Work, desk: RingDesk, plan: RingPlan) -> None:
    """Propose a ring; a second time nothing happens.

    Raises:
        BadRing: the plan is no ring of this node, or its deadline is none.
    """
    send(work, desk, ring_deciding.propose(work, desk, plan))


def supersede_ring(work: Work, desk: RingDesk, ring_id: str) -> None:
    """Take back a ring of ours for a better one, unless somebody has answered already."""
    send(work, desk, ring_deciding.supersede(work, desk, ring_id))


def answer_ring(
    work: Work, desk: RingDesk, ring_id: str, party: str, said: Said, *, entered: Entered
) -> Part:
    """Say yes or no for one of our parties; the same answer again changes nothing.

    A yes makes the hold firm in the same unit that sends it. A no after a yes is sent as well, and
    counts if it arrives before all have accepted.

    Raises:
        Missing: that party is in no such ring, or is not asked yet.
        RingClosed: the ring takes no more answers.
        ContactMissing: the contact may be handed on, and there is none.
    """
    copy, part = _asked(work, ring_id, party)
    if part.number and part.accepts == said.accepts:
        return part
    if copy.state is not RingState.PROPOSED:
        raise RingClosed(f"it is {copy.state}", state=copy.state.value)
    if part.state not in (PartState.HELD, PartState.ACCEPTED) or work.moment >= part.expires_at:
        raise RingClosed("its time is over")
    if said.consents and said.contact is None:
        raise ContactMissing()
    accepted = part.state is PartState.ACCEPTED
    part = replace(
        part,
        state=PartState.ACCEPTED if said.accepts else PartState.DECLINED,
        number=part.number + 1,
        accepts=said.accepts,
        why=said.why,
        said=said.said,
        entered_by=entered.by,
        way=entered.way,
        consents=said.accepts and said.consents,
        contact=ring_copies.contact_text(said.contact) if said.accepts and said.consents else "",
        seen_at=part.seen_at or work.moment,
    )
    ring_copies.keep_part(work, part)
    if not said.accepts and not accepted:
        # No yes has left this node, so nobody can have confirmed the ring.
        ring_copies.free_part(work, ring_id, party)
    send(work, desk, [Outgoing(to=node_of(ring_id), letter=ring_holding.answer_letter(part))])
    return ring_copies.parts_of(work, ring_id)[party]


def look_at(work: Work, desk: RingDesk, ring_id: str, party: str) -> None:
    """Note that a party has seen a proposal: from now on its silence says something.

    Raises:
        Missing: that party is in no such ring, or is not asked yet.
    """
    _, part = _asked(work, ring_id, party)
    if not part.seen_at:
        ring_copies.keep_part(work, replace(part, seen_at=work.moment))


def report_leg(
    work: Work,
    desk: RingDesk,
    ring_id: str,
    party: str,
    *,
    leg: int,
    what: What,
    why: Why = "",
    entered: Entered,
) -> None:
    """Say that a leg was handed over or received, or has failed; again, nothing happens.

    Raises:
        Missing: that party is in no such ring, or may not say this of that leg.
        NotUnderWay: nothing is being delivered in the ring.
    """
    copy, _ = _asked(work, ring_id, party)
    if not may_report(copy.plan, party, leg, what):
        raise Missing()
    told = Told(leg=leg, what=what, party=party, why=why, entered_by=entered.by, way=entered.way)
    said = {(known.leg, known.what) for known in ring_copies.reports_of(work, ring_id)}
    if (leg, what) in said:
        return
    if copy.state not in AGREED:
        raise NotUnderWay(f"it is {copy.state}", state=copy.state.value)
    ring_copies.note_report(work, ring_id, told)
    letter = RingReported.model_validate({"ring_id": ring_id, "leg": leg, "what": what, "why": why})
    send(work, desk, [Outgoing(to=node_of(ring_id), letter=letter)])


def write_note(
    work: Work, desk: RingDesk, ring_id: str, party: str, text: str, *, note_id: str
) -> Note:
    """Write a few words to the others in a ring; with the same id again, nothing happens.

    Raises:
        Missing: that party is in no such ring, or is not asked yet.
        RingClosed: the ring has ended, and its notes were erased.
    """
    copy, _ = _asked(work, ring_id, party)
    if copy.erased or copy.state is RingState.WITHDRAWN:
        raise RingClosed("it has ended")
    note = Note(note_id=note_id, party=party, text=text, at=work.moment)
    if ring_copies.keep_note(work, ring_id, note):
        letter = RingNoted(ring_id=ring_id, note_id=note_id, party=party, at=work.moment, text=text)
        others = [node for node in nodes(copy.plan) if node != desk.node]
        send(work, desk, [Outgoing(to=node, letter=letter) for node in others])
    return note


def resolve_doubt(
    work: Work, desk: RingDesk, ring_id: str, *, steward: str, token: str, reason: str
) -> bool:
    """End a doubt by the word of two stewards: our slots are free, and the decider is told.

    Args:
        steward: the pseudonymous id of the one who says so now.
        token: the id of the token by which they have said it.
        reason: in a few words, for the records of the node.

    Returns:
        Whether this was the second word, so that the doubt has ended.

    Raises:
        Missing: nobody of ours is in such a ring.
        NotInDoubt: its decider has answered, or is not late enough.
        SameSteward: this steward has said so already.
    """
    copy = ring_copies.copy_of(work, ring_id)
    if not isinstance(copy, Copy):
        raise Missing()
    parts = [part for part in ring_copies.parts_of(work, ring_id).values() if part.state in HOLDING]
    if copy.final or not parts or not _is_late(work, desk, copy):
        raise NotInDoubt()
    if not ring_copies.sign_resolution(work, ring_id, steward=steward, token=token, reason=reason):
        raise SameSteward()
    if len(ring_copies.resolutions_of(work, ring_id)) < RESOLVING:
        return False
    for part in parts:
        ring_copies.keep_part(work, replace(part, state=PartState.RESOLVED))
    ring_copies.free_ring(work, ring_id)
    letters = [RingResolved(ring_id=ring_id, party=part.party) for part in parts]
    send(work, desk, [Outgoing(to=copy.plan.decider, letter=letter) for letter in letters])
    return True


def look_after(work: Work, desk: RingDesk) -> None:
    """Do what the clock asks for: deadlines, holds that run out, questions, and what is erased."""
    send(work, desk, ring_deciding.look(work, desk))
    send(work, desk, ring_holding.release_overdue(work, desk))
    send(work, desk, ring_holding.ask_again(work, desk))
    ring_holding.erase_old(work, desk)


def rings_to_repair(work: Work) -> list[Freed]:
    """Return what the withdrawn rings have left behind in whose place nothing was looked for."""
    found = []
    for ring_id in ring_rows.to_repair(work):
        kept = ring_rows.known(work, ring_id, reading=True)
        if kept is not None and kept.ring is not None:
            found.append(freed(kept.ring))
    return found


def propose_replacement(
    work: Work, desk: RingDesk, left: Freed, plans: Iterable[RingPlan]
) -> str | None:
    """Propose the ring that changes least in a withdrawn one's place; return its id, or none.

    Rings that others have agreed to, or are being asked about, are left alone.
    """
    if left.broken.ring_id not in ring_rows.to_repair(work):
        return None
    ring_rows.repaired(work, left.broken.ring_id)
    barred = ring_rows.barred_arcs(work)

    def bound(item: str) -> bool:
        return ring_copies.holder(work, item) is not None

    for plan in smallest_changes(left, plans, bound=bound):
        if any((leg.offer, leg.want) in barred for leg in plan.legs):
            continue
        if plan.decider != desk.node:
            continue
        plan = plan.model_copy(update={"repairs": left.broken.ring_id})
        propose_ring(work, desk, plan)
        return plan.ring_id
    return None


async def repair_rings(store: Store, desk: RingDesk, propose_instead: ProposeInstead) -> list[str]:
    """Look for another ring in the place of each that was withdrawn; return the new ones' ids.

    The search runs outside any unit: it may take its time, and fail, without holding up others.
    """
    found = []
    for left in await store.read(rings_to_repair):
        plans = list(await propose_instead(left))
        ring_id = await store.write(propose_replacement, desk, left, plans)
        if ring_id:
            found.append(ring_id)
    return found


def new_ring_id(node: str) -> str:
    """Return the id of a new ring that this node decides."""
    return f"{node}:{new_uuid7()}"


def _asked(work: Work, ring_id: str, party: str) -> tuple[Copy, Part]:
    copy = ring_copies.copy_of(work, ring_id)
    if not isinstance(copy, Copy) or not copy.opened:
        raise Missing()
    part = ring_copies.parts_of(work, ring_id).get(party)
    if part is None:
        raise Missing()
    return copy, part


def _is_late(work: Work, desk: RingDesk, copy: Copy) -> bool:
    since = moment(copy.plan.deadline)
    if copy.state in AGREED:
        last = max(leg.until_day for leg in copy.plan.legs)
        since = max(since, moment(f"{last}T00:00:00.000Z"))
    return work.now >= since + desk.timing.doubt_after
