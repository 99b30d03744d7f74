"""The round's common measure: in which unit values are compared, and by which rates."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.exchange.items import Item, whole_value
from services.exchange.rates import Published
from services.exchange.worth import CREDIT, in_measure, yardstick
from shared.amounts import Rate
from shared.refusals import Refusal

PAR = Rate(1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """In which unit a round compares values.

    Args:
        unit: the measure; empty where nobody says a value.
        rates: by node its newest rates to that measure.
    """

    unit: str
    rates: Mapping[str, Published] = field(default_factory=dict)

    def rate(self, node: str, unit: str) -> Rate | None:
        """Return the rate of a node's unit to the measure, or None where nobody knows one."""
        if unit == self.unit:
            return PAR
        published = self.rates.get(node)
        return None if published is None else published.rates.get(unit)

    def value(self, item: Item, base: int | None = None) -> tuple[int, int] | None:
        """Return what so much of an item is worth in the measure, or None where nobody can say.

        Args:
            item: an offer or want.
            base: how much of it, in its measure's smallest part; the whole where nothing is said.
        """
        unit = yardstick(item)
        rate = self.rate(item.origin, unit) if unit else None
        if rate is None:
            return None
        try:
            found = whole_value(item, base)
            return None if found is None else in_measure(found, rate, unit, self.unit)
        except Refusal:
            # Larger than any amount may be, or a part of what is not measured.
            return None


def measure_of(
    items: Iterable[Item],
    rates: Iterable[Published],
    *,
    node: str,
    inside: bool,
    preferred: str = "",
) -> Measure:
    """Return the measure of a round.

    Between networks it is the one that the round's own node has published rates to. Inside a
    network it is the network's own credit where the rates name it, because what is left over in a
    ring is posted in credit; else the preferred unit; else the one in which most values are said.

    Args:
        items: the offers and wants.
        rates: the present rates of all nodes.
        node: whose round it is.
        inside: whether it is a round of the node's own network.
        preferred: a unit, or nothing.
    """
    by_node = {one.node: one for one in rates}
    own, credit = by_node.get(node), f"{node}:{CREDIT}"
    if inside and own is not None and credit in own.rates:
        return Measure(unit=credit, rates={node: _through(own, credit)})
    if own is not None and not inside:
        unit = own.measure
    elif preferred:
        unit = preferred
    else:
        said = Counter(unit for item in items if (unit := yardstick(item)))
        unit = min(said, key=lambda one: (-said[one], one)) if said else ""
    fitting = {name: one for name, one in by_node.items() if one.measure == unit}
    return Measure(unit=unit, rates=fitting)


def _through(published: Published, unit: str) -> Published:
    """Return a node's rates to one of its units, reckoned through their common measure."""
    base = published.rates[unit]
    rates = {published.measure: base.inverse()}
    for name, rate in published.rates.items():
        try:
            rates[name] = Rate(rate.numerator * base.denominator, rate.denominator * base.numerator)
        except Refusal:
            # Beyond what a rate may say: the unit counts as one that nobody knows.
            continue
    return published._replace(measure=unit, rates=rates)
