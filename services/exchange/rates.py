"""Rates: what a node's units are worth in a common measure, as it has published it itself.

All that was ever published is kept: a proposal names the node and the revision by which it has
reckoned, and whoever doubts it can reckon again.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from services.exchange.tables.offers import RATE, RATES
from services.exchange.units import HOURS
from services.exchange.worth import CREDIT, CURRENCIES, UnknownValueUnit
from shared.amounts import Rate
from shared.contracts.exchange import PublicRate, RatesPublished
from shared.events import NotItsNamespace
from shared.ids import NodeName
from shared.log.arrived import Arrived
from shared.refusals import Kind, Refusal
from shared.store import Prepared, Work


class RateTwice(Refusal):
    """One unit has two rates."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "rate-twice"
    title: ClassVar[str] = "Each unit has one rate"


class Published(NamedTuple):
    """The rates of a node of one revision: how many of the measure for how many of the unit."""

    node: str
    revision: int
    measure: str
    rates: dict[str, Rate]
    published_at: str

    def name_of(self, unit: str) -> str:
        """Return the name by which a proposal tells which rate it has used."""
        return f"{self.node}/{self.revision}/{unit}"


_KEEP_RATES = Prepared(
    insert(RATES).on_conflict_do_nothing(),
    columns=("node", "revision", "measure", "published_at"),
)
_KEEP_RATE = Prepared(
    insert(RATE).on_conflict_do_nothing(),
    columns=("node", "revision", "unit", "numerator", "denominator"),
)
_LAST = Prepared(
    select(func.coalesce(func.max(RATES.c.revision), 0)).where(RATES.c.node == bindparam("of"))
)


def publish_rates(
    work: Work, *, node: NodeName, measure: str, rates: Sequence[PublicRate]
) -> Published:
    """Publish what this node's units are worth, all of them anew; the same again is no news.

    Raises:
        UnknownValueUnit: a unit is neither money, nor hours, nor this node's own.
        RateTwice
    """
    for unit in (measure, *(rate.unit for rate in rates)):
        if unit not in CURRENCIES and unit not in (HOURS, f"{node}:{CREDIT}"):
            raise UnknownValueUnit(unit[:64])
    if len({rate.unit for rate in rates}) < len(rates):
        raise RateTwice()
    last = latest(work, node)
    wanted = {rate.unit: Rate(rate.numerator, rate.denominator) for rate in rates}
    if last is not None and (last.measure, last.rates) == (measure, wanted):
        return last
    event = RatesPublished(
        node=node,
        revision=work.rows(_LAST, {"of": node})[0][0] + 1,
        measure=measure,
        rates=tuple(
            PublicRate(unit=unit, numerator=rate.numerator, denominator=rate.denominator)
            for unit, rate in sorted(wanted.items())
        ),
    )
    if not _keep(work, event.model_dump(mode="json")):
        # On a server another steward has published some in the same moment.
        return publish_rates(work, node=node, measure=measure, rates=rates)
    work.announce(event)
    published = latest(work, node)
    assert published is not None
    return published


def remember_rates(work: Work, arrived: Sequence[Arrived[RatesPublished]]) -> None:
    """Keep the rates of other nodes, each revision once.

    Raises:
        NotItsNamespace: a node speaks of another's rates.
    """
    for told in arrived:
        if told.data["node"] != told.origin:
            raise NotItsNamespace(f"{told.origin} tells of rates of another node")
        _keep(work, told.data)


def latest(work: Work, node: str) -> Published | None:
    """Return the rates that a node has published last, or None."""
    revision = work.rows(_LAST, {"of": node})[0][0]
    return published(work, node, revision) if revision else None


def published(work: Work, node: str, revision: int) -> Published | None:
    """Return the rates of a node of a revision, or None."""
    row = work.execute(
        select(RATES.c.measure, RATES.c.published_at).where(
            RATES.c.node == node, RATES.c.revision == revision
        )
    ).first()
    if row is None:
        return None
    rates = work.execute(
        select(RATE.c.unit, RATE.c.numerator, RATE.c.denominator)
        .where(RATE.c.node == node, RATE.c.revision == revision)
        .order_by(RATE.c.unit)
    )
    found = {one.unit: Rate(one.numerator, one.denominator) for one in rates}
    return Published(node, revision, row.measure, found, row.published_at)


def all_latest(work: Work) -> list[Published]:
    """Return the present rates of all nodes, by the nodes' names."""
    nodes = work.execute(select(RATES.c.node).distinct().order_by(RATES.c.node)).scalars()
    return [found for node in nodes if (found := latest(work, node)) is not None]


def _keep(work: Work, data: dict[str, Any]) -> bool:
    """Keep rates; return whether they are new."""
    of = {"node": data["node"], "revision": data["revision"]}
    row = {**of, "measure": data["measure"], "published_at": work.moment}
    new = bool(work.run(_KEEP_RATES, row))
    if new:
        work.run(
            _KEEP_RATE,
            [
                {
                    **of,
                    "unit": rate["unit"],
                    "numerator": rate["numerator"],
                    "denominator": rate["denominator"],
                }
                for rate in data["rates"]
            ],
        )
    return new
