"""Who acts in a decision, and in what quality."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from services.governance.process.facts import NODE
from services.governance.process.refusals import NoSuchPart, NotKeeper, NotProposer, NoWords
from services.governance.process.state import Decision
from shared import cleaning
from shared.clock import stamp

FACILITATOR: Final = "facilitator"
PROPOSER: Final = "proposer"
PANEL: Final = "panel"
"""Who judges appeals."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who acts.

    Args:
        person: their pseudonymous id.
        steward: whether they look after the network's decisions.
        auditor: whether they look into its books.
        entities: for which entities they may speak.
    """

    person: str
    steward: bool = False
    auditor: bool = False
    entities: frozenset[str] = frozenset()

    @property
    def voters(self) -> frozenset[str]:
        """As whom they may stand in a roll."""
        return frozenset({f"p:{self.person}", *(f"e:{one}" for one in self.entities)})


CLOCK: Final = Actor(person=NODE, steward=True)
"""The node's own clock, for what happens when its time has come."""


def taken(actor: Actor, now: datetime) -> dict[str, Any]:
    """Return what every step says: by whom it was taken, and when."""
    return {"by": actor.person, "at": stamp(now)}


def keeps(decision: Decision, actor: Actor) -> bool:
    """Return whether somebody looks after a decision: a steward, or who facilitates it."""
    return actor.steward or actor.person in decision.roles.get(FACILITATOR, ())


def proposes(decision: Decision, actor: Actor) -> bool:
    """Return whether it is somebody's own proposal, or that of an entity for which they speak."""
    return (
        actor.person == decision.proposer
        or actor.person in decision.roles.get(PROPOSER, ())
        or bool(decision.entity and decision.entity in actor.entities)
    )


def require_keeper(decision: Decision, actor: Actor) -> None:
    """Return quietly where somebody looks after a decision.

    Raises:
        NotKeeper
    """
    if not keeps(decision, actor):
        raise NotKeeper()


def require_proposer(decision: Decision, actor: Actor) -> None:
    """Return quietly where it is somebody's own proposal.

    Raises:
        NotProposer
    """
    if not proposes(decision, actor):
        raise NotProposer()


def part(items: Sequence[T], number: int) -> T:
    """Return the thing of a number, from 1.

    Raises:
        NoSuchPart
    """
    if not 1 <= number <= len(items):
        raise NoSuchPart(f"there is no number {number}")
    return items[number - 1]


def line(text: str) -> str:
    """Return a text as one clean line.

    Raises:
        NoWords: nothing of it can be seen.
    """
    clean = cleaning.line(text)
    if not clean:
        raise NoWords()
    return clean


def prose(text: str) -> str:
    """Return a text cleaned, which may have several lines.

    Raises:
        NoWords: nothing of it can be seen.
    """
    clean = cleaning.prose(text)
    if not clean:
        raise NoWords()
    return clean


def maybe(text: str) -> str:
    """Return a text cleaned; it may be empty."""
    return cleaning.prose(text)
