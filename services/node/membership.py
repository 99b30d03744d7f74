"""What a hub does about a decision on membership: rules as values, without a database.

An association decides how a network belongs to it; its hub turns that into how the network's node
is connected. Belonging is wider than the link: an observer votes on nothing and is connected all
the same.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final

from services.node.proposals import CAUSE_MAX, ActKind
from shared.contracts.membership import MembershipDecided
from shared.log.trust import Standing
from shared.refusals import Kind, Refusal

EMERGENCY: Final = timedelta(hours=72)
"""How long two stewards may set a node apart where only decisions do otherwise."""
EMERGENCY_AGAIN: Final = timedelta(days=30)
"""How long after an emergency the same node cannot be set apart so again, without a decision."""


class Deed(StrEnum):
    """What a hub does with a node's link."""

    ADMIT = "admit"
    LIMIT = "limit"
    QUARANTINE = "quarantine"
    CUT = "cut"
    RELEASE = "release"


DEEDS: Final[Mapping[str, Deed]] = {
    "admitted": Deed.ADMIT,
    "observer": Deed.ADMIT,
    "reinstated": Deed.ADMIT,
    "key-replaced": Deed.ADMIT,
    "suspended": Deed.LIMIT,
    "limited": Deed.LIMIT,
    "quarantined": Deed.QUARANTINE,
    "expelled": Deed.CUT,
    "withdrawn": Deed.CUT,
    "moved": Deed.RELEASE,
}

STANDING: Final[Mapping[Deed, Standing]] = {
    Deed.ADMIT: Standing.NORMAL,
    Deed.LIMIT: Standing.LIMITED,
    Deed.QUARANTINE: Standing.QUARANTINED,
    Deed.CUT: Standing.CUT,
}
"""How a node stands after a deed; one that is let go stands as it did."""

NEEDED: Final[Mapping[ActKind, str]] = {
    ActKind.ADMIT: "admitted",
    ActKind.LIMIT: "limited",
    ActKind.QUARANTINE: "quarantined",
    ActKind.CUT: "expelled",
    ActKind.RESTORE: "reinstated",
    ActKind.RELEASE: "moved",
}
"""By the act of stewards, the decision that does the same where an association has a charter.

An act of stewards is told to others in the same words.

Refusing a request is not among them: it takes nothing from anybody, and a decision admits the
network all the same.
"""


class DecisionNeeded(Refusal):
    """Stewards were to do what only their association decides."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "decision-needed"
    title: ClassVar[str] = "The association has a charter: this needs a decision of it"


class EmergencyOver(Refusal):
    """A node was to be set apart in an emergency again, without any decision meanwhile."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "emergency-over"
    title: ClassVar[str] = (
        "This node was set apart in an emergency before; now a decision is needed"
    )


class BrokenDecision(Refusal):
    """A decision does not say what one of its kind must."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "broken-decision"
    title: ClassVar[str] = "The decision does not say what one of its kind must"


def require_whole(decision: MembershipDecided) -> None:
    """Return quietly when a decision says what it must.

    Raises:
        BrokenDecision: it does not.
    """
    lacks = {
        "suspended": decision.until is None or decision.until <= decision.valid_from,
        "key-replaced": decision.was is None or decision.was == decision.node,
        "moved": decision.to is None or decision.to == decision.node,
    }
    if lacks.get(decision.what, False):
        raise BrokenDecision(f"{decision.what} of {decision.node}")


def deed_of(decision: MembershipDecided, *, hub: str) -> Deed:
    """Return what a hub does about a decision: whoever moves is let go by one and taken by another.

    Args:
        decision: of the hub's own association.
        hub: the hub's name.
    """
    if decision.what == "moved" and decision.to == hub:
        return Deed.ADMIT
    return DEEDS[decision.what]


def words_of(decision: MembershipDecided) -> str:
    """Return why a hub acts, as everybody reads it beside the node's name."""
    cause = decision.cause
    text = f"{cause.ground} (ballot {cause.ballot}, outcome {cause.outcome})"
    assert len(text) <= CAUSE_MAX
    return text
