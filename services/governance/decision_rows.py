"""How decisions are read from their steps and kept as steps, and the lists made from them."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import orjson
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.governance.process import steps_after, steps_ballot
from services.governance.process.facts import Step
from services.governance.process.folding import applied, begun, fold
from services.governance.process.needs import needs, next_look
from services.governance.process.objecting import answer_due
from services.governance.process.phases import Phase
from services.governance.process.state import Decision
from services.governance.process.steps import FIRST, body_of, chained, step_of
from services.governance.process.steps_proposal import Begun
from services.governance.tables.decisions import DECISION, NEED, OBJECTION, STEP
from shared.refusals import Kind, Missing, Refusal
from shared.store import Prepared, Work

STEPS_MAX: Final = 20_000
"""How many steps a decision may have."""
STEPS_KEPT_FREE: Final = 100
"""So many more are kept free for the course of a decision: nobody talks until it cannot close."""
_COURSE: Final = (
    steps_ballot.BallotOpened,
    steps_ballot.BallotClosed,
    steps_ballot.Withdrawn,
    steps_ballot.OutcomeSettled,
    steps_ballot.Recounted,
    steps_after.FollowUpLate,
    steps_after.FollowUpDone,
    steps_after.FollowUpDropped,
)


class StepTaken(Refusal):
    """Somebody else has taken the next step of a decision meanwhile."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "step-taken"
    title: ClassVar[str] = "Somebody has changed the decision meanwhile; look at it again"


