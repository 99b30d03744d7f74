"""The report of a count: what came out, and every step that led there, as data.

A report is a value of canonical JSON, so that two machines which counted the same ballots by the
same rule have the same bytes. ``words.told`` says it in sentences.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from shared.canonical import canonical

INTEGER_MAX: Final = 2**53 - 1


class Outcome(StrEnum):
    """What became of the question that was put."""

    ADOPTED = "adopted"
    REJECTED = "rejected"
    """It did not reach what the rule asks, or nobody could be chosen."""
    NO_QUORUM = "no-quorum"
    TIE_STATUS_QUO = "tie-status-quo"
    """As many for as against: all stays as it was."""
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a count gives.

    Args:
        rule: the name of the rule by which it was counted.
        winners: codes of options, in the order of their election or rank; none where the outcome
            is not ``chosen``.
        classes: how many ballots said what, in the few kinds that the method knows; together with
            the blank ones they are all that were cast.
        roll: how many could have voted.
        rounds: each a mapping with a ``kind`` that names its sentence, and its figures: integers,
            text, lists and mappings of them, shares as ``[n, d]``. Where figures are in parts of
            a vote, ``scale`` says how many parts are one.
        ties: what the lot, or the order of the list, had to decide: see ``ties.Lots``.
        allocation: whole numbers by code: percents of a surplus, costs that are met, a ratio.
    """

    rule: str
    outcome: Outcome
    winners: tuple[str, ...] = ()
    classes: Mapping[str, int] = field(default_factory=dict)
    cast: int = 0
    blank: int = 0
    roll: int = 0
    rounds: tuple[Mapping[str, Any], ...] = ()
    ties: tuple[Mapping[str, Any], ...] = ()
    allocation: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """State what must be true of every count."""
        assert sum(self.classes.values()) + self.blank == self.cast

    def as_data(self) -> dict[str, Any]:
        """Return the report as plain JSON, the same for the same count."""
        return {
            "rule": self.rule,
            "outcome": self.outcome.value,
            "winners": list(self.winners),
            "classes": dict(self.classes),
            "cast": self.cast,
            "blank": self.blank,
            "roll": self.roll,
            "rounds": [plain(one) for one in self.rounds],
            "ties": [plain(one) for one in self.ties],
            "allocation": dict(self.allocation),
        }

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the report's canonical JSON, in hex."""
        return hashlib.sha256(canonical(self.as_data())).hexdigest()


def plain(value: Any) -> Any:
    """Return a value with tuples as lists and mappings as dicts, all the way down.

    An integer beyond those of canonical JSON becomes its digits.
    """
    if isinstance(value, int) and abs(value) > INTEGER_MAX:
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return value
