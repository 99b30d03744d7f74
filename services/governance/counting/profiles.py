"""Ballots of a count in the form in which they are counted: equal ones once, with their number.

Everything after the reading works on these classes of equal ballots, so that a count costs as much
as there are different ballots. Numbers are int64; where they could outgrow it, Python's own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

Integers = NDArray[Any]
"""An array of whole numbers: of int64, or of Python's integers where those do not suffice."""

INT64_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Ranked ballots.

    Args:
        codes: the options, in the order in which they are listed.
        ranks: a row for each class, a column for each option: 0 for the first rank, then 1; options
            of equal rank have the same number. What is not ranked has ``len(codes)``.
        counts: how many ballots a class has.
    """

    codes: tuple[str, ...]
    ranks: Integers
    counts: Integers

    @classmethod
    def of(cls, codes: Sequence[str], choices: Iterable[tuple[Mapping[str, Any], int]]) -> Self:
        """Return the ballots of choices ``{"ranks": [[code, ...], ...]}``, with multiplicity."""
        # Bytes as keys, because a million small tuples would cost more than the count.
        numbers: dict[bytes, int] = {}
        classes: list[Sequence[Sequence[str]]] = []
        for choice, number in choices:
            key = orjson.dumps(choice["ranks"])
            if key in numbers:
                numbers[key] += number
            else:
                numbers[key] = number
                classes.append(choice["ranks"])
        column = {code: at for at, code in enumerate(codes)}
        # Long lists of numbers are put in their places at once: what a ballot has is few, how many
        # ballots there are is not.
        groups = [group for ranks in classes for group in ranks]
        columns = [column[code] for group in groups for code in group]
        sizes = np.fromiter(map(len, groups), np.int64, len(groups))
        lengths = np.fromiter(map(len, classes), np.int64, len(classes))
        rows = np.repeat(np.repeat(np.arange(len(classes)), lengths), sizes)
        starts = np.repeat(lengths.cumsum() - lengths, lengths)
        places = np.repeat(np.arange(len(groups)) - starts, sizes)
        table = np.full((len(classes), len(codes)), len(codes), dtype=np.int16)
        table[rows, columns] = places
        return cls(tuple(codes), table, np.fromiter(numbers.values(), np.int64, len(classes)))

    @property
    def voters(self) -> int:
        """How many ballots there are."""
        return int(self.counts.sum())

    def orders(self) -> Integers:
        """Return for each class the options that stand alone at their rank, the first one first.

        Several options at one rank are no vote that could be given to one of them: the rank is
        passed over. Passed over and not ranked is -1.
        """
        order = np.argsort(self.ranks, axis=1, kind="stable").astype(np.int16)
        places = np.take_along_axis(self.ranks, order, axis=1)
        alone = places < len(self.codes)
        same = places[:, 1:] == places[:, :-1]
        alone[:, 1:] &= ~same
        alone[:, :-1] &= ~same
        order[~alone] = -1
        return order


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Graded ballots; a grade that was not given is -1.

    Args:
        grades: a row for each class, a column for each option.
        counts: how many ballots a class has.
    """

    codes: tuple[str, ...]
    grades: Integers
    counts: Integers

    @classmethod
    def of(cls, codes: Sequence[str], choices: Iterable[tuple[Mapping[str, Any], int]]) -> Self:
        """Return the ballots of choices ``{"scores": {code: grade}}``, with multiplicity."""
        classes: dict[tuple[int, ...], int] = {}
        for choice, number in choices:
            scores = choice["scores"]
            row = tuple(scores.get(code, -1) for code in codes)
            classes[row] = classes.get(row, 0) + number
        table = np.array(list(classes), dtype=np.int64).reshape(len(classes), len(codes))
        return cls(tuple(codes), table, np.fromiter(classes.values(), np.int64, len(classes)))


class Piles:
    """Ballots lying with the option that each counts for now, as they wander in a count by rounds.

    Args:
        codes: the options.
        orders: a row for each class: the options in their order, -1 where there is none.
        counts: how many ballots a class has.
        scale: how many parts a vote has.
    """

    def __init__(
        self, codes: Sequence[str], orders: Integers, counts: Integers, *, scale: int = 1
    ) -> None:
        self.codes = tuple(codes)
        self._orders = orders
        # A value is at most the scale, a surplus at most all votes in parts: their product has to
        # fit, else Python's own integers are used, which are slower and have no end.
        fits = scale * scale * max(1, int(counts.sum())) <= INT64_MAX
        self._counts = counts if fits else counts.astype(object)
        self.values = np.full(len(counts), scale, dtype=np.int64 if fits else object)
        # One place more than there are options: -1, nothing, is never open.
        self.open = np.ones(len(self.codes) + 1, dtype=bool)
        self.open[-1] = False
        self.ended: Integers = np.empty(0, dtype=np.int64)
        self._lying: list[Integers] = [self.ended for _ in self.codes]
        self.total = int(counts.sum()) * scale
        self._pass(np.arange(len(counts)))

    def votes(self, option: int) -> int:
        """Return what an option has, in parts of a vote."""
        return self._sum(self._lying[option])

    def exhausted(self) -> int:
        """Return what counts for nobody any more, in parts of a vote."""
        return self._sum(self.ended)

    def worth(self, which: Integers) -> int:
        """Return what some of the classes are worth, in parts of a vote."""
        return self._sum(which)

    def close(self, options: Iterable[int]) -> None:
        """Let options receive nothing from now on."""
        self.open[list(options)] = False

    def pass_on(self, option: int) -> None:
        """Give the ballots of an option to the next open one on each, at the value they have."""
        moving, self._lying[option] = self._lying[option], np.empty(0, dtype=np.int64)
        self._pass(moving)

    def reduce(self, option: int, part: int, whole: int) -> None:
        """Let each ballot of an option have ``part / whole`` of its value, cut off."""
        those = self._lying[option]
        self.values[those] = self.values[those] * part // whole

    def settle(self, option: int) -> None:
        """Take away the ballots of an option, which keeps what they are worth."""
        self._lying[option] = np.empty(0, dtype=np.int64)

    def _pass(self, moving: Integers) -> None:
        if not len(moving):
            return
        rows = self._orders[moving]
        can = self.open[rows]
        first = can.argmax(axis=1) if rows.shape[1] else np.zeros(len(moving), dtype=np.int64)
        if rows.shape[1]:
            goes = np.where(can.any(axis=1), rows[np.arange(len(moving)), first], -1)
        else:
            goes = np.full(len(moving), -1)
        for option in np.unique(goes).tolist():
            those = moving[goes == option]
            if option < 0:
                self.ended = np.concatenate((self.ended, those))
            else:
                self._lying[option] = np.concatenate((self._lying[option], those))

    def _sum(self, which: Integers) -> int:
        return int((self._counts[which] * self.values[which]).sum())
