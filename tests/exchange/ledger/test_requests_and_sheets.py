"""What is asked for waits for its payer; what stands on paper is entered line by line."""

from dataclasses import replace

import pytest

from services.exchange import ledger_handlers as handlers
from services.exchange import ledger_requests as asking
from services.exchange.ledger import AccountId, AccountKind, AccountState
from services.exchange.ledger_accounts import amend_account, open_account, tag
from services.exchange.ledger_purposes import mutual_credit
from services.exchange.ledger_refusals import (
    AccountFrozen,
    BadGroup,
    LimitReached,
    OneAccount,
    RequestDecided,
    RequestExpired,
    SameIdOtherContent,
    UnknownAccount,
    UnknownPurpose,
)
from services.exchange.ledger_requests import REQUEST_LIFE, RequestState
from services.exchange.ledger_sheets import SHEET_LINES_MAX, enter_sheet
from services.exchange.ledger_upkeep import expire_ledger
from shared.amounts import BadAmount, UnitsDiffer
from shared.clock import SetClock
from shared.paging import cursor
from shared.refusals import Missing
from shared.store import Store
from tests.exchange.ledger.conftest import (
    NODE,
    assert_books_are_right,
    begin,
    entry,
    give,
    standing,
    uuid,
)

Pair = tuple[AccountId, AccountId]


@pytest.fixture
async def pair(store: Store) -> Pair:
    """Badr has cared for Amina's father; each may owe an hour, and be owed two."""
    amina, badr = await store.write(begin, "amina", "badr", floor=-60, ceiling=120)
    return amina, badr


async def test_a_request_holds_nothing_and_passes_when_it_is_confirmed(
    store: Store, pair: Pair
) -> None:
    amina, badr = pair
    asked = await store.write(
        asking.ask, entry(1, amina, badr, 50, note="two visits"), actor="badr"
    )
    assert (asked.again, asked.request.state) == (False, RequestState.ASKED)
    assert (await standing(store, amina)).available == 60
    for again in (False, True):
        kept = await store.write(asking.confirm, uuid(1), actor="amina")
        assert kept.again is again
        assert (kept.transfer.id, kept.transfer.kind) == (uuid(1), "request")
    assert (await standing(store, badr)).posted == 50
    known = await store.read(asking.request, uuid(1))
    assert known is not None
    assert (known.state, known.decided_by) == (RequestState.CONFIRMED, "amina")
    for refused in (asking.decline, asking.withdraw):
        with pytest.raises(RequestDecided):
            await store.write(refused, uuid(1), actor="amina")
    await assert_books_are_right(store)


async def test_a_request_that_comes_twice_is_one(store: Store, pair: Pair) -> None:
    amina, badr = pair
    for again in (False, True):
        asked = await store.write(asking.ask, entry(1, amina, badr, 50), actor="badr")
        assert asked.again is again
    for other in (entry(1, amina, badr, 51), entry(1, badr, amina, 50)):
        with pytest.raises(SameIdOtherContent):
            await store.write(asking.ask, other, actor="badr")
    await store.write(give, 2, amina, badr, 5)
    with pytest.raises(SameIdOtherContent):
        await store.write(asking.ask, entry(2, amina, badr, 5), actor="badr")
    assert len(await store.read(asking.requests, [], most=9)) == 1


async def test_a_request_that_is_declined_or_taken_back_passes_nothing(
    store: Store, pair: Pair
) -> None:
    amina, badr = pair
    for number, close in ((1, asking.decline), (2, asking.withdraw)):
        await store.write(asking.ask, entry(number, amina, badr, 50), actor="badr")
        first = await store.write(close, uuid(number), actor="amina")
        assert await store.write(close, uuid(number), actor="amina") == first
        with pytest.raises(RequestDecided):
            await store.write(asking.confirm, uuid(number), actor="amina")
    with pytest.raises(Missing):
        await store.write(asking.confirm, uuid(3), actor="amina")
    assert (await standing(store, badr)).last_transfer == 0


async def test_a_request_beyond_the_limit_waits_on(store: Store, pair: Pair) -> None:
    amina, badr = pair
    await store.write(asking.ask, entry(1, amina, badr, 61), actor="badr")
    with pytest.raises(LimitReached):
        await store.write(asking.confirm, uuid(1), actor="amina")
    await store.write(give, 2, badr, amina, 1)
    assert not (await store.write(asking.confirm, uuid(1), actor="amina")).again


