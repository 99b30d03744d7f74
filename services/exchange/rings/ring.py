"""A ring as its decider knows it: a history that only grows, and the state to which it has led.

Every function takes a ring and returns the one that follows; where nothing is new it returns the
same. So an answer may come twice, late or after the end, and a ring that has ended stays as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from services.exchange.rings.plans import nodes, parties, place_of
from shared.clock import moment
from shared.contracts.rings import (
    AGREED,
    ENTRIES_MAX,
    FINAL,
    Entry,
    RingPlan,
    RingState,
    What,
    Why,
)

DELIVERY_GRACE: Final = timedelta(days=30)
"""How long after its last day a leg may stay without a word."""

FOLLOWING: Final[Mapping[RingState, frozenset[RingState]]] = {
    RingState.PROPOSED: frozenset({RingState.CONFIRMED, RingState.WITHDRAWN}),
    RingState.CONFIRMED: frozenset({RingState.IN_DELIVERY, RingState.BROKEN}),
    RingState.IN_DELIVERY: frozenset({RingState.SETTLED, RingState.BROKEN}),
    RingState.SETTLED: frozenset(),
    RingState.BROKEN: frozenset(),
    RingState.WITHDRAWN: frozenset(),
}
"""Which states lead to which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a party says to a proposal; ``number`` rises when it changes its mind."""

    party: str
    number: int
    accepts: bool
    why: Why = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a party says of a leg."""

    leg: int
    what: What
    why: Why = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One ring: plan, state, the nodes that hold their slots, answers, and the history.

    Args:
        opened: whether every slot was held, so that the parties are asked.
        seen: the parties who have looked at the proposal.
    """

    plan: RingPlan
    state: RingState = RingState.PROPOSED
    opened: bool = False
    held: frozenset[str] = frozenset()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    entries: tuple[Entry, ...] = ()

    @property
    def version(self) -> int:
        """How many entries its history has."""
        return len(self.entries)

    @property
    def final(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.state in FINAL

    @property
    def reported(self) -> frozenset[tuple[int, What]]:
        """What was reported of which leg."""
        return frozenset((entry.leg, entry.what) for entry in self.entries if entry.leg is not None)


def everybody_accepted(ring: Ring) -> bool:
    """Return whether each party's last answer is yes."""
    return all(
        party in ring.answers and ring.answers[party].accepts for party in parties(ring.plan)
    )


