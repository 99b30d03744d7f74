"""Disputes: why an outcome is in doubt, who rules on it, and what the rulings order.

A dispute has a name in few fixed words, which says who its parties are. A panel is drawn without
them; what most of it rule alike takes effect. Two stories of one network, a false certificate and
two outcomes are disputes by themselves; others begin with a challenge.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.governance.federated import draws
from services.governance.federated.certificates import Certificate, Verdict
from services.governance.federated.facts import Told
from services.governance.federated.legs import Fault, Leg
from services.governance.federated.notices import Notice
from shared.canonical import canonical
from shared.contracts.decisions import DecisionRolled
from shared.contracts.disputes import (
    DecisionAudited,
    DecisionCertified,
    DecisionChallenged,
    DecisionRuled,
)

TWO_NOTICES: Final = "notice"
EQUIVOCATION: Final = "equivocation"
CHALLENGE: Final = "challenge"
AUDIT: Final = "audit"
MISMATCH: Final = "mismatch"
FALSE_CERTIFICATE: Final = "false-certificate"

BY_OUTCOMES: Final = (MISMATCH, FALSE_CERTIFICATE)
"""Disputes between outcomes: who has not computed its own yet still does, as evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a panel has ruled.

    Args:
        hash: by which certificates name it.
        legs: who the order names: late legs that count from now on, or legs that do not.
        panel: who was drawn; ``by`` of them ruled so.
    """

    hash: str
    disputes: tuple[str, ...]
    order: str
    legs: tuple[str, ...]
    panel: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulings:
    """All rulings that took effect, and what they order together, whatever their order.

    Args:
        settled: the disputes that were ruled on.
    """

    all: tuple[Ruling, ...] = ()
    settled: frozenset[str] = frozenset()

    @property
    def annulled(self) -> bool:
        """Whether the ballot does not count."""
        return any(one.order == "annul" for one in self.all)

    @property
    def excluded(self) -> frozenset[str]:
        """The networks whose legs do not count."""
        return self._legs("exclude-leg")

    @property
    def admitted(self) -> frozenset[str]:
        """The late legs that count after all."""
        return self._legs("recount")

    @property
    def in_force(self) -> tuple[str, ...]:
        """The hashes of the rulings after which every network computes again."""
        return tuple(
            sorted(one.hash for one in self.all if one.order in ("recount", "exclude-leg"))
        )

    def excluded_by(self, hashes: Iterable[str]) -> frozenset[str] | None:
        """Return the legs that some rulings exclude; nothing where one of them is not known."""
        known = {one.hash: one for one in self.all}
        if not set(hashes) <= set(known):
            return None
        those = [known[one] for one in hashes]
        return frozenset(leg for one in those if one.order == "exclude-leg" for leg in one.legs)

    def _legs(self, order: str) -> frozenset[str]:
        return frozenset(leg for one in self.all if one.order == order for leg in one.legs)


def parties(dispute: str, notice: Notice) -> set[str]:
    """Return the networks that a dispute is between, which do not rule on it."""
    what, *names = dispute.split(":")
    if what == TWO_NOTICES:
        return {notice.convener}
    if what == CHALLENGE:
        return {names[0], names[2]} - {""}
    return set() if what == MISMATCH else {names[0]}


def accused(dispute: str) -> str:
    """Return the network whose leg a dispute is about; empty where it is about none."""
    what, *names = dispute.split(":")
    if what == CHALLENGE:
        return names[2]
    return names[0] if what in (EQUIVOCATION, AUDIT) else ""


def disputes_of_legs(legs: Mapping[str, Leg], notices: int) -> set[str]:
    """Return the disputes that begin by themselves: two stories of one network."""
    found = {f"{EQUIVOCATION}:{leg.network}" for leg in legs.values() if leg.equivocates}
    return found | ({TWO_NOTICES} if notices > 1 else set())


def challenges(told: Told, notice: Notice) -> set[str]:
    """Return the disputes that networks have begun; an expelled one may appeal once."""
    found: set[str] = set()
    for one in told.of(DecisionChallenged):
        if one.ballot_id != notice.event.ballot_id:
            continue
        is_subject = one.node == notice.event.subject
        if is_subject != (one.ground == "appeal"):
            continue
        if one.node not in notice.legs and not is_subject:
            continue
        if one.accused is not None and one.accused not in notice.legs:
            continue
        found.add(f"{CHALLENGE}:{one.node}:{one.ground}:{one.accused or ''}")
    return found


def disputes_of_outcomes(certificates: Sequence[Certificate]) -> set[str]:
    """Return the disputes between certificates: false ones, and sound ones that do not agree.

    A network may certify again where its certificate names what has turned out not to count; two
    sound ones of it are two stories.
    """
    found: set[str] = set()
    results: dict[str, set[object]] = {}
    said: dict[tuple[str, str], set[str]] = {}
    for one in certificates:
        if one.verdict is Verdict.FALSE:
            found.add(f"{FALSE_CERTIFICATE}:{one.network}:{one.rulings}")
        elif one.verdict is Verdict.SOUND and one.computed is not None:
            said.setdefault((one.network, one.rulings), set()).add(one.computed.hash)
            results.setdefault(one.rulings, set()).add(one.computed.outcome.result)
    for (network, rulings), outcomes in said.items():
        if len(outcomes) > 1:
            found.add(f"{FALSE_CERTIFICATE}:{network}:{rulings}")
    return found | {f"{MISMATCH}:{rulings}" for rulings, those in results.items() if len(those) > 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audits:
    """What the auditors who were drawn have found.

    Args:
        sound: the roots of grown rolls in which nothing false was found by all who were drawn.
        doubles: by network how many drawn entries are in another roll, too.
    """

    sound: frozenset[str] = frozenset()
    disputes: frozenset[str] = frozenset()
    doubles: Mapping[str, int]


def growth_auditors(notice: Notice, network: str, roll_root: str) -> list[str]:
    """Return who looks at a roll that has outgrown the last audited one, before it can count."""
    seed = draws.seed_of(draws.AUDIT_TAG, notice.hash, roll_root)
    number = notice.charter.parameters.audit_networks
    return draws.auditors(seed, network, notice.with_software(), number)


def outcome_auditors(notice: Notice, network: str, seals: Iterable[str]) -> list[str]:
    """Return who looks at a network's roll after the seals were shown."""
    number = notice.charter.parameters.audit_networks
    return draws.auditors(draws.audit_seed(seals), network, notice.with_software(), number)


