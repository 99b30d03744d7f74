"""Certificates: what networks say that came out, each computed again from what it names.

A certificate names the seals behind it, so that everybody can see whether what it says follows from
them. Two that disagree on what is decided contest the ballot by themselves.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from services.governance.federated.aggregate import FederatedOutcome, Part, Poll, aggregated
from services.governance.federated.certain import is_certain
from services.governance.federated.legs import Leg, LegState
from services.governance.federated.notices import Notice
from shared.canonical import canonical
from shared.clock import BadTime, moment
from shared.contracts.decisions import ToldClass
from shared.contracts.disputes import DecisionCertified

NO_RULINGS: Final = "0"
"""The name of the first computation, before anything was ruled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an outcome is computed from; two with one key give the same.

    Args:
        parts: by network.
        standing: the ids of the objections that stand.
        classes: by the hash of their chunk.
    """

    key: tuple[object, ...]
    notice: Notice = field(compare=False)
    parts: tuple[Part, ...] = field(compare=False)
    standing: tuple[str, ...] = field(compare=False)
    classes: Mapping[str, Sequence[ToldClass]] = field(compare=False)

    @property
    def poll(self) -> Poll:
        """What the outcome depends on besides the parts."""
        return Poll(
            ballot_id=self.notice.event.ballot_id,
            rule=self.notice.rule,
            options=self.notice.options,
            called=tuple(sorted(self.notice.legs)),
            roll_min=self.notice.charter.parameters.roll_min,
            standing=self.standing,
        )


@dataclass(frozen=True, slots=True)
class Computed:
    """An outcome with its hash."""

    outcome: FederatedOutcome
    hash: str


def basis_of(
    notice: Notice,
    parts: Iterable[Part],
    standing: Iterable[str],
    classes: Mapping[str, Sequence[ToldClass]],
) -> Basis:
    """Return what an outcome is computed from."""
    in_order = tuple(sorted(parts, key=lambda part: part.network))
    objections = tuple(sorted(set(standing)))
    said = tuple(
        (part.network, part.roll_size, part.commitment, part.seal.hash if part.seal else "")
        for part in in_order
    )
    return Basis(
        key=(notice.hash, said, objections),
        notice=notice,
        parts=in_order,
        standing=objections,
        classes=classes,
    )


@lru_cache(maxsize=4_096)
def computed(basis: Basis) -> Computed:
    """Return the outcome of a basis; what was computed is remembered."""
    outcome = aggregated(basis.poll, basis.parts, chunks=basis.classes)
    return Computed(outcome, outcome.hash)


@lru_cache(maxsize=4_096)
def _certain(basis: Basis, unknown: bool, gone: frozenset[str]) -> bool:
    return is_certain(basis.poll, basis.parts, unknown=unknown, gone=gone)


def part_of(leg: Leg) -> Part | None:
    """Return the part of a leg in an outcome; none as long as it has sealed no roll."""
    if leg.roll is None or leg.state is LegState.DECLINED:
        return None
    return Part(
        network=leg.network,
        roll_size=leg.roll.size,
        commitment=leg.commitment,
        seal=leg.seal if leg.counts else None,
    )


def is_settled(
    notice: Notice,
    legs: Mapping[str, Leg],
    basis: Basis,
    *,
    without: frozenset[str] = frozenset(),
) -> bool:
    """Tell whether no seal beside those of a basis could change what is decided.

    It is so when all who may come are there, or when their whole rolls, on either side, could not
    change it. Of a network whose roll nobody knows the most that the charter lets it have is taken.

    Args:
        without: networks whose legs are excluded.
    """
    there = {part.network: part for part in basis.parts}
    parts: list[Part] = list(basis.parts)
    unknown = False
    for network, leg in legs.items():
        if network in there or network in without or not leg.may_come:
            continue
        called = notice.legs[network]
        most = called.audited * notice.charter.parameters.growth_percent // 100
        size = leg.roll.size if leg.roll else most
        unknown |= size == 0
        parts.append(Part(network=network, roll_size=size))
    gone = frozenset(network for network, leg in legs.items() if not leg.may_come)
    if all(part.seal is not None or part.network in gone for part in parts) and not unknown:
        return True
    return _certain(basis_of(notice, parts, basis.standing, basis.classes), unknown, gone)


class Verdict(StrEnum):
    """What we find of a certificate when we compute it again."""

    SOUND = "sound"
    FALSE = "false"
    """What it says does not follow from what it names."""
    EARLY = "early"
    """It was made before the time, though seals that were missing could have changed it."""
    UNKNOWN = "unknown"
    """It names something that was not told, or not to us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and what we found of it.

    Args:
        rulings: the name of the set of rulings that it takes into account.
        waited: whether it rests on the end of the grace, and not on the seals alone.
    """

    network: str
    event: DecisionCertified
    rulings: str
    verdict: Verdict
    waited: bool = False
    basis: Basis | None = None
    computed: Computed | None = None


def rulings_name(hashes: Iterable[str]) -> str:
    """Return the name of a set of rulings; certificates that know the same ones are compared."""
    known = sorted(set(hashes))
    if not known:
        return NO_RULINGS
    return hashlib.sha256(canonical(known)).hexdigest()[:16]


def judged(
    event: DecisionCertified,
    notice: Notice,
    legs: Mapping[str, Leg],
    classes: Mapping[str, Sequence[ToldClass]],
    objections: Iterable[str],
    *,
    excluded: frozenset[str] = frozenset(),
) -> Certificate:
    """Return what we find of a certificate.

    Args:
        objections: the ids of all objections that were raised.
        excluded: the legs that the rulings which it names have excluded.
    """
    name = rulings_name(event.rulings)
    plain = Certificate(network=event.node, event=event, rulings=name, verdict=Verdict.UNKNOWN)
    basis = _basis(event, notice, legs, classes, set(objections))
    if basis is None:
        return plain
    found = computed(basis)
    states = (event.outcome, event.winners, event.outcome_hash)
    verdict, waited = Verdict.SOUND, False
    named = {part.network for part in basis.parts if part.seal}
    follows = states == (found.outcome.outcome.value, found.outcome.winners, found.hash)
    if not follows or named & excluded:
        verdict = Verdict.FALSE
    elif not is_settled(notice, legs, basis, without=excluded):
        waited = True
        if not _is_after_grace(event, notice):
            verdict = Verdict.EARLY
    return Certificate(
        network=event.node,
        event=event,
        rulings=name,
        verdict=verdict,
        waited=waited,
        basis=basis,
        computed=found,
    )


def _is_after_grace(event: DecisionCertified, notice: Notice) -> bool:
    try:
        return moment(event.certified_at) >= notice.grace_ends
    except BadTime:
        return False


def _basis(
    event: DecisionCertified,
    notice: Notice,
    legs: Mapping[str, Leg],
    classes: Mapping[str, Sequence[ToldClass]],
    objections: set[str],
) -> Basis | None:
    """Return the basis that a certificate names, or nothing where we do not have it."""
    parts: list[Part] = []
    for named in event.legs:
        leg = legs.get(named.node)
        if leg is None or leg.roll is None or leg.roll.size != named.roll_size:
            return None
        seal = leg.seals.get(named.seal) if named.seal else None
        if named.seal and (seal is None or not leg.complete):
            return None
        parts.append(
            Part(
                network=named.node,
                roll_size=named.roll_size,
                commitment=named.commitment,
                seal=seal,
            )
        )
        if named.commitment not in (None, leg.commitment):
            return None
    if len({part.network for part in parts}) < len(parts) or not set(event.standing) <= objections:
        return None
    return basis_of(notice, parts, event.standing, classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What most of those who have sealed say alike.

    Args:
        by: who says so.
        waits: whether it rests on the end of the grace, which a reader's own clock has to have
            seen, too.
    """

    computed: Computed
    basis: Basis
    by: tuple[str, ...]
    waits: bool

    @property
    def seals(self) -> dict[str, str]:
        """The hashes of the seals that count, by network."""
        return {part.network: part.seal.hash for part in self.basis.parts if part.seal}


