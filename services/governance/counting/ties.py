"""Ties: what decides between equals after the method's own rule has not.

The public lot is the ascending order of SHA-256 over the ballot's id, the seed and the option's
code, written one after the other. The seed is the root over all ballots, which nobody knows before
the close; so nobody can choose an id or a vote to win a lot, and everybody can draw it again.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from services.governance.rules import Ties


def lot(ballot_id: str, seed: str, option: str) -> str:
    """Return an option's lot in a ballot, in hex; the smallest comes first.

    Args:
        seed: the root over the ballots, in hex.
        option: the option's code.
    """
    return hashlib.sha256(f"{ballot_id}{seed}{option}".encode()).hexdigest()


class Lots:
    """The order among equals in one count; it keeps what it had to decide.

    Args:
        options: the codes, in the order in which they are listed.
    """

    def __init__(self, *, ballot_id: str, seed: str, options: Sequence[str], ties: Ties) -> None:
        self.ties = ties
        self.drawn: list[dict[str, Any]] = []
        if ties is Ties.LISTED:
            self._keys = {code: f"{at:08d}" for at, code in enumerate(options)}
        else:
            self._keys = {code: lot(ballot_id, seed, code) for code in options}

    def key(self, option: str) -> str:
        """Return by what an option stands among its equals; the smallest comes first."""
        return self._keys[option]

    def ordered(self, tied: Iterable[str]) -> list[str]:
        """Return options in the order among equals, without a note of it."""
        return sorted(tied, key=self.key)

    def ranked(self, tied: Iterable[str], *, why: str, at: int = 0) -> list[str]:
        """Return equals in their order, and note that it decided something.

        Args:
            why: what was to be decided, as a word: ``elimination``, ``election``, ``surplus``.
            at: the number of the round.
        """
        order = self.ordered(tied)
        self._note(order, order, why, at)
        return order

    def first(self, tied: Iterable[str], *, why: str, at: int = 0) -> str:
        """Return the equal that comes first; where there are several, it is noted."""
        order = self.ordered(tied)
        self._note(order, order[:1], why, at)
        return order[0]

    def last(self, tied: Iterable[str], *, why: str, at: int = 0) -> str:
        """Return the equal that comes last: who is left out; several are noted."""
        order = self.ordered(tied)
        self._note(order, order[-1:], why, at)
        return order[-1]

    def note_pairs(self, order: list[list[str]]) -> None:
        """Note that equal majorities, each of one option over another, were ordered by the lot."""
        lots = [] if self.ties is Ties.LISTED else [self._keys[winner] for winner, _ in order]
        self.drawn.append(
            {
                "by": self.ties.value,
                "why": "pairs",
                "round": 0,
                "pairs": order,
                "lots": lots,
            }
        )

    def _note(self, order: list[str], result: list[str], why: str, at: int) -> None:
        if len(order) < 2:
            return
        lots = [] if self.ties is Ties.LISTED else [self._keys[code] for code in order]
        self.drawn.append(
            {
                "by": self.ties.value,
                "why": why,
                "round": at,
                "candidates": list(order),
                "result": list(result),
                "lots": lots,
            }
        )
