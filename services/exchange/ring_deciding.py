"""The decider's part of a ring's life: it proposes, takes in what is said, and decides alone.

Each function takes in one letter in one unit, and returns what is to be said to others. A letter
that comes again changes nothing and is answered with how the ring stands.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from services.exchange import ring_rows
from services.exchange.ring_desk import Handled, Outgoing, RingDesk
from services.exchange.ring_rows import Kept
from services.exchange.rings import ring as rules
from services.exchange.rings.plans import (
    ANSWER_TIME_MAX,
    BadRing,
    node_of,
    nodes,
    parties,
    require_ring,
    residuals,
)
from services.exchange.rings.repairs import freed
from services.exchange.rings.ring import Answer, Report, Ring
from shared.clock import moment
from shared.contracts.rings import (
    AGREED,
    RingAnswered,
    RingAsked,
    RingDecided,
    RingHeld,
    RingPlan,
    RingProposed,
    RingRefused,
    RingReported,
    RingResolved,
    RingState,
    What,
)
from shared.refusals import Refusal
from shared.store import Work, of_the_database

KNOWS_LITTLE: Final = 1
"""Who was told no more than the proposal was never asked: a ring that is unknown is withdrawn."""
CHECK_EVERY: Final = timedelta(days=1)
"""How often the decider looks whether a delivery is overdue."""

log = structlog.get_logger(__name__)


def propose(work: Work, desk: RingDesk, plan: RingPlan) -> Handled:
    """Begin a ring and ask the nodes of its parties to hold their slots; a second time, nothing.

    Raises:
        BadRing: the plan is no ring of this node, or its deadline is none.
    """
    require_ring(plan)
    if plan.decider != desk.node:
        raise BadRing("another node would decide about it")
    if not work.now < moment(plan.deadline) <= work.now + ANSWER_TIME_MAX:
        raise BadRing("the deadline is past, or too far away")
    ring = rules.proposed(plan, at=work.moment)
    next_at = min(plan.deadline, ring_rows.after(work, desk.timing.wait(0)))
    if not ring_rows.begin(work, ring, next_at=next_at):
        return []
    return [_proposal(ring, node) for node in nodes(plan)]


def take_hold(work: Work, desk: RingDesk, sender: str, letter: RingHeld) -> Handled:
    """Take in that a node holds all its slots."""
    kept = ring_rows.known(work, letter.ring_id)
    if kept is None:
        return _unknown(work, desk, sender, letter.ring_id)
    if not (ring := _ours(kept, sender)):
        return _tombstone_again(work, kept, sender)
    ring = rules.overdue(ring, at=work.moment)
    return _go_on(work, desk, kept, rules.with_hold(ring, sender, at=work.moment), asked_by=sender)


def take_refusal(work: Work, desk: RingDesk, sender: str, letter: RingRefused) -> Handled:
    """Take in that a slot could not be held, or is held no longer."""
    kept = ring_rows.known(work, letter.ring_id)
    if kept is None:
        return _unknown(work, desk, sender, letter.ring_id)
    if not (ring := _ours(kept, sender)) or node_of(letter.party) != sender:
        return _tombstone_again(work, kept, sender)
    after = ring
    if letter.party in parties(ring.plan):
        after = rules.refused(ring, letter.party, letter.why, at=work.moment)
    return _go_on(work, desk, kept, after, asked_by=sender)


def take_answer(work: Work, desk: RingDesk, sender: str, letter: RingAnswered) -> Handled:
    """Take in a yes or a no; the last yes confirms the ring, with its residuals."""
    kept = ring_rows.known(work, letter.ring_id)
    if kept is None:
        # Whoever answers was asked: we have forgotten.
        return _forgotten(work, letter.ring_id)
    if not (ring := _ours(kept, sender)) or node_of(letter.party) != sender:
        return _tombstone_again(work, kept, sender)
    answer = Answer(
        party=letter.party, number=letter.number, accepts=letter.accepts, why=letter.why
    )
    before = rules.overdue(ring, at=work.moment)
    reserved = kept.reserved
    is_news = desk.rules.decisions.is_news(before.answers.get(answer.party), answer)
    asks_more = before.state is RingState.PROPOSED and answer.accepts and is_news
    if asks_more and not reserved and _left_over_here(work, desk, before):
        if not _could(work, lambda: desk.residuals.reserve(work, before.plan)):
            return _go_on(work, desk, kept, rules.withdrawn(before, "limit", at=work.moment))
        reserved = True
    after = rules.answered(before, answer, at=work.moment, decisions=desk.rules.decisions)
    if after.state is RingState.CONFIRMED and reserved and not before.final:
        posted = _could(work, lambda: desk.residuals.post(work, letter.ring_id))
        if not posted:
            after = rules.withdrawn(before, "limit", at=work.moment)
    return _go_on(work, desk, replace(kept, reserved=reserved), after, asked_by=sender)


def take_question(work: Work, desk: RingDesk, sender: str, letter: RingAsked) -> Handled:
    """Say how a ring stands; of an unknown one, that it is withdrawn, for ever.

    Whoever was told more of it than we know shows that we have forgotten: then we say nothing, and
    decide nothing about it any more, because we may have confirmed it.
    """
    kept = ring_rows.known(work, letter.ring_id)
    if kept is None:
        if letter.version > KNOWS_LITTLE:
            return _forgotten(work, letter.ring_id)
        return _unknown(work, desk, sender, letter.ring_id)
    if not (ring := _ours(kept, sender)):
        return _tombstone_again(work, kept, sender)
    if letter.version > ring.version:
        log.warning("a ring was forgotten in part", ring=letter.ring_id, told=letter.version)
        ring_rows.doubt(work, letter.ring_id)
        return []
    own = frozenset(party for party in letter.seen if node_of(party) == sender)
    after = rules.overdue(rules.looked_at(ring, own), at=work.moment)
    handled = _go_on(work, desk, kept, after, asked_by=sender)
    if not letter.version:
        # The asker has lost all that it knew: it holds what it still can.
        handled.insert(0, _proposal(after, sender))
    return handled


def take_report(work: Work, desk: RingDesk, sender: str, letter: RingReported) -> Handled:
    """Take in that a leg was handed over or received, or has failed."""
    kept = ring_rows.known(work, letter.ring_id)
    if kept is None:
        return _forgotten(work, letter.ring_id)
    if not (ring := _ours(kept, sender)) or letter.leg >= len(ring.plan.legs):
        return []
    leg = ring.plan.legs[letter.leg]
    may = {
        What.HANDED_OVER: (leg.giver,),
        What.RECEIVED: (leg.receiver,),
        What.FAILED: (leg.giver, leg.receiver),
    }[letter.what]
    if sender not in {node_of(party) for party in may}:
        return []
    report = Report(leg=letter.leg, what=letter.what, why=letter.why)
    return _go_on(work, desk, kept, rules.reported(ring, report, at=work.moment), asked_by=sender)


def take_resolution(work: Work, desk: RingDesk, sender: str, letter: RingResolved) -> Handled:
    """Take in that two stewards of a party's node have freed its slots."""
    kept = ring_rows.known(work, letter.ring_id)
    if kept is None:
        return _forgotten(work, letter.ring_id)
    if not (ring := _ours(kept, sender)) or node_of(letter.party) != sender:
        return _tombstone_again(work, kept, sender)
    return _go_on(
        work, desk, kept, rules.resolved(ring, letter.party, at=work.moment), asked_by=sender
    )


