"""Rings over the real items, the real ledger and sealed letters of exchanges."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.exchange import (
    blocks,
    item_handlers,
    ledger_accounts,
    participants,
    ring_copies,
    ring_handlers,
    ring_setup,
)
from services.exchange.asked_items import ItemIn
from services.exchange.intake import item_of
from services.exchange.items import State
from services.exchange.ledger import AccountKind
from services.exchange.ledger_purposes import mutual_credit
from services.exchange.ring_copies import holder
from services.exchange.ring_handlers import Said
from services.exchange.ring_letters import on_letter
from services.exchange.rings.parts import Copy
from services.exchange.tables import LOG
from shared.clock import SetClock
from shared.contracts.log import Letter
from shared.contracts.rings import RingPlan, RingProposed, RingState, What
from shared.ids import NodeName
from shared.log.arrived import Arrived
from shared.log.letter_keys import LetterSecret
from shared.log.letters import open_letters
from shared.store import Store, Work
from tests.exchange.rings.conftest import BY, FAR, NODE, OTHER, A, B, opened
from tests.exchange.rings.samples import NOW, offer_of, plan, want_of

CREDIT = mutual_credit(NODE)
KEYS = {name: LetterSecret.generate(1, at=NOW) for name in (NODE, OTHER)}
ACCEPTS = Said(accepts=True)


def know(work: Work, owner: str) -> None:
    """Have an exchange know a cooperative."""
    profile = {"name": f"Coopérative {owner[-4:]}"}
    row = participants.row_of(owner, owner.partition(":")[0], 1, profile, work.moment)
    work.run(participants.KEEP, row)


def post_items(work: Work, owner: str, **fields: Any) -> None:
    """Post what a participant gives and needs, as its exchange takes it in."""
    node = NodeName(owner.partition(":")[0])
    plain = {"owner": owner, "visibility": "federation", "rings": "federation"} | fields
    for side, item_id, category in (
        ("offer", offer_of(owner), "argan-oil"),
        ("want", want_of(owner), "raw-honey"),
    ):
        given = ItemIn.model_validate(
            plain
            | {"side": side, "title": {"fr": f"{category} {owner[-2:]}"}, "category": category}
        )
        made = item_of(given, item_id=item_id, node=node, language="fr", now=work.now)
        item_handlers.post_item(work, made, node=node, limit=9)


def write_key(work: Work, node: str) -> None:
    """Have an exchange know under which key another is written to."""
    row = {"node": node, "service": "exchange", "number": 1, "key": KEYS[NodeName(node)].public}
    work.execute(LOG.letter_key.insert().values(**row))


@pytest.fixture
async def home(database_url: str, clock: SetClock) -> AsyncIterator[Store]:
    """An exchange with two cooperatives, on each kind of database in turn."""
    async with opened(database_url, clock) as store:
        for owner in (A, B):
            await store.write(know, owner)
            await store.write(post_items, owner)
        await store.write(ledger_accounts.begin_units, node=NODE)
        yield store


async def balance(store: Store, owner: str) -> int | None:
    account = await store.read(
        ledger_accounts.account_of, owner=owner, unit_code=CREDIT, kind=AccountKind.ENTITY
    )
    return account.posted if account else None


async def answer(store: Store, ring_id: str, *members: str, said: Said = ACCEPTS) -> None:
    for member in members:
        await store.write(
            ring_handlers.answer_ring, ring_setup.ring_desk(NODE), ring_id, member, said, entered=BY
        )


async def state(store: Store, ring_id: str) -> RingState:
    copy = await store.read(ring_copies.copy_of, ring_id, reading=True)
    assert isinstance(copy, Copy)
    return copy.state


async def test_what_is_left_over_is_posted_with_the_confirmation(home: Store) -> None:
    made = plan([A, B], unit=CREDIT, values=[5_000, 8_000])
    await home.write(ring_handlers.propose_ring, ring_setup.ring_desk(NODE), made)
    await answer(home, made.ring_id, A)
    assert await balance(home, A) == 0
    await answer(home, made.ring_id, B)
    assert await state(home, made.ring_id) is RingState.CONFIRMED
    # A receives 80 and gives 50: it owes 30 to the others.
    assert (await balance(home, A), await balance(home, B)) == (-3_000, 3_000)


async def test_a_ring_that_breaks_a_limit_is_withdrawn_and_nothing_is_posted(home: Store) -> None:
    made = plan([A, B], unit=CREDIT, values=[5_000, 80_000])
    await home.write(ring_handlers.propose_ring, ring_setup.ring_desk(NODE), made)
    await answer(home, made.ring_id, A)
    copy = await home.read(ring_copies.copy_of, made.ring_id, reading=True)
    assert isinstance(copy, Copy)
    assert (copy.state, copy.entries[-1].why) == (RingState.WITHDRAWN, "limit")
    assert await balance(home, A) in (None, 0)
    assert await home.read(holder, offer_of(A)) is None


async def test_what_was_held_is_given_back_when_somebody_declines(home: Store) -> None:
    made = plan([A, B], unit=CREDIT, values=[5_000, 8_000])
    await home.write(ring_handlers.propose_ring, ring_setup.ring_desk(NODE), made)
    await answer(home, made.ring_id, A)
    await answer(home, made.ring_id, B, said=Said(accepts=False, why="time"))
    account = await home.read(
        ledger_accounts.account_of, owner=A, unit_code=CREDIT, kind=AccountKind.ENTITY
    )
    assert account is not None
    assert (account.posted, account.debits_pending) == (0, 0)


async def test_what_is_valued_in_money_is_shown_and_posted_by_nobody(home: Store) -> None:
    made = plan([A, B], unit="MAD", values=[5_000, 80_000])
    await home.write(ring_handlers.propose_ring, ring_setup.ring_desk(NODE), made)
    await answer(home, made.ring_id, A, B)
    assert await state(home, made.ring_id) is RingState.CONFIRMED
    assert await balance(home, A) is None


async def test_what_was_given_and_received_leaves_the_lists(home: Store) -> None:
    made = plan([A, B])
    await home.write(ring_handlers.propose_ring, ring_setup.ring_desk(NODE), made)
    await answer(home, made.ring_id, A, B)
    for leg, member in ((0, B), (1, A)):
        await home.write(
            ring_handlers.report_leg, ring_setup.ring_desk(NODE), made.ring_id, member,
            leg=leg, what=What.RECEIVED, entered=BY,
        )  # fmt: skip
    assert await state(home, made.ring_id) is RingState.SETTLED
    for item in (offer_of(A), want_of(B)):
        found = await home.read(item_handlers.found, item)
        assert found is not None
        assert found.item.state is State.FULFILLED


async def test_an_item_that_has_changed_or_may_not_be_there_is_not_held(home: Store) -> None:
    desk = ring_setup.ring_desk(NODE)

    async def refused(made: RingPlan) -> str:
        await home.write(ring_handlers.propose_ring, desk, made)
        copy = await home.read(ring_copies.copy_of, made.ring_id, reading=True)
        assert isinstance(copy, Copy)
        return copy.refused

    stale = plan([A, B], number=2)
    legs = [one.model_copy(update={"offer_revision": 7}) for one in stale.legs]
    assert await refused(stale.model_copy(update={"legs": legs})) == "changed"
    stranger = offer_of(A)[:-1] + "9"
    other = plan([A, B], number=3)
    legs = [one.model_copy(update={"offer": stranger}) for one in other.legs[:1]]
    assert await refused(other.model_copy(update={"legs": [*legs, other.legs[1]]})) == "unknown"
    await home.write(blocks.block, B, A)
    assert await refused(plan([A, B], number=4)) == "partner"
    await home.write(blocks.unblock, B, A)
    await home.write(item_handlers.move_item, offer_of(A), State.PAUSED, node=NODE)
    assert await refused(plan([A, B], number=5)) == "changed"
    assert await home.read(holder, offer_of(B)) is None


async def test_what_only_the_network_may_see_is_not_there_for_rounds_of_others(
    database_url: str, clock: SetClock
) -> None:
    async with opened(database_url, clock) as store:
        await store.write(know, A)
        await store.write(post_items, A, visibility="network", rings="network")
        await store.write(write_key, OTHER)
        desk = ring_setup.ring_desk(NODE)
        made = plan([A, FAR], decider=OTHER)
        slot = ring_copies.Slot(item=offer_of(A), revision=1, party=A)
        missing = ring_copies.Slot(item=offer_of(A)[:-1] + "9", revision=1, party=A)

        def why(work: Work, one: ring_copies.Slot) -> str:
            return desk.items.unfit(work, one, made, giving=True)

        assert await store.write(why, slot) == await store.write(why, missing) == "unknown"


async def test_letters_go_sealed_and_are_taken_in_by_the_other_node(
    home: Store, clock: SetClock, tmp_path: Path
) -> None:
    await home.write(write_key, OTHER)
    async with opened(f"sqlite:///{tmp_path / 'other.db'}", clock, OTHER) as there:
        await there.write(know, FAR)
        await there.write(post_items, FAR)
        await there.write(write_key, NODE)
        made = plan([A, FAR])
        await home.write(ring_handlers.propose_ring, ring_setup.ring_desk(NODE), made)
        for _ in range(4):
            await carry(home, NODE, there, OTHER)
            await carry(there, OTHER, home, NODE)
        assert await state(there, made.ring_id) is RingState.PROPOSED
        assert await there.read(holder, want_of(FAR)) == made.ring_id
        assert await home.read(holder, offer_of(A)) == made.ring_id


async def carry(sender: Store, name: NodeName, receiver: Store, to: NodeName) -> None:
    """Hand over the letters that lie in one exchange's outbox to another."""

    def told(work: Work) -> list[bytes]:
        rows = work.execute(LOG.outbox.select().order_by(LOG.outbox.c.position)).all()
        return [row.body for row in rows]

    for body in await sender.read(told):
        event = orjson.loads(body)
        if event["type"] != Letter.wire_type():
            continue
        assert b"ring" not in body
        read = open_letters([KEYS[to]], event["data"]["box"])
        if read is None:
            continue
        arrived = Arrived(
            contract=Letter, data=event["data"], origin=name, service=sender.speaker.service,
            event_id=event["id"], at=event["time"], epoch=1, number=1,
        )  # fmt: skip
        await receiver.write(on_letter(ring_setup.ring_desk(to)), read, arrived)


