"""What the database itself refuses, whatever a program asks of it; and that the audit sees it."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from services.exchange import ledger_handlers as handlers
from services.exchange.ledger import AccountId, Step, Transfer
from services.exchange.ledger_audit import Finding, audit, differences, findings
from services.exchange.ledger_refusals import AlreadyReversed, HoldResolved, LimitReached
from services.exchange.ledger_steps import held, passing, resolved, reversal
from shared.clock import SetClock
from shared.store import Store, Work
from tests.databases import on_postgresql
from tests.exchange.ledger.conftest import (
    assert_books_are_right,
    begin,
    entry,
    give,
    opened,
    standing,
    uuid,
)

Pair = tuple[AccountId, AccountId]


@pytest.fixture
async def pair(store: Store) -> Pair:
    """Two accounts, and an hour that has passed from the first to the second."""
    amina, badr = await store.write(begin, "amina", "badr", floor=-60, ceiling=60)
    await store.write(give, 1, amina, badr, 60)
    return amina, badr


def sql(work: Work, statement: str) -> None:
    """Run a statement as somebody would who has only the database."""
    work.connection.exec_driver_sql(statement)


def passes(pair: Pair, number: int, amount: int) -> Transfer:
    asked = entry(number, pair[0], pair[1], amount)
    return passing(asked, unit="hours", kind="record", actor="x")


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE transfer SET amount = 2", "transfer_stays"),
        ("UPDATE transfer SET purpose = 'repair'", "transfer_stays"),
        ("DELETE FROM transfer", "transfer_stays"),
        ("UPDATE account SET credits_posted = 5", "account_counted"),
        ("UPDATE account SET debits_posted = 0, credits_posted = 0", "account_counted"),
        ("UPDATE account SET last_transfer = 0", "account_counted"),
        (
            "UPDATE account SET credits_posted = credits_posted + 60 WHERE owner = 'badr'",
            "account_counted",
        ),
        (
            "INSERT INTO account (id, unit, kind, owner, state, floor, ceiling, revision,"
            " opened_at, changed_at, credits_posted)"
            " VALUES ('z', 'hours', 'person', 'z', 'open', 0, 9, 1, '', '', 3)",
            "account_from_zero",
        ),
        ("UPDATE account SET floor = -59 WHERE owner = 'amina'", "within_limits"),
        ("UPDATE account SET ceiling = 59 WHERE owner = 'badr'", "within_limits"),
        ("UPDATE account SET state = 'closed' WHERE owner = 'badr'", "closed_at_zero"),
        ("UPDATE account SET state = 'lost'", "account_state"),
        ("UPDATE account SET floor = 1 WHERE owner = 'badr'", "account_limits_around_zero"),
    ],
)
async def test_the_books_are_changed_by_transfers_only(
    store: Store, pair: Pair, statement: str, name: str
) -> None:
    with pytest.raises(IntegrityError, match=name):
        await store.write(sql, statement)
    await assert_books_are_right(store)
    assert (await standing(store, pair[1])).posted == 60


async def test_a_table_of_transfers_is_not_emptied_at_once(
    store: Store, pair: Pair, database_url: str
) -> None:
    # SQLite knows no such word; there it is a deletion like any other.
    if on_postgresql(database_url):
        with pytest.raises(IntegrityError, match="transfer_stays"):
            await store.write(sql, "TRUNCATE transfer CASCADE")
    else:
        with pytest.raises(IntegrityError, match="account_counted"):
            await store.write(sql, "INSERT OR REPLACE INTO transfer SELECT * FROM transfer")
    await assert_books_are_right(store)


async def test_the_database_holds_the_limits_where_a_program_does_not(
    store: Store, pair: Pair
) -> None:
    with pytest.raises(LimitReached):
        await store.write(handlers.write, passes(pair, 2, 1))
    assert (await standing(store, pair[0])).posted == -60
    await assert_books_are_right(store)


async def test_the_database_resolves_a_hold_once(store: Store, pair: Pair) -> None:
    amina, badr = pair
    await store.write(give, 2, badr, amina, 60)
    hold = held(passes(pair, 3, 30))
    await store.write(handlers.write, hold)
    await store.write(handlers.write, resolved(hold, Step.POST, actor="x", amount=10))
    with pytest.raises(HoldResolved):
        await store.write(handlers.write, resolved(hold, Step.VOID, actor="x"))
    await assert_books_are_right(store)


async def test_the_database_takes_a_transfer_back_once(store: Store, pair: Pair) -> None:
    first = await store.read(handlers.found, uuid(1))
    assert first is not None
    back = reversal(first, transfer_id=uuid(2), actor="x", note="")
    await store.write(handlers.write, back)
    with pytest.raises(AlreadyReversed):
        await store.write(handlers.write, reversal(first, transfer_id=uuid(3), actor="x", note=""))
    await assert_books_are_right(store)


@pytest.mark.parametrize(
    "wrong",
    [
        {"reserved": -29, "amount": 29},
        {"debit": "badr", "credit": "amina"},
        {"pending_id": "posted"},
    ],
)
async def test_what_resolves_a_hold_fits_it(
    store: Store, pair: Pair, wrong: dict[str, str | int]
) -> None:
    amina, badr = pair
    await store.write(give, 2, badr, amina, 60)
    hold = held(passes(pair, 3, 30))
    await store.write(handlers.write, hold)
    named = {"amina": amina, "badr": badr, "posted": uuid(1)}
    fields = {name: named.get(str(value), value) for name, value in wrong.items()}
    forged = replace(resolved(hold, Step.VOID, actor="x"), **fields)  # type: ignore[arg-type]  # fields of several types
    with pytest.raises(Exception, match="transfer_fits"):
        await store.write(handlers.write, forged)
    await assert_books_are_right(store)


async def test_what_the_database_has_lost_is_found(database_url: str, clock: SetClock) -> None:
    async with opened(database_url, clock) as store:
        amina, badr = await store.write(begin, "amina", "badr", floor=-60, ceiling=60)
        await store.write(give, 1, amina, badr, 45)
        table = " ON account" if on_postgresql(database_url) else ""
        await store.write(sql, f"DROP TRIGGER account_counted{table}")
        await store.write(sql, "UPDATE account SET credits_posted = 44 WHERE owner = 'badr'")
        found = {one.invariant: one for one in await store.read(findings)}
        assert await store.read(differences) == [badr]
    broken = {name for name, one in found.items() if not one.holds}
    assert broken == {"I1", "I2", "I7"}
    assert found["I1"] == Finding("I1", found["I1"].says, ["hours"])
    assert found["I7"].broken_by == ["account_counted"]
    assert {one.invariant for one in audit(database_url) if not one.holds} == broken


async def test_a_group_that_lost_a_member_and_a_hold_that_is_forgotten_are_found(
    store: Store, pair: Pair
) -> None:
    amina, badr = pair
    await store.write(give, 2, badr, amina, 60)
    hold = held(passes(pair, 3, 30))
    lonely = replace(passes(pair, 4, 5), group_id=uuid(9), group_size=2)
    await store.write(handlers.write, hold)
    await store.write(handlers.write, lonely)
    await store.write(sql, "DELETE FROM open_hold")
    found = {one.invariant: one.broken_by for one in await store.read(findings) if not one.holds}
    assert found == {"I5": [hold.id], "I6": [uuid(9)]}
