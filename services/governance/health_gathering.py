"""The facts of the signs of health, gathered from what governance keeps and what was declared."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import bindparam, or_, select

from services.governance import decision_rows, delegations, register_views
from services.governance.assembly_rows import Declared, declarations
from services.governance.ballots import ballot_of
from services.governance.counting.report import Outcome
from services.governance.cycles.following import surplus_lines
from services.governance.health import declared as forms
from services.governance.health.declared import DECLARATION
from services.governance.health.facts import (
    Answered,
    Decided,
    Facts,
    Office,
    Pair,
    Sat,
    Somebody,
    Year,
)
from services.governance.health.signs import YEARS
from services.governance.process.state import Decision, FollowUp
from services.governance.roll_handlers import standing_voters
from services.governance.rules import Electorate, Method
from services.governance.tables.assemblies import ASSEMBLY_STEP
from services.governance.tables.decisions import DECISION, OBJECTION
from shared.clock import stamp
from shared.store import Prepared, Work
from shared.terms import numbered

DECISIONS_MAX: Final = 2_000
"""How many decisions, the newest first, the signs look at."""
LOOKS_BACK: Final = timedelta(days=366 * (YEARS + 1))
HOLDERS_MAX: Final = 1_000
_ADOPTED: Final = frozenset({Outcome.ADOPTED, Outcome.CHOSEN})
_WITHDRAWN: Final = "withdrawn"

_DECISIONS: Final = Prepared(
    select(DECISION.c.id)
    .where(DECISION.c.changed_at >= bindparam("since"))
    .order_by(DECISION.c.changed_at.desc(), DECISION.c.id)
    .limit(DECISIONS_MAX)
)
_OBJECTIONS: Final = Prepared(
    select(OBJECTION.c.raised_at, OBJECTION.c.answered_at, OBJECTION.c.state)
    .where(OBJECTION.c.raised_at >= bindparam("since"))
    .order_by(OBJECTION.c.raised_at, OBJECTION.c.decision, OBJECTION.c.number)
)
_SITTINGS: Final = Prepared(
    select(ASSEMBLY_STEP.c.assembly, ASSEMBLY_STEP.c.what, ASSEMBLY_STEP.c.at)
    .where(
        or_(ASSEMBLY_STEP.c.what == "closed", ASSEMBLY_STEP.c.what == "signed"),
        ASSEMBLY_STEP.c.at >= bindparam("since"),
    )
    .order_by(ASSEMBLY_STEP.c.assembly, ASSEMBLY_STEP.c.number)
)


def gathered(work: Work) -> Facts:
    """Return all facts that the signs of health look at, as they are known now."""
    since = {"since": stamp(work.now - LOOKS_BACK)}
    decisions = [
        (each, decision_rows.kept(work, each).decision) for (each,) in work.rows(_DECISIONS, since)
    ]
    counted = tuple(_decided(work, each, one) for each, one in decisions if one.closed)
    sittings = _sittings(work, since)
    return Facts(
        now=work.moment,
        decisions=counted,
        objections=tuple(
            Answered(raised, answered)
            for raised, answered, state in work.rows(_OBJECTIONS, since)
            if answered or state != _WITHDRAWN
        ),
        questions=tuple(
            Answered(asked.at, asked.answered_at) for _, one in decisions for asked in one.questions
        ),
        assemblies=sittings,
        offices=_offices(work),
        people=tuple(
            Somebody(
                one.id, one.gender, one.worker, one.worker_since, one.standing == "full", one.since
            )
            for one in register_views.persons(work)
        ),
        holders=_holders(work),
        voters=len(standing_voters(work, Electorate(), at=work.now)),
        years=_years(work, counted, sittings),
    )


def limits(work: Work) -> dict[str, Pair]:
    """Return the limits that the network has decided otherwise, by name; the newest counts."""
    return {
        one.body["limit"]: (int(one.body["n"]), int(one.body["d"]))
        for one in declarations(work)
        if one.kind == "threshold"
    }


def _decided(work: Work, decision_id: str, one: Decision) -> Decided:
    closed, notice, settled = one.closed, one.notice, one.settled
    assert closed is not None
    ballot = ballot_of(work, decision_id)
    method = notice.rule.method if notice else None
    elects = method is Method.STV or one.template == "committee"
    return Decided(
        kind=one.template,
        author=one.entity or one.proposer,
        noticed_at=notice.at if notice else "",
        opens_at=notice.opens_at if notice else "",
        closed_at=closed.at,
        adopted=closed.outcome in _ADOPTED,
        cast=closed.cast,
        roll=closed.roll,
        amended=len(one.versions) > 1,
        candidates=len(notice.options) if notice and elects else 0,
        seats=notice.rule.seats if notice and elects else 0,
        owner=settled.owner if settled else "",
        deadline=settled.deadline if settled else "",
        done=settled is not None and settled.state is FollowUp.DONE,
        reported_at=settled.reported_at if settled else "",
        packed=ballot is not None and ballot.closed is not None,
        in_assembly=one.template == "assembly-item",
    )


def _sittings(work: Work, since: Mapping[str, str]) -> tuple[Sat, ...]:
    closed: dict[str, str] = {}
    signed: dict[str, str] = {}
    for assembly, what, at in work.rows(_SITTINGS, since):
        (closed if what == "closed" else signed).setdefault(assembly, at)
    return tuple(Sat(at, signed.get(each, "")) for each, at in sorted(closed.items()))


def _offices(work: Work) -> tuple[Office, ...]:
    held: dict[tuple[str, str], list[register_views.Held]] = defaultdict(list)
    for one in register_views.terms(work):
        held[one.person, one.entity].append(one)
    return tuple(
        Office(person, entity, term.begins, term.until, number)
        for (person, entity), some in sorted(held.items())
        for term, number in numbered(one.term for one in some)
    )


def _holders(work: Work) -> tuple[int, ...]:
    found = delegations.held(work, at=work.moment, after=None, most=HOLDERS_MAX)
    # Whoever carries others' votes has one of their own.
    return tuple(one.votes + 1 for one in found)


def _years(
    work: Work, decisions: tuple[Decided, ...], sittings: tuple[Sat, ...]
) -> dict[int, Year]:
    """Return what was declared by year; a year in which something was decided owes its accounts."""
    active = [one.closed_at for one in decisions] + [one.closed_at for one in sittings]
    first = min((int(at[:4]) for at in active), default=work.now.year)
    years = {year: Year() for year in range(max(first, work.now.year - YEARS), work.now.year)}
    for told in declarations(work):
        if told.kind != "threshold":
            years[told.year] = _with(work, years.get(told.year, Year()), told)
    return years


def _with(work: Work, year: Year, told: Declared) -> Year:
    """Return a year with what a declaration says of it."""
    form = DECLARATION.validate_python(told.body)
    said: dict[str, Any] = {}
    match form:
        case forms.Pay():
            said = {"pay": (form.highest, form.lowest)}
        case forms.Workers():
            said = {"workers": (form.members, form.workers)}
        case forms.Business():
            said = {"business": (form.outside, form.turnover)}
        case forms.Accounts():
            said = {"accounts_on": form.published_on}
        case forms.Surplus():
            said = {"surplus": form.uses, "decided": _as_decided(work, form)}
    known = {name: getattr(year, name) for name in Year.__dataclass_fields__}
    return Year(**known | said)


def _as_decided(work: Work, form: forms.Surplus) -> dict[str, int] | None:
    """Return the amounts that a decision had given to each use of the surplus."""
    ballot = ballot_of(work, form.decision) if form.decision else None
    if ballot is None or ballot.closed is None or not ballot.closed.report.allocation:
        return None
    lines = surplus_lines(ballot.closed.report.allocation, sum(form.uses.values()))
    return {line.code: line.amount for line in lines}
