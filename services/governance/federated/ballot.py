"""A ballot between networks: the fold of all that was told of it, and where it stands at a time.

The fold has no clock and no order: two nodes with the same facts have the same ballot. Where it
stands before anything is certified depends on the reader's own clock as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.governance.federated.ballot_states import (
    BALLOT_ARROWS,
    ENDED,
    Ballot,
    BallotState,
)
from services.governance.federated.certificates import (
    Certificate,
    Certified,
    Computed,
    Verdict,
    agreed,
    is_settled,
    judged,
    rulings_name,
)
from services.governance.federated.competence import above, escalates, returned
from services.governance.federated.disputes import (
    FALSE_CERTIFICATE,
    Audits,
    Rulings,
    accused,
    audits,
    certificates_told,
    challenges,
    disputes_of_legs,
    disputes_of_outcomes,
    rulings_of,
    sound_rolls,
)
from services.governance.federated.facts import Fact, Keys, Told, admitted
from services.governance.federated.legs import Leg, LegState, classes_of, legs_of
from services.governance.federated.notices import Notice, read_notices
from services.governance.federated.objections import Objection, objections_of
from shared.contracts.decisions import (
    DecisionEscalated,
    DecisionReplied,
    DecisionReturned,
    DecisionWithdrawn,
    LegTold,
)
from shared.contracts.disputes import DecisionAudited, DecisionRuled

__all__ = [
    "BALLOT_ARROWS",
    "ENDED",
    "Ballot",
    "BallotState",
    "folded",
    "is_complete",
    "outcome_of",
    "state_at",
]


def folded(ballot_id: str, facts: Iterable[Fact], *, keys: Keys) -> Ballot:
    """Return the ballot that facts make, whatever their order and repetition.

    Args:
        facts: of this ballot and of charters; others do no harm. Where the ballot follows another
            one, the facts of that one too.
        keys: by network the public keys that its service of decisions has had.
    """
    told = admitted(facts, keys=keys)
    notices = read_notices(told, ballot_id)
    if not notices:
        return Ballot(ballot_id=ballot_id)
    notice = notices[0]
    sound = sound_rolls(told, notice)
    legs = legs_of(told, notice, keys=keys, sound_rolls=sound)
    objections = objections_of(told, notice)
    plain = Ballot(
        ballot_id=ballot_id,
        notice=notice,
        legs=legs,
        objections=objections,
        stopped=_stopped(told, notice, legs, objections),
        replied=any(
            one.ballot_id == ballot_id and one.node == notice.event.subject
            for one in told.of(DecisionReplied)
        ),
        ruled_by=frozenset(
            (one.node, tuple(sorted(set(one.disputes))))
            for one in told.of(DecisionRuled)
            if one.ballot_id == ballot_id
        ),
        audited_by=frozenset(
            (one.node, one.audited)
            for one in told.of(DecisionAudited)
            if one.ballot_id == ballot_id
        ),
        classes=classes_of(told, notice),
    )
    return _with_outcomes(told, plain, len(notices), sound)


def _with_outcomes(told: Told, ballot: Ballot, notices: int, sound: frozenset[str]) -> Ballot:
    """Return a ballot with its certificates, disputes and rulings.

    Which legs a certificate must leave out depends on rulings, and these on disputes between
    certificates; so certificates are looked at once without, and then with what was ruled.
    """
    notice = ballot.notice
    assert notice is not None
    events = [
        one
        for one in certificates_told(told, notice)
        if ballot.legs[one.node].state not in (LegState.INVITED, LegState.DECLINED)
    ]

    def look(rulings: Rulings) -> list[Certificate]:
        found: list[Certificate] = []
        for event in events:
            excluded = rulings.excluded_by(event.rulings)
            if excluded is not None:
                found.append(
                    judged(
                        event,
                        notice,
                        ballot.legs,
                        ballot.classes,
                        ballot.objections,
                        excluded=excluded,
                    )
                )
        return found

    lasting = disputes_of_legs(ballot.legs, notices) | challenges(told, notice)
    certificates: list[Certificate] = []
    rulings, checked, disputes = Rulings(), Audits(doubles={}), lasting
    # Each turn can bring certificates that name a ruling found in the turn before.
    for _ in range(len(events) + 2):
        certificates = look(rulings)
        checked = audits(told, notice, certificates, sound)
        disputes = lasting | checked.disputes | disputes_of_outcomes(certificates)
        following = rulings_of(told, notice, disputes)
        if following == rulings:
            break
        rulings = following
    name = rulings_name(rulings.in_force)
    certified = _certified(ballot, certificates, rulings, name)
    before = None
    if certified is None and rulings.in_force:
        known = {one.rulings: len(one.event.rulings) for one in certificates}
        others = sorted(known.keys() - {name}, key=lambda other: (-known[other], other))
        earlier = [_certified(ballot, certificates, rulings, other) for other in others]
        before = next((one for one in earlier if one is not None), None)
    after = replace(
        ballot,
        disputes=frozenset(disputes - rulings.settled),
        rulings=rulings,
        certificates=tuple(certificates),
        round=name,
        certified=certified,
        before=before,
        doubles=checked.doubles,
    )
    return replace(after, legs=_finished(after))


def _certified(
    ballot: Ballot, certificates: Sequence[Certificate], rulings: Rulings, name: str
) -> Certified | None:
    """Return what most certify alike under a set of rulings."""
    notice = ballot.notice
    assert notice is not None
    excluded = rulings.excluded if name == rulings_name(rulings.in_force) else frozenset()
    doubtful = {
        one.split(":")[1]
        for one in disputes_of_outcomes(certificates)
        if one.startswith(f"{FALSE_CERTIFICATE}:") and one.endswith(f":{name}")
    }
    sound: dict[str, Certificate] = {}
    for one in certificates:
        if one.rulings == name and one.verdict is Verdict.SOUND and one.network not in excluded:
            sound[one.network] = one
    voters = [
        network
        for network in notice.with_software()
        if ballot.legs[network].counts and network not in excluded
    ]
    taking_part = [
        network
        for network in notice.with_software()
        if ballot.legs[network].state not in (LegState.INVITED, LegState.DECLINED)
        and network not in excluded
    ]
    return agreed(
        [one for one in sound.values() if one.network not in doubtful],
        voters=voters,
        taking_part=len(taking_part),
    )


def _stopped(
    told: Told,
    notice: Notice,
    legs: Mapping[str, Leg],
    objections: Mapping[str, Objection],
) -> BallotState | None:
    """Return whether a ballot was stopped before it opened.

    Once a network has opened it cannot be taken back; once most have, it cannot be sent elsewhere.
    """
    opened = sum(leg.opened for leg in legs.values())
    ballot_id = notice.event.ballot_id
    if not opened and any(
        one.ballot_id == ballot_id and one.node == notice.convener
        for one in told.of(DecisionWithdrawn)
    ):
        return BallotState.WITHDRAWN
    if 2 * opened > len(legs):
        return None

    def by_leg(one: LegTold) -> bool:
        return (
            one.ballot_id == ballot_id
            and one.network in legs
            and notice.speaker(one.network) == one.node
        )

    share = notice.charter.parameters.returned_by
    back = {one.network for one in told.of(DecisionReturned) if by_leg(one)}
    if returned(len(back), len(legs), share):
        return BallotState.RETURNED
    standing = [one.id for one in objections.values() if one.blocks]
    if above(notice.event.level) is not None and any(
        by_leg(one) and escalates(notice.charter, one, standing=standing)
        for one in told.of(DecisionEscalated)
    ):
        return BallotState.ESCALATED
    return None


def _finished(ballot: Ballot) -> dict[str, Leg]:
    """Return the legs as they stand after what was certified and ruled."""
    counted = ballot.certified.seals if ballot.certified else {}
    attested = set(ballot.certified.by) if ballot.certified else set()
    waiting = {accused(one) for one in ballot.disputes}
    found: dict[str, Leg] = {}
    for network, leg in ballot.legs.items():
        state = leg.state
        if network in ballot.rulings.excluded:
            state = LegState.EXCLUDED
        elif leg.equivocates or (leg.seal is not None and _is_doubtful(leg, waiting)):
            state = LegState.CONTESTED
        elif ballot.certified and leg.counts:
            state = LegState.SEALED if network in counted else LegState.LATE
            if state is LegState.SEALED and network in attested:
                state = LegState.ATTESTED
        elif ballot.certified and state in _AWAITED:
            state = LegState.MISSING
        found[network] = leg if state is leg.state else replace(leg, state=state)
    return found


_AWAITED: Final = frozenset(
    {LegState.ACCEPTED, LegState.ROLL_SEALED, LegState.VOTING, LegState.CLOSED}
)
"""Where a leg is of which a seal was to come."""


def _is_doubtful(leg: Leg, waiting: set[str]) -> bool:
    return leg.network in waiting or (leg.complete and not leg.counts)


def state_at(ballot: Ballot, now: datetime) -> BallotState:
    """Return where a ballot stands.

    Args:
        now: by the reader's own clock; it decides nothing once the ballot is certified.
    """
    notice = ballot.notice
    if notice is None:
        return BallotState.DRAFT
    if ballot.stopped is not None:
        return ballot.stopped
    if ballot.rulings.annulled:
        return BallotState.ANNULLED
    if ballot.disputes:
        return BallotState.CONTESTED
    certified = ballot.certified
    if certified is not None and (not certified.waits or now >= notice.grace_ends):
        return BallotState.CERTIFIED
    if ballot.rulings.in_force:
        return BallotState.RECOUNT
    if now < notice.opens_at:
        return BallotState.NOTICED
    if now < notice.closes_at:
        return BallotState.OPEN
    return _collecting(ballot, notice, now)


def _collecting(ballot: Ballot, notice: Notice, now: datetime) -> BallotState:
    if now >= notice.grace_ends or is_complete(ballot):
        return BallotState.PROVISIONAL
    if now >= notice.reveals_at or any(leg.seal for leg in ballot.legs.values()):
        return BallotState.COLLECTING
    return BallotState.CLOSED


def is_complete(ballot: Ballot) -> bool:
    """Tell whether no seal that may still come could change what is decided."""
    assert ballot.notice is not None
    return is_settled(ballot.notice, ballot.legs, ballot.basis(), without=ballot.rulings.excluded)


def outcome_of(ballot: Ballot, now: datetime) -> Computed | None:
    """Return the outcome that holds: that of a certified ballot about which nothing is in doubt."""
    if state_at(ballot, now) is not BallotState.CERTIFIED or ballot.certified is None:
        return None
    return ballot.certified.computed
