"""The outcome of a ballot between networks: a function of its seals, the same on every machine.

Whole numbers and rationals only. The order in which seals came, and how often, changes nothing;
they are sorted by the network's name.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, ClassVar, Final

from services.governance.counting.report import Outcome, plain
from services.governance.federated.policies import (
    HALF,
    Bar,
    FederatedRule,
    OptionsBy,
    Policy,
    Spread,
    reached,
)
from services.governance.federated.tallies import SUMMED, sign_of, withheld_order
from services.governance.federated.weights import degressive, passes_jagiellonian
from services.governance.rules import Option
from shared.canonical import canonical
from shared.contracts.decisions import ToldClass
from shared.contracts.seals import Seal
from shared.refusals import Kind, Refusal

PASSES: Final = 1
EVEN: Final = 0
FAILS: Final = -1

NO_CHUNKS: Final[Mapping[str, Sequence[ToldClass]]] = {}


class TwoStories(Refusal):
    """One network stands twice in what an outcome is computed from, with different seals."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "two-stories"
    title: ClassVar[str] = "A network counts once, with one seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What an outcome depends on besides the legs.

    Args:
        called: the networks that were called to vote; of them the response quorum is a share.
        roll_min: below so many members a network has no vote as a network.
        standing: the ids of the objections that stand.
    """

    ballot_id: str
    rule: FederatedRule
    options: tuple[Option, ...] = ()
    called: tuple[str, ...]
    roll_min: int = 1
    standing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The part of one network in an outcome.

    Args:
        roll_size: how many could vote there; a network that is missing has it too.
        commitment: to what the network was bound.
        seal: where there is one that counts.
    """

    network: str
    roll_size: int
    commitment: str | None = None
    seal: Seal | None = None

    def as_data(self) -> dict[str, Any]:
        """Return the part as it stands in an outcome and its certificates."""
        data: dict[str, Any] = {"node": self.network, "roll_size": self.roll_size}
        if self.commitment:
            data["commitment"] = self.commitment
        if self.seal:
            data["seal"] = self.seal.hash
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedOutcome:
    """What came out, and from what: every figure that led there.

    Args:
        legs: the parts as data, by network.
        allocation: whole numbers by code, of a budget or a ratio.
    """

    ballot_id: str
    rule_hash: str
    outcome: Outcome
    winners: tuple[str, ...] = ()
    allocation: Mapping[str, int] = field(default_factory=dict)
    legs: tuple[Mapping[str, Any], ...] = ()
    standing: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    ties: Sequence[Mapping[str, Any]] = ()

    @property
    def result(self) -> tuple[str, tuple[str, ...], tuple[tuple[str, int], ...]]:
        """What is decided, apart from the figures: by it two computations agree or do not."""
        return (self.outcome.value, self.winners, tuple(sorted(self.allocation.items())))

    def as_data(self) -> dict[str, Any]:
        """Return the outcome as plain JSON."""
        return {
            "ballot_id": self.ballot_id,
            "rule_hash": self.rule_hash,
            "outcome": self.outcome.value,
            "winners": list(self.winners),
            "allocation": dict(self.allocation),
            "legs": [plain(leg) for leg in self.legs],
            "standing": list(self.standing),
            "figures": plain(self.figures),
            "ties": plain(self.ties),
        }

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the outcome's canonical JSON, in hex."""
        return hashlib.sha256(canonical(self.as_data())).hexdigest()


