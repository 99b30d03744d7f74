"""What a network does next: a pure function of a ballot, of who asks, and of the time.

Nothing here waits for another node once a ballot was accepted: voting opens and closes by the
notice and the network's own clock. What needs people (to answer, to rule, to look entries up) is
named as well; the rest the machine does by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from services.governance.federated import draws
from services.governance.federated.ballot import ENDED, Ballot, is_complete, state_at
from services.governance.federated.certificates import Computed, Verdict
from services.governance.federated.disputes import (
    BY_OUTCOMES,
    growth_auditors,
    is_grown,
    outcome_auditors,
    panel_for,
)
from services.governance.federated.legs import Leg, LegState
from services.governance.federated.notices import Notice


class Does(StrEnum):
    """What is to be done."""

    ANSWER = "answer"
    """People: accept, decline or return."""
    SEAL_ROLL = "seal-roll"
    OPEN = "open"
    COMMIT = "commit"
    """Close, count, and be bound to the seal."""
    REVEAL = "reveal"
    CERTIFY = "certify"
    RULE = "rule"
    """People: this network was drawn for the panel."""
    AUDIT = "audit"
    """People: this network was drawn to look up entries of another one's roll."""


BY_PEOPLE: Final = frozenset({Does.ANSWER, Does.RULE, Does.AUDIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing to be done.

    Args:
        network: whose leg it is: who asks, or a network for which it speaks.
        details: what the doer needs: the outcome to certify, the disputes to rule on, the roll to
            look at.
    """

    does: Does
    network: str
    details: Mapping[str, Any] = field(default_factory=dict)


def due(ballot: Ballot, me: str, now: datetime) -> tuple[Act, ...]:
    """Return what a network has to do now, in the order in which it is best done.

    Args:
        now: by the network's own clock.
    """
    notice = ballot.notice
    if notice is None or state_at(ballot, now) in ENDED:
        return ()
    acts = [
        act
        for network in sorted(ballot.legs)
        if notice.speaker(network) == me
        for act in _of_leg(ballot, notice, ballot.legs[network], now)
    ]
    if me in ballot.legs and me == notice.speaker(me):
        acts += _audits(ballot, notice, me)
        if is_due_to_certify(ballot, me, now):
            acts.append(Act(does=Does.CERTIFY, network=me, details=certificate_fields(ballot)))
        acts += _rulings(ballot, notice, me)
    return tuple(acts)


def _of_leg(ballot: Ballot, notice: Notice, leg: Leg, now: datetime) -> list[Act]:
    """Return what is due for one leg: each step once, in its time."""
    network = leg.network
    if leg.state is LegState.INVITED:
        return [Act(does=Does.ANSWER, network=network)] if now < notice.opens_at else []
    if leg.state in (LegState.DECLINED, LegState.EXCLUDED):
        return []
    if leg.roll is None:
        return [Act(does=Does.SEAL_ROLL, network=network)] if now < notice.opens_at else []
    if not leg.opened:
        is_open = notice.opens_at <= now < notice.closes_at
        return [Act(does=Does.OPEN, network=network)] if is_open else []
    if leg.commitment is None:
        return [Act(does=Does.COMMIT, network=network)] if now >= notice.closes_at else []
    if not leg.revealed and not leg.equivocates and may_reveal(ballot, now):
        return [Act(does=Does.REVEAL, network=network, details={"heard": heard(ballot, network)})]
    return []


def may_reveal(ballot: Ballot, now: datetime) -> bool:
    """Tell whether seals are shown: all are bound who take part, or their time to be so is over."""
    notice = ballot.notice
    assert notice is not None
    if now < notice.closes_at:
        return False
    if now >= notice.reveals_at:
        return True
    taking_part = [
        leg
        for leg in ballot.legs.values()
        if leg.state not in (LegState.INVITED, LegState.DECLINED, LegState.EXCLUDED)
    ]
    return all(leg.commitment is not None for leg in taking_part)


def heard(ballot: Ballot, network: str) -> dict[str, str]:
    """Return the commitments of others that a network knows when it shows its seal."""
    return {
        leg.network: leg.commitment
        for leg in ballot.legs.values()
        if leg.commitment is not None and leg.network != network
    }


def is_due_to_certify(ballot: Ballot, me: str, now: datetime) -> bool:
    """Tell whether a network computes the outcome now.

    It waits for the end of the grace, unless no seal that may still come could change what is
    decided; and for rulings, unless the dispute is about outcomes, where its own is evidence.
    """
    notice = ballot.notice
    assert notice is not None
    leg = ballot.legs[me]
    if leg.state in (LegState.INVITED, LegState.DECLINED, LegState.EXCLUDED):
        return False
    if ballot.rulings.annulled or now < notice.closes_at:
        return False
    own = [one for one in ballot.certificates if one.network == me and one.rulings == ballot.round]
    if any(one.verdict in (Verdict.SOUND, Verdict.FALSE) for one in own):
        return False
    if any(not one.startswith(BY_OUTCOMES) for one in ballot.disputes):
        return False
    return now >= notice.grace_ends or is_complete(ballot)


def certificate_fields(ballot: Ballot) -> dict[str, Any]:
    """Return what a certificate says, but for who, when and the signature."""
    basis = ballot.basis()
    found: Computed = ballot.provisional()
    return {
        "rulings": ballot.rulings.in_force,
        "legs": tuple(part.as_data() for part in basis.parts),
        "standing": basis.standing,
        "outcome": found.outcome.outcome.value,
        "winners": found.outcome.winners,
        "outcome_hash": found.hash,
    }


def _rulings(ballot: Ballot, notice: Notice, me: str) -> list[Act]:
    """Return that a network was drawn to rule on what is in doubt now."""
    disputes = tuple(sorted(ballot.disputes))
    if not disputes or (me, disputes) in ballot.ruled_by:
        return []
    if me not in panel_for(disputes, notice):
        return []
    return [Act(does=Does.RULE, network=me, details={"disputes": disputes})]


def entries_to_look_up(audit: Act) -> list[int]:
    """Return the places of the entries of a roll that an act of audit is about."""
    details = audit.details
    return draws.drawn_entries(
        details["seed"],
        details["audited"],
        roll_size=details["roll_size"],
        number=details["number"],
    )


def _audits(ballot: Ballot, notice: Notice, me: str) -> list[Act]:
    """Return the rolls that a network was drawn to look at."""
    number = notice.charter.parameters.audit_entries
    found: list[Act] = []
    certified = ballot.certified
    for network, leg in sorted(ballot.legs.items()):
        if leg.roll is None or (me, network) in ballot.audited_by:
            continue
        if is_grown(leg) and me in growth_auditors(notice, network, leg.roll.root):
            seed, outcome_hash = draws.seed_of(draws.AUDIT_TAG, notice.hash, leg.roll.root), None
        elif certified and network in certified.seals:
            seals = certified.seals.values()
            if me not in outcome_auditors(notice, network, seals):
                continue
            seed, outcome_hash = draws.audit_seed(seals), certified.computed.hash
        else:
            continue
        found.append(
            Act(
                does=Does.AUDIT,
                network=me,
                details={
                    "audited": network,
                    "roll_root": leg.roll.root,
                    "outcome_hash": outcome_hash,
                    "seed": seed,
                    "roll_size": leg.roll.size,
                    "number": number,
                },
            )
        )
    return found
