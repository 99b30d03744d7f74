"""Delegation: whose votes are carried by whom, where a rule allows it; no rule does by default.

A delegation holds for one scope and until a moment, and can be taken back at any time. Who votes
needs nobody: the own ballot goes before the delegation. A holder carries a limited number of votes,
and the delegations that were given first are carried first.

A delegation is not handed on unless the count is asked to follow chains; our decisions do not ask,
because a vote should be with somebody whom its owner knows. Where chains are followed, one that
ends in a circle, or with somebody who did not vote, is an abstention.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Why(StrEnum):
    """Why a vote that was given away is an abstention."""

    HOLDER_DID_NOT_VOTE = "holder-did-not-vote"
    CIRCLE = "circle"
    HOLDER_FULL = "holder-full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A vote that one has given into another's hands."""

    giver: str
    holder: str
    scope: str
    given_at: datetime
    until: datetime
    revoked_at: datetime | None = None

    def holds(self, scope: str, at: datetime) -> bool:
        """Return whether it can be used in a scope at a moment."""
        revoked = self.revoked_at is not None and self.revoked_at <= at
        return self.scope == scope and self.given_at <= at < self.until and not revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of the votes that were given away.

    Args:
        by: for each giver whose vote counts, the voter whose ballot it repeats.
        abstaining: for each other giver who did not vote, why.
    """

    by: dict[str, str]
    abstaining: dict[str, Why]

    @property
    def holders(self) -> list[tuple[str, int]]:
        """Return who carries how many votes of others, the most first: a public list."""
        return sorted(Counter(self.by.values()).items(), key=lambda one: (-one[1], one[0]))


def carried(
    given: Iterable[Given],
    voted: Collection[str],
    *,
    scope: str,
    at: datetime,
    held_max: int,
    transitive: bool = False,
) -> Carried:
    """Return whose ballots repeat for whom; the order of the delegations changes nothing.

    Args:
        given: all delegations; of several by one giver that hold, the latest counts.
        voted: who has cast a ballot.
        held_max: how many votes of others one voter may carry, those of a chain included.
        transitive: follow chains of delegations.
    """
    standing: dict[str, Given] = {}
    for one in sorted(given, key=lambda one: (one.given_at, one.holder)):
        if one.holds(scope, at) and one.holder != one.giver:
            standing[one.giver] = one
    casting = frozenset(voted)
    by: dict[str, str] = {}
    abstaining: dict[str, Why] = {}
    load: Counter[str] = Counter()
    for one in sorted(standing.values(), key=lambda one: (one.given_at, one.giver)):
        if one.giver in casting:
            continue
        end = _end(one, standing, casting, transitive)
        if isinstance(end, Why):
            abstaining[one.giver] = end
        elif load[end] >= held_max:
            abstaining[one.giver] = Why.HOLDER_FULL
        else:
            load[end] += 1
            by[one.giver] = end
    return Carried(by=by, abstaining=abstaining)


def _end(
    given: Given, standing: dict[str, Given], casting: frozenset[str], transitive: bool
) -> "str | Why":
    """Return the voter with whom a delegation ends, or why there is none."""
    seen = {given.giver}
    holder = given.holder
    while holder not in casting:
        if holder in seen:
            return Why.CIRCLE
        if not transitive or holder not in standing:
            return Why.HOLDER_DID_NOT_VOTE
        seen.add(holder)
        holder = standing[holder].holder
    return holder