def aggregated(
    poll: Poll, parts: Iterable[Part], *, chunks: Mapping[str, Sequence[ToldClass]] = NO_CHUNKS
) -> FederatedOutcome:
    """Return the outcome of a poll from the parts of its networks.

    Args:
        parts: in any order, and equal ones as often as they came.
        chunks: the classes of equal ballots by the hash of their chunk, where seals name some.

    Raises:
        TwoStories: two different parts of one network.
    """
    legs = in_order(parts)
    seals = [leg.seal for leg in legs if leg.seal is not None]
    figures: dict[str, Any] = {
        "called": len(poll.called),
        "sealed": len(seals),
        "members": sum(leg.roll_size for leg in legs),
        "cast": sum(seal.cast or 0 for seal in seals),
        "blank": sum(seal.blank or 0 for seal in seals),
        "invalid": sum(seal.invalid or 0 for seal in seals),
        "withheld": sum(seal.cast is None for seal in seals),
    }
    found = FederatedOutcome(
        ballot_id=poll.ballot_id,
        rule_hash=poll.rule.hash,
        outcome=Outcome.NO_QUORUM,
        legs=tuple(leg.as_data() for leg in legs),
        standing=tuple(sorted(poll.standing)),
        figures=figures,
    )
    if not has_response(poll, len(seals)):
        return found
    if poll.rule.policy is Policy.OPTIONS:
        return _options(poll, legs, seals, chunks, found)
    outcome, more = _answered(poll, legs, seals)
    return replace(found, outcome=outcome, figures={**figures, **more})


def in_order(parts: Iterable[Part]) -> list[Part]:
    """Return parts by network, each once.

    Raises:
        TwoStories: two different parts of one network.
    """
    found: dict[str, Part] = {}
    for part in parts:
        if found.setdefault(part.network, part) != part:
            raise TwoStories(part.network)
    return [found[network] for network in sorted(found)]


def has_response(poll: Poll, sealed: int) -> bool:
    """Tell whether enough of the networks that were called have sealed a result."""
    share = poll.rule.response_quorum
    return sealed > 0 and sealed * share.d >= share.n * len(poll.called)


def lot_seed(legs: Iterable[Part]) -> str:
    """Return the seed of the lots: over all seals, and over all that networks were bound to.

    A network that shows its seal last can change nothing in it but by not showing it at all.
    """
    said = [leg.as_data() for leg in legs if leg.commitment or leg.seal]
    return hashlib.sha256(canonical(said)).hexdigest()


