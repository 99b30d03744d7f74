"""Signs of people and of drift: terms, gender, worker members, pay, surplus, outside business."""

from datetime import datetime
from typing import Final

from services.governance.cycles.following import CAPITAL, RESERVES, Line, followed
from services.governance.cycles.following import beside as laid_beside
from services.governance.health.facts import (
    SMALL,
    Facts,
    Office,
    Pair,
    Reading,
    Somebody,
    Span,
    Year,
    median,
    nothing,
)
from shared.clock import moment

STEPS: Final = 20
"""Shares of genders are told in twentieths, so that one person more or less is not seen."""
YEAR_DAYS: Final = 365


def terms(facts: Facts, span: Span) -> Reading:
    """Return the greatest number of mandates in a row of anybody in office at the span's end.

    Beside it: the share of those in office with more than two, and the mean days in office.
    """
    at = _end(facts, span)
    holding = [one for one in facts.offices if _holds(one, at)]
    if not holding:
        return nothing("nobody-in-office")
    rows = [one.in_a_row for one in holding]
    days = sum((at - one.begins).days for one in holding)
    beside: dict[str, Pair] = {
        "more-than-two": (sum(row > 2 for row in rows), len(rows)),
        "days-in-office": (days // len(holding), 1),
    }
    return Reading(value=(max(rows), 1), beside=beside)


def gender(facts: Facts, span: Span) -> Reading:
    """Return the share of whichever of women and men are fewer among those in office.

    Only what people have declared themselves counts, in twentieths, and nothing is told of fewer
    than five. Beside it: the share of women in office and on the roll, and how far they differ.
    """
    at = _end(facts, span)
    declared = {one.person: one.gender for one in facts.people if one.gender}
    people = {one.person for one in facts.offices if _holds(one, at)}
    office = [declared[person] for person in sorted(people) if person in declared]
    roll = [one.gender for one in facts.people if one.gender and one.member]
    if len(office) < SMALL or len(roll) < SMALL:
        return nothing("too-few-people")
    women, men, on_roll = (
        _twentieths(some.count(which), len(some))
        for some, which in ((office, "woman"), (office, "man"), (roll, "woman"))
    )
    beside: dict[str, Pair] = {
        "women-in-office": (women, STEPS),
        "women-on-roll": (on_roll, STEPS),
        "gap": (abs(women - on_roll), STEPS),
    }
    return Reading(value=(min(women, men), STEPS), beside=beside)


def workers(facts: Facts, span: Span) -> Reading:
    """Return the share of those who work here that are members: as declared, else as registered.

    Beside it, from the register: the median days until somebody who works here became a member.
    """
    told = _year(facts, span)
    beside: dict[str, Pair] = {}
    joined = [days for one in facts.people if (days := _days_to_join(one)) is not None]
    if len(joined) >= SMALL:
        beside["days-to-join"] = median([(days, 1) for days in joined])
    if told.workers is not None:
        members, people = told.workers
        return Reading(value=(members, people) if people else None, beside=beside,
                       reason="" if people else "no-workers")  # fmt: skip
    working = [one for one in facts.people if one.worker]
    if not _is_now(facts, span) or not working:
        return Reading(reason="not-declared", beside=beside)
    if len(working) < SMALL:
        return Reading(reason="too-few-people", beside=beside)
    return Reading(value=(sum(one.member for one in working), len(working)), beside=beside)


def pay_ratio(facts: Facts, span: Span) -> Reading:
    """Return the highest full-time pay as a multiple of the lowest, as declared of a year."""
    told = _year(facts, span)
    return Reading(value=told.pay) if told.pay is not None else nothing("not-declared")


def surplus_use(facts: Facts, span: Span) -> Reading:
    """Return the share of a year's surplus that went to capital, as declared.

    Beside it: the share of each other use, and how much went where the members had decided.
    """
    told = _year(facts, span)
    if told.surplus is None:
        return nothing("not-declared")
    whole = sum(told.surplus.values())
    if not whole:
        return nothing("no-surplus")
    beside: dict[str, Pair] = {
        f"use-{code}": (amount, whole)
        for code, amount in sorted({RESERVES: 0, **told.surplus}.items())
        if code != CAPITAL
    }
    if told.decided is not None:
        lines = [Line(code=code, percent=0, amount=due) for code, due in told.decided.items()]
        same, due = followed(laid_beside(lines, told.surplus))
        if due:
            beside["as-decided"] = (same, due)
    return Reading(value=(told.surplus.get(CAPITAL, 0), whole), beside=beside)


def outside_business(facts: Facts, span: Span) -> Reading:
    """Return the share of a year's business that was done with non-members, as declared."""
    told = _year(facts, span)
    if told.business is None or not told.business[1]:
        return nothing("not-declared")
    return Reading(value=told.business)


def _year(facts: Facts, span: Span) -> Year:
    return facts.years.get(int(span.begins[:4]), Year())


def _is_now(facts: Facts, span: Span) -> bool:
    return span.begins <= facts.now < span.until


def _end(facts: Facts, span: Span) -> datetime:
    return moment(min(span.until, facts.now))


def _holds(one: Office, at: datetime) -> bool:
    return one.begins <= at and (one.until is None or at < one.until)


def _twentieths(part: int, whole: int) -> int:
    """Return a share in twentieths, to the nearest; a half goes up."""
    return (2 * STEPS * part + whole) // (2 * whole)


def _days_to_join(one: Somebody) -> int | None:
    if not (one.worker and one.member and one.since and len(one.worker_since) == len("2024-01-01")):
        return None
    began = moment(f"{one.worker_since}T00:00:00.000Z")
    return max((moment(one.since) - began).days, 0)
