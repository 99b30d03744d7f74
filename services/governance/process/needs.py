"""What a decision waits for, and from whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.governance.process.actors import FACILITATOR, PANEL, PROPOSER
from services.governance.process.appealing import appeals_until
from services.governance.process.concluding import PASSED
from services.governance.process.objecting import answer_due
from services.governance.process.phases import ALLOWED, Phase
from services.governance.process.state import AmendmentState, Decision, ObjectionState
from services.governance.process.steps_proposal import QuestionAnswered
from services.governance.process.wording import unconfirmed
from shared.clock import stamp

KEEPERS: Final = "keepers"
"""Stewards, and those who facilitate the decision."""
JUDGES: Final = "judges"
MEMBERS: Final = "members"
VOTERS: Final = "voters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that is awaited.

    Args:
        who: ``p:<person>``, ``e:<entity>``, or one of the groups above.
        what: a word for it.
        due: until when, or nothing.
    """

    who: str
    what: str
    due: str = ""


def needs(decision: Decision) -> tuple[Need, ...]:
    """Return what a decision waits for."""
    found: Iterator[Need]
    match decision.phase:
        case Phase.IDEA:
            found = _of_idea(decision)
        case Phase.PROPOSAL:
            found = _of_proposal(decision)
        case Phase.NOTICED:
            found = _of_objections(decision)
        case Phase.VOTING:
            assert decision.opened is not None
            found = iter([Need(who=VOTERS, what="vote", due=decision.opened.closes_at)])
        case Phase.CLOSED:
            found = _of_count(decision)
        case Phase.DECIDED:
            found = _of_follow_up(decision)
        case Phase.APPEALED:
            found = _of_appeals(decision)
        case Phase.ANNULLED:
            found = iter([] if decision.successor else [Need(who=KEEPERS, what="call-again")])
        case _:
            return ()
    groups = {KEEPERS: FACILITATOR, JUDGES: PANEL}
    every: dict[Need, None] = {}
    for need in (*found, *_of_questions(decision)):
        every[need] = None
        for person in sorted(decision.roles.get(groups.get(need.who, ""), ())):
            every[Need(who=f"p:{person}", what=need.what, due=need.due)] = None
    return tuple(every)


def proposers(decision: Decision) -> list[str]:
    """Return those whose proposal it is, as they are told of things."""
    persons = {decision.proposer, *decision.roles.get(PROPOSER, ())}
    return sorted(f"p:{one}" for one in persons)


def next_look(decision: Decision) -> str:
    """Return when the time changes something about a decision by itself; empty where it does not.

    A ballot opens and closes, what was not adopted is settled when nobody can appeal any more, and
    what was adopted comes to be late.
    """
    if decision.phase is Phase.NOTICED and decision.notice is not None:
        return decision.notice.opens_at
    if decision.phase is Phase.VOTING and decision.opened is not None:
        return decision.opened.closes_at
    if decision.phase is Phase.CLOSED and decision.closed is not None:
        until = appeals_until(decision)
        return stamp(until) if until and decision.closed.outcome not in PASSED else ""
    if decision.phase is Phase.DECIDED and decision.settled is not None:
        return "" if decision.settled.late else decision.settled.deadline
    return ""


def _of_idea(decision: Decision) -> Iterator[Need]:
    if len(decision.supporters) < decision.support_min:
        yield Need(who=MEMBERS, what="support")
    else:
        yield from (Need(who=one, what="write") for one in proposers(decision))


def _of_proposal(decision: Decision) -> Iterator[Need]:
    if any(one.state is AmendmentState.OPEN for one in decision.amendments):
        yield from (Need(who=one, what="amendment") for one in proposers(decision))
    for choice in decision.choices.values():
        if choice.sort == "candidate" and choice.accepted is None:
            yield Need(who=f"p:{choice.person}", what="candidacy")
    open_ = list(_of_objections(decision))
    yield from open_
    unread = unconfirmed(decision)
    if unread:
        yield Need(who=MEMBERS, what="confirm")
    if not unread and not open_:
        yield Need(who=KEEPERS, what="notice")


def _of_objections(decision: Decision) -> Iterator[Need]:
    for one in decision.unanswered:
        due = answer_due(decision, one)
        if one.state is ObjectionState.VALIDATED:
            yield from (Need(who=who, what="objection", due=due) for who in proposers(decision))
        else:
            yield Need(who=KEEPERS, what="judge", due=due)


def _of_questions(decision: Decision) -> Iterator[Need]:
    # A question that nobody has answered before the close is not awaited any more.
    takes = decision.phase in ALLOWED[QuestionAnswered]
    if takes and any(not one.answer for one in decision.questions):
        yield from (Need(who=who, what="question") for who in proposers(decision))


def _of_count(decision: Decision) -> Iterator[Need]:
    assert decision.closed is not None
    if decision.closed.outcome in PASSED:
        yield Need(who=KEEPERS, what="settle")


def _of_follow_up(decision: Decision) -> Iterator[Need]:
    assert decision.settled is not None
    if decision.settled.owner:
        kind = "e" if ":" in decision.settled.owner else "p"
        who = f"{kind}:{decision.settled.owner}"
        yield Need(who=who, what="follow-up", due=decision.settled.deadline)


def _of_appeals(decision: Decision) -> Iterator[Need]:
    for one in decision.appeals:
        if not one.order:
            yield Need(who=JUDGES, what="appeal")
        elif not one.done:
            yield Need(who=KEEPERS, what="recount")
