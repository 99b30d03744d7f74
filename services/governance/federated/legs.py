"""A leg: the part of one network in a ballot, as what was told of it adds up to.

Every function here looks at the set of facts and not at their order. What a network says of its own
leg counts, and nobody else's word; only its own signature can speak against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.governance.choices import checked_choice, is_blank
from services.governance.federated.facts import Keys, Told
from services.governance.federated.notices import Notice
from services.governance.federated.seals import (
    BadSeal,
    Expected,
    SealedRoll,
    flags,
    is_bound,
    is_signed,
    require_seal,
)
from services.governance.federated.tallies import BadTally, chunk_hash
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
from shared.contracts.seals import Seal
from shared.refusals import Refusal


class LegState(StrEnum):
    """Where the part of a network is."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ROLL_SEALED = "roll-sealed"
    VOTING = "voting"
    CLOSED = "closed"
    """Bound to a seal that nobody can read yet."""
    SEALED = "sealed"
    ATTESTED = "attested"
    """Sealed, and the network has computed the outcome with it for itself."""
    LATE = "late"
    """Sealed, and not counted, because the outcome was certified without it."""
    MISSING = "missing"
    CONTESTED = "contested"
    EXCLUDED = "excluded"


LEG_ARROWS: Final[Mapping[LegState, frozenset[LegState]]] = MappingProxyType(
    {
        LegState.INVITED: frozenset({LegState.ACCEPTED, LegState.DECLINED}),
        LegState.DECLINED: frozenset({LegState.ACCEPTED}),
        LegState.ACCEPTED: frozenset({LegState.ROLL_SEALED, LegState.DECLINED, LegState.MISSING}),
        LegState.ROLL_SEALED: frozenset({LegState.VOTING, LegState.DECLINED, LegState.MISSING}),
        LegState.VOTING: frozenset({LegState.CLOSED, LegState.MISSING}),
        LegState.CLOSED: frozenset(
            {LegState.SEALED, LegState.MISSING, LegState.LATE, LegState.CONTESTED}
        ),
        LegState.SEALED: frozenset(
            {LegState.ATTESTED, LegState.LATE, LegState.CONTESTED, LegState.EXCLUDED}
        ),
        LegState.ATTESTED: frozenset({LegState.CONTESTED, LegState.EXCLUDED, LegState.SEALED}),
        LegState.MISSING: frozenset({LegState.LATE, LegState.CONTESTED}),
        LegState.LATE: frozenset({LegState.SEALED, LegState.CONTESTED, LegState.EXCLUDED}),
        LegState.CONTESTED: frozenset({LegState.EXCLUDED, LegState.SEALED, LegState.ATTESTED}),
        LegState.EXCLUDED: frozenset(),
    }
)
"""Which state can follow which, as facts come in one after the other."""


class Fault(StrEnum):
    """Why a seal of a network does not count, or what is strange about one that does."""

    TWO_ROLLS = "two-rolls"
    TWO_COMMITMENTS = "two-commitments"
    TWO_SEALS = "two-seals"
    ROLL_AFTER_NOTICE = "roll-after-notice"
    GROWTH = "growth"
    """The roll has outgrown the last audited one, and was not audited again."""
    NOT_BOUND = "not-bound"
    """The seal is another one than that to which the network was bound."""
    UNFIT = "unfit"
    PAPER = "paper"
    """A result on paper without two tellers or without its paper."""
    POOL = "pool"
    """It speaks for a network that does not say so itself."""
    UNWITNESSED = "unwitnessed"
    """Some showed their seals without knowing its commitment. It counts, and is marked."""
    CLOCK = "clock"
    """Its clock differs. It counts, and is marked."""