class TooManySteps(Refusal):
    """A decision has as many steps as one can have."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "too-many-steps"
    title: ClassVar[str] = "This decision has had as many steps as one can have"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A decision with where its record ends.

    Args:
        steps: how many there are.
        head: the hash of the last one.
    """

    decision_id: str
    decision: Decision
    steps: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A step as it lies in the record."""

    number: int
    body: str
    previous: str
    hash: str


_STEP_COLUMNS: Final = ("decision", "number", "what", "at", "body", "previous", "hash")
_KEEP_STEP: Final = Prepared(insert(STEP).on_conflict_do_nothing(), columns=_STEP_COLUMNS)
_STEPS: Final = Prepared(
    select(STEP.c.body, STEP.c.hash)
    .where(STEP.c.decision == bindparam("of_decision"))
    .order_by(STEP.c.number)
)
_LINKS: Final = Prepared(
    select(STEP.c.number, STEP.c.body, STEP.c.previous, STEP.c.hash)
    .where(STEP.c.decision == bindparam("of_decision"), STEP.c.number > bindparam("after"))
    .order_by(STEP.c.number)
    .limit(bindparam("most"))
)
_LOCK: Final = Prepared(
    select(DECISION.c.steps).where(DECISION.c.id == bindparam("of_decision")).with_for_update()
)
_COLUMNS: Final = tuple(column.name for column in DECISION.c)
_BEGIN: Final = Prepared(insert(DECISION).on_conflict_do_nothing(), columns=_COLUMNS)
_CHANGED: Final = tuple(name for name in _COLUMNS if name not in ("id", "begun_at"))
_CHANGE: Final = Prepared(
    update(DECISION)
    .where(DECISION.c.id == bindparam("of_decision"))
    .values({name: bindparam(f"to_{name}") for name in _CHANGED})
)
_NO_NEEDS: Final = Prepared(delete(NEED).where(NEED.c.decision == bindparam("of_decision")))
_NEEDS: Final = Prepared(
    insert(NEED).on_conflict_do_nothing(), columns=[column.name for column in NEED.c]
)
_SAID: Final = (
    "by", "entity", "version", "language", "harm", "change", "reason", "appeal", "answer",
    "integrated_in",
)  # fmt: skip
"""What the register shows of an objection besides its state and its times."""
_objected = insert(OBJECTION)
_OBJECTIONS: Final = Prepared(
    _objected.on_conflict_do_update(
        index_elements=("decision", "number"),
        set_={
            name: _objected.excluded[name] for name in ("state", "due_at", "answered_at", "said")
        },
    ),
    columns=[column.name for column in OBJECTION.c],
)


def kept(work: Work, decision_id: str, *, writing: bool = False) -> Kept:
    """Return a decision, made from its steps.

    Args:
        writing: the unit changes it; until it ends no other one does.

    Raises:
        Missing: there is none of that id.
    """
    of_decision = {"of_decision": decision_id}
    if writing:
        work.rows(_LOCK, of_decision)
    rows = work.rows(_STEPS, of_decision)
    if not rows:
        raise Missing()
    decision = fold(step_of(body) for body, _ in rows)
    return Kept(decision_id=decision_id, decision=decision, steps=len(rows), head=str(rows[-1][1]))


def keep_first(work: Work, decision_id: str, steps: tuple[Step, ...]) -> Kept:
    """Keep the first steps of a decision.

    Raises:
        StepTaken: there is a decision of that id.
    """
    first, *others = steps
    assert isinstance(first, Begun), "a decision has a beginning"
    decision = begun(first)
    for step in others:
        decision = applied(decision, step)
    head = _chain(work, decision_id, steps, number=0, head=FIRST)
    made = Kept(decision_id=decision_id, decision=decision, steps=len(steps), head=head)
    if not work.run(_BEGIN, _row(work, made)):
        raise StepTaken()
    _list(work, made)
    return made


def keep(work: Work, before: Kept, steps: tuple[Step, ...]) -> Kept:
    """Keep further steps of a decision, after those that were read.

    Raises:
        StepTaken: others have taken them meanwhile.
        TooManySteps: it has no room for them.
        WrongPhase: the decision does not have such steps where it is.
    """
    require_room(before.steps, steps)
    decision = before.decision
    for step in steps:
        decision = applied(decision, step)
    head = _chain(work, before.decision_id, steps, number=before.steps, head=before.head)
    made = Kept(
        decision_id=before.decision_id,
        decision=decision,
        steps=before.steps + len(steps),
        head=head,
    )
    row = _row(work, made)
    work.run(
        _CHANGE,
        {"of_decision": made.decision_id} | {f"to_{name}": row[name] for name in _CHANGED},
    )
    _list(work, made)
    return made


def require_room(taken: int, steps: tuple[Step, ...]) -> None:
    """Return quietly where a decision that has taken so many steps has room for more.

    Raises:
        TooManySteps
    """
    kept_free = STEPS_KEPT_FREE if all(isinstance(step, _COURSE) for step in steps) else 0
    if taken + len(steps) > STEPS_MAX + kept_free:
        raise TooManySteps(most=STEPS_MAX)


def links(work: Work, decision_id: str, *, after: int = 0, most: int) -> list[Link]:
    """Return steps of a decision as they lie in its record, those after a number."""
    rows = work.rows(_LINKS, {"of_decision": decision_id, "after": after, "most": most})
    return [
        Link(number=number, body=body, previous=previous, hash=hash_)
        for number, body, previous, hash_ in rows
    ]


def _chain(work: Work, decision_id: str, steps: tuple[Step, ...], *, number: int, head: str) -> str:
    for step in steps:
        number += 1
        body = body_of(step)
        hash_ = chained(head, decision_id, number, body)
        row = {
            "decision": decision_id,
            "number": number,
            "what": str(getattr(step, "what")),  # noqa: B009  # each kind of step declares its own
            "at": step.at,
            "body": body.decode(),
            "previous": head,
            "hash": hash_,
        }
        if not work.run(_KEEP_STEP, row):
            raise StepTaken()
        head = hash_
    return head


def _row(work: Work, made: Kept) -> dict[str, Any]:
    decision = made.decision
    version, opened, notice = decision.version, decision.opened, decision.notice
    texts = version.texts if version else {}
    # The authoritative one comes first: it is shown where there is none in the asked language.
    authoritative = version.language if version else ""
    titles = {
        language: texts[language].words.title
        for language in sorted(texts, key=lambda one: (one != authoritative, one))
    }
    times = opened or notice
    settled = decision.settled if decision.phase is Phase.DECIDED else None
    return {
        "id": made.decision_id,
        "steps": made.steps,
        "head": made.head,
        "phase": decision.phase.value,
        "template": decision.template,
        "proposer": decision.proposer,
        "titles": orjson.dumps(titles or {decision.language: decision.idea.title}).decode(),
        "opens_at": times.opens_at if times else "",
        "closes_at": times.closes_at if times else "",
        "deadline": settled.deadline if settled else "",
        "outcome": decision.closed.outcome.value if decision.closed else "",
        "next_at": next_look(decision),
        "begun_at": decision.begun_at,
        "changed_at": work.moment,
    }


def _list(work: Work, made: Kept) -> None:
    """Have the lists say what the decision says."""
    decision = made.decision
    work.run(_NO_NEEDS, {"of_decision": made.decision_id})
    awaited = [
        {"decision": made.decision_id, "who": one.who, "what": one.what, "due": one.due}
        for one in needs(decision)
    ]
    if awaited:
        work.run(_NEEDS, awaited)
    register = [
        {
            "decision": made.decision_id,
            "number": one.number,
            "state": one.state.value,
            "ground": one.ground,
            "raised_at": one.at,
            "due_at": answer_due(decision, one),
            "answered_at": one.answered_at,
            "said": orjson.dumps({name: getattr(one, name) for name in _SAID}).decode(),
        }
        for one in decision.objections
    ]
    if register:
        work.run(_OBJECTIONS, register)