def supersede(work: Work, desk: RingDesk, ring_id: str) -> Handled:
    """Take back a ring that nobody has accepted yet, for a better one; otherwise nothing."""
    kept = ring_rows.known(work, ring_id)
    if kept is None or kept.ring is None or kept.doubted or kept.ring.answers:
        return []
    return _go_on(work, desk, kept, rules.withdrawn(kept.ring, "superseded", at=work.moment))


def look(work: Work, desk: RingDesk) -> Handled:
    """Do what the decider does by itself: judge deadlines, and ask once more for holds."""
    handled: Handled = []
    for ring_id in ring_rows.due(work):
        kept = ring_rows.known(work, ring_id)
        if kept is None or kept.ring is None or kept.doubted:
            continue
        after = rules.overdue(kept.ring, at=work.moment)
        if after is not kept.ring:
            handled += _go_on(work, desk, kept, after)
            continue
        if not after.opened and after.state is RingState.PROPOSED:
            waiting = [node for node in nodes(after.plan) if node not in after.held]
            handled += [_proposal(after, node) for node in waiting]
        _keep(work, desk, kept, after, tries=kept.tries + 1)
    return handled


def _go_on(work: Work, desk: RingDesk, kept: Kept, after: Ring, *, asked_by: str = "") -> Handled:
    """Keep what follows and tell all parties' nodes; where nothing is new, who asked is told."""
    before = kept.ring
    assert before is not None
    if after is before:
        return [_decision(after, asked_by)] if asked_by else []
    if after.version == before.version:
        _keep(work, desk, kept, after, tries=kept.tries)
        return [_decision(after, asked_by)] if asked_by else []
    if after.state is RingState.WITHDRAWN and kept.reserved:
        desk.residuals.void(work, kept.ring_id)
    _keep(work, desk, kept, after, tries=0)
    _learn(work, before, after)
    return [_decision(after, node) for node in nodes(after.plan)]