EQUIVOCATION: Final = frozenset({Fault.TWO_ROLLS, Fault.TWO_COMMITMENTS, Fault.TWO_SEALS})
"""Proofs that a network has told two stories."""
MARKS: Final = frozenset({Fault.UNWITNESSED, Fault.CLOCK})
"""What is shown to everybody, and changes nothing by itself."""
NO_CLASSES: Final[Mapping[str, Sequence[ToldClass]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """The part of one network, from what was told of it.

    Args:
        speaker: the network that speaks for it.
        commitment: to what it is bound; the first by its hash where there are two.
        seal: signed, fitting, and bound; whether it counts is said by ``counts``.
        faults: what is wrong or strange.
        proofs: hashes of the different seals that it has signed, where there are several.
        complete: whether all classes of ballots that the seal names are there.
    """

    network: str
    speaker: str
    state: LegState
    roll: SealedRoll | None = None
    opened: bool = False
    commitment: str | None = None
    seal: Seal | None = None
    faults: frozenset[Fault] = frozenset()
    proofs: tuple[str, ...] = ()
    complete: bool = True
    reason: str = ""
    unheard_by: tuple[str, ...] = ()
    """Who showed their seals before they knew of its commitment: it could have seen these."""
    revealed: bool = False
    """Whether the network has shown a seal, whatever is wrong with it."""
    seals: Mapping[str, Seal] = field(default_factory=dict)
    """All fitting seals by their hash."""

    @property
    def equivocates(self) -> bool:
        """Whether the network has told two stories."""
        return bool(self.faults & EQUIVOCATION)

    @property
    def counts(self) -> bool:
        """Whether its seal can be counted."""
        return self.seal is not None and self.complete and not self.faults - MARKS

    @property
    def may_come(self) -> bool:
        """Whether a seal of it may still come, or does count."""
        return self.state is not LegState.DECLINED and not self.faults - MARKS


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
        network: {commitment for event in events for commitment in _heard(event)}
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
            leg = _with_seal(notice, leg, material, theirs, keys, classes)
            leg = _witnessed(leg, heard)
        found[network] = leg
    return _pooled(notice, found)


def _heard(event: object) -> set[tuple[str, str]]:
    assert isinstance(event, DecisionSealed)
    return set(event.heard.items())


def _witnessed(leg: Leg, heard: Mapping[str, set[tuple[str, str]]]) -> Leg:
    """Return a leg, marked where others showed their seals without knowing of its commitment.

    Each seal that was shown before could have been seen by who made the commitment after it.
    """
    before = sorted(
        other
        for other, those in heard.items()
        if other != leg.network and (leg.network, leg.commitment) not in those
    )
    if leg.seal is None or not before:
        return leg
    return replace(_faulty(leg, Fault.UNWITNESSED), unheard_by=tuple(before))


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


def _with_seal(
    notice: Notice,
    leg: Leg,
    material: Material,
    shown: Sequence[DecisionShown],
    keys: Keys,
    classes: Mapping[str, Sequence[ToldClass]],
) -> Leg:
    """Return a leg with what it is bound to, its seal, and what is wrong with that."""
    if leg.roll is None:
        return leg
    own = tuple(keys.get(leg.speaker, ()))
    is_paper = notice.legs[leg.network].kept_by is not None
    faults = set(leg.faults)
    bound = sorted({one.commitment for one in material.committed})
    if len(bound) > 1:
        faults.add(Fault.TWO_COMMITMENTS)
    nonces: dict[Seal, set[str]] = {}
    carrying: list[DecisionSealed | DecisionShown] = [*material.sealed, *shown]
    for one in carrying:
        nonces.setdefault(one.seal, set()).update([one.nonce] if one.nonce else [])
    signed = {
        seal
        for seal in nonces
        if seal.ballot_id == notice.event.ballot_id
        and seal.node == leg.network
        and any(is_signed(key, seal.statement(), seal.signature) for key in own)
    }
    hashes = {seal.hash: seal for seal in sorted(signed, key=lambda seal: seal.signature)}
    stories = {seal.statement() for seal in signed}
    if len(stories) > 1:
        faults.add(Fault.TWO_SEALS)
    expected = expected_of(notice, leg.network, leg.roll)
    fitting: dict[str, Seal] = {}
    seal: Seal | None = None
    for key, story in sorted(hashes.items()):
        if bound and not nonces[story]:
            # It proves what was signed; it counts once we see that the network was bound to it.
            continue
        found = _seal_faults(expected, story, own)
        if bound and not any(is_bound(story, nonce, bound[0]) for nonce in nonces[story]):
            found.add(Fault.NOT_BOUND)
        if is_paper and not any(_is_on_paper(one) for one in material.sealed if one.seal == story):
            found.add(Fault.PAPER)
        if found - MARKS:
            faults |= found
            continue
        fitting[key] = story
        if seal is None:
            seal, faults = story, faults | found
    state = LegState.CLOSED if bound and leg.opened else leg.state
    return replace(
        leg,
        state=LegState.SEALED if seal else state,
        commitment=bound[0] if bound else None,
        seal=seal,
        faults=frozenset(faults),
        proofs=tuple(sorted(hashes)) if len(stories) > 1 else (),
        revealed=bool(material.sealed),
        seals=fitting,
        complete=seal is None or _has_classes(notice, seal, classes),
    )


def expected_of(notice: Notice, network: str, roll: SealedRoll) -> Expected:
    """Return what the seal of a leg has to fit."""
    return Expected(
        ballot_id=notice.event.ballot_id,
        rule=notice.rule,
        rule_hash=notice.event.rule_hash,
        charter_hash=notice.event.charter_hash,
        options=notice.options,
        network=network,
        roll=roll,
        closes_at=notice.closes_at,
        skew_s=notice.charter.parameters.skew_s,
        # Whether it may speak for others is known when all legs are.
        pooled=2**53 - 1,
    )


def _seal_faults(expected: Expected, seal: Seal, keys: Sequence[str]) -> set[Fault]:
    found = {Fault.CLOCK} if flags(seal, expected) else set()
    try:
        require_seal(seal, expected, keys=keys)
    except (BadSeal, BadTally):
        found.add(Fault.UNFIT)
    return found


def _is_on_paper(told: DecisionSealed) -> bool:
    return told.paper_hash is not None and len(set(told.tellers)) >= 2


def _has_classes(notice: Notice, seal: Seal, classes: Mapping[str, Sequence[ToldClass]]) -> bool:
    """Tell whether all classes that a seal names were told, sound, and as many as it says."""
    if not seal.tally.chunks:
        return True
    if not set(seal.tally.chunks) <= set(classes):
        return False
    told = [one for chunk in seal.tally.chunks for one in classes[chunk]]
    if sum(one.count for one in told) != seal.tally.ballots:
        return False
    for one in told:
        try:
            checked = checked_choice(notice.rule.rule, notice.options, one.choice)
        except Refusal:
            return False
        if is_blank(checked) or checked != one.choice:
            return False
    return True


def _pooled(notice: Notice, legs: dict[str, Leg]) -> dict[str, Leg]:
    """Return legs with those marked that speak for others who do not say so themselves."""
    found = dict(legs)
    for network, leg in legs.items():
        if leg.seal is None:
            continue
        tally = leg.seal.tally
        members = leg.seal.roll_size
        wrong = False
        for other in tally.pools:
            sister = legs.get(other)
            theirs = sister.seal if sister else None
            wrong |= theirs is None or theirs.tally.pooled != network
            members += theirs.roll_size if theirs else 0
        if tally.pooled is not None:
            keeper = legs.get(tally.pooled)
            wrong |= keeper is None or (
                keeper.seal is not None and network not in keeper.seal.tally.pools
            )
        if wrong or (leg.seal.issued or 0) > members:
            found[network] = _faulty(leg, Fault.POOL)
    return found


def _faulty(leg: Leg, fault: Fault) -> Leg:
    return replace(leg, faults=leg.faults | {fault})
