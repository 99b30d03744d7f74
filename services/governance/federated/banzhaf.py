"""What a network's vote weighs under a rule: Banzhaf's index, exact; and a rule tried on the past.

The index counts in how many of all possible divisions of the others a network's vote decides. It is
shown before a charter is signed, because a rule that sounds even may leave somebody without any.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import ClassVar, Final

from services.governance.federated.aggregate import FederatedOutcome, Part, Poll, aggregated
from services.governance.federated.certain import imagined
from services.governance.federated.policies import Bar, FederatedRule, Policy, reached
from services.governance.federated.weights import degressive
from shared.refusals import Kind, Refusal

NETWORKS_MAX: Final = 200
ENUMERATED_MAX: Final = 18
"""Up to so many networks a rule with two majorities is tried in all divisions."""


class TooManyNetworks(Refusal):
    """The index of so many networks under this rule is not computed."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "too-many-networks"
    title: ClassVar[str] = "The weight of so many networks is not computed under this rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """In how many divisions of the others a network decides.

    Args:
        swings: the divisions in which its vote decides.
        divisions: all of them: two to the power of the number of others.
        total: the swings of all networks together, for shares of power.
    """

    swings: int
    divisions: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A ballot of the past: yes and no by network, and the rolls."""

    name: str
    votes: Mapping[str, tuple[int, int]]
    rolls: Mapping[str, int]


def power(rule: FederatedRule, rolls: Mapping[str, int]) -> dict[str, Index]:
    """Return the index of each network under a rule of yes and no, all voting as blocks.

    Raises:
        TooManyNetworks: more than can be reckoned.

    Source: Banzhaf (1965), Weighted voting doesn't work; Penrose (1946).
    """
    if len(rolls) > NETWORKS_MAX:
        raise TooManyNetworks(f"at most {NETWORKS_MAX}")
    match rule.policy:
        case Policy.PER_MEMBER:
            return _shared(weighted(rolls, need(sum(rolls.values()), rule.members)), len(rolls))
        case Policy.DEGRESSIVE if len(rolls) >= rule.capped_from:
            weights = degressive(rolls, cap=rule.cap)
            total = sum(weights.values())
            wanted = need(total, rule.weights)
            if rule.jagiellonian:
                # The least whole number above half the weights and half the root of all members.
                wanted = (total + isqrt(sum(rolls.values()))) // 2 + 1
            return _shared(weighted(weights, wanted), len(rolls))
        case Policy.DOUBLE | Policy.DEGRESSIVE:
            return _shared(doubled(rolls, rule), len(rolls))
        case _:
            ones = dict.fromkeys(rolls, 1)
            return _shared(weighted(ones, need(len(rolls), rule.networks)), len(rolls))


def need(total: int, bar: Bar) -> int:
    """Return the least number that reaches a bar of a total."""
    exact = bar.share.n * total
    if bar.at_least:
        return max(1, -(-exact // bar.share.d))
    return exact // bar.share.d + 1


def weighted(weights: Mapping[str, int], wanted: int) -> dict[str, int]:
    """Return the swings of each network where weights have to reach a number.

    The divisions are counted by their weight; a network is taken out of that count again to look
    at the others alone. All numbers are whole, and as long as they have to be.

    Args:
        weights: whole numbers from 0.
        wanted: the least sum that passes.
    """
    total = sum(weights.values())
    ways = [1] + [0] * total
    for weight in weights.values():
        for at in range(total, weight - 1, -1):
            ways[at] += ways[at - weight]
    found: dict[str, int] = {}
    for network, weight in weights.items():
        if weight == 0:
            found[network] = 0
            continue
        others = list(ways)
        for at in range(weight, total + 1):
            others[at] -= others[at - weight]
        found[network] = sum(others[max(0, wanted - weight) : max(0, min(wanted, total + 1))])
    return found


def doubled(rolls: Mapping[str, int], rule: FederatedRule) -> dict[str, int]:
    """Return the swings of each network where members and networks both have to reach a bar.

    Raises:
        TooManyNetworks: more than can be tried in all divisions.
    """
    if len(rolls) > ENUMERATED_MAX:
        raise TooManyNetworks(f"at most {ENUMERATED_MAX} under two majorities")
    names, sizes = list(rolls), list(rolls.values())
    members, count = sum(sizes), len(sizes)
    passing = bytearray(2**count)
    yes = [0] * 2**count
    for division in range(1, 2**count):
        lowest = division & -division
        yes[division] = yes[division ^ lowest] + sizes[lowest.bit_length() - 1]
        passing[division] = reached(yes[division], rule.members, members) and reached(
            division.bit_count(), rule.networks, count
        )
    return {
        name: sum(
            passing[division] and not passing[division ^ (1 << at)]
            for division in range(2**count)
            if division >> at & 1
        )
        for at, name in enumerate(names)
    }


def _shared(swings: Mapping[str, int], count: int) -> dict[str, Index]:
    total = sum(swings.values())
    return {
        network: Index(swings=own, divisions=2 ** (count - 1), total=total)
        for network, own in swings.items()
    }


def simulated(
    rules: Sequence[FederatedRule], past: Iterable[Past], *, roll_min: int = 1
) -> list[dict[str, FederatedOutcome]]:
    """Return what ballots of the past would have come to, a mapping by ballot for each rule.

    Args:
        rules: of yes and no.
    """
    ballots = list(past)
    return [{one.name: _tried(rule, one, roll_min) for one in ballots} for rule in rules]


def _tried(rule: FederatedRule, past: Past, roll_min: int) -> FederatedOutcome:
    poll = Poll(ballot_id=past.name, rule=rule, called=tuple(sorted(past.rolls)), roll_min=roll_min)
    parts = [
        Part(
            network=network,
            roll_size=size,
            seal=imagined(
                poll,
                network,
                roll_size=size,
                yes=past.votes[network][0],
                no=past.votes[network][1],
            )
            if network in past.votes
            else None,
        )
        for network, size in past.rolls.items()
    ]
    return aggregated(poll, parts)
