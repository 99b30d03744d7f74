"""What a round is made of: the offers and wants that nobody holds, as the database has them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select

from services.exchange import blocks, categories, participants, rates, records, ring_rows
from services.exchange.agreed_links import agreed_links
from services.exchange.candidates.chances import Chances
from services.exchange.candidates.weights import Weights
from services.exchange.items import IN_RINGS, Item, Rings, State
from services.exchange.own_categories import own_categories
from services.exchange.rings.plans import slots
from services.exchange.rounds.entering import entry_of
from services.exchange.rounds.measure import Measure, measure_of
from services.exchange.rounds.question import Level, Question
from services.exchange.tables.base import LOG
from services.exchange.tables.offers import ITEM
from services.exchange.tables.rings import RING, RING_COPY, RING_SLOT
from services.exchange.tables.rounds import ROUND_MISSING
from shared.clock import stamp
from shared.contracts.rings import FINAL, RingPlan, RingState
from shared.log.trust import Standing
from shared.store import Work

RECENT: Final = timedelta(days=365)
"""How far back it counts what somebody has given and received."""
TOGETHER: Final = 500
_OPEN: Final = tuple(state.value for state in RingState if state not in FINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where a round is held, and by which rules.

    Args:
        node, continent: the node, and where it is at home.
        measure: the usual unit of value, or nothing.
        weights: what counts how much.
    """

    node: str
    continent: str
    measure: str = ""
    weights: Weights = field(default_factory=Weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a round asks, and what its plans need besides."""

    question: Question
    items: Mapping[str, Item]
    names: Mapping[str, str]
    measure: Measure


def gather(work: Work, here: Here, *, level: Level, cap: int) -> Gathered:
    """Return all that a round is to match.

    In a network's own round stands what its members offer and need there; between networks only
    what the federation knows and its owner has put forward. What a ring holds is left out.

    Args:
        work: a reading.
        here: where the round is held.
        level: how far it reaches.
        cap: how many take part in a ring at most.
    """
    continents = _continents(work, here, level)
    held = _held(work)
    items = {
        item.item_id: item
        for item in _items(work, here, level)
        if item.item_id not in held and item.origin in continents
    }
    measure = measure_of(
        items.values(),
        rates.all_latest(work),
        node=here.node,
        inside=level is Level.NETWORK,
        preferred=here.measure,
    )
    owners = _owners(work, items.values())
    blocked = blocks.all_blocks(work)
    waited = _waited(work, level)
    balances = _received(work)
    known = ring_rows.records(work)
    entries = []
    for item in items.values():
        owner = owners.get(item.owner)
        if owner is not None and owner.withdrawn:
            continue
        _, failed = known.get(f"party {item.owner}", (None, 0))
        entry = entry_of(
            item,
            measure=measure,
            owner=owner,
            continent=continents[item.origin],
            blocks=blocked.get(item.owner, frozenset()),
            waited=waited.get(item.item_id, 0) + failed,
            received=balances.get(item.owner),
        )
        if entry is not None:
            entries.append(entry)
    present = {entry.id for entry in entries}
    agreed = [
        link
        for link in (agreed_links(work) if level is Level.NETWORK else ())
        if link.offer in present and link.want in present
    ]
    members = {
        subject.partition(" ")[2]: record
        for subject, (record, _) in known.items()
        if subject.startswith("party ")
    }
    question = Question(
        level=level,
        cap=cap,
        entries=entries,
        ancestors=_ancestors(work, items.values()),
        agreed=agreed,
        barred=sorted(ring_rows.barred_arcs(work)),
        weights=here.weights,
        chances=Chances(members=members),
    )
    names = {one.id: one.name for one in owners.values() if one.name}
    return Gathered(question=question, items=items, names=names, measure=measure)


def _items(work: Work, here: Here, level: Level) -> list[Item]:
    """Return the published items that may stand in a round of that level and have time left."""
    today = work.moment[:10]
    wanted: list[ColumnElement[bool]] = [
        ITEM.c.state == State.PUBLISHED.value,
        ITEM.c.kind.in_(sorted(IN_RINGS)),
        or_(ITEM.c.expires_at == "", ITEM.c.expires_at > work.moment),
        or_(ITEM.c.available_until == "", ITEM.c.available_until >= today),
    ]
    if level is Level.NETWORK:
        wanted += [ITEM.c.origin == here.node, ITEM.c.rings != Rings.NONE.value]
    else:
        wanted += [ITEM.c.rings == Rings.FEDERATION.value, ITEM.c.network_only == 0]
    rows = work.execute(select(*records.SHOWN).where(and_(*wanted)).order_by(ITEM.c.id))
    return [records.kept(tuple(row)).item for row in rows]


def _continents(work: Work, here: Here, level: Level) -> dict[str, str]:
    """Return the nodes whose items stand in a round, with their continents."""
    found = {here.node: here.continent}
    if level is Level.NETWORK:
        return found
    nodes = LOG.known_node
    for row in work.execute(select(nodes.c.node, nodes.c.continent, nodes.c.standing)):
        near = level is Level.WORLD or row.continent == here.continent
        if near and row.standing == Standing.NORMAL.value:
            found[row.node] = row.continent
    return found


def _held(work: Work) -> set[str]:
    """Return the items that a ring holds here, or that a ring of this node asks for."""
    found = {row.item for row in work.execute(select(RING_SLOT.c.item))}
    for row in work.execute(select(RING.c.plan).where(RING.c.state.in_(_OPEN), RING.c.plan != "")):
        found |= {slot.item for slot in slots(RingPlan.model_validate_json(row.plan))}
    return found


def _owners(work: Work, items: Iterable[Item]) -> dict[str, participants.Participant]:
    ids = sorted({item.owner for item in items})
    found: dict[str, participants.Participant] = {}
    for start in range(0, len(ids), TOGETHER):
        found |= participants.participants(work, ids[start : start + TOGETHER])
    return found


def _waited(work: Work, level: Level) -> dict[str, int]:
    rows = work.execute(
        select(ROUND_MISSING.c.item, ROUND_MISSING.c.rounds).where(
            ROUND_MISSING.c.level == level.value
        )
    )
    return {row.item: row.rounds for row in rows}


def _received(work: Work) -> dict[str, int]:
    """Return what parties have received of what they have given in settled rings, per mille."""
    since = stamp(work.now - RECENT)
    given: dict[str, int] = defaultdict(int)
    taken: dict[str, int] = defaultdict(int)
    plans: dict[str, str] = {}
    for table in (RING, RING_COPY):
        rows = work.execute(
            select(table.c.id, table.c.plan).where(
                table.c.state == RingState.SETTLED.value,
                table.c.changed_at >= since,
                table.c.plan != "",
            )
        )
        plans |= {row.id: row.plan for row in rows}
    for plan in plans.values():
        for leg in RingPlan.model_validate_json(plan).legs:
            given[leg.giver] += leg.value
            taken[leg.receiver] += leg.value
    return {one: min(1_000_000, 1_000 * taken[one] // given[one]) for one in given if given[one]}


def _ancestors(work: Work, items: Iterable[Item]) -> dict[str, list[str]]:
    """Return of each category those above it, the leaves that networks have added among them."""
    found = {code: list(categories.ancestors(code)) for code in categories.tree()}
    own = {leaf.code: leaf.above for leaf in own_categories(work)}
    own |= {item.own_category.code: item.category for item in items if item.own_category}
    for code, above in sorted(own.items()):
        if above in found:
            found[code] = [above, *categories.ancestors(above)]
    return found
