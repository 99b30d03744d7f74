"""The states of a ballot between networks, and a ballot as its facts add up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.governance.federated.certificates import (
    Basis,
    Certificate,
    Certified,
    Computed,
    basis_of,
    computed,
    part_of,
)
from services.governance.federated.disputes import Rulings
from services.governance.federated.leg_states import Leg
from services.governance.federated.notices import Notice
from services.governance.federated.objections import Objection
from shared.contracts.decisions import ToldClass


class BallotState(StrEnum):
    """Where a ballot is."""

    DRAFT = "draft"
    """Not announced, or without enough sponsors."""
    NOTICED = "noticed"
    OPEN = "open"
    CLOSED = "closed"
    COLLECTING = "collecting"
    PROVISIONAL = "provisional"
    """All seals are there that will be; it is being computed everywhere."""
    CERTIFIED = "certified"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    ESCALATED = "escalated"
    CONTESTED = "contested"
    RECOUNT = "recount"
    ANNULLED = "annulled"


BALLOT_ARROWS: Final[Mapping[BallotState, frozenset[BallotState]]] = MappingProxyType(
    {
        BallotState.DRAFT: frozenset({BallotState.NOTICED}),
        BallotState.NOTICED: frozenset(
            {
                BallotState.OPEN,
                BallotState.WITHDRAWN,
                BallotState.RETURNED,
                BallotState.ESCALATED,
                BallotState.CONTESTED,
            }
        ),
        BallotState.OPEN: frozenset({BallotState.CLOSED, BallotState.CONTESTED}),
        BallotState.CLOSED: frozenset({BallotState.COLLECTING, BallotState.CONTESTED}),
        BallotState.COLLECTING: frozenset(
            {BallotState.PROVISIONAL, BallotState.CERTIFIED, BallotState.CONTESTED}
        ),
        BallotState.PROVISIONAL: frozenset({BallotState.CERTIFIED, BallotState.CONTESTED}),
        BallotState.CERTIFIED: frozenset({BallotState.CONTESTED}),
        BallotState.CONTESTED: frozenset(
            {BallotState.RECOUNT, BallotState.CERTIFIED, BallotState.ANNULLED}
        ),
        BallotState.RECOUNT: frozenset(
            {BallotState.CERTIFIED, BallotState.CONTESTED, BallotState.ANNULLED}
        ),
        BallotState.WITHDRAWN: frozenset(),
        BallotState.RETURNED: frozenset(),
        BallotState.ESCALATED: frozenset(),
        BallotState.ANNULLED: frozenset(),
    }
)
"""Which state can follow which. A dismissed dispute leads back to where the ballot was."""
NOTHING_RULED: Final = Rulings()
ENDED: Final = frozenset(
    {BallotState.WITHDRAWN, BallotState.RETURNED, BallotState.ESCALATED, BallotState.ANNULLED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A ballot as its facts add up.

    Args:
        notice: none as long as there is no announcement that a ballot could come of.
        legs: by network.
        stopped: withdrawn, returned or escalated before it opened.
        disputes: that wait for a ruling.
        ruled: those that a panel has ruled on.
        certificates: every one that was told, with what we find of it.
        round: the name of the set of rulings that hold now.
        certified: what most of those who have sealed have computed alike under these rulings.
        before: what had been certified before the rulings that hold now.
        doubles: by network how many drawn members stand in another roll, too.
        replied: whether who the ballot is about has replied, or waived it.
        ruled_by: who has ruled on what, whatever became of it.
        audited_by: who has looked at whose roll.
    """

    ballot_id: str
    notice: Notice | None = None
    legs: Mapping[str, Leg] = field(default_factory=dict)
    objections: Mapping[str, Objection] = field(default_factory=dict)
    stopped: BallotState | None = None
    disputes: frozenset[str] = frozenset()
    rulings: Rulings = NOTHING_RULED
    certificates: Sequence[Certificate] = ()
    round: str = "0"
    certified: Certified | None = None
    before: Certified | None = None
    doubles: Mapping[str, int] = field(default_factory=dict)
    replied: bool = False
    ruled_by: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    audited_by: frozenset[tuple[str, str]] = frozenset()
    classes: Mapping[str, Sequence[ToldClass]] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[str, ...]:
        """The ids of the objections that stand against consent."""
        return tuple(sorted(one.id for one in self.objections.values() if one.blocks))

    def basis(self) -> Basis:
        """Return what this node would compute the outcome from now.

        Once an outcome was certified, its seals stay: those that came later count by a ruling only.
        """
        assert self.notice is not None, "without a notice there is nothing to compute"
        excluded, fixed = self.rulings.excluded, self.certified or self.before
        parts = {
            leg.network: part
            for leg in self.legs.values()
            if leg.network not in excluded and (part := part_of(leg)) is not None
        }
        if fixed is not None:
            counted = {part.network for part in fixed.basis.parts if part.seal}
            counted |= self.rulings.admitted
            parts = {
                network: part if network in counted else replace(part, seal=None)
                for network, part in parts.items()
            }
        standing = self.standing if fixed is None else fixed.basis.standing
        return basis_of(self.notice, parts.values(), standing, self.classes)

    def provisional(self) -> Computed:
        """Return the outcome as far as this node knows; before the close nobody is shown it."""
        return computed(self.basis())
