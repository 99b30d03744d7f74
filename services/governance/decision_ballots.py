"""The ballot of a decision: its roll is frozen and it opens, it closes and is counted, once more.

This is where decisions meet rolls and ballots; a decision has one ballot, under its own id.
"""

from collections.abc import Callable
from datetime import datetime

from services.governance.ballot_handlers import close_ballot, open_ballot
from services.governance.ballots import Opening, the_ballot
from services.governance.closing import classes_of, poll_of
from services.governance.decision_handlers import act
from services.governance.decision_rows import Kept
from services.governance.process import appealing, calling
from services.governance.process.actors import CLOCK, Actor
from services.governance.process.calling import Count
from services.governance.process.facts import Step
from services.governance.process.refusals import SubjectVotes
from services.governance.process.state import Decision
from services.governance.receipts import urn
from services.governance.roll_handlers import entry, freeze_roll
from services.governance.tally import counted
from shared.clock import moment
from shared.store import Work


def open_decision(
    work: Work,
    decision_id: str,
    *,
    now: datetime,
    early: bool = False,
    actor: Actor = CLOCK,
    expected: int | None = None,
) -> Decision:
    """Freeze the roll of a decision and open its ballot.

    Args:
        now: the moment of which the roll is made.
        early: before its time, as a chair does in an assembly.

    Raises:
        Missing, WrongPhase, NotYet, ObjectionUnanswered, TextLacking
        EmptyRoll: nobody could vote.
    """

    def decide(decision: Decision) -> tuple[Step, ...]:
        calling.require_opening(decision, now=now, early=early)
        notice = decision.notice
        assert notice is not None, "what is noticed has a notice"
        subject = decision.subject
        roll = freeze_roll(
            work,
            ballot_id=decision_id,
            electorate=notice.rule.electorate,
            at=now,
            without=(subject,) if subject else (),
        )
        if subject and entry(work, decision_id, subject) is not None:
            raise SubjectVotes()
        opens_at, closes_at = calling.opening_times(decision, now=now, early=early)
        open_ballot(
            work,
            Opening(
                ballot_id=decision_id,
                rule=notice.rule,
                options=notice.options,
                opens_at=moment(opens_at),
                closes_at=moment(closes_at),
                roll=roll,
                texts=notice.text_hashes,
            ),
        )
        return calling.opened(
            decision, roll_root=roll.root, roll_size=roll.size, now=now, early=early, actor=actor
        )

    return act(work, decision_id, decide, expected=expected).decision


def close_decision(
    work: Work,
    decision_id: str,
    *,
    now: datetime,
    early: bool = False,
    call: int | None = None,
    actor: Actor = CLOCK,
    expected: int | None = None,
) -> Decision:
    """Close the ballot of a decision and keep what came of it.

    Args:
        early: before its time, as a chair does in an assembly.
        call: 2 where an assembly came together for the second time; else the decision's own.

    Raises:
        Missing, WrongPhase, NotYet
    """

    def decide(decision: Decision) -> tuple[Step, ...]:
        calling.require_closing(decision, now=now, early=early)
        found = close_ballot(
            work,
            decision_id,
            at=now,
            call=call or decision.call,
            standing_objections=len(decision.standing),
            early=early,
        )
        count = Count(
            outcome=found.report.outcome,
            winners=found.report.winners,
            cast=found.cast,
            blank=found.blank,
            invalid=found.invalid,
            root=found.root,
            report_hash=found.report.hash,
        )
        return calling.closed(decision, count, now=now, early=early, call=call, actor=actor)

    return act(work, decision_id, decide, expected=expected).decision


def recount_decision(
    work: Work,
    decision_id: str,
    actor: Actor,
    *,
    appeal: int,
    now: datetime,
    matches: Callable[[Kept], None] = lambda kept: None,
) -> Decision:
    """Count the ballots of a decision again from the urn, as an appeal has ordered.

    Raises:
        Missing, WrongPhase, NoSuchPart, AppealElsewhere
    """

    def decide(decision: Decision) -> tuple[Step, ...]:
        ballot = the_ballot(work, decision_id)
        found = ballot.require_closed()
        poll = poll_of(
            ballot,
            root=found.root,
            call=found.call,
            standing_objections=found.standing_objections,
        )
        report = counted(poll, classes_of(urn(work, decision_id)))
        return appealing.recounted(
            decision,
            actor,
            number=appeal,
            outcome=report.outcome,
            winners=report.winners,
            report_hash=report.hash,
            now=now,
        )

    return act(work, decision_id, decide, matches=matches).decision
