"""Terms of office: which mandate in a row somebody holds, and for how long they have held it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

PAUSE: Final = timedelta(days=365)
"""A pause of at least so long ends a row of mandates."""


class Term(NamedTuple):
    """A span of time in which somebody acts for an entity.

    Args:
        begins: the first moment.
        until: the first moment after it, or None where no end is set.
    """

    begins: datetime
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        """Return whether a moment lies in it."""
        return self.begins <= at and (self.until is None or at < self.until)

    def overlaps(self, other: "Term") -> bool:
        """Return whether some moment lies in both."""
        return (other.until is None or self.begins < other.until) and (
            self.until is None or other.begins < self.until
        )


def numbered(terms: Iterable[Term]) -> list[tuple[Term, int]]:
    """Return terms in their order, each with its number in its row, from 1.

    Terms that overlap belong to one row, too. What ended before it began was never held, and does
    not count.
    """
    told: list[tuple[Term, int]] = []
    number = 0
    reached: datetime | None = None
    for term in sorted(_held(terms), key=lambda one: one.begins):
        broken = not told or (reached is not None and term.begins - reached >= PAUSE)
        number = 1 if broken else number + 1
        if broken:
            reached = term.until
        elif reached is not None:
            reached = None if term.until is None else max(reached, term.until)
        told.append((term, number))
    return told


def in_a_row(terms: Iterable[Term], at: datetime) -> int:
    """Return how many mandates in a row somebody has held at a moment; 0 after a long pause.

    The one that runs counts. What begins later does not.
    """
    begun = [term for term in terms if term.begins <= at]
    told = numbered(begun)
    if not told:
        return 0
    return told[-1][1] if _last_end(begun, at) + PAUSE > at else 0


def tenure(terms: Sequence[Term], at: datetime) -> timedelta:
    """Return for how long somebody has acted until a moment; time that overlaps counts once."""
    whole = timedelta()
    reached: datetime | None = None
    for term in sorted(_held(terms), key=lambda one: one.begins):
        begins = term.begins if reached is None else max(term.begins, reached)
        until = at if term.until is None else min(term.until, at)
        if until > begins:
            whole += until - begins
            reached = until
    return whole


def _held(terms: Iterable[Term]) -> list[Term]:
    return [one for one in terms if one.until is None or one.begins < one.until]


def _last_end(terms: Sequence[Term], at: datetime) -> datetime:
    return max(at if one.until is None or one.until > at else one.until for one in _held(terms))
