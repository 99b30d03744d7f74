"""Early certification: whether the networks that are missing could still change the outcome.

A missing network may still seal any division of its whole roll, or never be heard of. Nothing is
certified early where we cannot show that none of these changes what is decided.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from services.governance.counting.report import Outcome
from services.governance.federated.aggregate import (
    FederatedOutcome,
    Part,
    Poll,
    aggregated,
    has_response,
    in_order,
)
from services.governance.federated.policies import OptionsBy, Policy
from services.governance.federated.tallies import PAIRED
from services.governance.rules import Method
from shared.contracts.seals import Seal, SealHead, Tally

MISSING_MAX: Final = 10
"""How many missing networks are tried in all ways, where weights depend on who answers."""

_NOBODY: Final = "0" * 64


def is_certain(
    poll: Poll,
    parts: Iterable[Part],
    *,
    unknown: bool = False,
    gone: frozenset[str] = frozenset(),
) -> bool:
    """Tell whether no seal that may still come can change what is decided.

    Args:
        parts: of all networks that may still seal, with the whole size of their rolls, and of those
            that have sealed.
        unknown: whether a network may still come whose roll nobody knows.
        gone: networks without a seal from which none can count any more.
    """
    legs = in_order(parts)
    missing = [leg for leg in legs if leg.seal is None and leg.network not in gone]
    if not missing and not unknown:
        return True
    sealed = sum(leg.seal is not None for leg in legs)
    if unknown:
        return False
    if not has_response(poll, sealed):
        # Even all of the missing ones together would not be enough.
        return not has_response(poll, sealed + len(missing))
    match poll.rule.policy:
        case Policy.CONSENT:
            # An objection may still be raised or withdrawn.
            return False
        case Policy.OPTIONS:
            return _options_certain(poll, legs, missing)
        case _:
            return _answers_certain(poll, legs, missing)


def _answers_certain(poll: Poll, legs: Sequence[Part], missing: Sequence[Part]) -> bool:
    """Look at the ends: all of the missing say yes, all say no.

    More yes never harms and more no never helps, so that all else lies between these. Only weights
    depend on who answers at all: there each group of those who may answer is tried.
    """
    if poll.rule.policy is not Policy.DEGRESSIVE:
        ends = (_outcome(poll, legs, missing, yes) for yes in (True, False))
        return len({one.result for one in ends}) == 1
    if len(missing) > MISSING_MAX:
        return False
    found: set[Outcome] = set()
    for answering in _groups(missing):
        found |= {_outcome(poll, legs, answering, yes).outcome for yes in (True, False)}
        if len(found) > 1:
            return False
    return True


def _groups(missing: Sequence[Part]) -> Iterator[list[Part]]:
    for chosen in product((False, True), repeat=len(missing)):
        yield [leg for leg, there in zip(missing, chosen, strict=True) if there]


def _outcome(
    poll: Poll, legs: Sequence[Part], answering: Sequence[Part], yes: bool
) -> FederatedOutcome:
    """Return what comes out if some networks still answer, each with one voice."""
    names = {leg.network for leg in answering}

    def answered(leg: Part) -> Part:
        size = leg.roll_size
        ends = {"yes": size, "no": 0} if yes else {"yes": 0, "no": size}
        return replace(leg, seal=imagined(poll, leg.network, roll_size=size, **ends))

    return aggregated(poll, [answered(leg) if leg.network in names else leg for leg in legs])


def imagined(poll: Poll, network: str, *, roll_size: int, yes: int, no: int) -> Seal:
    """Return a seal that nobody has made, for reckoning what would come out."""
    return Seal.model_construct(
        ballot_id=poll.ballot_id,
        rule_hash=_NOBODY,
        charter_hash=_NOBODY,
        node=network,
        roll_epoch=1,
        roll_root=_NOBODY,
        roll_size=roll_size,
        issued=roll_size,
        cast=yes + no,
        blank=0,
        invalid=0,
        ballots_root=_NOBODY,
        tally=Tally(yes=yes, no=no),
        closed_at="",
        head=SealHead.model_construct(epoch=1, page=0, hash=_NOBODY),
        scheme="custody",
        signature=f"{network}:{yes}:{no}",
    )


def _options_certain(poll: Poll, legs: Sequence[Part], missing: Sequence[Part]) -> bool:
    """Tell whether a lead is larger than all who are missing; where unsure, it is not."""
    method, voters = poll.rule.rule.method, sum(leg.roll_size for leg in missing)
    tallies = [leg.seal.tally for leg in legs if leg.seal and leg.seal.tally.ballots is not None]
    if poll.rule.options_by is OptionsBy.NETWORKS or not tallies or not poll.options:
        return False
    if method in PAIRED:
        return _beats_all(tallies, len(poll.options), voters)
    if method is Method.APPROVAL and poll.rule.rule.threshold is None:
        sums = _sorted_sums([tally.approvals for tally in tallies])
        return _leads(sums, poll.rule.rule.seats, voters)
    if method is Method.SCORE and poll.rule.rule.missing_grade.value == "zero":
        sums = _sorted_sums([tally.sums for tally in tallies])
        return _leads(sums, 1, voters * poll.rule.rule.scale_max)
    return False


def _sorted_sums(lists: Sequence[Sequence[int]]) -> list[int]:
    return sorted((sum(numbers) for numbers in zip(*lists, strict=True)), reverse=True)


def _leads(sums: Sequence[int], seats: int, most: int) -> bool:
    """Tell whether each of the first ones is ahead of the next by more than can still come."""
    if len(sums) <= seats:
        # Everybody is chosen who is named at all; the order is all that could change.
        return len(sums) == 1 and sums[0] > 0
    return all(sums[at] - sums[at + 1] > most for at in range(seats))


def _beats_all(tallies: Sequence[Tally], size: int, voters: int) -> bool:
    """Tell whether one option beats each other one by more than all who are missing."""
    pairs = [
        [sum(tally.pairs[one][other] for tally in tallies) for other in range(size)]
        for one in range(size)
    ]
    return any(
        all(pairs[one][other] - pairs[other][one] > voters for other in range(size) if other != one)
        for one in range(size)
    )
