"""The register's things and rules: persons under pseudonyms, members, mandates with terms."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from shared.clock import moment, stamp
from shared.refusals import Kind, Refusal
from shared.terms import Term

TERM_MAX: Final = timedelta(days=3_660)
"""The longest term of a mandate: ten years."""
AHEAD_MAX: Final = timedelta(days=366)
"""How long before it begins a mandate may be given."""
NOTE_MAX: Final = 1_000
NUMBER_MAX: Final = 60
YEAR_MIN: Final = 1900
YEAR_MAX: Final = 2200
_GIVER: Final = re.compile(r"[a-z0-9][a-z0-9:._-]{0,127}")


class UnknownPerson(Refusal):
    """A person is not in the register."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-person"
    title: ClassVar[str] = "The register has no person of this id"


class UnknownEntity(Refusal):
    """An entity is not in this network's directory."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-entity"
    title: ClassVar[str] = "This network's directory has no entity of this id"


class PersonGone(Refusal):
    """A person has left the register."""

    kind: ClassVar[Kind] = Kind.GONE
    slug: ClassVar[str] = "person-gone"
    title: ClassVar[str] = "This person has left the register; nothing is kept of them"


class PersonKnown(Refusal):
    """A person was to be entered under an id that is in use."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "person-known"
    title: ClassVar[str] = "This id is in the register already; an id is used once for ever"


class NumberTaken(Refusal):
    """Two persons were to have one number in the network's own book."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "number-taken"
    title: ClassVar[str] = "Another person has this number"


class NotAMember(Refusal):
    """Somebody was to leave who is no member."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-a-member"
    title: ClassVar[str] = "They are no member, or none any more"


class MandateOverlaps(Refusal):
    """A person was given a mandate for a time in which they hold one of the same entity."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "mandate-overlaps"
    title: ClassVar[str] = "They hold a mandate of this entity in that time already"


class BadTerm(Refusal):
    """The term of a mandate is not one that can be given."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-term"
    title: ClassVar[str] = "A term ends after it begins, within ten years; it begins within a year"


class MandateOver(Refusal):
    """A mandate was to be ended that has ended."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "mandate-over"
    title: ClassVar[str] = "This mandate has ended already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person of the register; moments are stamps, and empty where they are not set."""

    id: str
    revision: int
    since: str
    left_at: str = ""
    gender: str = ""
    worker: bool = False
    worker_since: str = ""
    number: str = ""
    note: str = ""
    key: int = 0

    def declared(self) -> tuple[object, ...]:
        """Return what the log tells of them."""
        return self.gender, self.worker, self.worker_since


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person or an entity as a member, or as one that has been."""

    id: str
    revision: int
    standing: str
    groups: tuple[str, ...]
    since: str
    left_at: str = ""
    reason: str = ""
    key: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """For which entity a person may act, and from when to when."""

    id: str
    revision: int
    person: str
    entity: str
    begins: str
    ends: str = ""
    given_by: str
    ended_at: str = ""
    reason: str = ""
    key: int = 0

    @property
    def until(self) -> str:
        """The first moment at which it holds no more, or nothing."""
        return min((one for one in (self.ends, self.ended_at) if one), default="")

    def term(self) -> Term:
        """Return the time in which it holds."""
        return Term(moment(self.begins), moment(self.until) if self.until else None)

    def over(self, at: str) -> bool:
        """Return whether at a moment it has ended, by its term or before it."""
        return bool(self.ended_at or (self.ends and self.ends <= at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that has happened to somebody in the register."""

    key: int
    what: str
    at: str
    by: str
    detail: dict[str, Any]


def giver(caller: str) -> str:
    """Return who records something, as the log may say it: ids of another form are left out."""
    return caller if _GIVER.fullmatch(caller) else "somebody"


def of_our_time(at: datetime) -> datetime:
    """Return a moment that a register can hold; years far away are slips of the pen.

    Raises:
        ValueError: it is before 1900 or after 2200.
    """
    if not YEAR_MIN <= at.year <= YEAR_MAX:
        raise ValueError(f"a moment lies between {YEAR_MIN} and {YEAR_MAX}")
    return at


def is_entity(member_id: str) -> bool:
    """Return whether a member's id is an entity's."""
    return ":" in member_id


def checked_term(begins: datetime, ends: datetime | None, *, now: datetime) -> Term:
    """Return a term that can be given; one that is over may be noted, for the record.

    Raises:
        BadTerm: it ends before it begins, lasts too long, or begins too far ahead.
    """
    if ends is not None and not timedelta() < ends - begins <= TERM_MAX:
        raise BadTerm()
    if begins - now > AHEAD_MAX:
        raise BadTerm(f"it begins more than {AHEAD_MAX.days} days from now")
    return Term(moment(stamp(begins)), moment(stamp(ends)) if ends else None)


def require_free(term: Term, others: Iterable[Mandate]) -> None:
    """Refuse a term that overlaps another mandate of the same person and entity.

    Raises:
        MandateOverlaps
    """
    for one in others:
        held = one.term()
        if (held.until is None or held.begins < held.until) and held.overlaps(term):
            raise MandateOverlaps(f"from {one.begins}", mandate=one.id)
