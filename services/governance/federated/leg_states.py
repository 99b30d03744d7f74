"""The states of a leg, the part of one network in a ballot; its faults; and a leg itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.governance.federated.seals import SealedRoll
from shared.contracts.seals import Seal


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
