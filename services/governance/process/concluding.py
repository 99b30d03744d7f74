"""Deciding about what follows from a count: who sees to it until when, and how it went."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.governance.counting.report import Outcome
from services.governance.process import steps_after as after
from services.governance.process import steps_ballot as steps
from services.governance.process.actors import (
    CLOCK,
    Actor,
    keeps,
    maybe,
    prose,
    require_keeper,
    taken,
)
from services.governance.process.facts import File, Step
from services.governance.process.phases import require_phase
from services.governance.process.refusals import (
    AlreadySo,
    NotKeeper,
    NotYet,
    OwnerUnfit,
    RecordFull,
)
from services.governance.process.state import Decision
from shared.clock import stamp

FILES_MAX: Final = 200
PASSED: Final = (Outcome.ADOPTED, Outcome.CHOSEN)
"""The outcomes from which something follows that somebody has to see to."""


def settled(
    decision: Decision,
    actor: Actor,
    *,
    now: datetime,
    owner: str = "",
    deadline: datetime | None = None,
    task: str = "",
) -> tuple[Step, ...]:
    """Return that it stands what follows: for what was adopted an owner and a deadline.

    Raises:
        WrongPhase, NotKeeper, OwnerUnfit
    """
    require_phase(decision.phase, steps.OutcomeSettled)
    require_keeper(decision, actor)
    assert decision.closed is not None, "what is closed was counted"
    passed = decision.closed.outcome in PASSED
    if passed != bool(owner) or passed != (deadline is not None):
        raise OwnerUnfit(outcome=decision.closed.outcome.value)
    if deadline is not None and deadline <= now:
        raise OwnerUnfit("the deadline is over")
    step = steps.OutcomeSettled(
        **taken(actor, now),
        owner=owner,
        deadline=stamp(deadline) if deadline else None,
        task=maybe(task),
    )
    return (step,)


def late(decision: Decision, *, now: datetime) -> tuple[Step, ...]:
    """Return that the deadline of what was adopted has passed, where that was not noted yet.

    Raises:
        WrongPhase, NotYet, AlreadySo
    """
    require_phase(decision.phase, after.FollowUpLate)
    assert decision.settled is not None, "what is decided was settled"
    if decision.settled.late:
        raise AlreadySo()
    if not decision.settled.deadline or stamp(now) < decision.settled.deadline:
        raise NotYet(at=decision.settled.deadline)
    return (after.FollowUpLate(**taken(CLOCK, now)),)


def done(
    decision: Decision, actor: Actor, *, report: str, files: Sequence[File], now: datetime
) -> tuple[Step, ...]:
    """Return that what was adopted has been done.

    Raises:
        WrongPhase, NotKeeper, OwnerUnfit
    """
    require_phase(decision.phase, after.FollowUpDone)
    _require_owner(decision, actor)
    return (after.FollowUpDone(**taken(actor, now), report=maybe(report), files=tuple(files)),)


def dropped(
    decision: Decision, actor: Actor, *, reason: str, files: Sequence[File], now: datetime
) -> tuple[Step, ...]:
    """Return that what was adopted will not be done, and why.

    Raises:
        WrongPhase, NotKeeper, OwnerUnfit, NoWords
    """
    require_phase(decision.phase, after.FollowUpDropped)
    _require_owner(decision, actor)
    return (after.FollowUpDropped(**taken(actor, now), reason=prose(reason), files=tuple(files)),)


def attached(decision: Decision, actor: Actor, *, file: File, now: datetime) -> tuple[Step, ...]:
    """Return that accounts or another file are attached to what was adopted.

    Raises:
        WrongPhase, NotKeeper, OwnerUnfit, AlreadySo, RecordFull
    """
    require_phase(decision.phase, after.FileAttached)
    _require_owner(decision, actor)
    assert decision.settled is not None, "what is decided was settled"
    if any(one.sha256 == file.sha256 for one in decision.settled.files):
        raise AlreadySo()
    if len(decision.settled.files) >= FILES_MAX:
        raise RecordFull(most=FILES_MAX)
    return (after.FileAttached(**taken(actor, now), file=file),)


def _require_owner(decision: Decision, actor: Actor) -> None:
    assert decision.settled is not None, "what is decided was settled"
    if not decision.settled.owner:
        raise OwnerUnfit("nothing was adopted, so that nothing follows")
    owns = actor.person == decision.settled.owner or decision.settled.owner in actor.entities
    if not owns and not keeps(decision, actor):
        raise NotKeeper()
