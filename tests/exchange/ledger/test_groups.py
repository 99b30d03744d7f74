"""Transfers that belong together: they are held, posted and given back whole, or not at all."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange import ledger_handlers as handlers
from services.exchange.ledger import AccountId, AccountKind, Step
from services.exchange.ledger_accounts import account_of, begin_units
from services.exchange.ledger_groups import (
    Line,
    pass_group,
    post_group,
    reserve_group,
    residual_lines,
    void_group,
)
from services.exchange.ledger_purposes import HOURS, ledger_code, mutual_credit
from services.exchange.ledger_refusals import (
    AlreadyReversed,
    BadGroup,
    HoldExpired,
    HoldResolved,
    LimitReached,
    OwnerElsewhere,
    SameIdOtherContent,
    UnknownLedgerUnit,
)
from services.exchange.ledger_steps import settling
from shared.clock import SetClock, stamp
from shared.refusals import Missing, Refusal
from shared.store import Store, Work
from tests.exchange.ledger.conftest import (
    NODE,
    NOW,
    assert_books_are_right,
    begin,
    give,
    standing,
    uuid,
)

RING = {"kind": "ring", "agreement": "ring-7", "actor": "exchange"}
Three = tuple[AccountId, AccountId, AccountId]


@pytest.fixture
async def three(store: Store) -> Three:
    """Three accounts; each may owe an hour, and be owed one."""
    one, two, three = await store.write(begin, "amina", "badr", "carla", floor=-60, ceiling=60)
    return one, two, three


async def balances(store: Store, accounts: Three) -> list[tuple[int, int, int]]:
    """Return of each account what is posted, and what is held either way."""
    found = [await standing(store, one) for one in accounts]
    return [(one.posted, one.debits_pending, one.credits_pending) for one in found]


async def test_a_group_is_held_and_posted_whole(store: Store, three: Three) -> None:
    a, b, c = three
    lines = [Line(a, c, 30), Line(b, c, 20)]
    held = await store.write(reserve_group, uuid(1), lines, **RING)
    assert [one.transfer.group_size for one in held] == [2, 2]
    assert await balances(store, three) == [(0, 30, 0), (0, 20, 0), (0, 0, 50)]
    for again in (False, True):
        posted = await store.write(post_group, uuid(1), actor="exchange")
        assert [one.again for one in posted] == [again, again]
    assert await balances(store, three) == [(-30, 0, 0), (-20, 0, 0), (50, 0, 0)]
    with pytest.raises(HoldResolved):
        await store.write(void_group, uuid(1), actor="exchange")
    assert all(one.again for one in await store.write(reserve_group, uuid(1), lines, **RING))
    await assert_books_are_right(store)


async def test_a_group_with_one_line_too_many_does_nothing(store: Store, three: Three) -> None:
    a, b, c = three
    for lines in ([Line(a, b, 30), Line(a, c, 31)], [Line(a, c, 40), Line(b, c, 40)]):
        for do in (pass_group, reserve_group):
            with pytest.raises(LimitReached):
                await store.write(do, uuid(1), lines, **RING)
    assert await balances(store, three) == [(0, 0, 0)] * 3
    assert await store.read(handlers.group, uuid(1)) == []
    await assert_books_are_right(store)


async def test_a_group_that_is_given_back_leaves_everything_as_it_was(
    store: Store, three: Three
) -> None:
    a, b, c = three
    await store.write(reserve_group, uuid(1), [Line(a, c, 30), Line(b, c, 20)], **RING)
    await store.write(void_group, uuid(1), actor="exchange")
    assert all(one.again for one in await store.write(void_group, uuid(1), actor="exchange"))
    assert await balances(store, three) == [(0, 0, 0)] * 3
    with pytest.raises(HoldResolved):
        await store.write(post_group, uuid(1), actor="exchange")
    with pytest.raises(Missing):
        await store.write(post_group, uuid(2), actor="exchange")
    await assert_books_are_right(store)


async def test_one_of_a_group_is_not_resolved_alone(store: Store, three: Three) -> None:
    a, b, c = three
    held = await store.write(reserve_group, uuid(1), [Line(a, c, 30), Line(b, c, 20)], **RING)
    for step in (Step.POST, Step.VOID):
        with pytest.raises(BadGroup):
            await store.write(handlers.resolve, held[0].transfer.id, step, actor="x")
    await assert_books_are_right(store)


async def test_a_group_expires_whole(store: Store, clock: SetClock, three: Three) -> None:
    a, b, c = three
    lines = [Line(a, c, 30), Line(b, c, 20)]
    until = stamp(NOW + timedelta(days=7))
    await store.write(reserve_group, uuid(1), lines, **RING, expires_at=until)
    clock.move(timedelta(days=7))
    with pytest.raises(HoldExpired):
        await store.write(post_group, uuid(1), actor="exchange")
    assert await store.write(handlers.expire_due) == 2
    assert await balances(store, three) == [(0, 0, 0)] * 3
    await store.write(void_group, uuid(1), actor="exchange")
    await assert_books_are_right(store)


async def test_a_group_at_the_end_of_a_round_of_expiry_expires_whole(
    store: Store, clock: SetClock
) -> None:
    a, b, c = await store.write(begin, "amina", "badr", "carla", floor=-600, ceiling=600)
    until = stamp(NOW + timedelta(days=7))
    lines = [Line(a, b, 1), Line(b, c, 1), Line(c, a, 1)]
    groups = handlers.EXPIRED_AT_ONCE_MAX // 3 + 2
    for number in range(1, groups + 1):
        await store.write(reserve_group, uuid(number), lines, **RING, expires_at=until)
    clock.move(timedelta(days=8))
    first = await store.write(handlers.expire_due)
    assert first > handlers.EXPIRED_AT_ONCE_MAX
    assert first % 3 == 0
    await assert_books_are_right(store)
    assert await store.write(handlers.expire_due) == 3 * groups - first


async def test_less_than_what_is_held_may_be_posted_of_each(store: Store, three: Three) -> None:
    a, b, c = three
    held = await store.write(reserve_group, uuid(1), [Line(a, c, 30), Line(b, c, 20)], **RING)
    amounts = {held[0].transfer.id: 25}
    await store.write(post_group, uuid(1), actor="exchange", amounts=amounts)
    assert await balances(store, three) == [(-25, 0, 0), (-20, 0, 0), (45, 0, 0)]
    with pytest.raises(HoldResolved):
        await store.write(post_group, uuid(1), actor="exchange")
    await assert_books_are_right(store)


async def test_a_group_is_taken_back_whole(store: Store, three: Three) -> None:
    a, b, c = three
    passed = await store.write(pass_group, uuid(1), [Line(a, c, 30), Line(b, c, 20)], **RING)
    one, other = (kept.transfer.id for kept in passed)
    for again in (False, True):
        back = await store.write(handlers.reverse, one, reversal_id=uuid(5), actor="steward")
        assert [kept.again for kept in back] == [again, again]
    assert await balances(store, three) == [(0, 0, 0)] * 3
    with pytest.raises(AlreadyReversed):
        await store.write(handlers.reverse, other, reversal_id=uuid(6), actor="steward")
    await assert_books_are_right(store)


async def test_a_group_that_cannot_be_taken_back_whole_is_not_at_all(
    store: Store, three: Three
) -> None:
    a, b, c = three
    passed = await store.write(pass_group, uuid(1), [Line(a, b, 30), Line(a, c, 20)], **RING)
    await store.write(give, 2, c, a, 50)
    await store.write(give, 3, c, b, 30)
    before = await balances(store, three)
    with pytest.raises(LimitReached):
        await store.write(
            handlers.reverse, passed[0].transfer.id, reversal_id=uuid(5), actor="steward"
        )
    assert await balances(store, three) == before
    await assert_books_are_right(store)


async def test_a_group_id_with_other_lines_is_refused(store: Store, three: Three) -> None:
    a, b, c = three
    await store.write(pass_group, uuid(1), [Line(a, c, 30), Line(b, c, 20)], **RING)
    for lines in (
        [Line(a, c, 30)],
        [Line(a, c, 30), Line(b, c, 21)],
        [Line(a, c, 30), Line(b, c, 20), Line(a, b, 1)],
    ):
        with pytest.raises(SameIdOtherContent):
            await store.write(pass_group, uuid(1), lines, **RING)
    for lines in ([], [Line(a, b, 1)] * 101):
        with pytest.raises(BadGroup):
            await store.write(pass_group, uuid(3), lines, **RING)
    await assert_books_are_right(store)


def confirm_ring(work: Work, residuals: dict[str, int], *, fail: type[Refusal] | None) -> None:
    """Do what a ring's handler does at its confirmation, in its own unit of work."""
    lines = residual_lines(work, residuals, unit_code=ledger_code("min", node=NODE), node=NODE)
    pass_group(work, uuid(1), lines, kind="ring", agreement="ring-7", actor="exchange")
    if fail is not None:
        raise fail()