def test_a_ring_of_five_legs_fits_into_a_letter_with_all_its_languages() -> None:
    goods = dict.fromkeys(("ar", "en", "es", "fr", "pt"), "ن" * 100)
    made = plan([A, B, FAR])
    legs = [
        leg.model_copy(update={"goods": goods, "market": "س" * 60})
        for leg in (*made.legs, *made.legs[:2])
    ]
    body = RingProposed(plan=made.model_copy(update={"legs": legs}), entries=[])
    assert len(body.model_dump_json(exclude_defaults=True).encode()) < 12_000


async def test_of_items_with_one_word_of_choice_one_is_held_at_a_time(
    database_url: str, clock: SetClock
) -> None:
    async with opened(database_url, clock) as store:
        for owner in (A, B):
            await store.write(know, owner)
            await store.write(post_items, owner, choice="olives")
        made = plan([A, B])
        await store.write(ring_handlers.propose_ring, ring_setup.ring_desk(NODE), made)
        assert await state(store, made.ring_id) is RingState.PROPOSED
        other = ring_copies.Slot(item=offer_of(A)[:-1] + "7", revision=1, party=A)

        def post_another(work: Work) -> str:
            given = ItemIn.model_validate(
                {
                    "owner": A, "side": "offer", "title": {"fr": "Olives"}, "category": "argan-oil",
                    "choice": "olives", "visibility": "network",
                }
            )  # fmt: skip
            one = item_of(given, item_id=other.item, node=NODE, language="fr", now=work.now)
            item_handlers.post_item(work, one, node=NODE, limit=9)
            items = ring_setup.ring_desk(NODE).items
            return items.unfit(work, other, plan([A, B], number=2), giving=True)

        assert await store.write(post_another) == "taken"
