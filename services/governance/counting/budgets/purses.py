"""The purses of the Method of Equal Shares, exact and by groups.

Voters with exactly equal purses are one group, so the price of a project needs only how many of
its supporters are in which group. All purses are integers over one common denominator.

A purse also knows its slope: by how much it would be larger if every voter had begun with one
more. From that follows how far the beginning can be raised without any decision coming out
differently.
"""

from fractions import Fraction
from math import gcd
from typing import NamedTuple

import numpy as np

from services.governance.counting.budgets.model import Backing, Election, Integers


class Price(NamedTuple):
    """What a project costs each of its supporters.

    Whoever has as much pays ``owed / weight`` for each point, in parts of the purses' denominator;
    whoever has less pays everything.
    """

    owed: int
    weight: int
    poor_slope: int
    """By how much more those who pay everything would pay, had all begun with one more."""
    holders: list[tuple[int, int, int]]
    """Group, points of one ballot, ballots: the supporters, poorest for their points first."""


class Unaffordable(NamedTuple):
    """The supporters cannot pay; ``missing`` of the common denominator are wanting."""

    missing: int
    slope: int


class Purses:
    """What each class of ballots still has.

    Args:
        each: what a voter begins with.
        slope: by how much that grows with each step of Add1.
    """

    def __init__(self, of: Election, each: Fraction, slope: int) -> None:
        self._of = of
        self._group: Integers = np.zeros(len(of.sizes), dtype=np.int64)
        self._counts: Integers = np.array([of.voters], dtype=np.int64)
        self.denominator = each.denominator
        self.values = [each.numerator]
        """Ascending: the number of a group is the rank of its purse."""
        self.slopes = [slope * each.denominator]

    def price(self, backing: Backing, cost: int) -> Price | Unaffordable:
        """Return what a project costs its supporters, or what they lack."""
        holders = self._holders(backing)
        weight = sum(points * count for _, points, count in holders)
        owed, poor_slope = cost * self.denominator, 0
        values, slopes = self.values, self.slopes
        for group, points, count in holders:
            if values[group] * weight >= owed * points:
                return Price(owed, weight, poor_slope, holders)
            owed -= values[group] * count
            poor_slope += slopes[group] * count
            weight -= points * count
        return Unaffordable(owed, poor_slope)

    def steps(self, price: Price) -> Fraction | None:
        """Return after how many more steps another of the supporters could pay in full."""
        found: Fraction | None = None
        for group, points, _ in price.holders:
            value, slope = self.values[group], self.slopes[group]
            lacking = price.owed * points - value * price.weight
            if lacking <= 0:
                break
            rising = slope * price.weight + price.poor_slope * points
            if rising > 0 and (found is None or lacking < found * rising):
                found = Fraction(lacking, rising)
        return found

    def pay(self, backing: Backing, price: Price) -> tuple[int, int]:
        """Let the supporters pay; return how many paid in full, and how many all they had."""
        factor = price.weight // gcd(gcd(price.owed, price.poor_slope), price.weight)
        share = price.owed * factor // price.weight
        share_slope = -price.poor_slope * factor // price.weight
        values = [value * factor for value in self.values]
        slopes = [slope * factor for slope in self.slopes]
        self.denominator *= factor
        full = emptied = 0
        paid: list[tuple[int, int]] = []
        for group, points, count in price.holders:
            rest = values[group] - share * points
            if rest < 0:
                paid.append((0, 0))
                emptied += count
            else:
                paid.append((rest, slopes[group] - share_slope * points))
                full += count
        self._regroup(backing, values, slopes, paid, price)
        return full, emptied

    def _regroup(
        self,
        backing: Backing,
        values: list[int],
        slopes: list[int],
        paid: list[tuple[int, int]],
        price: Price,
    ) -> None:
        """Number the groups anew by their purses, after supporters have paid.

        Args:
            paid: purse and slope after paying, for each of the price's holders.
        """
        counts = self._counts.tolist()
        for group, _, count in price.holders:
            counts[group] -= count
        stay = len(values)
        # Both parts are nearly in order already, so that sorting is merging. Equal purses with
        # another slope stay apart, because one more at the beginning parts them.
        lots = [
            (value, slope, group)
            for group, (value, slope) in enumerate(zip(values, slopes, strict=True))
            if counts[group]
        ]
        lots += [(*purse, stay + at) for at, purse in enumerate(paid)]
        lots.sort()
        renamed = [0] * (stay + len(paid))
        self.values, self.slopes, sizes = [], [], list[int]()
        last: tuple[int, int] | None = None
        for value, slope, source in lots:
            if (value, slope) != last:
                last = (value, slope)
                self.values.append(value)
                self.slopes.append(slope)
                sizes.append(0)
            renamed[source] = len(sizes) - 1
            sizes[-1] += counts[source] if source < stay else price.holders[source - stay][2]
        self._counts = np.array(sizes, dtype=np.int64)
        table = np.array(renamed, dtype=np.int64)
        # Which of the price's holders each class of the supporters belongs to.
        old = self._group[backing.classes]
        if backing.points is None:
            which = np.zeros(stay, dtype=np.int64)
            which[[group for group, _, _ in price.holders]] = np.arange(len(paid))
            holder = which[old]
        else:
            keys, where = self._keys(old, backing.points)
            width = self._width(backing.points)
            at_key = {
                group * width + points: at for at, (group, points, _) in enumerate(price.holders)
            }
            holder = np.array([at_key[key] for key in keys], dtype=np.int64)[where]
        self._group = table[self._group]
        self._group[backing.classes] = table[stay + holder]

    def _holders(self, backing: Backing) -> list[tuple[int, int, int]]:
        groups, sizes = self._group[backing.classes], self._of.sizes[backing.classes]
        if backing.points is None:
            counts = np.zeros(len(self.values), dtype=np.int64)
            np.add.at(counts, groups, sizes)
            present = np.flatnonzero(counts)
            ones = (1,) * len(present)
            return list(zip(present.tolist(), ones, counts[present].tolist(), strict=True))
        keys, where = self._keys(groups, backing.points)
        counts = np.zeros(len(keys), dtype=np.int64)
        np.add.at(counts, where, sizes)
        width = self._width(backing.points)
        found = [
            (*divmod(key, width), count) for key, count in zip(keys, counts.tolist(), strict=True)
        ]
        return sorted(found, key=lambda one: Fraction(self.values[one[0]], one[1]))

    @staticmethod
    def _width(points: Integers) -> int:
        return int(points.max(initial=0)) + 1

    def _keys(self, groups: Integers, points: Integers) -> tuple[list[int], Integers]:
        """Return each pair of group and points as one number, and who has which."""
        keys, where = np.unique(groups * self._width(points) + points, return_inverse=True)
        return keys.tolist(), where
