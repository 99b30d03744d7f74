"""The seal of a leg: whether it is signed, fits, was bound, and what it says of sister networks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.governance.choices import checked_choice, is_blank
from services.governance.federated.facts import Keys
from services.governance.federated.leg_states import MARKS, Fault, Leg, LegState
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
from services.governance.federated.tallies import BadTally
from shared.contracts.decisions import (
    DecisionCommitted,
    DecisionSealed,
    DecisionShown,
    ToldClass,
)
from shared.contracts.seals import Seal
from shared.refusals import Refusal


def heard_by(event: object) -> set[tuple[str, str]]:
    """Return the commitments of others that a network knew when it showed its seal."""
    assert isinstance(event, DecisionSealed)
    return set(event.heard.items())


def witnessed(leg: Leg, heard: Mapping[str, set[tuple[str, str]]]) -> Leg:
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
    return replace(faulty(leg, Fault.UNWITNESSED), unheard_by=tuple(before))


def with_seal(
    notice: Notice,
    leg: Leg,
    committed: Sequence[DecisionCommitted],
    sealed: Sequence[DecisionSealed],
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
    bound = sorted({one.commitment for one in committed})
    if len(bound) > 1:
        faults.add(Fault.TWO_COMMITMENTS)
    nonces: dict[Seal, set[str]] = {}
    carrying: list[DecisionSealed | DecisionShown] = [*sealed, *shown]
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
        if is_paper and not any(_is_on_paper(one) for one in sealed if one.seal == story):
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
        revealed=bool(sealed),
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


def pools_checked(notice: Notice, legs: dict[str, Leg]) -> dict[str, Leg]:
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
            found[network] = faulty(leg, Fault.POOL)
    return found


def faulty(leg: Leg, fault: Fault) -> Leg:
    return replace(leg, faults=leg.faults | {fault})
