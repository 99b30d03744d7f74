"""How options stand against each other in a count by rounds, now and in its earlier rounds."""

from collections.abc import Sequence

from services.governance.counting.ties import Lots


class Standing:
    """The votes of all options, round by round.

    Args:
        earlier: whether equals are told apart by the latest earlier round in which they differ.
    """

    def __init__(self, codes: Sequence[str], lots: Lots, *, earlier: bool = True) -> None:
        self.codes = tuple(codes)
        self.lots = lots
        self._earlier = earlier
        self._rounds: list[dict[int, int]] = []

    @property
    def round(self) -> int:
        """The number of the round that was noted last."""
        return len(self._rounds)

    def note(self, votes: dict[int, int]) -> None:
        """Take down the votes of a round."""
        self._rounds.append(votes)

    def strongest_first(self, options: Sequence[int], *, why: str) -> list[int]:
        """Return options by their votes, the most first; equals by the lot, which is noted."""
        found: list[int] = []
        for past in sorted({self._past(option) for option in options}, reverse=True):
            found += self._by_lot([one for one in options if self._past(one) == past], why)
        return found

    def strongest(self, options: Sequence[int], *, why: str) -> int:
        """Return the option with the most votes."""
        best = max(self._past(option) for option in options)
        equals = [self.codes[one] for one in options if self._past(one) == best]
        return self.codes.index(self.lots.first(equals, why=why, at=self.round))

    def weakest(self, options: Sequence[int], *, why: str) -> int:
        """Return the option with the fewest votes; of equals the one whose lot comes last."""
        least = min(self._past(option) for option in options)
        equals = [self.codes[one] for one in options if self._past(one) == least]
        return self.codes.index(self.lots.last(equals, why=why, at=self.round))

    def _past(self, option: int) -> tuple[int, ...]:
        """Return an option's votes from the last round back."""
        rounds = reversed(self._rounds) if self._earlier else self._rounds[-1:]
        return tuple(votes.get(option, 0) for votes in rounds)

    def _by_lot(self, equals: list[int], why: str) -> list[int]:
        if len(equals) < 2:
            return equals
        order = self.lots.ranked([self.codes[one] for one in equals], why=why, at=self.round)
        return [self.codes.index(code) for code in order]
