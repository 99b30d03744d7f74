"""A ballot between networks as one node sees it at a moment, and the sums over its seals.

A network that tells its sign alone is left out of every sum, and of what the sum is a share of: so
nothing about it comes out by taking the others from the whole. Before the close no seal is seen.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.governance.federated.acts import BY_PEOPLE, Act, Does, due
from services.governance.federated.ballot import Ballot, BallotState, state_at
from services.governance.federated.legs import Leg, LegState
from services.governance.federated.notices import Notice
from services.governance.federated.policies import Policy
from services.governance.federated.tallies import sign_of
from shared.contracts.seals import Seal

SUMS: Final = ("issued", "cast", "blank", "invalid")
"""The numbers that every seal tells which tells any."""
_ON_PAPER: Final = {Does.SEAL_ROLL: "need-roll", Does.COMMIT: "need-paper"}
"""What tellers enter for a network without software."""
_COMING: Final = frozenset(
    {LegState.ACCEPTED, LegState.ROLL_SEALED, LegState.VOTING, LegState.CLOSED}
)
_NOT_COUNTED: Final = frozenset({LegState.LATE, LegState.EXCLUDED, LegState.DECLINED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A ballot as one node sees it at a moment.

    Args:
        me: the node.
        now: by its clock.
    """

    ballot: Ballot
    me: str
    now: datetime

    @property
    def state(self) -> BallotState:
        """Where the ballot is."""
        return state_at(self.ballot, self.now)

    @property
    def notice(self) -> Notice | None:
        """Its notice, if a ballot can come of one."""
        return self.ballot.notice

    @property
    def legs(self) -> list[Leg]:
        """Its legs by network."""
        return [self.ballot.legs[network] for network in sorted(self.ballot.legs)]

    @property
    def tells(self) -> bool:
        """Whether seals are shown: the vote is over everywhere."""
        return self.notice is not None and self.now >= self.notice.closes_at

    def seal_of(self, leg: Leg) -> Seal | None:
        """Return the seal of a leg, once it may be shown."""
        return leg.seal if self.tells else None

    def counted(self, leg: Leg) -> Seal | None:
        """Return the seal of a leg where it is counted, or will be as things stand."""
        seal = self.seal_of(leg)
        if seal is None or not leg.counts or leg.state in _NOT_COUNTED:
            return None
        return seal

    @property
    def missing(self) -> list[str]:
        """Whose seals did not come in time."""
        return self._in(LegState.MISSING)

    @property
    def late(self) -> list[str]:
        """Whose seals came too late."""
        return self._in(LegState.LATE)

    @property
    def awaited(self) -> list[str]:
        """Whose seals may still come, after the close."""
        if not self.tells or self.ballot.certified or self.ballot.stopped:
            return []
        return [leg.network for leg in self.legs if leg.state in _COMING]

    @property
    def answered(self) -> list[str]:
        """Which networks take part."""
        out = (LegState.INVITED, LegState.DECLINED)
        return [leg.network for leg in self.legs if leg.state not in out]

    @property
    def is_awaited_here(self) -> bool:
        """Whether something waits for people of this node."""
        return any(word_of(act, self.me) for act in due(self.ballot, self.me, self.now))

    def _in(self, state: LegState) -> list[str]:
        return [leg.network for leg in self.legs if leg.state is state]


def turnout(seen: Seen) -> dict[str, int]:
    """Return how many of how many voted, where networks tell it.

    A network that pools small ones tells of them together, so that their rolls stand with its own.
    """
    found = {"cast": 0, "of": 0, "networks": 0, "withheld": 0}
    for leg in seen.legs:
        seal = seen.counted(leg)
        if seal is None:
            continue
        if seal.cast is None:
            found["withheld"] += 1
            continue
        found["cast"] += seal.cast
        found["of"] += roll_behind(seen.ballot, seal)
        found["networks"] += 1
    return found


def totals(seen: Seen) -> dict[str, Any]:
    """Return the sums over the seals that tell numbers and count, and the signs of all.

    They are there as soon as voting is over; whether they are final, the ballot's state says.
    """
    seals = [seal for leg in seen.legs if (seal := seen.counted(leg)) is not None]
    telling = [seal for seal in seals if seal.cast is not None]
    found: dict[str, Any] = {
        name: sum(getattr(seal, name) or 0 for seal in telling) for name in SUMS
    }
    found |= {"sealed": len(seals), "withheld": len(seals) - len(telling)}
    notice = seen.notice
    if notice is None or notice.rule.policy in (Policy.CONSENT, Policy.OPTIONS):
        return found
    signs = [sign_of(seal.tally) for seal in seals]
    return found | {
        "yes": sum(seal.tally.yes or 0 for seal in telling),
        "no": sum(seal.tally.no or 0 for seal in telling),
        "networks_yes": sum(one > 0 for one in signs),
        "networks_no": sum(one < 0 for one in signs),
    }


def roll_behind(ballot: Ballot, seal: Seal) -> int:
    """Return how many could cast the ballots of which a seal tells."""
    sisters = [ballot.legs.get(one) for one in seal.tally.pools]
    return seal.roll_size + sum(one.roll.size for one in sisters if one and one.roll)


def word_of(act: Act, me: str) -> str:
    """Return by which word an act is asked of people; empty where the machine does it."""
    if act.does in BY_PEOPLE:
        return f"need-{act.does.value}"
    return _ON_PAPER.get(act.does, "") if act.network != me else ""
