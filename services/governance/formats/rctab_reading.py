"""How the marks on a ballot become an order of candidates: the reading part of a configuration."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

OVERVOTE: Final = "\0overvote"
"""A mark that says of itself that there were too many at its rank."""

Marks = tuple[tuple[int, tuple[str, ...]], ...]
"""A ballot: ranks from 1 on, each with the candidates marked at it; empty ranks are left out."""


class Overvotes(StrEnum):
    """What several candidates at one rank do."""

    SKIP = "alwaysSkipToNextRank"
    EXHAUST = "exhaustImmediately"


class End(StrEnum):
    """Why a ballot counts for nobody any more, once its order is used up."""

    CHOICES = "exhausted-choices"
    OVERVOTE = "overvote"
    SKIPPED = "skipped-ranks"
    REPEATED = "repeated-candidate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The rules of reading.

    Args:
        skipped_max: how many ranks in a row may be empty; nothing for as many as there are.
        repeated_ends: whether a candidate who is ranked twice ends the ballot there.
    """

    overvotes: Overvotes
    skipped_max: int | None
    repeated_ends: bool


def read_marks(marks: Marks, like: Reading) -> tuple[tuple[str, ...], End]:
    """Return the candidates of a ballot in their order, and why it ends behind the last one."""
    order: list[str] = []
    seen: set[str] = set()
    last = 0
    for rank, candidates in marks:
        if like.skipped_max is not None and rank - last > like.skipped_max + 1:
            return tuple(order), End.SKIPPED
        last = rank
        if like.repeated_ends:
            if not seen.isdisjoint(candidates):
                return tuple(order), End.REPEATED
            seen.update(candidates)
        if len(candidates) > 1 or OVERVOTE in candidates:
            if like.overvotes is Overvotes.EXHAUST:
                return tuple(order), End.OVERVOTE
            if rank == marks[-1][0]:
                return tuple(order), End.CHOICES
            continue
        order += [candidate for candidate in candidates if candidate not in order]
    return tuple(order), End.CHOICES


def grouped(
    ballots: Iterable[tuple[Marks, int]], like: Reading
) -> tuple[dict[tuple[tuple[str, ...], End], int], int]:
    """Return equal orders with their number, and how many ballots have no mark at all."""
    found: dict[tuple[tuple[str, ...], End], int] = {}
    blank = 0
    for marks, number in ballots:
        if not marks:
            blank += number
            continue
        read = read_marks(marks, like)
        found[read] = found.get(read, 0) + number
    return found, blank


def ranked(candidates: Sequence[tuple[int, str]]) -> Marks:
    """Return marks ``(rank, candidate)`` as a ballot, by rank."""
    ranks: dict[int, list[str]] = {}
    for rank, candidate in candidates:
        ranks.setdefault(rank, []).append(candidate)
    return tuple((rank, tuple(sorted(set(ranks[rank])))) for rank in sorted(ranks))