def agreed(
    certificates: Sequence[Certificate], *, voters: Sequence[str], taking_part: int
) -> Certified | None:
    """Return what more than half certify alike, of those who have sealed or of all who take part.

    Of different bases with one result the one that most have named stands, then that with most
    seals, then that whose hash is smaller.

    Args:
        certificates: sound ones, of one set of rulings, one of each network.
        voters: who has sealed; where nobody has, one certificate is enough.
        taking_part: how many networks have accepted, and could certify.
    """
    results: dict[object, list[Certificate]] = {}
    for one in certificates:
        assert one.computed is not None
        results.setdefault(one.computed.outcome.result, []).append(one)
    for those in results.values():
        by = {one.network for one in those}
        among = by & set(voters) if voters else by
        if 2 * len(among) <= max(1, len(voters)) and 2 * len(by) <= taking_part:
            continue
        named: dict[str, list[Certificate]] = {}
        for one in those:
            assert one.computed is not None
            named.setdefault(one.computed.hash, []).append(one)
        best = min(named, key=lambda key: (-len(named[key]), -_seals(named[key][0]), key))
        first = named[best][0]
        assert first.computed is not None
        assert first.basis is not None
        return Certified(
            computed=first.computed,
            basis=first.basis,
            by=tuple(sorted(by)),
            waits=all(one.waited for one in named[best]),
        )
    return None


def _seals(one: Certificate) -> int:
    assert one.basis is not None
    return sum(part.seal is not None for part in one.basis.parts)