def _keep(work: Work, desk: RingDesk, kept: Kept, ring: Ring, *, tries: int) -> None:
    if ring.final:
        next_at = ""
    elif ring.state in AGREED:
        next_at = ring_rows.after(work, CHECK_EVERY)
    elif ring.opened:
        next_at = ring.plan.deadline
    else:
        next_at = min(ring.plan.deadline, ring_rows.after(work, desk.timing.wait(tries)))
    ring_rows.keep(work, kept, ring, next_at=next_at, tries=tries, reserved=kept.reserved)


def _learn(work: Work, before: Ring, after: Ring) -> None:
    """Note what the new lines of a history tell about those who confirm, and those who do not."""
    seen = after.seen
    for entry in after.entries[before.version :]:
        if entry.party and entry.what is What.ACCEPTED:
            _count(work, after, entry.party, yes=1)
        elif entry.party and (
            entry.what is What.DECLINED or (entry.what is What.SILENT and entry.party in seen)
        ):
            _count(work, after, entry.party, no=1)
    if after.state is RingState.SETTLED:
        for party in parties(after.plan):
            ring_rows.learn(work, f"party {party}", yes=1)
            ring_rows.served(work, party)
    if after.state is RingState.WITHDRAWN:
        left = freed(after)
        ring_rows.bar(work, left.barred)
        for party in sorted(left.waiting):
            ring_rows.learn(work, f"party {party}", waited=1)
        if after.entries[-1].why != "superseded":
            ring_rows.want_repair(work, after.plan.ring_id)


def _count(work: Work, ring: Ring, party: str, *, yes: int = 0, no: int = 0) -> None:
    ring_rows.learn(work, f"party {party}", yes=yes, no=no)
    for leg in ring.plan.legs:
        if leg.receiver == party and leg.category:
            ring_rows.learn(work, f"class {leg.category}", yes=yes, no=no)


def _ours(kept: Kept, sender: str) -> Ring | None:
    """Return the ring, where it is one about which we decide, and the sender is in it."""
    if kept.ring is None or kept.doubted or sender not in nodes(kept.ring.plan):
        return None
    return kept.ring


def _unknown(work: Work, desk: RingDesk, sender: str, ring_id: str) -> Handled:
    if node_of(ring_id) != desk.node or not desk.rules.tombstones:
        return []
    ring_rows.bury(work, ring_id)
    entries = [ring_rows.tombstone_entry(work)]
    told = RingDecided(ring_id=ring_id, state=RingState.WITHDRAWN, entries=entries)
    return [Outgoing(to=sender, letter=told)]


def _tombstone_again(work: Work, kept: Kept, sender: str) -> Handled:
    """Say once more that an unknown ring is withdrawn; to strangers of a ring nothing is said."""
    if kept.ring is not None or kept.doubted:
        return []
    entries = list(ring_rows.tombstone_entries(work, kept.ring_id))
    told = RingDecided(ring_id=kept.ring_id, state=kept.state, entries=entries)
    return [Outgoing(to=sender, letter=told)]


def _forgotten(work: Work, ring_id: str) -> Handled:
    log.warning("a ring was forgotten", ring=ring_id)
    ring_rows.bury(work, ring_id, doubted=True)
    return []


def _left_over_here(work: Work, desk: RingDesk, ring: Ring) -> bool:
    """Return whether a ring lies inside this node and leaves something to be posted in it."""
    if nodes(ring.plan) != (desk.node,) or not any(residuals(ring.plan).values()):
        return False
    return desk.residuals.carries(work, ring.plan)


def _could(work: Work, do: Callable[[], None]) -> bool:
    """Return whether the ledger could do it; what it refused has left nothing behind."""
    try:
        with work.nested():
            do()
    except Refusal as refusal:
        if of_the_database(refusal):
            raise
        log.info("residuals refused", reason_code=refusal.slug)
        return False
    return True


def _proposal(ring: Ring, node: str) -> Outgoing:
    return Outgoing(to=node, letter=RingProposed(plan=ring.plan, entries=list(ring.entries)))


def _decision(ring: Ring, node: str) -> Outgoing:
    told = RingDecided(ring_id=ring.plan.ring_id, state=ring.state, entries=list(ring.entries))
    return Outgoing(to=node, letter=told)
