"""What things are worth to their owners: a range in national money, in hours or in own credit.

Nothing is paid by it: it is a yardstick. Within one network it is held against its like; between
networks each node says by a rate what its units are worth in a common measure, and a proposal
names the rates by which it has reckoned.
"""

from typing import ClassVar, Final

from services.exchange.items import FloorAboveCeiling, Item, Side, Value
from services.exchange.units import HOURS
from shared.amounts import Amount, Rate
from shared.contracts.exchange import VALUE_MAX
from shared.ids import NodeName
from shared.refusals import Kind, Refusal

CREDIT: Final = "credit"
"""The last part of the code of a network's own unit, ``<node>:credit``."""

_PLAIN: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
    "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
    "TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW"
)
_WITHOUT_PARTS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_IN_THOUSANDTHS: Final = "BHD IQD JOD KWD LYD OMR TND"
CURRENCIES: Final = {
    **dict.fromkeys(_PLAIN.split(), 2),
    **dict.fromkeys(_WITHOUT_PARTS.split(), 0),
    **dict.fromkeys(_IN_THOUSANDTHS.split(), 3),
}
"""National currencies (ISO 4217), and how many digits their smallest part has behind the point."""


class UnknownValueUnit(Refusal):
    """A value is said in what is neither money of a country, nor hours, nor the own credit."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-value-unit"
    title: ClassVar[str] = "A value is in a national currency, in min, or in the network's own unit"


class BadValue(Refusal):
    """A value is negative, too large, or no whole number of its unit's smallest part."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-value"
    title: ClassVar[str] = "A value is a whole number of the smallest part, from 0 upwards"


class FloorOnWant(Refusal):
    """A price floor stands on a want; the fair floor belongs to those who produce."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "floor-on-want"
    title: ClassVar[str] = "Only an offer has a price floor"


class ValueEachOfNothing(Refusal):
    """A value of each unit is said, and no quantity that has units."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "value-each-of-nothing"
    title: ClassVar[str] = "A value of each unit needs a quantity"


def checked_value(value: Value, *, side: Side, quantified: bool, node: NodeName) -> Value:
    """Return a value that keeps the rules.

    Raises:
        UnknownValueUnit, BadValue, FloorAboveCeiling, FloorOnWant, ValueEachOfNothing
    """
    if value.unit not in CURRENCIES and value.unit not in (HOURS, f"{node}:{CREDIT}"):
        raise UnknownValueUnit(value.unit[:64])
    for amount in (value.low, value.high, value.floor or 0):
        if type(amount) is not int or not 0 <= amount <= VALUE_MAX:
            raise BadValue(f"from 0 to {VALUE_MAX}")
    if value.low > value.high or (value.floor or 0) > value.high:
        raise FloorAboveCeiling()
    if value.floor is not None and side is Side.WANT:
        raise FloorOnWant()
    if value.each and not quantified:
        raise ValueEachOfNothing()
    return value


def in_measure(item_value: tuple[int, int], rate: Rate, unit: str, measure: str) -> tuple[int, int]:
    """Return a value range in the common measure; the range never closes by rounding.

    Args:
        item_value: the range in the unit's smallest part, as ``items.whole_value`` gives it.
        rate: how many of the measure's smallest parts stand for how many of the unit's.
        unit, measure: the codes of both.
    """
    low = rate.convert(Amount(item_value[0], unit), measure).value
    high = -(-item_value[1] * rate.numerator // rate.denominator)
    return low, Amount(high, measure).value


def yardstick(item: Item) -> str:
    """Return the unit in which an item's value is said, or nothing."""
    return item.value.unit if item.value else ""