def _answered(
    poll: Poll, legs: Sequence[Part], seals: Sequence[Seal]
) -> tuple[Outcome, dict[str, Any]]:
    rule = poll.rule
    if rule.policy is Policy.CONSENT:
        figures: dict[str, Any] = {
            "consent": sum(seal.tally.consent or 0 for seal in seals),
            "aside": sum(seal.tally.aside or 0 for seal in seals),
            "objecting": sum(seal.tally.objecting or 0 for seal in seals),
            "standing": len(set(poll.standing)),
        }
        passes = figures["standing"] <= rule.rule.objections_max
        return (Outcome.ADOPTED if passes else Outcome.REJECTED), figures
    yes = sum(seal.tally.yes or 0 for seal in seals)
    no = sum(seal.tally.no or 0 for seal in seals)
    signs = signs_of(poll, seals)
    ayes, nays = sum(one > 0 for one in signs.values()), sum(one < 0 for one in signs.values())
    figures = {"yes": yes, "no": no, "networks_yes": ayes, "networks_no": nays}
    figures["networks_even"] = len(seals) - ayes - nays
    members = half(yes, no, rule.members)
    networks = half(ayes, nays, rule.networks)
    match rule.policy:
        case Policy.PER_MEMBER:
            passed = members
        case Policy.PER_NETWORK:
            passed = networks
        case Policy.DEGRESSIVE if len(seals) >= rule.capped_from:
            passed, weighed = _weighed(poll, seals, signs)
            figures |= weighed
        case _:
            # Too few networks for a cap: the double majority takes its place.
            passed = min(members, networks)
    rolls = sum(leg.roll_size for leg in legs)
    quorum = rule.approval_quorum
    if passed == PASSES and yes * quorum.d < quorum.n * rolls:
        return Outcome.REJECTED, figures | {"short_of_approval": -(-quorum.n * rolls // quorum.d)}
    return _OUTCOMES[passed], figures


_OUTCOMES: Final = {
    PASSES: Outcome.ADOPTED,
    EVEN: Outcome.TIE_STATUS_QUO,
    FAILS: Outcome.REJECTED,
}


def half(yes: int | Fraction, no: int | Fraction, bar: Bar) -> int:
    """Return whether yes reaches a bar, is even with no where a half is asked, or falls short."""
    both = Fraction(yes) + no
    # Brought to whole numbers, so that shares of weights are compared as those of votes are.
    if reached(int(yes * both.denominator), bar, int(both * both.denominator)):
        return PASSES
    return EVEN if yes == no and yes > 0 and bar == HALF else FAILS


def signs_of(poll: Poll, seals: Iterable[Seal]) -> dict[str, int]:
    """Return the sign of each network: yes, neither or no; below a quorum or a least roll neither.

    A network that tells its sign alone has looked at its own quorum itself.
    """
    quorum = poll.rule.rule.quorum
    found: dict[str, int] = {}
    for seal in seals:
        sign: int = sign_of(seal.tally)
        own = seal.cast if seal.tally.sign is None else None
        if quorum is not None and own is not None:
            sign = sign if own * quorum.share.d >= quorum.share.n * seal.roll_size else 0
        found[seal.node] = sign if seal.roll_size >= poll.roll_min else 0
    return found


def _weighed(
    poll: Poll, seals: Sequence[Seal], signs: Mapping[str, int]
) -> tuple[int, dict[str, Any]]:
    """Return whether the weights that say yes are enough, and the weights."""
    rule = poll.rule
    weights = degressive({seal.node: seal.roll_size for seal in seals}, cap=rule.cap)
    yes, no = Fraction(0), Fraction(0)
    for seal in seals:
        weight, said = weights[seal.node], (seal.tally.yes or 0) + (seal.tally.no or 0)
        if rule.spread is Spread.SPLIT and said and seal.tally.sign is None:
            yes += Fraction(weight * (seal.tally.yes or 0), said)
            no += Fraction(weight * (seal.tally.no or 0), said)
        elif signs[seal.node]:
            yes, no = (yes + weight, no) if signs[seal.node] > 0 else (yes, no + weight)
    figures = {
        "weights": weights,
        # As text, because a sum of many fractions outgrows the whole numbers of signed data.
        "weight_yes": f"{yes.numerator}/{yes.denominator}",
        "weight_no": f"{no.numerator}/{no.denominator}",
    }
    if not rule.jagiellonian:
        return half(yes, no, rule.weights), figures
    total, scale = sum(weights.values()), yes.denominator
    rolls = [seal.roll_size * scale * scale for seal in seals]
    enough = passes_jagiellonian(int(yes * scale), total * scale, rolls)
    return (PASSES if enough else FAILS), figures


def _options(
    poll: Poll,
    legs: Sequence[Part],
    seals: Sequence[Seal],
    chunks: Mapping[str, Sequence[ToldClass]],
    found: FederatedOutcome,
) -> FederatedOutcome:
    # The engines are loaded when something between options is counted.
    from services.governance.federated import summing

    seed = lot_seed(legs)
    question = summing.Question(
        ballot_id=poll.ballot_id,
        rule=poll.rule,
        options=poll.options,
        seed=seed,
        rolls=sum(leg.roll_size for leg in legs),
    )
    method = poll.rule.rule.method
    if poll.rule.options_by is OptionsBy.NETWORKS:
        heard = [seal for seal in seals if seal.roll_size >= poll.roll_min]
        orders = [withheld_order(method, question.codes, seal.tally) for seal in heard]
        chosen = summing.chosen_by_orders(question, orders)
    elif method in SUMMED:
        chosen = summing.chosen_by_sums(question, seals)
    else:
        chosen = summing.chosen_by_classes(question, seals, chunks)
    return replace(
        found,
        outcome=chosen.outcome,
        winners=chosen.winners,
        allocation=chosen.allocation,
        figures={**found.figures, **chosen.figures, "seed": seed},
        ties=chosen.ties,
    )
