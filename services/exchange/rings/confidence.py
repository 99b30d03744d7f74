"""How likely it is that somebody says yes: learned from answers, kind to newcomers.

Source: the mean of a Beta distribution with a prior of nine yes to one no.
"""

from dataclasses import dataclass
from typing import Final

YES_FIRST: Final = 9
NO_FIRST: Final = 1
LEAST: Final = 500
MOST: Final = 980
"""The bounds per mille: nobody is written off, and nobody is taken for granted."""


@dataclass(frozen=True, slots=True)
class Record:
    """How often a member, or an arc of a class, was confirmed and how often not."""

    yes: int = 0
    no: int = 0


def confidence(record: Record) -> int:
    """Return the probability of a yes, per mille, from 500 to 980."""
    yes, no = YES_FIRST + record.yes, NO_FIRST + record.no
    return max(LEAST, min(MOST, 1000 * yes // (yes + no)))


def learned(record: Record, *, accepted: bool | None, seen: bool) -> Record:
    """Return a record after a proposal.

    Args:
        accepted: the answer; None for silence.
        seen: whether the proposal was looked at, or a steward told of it; silence of somebody who
            has not seen it changes nothing.
    """
    if accepted is None and not seen:
        return record
    return Record(record.yes + 1, record.no) if accepted else Record(record.yes, record.no + 1)
