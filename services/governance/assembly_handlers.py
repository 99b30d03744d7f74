"""What can happen to an assembly: it is called, and step after step is added to its record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.governance import assembly_votes, roll_handlers
from services.governance.assemblies import steps as said
from services.governance.assemblies.assembly import Assembly, Meter, Recorded, after, folded, meter
from services.governance.assemblies.judging import Actor, require_call, require_fit
from services.governance.assemblies.steps import STEP, Called, LaterStep, Step
from services.governance.assembly_rows import ASSEMBLIES, KeptStep
from services.governance.rolls import Roll
from shared.contracts.notices import GovernanceNotice
from shared.store import Work

SHEET_ROWS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An assembly with its record."""

    id: str
    record: tuple[Recorded, ...]
    assembly: Assembly
    hash: str

    @property
    def steps(self) -> int:
        """How many steps its record has."""
        return len(self.record)


def call_assembly(work: Work, call: Called, *, actor: Actor, languages: Iterable[str]) -> Kept:
    """Call an assembly.

    Args:
        languages: those of the network's charter.

    Raises:
        BadCall, LanguageLacking
    """
    # A call is dated by this node, whatever its paper says.
    call = call.model_copy(update={"happened_at": None})
    require_call(call, languages=languages, now=work.now)
    assembly_id = ASSEMBLIES.begin(work, kind=call.kind)
    first = _add(work, assembly_id, call, actor=actor, before=None)
    kept = _kept(assembly_id, [first])
    _move(work, kept)
    return kept


def record_step(work: Work, assembly_id: str, step: LaterStep, *, actor: Actor) -> Kept:
    """Add a step to an assembly's record, where it may follow now.

    What follows from a step is done in the same unit: the roll is frozen when the doors open, a
    ballot opens and ends with its point, members are told of a call.

    Raises:
        Missing, and what ``assemblies.refusals`` names.
    """
    ASSEMBLIES.lock(work, assembly_id)
    rows = ASSEMBLIES.record(work, assembly_id)
    kept = _kept(assembly_id, rows)
    step = _addressed(work, kept, step)
    require_fit(kept.assembly, step, actor=actor, now=work.now, roll=RollOf(work, kept))
    step = _completed(work, kept, step, actor)
    row = _add(work, assembly_id, step, actor=actor, before=rows[-1])
    changed = Kept(
        id=assembly_id,
        record=(*kept.record, _recorded(row)),
        assembly=after(kept.assembly, _recorded(row)),
        hash=row.hash,
    )
    _move(work, changed)
    return changed


def assembly_of(work: Work, assembly_id: str) -> Kept:
    """Return an assembly with its record.

    Raises:
        Missing: there is none of that id.
    """
    return _kept(assembly_id, ASSEMBLIES.record(work, assembly_id))


def members_of(work: Work, kept: Kept) -> tuple[list[str], Meter]:
    """Return who may take part, and the quorum of that many: the roll, or who would be on it."""
    assembly = kept.assembly
    found = sorted(RollOf(work, kept).voters())[:SHEET_ROWS_MAX]
    if assembly.roll_root:
        return found, meter(assembly)
    counted = said.DoorsOpened(roll_size=len(found))
    one = Recorded(number=0, step=counted, by="", at=work.moment)
    return found, meter(after(assembly, one))


class RollOf:
    """The roll of an assembly: frozen since its doors opened, else as the register stands."""

    def __init__(self, work: Work, kept: Kept) -> None:
        self._work = work
        self._kept = kept

    def has(self, voter: str) -> bool:
        """Return whether somebody stands on it."""
        return roll_handlers.entry(self._work, self._kept.id, voter) is not None

    def voters(self) -> list[str]:
        """Return all who stand on it."""
        if not self._kept.assembly.roll_root:
            return standing(self._work, self._kept.assembly.call, self._work.now)
        size = self._kept.assembly.roll_size
        entries = roll_handlers.entries(self._work, self._kept.id, most=size)
        return [one.voter for one in entries]


def standing(work: Work, call: Called, at: datetime) -> list[str]:
    """Return who may take part as the register stands at a moment."""
    found = roll_handlers.standing_voters(work, call.electorate, at=at)
    return [one.voter for one in found]


def _addressed(work: Work, kept: Kept, step: LaterStep) -> LaterStep:
    """Return a sending with all to whom it went, and when."""
    if not isinstance(step, said.Sent):
        return step
    # What this software sends goes out now.
    at = None if step.channel == "portal" else step.happened_at
    to = tuple(standing(work, kept.assembly.call, work.now)) if step.everybody else step.to
    return said.Sent.model_validate(step.model_dump() | {"to": to, "happened_at": at})


def _completed(work: Work, kept: Kept, step: LaterStep, actor: Actor) -> LaterStep:
    """Do what follows from a step, and return it with what that gave."""
    if isinstance(step, said.Sent) and step.channel == "portal":
        _tell(work, kept, step.to)
    elif isinstance(step, said.DoorsOpened):
        roll = _roll(work, kept)
        return step.model_copy(update={"roll_root": roll.root, "roll_size": roll.size})
    elif isinstance(step, said.VoteOpened):
        decision = assembly_votes.open_point(work, kept.id, kept.assembly, step.item, actor=actor)
        return step.model_copy(update={"decision": decision})
    elif isinstance(step, said.Declared):
        report = assembly_votes.result(
            work, kept.id, kept.assembly, step.item, seed=kept.hash, actor=actor
        )
        return step.model_copy(update={"report": report})
    return step


def _roll(work: Work, kept: Kept) -> Roll:
    if kept.assembly.turn > 1:
        # Whoever may take part stays the same for the second call.
        return roll_handlers.roll_of(work, kept.id)
    return roll_handlers.freeze_roll(
        work, ballot_id=kept.id, electorate=kept.assembly.call.electorate, at=work.now
    )


def _tell(work: Work, kept: Kept, to: Sequence[str]) -> None:
    for voter in to:
        work.announce(
            GovernanceNotice(matter=kept.id, to=voter, what="called", due=kept.assembly.meets_at)
        )


def _add(
    work: Work, assembly_id: str, step: Step, *, actor: Actor, before: KeptStep | None
) -> KeptStep:
    body = step.model_dump(mode="json", exclude_defaults=True) | {"what": step.what}
    return ASSEMBLIES.add(work, assembly_id, body, actor=actor.person, before=before)


def _kept(assembly_id: str, rows: Sequence[KeptStep]) -> Kept:
    record = tuple(_recorded(row) for row in rows)
    return Kept(id=assembly_id, record=record, assembly=folded(record), hash=rows[-1].hash)


def _recorded(row: KeptStep) -> Recorded:
    step = STEP.validate_python(row.body)
    return Recorded(number=row.number, step=step, by=row.actor, at=row.at)


def _move(work: Work, kept: Kept) -> None:
    assembly = kept.assembly
    ASSEMBLIES.move(
        work, kept.id, state=assembly.stand.value, due=assembly.meets_at, steps=kept.steps
    )
