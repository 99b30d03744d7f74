"""An assembly as it stands, folded from the steps that were recorded of it.

Folding judges nothing: what may follow is in ``judging``, which looks at a step before it is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from functools import singledispatch
from types import MappingProxyType
from typing import Any, Final

from services.governance.assemblies import steps as said
from services.governance.assemblies.steps import Called, Sent, Signed, Step


class Stand(StrEnum):
    """Where an assembly stands."""

    CALLED = "called"
    DOORS = "doors"
    """People come in; the session is not open yet."""
    OPEN = "open"
    ADJOURNED = "adjourned"
    """The first call had no quorum; the second one is awaited."""
    CLOSED = "closed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({Stand.CLOSED, Stand.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A step with who recorded it and when."""

    number: int
    step: Step
    by: str
    at: str

    @property
    def happened_at(self) -> str:
        """When it happened, as far as it was entered later than that."""
        return self.step.happened_at or self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A vote in the room: a member's own, or one for which a member who is there stands."""

    since: str
    holder: str = ""
    acts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """One teller's count."""

    yes: int
    no: int
    blank: int

    @property
    def all(self) -> int:
        """How many hands were raised at all."""
        return self.yes + self.no + self.blank


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point of the agenda as it stands.

    Args:
        votes: how many votes were in the room when it was put to the vote.
        turn: which count of hands it is; two counts that differ begin the next one.
        counts: of this turn, by teller.
        differed: whether the counts before this turn differed.
        report: the result, once it is declared.
    """

    opened_at: str = ""
    votes: int = 0
    decision: str = ""
    turn: int = 1
    counts: Mapping[str, Hands] = field(default_factory=lambda: MappingProxyType({}))
    agreed: Hands | None = None
    differed: bool = False
    report: Mapping[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is being voted on."""
        return bool(self.opened_at) and self.report is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """An assembly.

    Args:
        turn: 1 at the first call, 2 at the second.
        sendings: the proofs of sending of the call that is under way.
        seats: the votes in the room, by member.
        points: those of the agenda that were put to a vote, by their number from 1.
        last_vote_at: when a vote was last opened.
        last_at: when the last thing in the room happened.
    """

    call: Called
    called_at: str
    meets_at: str
    place: Mapping[str, str]
    chair: str
    secretary: str
    tellers: tuple[str, ...]
    stand: Stand = Stand.CALLED
    turn: int = 1
    sendings: tuple[tuple[str, Sent], ...] = ()
    roll_root: str = ""
    roll_size: int = 0
    seats: Mapping[str, Seat] = field(default_factory=lambda: MappingProxyType({}))
    points: Mapping[int, Point] = field(default_factory=lambda: MappingProxyType({}))
    first_meets_at: str = ""
    opened_at: str = ""
    closed_at: str = ""
    last_vote_at: str = ""
    last_at: str = ""
    additions: int = 0
    signed: tuple[Signed, ...] = ()

    @property
    def votes(self) -> int:
        """How many votes are in the room, present and represented."""
        return len(self.seats)

    @property
    def present(self) -> int:
        """How many members are in the room in person, or by the delegate of their entity."""
        return sum(not seat.holder for seat in self.seats.values())

    @property
    def open_point(self) -> int:
        """The number of the point that is being voted on, or 0."""
        return next((number for number, point in self.points.items() if point.is_open), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """The quorum as it stands: how many votes are there, and how many are needed."""

    call: int
    roll: int
    present: int
    represented: int
    needed: int

    @property
    def met(self) -> bool:
        """Whether enough are there."""
        return self.present + self.represented >= max(self.needed, 1)


def meter(assembly: Assembly) -> Meter:
    """Return the quorum of the call that is under way; where none is asked for, one is enough."""
    quorum, share = assembly.call.quorum, Fraction(0)
    if quorum is not None:
        asked = quorum.share
        if assembly.turn == 2 and quorum.second_call is not None:
            asked = quorum.second_call.share
        share = Fraction(asked.n, asked.d)
    # The smallest whole number that is at least the share.
    needed = -(-assembly.roll_size * share.numerator // share.denominator)
    return Meter(
        call=assembly.turn,
        roll=assembly.roll_size,
        present=assembly.present,
        represented=assembly.votes - assembly.present,
        needed=needed,
    )


def folded(record: Iterable[Recorded]) -> Assembly:
    """Return an assembly from its record; the first step is its call."""
    given = iter(record)
    first = next(given)
    assert isinstance(first.step, Called), "a record begins with the call"
    assembly = _begun(first)
    for one in given:
        assembly = after(assembly, one)
    return assembly


def _begun(first: Recorded) -> Assembly:
    call = first.step
    assert isinstance(call, Called)
    return Assembly(
        call=call,
        called_at=first.at,
        meets_at=call.meets_at,
        first_meets_at=call.meets_at,
        place=call.place,
        chair=call.chair,
        secretary=call.secretary,
        tellers=call.tellers,
    )


def after(assembly: Assembly, one: Recorded) -> Assembly:
    """Return an assembly after a step."""
    changed = _after(one.step, assembly, one)
    if isinstance(one.step, Sent | said.Named | said.Added | said.Signed | said.CalledAgain):
        return changed
    return replace(changed, last_at=one.happened_at)


@singledispatch
def _after(step: Any, assembly: Assembly, one: Recorded) -> Assembly:
    """Return an assembly after a step that says something and changes nothing."""
    return assembly


@_after.register
def _(step: Sent, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(assembly, sendings=(*assembly.sendings, (one.happened_at, step)))


@_after.register
def _(step: said.CalledAgain, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(
        assembly,
        stand=Stand.CALLED,
        turn=2,
        meets_at=step.meets_at,
        place=step.place or assembly.place,
        sendings=(),
        seats=MappingProxyType({}),
    )


@_after.register
def _(step: said.Named, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(
        assembly, chair=step.chair, secretary=step.secretary, tellers=tuple(step.tellers)
    )


@_after.register
def _(step: said.DoorsOpened, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(assembly, stand=Stand.DOORS, roll_root=step.roll_root, roll_size=step.roll_size)


@_after.register
def _(step: said.Arrived, assembly: Assembly, one: Recorded) -> Assembly:
    return _seated(assembly, step.voter, Seat(since=one.happened_at, acts=step.acts))


@_after.register
def _(step: said.Represented, assembly: Assembly, one: Recorded) -> Assembly:
    return _seated(assembly, step.voter, Seat(since=one.happened_at, holder=step.holder))


@_after.register(said.Left)
@_after.register(said.Struck)
def _(step: said.Left | said.Struck, assembly: Assembly, one: Recorded) -> Assembly:
    stay = {
        voter: seat
        for voter, seat in assembly.seats.items()
        if step.voter not in (voter, seat.holder)
    }
    return replace(assembly, seats=MappingProxyType(stay))


@_after.register
def _(step: said.Opened, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(assembly, stand=Stand.OPEN, opened_at=one.happened_at)


@_after.register
def _(step: said.NotQuorate, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(assembly, stand=Stand.ADJOURNED, seats=MappingProxyType({}))


@_after.register
def _(step: said.VoteOpened, assembly: Assembly, one: Recorded) -> Assembly:
    point = Point(opened_at=one.happened_at, votes=assembly.votes, decision=step.decision)
    return replace(_with_point(assembly, step.item, point), last_vote_at=one.happened_at)


@_after.register
def _(step: said.HandsCounted, assembly: Assembly, one: Recorded) -> Assembly:
    point = assembly.points[step.item]
    hands = Hands(yes=step.yes, no=step.no, blank=step.blank)
    counts = {**point.counts, one.by: hands}
    if len(counts) < 2:
        point = replace(point, counts=MappingProxyType(counts))
    elif len(set(counts.values())) == 1:
        point = replace(point, counts=MappingProxyType(counts), agreed=hands, differed=False)
    else:
        empty: Mapping[str, Hands] = MappingProxyType({})
        point = replace(point, counts=empty, turn=point.turn + 1, differed=True)
    return _with_point(assembly, step.item, point)


@_after.register
def _(step: said.Declared, assembly: Assembly, one: Recorded) -> Assembly:
    point = replace(assembly.points[step.item], report=step.report)
    return _with_point(assembly, step.item, point)


@_after.register
def _(step: said.Closed, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(assembly, stand=Stand.CLOSED, closed_at=one.happened_at)


@_after.register
def _(step: said.Cancelled, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(assembly, stand=Stand.CANCELLED)


@_after.register
def _(step: said.Added, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(assembly, additions=assembly.additions + 1)


@_after.register
def _(step: Signed, assembly: Assembly, one: Recorded) -> Assembly:
    return replace(assembly, signed=(*assembly.signed, step))


def _seated(assembly: Assembly, voter: str, seat: Seat) -> Assembly:
    return replace(assembly, seats=MappingProxyType({**assembly.seats, voter: seat}))


def _with_point(assembly: Assembly, number: int, point: Point) -> Assembly:
    return replace(assembly, points=MappingProxyType({**assembly.points, number: point}))
