"""The rules of accounts as values, without a database: laws, limits, what follows from what."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange.ledger import (
    NO_CEILING,
    NO_FLOOR,
    Account,
    AccountId,
    AccountState,
    Step,
    Transfer,
    TransferId,
    settled,
)
from services.exchange.ledger_purposes import LANGUAGES, PURPOSES, units_of
from services.exchange.ledger_refusals import AccountFrozen, LimitReached
from services.exchange.ledger_steps import derived, held, passing, resolved, reversal
from tests.exchange.ledger.conftest import NODE, entry, uuid

NAMES = tuple(AccountId(name) for name in ("amina", "badr", "carla"))


def accounts(floor: int = -100, ceiling: int = 100) -> dict[AccountId, Account]:
    """Return three accounts at zero."""
    return {
        name: Account(
            id=name,
            unit="hours",
            kind="person",
            owner=name,
            state=AccountState.OPEN,
            floor=floor,
            ceiling=ceiling,
        )
        for name in NAMES
    }


def passes(number: int, payer: AccountId, payee: AccountId, amount: int) -> Transfer:
    """Return a transfer that passes at once."""
    return passing(entry(number, payer, payee, amount), unit="hours", kind="record", actor="x")


moves = st.tuples(
    st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(1, 120), st.sampled_from(Step)
).filter(lambda move: move[0] != move[1])


@given(st.lists(moves, max_size=30))
def test_balances_sum_to_zero_and_keep_their_limits_whatever_the_history(
    history: list[tuple[AccountId, AccountId, int, Step]],
) -> None:
    now = accounts()
    holds: list[Transfer] = []
    for number, (payer, payee, amount, step) in enumerate(history):
        transfer = passes(number, payer, payee, amount)
        with suppress(LimitReached):
            if step is Step.POSTED:
                now = settled(now, transfer)
            elif step is Step.PENDING:
                now = settled(now, held(transfer))
                holds.append(held(transfer))
            elif holds:
                less = min(amount, holds[-1].amount) if step is Step.POST else None
                now = settled(now, resolved(holds.pop(), step, actor="x", amount=less))
        assert sum(one.posted for one in now.values()) == 0
        assert sum(one.debits_pending - one.credits_pending for one in now.values()) == 0
        for one in now.values():
            assert one.available >= 0
            assert one.room >= 0
            assert min(one.debits_pending, one.credits_pending) >= 0


def test_a_hold_within_the_limits_is_posted_within_them() -> None:
    amina, badr, _ = NAMES
    hold = held(passes(1, amina, badr, 100))
    now = settled(accounts(), hold)
    with pytest.raises(LimitReached):
        settled(now, passes(2, amina, badr, 1))
    after = settled(now, resolved(hold, Step.POST, actor="x"))
    assert (after[amina].available, after[badr].room) == (0, 0)


def test_an_account_without_limits_has_limits_that_nobody_reaches() -> None:
    amina, badr, _ = NAMES
    free = accounts(NO_FLOOR, NO_CEILING)
    after = settled(free, passes(1, amina, badr, 2**53 - 1))
    assert after[amina].available == 0
    with pytest.raises(LimitReached):
        settled(after, passes(2, amina, badr, 1))


def test_what_rests_posts_what_it_holds_and_takes_no_correction() -> None:
    amina, badr, _ = NAMES
    first, hold = passes(1, amina, badr, 10), held(passes(2, amina, badr, 10))
    now = settled(settled(accounts(), first), hold)
    now = {**now, amina: _resting(now[amina])}
    assert settled(now, resolved(hold, Step.POST, actor="x"))[badr].posted == 20
    with pytest.raises(AccountFrozen):
        settled(now, reversal(first, transfer_id=uuid(3), actor="x", note=""))


def test_ids_that_follow_from_others_are_the_same_each_time() -> None:
    assert derived(uuid(1), "post") == derived(uuid(1), "post") != derived(uuid(1), "void")
    assert derived(uuid(1), "post") != derived(TransferId(uuid(2)), "post")


def test_everything_has_a_name_in_each_of_the_five_languages() -> None:
    for names in (*PURPOSES.values(), *(unit.names for unit in units_of(NODE))):
        assert tuple(names) == LANGUAGES
        assert all(names.values())
    assert PURPOSES["care"]["ar"] == "رعاية"


def _resting(account: Account) -> Account:
    return replace(account, state=AccountState.FROZEN)
