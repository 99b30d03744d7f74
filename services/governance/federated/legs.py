"""A leg: the part of one network in a ballot, as what was told of it adds up to.

Every function here looks at the set of facts and not at their order. What a network says of its own
leg counts, and nobody else's word; only its own signature can speak against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.governance.federated.facts import Keys, Told
from services.governance.federated.leg_seals import (
    expected_of,
    heard_by,
    pools_checked,
    with_seal,
    witnessed,
)
from services.governance.federated.leg_states import (
    EQUIVOCATION,
    LEG_ARROWS,
    MARKS,
    Fault,
    Leg,
    LegState,
)
from services.governance.federated.notices import Notice
from services.governance.federated.seals import SealedRoll
from services.governance.federated.tallies import chunk_hash
from shared.contracts.charters import CharterAdopted
from shared.contracts.decisions import (
    DecisionAccepted,
    DecisionChunked,
    DecisionCommitted,
    DecisionDeclined,
    DecisionOpened,
    DecisionRolled,
    DecisionSealed,
    DecisionShown,
    LegTold,
    ToldClass,
)

__all__ = [
    "EQUIVOCATION",
    "LEG_ARROWS",
    "MARKS",
    "Fault",
    "Leg",
    "LegState",
    "classes_of",
    "expected_of",
    "legs_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What was told of one leg."""

    accepted: Sequence[DecisionAccepted]
    declined: Sequence[DecisionDeclined]
    rolled: Sequence[DecisionRolled]
    opened: Sequence[DecisionOpened]
    committed: Sequence[DecisionCommitted]
    sealed: Sequence[DecisionSealed]


_KINDS: Final[Mapping[str, type[LegTold]]] = {
    "accepted": DecisionAccepted,
    "declined": DecisionDeclined,
    "rolled": DecisionRolled,
    "opened": DecisionOpened,
    "committed": DecisionCommitted,
    "sealed": DecisionSealed,
}


def legs_of(
    told: Told, notice: Notice, *, keys: Keys, sound_rolls: frozenset[str]
) -> dict[str, Leg]:
    """Return the legs of a ballot by network.

    Args:
        keys: by network, to check seals that came by another way than the network's own log.
        sound_rolls: the roots of rolls that were audited without a fault.
    """
    ballot = notice.event.ballot_id
    kinds = Material.__annotations__
    by_leg: dict[tuple[str, str], list[object]] = {}
    for name, kind in _KINDS.items():
        for event in told.of(kind):
            if event.ballot_id != ballot or event.network not in notice.legs:
                continue
            if notice.speaker(event.network) == event.node:
                by_leg.setdefault((event.network, name), []).append(event)
    shown = [one for one in told.of(DecisionShown) if one.ballot_id == ballot]
    classes = classes_of(told, notice)
    heard = {
        network: {commitment for event in events for commitment in heard_by(event)}
        for (network, name), events in by_leg.items()
        if name == "sealed"
    }
    found: dict[str, Leg] = {}
    for network in sorted(notice.legs):
        pieces = {name: by_leg.get((network, name), []) for name in kinds}
        material = Material(**pieces)  # type: ignore[arg-type]  # the lists are of their kinds
        leg = _leg(told, notice, network, material, sound_rolls)
        if leg.state not in (LegState.INVITED, LegState.DECLINED):
            theirs = [one for one in shown if one.seal.node == network]
            leg = with_seal(notice, leg, material.committed, material.sealed, theirs, keys, classes)
            leg = witnessed(leg, heard)
        found[network] = leg
    return pools_checked(notice, found)


def classes_of(told: Told, notice: Notice) -> dict[str, tuple[ToldClass, ...]]:
    """Return the classes of equal ballots that were told, by the hash of their chunk."""
    return {
        chunk_hash(one.classes): one.classes
        for one in told.of(DecisionChunked)
        if one.ballot_id == notice.event.ballot_id
        and one.network in notice.legs
        and notice.speaker(one.network) == one.node
    }


def _leg(
    told: Told, notice: Notice, network: str, material: Material, sound_rolls: frozenset[str]
) -> Leg:
    """Return a leg as far as the opening."""
    speaker = notice.speaker(network)
    state, reason = _answer(told, notice, network, material)
    leg = Leg(network=network, speaker=speaker, state=state, reason=reason)
    if state is not LegState.ACCEPTED:
        return leg
    faults: set[Fault] = set()
    rolls = {one.roll_root: one for one in material.rolled if one.rolled_at <= _opens(notice)}
    if len({one.roll_epoch for one in rolls.values()}) < len(rolls):
        faults.add(Fault.TWO_ROLLS)
    openings = {one.roll_root for one in material.opened if one.opened_at >= _opens(notice)}
    openings &= set(rolls)
    if len(openings) > 1:
        faults.add(Fault.TWO_ROLLS)
    if not rolls:
        return leg
    last = max(rolls, key=lambda root: (rolls[root].roll_epoch, root))
    root = min(openings) if openings else last
    wanted = notice.legs[network].roll_root
    if wanted is not None and root != wanted:
        faults.add(Fault.ROLL_AFTER_NOTICE)
    size, audited = rolls[root].roll_size, notice.legs[network].audited
    growth = notice.charter.parameters.growth_percent
    if audited and size * 100 > audited * growth and root not in sound_rolls:
        faults.add(Fault.GROWTH)
    return Leg(
        network=network,
        speaker=speaker,
        state=LegState.VOTING if openings else LegState.ROLL_SEALED,
        roll=SealedRoll(epoch=rolls[root].roll_epoch, root=root, size=size),
        opened=bool(openings),
        faults=frozenset(faults),
    )


def _opens(notice: Notice) -> str:
    return notice.event.opens_at


def _answer(told: Told, notice: Notice, network: str, material: Material) -> tuple[LegState, str]:
    """Return whether a network takes part: its last answer, unless it has opened already."""
    event = notice.event
    adopted = any(
        one.charter_hash == event.charter_hash and (one.leg or one.node) == network
        for one in told.by(CharterAdopted, notice.speaker(network))
        if one.association == event.association
    )
    wanted = (notice.hash, event.rule_hash, event.charter_hash)
    yes = [
        one.revision
        for one in material.accepted
        if (one.notice_hash, one.rule_hash, one.charter_hash) == wanted and adopted
    ]
    no = {one.revision: one.reason for one in material.declined}
    opened = any(one.opened_at >= _opens(notice) for one in material.opened)
    if yes and (opened or max(yes) > max(no, default=0)):
        return LegState.ACCEPTED, ""
    if no:
        return LegState.DECLINED, no[max(no)]
    return LegState.INVITED, ""
