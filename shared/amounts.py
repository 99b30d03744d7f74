"""Amounts: whole numbers of the smallest unit, minutes, coordinates, and rates as pairs of them.

No float comes near a book. Every number lies within 2^53, where all programs agree on integers.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import gcd
from typing import Annotated, ClassVar, Final, NewType, Self

from pydantic import Field

from shared.contracts.fields import DEGREE, LATITUDE_MAX, LONGITUDE_MAX
from shared.refusals import Kind, Refusal

INTEGER_MAX: Final = 2**53 - 1

Whole = Annotated[int, Field(strict=True, ge=-INTEGER_MAX, le=INTEGER_MAX)]
"""An integer on which all programs agree."""
UnitCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,63}$")]
"""``MAD``, ``min``, or the id of a network's own unit."""

Minutes = NewType("Minutes", int)
Degrees7 = NewType("Degrees7", int)
"""A coordinate in units of 1e-7 degree, about one centimetre."""

_UNIT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,63}")
# Exponents come from programs that write small numbers so; three digits before the point are enough
# for any place on earth.
_DECIMAL: Final = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?"
)
_EXACT: Final = Context(prec=64)


class AmountTooLarge(Refusal):
    """A number lies outside the integers on which all programs agree."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "amount-too-large"
    title: ClassVar[str] = "The number is too large to be kept exactly"


class BadAmount(Refusal):
    """Something is not a whole number of a unit."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-amount"
    title: ClassVar[str] = "An amount is a whole number of the smallest unit, and says which unit"


class UnitsDiffer(Refusal):
    """Amounts of two units were added or compared."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "units-differ"
    title: ClassVar[str] = "Amounts of different units are neither added nor compared"


class BadRate(Refusal):
    """A rate is not a pair of positive whole numbers."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-rate"
    title: ClassVar[str] = "A rate is a pair of positive whole numbers"


class BadCoordinate(Refusal):
    """A text does not say a latitude or longitude."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-coordinate"
    title: ClassVar[str] = "A coordinate is a decimal number of degrees, such as 33.5731"


class OutOfRange(Refusal):
    """A coordinate lies beyond the poles or the date line."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "coordinate-out-of-range"
    title: ClassVar[str] = "Latitudes go from -90 to 90 and longitudes from -180 to 180"


def minutes(value: int) -> Minutes:
    """Return a number of minutes.

    Raises:
        BadAmount: it is no whole number.
        AmountTooLarge: it lies beyond 2^53.
    """
    return Minutes(_whole(value))


@dataclass(frozen=True, slots=True)
class Amount:
    """A whole number of the smallest part of a unit: centimes of MAD, minutes of ``min``.

    Raises:
        BadAmount: it is no whole number, or the unit's code is none.
        AmountTooLarge: it lies beyond 2^53; sums refuse it as well.
    """

    value: int
    unit: str

    def __post_init__(self) -> None:
        _whole(self.value)
        if not _UNIT.fullmatch(self.unit):
            raise BadAmount("not the code of a unit")

    def __add__(self, other: Self) -> Self:
        return type(self)(self.value + self._alike(other), self.unit)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.value - self._alike(other), self.unit)

    def __neg__(self) -> Self:
        return type(self)(-self.value, self.unit)

    def __lt__(self, other: Self) -> bool:
        return self.value < self._alike(other)

    def __le__(self, other: Self) -> bool:
        return self.value <= self._alike(other)

    def _alike(self, other: Self) -> int:
        if other.unit != self.unit:
            raise UnitsDiffer(f"{self.unit} and {other.unit}")
        return other.value


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of one unit stand for how many of another, as a pair in its lowest terms.

    Raises:
        BadRate: one of the two is not a positive whole number.
        AmountTooLarge: one of the two lies beyond 2^53.
    """

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        for part in (self.numerator, self.denominator):
            if type(part) is not int or part <= 0:
                raise BadRate()
            _whole(part)
        common = gcd(self.numerator, self.denominator)
        object.__setattr__(self, "numerator", self.numerator // common)
        object.__setattr__(self, "denominator", self.denominator // common)

    def inverse(self) -> Self:
        """Return the rate of the way back."""
        return type(self)(self.denominator, self.numerator)

    def convert(self, amount: Amount, unit: str) -> Amount:
        """Return what an amount is in the other unit, never more than its worth.

        The fraction that is left over stays with nobody: rounding goes towards zero, so that going
        to and fro gains nothing, neither for who owns nor for who owes.

        Raises:
            AmountTooLarge: the outcome lies beyond 2^53.
        """
        whole = abs(amount.value) * self.numerator // self.denominator
        return Amount(whole if amount.value >= 0 else -whole, unit)


def latitude(text: str) -> Degrees7:
    """Return the latitude that a decimal text says, rounded to 1e-7 degree.

    Raises:
        BadCoordinate: it is no decimal number in ASCII digits with a point.
        OutOfRange: it lies beyond a pole.
    """
    return _degrees(text, LATITUDE_MAX)


def longitude(text: str) -> Degrees7:
    """Return the longitude that a decimal text says, rounded to 1e-7 degree.

    Raises:
        BadCoordinate: it is no decimal number in ASCII digits with a point.
        OutOfRange: it lies beyond the date line.
    """
    return _degrees(text, LONGITUDE_MAX)


def decimal_text(degrees: Degrees7) -> str:
    """Return a coordinate as a decimal text of degrees, without zeros that say nothing."""
    whole, rest = divmod(abs(degrees), DEGREE)
    text = f"{whole}.{rest:07d}".rstrip("0").rstrip(".")
    return f"-{text}" if degrees < 0 else text


def _degrees(text: str, most: int) -> Degrees7:
    stripped = text.strip()
    if not _DECIMAL.fullmatch(stripped):
        raise BadCoordinate()
    exact = _EXACT.multiply(Decimal(stripped), Decimal(DEGREE))
    if abs(exact) > most:
        raise OutOfRange()
    return Degrees7(int(exact.to_integral_value(ROUND_HALF_EVEN)))


def _whole(value: int) -> int:
    # True is an integer to Python and a mistake to a bookkeeper.
    if type(value) is not int:
        raise BadAmount("not a whole number")
    if abs(value) > INTEGER_MAX:
        raise AmountTooLarge()
    return value
