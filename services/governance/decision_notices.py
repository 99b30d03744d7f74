"""Whom a step of a decision concerns, and what they ought to be told."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.governance import roll_handlers
from services.governance.decision_rows import kept
from services.governance.process import steps_after as after
from services.governance.process import steps_ballot as ballot
from services.governance.process import steps_objection as objection
from services.governance.process import steps_proposal as proposal
from services.governance.process.actors import FACILITATOR
from services.governance.process.facts import Step
from services.governance.process.needs import proposers
from services.governance.process.objecting import answer_due
from services.governance.process.state import Decision, Objection
from services.governance.tables.decisions import TELLING
from shared.contracts.notices import GovernanceNotice
from shared.store import Prepared, Work

What = Literal["noticed", "opened", "closed", "asked", "answered", "owed"]
Told = tuple[str, What, str]
"""Who is told, what, and until when something is to be done; empty where nothing is."""

TOLD_TOGETHER: Final = 500
"""How many are told in one unit."""

_TELLABLE: Final = re.compile(r"[pe]:[a-z0-9:-]{1,100}")
_ASK: Final = Prepared(
    insert(TELLING).on_conflict_do_nothing(), columns=[column.name for column in TELLING.c]
)
_WAITING: Final = Prepared(
    select(TELLING.c.decision, TELLING.c.what, TELLING.c.due, TELLING.c.after)
    .order_by(TELLING.c.decision, TELLING.c.what)
    .limit(1)
    .with_for_update()
)
_of_telling: Final = (
    TELLING.c.decision == bindparam("of_decision"),
    TELLING.c.what == bindparam("of_what"),
)
_FURTHER: Final = Prepared(update(TELLING).where(*_of_telling).values(after=bindparam("new_after")))
_TOLD: Final = Prepared(delete(TELLING).where(*_of_telling))


def notify(work: Work, decision_id: str, decision: Decision, steps: Iterable[Step]) -> None:
    """Announce whom new steps concern; what concerns all voters is told by the keeper, in turn.

    Args:
        decision: as the steps have left it.
    """
    told: dict[Told, None] = {}
    for step in steps:
        told |= dict.fromkeys(_told(decision, step))
        for what, due in _told_all(step):
            row = {"decision": decision_id, "what": what, "due": due, "after": ""}
            work.run(_ASK, row)
    for who, what, due in told:
        _tell(work, decision_id, who, what, due)


def tell_some(work: Work) -> bool:
    """Tell some voters of one decision what they are still to be told; return whether there were.

    Each of them is told once: up to where they have been is kept in the same unit.
    """
    waiting = work.rows(_WAITING, {})
    if not waiting:
        return False
    decision_id, what, due, place = waiting[0]
    voters = (
        _expected(work, decision_id, place)
        if what == "noticed"
        else [
            (str(one.place), one.voter)
            for one in roll_handlers.entries(
                work, decision_id, after=int(place or -1), most=TOLD_TOGETHER
            )
        ]
    )
    for _, voter in voters:
        _tell(work, decision_id, voter, what, due)
    of_telling = {"of_decision": decision_id, "of_what": what}
    if len(voters) < TOLD_TOGETHER:
        work.run(_TOLD, of_telling)
    else:
        work.run(_FURTHER, of_telling | {"new_after": voters[-1][0]})
    return True


def _expected(work: Work, decision_id: str, place: str) -> list[tuple[str, str]]:
    """Return who would vote if the ballot opened now, those after a place."""
    decision = kept(work, decision_id).decision
    if decision.notice is None:
        return []
    expected = roll_handlers.standing_voters(
        work,
        decision.notice.rule.electorate,
        at=work.now,
        without={decision.subject} if decision.subject else (),
    )
    names = [one.voter for one in expected if one.voter > place]
    return [(name, name) for name in names[:TOLD_TOGETHER]]


def _tell(work: Work, decision_id: str, who: str, what: What, due: str) -> None:
    # An id of another form is nobody's to whom something could be brought.
    if _TELLABLE.fullmatch(who):
        work.announce(GovernanceNotice(matter=decision_id, to=who, what=what, due=due or None))


def _told_all(step: Step) -> Iterator[tuple[What, str]]:
    match step:
        case ballot.NoticeGiven():
            yield "noticed", step.opens_at
        case ballot.BallotOpened():
            yield "opened", step.closes_at
        case ballot.BallotClosed():
            yield "closed", ""


def _told(decision: Decision, step: Step) -> Iterator[Told]:
    """Yield who is told of one step; nobody is told of what they have done themselves."""
    for who, what, due in _concerned(decision, step):
        if who and who != f"p:{step.by}":
            yield who, what, due


def _concerned(decision: Decision, step: Step) -> Iterator[Told]:
    match step:
        case proposal.QuestionAsked() | proposal.AmendmentProposed():
            yield from ((who, "asked", "") for who in proposers(decision))
        case proposal.QuestionAnswered():
            yield f"p:{decision.questions[step.number - 1].by}", "answered", ""
        case proposal.AmendmentAccepted() | proposal.AmendmentRejected():
            yield f"p:{decision.amendments[step.number - 1].by}", "answered", ""
        case proposal.OptionPut() if step.person:
            yield voter(step.person), "asked", ""
        case objection.ObjectionRaised() | objection.ObjectionAppealed():
            due = answer_due(decision, decision.objections[step.number - 1])
            yield from ((who, "asked", due) for who in _facilitators(decision))
            yield from ((who, "asked", due) for who in proposers(decision))
        case (
            objection.ObjectionJudged()
            | objection.ObjectionJudgedAgain()
            | objection.ObjectionIntegrated()
            | objection.ObjectionStood()
        ):
            yield f"p:{decision.objections[step.number - 1].by}", "answered", ""
        case proposal.VersionWritten():
            # An objection stands against a version: whoever held one says so again, or not.
            yield from ((f"p:{one.by}", "asked", "") for one in _outlived(decision))
        case ballot.OutcomeSettled() if step.owner:
            yield voter(step.owner), "owed", step.deadline or ""
        case after.FollowUpLate():
            assert decision.settled is not None
            yield voter(decision.settled.owner), "owed", decision.settled.deadline
        case ballot.AppealJudged() if decision.appeals[step.number - 1].order:
            yield f"p:{decision.appeals[step.number - 1].by}", "answered", ""


def voter(owner: str) -> str:
    """Return a person or an entity as notices name them; ids of entities have a colon."""
    return f"{'e' if ':' in owner else 'p'}:{owner}"


def _facilitators(decision: Decision) -> list[str]:
    return sorted(f"p:{one}" for one in decision.roles.get(FACILITATOR, ()))


def _outlived(decision: Decision) -> list[Objection]:
    before = len(decision.versions) - 1
    return [one for one in decision.objections if before and one.stands_against == before]
