"""Ballots of a closed urn as other programs read them: Pabulib, PrefLib with ties, and CSV.

Lines are sorted by what they say. They hold neither receipts nor nonces, so that nobody who shows a
receipt shows a line.
"""

import csv
import io
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, ClassVar, Final, NamedTuple

from services.governance.ballots import BallotState, Closed, the_ballot
from services.governance.receipts import urn
from services.governance.rules import RANKED, BudgetBallot, Method
from services.governance.urn_classes import classes_of
from shared.refusals import Kind, Refusal
from shared.store import Work


class NoSuchExport(Refusal):
    """A form in which ballots of this method cannot be written."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "no-such-export"
    title: ClassVar[str] = "Ballots of this method are not written in that form"


class Form(StrEnum):
    """In which form ballots are written."""

    PABULIB = "pb"
    PREFLIB = "preflib"
    CSV = "csv"


class Exported(NamedTuple):
    """A file of ballots."""

    suffix: str
    media_type: str
    text: str


class _Urn(NamedTuple):
    ballot: BallotState
    closed: Closed
    classes: list[tuple[dict[str, Any], int]]

    @property
    def codes(self) -> list[str]:
        return [option.code for option in self.ballot.options]


_VALUES: Final = ("scores", "points", "percent", "ratio")


def exported(work: Work, ballot_id: str, form: Form) -> Exported:
    """Return the ballots of a closed urn in a form.

    Raises:
        Missing: there is no such ballot.
        BallotStillOpen
        NoSuchExport: only budgets have ``.pb`` files, and only rankings PrefLib's.
    """
    ballot = the_ballot(work, ballot_id)
    found = _Urn(ballot, ballot.require_closed(), classes_of(urn(work, ballot_id)))
    match form:
        case Form.PABULIB:
            return _pabulib(found)
        case Form.PREFLIB:
            return _preflib(found)
    return _csv(found)


def _pabulib(found: _Urn) -> Exported:
    from services.governance.formats.pb_files import (
        Pabulib,
        PbBallots,
        PbProject,
        VoteType,
        write_pabulib,
    )

    budget = found.ballot.rule.budget
    if budget is None:
        raise NoSuchExport("only budgets have .pb files")
    pointed = budget.ballot is BudgetBallot.POINTS
    at = {code: place for place, code in enumerate(found.codes)}
    winners = frozenset(found.closed.report.winners)
    ballots: list[PbBallots] = []
    for choice, number in found.classes:
        given = choice.get("points") or dict.fromkeys(choice.get("options", ()), 1)
        named = sorted(given, key=at.__getitem__)
        places = tuple(at[code] for code in named)
        points = tuple(given[code] for code in named) if pointed else ()
        # A blank ballot is in no .pb file: its voter has no vote there.
        if places:
            ballots.append(PbBallots(places, points, number))
    file = Pabulib(
        meta={
            "description": found.ballot.ballot_id,
            "unit": budget.unit,
            "currency": budget.unit,
            "instance": found.ballot.closed_at[:4],
            "rule": budget.count.value,
            "date_begin": found.ballot.opens_at.date().isoformat(),
            "date_end": found.ballot.closes_at.date().isoformat(),
            "min_project_score_threshold": str(budget.threshold),
            **({"max_sum_points": str(budget.points)} if pointed else {}),
        },
        scale=1,
        total=budget.total,
        vote_type=VoteType.CUMULATIVE if pointed else VoteType.APPROVAL,
        projects=tuple(
            PbProject(
                code=option.code,
                cost=option.cost or 0,
                selected="1" if option.code in winners else "0",
                columns={"category": ",".join(option.groups)} if option.groups else {},
            )
            for option in found.ballot.options
        ),
        ballots=tuple(ballots),
    )
    return Exported(".pb", "text/plain; charset=utf-8", write_pabulib(file))


def _preflib(found: _Urn) -> Exported:
    from services.governance.formats.preflib import write_preflib

    if found.ballot.rule.method not in RANKED:
        raise NoSuchExport("only rankings have PrefLib's files")
    written = write_preflib(
        title=found.ballot.ballot_id,
        names=found.codes,
        options=found.codes,
        choices=found.classes,
    )
    return Exported(written.suffix, "text/plain; charset=utf-8", written.text)


def _csv(found: _Urn) -> Exported:
    """Return a line for each ballot, with a column for each option; blank ballots are empty."""
    rule = found.ballot.rule
    if rule.method in (Method.YES_NO, Method.CONSENT):
        columns = ["answer"]
    elif rule.method is Method.SURPLUS:
        columns = sorted(part.code for part in rule.surplus)
    elif rule.method is Method.PAY_RATIO:
        columns = ["n", "d"]
    else:
        columns = found.codes
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(["ballot", "blank", *columns])
    number = 0
    for choice, times in found.classes:
        cells = _cells(choice, columns)
        for _ in range(times):
            number += 1
            lines.writerow([number, int("blank" in choice), *cells])
    return Exported(".csv", "text/csv; charset=utf-8", out.getvalue())


def _cells(choice: dict[str, Any], columns: Sequence[str]) -> list[str]:
    """Return what stands below each column: an answer, a mark, a rank from 1, or a number."""
    if "answer" in choice:
        return [choice["answer"]]
    said: dict[str, int] = {}
    for name in _VALUES:
        said |= choice.get(name, {})
    said |= dict.fromkeys(choice.get("options", ()), 1)
    for rank, codes in enumerate(choice.get("ranks", ()), start=1):
        said |= dict.fromkeys(codes, rank)
    return [str(said[name]) if name in said else "" for name in columns]
