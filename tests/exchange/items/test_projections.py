"""What an exchange remembers of other nodes' items, and of whom the directories tell."""

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from services.exchange import item_handlers, item_projections, item_words, participants, rates
from services.exchange.item_search import Question, Sight, listed
from services.exchange.items import FloorAboveCeiling, State
from services.exchange.records import told_fields
from services.exchange.tables.offers import ITEM, ITEM_TERM, ITEM_WORD
from shared.amounts import Rate
from shared.contracts.directory import EntityWithdrawn
from shared.contracts.exchange import OfferAmended, OfferClosed, OfferPosted, RatesPublished
from shared.events import Event, NotItsNamespace
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.store import Store, Work
from tests.exchange.items.conftest import NODE, OTHER, OWNER, an_id, item, post
from tests.exchange.items.test_handlers import kinds

SIGHT = Sight(network=True, limited=True, own=NODE)


def arrived(*events: Event, origin: NodeName = OTHER) -> list[Arrived[Any]]:
    return [
        Arrived(
            contract=type(event),
            data=event.model_dump(mode="json", exclude_defaults=True),
            origin=origin,
            service=ServiceName("exchange"),
            event_id=str(number),
            at="2026-11-21T17:00:00.000Z",
            epoch=1,
            number=1,
        )
        for number, event in enumerate(events)
    ]


def fields(number: int = 1, node: NodeName = OTHER, **more: Any) -> dict[str, Any]:
    value = {"low": 1, "high": 2, "unit": "EUR"}
    one = item(number, node=node, owner=an_id(5, node), value=value, **more)
    return told_fields(one)


def posted(
    number: int = 1, *, revision: int = 1, node: NodeName = OTHER, **more: Any
) -> OfferPosted:
    told = {"item_id": an_id(number, node), "revision": revision, "item": fields(number, node)}
    told["item"] |= more
    return OfferPosted.model_validate(told)


def closed(number: int = 1, *, revision: int, outcome: str = "fulfilled") -> OfferClosed:
    told = {"item_id": an_id(number, OTHER), "revision": revision, "outcome": outcome}
    return OfferClosed.model_validate(told)


def tell(work: Work, one: Arrived[Any]) -> None:
    if one.contract is OfferClosed:
        item_projections.remember_closed(work, [one])
    else:
        item_projections.remember(work, [one])


def state(work: Work) -> list[tuple[Any, ...]]:
    rows = work.execute(
        select(ITEM.c.id, ITEM.c.revision, ITEM.c.state, ITEM.c.data).order_by(ITEM.c.id)
    )
    return [tuple(row) for row in rows]


async def ids(store: Store, **question: Any) -> list[str]:
    found = await store.read(listed, Question(**question), sight=SIGHT, most=20)
    return [one.kept.item.item_id for one in found]


async def test_what_others_offer_is_found_here_and_stays_theirs(store: Store) -> None:
    for one in arrived(posted(1, title={"pt": "Queijo curado"})):
        await store.write(tell, one)
    assert await ids(store) == [an_id(1, OTHER)]
    assert await ids(store, words="queijo") == []
    assert await item_words.follow(store) == 1
    assert await ids(store, words="queijos") == [an_id(1, OTHER)]
    assert await ids(store, category="oils") == [an_id(1, OTHER)]
    with pytest.raises(item_handlers.ItemNotOurs):
        await store.write(item_handlers.move_item, an_id(1, OTHER), State.PAUSED, node=NODE)
    assert await kinds(store) == []


async def test_in_any_order_the_highest_revision_stays(sqlite_store: Store) -> None:
    amended = OfferAmended.model_validate(posted(1, revision=2, title={"pt": "Outro"}).model_dump())
    told = arrived(posted(1), amended, closed(1, revision=3))
    outcomes = set()
    for order in permutations(range(3)):
        for place in (*order, *order):
            await sqlite_store.write(tell, told[place])
        outcomes.add(str(await sqlite_store.read(state)))
        await sqlite_store.write(item_projections.forget, OTHER, ServiceName("exchange"))
        assert await sqlite_store.read(state) == []
    assert len(outcomes) == 1