async def test_a_request_ends_by_the_clock_of_the_node(
    store: Store, clock: SetClock, pair: Pair
) -> None:
    amina, badr = pair
    for number in (1, 2):
        await store.write(asking.ask, entry(number, amina, badr, 10), actor="badr")
    await store.write(asking.confirm, uuid(1), actor="amina")
    clock.move(REQUEST_LIFE)
    with pytest.raises(RequestExpired):
        await store.write(asking.confirm, uuid(2), actor="amina")
    await store.write(handlers.reserve, entry(3, amina, badr, 5), actor="x", expires_at="2026-12")
    assert await store.write(expire_ledger) == 2
    assert await store.write(expire_ledger) == 0
    with pytest.raises(RequestExpired):
        await store.write(asking.confirm, uuid(2), actor="amina")
    # What was confirmed in time is answered as it was.
    assert (await store.write(asking.confirm, uuid(1), actor="amina")).again
    assert (await standing(store, badr)).posted == 10


async def test_what_cannot_pass_is_not_asked_for(store: Store, pair: Pair) -> None:
    amina, badr = pair
    other = await store.write(
        open_account,
        owner="badr",
        kind=AccountKind.PERSON,
        unit_code=mutual_credit(NODE),
        node=NODE,
    )
    for refusal, asked in (
        (OneAccount, entry(1, amina, amina, 5)),
        (BadAmount, entry(1, amina, badr, 0)),
        (UnknownPurpose, entry(1, amina, badr, 5, purpose="bribe")),
        (UnknownAccount, entry(1, amina, AccountId("nobody"), 5)),
        (UnitsDiffer, entry(1, amina, other.account.id, 5)),
    ):
        with pytest.raises(refusal):
            await store.write(asking.ask, asked, actor="badr")
    seen = await standing(store, amina)
    await store.write(amend_account, amina, if_match=tag(seen), state=AccountState.FROZEN)
    with pytest.raises(AccountFrozen):
        await store.write(asking.ask, entry(1, amina, badr, 5), actor="badr")
    assert await store.read(asking.requests, [], most=9) == []


async def test_requests_are_listed_newest_first_by_pages(store: Store, pair: Pair) -> None:
    amina, badr = pair
    [carla] = await store.write(begin, "carla")
    for number in range(1, 6):
        payer = carla if number == 3 else amina
        await store.write(asking.ask, entry(number, payer, badr, number), actor="badr")
    await store.write(asking.confirm, uuid(5), actor="amina")
    first = await store.read(asking.requests, [amina], most=2)
    rest = await store.read(asking.requests, [amina], after=cursor(first[-1].key), most=9)
    assert [one.entry.amount for one in first + rest] == [5, 4, 2, 1]
    waiting = await store.read(asking.requests, [badr], state=RequestState.ASKED, most=9)
    assert [one.entry.amount for one in waiting] == [4, 3, 2, 1]


async def test_a_sheet_is_entered_line_by_line_and_each_line_once(store: Store, pair: Pair) -> None:
    amina, badr = pair
    lines = [
        entry(1, amina, badr, 60, purpose="teaching"),
        entry(2, amina, badr, 1),
        entry(3, amina, AccountId("nobody"), 5),
        entry(4, badr, amina, 30, purpose="bribe"),
        entry(5, badr, amina, 30, note="soup", happened_on="2026-11-19"),
        entry(6, amina, badr, 30),
    ]
    entered = await store.write(enter_sheet, lines, actor="steward")
    refused = [type(one.refused) if one.refused else None for one in entered]
    assert refused == [None, LimitReached, UnknownAccount, UnknownPurpose, None, None]
    assert (await standing(store, badr)).posted == 60
    corrected = [*lines[:3], replace(lines[3], purpose="repair"), *lines[4:]]
    entered = await store.write(enter_sheet, corrected, actor="steward")
    assert [one.again for one in entered] == [True, False, False, False, True, True]
    assert entered[3].transfer is not None
    assert entered[3].transfer.kind == "paper"
    assert (await standing(store, badr)).posted == 30
    changed = [replace(lines[0], amount=5)]
    [line] = await store.write(enter_sheet, changed, actor="steward")
    assert type(line.refused) is SameIdOtherContent
    await assert_books_are_right(store)


async def test_a_sheet_has_some_lines_and_not_too_many(store: Store, pair: Pair) -> None:
    line = entry(1, *pair, 1)
    for lines in ([], [line] * (SHEET_LINES_MAX + 1)):
        with pytest.raises(BadGroup):
            await store.write(enter_sheet, lines, actor="steward")
    assert await store.read(handlers.found, uuid(1)) is None
