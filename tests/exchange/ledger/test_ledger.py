"""Transfers: what passes, what is held, what is refused, what is taken back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.exchange import ledger_handlers as handlers
from services.exchange.ledger import AccountId, AccountKind, AccountState, Entry, Step
from services.exchange.ledger_accounts import account, amend_account, open_account, tag
from services.exchange.ledger_purposes import HOURS, mutual_credit
from services.exchange.ledger_refusals import (
    AccountClosed,
    AccountFrozen,
    AccountNotAtZero,
    AlreadyReversed,
    BadLimits,
    HoldExpired,
    HoldResolved,
    LimitReached,
    NotReversible,
    OneAccount,
    OwnerElsewhere,
    SameIdOtherContent,
    UnknownAccount,
    UnknownLedgerUnit,
    UnknownPurpose,
)
from shared.amounts import AmountTooLarge, BadAmount, UnitsDiffer
from shared.clock import SetClock, stamp
from shared.refusals import Missing, Refusal
from shared.store import Store, Work
from tests.exchange.ledger.conftest import (
    NODE,
    NOW,
    assert_books_are_right,
    begin,
    entry,
    give,
    standing,
    uuid,
)


@pytest.fixture
async def pair(store: Store) -> tuple[AccountId, AccountId]:
    """Two accounts in hours: each may owe an hour, and be owed two."""
    amina, badr = await store.write(begin, "amina", "badr", floor=-60, ceiling=120)
    return amina, badr


async def test_what_one_gives_the_other_receives(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    kept = await store.write(handlers.record, entry(1, amina, badr, 45), actor="amina")
    assert not kept.again
    assert (await standing(store, amina)).posted == -45
    assert (await standing(store, amina)).available == 15
    assert (await standing(store, badr)).posted == 45
    assert (await standing(store, badr)).room == 75
    await assert_books_are_right(store)


async def test_an_id_that_comes_twice_is_one_transfer(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    asked = entry(1, amina, badr, 45, note="the garden")
    first = await store.write(handlers.record, asked, actor="amina")
    again = await store.write(handlers.record, asked, actor="steward")
    assert again.again
    assert replace(again.transfer, key=0) == first.transfer
    assert (await standing(store, badr)).posted == 45


@pytest.mark.parametrize(
    "change",
    [{"amount": 44}, {"purpose": "repair"}, {"note": "other"}, {"happened_on": "2026-11-20"}],
)
async def test_an_id_with_other_content_is_refused(
    store: Store, pair: tuple[AccountId, AccountId], change: dict[str, object]
) -> None:
    amina, badr = pair
    asked = entry(1, amina, badr, 45)
    await store.write(handlers.record, asked, actor="amina")
    with pytest.raises(SameIdOtherContent):
        await store.write(handlers.record, replace(asked, **change), actor="amina")  # type: ignore[arg-type]  # one field of several types
    with pytest.raises(SameIdOtherContent):
        await store.write(handlers.record, entry(1, badr, amina, 45), actor="amina")
    assert (await standing(store, badr)).posted == 45


async def test_a_retry_is_answered_after_the_account_was_closed(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    await store.write(give, 1, amina, badr, 10)
    await store.write(give, 2, badr, amina, 10)
    closed = await standing(store, badr)
    await store.write(amend_account, badr, if_match=tag(closed), state=AccountState.CLOSED)
    kept = await store.write(handlers.record, entry(1, amina, badr, 10), actor="amina")
    assert kept.again


async def test_refusals_change_nothing(store: Store, pair: tuple[AccountId, AccountId]) -> None:
    amina, badr = pair
    [carla] = await store.write(begin, "carla", floor=0, ceiling=0)
    other = await store.write(
        open_account,
        owner="amina",
        kind=AccountKind.PERSON,
        unit_code=mutual_credit(NODE),
        node=NODE,
    )
    refused: list[tuple[type[Refusal], Entry]] = [
        (LimitReached, entry(1, amina, badr, 61)),
        (LimitReached, entry(1, amina, carla, 1)),
        (LimitReached, entry(1, carla, amina, 1)),
        (BadAmount, entry(1, amina, badr, 0)),
        (BadAmount, entry(1, amina, badr, -5)),
        (BadAmount, entry(1, amina, badr, True)),
        (AmountTooLarge, entry(1, amina, badr, 2**53)),
        (OneAccount, entry(1, amina, amina, 5)),
        (UnknownAccount, entry(1, amina, AccountId("nobody"), 5)),
        (UnknownAccount, entry(1, AccountId("nobody"), amina, 5)),
        (UnknownPurpose, entry(1, amina, badr, 5, purpose="bribe")),
        (UnitsDiffer, entry(1, amina, badr, 5, unit=mutual_credit(NODE))),
        (UnitsDiffer, entry(1, amina, other.account.id, 5)),
    ]
    for refusal, asked in refused:
        with pytest.raises(refusal):
            await store.write(handlers.record, asked, actor="amina")
    assert await store.read(handlers.found, uuid(1)) is None
    for one in (amina, badr, carla):
        assert (await standing(store, one)).last_transfer == 0
    await assert_books_are_right(store)


async def test_what_is_held_counts_at_once_and_posts_once(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    await store.write(handlers.reserve, entry(1, amina, badr, 50), actor="amina")
    held = await standing(store, amina)
    assert (held.posted, held.debits_pending, held.available) == (0, 50, 10)
    with pytest.raises(LimitReached):
        await store.write(give, 2, amina, badr, 11)
    with pytest.raises(LimitReached):
        await store.write(handlers.resolve, uuid(1), Step.POST, actor="badr", amount=51)
    kept = await store.write(handlers.resolve, uuid(1), Step.POST, actor="badr", amount=30)
    again = await store.write(handlers.resolve, uuid(1), Step.POST, actor="badr", amount=30)
    assert (kept.again, again.again) == (False, True)
    after = await standing(store, amina)
    assert (after.posted, after.debits_pending, after.available) == (-30, 0, 30)
    for step, amount in ((Step.POST, 29), (Step.POST, None), (Step.VOID, None)):
        with pytest.raises(HoldResolved):
            await store.write(handlers.resolve, uuid(1), step, actor="badr", amount=amount)
    with pytest.raises(Missing):
        await store.write(handlers.resolve, uuid(9), Step.VOID, actor="badr")
    await assert_books_are_right(store)


async def test_what_is_given_back_is_free_again(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    await store.write(handlers.reserve, entry(1, amina, badr, 50), actor="amina")
    for again in (False, True):
        kept = await store.write(handlers.resolve, uuid(1), Step.VOID, actor="amina")
        assert kept.again is again
    assert (await standing(store, amina)).available == 60
    assert (await standing(store, badr)).room == 120
    with pytest.raises(HoldResolved):
        await store.write(handlers.resolve, uuid(1), Step.POST, actor="amina")
    await assert_books_are_right(store)


async def test_a_hold_expires_by_the_clock_of_the_node(
    store: Store, clock: SetClock, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    in_an_hour = stamp(NOW + timedelta(hours=1))
    asked = entry(1, amina, badr, 50)
    await store.write(handlers.reserve, asked, actor="amina", expires_at=in_an_hour)
    await store.write(
        handlers.reserve, entry(2, amina, badr, 5), actor="x", kind="between", expires_at=in_an_hour
    )
    await store.write(handlers.reserve, entry(3, amina, badr, 3), actor="amina")
    assert await store.write(handlers.expire_due) == 0
    clock.move(timedelta(hours=1))
    with pytest.raises(HoldExpired):
        await store.write(handlers.resolve, uuid(1), Step.POST, actor="badr")
    assert await store.write(handlers.expire_due) == 1
    assert await store.write(handlers.expire_due) == 0
    # What awaits another node's answer is never given back by a clock, nor what has no end.
    assert (await standing(store, amina)).debits_pending == 8
    given_back = await store.write(handlers.resolve, uuid(1), Step.VOID, actor="amina")
    assert given_back.transfer.step is Step.EXPIRE
    with pytest.raises(HoldResolved):
        await store.write(handlers.resolve, uuid(1), Step.POST, actor="badr")
    await assert_books_are_right(store)


async def test_a_correction_is_a_transfer_the_other_way(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    await store.write(give, 1, amina, badr, 45)
    [back] = await store.write(
        handlers.reverse, uuid(1), reversal_id=uuid(2), actor="steward", note="wrong day"
    )
    assert (back.transfer.debit, back.transfer.credit) == (badr, amina)
    assert (back.transfer.reverses, back.transfer.purpose) == (uuid(1), "care")
    assert (await standing(store, amina)).posted == 0
    [again] = await store.write(
        handlers.reverse, uuid(1), reversal_id=uuid(2), actor="steward", note="wrong day"
    )
    assert again.again
    with pytest.raises(AlreadyReversed):
        await store.write(handlers.reverse, uuid(1), reversal_id=uuid(3), actor="steward")
    with pytest.raises(NotReversible):
        await store.write(handlers.reverse, uuid(2), reversal_id=uuid(3), actor="steward")
    with pytest.raises(Missing):
        await store.write(handlers.reverse, uuid(8), reversal_id=uuid(3), actor="steward")
    await assert_books_are_right(store)


async def test_a_hold_is_not_reversed_and_what_was_posted_of_it_is(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    await store.write(handlers.reserve, entry(1, amina, badr, 50), actor="amina")
    with pytest.raises(NotReversible):
        await store.write(handlers.reverse, uuid(1), reversal_id=uuid(2), actor="steward")
    posted = await store.write(handlers.resolve, uuid(1), Step.POST, actor="badr", amount=20)
    await store.write(handlers.reverse, posted.transfer.id, reversal_id=uuid(2), actor="steward")
    assert (await standing(store, badr)).posted == 0
    await assert_books_are_right(store)


async def test_an_account_that_rests_takes_nothing_new_and_keeps_its_word(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    await store.write(handlers.reserve, entry(1, amina, badr, 20), actor="amina")
    seen = await standing(store, badr)
    await store.write(amend_account, badr, if_match=tag(seen), state=AccountState.FROZEN)
    for asked in (entry(2, amina, badr, 1), entry(3, badr, amina, 1)):
        with pytest.raises(AccountFrozen):
            await store.write(handlers.record, asked, actor="amina")
    await store.write(handlers.resolve, uuid(1), Step.POST, actor="badr")
    assert (await standing(store, badr)).posted == 20


async def test_an_account_is_closed_at_zero_and_for_good(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    await store.write(handlers.reserve, entry(1, amina, badr, 20), actor="amina")

    async def close() -> None:
        seen = await standing(store, badr)
        await store.write(amend_account, badr, if_match=tag(seen), state=AccountState.CLOSED)

    with pytest.raises(AccountNotAtZero):
        await close()
    await store.write(handlers.resolve, uuid(1), Step.POST, actor="badr")
    with pytest.raises(AccountNotAtZero):
        await close()
    await store.write(give, 2, badr, amina, 20)
    await close()
    with pytest.raises(AccountClosed):
        await store.write(give, 3, amina, badr, 1)
    with pytest.raises(AccountClosed):
        await close()


async def test_limits_move_only_to_where_the_account_stands_within(
    store: Store, pair: tuple[AccountId, AccountId]
) -> None:
    amina, badr = pair
    await store.write(give, 1, amina, badr, 30)

    def amend(work: Work, one: AccountId, /, **limits: Any) -> None:
        amend_account(work, one, if_match=tag(account(work, one)), **limits)

    for one, limits, refusal in (
        (amina, {"floor": -29}, LimitReached),
        (badr, {"ceiling": 29}, LimitReached),
        (amina, {"floor": 1}, BadLimits),
        (amina, {"ceiling": -1}, BadLimits),
        (amina, {"floor": -(2**53)}, AmountTooLarge),
    ):
        with pytest.raises(refusal):
            await store.write(amend, one, **limits)
    await store.write(amend, amina, floor=-30, ceiling=0)
    assert (await standing(store, amina)).available == 0


async def test_accounts_are_of_this_network_and_opened_once(store: Store) -> None:
    await store.write(begin)
    own, elsewhere = f"{NODE}:{uuid(1)}", f"ilhas:{uuid(1)}"
    first = await store.write(
        open_account, owner=own, kind=AccountKind.ENTITY, unit_code=HOURS, node=NODE, floor=-5
    )
    again = await store.write(
        open_account, owner=own, kind=AccountKind.ENTITY, unit_code=HOURS, node=NODE, floor=-9
    )
    assert (first.again, again.again) == (False, True)
    assert again.account == first.account
    assert first.account.posted == 0
    for owner, kind in (
        (elsewhere, AccountKind.ENTITY),
        ("amina", AccountKind.ENTITY),
        (elsewhere, AccountKind.PERSON),
    ):
        with pytest.raises(OwnerElsewhere):
            await store.write(open_account, owner=owner, kind=kind, unit_code=HOURS, node=NODE)
    with pytest.raises(UnknownLedgerUnit):
        await store.write(
            open_account, owner=own, kind=AccountKind.ENTITY, unit_code="MAD", node=NODE
        )
    with pytest.raises(BadLimits):
        await store.write(
            open_account,
            owner="dina",
            kind=AccountKind.PERSON,
            unit_code=HOURS,
            node=NODE,
            ceiling=-1,
        )
