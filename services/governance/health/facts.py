"""The facts that the signs of health are taken from, and what a sign gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

Pair = tuple[int, int]
"""A number as a pair of integers: a share of 3 in 8 is (3, 8), 14 days are (14, 1)."""
SMALL: Final = 5
"""Below so many people nothing about them is told."""


class Span(NamedTuple):
    """A span of time with its name: moments are stamps; ``until`` is the first after it."""

    name: str
    begins: str
    until: str

    def holds(self, at: str) -> bool:
        """Return whether a moment lies in it."""
        return bool(at) and self.begins <= at < self.until


class Answered(NamedTuple):
    """Something that was asked or objected, and when it was answered, or nothing."""

    at: str
    answered_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision whose ballot was counted.

    Args:
        kind: by which template.
        author: who has proposed it.
        noticed_at, opens_at: the notice lasts from the first to the second.
        amended: whether its words changed between the first version and the notice.
        candidates, seats: where a committee was elected; else 0.
        packed: whether its ballots can be counted again from a package.
    """

    kind: str
    author: str
    noticed_at: str
    opens_at: str
    closed_at: str
    adopted: bool
    cast: int
    roll: int
    amended: bool = False
    candidates: int = 0
    seats: int = 0
    owner: str = ""
    deadline: str = ""
    done: bool = False
    reported_at: str = ""
    packed: bool = True
    in_assembly: bool = False


class Sat(NamedTuple):
    """An assembly that was closed, and when its signed minutes were attached, or nothing."""

    closed_at: str
    signed_at: str


class Office(NamedTuple):
    """Somebody's mandate, with how many in a row it is and for how many days they have served."""

    person: str
    body: str
    begins: datetime
    until: datetime | None
    in_a_row: int


class Somebody(NamedTuple):
    """A person of the register, as far as they have declared; used in sums only."""

    person: str
    gender: str
    worker: bool
    worker_since: str
    member: bool
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What was declared of a year; what is None was not.

    Args:
        highest, lowest: full-time pay before deductions.
        surplus: by use, in the smallest unit.
        decided: the same as the members have decided it, where a decision is named.
        workers, member_workers: people who work in the network's enterprises, and members of them.
        turnover, outside: all business, and that with non-members.
        accounts_on: the day on which the accounts were published.
    """

    pay: Pair | None = None
    surplus: Mapping[str, int] | None = None
    decided: Mapping[str, int] | None = None
    workers: Pair | None = None
    business: Pair | None = None
    accounts_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the signs look at.

    Args:
        now: the moment at which they are taken.
        holders: how many votes each holder of delegations carries now.
        voters: how many could vote now.
    """

    now: str
    decisions: tuple[Decided, ...] = ()
    objections: tuple[Answered, ...] = ()
    questions: tuple[Answered, ...] = ()
    assemblies: tuple[Sat, ...] = ()
    offices: tuple[Office, ...] = ()
    people: tuple[Somebody, ...] = ()
    holders: tuple[int, ...] = ()
    voters: int = 0
    years: Mapping[int, Year] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a sign gives for a span: its value, or why there is none; and figures beside it."""

    value: Pair | None = None
    reason: str = ""
    beside: Mapping[str, Pair] = field(default_factory=lambda: MappingProxyType({}))


def nothing(reason: str) -> Reading:
    """Return that a sign has no value, and why."""
    return Reading(reason=reason)


def median(values: list[Pair]) -> Pair:
    """Return the median of some numbers; between two in the middle, the lower one."""
    assert values
    ordered = sorted(values, key=_Exactly)
    return ordered[(len(ordered) - 1) // 2]


class _Exactly:
    """Compares pairs without dividing."""

    __slots__ = ("d", "n")

    def __init__(self, pair: Pair) -> None:
        self.n, self.d = pair

    def __lt__(self, other: "_Exactly") -> bool:
        return self.n * other.d < other.n * self.d


def less(one: Pair, other: Pair) -> bool:
    """Return whether a number is less than another, exactly."""
    return one[0] * other[1] < other[0] * one[1]
