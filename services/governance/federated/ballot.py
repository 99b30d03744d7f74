"""A ballot between networks: the fold of all that was told of it, and where it stands at a time.

The fold has no clock and no order: two nodes with the same facts have the same ballot. Where it
stands before anything is certified depends on the reader's own clock as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.governance.federated.aggregate import Part
from services.governance.federated.certificates import (
    Basis,
    Certificate,
    Certified,
    Computed,
    Verdict,
    agreed,
    basis_of,
    computed,
    is_settled,
    judged,
    part_of,
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
from services.governance.federated.facts import Fact, Keys, Told, about, admitted
from services.governance.federated.legs import Leg, LegState, classes_of, legs_of
from services.governance.federated.notices import Notice, read_notices
from services.governance.federated.objections import Objection, objections_of
from shared.contracts.decisions import (
    DecisionEscalated,
    DecisionReplied,
    DecisionReturned,
    DecisionWithdrawn,
    LegTold,
    ToldClass,
)
from shared.contracts.disputes import DecisionAudited, DecisionRuled


class BallotState(StrEnum):
    """Where a ballot is."""

    DRAFT = "draft"
    """Not announced, or without enough sponsors."""
    NOTICED = "noticed"
    OPEN = "open"
    CLOSED = "closed"
    COLLECTING = "collecting"
    PROVISIONAL = "provisional"
    """All seals are there that will be; it is being computed everywhere."""
    CERTIFIED = "certified"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    ESCALATED = "escalated"
    CONTESTED = "contested"
    RECOUNT = "recount"
    ANNULLED = "annulled"


BALLOT_ARROWS: Final[Mapping[BallotState, frozenset[BallotState]]] = MappingProxyType(
    {
        BallotState.DRAFT: frozenset({BallotState.NOTICED}),
        BallotState.NOTICED: frozenset(
            {
                BallotState.OPEN,
                BallotState.WITHDRAWN,
                BallotState.RETURNED,
                BallotState.ESCALATED,
                BallotState.CONTESTED,
            }
        ),
        BallotState.OPEN: frozenset({BallotState.CLOSED, BallotState.CONTESTED}),
        BallotState.CLOSED: frozenset({BallotState.COLLECTING, BallotState.CONTESTED}),
        BallotState.COLLECTING: frozenset(
            {BallotState.PROVISIONAL, BallotState.CERTIFIED, BallotState.CONTESTED}
        ),
        BallotState.PROVISIONAL: frozenset({BallotState.CERTIFIED, BallotState.CONTESTED}),
        BallotState.CERTIFIED: frozenset({BallotState.CONTESTED}),
        BallotState.CONTESTED: frozenset(
            {BallotState.RECOUNT, BallotState.CERTIFIED, BallotState.ANNULLED}
        ),
        BallotState.RECOUNT: frozenset(
            {BallotState.CERTIFIED, BallotState.CONTESTED, BallotState.ANNULLED}
        ),
        BallotState.WITHDRAWN: frozenset(),
        BallotState.RETURNED: frozenset(),
        BallotState.ESCALATED: frozenset(),
        BallotState.ANNULLED: frozenset(),
    }
)
"""Which state can follow which. A dismissed dispute leads back to where the ballot was."""
NOTHING_RULED: Final = Rulings()
ENDED: Final = frozenset(
    {BallotState.WITHDRAWN, BallotState.RETURNED, BallotState.ESCALATED, BallotState.ANNULLED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A ballot as its facts add up.

    Args:
        notice: none as long as there is no announcement that a ballot could come of.
        legs: by network.
        stopped: withdrawn, returned or escalated before it opened.
        disputes: that wait for a ruling.
        ruled: those that a panel has ruled on.
        certificates: every one that was told, with what we find of it.
        round: the name of the set of rulings that hold now.
        certified: what most of those who have sealed have computed alike under these rulings.
        before: what had been certified before the rulings that hold now.
        doubles: by network how many drawn members stand in another roll, too.
        replied: whether who the ballot is about has replied, or waived it.
        ruled_by: who has ruled on what, whatever became of it.
        audited_by: who has looked at whose roll.
    """

    ballot_id: str
    notice: Notice | None = None
    legs: Mapping[str, Leg] = field(default_factory=dict)
    objections: Mapping[str, Objection] = field(default_factory=dict)
    stopped: BallotState | None = None
    disputes: frozenset[str] = frozenset()
    rulings: Rulings = NOTHING_RULED
    certificates: Sequence[Certificate] = ()
    round: str = "0"
    certified: Certified | None = None
    before: Certified | None = None
    doubles: Mapping[str, int] = field(default_factory=dict)
    replied: bool = False
    ruled_by: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    audited_by: frozenset[tuple[str, str]] = frozenset()
    classes: Mapping[str, Sequence[ToldClass]] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[str, ...]:
        """The ids of the objections that stand against consent."""
        return tuple(sorted(one.id for one in self.objections.values() if one.blocks))

    def basis(self) -> Basis:
        """Return what this node would compute the outcome from now.

        Once an outcome was certified, its seals stay: those that came later count by a ruling only.
        """
        assert self.notice is not None, "without a notice there is nothing to compute"
        excluded, fixed = self.rulings.excluded, self.certified or self.before
        parts = {
            leg.network: part
            for leg in self.legs.values()
            if leg.network not in excluded and (part := part_of(leg)) is not None
        }
        if fixed is not None:
            counted = {part.network for part in fixed.basis.parts if part.seal}
            counted |= self.rulings.admitted
            parts = {
                network: part if network in counted else replace(part, seal=None)
                for network, part in parts.items()
            }
        standing = self.standing if fixed is None else fixed.basis.standing
        return basis_of(self.notice, parts.values(), standing, self.classes)

    def provisional(self) -> Computed:
        """Return the outcome as far as this node knows; before the close nobody is shown it."""
        return computed(self.basis())


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


def of_ballot(facts: Iterable[Fact], ballot_id: str) -> list[Fact]:
    """Return the facts that a ballot's fold needs, of many."""
    return about(facts, ballot_id)


def parts_of(ballot: Ballot) -> tuple[Part, ...]:
    """Return the parts from which this node would compute the outcome now."""
    return ballot.basis().parts
