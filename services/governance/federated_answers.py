"""How a network answers when it is called to a ballot: it takes part or not, or sends it elsewhere.

Stewards answer for their network; where it has decided by itself how to, they name that decision.
"""

from dataclasses import dataclass
from typing import Final, Literal

from services.governance import decision_rows
from services.governance.counting.report import Outcome
from services.governance.federated.ballot import ENDED, Ballot, state_at
from services.governance.federated.legs import LegState
from services.governance.federated.notices import Notice
from services.governance.federated_desk import UNSIGNED, FederatedDesk
from services.governance.federated_handlers import Reason, charters_of, noticed, reasoned
from services.governance.federated_refusals import (
    CharterNotAdopted,
    NoLocalDecision,
    NotInTime,
    NotOurLeg,
)
from services.governance.federated_rows import facts_of
from shared.contracts.decisions import (
    DecisionAccepted,
    DecisionDeclined,
    DecisionEscalated,
    DecisionReturned,
)
from shared.refusals import Missing
from shared.store import Work

ADOPTED: Final = (Outcome.ADOPTED, Outcome.CHOSEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Why a matter should be decided one level higher."""

    ground: Literal["members", "node", "objection"] = "node"
    supporters: int = 0
    roll_size: int = 0
    objection: str | None = None


def accept(
    work: Work, desk: FederatedDesk, ballot_id: str, *, network: str = "", decision: str = ""
) -> None:
    """Take part in a ballot under its notice, rule and charter; said twice it changes nothing.

    Args:
        network: for which leg; this network's own where it is empty.
        decision: of this network, by which it has decided so, where there is one.

    Raises:
        Missing, NoBallotYet, NotOurLeg, CharterNotAdopted, NoLocalDecision
        NotInTime: it has opened, or will not.
    """
    ballot, notice, leg = _leg(work, desk, ballot_id, network)
    signed = charters_of(work, notice.event.association).signed_by(leg, teller=desk.node)
    if notice.event.charter_hash not in signed:
        raise CharterNotAdopted()
    if work.now >= notice.opens_at or state_at(ballot, work.now) in ENDED:
        raise NotInTime()
    _require_decision(work, decision)
    if ballot.legs[leg].state not in (LegState.INVITED, LegState.DECLINED):
        return
    event = DecisionAccepted(
        node=desk.node,
        ballot_id=ballot_id,
        leg=_other(desk, leg),
        revision=_answers(work, desk, ballot_id, leg) + 1,
        notice_hash=notice.hash,
        rule_hash=notice.event.rule_hash,
        charter_hash=notice.event.charter_hash,
        signature=UNSIGNED,
    )
    desk.tell_signed(work, event)


def decline(
    work: Work,
    desk: FederatedDesk,
    ballot_id: str,
    reason: Reason,
    *,
    network: str = "",
    decision: str = "",
) -> None:
    """Take no part in a ballot.

    Raises:
        Missing, NoBallotYet, NotOurLeg, NoLocalDecision
        NotInTime: voting has opened in this network.
    """
    ballot, notice, leg = _leg(work, desk, ballot_id, network)
    if ballot.legs[leg].opened or state_at(ballot, work.now) in ENDED:
        raise NotInTime()
    _require_decision(work, decision)
    event = DecisionDeclined(
        node=desk.node,
        ballot_id=ballot_id,
        leg=_other(desk, leg),
        revision=_answers(work, desk, ballot_id, leg) + 1,
        reason=reason.code,
        reason_hash=reasoned(work, desk, notice, reason),
    )
    desk.tell(work, event)


def send_back(
    work: Work, desk: FederatedDesk, ballot_id: str, reason: Reason, *, network: str = ""
) -> None:
    """Say that the matter belongs to a lower level.

    Raises:
        Missing, NoBallotYet, NotOurLeg, NotInTime
    """
    _, notice, leg = _before_opening(work, desk, ballot_id, network)
    event = DecisionReturned(
        node=desk.node,
        ballot_id=ballot_id,
        leg=_other(desk, leg),
        reason=reason.code,
        reason_hash=reasoned(work, desk, notice, reason),
    )
    desk.tell(work, event)


def send_up(
    work: Work,
    desk: FederatedDesk,
    ballot_id: str,
    reason: Reason,
    escalation: Escalation,
    *,
    network: str = "",
    decision: str = "",
) -> None:
    """Ask that the matter be decided one level higher.

    Raises:
        Missing, NoBallotYet, NotOurLeg, NotInTime, NoLocalDecision
    """
    _, notice, leg = _before_opening(work, desk, ballot_id, network)
    _require_decision(work, decision)
    event = DecisionEscalated(
        node=desk.node,
        ballot_id=ballot_id,
        leg=_other(desk, leg),
        reason=reason.code,
        reason_hash=reasoned(work, desk, notice, reason),
        ground=escalation.ground,
        supporters=escalation.supporters,
        roll_size=escalation.roll_size,
        objection=escalation.objection,
    )
    desk.tell(work, event)


def _leg(
    work: Work, desk: FederatedDesk, ballot_id: str, network: str
) -> tuple[Ballot, Notice, str]:
    ballot, notice = noticed(work, ballot_id)
    leg = network or desk.node
    if leg not in notice.legs or notice.speaker(leg) != desk.node:
        raise NotOurLeg()
    return ballot, notice, leg


def _before_opening(
    work: Work, desk: FederatedDesk, ballot_id: str, network: str
) -> tuple[Ballot, Notice, str]:
    ballot, notice, leg = _leg(work, desk, ballot_id, network)
    if work.now >= notice.opens_at or state_at(ballot, work.now) in ENDED:
        raise NotInTime()
    return ballot, notice, leg


def _answers(work: Work, desk: FederatedDesk, ballot_id: str, leg: str) -> int:
    """Return the highest revision of this network's answers for a leg."""
    said = (
        one.event.revision
        for one in facts_of(work, ballot_id)
        if isinstance(one.event, DecisionAccepted | DecisionDeclined)
        and (one.teller, one.event.network) == (desk.node, leg)
    )
    return max(said, default=0)


def _require_decision(work: Work, decision: str) -> None:
    if not decision:
        return
    try:
        found = decision_rows.kept(work, decision).decision
    except Missing as error:
        raise NoLocalDecision() from error
    if found.closed is None or found.closed.outcome not in ADOPTED:
        raise NoLocalDecision()


def _other(desk: FederatedDesk, leg: str) -> str | None:
    return None if leg == desk.node else leg