async def test_what_a_ring_leaves_over_passes_with_its_confirmation(store: Store) -> None:
    await store.write(begin_units, node=NODE)
    residuals = {f"{NODE}:{uuid(4)}": 90, "badr": -60, "carla": -30, "dina": 0}
    with pytest.raises(Missing):
        await store.write(confirm_ring, residuals, fail=Missing)
    assert await store.read(handlers.group, uuid(1)) == []
    await store.write(confirm_ring, residuals, fail=None)
    await store.write(confirm_ring, residuals, fail=None)
    for owner, value in residuals.items():
        kind = AccountKind.ENTITY if ":" in owner else AccountKind.PERSON
        found = await store.read(account_of, owner=owner, unit_code=HOURS, kind=kind)
        assert (found.posted if found else 0) == value
    await assert_books_are_right(store)


async def test_what_is_left_over_abroad_or_in_money_is_not_settled_here(store: Store) -> None:
    await store.write(begin_units, node=NODE)
    with pytest.raises(OwnerElsewhere):
        await store.write(residual_lines, {"ilhas:1": 5, "badr": -5}, unit_code=HOURS, node=NODE)
    with pytest.raises(UnknownLedgerUnit):
        ledger_code("MAD", node=NODE)
    assert ledger_code(mutual_credit(NODE), node=NODE) == "souss:credit"


@given(st.lists(st.integers(-1000, 1000), max_size=9))
def test_residuals_are_settled_with_fewer_transfers_than_accounts(values: list[int]) -> None:
    residuals = {AccountId(f"a{place}"): value for place, value in enumerate(values)}
    residuals[AccountId("rest")] = -sum(values)
    left = dict(residuals)
    passes = settling(residuals)
    for giver, receiver, amount in passes:
        assert amount > 0
        left[giver] += amount
        left[receiver] -= amount
    assert not any(left.values())
    assert len(passes) < max(1, sum(1 for value in residuals.values() if value)) or not passes