def is_news(known: Answer | None, answer: Answer) -> bool:
    """Return whether an answer is later than the one that is known, and another."""
    return known is None or (answer.number > known.number and answer.accepts != known.accepts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The two questions on which the decider's correctness hangs, so that tests may ask others.

    Args:
        everybody_accepted: whether the ring is confirmed.
        is_news: whether an answer was not taken already.
    """

    everybody_accepted: Callable[[Ring], bool] = everybody_accepted
    is_news: Callable[[Answer | None, Answer], bool] = is_news


RIGHT: Final = Decisions()


def proposed(plan: RingPlan, *, at: str) -> Ring:
    """Return a new ring, of which no slot is held yet."""
    return Ring(plan=plan, entries=(Entry(at=at, what=What.PROPOSED),))


def with_hold(ring: Ring, node: str, *, at: str) -> Ring:
    """Return the ring after a node has held its slots; with the last one its parties are asked."""
    if ring.state is not RingState.PROPOSED or ring.opened or node in ring.held:
        return ring
    ring = replace(ring, held=ring.held | {node})
    if ring.held < set(nodes(ring.plan)):
        return ring
    return _with(replace(ring, opened=True), Entry(at=at, what=What.OPENED))


def refused(ring: Ring, party: str, why: Why, *, at: str) -> Ring:
    """Return the ring after a slot of a party could not be held, or is held no longer."""
    if ring.state is not RingState.PROPOSED:
        return ring
    return withdrawn(_with(ring, Entry(at=at, what=What.REFUSED, party=party, why=why)), why, at=at)


def answered(ring: Ring, answer: Answer, *, at: str, decisions: Decisions = RIGHT) -> Ring:
    """Return the ring after an answer: confirmed with the last yes, withdrawn with a no."""
    if ring.state is not RingState.PROPOSED or answer.party not in parties(ring.plan):
        return ring
    if not decisions.is_news(ring.answers.get(answer.party), answer):
        return ring
    ring = _with(
        replace(ring, answers={**ring.answers, answer.party: answer}),
        Entry(
            at=at,
            what=What.ACCEPTED if answer.accepts else What.DECLINED,
            party=answer.party,
            number=answer.number,
            why=answer.why,
        ),
    )
    if not answer.accepts:
        return withdrawn(ring, answer.why or "other", at=at)
    if decisions.everybody_accepted(ring):
        return _with(_moved(ring, RingState.CONFIRMED), Entry(at=at, what=What.CONFIRMED))
    return ring


def withdrawn(ring: Ring, why: Why, *, at: str) -> Ring:
    """Return the ring taken back, where it was not confirmed."""
    if ring.state is not RingState.PROPOSED:
        return ring
    return _with(_moved(ring, RingState.WITHDRAWN), Entry(at=at, what=What.WITHDRAWN, why=why))


def looked_at(ring: Ring, seen: frozenset[str]) -> Ring:
    """Return the ring with those who have seen the proposal; it makes no history."""
    return replace(ring, seen=ring.seen | (seen & set(parties(ring.plan))))


def silent(ring: Ring) -> tuple[str, ...]:
    """Return the parties who have not answered."""
    return tuple(party for party in parties(ring.plan) if party not in ring.answers)


def overdue(ring: Ring, *, at: str) -> Ring:
    """Return the ring after its time has run out, by the decider's clock; else the same.

    A proposal is withdrawn at its deadline. A delivery ends some time after its last day: what was
    handed over and not contradicted counts as received, and a leg without a word breaks the ring.
    """
    if ring.state is RingState.PROPOSED and at >= ring.plan.deadline:
        for party in silent(ring) if ring.opened else ():
            ring = _with(ring, Entry(at=at, what=What.SILENT, party=party))
        return withdrawn(ring, "silence" if ring.opened else "late", at=at)
    if ring.state in AGREED and moment(at) >= _delivered_by(ring.plan):
        told = {leg for leg, what in ring.reported if what in (What.HANDED_OVER, What.RECEIVED)}
        if told >= set(range(len(ring.plan.legs))):
            for leg in sorted(told):
                ring = reported(ring, Report(leg=leg, what=What.RECEIVED, why="silence"), at=at)
            return ring
        return _broken(ring, "overdue", at=at)
    return ring


def reported(ring: Ring, report: Report, *, at: str) -> Ring:
    """Return the ring after a report: settled with the last receipt, broken by a failed leg."""
    if ring.state not in AGREED or not 0 <= report.leg < len(ring.plan.legs):
        return ring
    if (report.leg, report.what) in ring.reported:
        return ring
    if report.what is What.FAILED and (report.leg, What.RECEIVED) in ring.reported:
        return ring
    ring = _with(ring, Entry(at=at, what=report.what, leg=report.leg, why=report.why))
    if report.what is What.FAILED:
        return _broken(ring, report.why or "other", at=at)
    if ring.state is RingState.CONFIRMED:
        ring = _moved(ring, RingState.IN_DELIVERY)
    received = {leg for leg, what in ring.reported if what is What.RECEIVED}
    if len(received) == len(ring.plan.legs):
        return _with(_moved(ring, RingState.SETTLED), Entry(at=at, what=What.SETTLED))
    return ring


def resolved(ring: Ring, party: str, *, at: str) -> Ring:
    """Return the ring after two stewards of a party's node have ended its doubt."""
    if ring.final or party not in parties(ring.plan):
        return ring
    ring = _with(ring, Entry(at=at, what=What.RESOLVED, party=party))
    if ring.state is RingState.PROPOSED:
        return withdrawn(ring, "resolved", at=at)
    return _broken(ring, "resolved", at=at)


def may_report(plan: RingPlan, party: str, leg: int, what: What) -> bool:
    """Return whether a party may say this of a leg: who gives hands over, who receives confirms."""
    place = place_of(plan, party)
    if what is What.HANDED_OVER:
        return place.gives == leg
    if what is What.RECEIVED:
        return place.receives == leg
    return what is What.FAILED and leg in (place.gives, place.receives)


def _delivered_by(plan: RingPlan) -> datetime:
    last = max(leg.until_day for leg in plan.legs)
    return moment(f"{last}T00:00:00.000Z") + timedelta(days=1) + DELIVERY_GRACE


def _broken(ring: Ring, why: Why, *, at: str) -> Ring:
    return _with(_moved(ring, RingState.BROKEN), Entry(at=at, what=What.BROKEN, why=why))


def _moved(ring: Ring, state: RingState) -> Ring:
    assert state in FOLLOWING[ring.state], f"from {ring.state} to {state}"
    return replace(ring, state=state)


def _with(ring: Ring, entry: Entry) -> Ring:
    assert len(ring.entries) < ENTRIES_MAX
    return replace(ring, entries=(*ring.entries, entry))