async def test_what_is_closed_leaves_a_tombstone_and_no_words(store: Store) -> None:
    await store.write(tell, arrived(posted(1))[0])
    await item_words.follow(store)
    await store.write(tell, arrived(closed(1, revision=2))[0])
    await item_words.follow(store)
    assert await store.read(state) == [(an_id(1, OTHER), 2, "fulfilled", "")]

    def words(work: Work) -> int:
        return len(work.execute(select(ITEM_WORD)).all() + work.execute(select(ITEM_TERM)).all())

    assert await store.read(words) == 0
    assert await ids(store) == []
    await store.write(tell, arrived(posted(1, revision=3))[0])
    assert await ids(store) == [an_id(1, OTHER)]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"owner": an_id(5)}, NotItsNamespace),
        (
            {"own_category": {"code": "souss:tagra", "labels": {"fr": "Tagra"}}},
            NotItsNamespace,
        ),
        ({"value": {"low": 3, "high": 2, "unit": "EUR"}}, FloorAboveCeiling),
        ({"value": {"low": 1, "high": 2, "unit": "EUR", "floor": 3}}, FloorAboveCeiling),
    ],
)
async def test_a_node_speaks_of_its_own_and_sensibly(
    sqlite_store: Store, more: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await sqlite_store.write(tell, arrived(posted(1, **more))[0])
    with pytest.raises(NotItsNamespace):
        await sqlite_store.write(tell, arrived(posted(1), origin=NodeName("teranga"))[0])
    other = arrived(closed(1, revision=2), origin=NodeName("teranga"))[0]
    with pytest.raises(NotItsNamespace):
        await sqlite_store.write(tell, other)


async def test_units_and_categories_of_a_later_release_are_kept(sqlite_store: Store) -> None:
    later = posted(1, category="moon-cheese", quantity={"amount": 3, "scale": 0, "unit": "parsec"})
    await sqlite_store.write(tell, arrived(later)[0])
    await item_words.follow(sqlite_store)
    assert await ids(sqlite_store, category="moon-cheese") == [an_id(1, OTHER)]


async def test_an_entity_that_leaves_takes_its_offers_out_of_the_federation(store: Store) -> None:
    await store.write(post, item(1))
    await store.write(post, item(2, visibility="network"))
    gone = arrived(EntityWithdrawn(entity_id=OWNER, revision=2), origin=NODE)
    for _ in range(2):
        await store.write(item_projections.remember_gone, gone, node=NODE)
    assert await kinds(store) == ["OfferPosted", "OfferClosed"]
    known = await store.read(participants.participant, OWNER)
    assert known is not None
    assert known.withdrawn
    found = await store.read(listed, Question(), sight=Sight(), most=9)
    assert found == []
    assert await ids(store) == [an_id(2), an_id(1)]


async def test_a_restored_node_keeps_its_drafts_and_what_is_its_networks(store: Store) -> None:
    await store.write(post, item(1))
    await store.write(post, item(2, visibility="network"))
    await store.write(lambda work: post(work, item(3), publish=False))
    await store.write(item_projections.forget, NODE, ServiceName("exchange"))
    rows = await store.read(state)
    assert [row[0] for row in rows] == [an_id(2), an_id(3)]


async def test_rates_of_all_nodes_are_kept_by_revision(store: Store) -> None:
    def event(revision: int, numerator: int) -> RatesPublished:
        rate = {"unit": "EUR", "numerator": numerator, "denominator": 1}
        return RatesPublished.model_validate(
            {"node": OTHER, "revision": revision, "measure": "min", "rates": [rate]}
        )

    for one in arrived(event(1, 6), event(2, 7), event(2, 7)):
        await store.write(rates.remember_rates, [one])
    latest = await store.read(rates.latest, OTHER)
    assert latest is not None
    assert latest.rates == {"EUR": Rate(7, 1)}
    assert latest.name_of("EUR") == "ilhas/2/EUR"
    first = await store.read(rates.published, OTHER, 1)
    assert first is not None
    assert first.rates == {"EUR": Rate(6, 1)}
    with pytest.raises(NotItsNamespace):
        await store.write(rates.remember_rates, arrived(event(3, 1), origin=NODE))