def sound_rolls(told: Told, notice: Notice) -> frozenset[str]:
    """Return the roots of rolls that all who were drawn have found sound before they count."""
    number = notice.charter.parameters.audit_entries
    sizes = {one.roll_root: one.roll_size for one in told.of(DecisionRolled)}
    found: dict[tuple[str, str], dict[str, bool]] = {}
    for one in _audited(told, notice):
        if one.outcome_hash is None and one.roll_root in sizes:
            enough = one.entries >= min(number, sizes[one.roll_root])
            is_sound = enough and one.bad == 0
            by = found.setdefault((one.audited, one.roll_root), {})
            by[one.node] = is_sound and by.get(one.node, True)
    return frozenset(
        root
        for (network, root), by in found.items()
        if (drawn := growth_auditors(notice, network, root))
        and all(by.get(auditor, False) for auditor in drawn)
    )


def audits(
    told: Told, notice: Notice, certificates: Iterable[Certificate], sound: frozenset[str]
) -> Audits:
    """Return what the sampling audit has found: a false entry contests the ballot."""
    seals = {
        one.computed.hash: [leg.seal.hash for leg in one.basis.parts if leg.seal]
        for one in certificates
        if one.verdict is Verdict.SOUND and one.computed and one.basis
    }
    wrong: set[str] = set()
    doubles: dict[str, int] = {}
    for one in _audited(told, notice):
        if one.outcome_hash is None or one.outcome_hash not in seals:
            continue
        if one.node not in outcome_auditors(notice, one.audited, seals[one.outcome_hash]):
            continue
        if one.bad:
            wrong.add(f"{AUDIT}:{one.audited}")
        doubles[one.audited] = max(one.doubles, doubles.get(one.audited, 0))
    return Audits(sound=sound, disputes=frozenset(wrong), doubles=doubles)


def _audited(told: Told, notice: Notice) -> list[DecisionAudited]:
    return [
        one
        for one in told.of(DecisionAudited)
        if one.ballot_id == notice.event.ballot_id
        and one.audited in notice.legs
        and one.node in notice.legs
    ]


def panel_for(disputes: Iterable[str], notice: Notice) -> list[str]:
    """Return who rules on disputes."""
    those = sorted(set(disputes))
    return draws.panel(
        notice.event.ballot_id,
        notice.hash,
        those,
        notice.with_software(),
        parties={party for one in those for party in parties(one, notice)},
        number=notice.charter.parameters.panel,
    )


def rulings_of(told: Told, notice: Notice, disputes: Iterable[str]) -> Rulings:
    """Return the rulings that take effect.

    A member of the panel who rules twice on the same disputes has ruled nothing. A ruling takes
    effect as far as it settles something that no other one with fewer disputes has settled.
    """
    known = set(disputes)
    words: dict[tuple[str, ...], dict[str, set[tuple[str, tuple[str, ...]]]]] = {}
    for one in told.of(DecisionRuled):
        those = tuple(sorted(set(one.disputes)))
        if one.ballot_id != notice.event.ballot_id or one.disputes != those:
            continue
        if set(those) <= known and set(one.legs) <= set(notice.legs):
            said: tuple[str, tuple[str, ...]] = (one.order, tuple(sorted(set(one.legs))))
            words.setdefault(those, {}).setdefault(one.node, set()).add(said)
    found: list[Ruling] = []
    for those, by_node in words.items():
        drawn = panel_for(those, notice)
        said_by: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for node in drawn:
            if len(by_node.get(node, ())) == 1:
                (word,) = by_node[node]
                said_by.setdefault(word, []).append(node)
        for (order, legs), by in said_by.items():
            if 2 * len(by) > len(drawn):
                found.append(_ruling(notice, those, order, legs, drawn, by))
    effective: list[Ruling] = []
    settled: set[str] = set()
    for ruling in sorted(found, key=lambda one: (len(one.disputes), one.hash)):
        if not set(ruling.disputes) <= settled:
            effective.append(ruling)
            settled |= set(ruling.disputes)
    return Rulings(all=tuple(effective), settled=frozenset(settled))


def _ruling(
    notice: Notice,
    disputes: tuple[str, ...],
    order: str,
    legs: tuple[str, ...],
    panel: Sequence[str],
    by: Sequence[str],
) -> Ruling:
    said = [notice.event.ballot_id, list(disputes), order, list(legs)]
    return Ruling(
        hash=hashlib.sha256(canonical(said)).hexdigest(),
        disputes=disputes,
        order=order,
        legs=legs,
        panel=tuple(panel),
        by=tuple(sorted(by)),
    )


def certificates_told(told: Told, notice: Notice) -> list[DecisionCertified]:
    """Return the certificates of networks that are called to vote."""
    return [
        one
        for one in told.of(DecisionCertified)
        if one.ballot_id == notice.event.ballot_id and one.node in notice.with_software()
    ]


def is_grown(leg: Leg) -> bool:
    """Tell whether a roll waits for an audit because it has grown."""
    return Fault.GROWTH in leg.faults
