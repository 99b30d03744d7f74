"""What can happen to a node's own offers and wants, and what the federation hears of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from services.exchange import item_handlers, item_search
from services.exchange.item_handlers import (
    DraftTaken,
    ItemClosed,
    ItemFixed,
    TooManyItems,
)
from services.exchange.item_search import Question, Sight
from services.exchange.items import (
    Item,
    NotInThisState,
    Quantity,
    Side,
    State,
    Value,
    Visibility,
    whole_value,
)
from services.exchange.participants import NotOurParticipant, OwnerNotListed
from services.exchange.records import Kept
from services.exchange.tables import LOG
from services.exchange.units import MeasureMismatch
from shared.clock import SetClock
from shared.contracts.exchange import OfferAmended, OfferClosed, OfferPosted, WantPosted
from shared.etag import ChangedMeanwhile, MatchRequired, etag
from shared.events import Event, kind_of, read
from shared.refusals import Missing, Refusal
from shared.store import Store, Work
from tests.exchange.items.conftest import NODE, OTHER, an_id, item, post


def told(work: Work) -> list[Event]:
    """Return what lies in the outbox."""
    rows = work.execute(select(LOG.outbox.c.body).order_by(LOG.outbox.c.position))
    events = [orjson.loads(row.body) for row in rows]
    return [read(*kind_of(event["type"]), event["data"]) for event in events]


async def kinds(store: Store) -> list[str]:
    return [type(event).__name__ for event in await store.read(told)]


async def move(store: Store, one: Kept, state: State, **given: Any) -> Kept:
    return await store.write(item_handlers.move_item, one.item.item_id, state, node=NODE, **given)


async def amend(store: Store, one: Item, if_match: str | None = "*") -> Kept:
    return await store.write(item_handlers.amend_item, one, node=NODE, if_match=if_match)


async def test_an_offer_that_is_posted_is_told_once(store: Store) -> None:
    one = item(1)
    made = await store.write(post, one)
    assert (made.item.state, made.item.revision, made.told) == (State.PUBLISHED, 1, True)
    again = await store.write(post, one)
    assert again == made
    events = await store.read(told)
    assert [type(event) for event in events] == [OfferPosted]
    assert isinstance(events[0], OfferPosted)
    assert events[0].item.owner == one.owner
    assert events[0].item.place is not None
    assert events[0].item.place.lat == 310_007_000


async def test_one_draft_is_not_two_things(store: Store) -> None:
    await store.write(post, item(1))
    with pytest.raises(DraftTaken):
        await store.write(post, item(1, category="olive-oil"))


async def test_of_what_is_the_networks_the_federation_hears_nothing(store: Store) -> None:
    hidden = await store.write(post, item(1, visibility="network"))
    await move(store, hidden, State.PAUSED)
    await move(store, hidden, State.WITHDRAWN)
    draft = await store.write(lambda work: post(work, item(2), publish=False))
    gone = await move(store, draft, State.WITHDRAWN)
    assert gone.item.visibility == "network"
    assert await kinds(store) == []


async def test_what_was_told_and_becomes_the_networks_is_closed_for_others(store: Store) -> None:
    made = await store.write(post, item(1))
    hidden = await amend(store, replace(made.item, visibility=Visibility.NETWORK))
    assert not hidden.told
    shown = await amend(store, made.item)
    assert (shown.item.revision, shown.told) == (3, True)
    assert await kinds(store) == ["OfferPosted", "OfferClosed", "OfferPosted"]
    events = await store.read(told)
    assert events[1] == OfferClosed(item_id=an_id(1), revision=2, outcome="withdrawn")


async def test_states_follow_one_another_and_are_told(store: Store) -> None:
    made = await store.write(post, item(1))
    await move(store, made, State.PAUSED)
    await move(store, made, State.PAUSED)
    await move(store, made, State.PUBLISHED)
    done = await move(store, made, State.FULFILLED, reason="vendu")
    assert done.item.revision == 4
    for state in (State.PUBLISHED, State.PAUSED, State.WITHDRAWN):
        with pytest.raises(NotInThisState):
            await move(store, made, state)
    with pytest.raises(ItemClosed):
        await amend(store, made.item)
    events = await store.read(told)
    assert await kinds(store) == ["OfferPosted", "OfferAmended", "OfferAmended", "OfferClosed"]
    assert isinstance(events[1], OfferAmended)
    assert (events[1].item.state, events[1].revision) == ("paused", 2)
    assert events[3] == OfferClosed(
        item_id=an_id(1), revision=4, outcome="fulfilled", reason="vendu"
    )


async def test_what_has_run_out_expires_and_may_be_posted_again(
    store: Store, clock: SetClock
) -> None:
    made = await store.write(post, item(1, available_until="2026-11-30"))
    kept = await store.write(post, item(2))
    assert await store.write(item_handlers.expire_items, node=NODE) == 0
    clock.move(timedelta(days=10))
    assert await store.write(item_handlers.expire_items, node=NODE) == 1
    assert await store.write(item_handlers.expire_items, node=NODE) == 0
    expired = await store.read(item_handlers.found, made.item.item_id)
    assert expired is not None
    assert expired.item.state is State.EXPIRED
    again = await move(store, made, State.PUBLISHED, expires_at="2027-01-01T00:00:00.000Z")
    assert (again.item.state, again.item.available_until) == (State.PUBLISHED, "")
    assert kept.item.expires_at.startswith("2027-02-19")
    assert await kinds(store) == ["OfferPosted", "OfferPosted", "OfferClosed", "OfferPosted"]


async def test_an_amendment_that_changes_nothing_is_no_news(store: Store) -> None:
    made = await store.write(post, item(1))
    same = await amend(store, made.item, if_match=etag(1))
    assert same == made
    with pytest.raises(MatchRequired):
        await amend(store, made.item, if_match=None)
    with pytest.raises(ChangedMeanwhile):
        await amend(store, made.item, if_match=etag(7))
    with pytest.raises(ItemFixed):
        await amend(store, replace(made.item, side=Side.WANT, value=None))
    assert await kinds(store) == ["OfferPosted"]


async def test_only_ones_own_things_are_changed(store: Store) -> None:
    for item_id, refusal in ((an_id(1), Missing), (an_id(1, OTHER), Missing)):
        with pytest.raises(refusal):
            await store.write(item_handlers.move_item, item_id, State.PAUSED, node=NODE)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"owner": an_id(1, OTHER)}, NotOurParticipant),
        ({"owner": an_id(1)}, OwnerNotListed),
        ({"owner": "souss:"}, NotOurParticipant),
    ],
)
async def test_owners_are_participants_of_this_network(
    store: Store, fields: dict[str, str], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await store.write(post, item(1, **fields))
    assert await kinds(store) == []


async def test_an_entity_that_nobody_outside_knows_posts_for_the_network(store: Store) -> None:
    made = await store.write(post, item(1, owner=an_id(1), visibility="network"))
    assert made.item.place is None


async def test_a_person_posts_under_a_pseudonym(store: Store) -> None:
    fields: dict[str, Any] = {"owner": f"{NODE}:p-amina", "owner_kind": "person"}
    one = item(1, side="want", kind="time", value=None, quantity=None, **fields)
    made = await store.write(post, one)
    assert made.item.owner == "souss:p-amina"
    assert await kinds(store) == ["WantPosted"]
    events = await store.read(told)
    assert isinstance(events[0], WantPosted)


async def test_a_participant_has_so_many_of_a_side(store: Store) -> None:
    def fill(work: Work) -> None:
        for number in range(3):
            item_handlers.post_item(work, item(number), node=NODE, limit=3)

    await store.write(fill)
    with pytest.raises(TooManyItems):
        await store.write(item_handlers.post_item, item(9), node=NODE, limit=3)
    await store.write(item_handlers.move_item, an_id(0), State.WITHDRAWN, node=NODE)
    await store.write(item_handlers.post_item, item(9), node=NODE, limit=3)


async def test_two_taps_at_once_are_one_offer(store: Store) -> None:
    made = await asyncio.gather(*(store.write(post, item(1)) for _ in range(8)))
    assert len({one.item.revision for one in made}) == 1
    assert await kinds(store) == ["OfferPosted"]


async def test_what_is_hidden_is_in_no_list(store: Store) -> None:
    await store.write(post, item(1))
    await store.write(post, item(2, visibility="network"))
    await store.write(lambda work: post(work, item(3), publish=False))
    for words in ("", "argan"):
        question = Question(words=words)
        for sight, wanted in ((Sight(), [1]), (Sight(network=True), [2, 1])):
            found = await store.read(item_search.listed, question, sight=sight, most=9)
            assert [one.kept.item.item_id for one in found] == [an_id(n) for n in wanted]


def test_the_value_of_a_part_is_exact_and_never_closes() -> None:
    one = item(1)
    assert whole_value(one) == (60 * 28_000, 60 * 32_000)
    assert whole_value(one, 5_000) == (5 * 28_000, 5 * 32_000)
    odd = replace(
        one,
        quantity=Quantity(amount=7, unit="kg"),
        value=Value(low=100, high=100, unit="MAD", floor=101),
    )
    assert whole_value(odd, 1_000_000) == (14, 15)
    assert whole_value(replace(odd, value=None)) is None
    with pytest.raises(MeasureMismatch):
        whole_value(replace(odd, quantity=None), 5)
