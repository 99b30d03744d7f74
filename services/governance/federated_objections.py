"""Objections of networks against proposals between them, and what becomes of them."""

from dataclasses import dataclass
from typing import Literal

from services.governance.federated.ballot import ENDED, state_at
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_handlers import Reason, noticed
from services.governance.federated_refusals import NoticeUnfit, NotInTime, NotOurLeg, NotOurs
from services.governance.federated_rows import facts_of
from shared.contracts.decisions import DecisionSponsored
from shared.contracts.disputes import DecisionAnswered, DecisionObjected
from shared.ids import global_id, new_uuid7
from shared.refusals import Missing
from shared.store import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Objecting:
    """An objection of this network.

    Args:
        ground: of the charter's list.
        harm, change: what harm is feared and what change is proposed, in words.
    """

    ground: str
    language: str
    harm: str
    change: str = ""


def object_to(work: Work, desk: FederatedDesk, ballot_id: str, objecting: Objecting) -> str:
    """Object to a proposal as this network, for itself or for a member; return the objection's id.

    Raises:
        Missing, NoBallotYet, NotOurLeg, NotInTime
        NoticeUnfit: the charter knows no such ground.
    """
    ballot, notice = noticed(work, ballot_id)
    if desk.node not in notice.legs:
        raise NotOurLeg()
    if work.now >= notice.closes_at or state_at(ballot, work.now) in ENDED:
        raise NotInTime()
    if objecting.ground not in notice.charter.objections:
        raise NoticeUnfit("the charter has other grounds", grounds=list(notice.charter.objections))
    association = notice.event.association
    objection = global_id(desk.node, new_uuid7())
    change = objecting.change
    event = DecisionObjected(
        node=desk.node,
        ballot_id=ballot_id,
        objection=objection,
        revision=1,
        state="raised",
        ground=objecting.ground,
        harm_hash=desk.tell_text(work, association, objecting.language, objecting.harm),
        change_hash=desk.tell_text(work, association, objecting.language, change)
        if change
        else None,
    )
    desk.tell(work, event)
    return objection


def go_on_with_objection(
    work: Work,
    desk: FederatedDesk,
    ballot_id: str,
    objection: str,
    *,
    state: Literal["appealed", "withdrawn"],
) -> None:
    """Appeal against the answer to an objection of this network, or withdraw it.

    Raises:
        Missing: no such ballot or objection.
        NoBallotYet, NotOurs, NotInTime
    """
    ballot, _ = noticed(work, ballot_id)
    if objection not in ballot.objections:
        raise Missing()
    if ballot.objections[objection].network != desk.node:
        raise NotOurs()
    if ballot.certified is not None:
        raise NotInTime()
    said = [
        one.event
        for one in facts_of(work, ballot_id)
        if isinstance(one.event, DecisionObjected) and one.event.objection == objection
    ]
    last = max(said, key=lambda one: one.revision)
    desk.tell(work, last.model_copy(update={"revision": last.revision + 1, "state": state}))


def answer_objection(
    work: Work,
    desk: FederatedDesk,
    ballot_id: str,
    objection: str,
    *,
    state: Literal["validated", "not-validated", "integrated", "stands"],
    reason: Reason,
) -> None:
    """Answer an objection, as who has called the ballot, or after an appeal as another sponsor.

    Raises:
        Missing: no such ballot or objection.
        NoBallotYet, NotInTime
        NotOurs: it is this network's own objection, or the network stands for no such notice.
    """
    ballot, notice = noticed(work, ballot_id)
    found = ballot.objections.get(objection)
    if found is None:
        raise Missing()
    facts = facts_of(work, ballot_id)
    stands = any(
        isinstance(one.event, DecisionSponsored)
        and (one.teller, one.event.notice_hash) == (desk.node, notice.hash)
        for one in facts
    )
    if found.network == desk.node or not (stands or notice.convener == desk.node):
        raise NotOurs()
    if ballot.certified is not None:
        raise NotInTime()
    before = [
        one.event.revision
        for one in facts
        if isinstance(one.event, DecisionAnswered)
        and (one.teller, one.event.objection) == (desk.node, objection)
    ]
    event = DecisionAnswered(
        node=desk.node,
        ballot_id=ballot_id,
        objection=objection,
        revision=max(before, default=0) + 1,
        state=state,
        reason_hash=desk.tell_text(
            work, notice.event.association, reason.language, reason.text or reason.code
        ),
    )
    desk.tell(work, event)
