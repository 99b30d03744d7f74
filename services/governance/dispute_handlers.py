"""What a network does about an outcome in doubt: it challenges, and rules where it was drawn.

Each act has a reason in words, which is told for everybody to read; the act names it by its hash.
What the acts come to, the fold of all facts says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from services.governance.dispute_refusals import (
    DisputesChanged,
    NotDrawn,
    NothingToChallenge,
    OrderUnfit,
)
from services.governance.federated.acts import Does, due
from services.governance.federated.ballot import ENDED, Ballot, state_at
from services.governance.federated.legs import LegState
from services.governance.federated.notices import Notice
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_handlers import noticed
from services.governance.federated_refusals import NotInTime, NotOurLeg
from services.governance.federated_rows import facts_of
from shared.clock import BadTime, moment
from shared.contracts.disputes import DecisionChallenged, DecisionRuled, Order
from shared.store import Work

ChallengeGround = Literal["roll", "ballots", "count", "outage", "notice", "coercion", "appeal"]
ABOUT_A_LEG: Final = frozenset({"roll", "ballots", "outage"})
"""Grounds that are about the part of one network, which has to be named."""
_BEFORE_CLOSE: Final = frozenset({"notice", "roll", "coercion"})
"""Grounds that are there before anything is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Why an outcome is in doubt.

    Args:
        accused: the network whose part it is about; empty where it is about all.
        text: the reason, for everybody to read; it names nobody.
        evidence: the SHA-256 of a file that the panel is given; empty where there is none.
    """

    ground: ChallengeGround
    accused: str = ""
    language: str
    text: str
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """How a network of the panel rules.

    Args:
        disputes: those that it rules on, as it has read them; all that wait.
        legs: whom the order names.
        reason: in words.
    """

    disputes: Sequence[str]
    order: Order
    legs: Sequence[str] = ()
    language: str
    reason: str


def challenge(work: Work, desk: FederatedDesk, ballot_id: str, made: Challenge) -> str:
    """Challenge a ballot as this network; return the hash of the told reason.

    Raises:
        Missing, NoBallotYet
        NotOurLeg: the network is neither called nor the one that the ballot is about.
        NothingToChallenge: the ground does not go with who asks or is accused; or it was said.
        NotInTime: it was stopped, nothing is counted yet, or the charter's time for it is over.
    """
    ballot, notice = noticed(work, ballot_id)
    is_subject = desk.node == notice.event.subject
    if desk.node not in notice.legs and not is_subject:
        raise NotOurLeg()
    _require_ground(notice, made, is_subject=is_subject)
    if is_subject and any(
        isinstance(one.event, DecisionChallenged) and one.teller == desk.node
        for one in facts_of(work, ballot_id)
    ):
        raise NothingToChallenge("there is one appeal")
    if _name(desk, made) in ballot.disputes | ballot.rulings.settled:
        raise NothingToChallenge("this network has said so already")
    _require_time(ballot, notice, made, work.now)
    text = made.text
    if made.evidence:
        # One hash stands for both, so that neither is changed later.
        text = f"{text.rstrip()}\n\nSHA-256: {made.evidence}"
    told = desk.tell_text(work, notice.event.association, made.language, text)
    event = DecisionChallenged(
        node=desk.node,
        ballot_id=ballot_id,
        ground=made.ground,
        accused=made.accused or None,
        evidence_hash=told,
        challenged_at=work.moment,
    )
    desk.tell(work, event)
    return told


def rule_on(work: Work, desk: FederatedDesk, ballot_id: str, word: Word) -> str:
    """Rule on what is in doubt, as a network that was drawn; return the hash of the told reason.

    Raises:
        Missing, NoBallotYet
        NotDrawn: the network is not of the panel, or has ruled on these disputes.
        DisputesChanged: other ones wait by now.
        OrderUnfit: the order does not go with the legs that it names.
    """
    ballot, notice = noticed(work, ballot_id)
    those = tuple(sorted(set(word.disputes)))
    asked = [act for act in due(ballot, desk.node, work.now) if act.does is Does.RULE]
    if not asked:
        raise NotDrawn()
    waiting: tuple[str, ...] = asked[0].details["disputes"]
    if those != waiting:
        raise DisputesChanged(disputes=list(waiting))
    legs = tuple(sorted(set(word.legs)))
    _require_order(ballot, word.order, legs)
    told = desk.tell_text(work, notice.event.association, word.language, word.reason)
    event = DecisionRuled(
        node=desk.node,
        ballot_id=ballot_id,
        disputes=those,
        order=word.order,
        legs=legs,
        reason_hash=told,
        ruled_at=work.moment,
    )
    desk.tell(work, event)
    return told


def challenged_until(ballot: Ballot) -> datetime | None:
    """Return until when a certified outcome can be challenged; None while none is certified.

    The time runs from the last of the certificates that carry the outcome, and no earlier than
    from the end of the grace, so that who was cut off still has all of it.
    """
    notice, certified = ballot.notice, ballot.certified
    if notice is None or certified is None:
        return None
    said = [notice.grace_ends]
    for one in ballot.certificates:
        if one.network in certified.by and one.rulings == ballot.round:
            said.append(_capped(one.event.certified_at, notice))
    return max(said) + timedelta(seconds=notice.charter.parameters.challenge_s)


def _capped(stamped: str, notice: Notice) -> datetime:
    """Return when a certificate says that it was made; a clock far ahead does not hold it open."""
    longest = notice.grace_ends + timedelta(seconds=notice.charter.parameters.challenge_s)
    try:
        return min(moment(stamped), longest)
    except BadTime:
        return notice.grace_ends


def _require_ground(notice: Notice, made: Challenge, *, is_subject: bool) -> None:
    wrong = (
        (is_subject != (made.ground == "appeal"), "an appeal is for the network it is about"),
        (bool(made.accused) and made.accused not in notice.legs, "the accused is not called"),
        (
            made.ground in ABOUT_A_LEG and not made.accused,
            "this ground is about the part of a network, which is named",
        ),
    )
    for broken, why in wrong:
        if broken:
            raise NothingToChallenge(why)


def _require_time(ballot: Ballot, notice: Notice, made: Challenge, now: datetime) -> None:
    if state_at(ballot, now) in ENDED:
        raise NotInTime()
    if now < notice.closes_at and made.ground not in _BEFORE_CLOSE:
        raise NotInTime("nothing is counted yet")
    until = challenged_until(ballot)
    if until is not None and now >= until:
        raise NotInTime("the charter's time for challenges is over")


def _require_order(ballot: Ballot, order: Order, legs: tuple[str, ...]) -> None:
    if not set(legs) <= set(ballot.legs):
        raise OrderUnfit("it names a network that is not called")
    if order in ("annul", "dismiss") and legs:
        raise OrderUnfit("it is about the whole ballot")
    if order == "exclude-leg" and not legs:
        raise OrderUnfit("it says whose part is left out")
    not_there = [one for one in legs if ballot.legs[one].seal is None]
    if order == "recount" and not_there:
        raise OrderUnfit("a part counts only where its seal is here", networks=not_there)
    if order == "exclude-leg" and set(legs) == set(ballot.legs):
        raise OrderUnfit("without all parts nothing is left; annul it")


def _name(desk: FederatedDesk, made: Challenge) -> str:
    return f"challenge:{desk.node}:{made.ground}:{made.accused}"


def late_legs(ballot: Ballot) -> list[str]:
    """Return the networks whose seals came too late, which a recount can admit."""
    return sorted(name for name, leg in ballot.legs.items() if leg.state is LegState.LATE)


def reasons(work: Work, ballot_id: str) -> list[dict[str, Any]]:
    """Return what was told as a reason, by whom and of what, in the order of who told it."""
    found: list[dict[str, Any]] = []
    for one in facts_of(work, ballot_id):
        event = one.event
        if isinstance(event, DecisionChallenged):
            about = {"what": "challenge", "order": "", "hash": event.evidence_hash}
            about |= {"ground": event.ground, "at": event.challenged_at}
        elif isinstance(event, DecisionRuled):
            about = {"what": "ruling", "order": event.order, "hash": event.reason_hash}
            about |= {"ground": "", "at": event.ruled_at}
        else:
            continue
        found.append({"network": one.teller, **about})
    return sorted(found, key=lambda one: (one["at"], one["network"], one["hash"]))
