"""In what goods and time are measured, exactly: each unit is a pair of integers of its measure.

Packagings (a crate, a bunch) are measures of their own: nobody knows how much is in another's.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from shared.amounts import INTEGER_MAX
from shared.refusals import Kind, Refusal

SCALE_MAX: Final = 3
"""How many digits a quantity may have behind the point."""
HOURS: Final = "min"
"""The unit of value of all time banks: one minute of anybody."""


class UnknownUnit(Refusal):
    """A quantity is said in a unit that we cannot measure."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-unit"
    title: ClassVar[str] = "This is none of the units in which quantities are said"


class BadQuantity(Refusal):
    """A quantity is not more than zero, or not a decimal number of at most three digits."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-quantity"
    title: ClassVar[str] = "A quantity is a number above zero, with at most three digits after it"


class QuantityTooLarge(Refusal):
    """A quantity is more than anybody has."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "quantity-too-large"
    title: ClassVar[str] = "This is more than one offer or want can hold"


class MeasureMismatch(Refusal):
    """Kilograms were compared with hours."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "measure-mismatch"
    title: ClassVar[str] = "Quantities of different measures are not compared"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of a measure: ``numerator / denominator`` of the measure's smallest part."""

    code: str
    measure: str
    numerator: int
    denominator: int = 1


@dataclass(frozen=True, slots=True)
class Measure:
    """What can be compared, its smallest part, and the most that one item may hold of it."""

    name: str
    part: str
    most: int


_MEASURES: Final = (
    # A thousand tonnes, ten thousand cubic metres, a hundred kilometres, a thousand hectares.
    Measure("mass", "mg", 10**12),
    Measure("volume", "ml", 10**10),
    Measure("length", "mm", 10**8),
    Measure("area", "cm2", 10**11),
    # Work, in minutes: a hundred thousand hours. Use of a thing or a room: ten years of days.
    Measure("time", "min", 6_000_000),
    Measure("use", "h", 87_600),
    Measure("energy", "Wh", 10**9),
    Measure("distance", "m", 10**8),
    Measure("count", "piece", 10**7),
)
_PACKAGES: Final = (
    *("crate", "bunch", "bag", "box", "bottle", "jar", "bale", "head", "share"),
    *("seat", "meal", "session", "place", "set", "load"),
)
MEASURES: Final = {
    **{measure.name: measure for measure in _MEASURES},
    **{name: Measure(name, name, 10**6) for name in _PACKAGES},
}

_UNITS: Final = (
    Unit("mg", "mass", 1),
    Unit("g", "mass", 1_000),
    Unit("kg", "mass", 10**6),
    Unit("quintal", "mass", 10**8),
    Unit("t", "mass", 10**9),
    Unit("lb", "mass", 45_359_237, 100),
    Unit("oz", "mass", 45_359_237, 1_600),
    # The arroba of Brazil's markets is 15 kg, that of Castile 11.502 kg.
    Unit("arroba-br", "mass", 15 * 10**6),
    Unit("arroba-es", "mass", 11_502_000),
    Unit("ml", "volume", 1),
    Unit("cl", "volume", 10),
    Unit("l", "volume", 1_000),
    Unit("hl", "volume", 10**5),
    Unit("m3", "volume", 10**6),
    Unit("mm", "length", 1),
    Unit("cm", "length", 10),
    Unit("m", "length", 1_000),
    Unit("cm2", "area", 1),
    Unit("m2", "area", 10**4),
    Unit("are", "area", 10**6),
    Unit("ha", "area", 10**8),
    Unit("min", "time", 1),
    Unit("h", "time", 60),
    Unit("workday", "time", 480),
    Unit("use-hour", "use", 1),
    Unit("day", "use", 24),
    Unit("week", "use", 168),
    Unit("month", "use", 730),
    Unit("Wh", "energy", 1),
    Unit("kWh", "energy", 1_000),
    Unit("km", "distance", 1_000),
    Unit("piece", "count", 1),
    Unit("pair", "count", 2),
    Unit("dozen", "count", 12),
    Unit("hundred", "count", 100),
    *(Unit(name, name, 1) for name in _PACKAGES),
)
UNITS: Final = {unit.code: unit for unit in _UNITS}


def unit_of(code: str) -> Unit:
    """Return a unit by its code.

    Raises:
        UnknownUnit
    """
    unit = UNITS.get(code)
    if unit is None:
        raise UnknownUnit(code[:40], units=sorted(UNITS))
    return unit


def base_amount(amount: int, scale: int, code: str) -> int:
    """Return a quantity in its measure's smallest part, rounded down, at least one.

    Raises:
        UnknownUnit, BadQuantity, QuantityTooLarge
    """
    unit = unit_of(code)
    if type(amount) is not int or amount <= 0 or not 0 <= scale <= SCALE_MAX:
        raise BadQuantity()
    base = amount * unit.numerator // (unit.denominator * ten_to(scale))
    if base < 1:
        raise BadQuantity(f"less than one {MEASURES[unit.measure].part}")
    if base > MEASURES[unit.measure].most or amount > INTEGER_MAX:
        raise QuantityTooLarge(
            f"at most {MEASURES[unit.measure].most} {MEASURES[unit.measure].part}"
        )
    return base


def converted(amount: int, scale: int, code: str, to: str) -> tuple[int, int]:
    """Return a quantity in another unit of the same measure, as a pair in exact terms.

    Raises:
        UnknownUnit, MeasureMismatch
    """
    unit, other = unit_of(code), unit_of(to)
    if unit.measure != other.measure:
        raise MeasureMismatch(f"{code} and {to}")
    return (
        amount * unit.numerator * other.denominator,
        ten_to(scale) * unit.denominator * other.numerator,
    )


def ten_to(scale: int) -> int:
    """Return ten, so many times multiplied by itself."""
    power: int = 10**scale
    return power
