"""Signs taken from decisions: turnout, authors, seats, objections, notice, follow-up, papers."""

from collections import Counter
from datetime import timedelta
from typing import Final

from services.governance.health.facts import (
    Answered,
    Decided,
    Facts,
    Pair,
    Reading,
    Span,
    median,
    nothing,
)
from shared.clock import moment, stamp

ADOPTED_LEAST: Final = 10
"""With fewer adopted decisions nobody can tell whether few people write them all."""
AUTHORS: Final = 5
ANSWER_DAYS: Final = 14
SETTLE_DAYS: Final = 30
"""How long after its count a decision may be without an owner before it counts as forgotten."""
MONTH_DAYS: Final = 30


def turnout(facts: Facts, span: Span) -> Reading:
    """Return the median share of the roll that took part, and the same by kind of decision."""
    held = [one for one in _counted(facts, span) if one.roll]
    if not held:
        return nothing("no-votes")
    kinds: dict[str, list[Pair]] = {}
    for one in held:
        kinds.setdefault(one.kind, []).append((one.cast, one.roll))
    beside = {f"kind-{kind}": median(some) for kind, some in sorted(kinds.items())}
    return Reading(value=median([(one.cast, one.roll) for one in held]), beside=beside)


def concentration(facts: Facts, span: Span) -> Reading:
    """Return the share of adopted decisions that the five busiest authors have proposed.

    Beside it: the share of all votes that the greatest holder of delegations carries now.
    """
    beside: dict[str, Pair] = {}
    if facts.holders and facts.voters and span.holds(facts.now):
        beside["top-holder"] = (max(facts.holders), facts.voters)
    authors = Counter(one.author for one in _counted(facts, span) if one.adopted)
    adopted = sum(authors.values())
    if adopted < ADOPTED_LEAST or len(authors) <= AUTHORS:
        return Reading(reason="too-few-decisions", beside=beside)
    busiest = sum(number for _, number in authors.most_common(AUTHORS))
    return Reading(value=(busiest, adopted), beside=beside)


def contested(facts: Facts, span: Span) -> Reading:
    """Return how many candidates stood for each seat; beside it, elections without a choice."""
    held = [one for one in _counted(facts, span) if one.seats]
    if not held:
        return nothing("no-elections")
    without = sum(one.candidates <= one.seats for one in held)
    value = (sum(one.candidates for one in held), sum(one.seats for one in held))
    return Reading(value=value, beside={"uncontested": (without, len(held))})


def objections(facts: Facts, span: Span) -> Reading:
    """Return the share of objections answered within 14 days; beside it, the median of days.

    One whose 14 days are not over is neither answered nor late yet.
    """
    raised = [one for one in facts.objections if span.holds(one.at) and _ripe(one, facts.now)]
    if not raised:
        return nothing("no-objections")
    in_time = sum(_days(one) is not None and (_days(one) or 0) <= ANSWER_DAYS for one in raised)
    days = [days for one in raised if (days := _days(one)) is not None]
    beside = {"median-days": median([(one, 1) for one in days])} if days else {}
    return Reading(value=(in_time, len(raised)), beside=beside)


def deliberation(facts: Facts, span: Span) -> Reading:
    """Return the median days of notice; beside it, the shares amended and of questions answered.

    An assembly's points have their notice with its call, and are left out.
    """
    held = [one for one in _counted(facts, span) if one.noticed_at and not one.in_assembly]
    if not held:
        return nothing("no-votes")
    days = [(max(_between(one.noticed_at, one.opens_at), 0), 1) for one in held]
    beside: dict[str, Pair] = {"amended": (sum(one.amended for one in held), len(held))}
    asked = [one for one in facts.questions if span.holds(one.at)]
    if asked:
        beside["questions-answered"] = (sum(bool(one.answered_at) for one in asked), len(asked))
    return Reading(value=median(days), beside=beside)


def follow_through(facts: Facts, span: Span) -> Reading:
    """Return the share of adopted decisions that had an owner and were reported done in time.

    A decision is looked at once its deadline has passed, or it was forgotten for 30 days.
    """
    due = [
        one
        for one in facts.decisions
        if one.adopted and span.holds(_due(one)) and _due(one) <= facts.now
    ]
    if not due:
        return nothing("nothing-due")
    kept = sum(one.done and bool(one.owner) and one.reported_at <= one.deadline for one in due)
    unowned = sum(not one.owner for one in due)
    return Reading(value=(kept, len(due)), beside={"without-owner": (unowned, len(due))})


def transparency(facts: Facts, span: Span) -> Reading:
    """Return the longest wait, in days, for accounts or signed minutes; still waiting counts.

    Beside it: the share of ballots that anybody can count again from a package.
    """
    waits: list[int] = []
    end = min(span.until, facts.now)
    for sat in facts.assemblies:
        if sat.closed_at and sat.closed_at < end and (sat.signed_at or end) >= span.begins:
            waits.append(_between(sat.closed_at, min(sat.signed_at or end, end)))
    for year, told in facts.years.items():
        ended, on = f"{year + 1}-01-01T00:00:00.000Z", told.accounts_on
        published = f"{on}T00:00:00.000Z" if on else end
        if ended < end and published >= span.begins:
            waits.append(max(_between(ended, min(published, end)), 0))
    beside: dict[str, Pair] = {}
    held = _counted(facts, span)
    if held:
        beside["packages"] = (sum(one.packed for one in held), len(held))
    if not waits:
        return Reading(reason="nothing-due", beside=beside)
    return Reading(value=(max(waits), 1), beside=beside)


def _counted(facts: Facts, span: Span) -> list[Decided]:
    return [one for one in facts.decisions if span.holds(one.closed_at)]


def _due(one: Decided) -> str:
    if one.owner:
        return one.deadline
    return stamp(moment(one.closed_at) + timedelta(days=SETTLE_DAYS))


def _ripe(one: Answered, now: str) -> bool:
    limit = stamp(moment(one.at) + timedelta(days=ANSWER_DAYS))
    return bool(one.answered_at) or limit < now


def _days(one: Answered) -> int | None:
    return _between(one.at, one.answered_at) if one.answered_at else None


def _between(begins: str, until: str) -> int:
    """Return the whole days between two moments; a day that has begun counts."""
    return -(-(moment(until) - moment(begins)) // timedelta(days=1))
