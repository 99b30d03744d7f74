"""A ring as an owner's node knows it: what each of its parties has said, and what is held.

A hold ends by the owner's own clock only as long as no yes was sent. From then on it is in doubt,
and only the decider ends it, or two stewards.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final

from shared.contracts.rings import FINAL, Entry, RingPlan, RingState, What
from shared.refusals import Kind, Refusal


class PartState(StrEnum):
    """Where a party stands in a ring, at its own node."""

    HELD = "held"
    """Its slots are held; it has not answered."""
    ACCEPTED = "accepted"
    """Its yes was sent: its slots are firm until the decider answers."""
    DECLINED = "declined"
    EXPIRED = "expired"
    """Its hold has ended by this node's clock, before it answered."""
    COMMITTED = "committed"
    """The ring is confirmed; its slots are bound until the end."""
    ENDED = "ended"
    RESOLVED = "resolved"
    """Two stewards have ended the doubt."""


HOLDING: Final = frozenset({PartState.HELD, PartState.ACCEPTED, PartState.COMMITTED})
SOFT: Final = frozenset({PartState.HELD})
"""The states in which a hold ends by the owner's own clock."""


class RingClosed(Refusal):
    """A ring takes no more answers: it was confirmed, withdrawn, or its time is over."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "ring-closed"
    title: ClassVar[str] = "This ring takes no more answers"


class NotUnderWay(Refusal):
    """Something was reported of a ring in which nothing is being delivered."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "ring-not-under-way"
    title: ClassVar[str] = "Nothing is being delivered in this ring"


class NotInDoubt(Refusal):
    """Stewards were to end a doubt where there is none, or too early."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "ring-not-in-doubt"
    title: ClassVar[str] = "This ring is not in doubt; its decider is being asked"


class SameSteward(Refusal):
    """One steward wanted to be both of the two who end a doubt."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "same-steward"
    title: ClassVar[str] = "A doubt is ended by two stewards, not by one of them twice"


class ContactMissing(Refusal):
    """Somebody agreed to hand on their contact, and gave none."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "contact-missing"
    title: ClassVar[str] = "Who agrees to hand on a contact gives one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long things wait at this node.

    Args:
        ask_first, ask_most: the wait before a question is repeated doubles from one to the other.
        hold_grace: how long after the deadline a soft hold ends by our own clock.
        doubt_after: how long after the deadline stewards may end a doubt.
        erase_after: when contacts and notes are erased after a ring has ended.
    """

    ask_first: timedelta = timedelta(minutes=15)
    ask_most: timedelta = timedelta(days=1)
    hold_grace: timedelta = timedelta(hours=12)
    doubt_after: timedelta = timedelta(days=14)
    erase_after: timedelta = timedelta(days=90)

    def wait(self, tries: int) -> timedelta:
        """Return how long to wait after so many questions without an answer."""
        return min(self.ask_first * (1 << min(tries, 16)), self.ask_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What an owner's node was told of a ring.

    Args:
        refused: why its slots could not be held, or nothing.
    """

    plan: RingPlan
    state: RingState
    entries: tuple[Entry, ...]
    refused: str = ""
    tries: int = 0
    erased: bool = False

    @property
    def version(self) -> int:
        """How much of its history we were told."""
        return len(self.entries)

    @property
    def opened(self) -> bool:
        """Whether the parties are asked: every slot of the ring was held."""
        return any(entry.what is What.OPENED for entry in self.entries)

    @property
    def final(self) -> bool:
        """Whether its decider has said that it has ended."""
        return self.state in FINAL


def is_later(known: Copy, entries: int, state: RingState) -> bool:
    """Return whether what we are told goes on from what we know.

    A tombstone is shorter than what we know where the decider has forgotten: it counts all the
    same, as long as nothing was confirmed.
    """
    if known.final:
        return False
    if state is RingState.WITHDRAWN:
        return known.state is RingState.PROPOSED
    return entries > known.version
