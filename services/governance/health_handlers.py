"""What can happen to the health of governance: somebody declares what happened in a year."""

from typing import ClassVar, Final

from services.governance.assembly_rows import declare
from services.governance.ballots import ballot_of
from services.governance.counting.report import Outcome
from services.governance.health.declared import DecidedLimit, Declaration, Surplus
from services.governance.rules import Method
from shared.refusals import Kind, Refusal
from shared.store import Work

_ADOPTED: Final = frozenset({Outcome.ADOPTED, Outcome.CHOSEN})


class YearNotBegun(Refusal):
    """Something was declared of a year that has not begun."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "year-not-begun"
    title: ClassVar[str] = "A declaration is of a year that has begun"


class NotDecided(Refusal):
    """A declaration names a decision that says no such thing."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-decided"
    title: ClassVar[str] = "The decision that is named has not decided this"


def record_declaration(work: Work, form: Declaration, *, steward: str) -> str:
    """Keep a declaration, and return its id.

    Raises:
        YearNotBegun
        NotDecided: a limit without an adopted decision, a surplus with one on another matter.
    """
    if form.year > work.now.year:
        raise YearNotBegun()
    if isinstance(form, DecidedLimit):
        _require_decided(work, form.decision)
    elif isinstance(form, Surplus) and form.decision is not None:
        _require_decided(work, form.decision, Method.SURPLUS)
    body = form.model_dump(mode="json")
    return declare(work, kind=form.kind, year=form.year, body=body, actor=steward)


def _require_decided(work: Work, decision_id: str, method: Method | None = None) -> None:
    ballot = ballot_of(work, decision_id)
    if ballot is None or ballot.closed is None:
        raise NotDecided("there is no such decision, or it is not counted")
    if ballot.closed.report.outcome not in _ADOPTED:
        raise NotDecided("it was not adopted")
    if method is not None and ballot.rule.method is not method:
        raise NotDecided("it is a decision on something else")
