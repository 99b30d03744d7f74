"""What can happen to a budget cycle: it begins, and step after step is added to its record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.governance import prepared_decisions
from services.governance.assemblies.judging import Actor
from services.governance.assembly_rows import CYCLES, KeptStep
from services.governance.ballots import ballot_of
from services.governance.counting.report import Outcome
from services.governance.cycles import refusals as no
from services.governance.cycles import steps as said
from services.governance.cycles.cycle import Cycle, Recorded, after, delivery, folded
from services.governance.cycles.judging import require_begin, require_fit
from services.governance.cycles.steps import STEP, Begun, LaterStep, Step
from services.governance.prepared_decisions import Prepared
from services.governance.rules import Option
from shared.store import Work

_KIND: Final = "budget"
_BECAUSE: Final = "The shortlist was read by the delegates in each of its languages."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A cycle with its record."""

    id: str
    record: tuple[Recorded, ...]
    cycle: Cycle
    hash: str


def begin_cycle(work: Work, begun: Begun, *, actor: Actor, languages: Iterable[str]) -> Kept:
    """Begin a budget cycle; its notice shows what became of the projects of the one before.

    Args:
        languages: those of the network's charter.

    Raises:
        BadCycle
        Missing: there is no such cycle before it.
    """
    require_begin(begun, languages=languages, now=work.now)
    last = None
    if begun.follows:
        last = delivery(cycle_of(work, begun.follows).cycle, begun.follows, today=today(work))
    begun = begun.model_copy(update={"delivery": last})
    cycle_id = CYCLES.begin(work, kind=_KIND)
    row = _add(work, cycle_id, begun, actor=actor, before=None)
    kept = _kept(cycle_id, [row])
    _move(work, kept)
    return kept


def record_step(work: Work, cycle_id: str, step: LaterStep, *, actor: Actor) -> Kept:
    """Add a step to the record of a cycle, where it may follow now.

    With the ballot a decision is begun and announced; with the outcome its count becomes the
    projects that are to be delivered.

    Raises:
        Missing, and what ``cycles.refusals`` names.
    """
    CYCLES.lock(work, cycle_id)
    rows = CYCLES.record(work, cycle_id)
    kept = _kept(cycle_id, rows)
    require_fit(kept.cycle, step, actor=actor, now=work.now)
    if isinstance(step, said.BallotPrepared):
        decision = _ballot(work, kept.cycle, actor=actor)
        step = step.model_copy(update={"decision": decision})
    elif isinstance(step, said.Outcome):
        step = step.model_copy(update=_outcome(work, kept.cycle))
    row = _add(work, cycle_id, step, actor=actor, before=rows[-1])
    changed = Kept(
        id=cycle_id,
        record=(*kept.record, _recorded(row)),
        cycle=after(kept.cycle, _recorded(row)),
        hash=row.hash,
    )
    _move(work, changed)
    return changed


def cycle_of(work: Work, cycle_id: str) -> Kept:
    """Return a cycle with its record.

    Raises:
        Missing: there is none of that id.
    """
    return _kept(cycle_id, CYCLES.record(work, cycle_id))


def today(work: Work) -> str:
    """Return the day of a unit of work."""
    return work.now.date().isoformat()


def _ballot(work: Work, cycle: Cycle, *, actor: Actor) -> str:
    """Begin and announce the decision in which people choose among the costed projects."""
    begun = cycle.begun
    options = []
    for code in cycle.shortlist:
        idea = cycle.ideas[code]
        assert idea.costed is not None, "what is on a shortlist was costed"
        option = Option(code=code, cost=idea.costed.cost, groups=idea.groups)
        options.append((option, idea.title, idea.text))
    return prepared_decisions.announce(
        work,
        Prepared(
            template="budget",
            rule=begun.rule,
            languages=begun.languages,
            title=begun.title,
            text={},
            options=options,
            sort="project",
            because=_BECAUSE,
        ),
        proposer=actor.person,
    )


def _outcome(work: Work, cycle: Cycle) -> dict[str, Any]:
    ballot = ballot_of(work, cycle.decision)
    if ballot is None or ballot.closed is None:
        raise no.NotInThisStage("the ballot is not counted yet")
    report = ballot.closed.report
    funded: dict[str, int] = {}
    if report.outcome is Outcome.CHOSEN:
        costs = {option.code: option.cost or 0 for option in ballot.options}
        funded = {code: costs[code] for code in report.winners}
    return {"funded": funded, "report_hash": report.hash}


def _add(
    work: Work, cycle_id: str, step: Step, *, actor: Actor, before: KeptStep | None
) -> KeptStep:
    body = step.model_dump(mode="json", exclude_defaults=True) | {"what": step.what}
    return CYCLES.add(work, cycle_id, body, actor=actor.person, before=before)


def _kept(cycle_id: str, rows: Sequence[KeptStep]) -> Kept:
    record = tuple(_recorded(row) for row in rows)
    return Kept(id=cycle_id, record=record, cycle=folded(record), hash=rows[-1].hash)


def _recorded(row: KeptStep) -> Recorded:
    step = STEP.validate_python(row.body)
    return Recorded(number=row.number, step=step, by=row.actor, at=row.at)


def _move(work: Work, kept: Kept) -> None:
    CYCLES.move(
        work,
        kept.id,
        state=kept.cycle.stage.value,
        due=kept.cycle.begun.ends_at,
        steps=len(kept.record),
    )
