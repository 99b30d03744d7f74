"""Statements: each line follows from the one before it; files for people in five languages."""

import csv
import io
from datetime import timedelta

import pytest

from services.exchange import ledger_handlers as handlers
from services.exchange.ledger import NO_CEILING, NO_FLOOR, AccountId, AccountKind, Step
from services.exchange.ledger_accounts import open_account, unit
from services.exchange.ledger_csv import StatementTooLong, shown, statement_csv
from services.exchange.ledger_purposes import HOURS, LANGUAGES, mutual_credit
from services.exchange.ledger_statements import LINES_MAX, Standing, statement
from shared.clock import SetClock, stamp
from shared.paging import BadCursor, cursor
from shared.refusals import Missing
from shared.store import Store
from tests.exchange.ledger.conftest import NODE, NOW, begin, entry, give, uuid

DAY = timedelta(days=1)


@pytest.fixture
async def told(store: Store, clock: SetClock) -> AccountId:
    """The account of somebody to whom all that can happen has happened, a day after the other."""
    amina, badr = await store.write(begin, "amina", "badr", floor=-60, ceiling=120)
    record, reserve, resolve = handlers.record, handlers.reserve, handlers.resolve
    await store.write(record, entry(1, amina, badr, 45, note="=1+1"), actor="amina")
    clock.move(DAY)
    await store.write(reserve, entry(2, badr, amina, 30, purpose="repair"), actor="badr")
    clock.move(DAY)
    await store.write(resolve, uuid(2), Step.POST, actor="badr", amount=20)
    clock.move(DAY)
    await store.write(reserve, entry(3, amina, badr, 5), actor="amina")
    clock.move(DAY)
    await store.write(resolve, uuid(3), Step.VOID, actor="amina")
    clock.move(DAY)
    await store.write(handlers.reverse, uuid(1), reversal_id=uuid(4), actor="steward")
    return amina


async def test_a_statement_shows_both_balances_after_each_line(
    store: Store, told: AccountId
) -> None:
    found = await store.read(statement, told, most=50)
    assert [(line.received, line.given, line.held) for line in found.lines] == [
        (0, 45, 0), (0, 0, 30), (20, 0, -30), (0, 0, 5), (0, 0, -5), (45, 0, 0),
    ]  # fmt: skip
    assert [(line.after.posted, line.after.available(-60)) for line in found.lines] == [
        (-45, 15), (-45, 15), (-25, 35), (-25, 30), (-25, 35), (20, 80),
    ]  # fmt: skip
    assert {line.other for line in found.lines} == {"badr"}
    account = found.account
    last = found.lines[-1].after
    assert (last.posted, last.held_out, last.held_in) == (
        account.posted,
        account.debits_pending,
        account.credits_pending,
    )


async def test_a_statement_is_read_by_pages_and_by_periods(store: Store, told: AccountId) -> None:
    whole = await store.read(statement, told, most=50)
    first = await store.read(statement, told, most=2)
    rest = await store.read(statement, told, after=cursor(first.lines[-1].key), most=50)
    assert first.lines + rest.lines == whole.lines
    assert rest.before == first.lines[-1].after
    since, until = stamp(NOW + DAY), stamp(NOW + 4 * DAY)
    middle = await store.read(statement, told, since=since, until=until, most=50)
    assert middle.lines == whole.lines[1:4]
    assert middle.before == Standing(posted=-45)
    later = await store.read(statement, told, since="2027", most=50)
    assert (later.lines, later.before) == ([], whole.lines[-1].after)
    assert (await store.read(statement, told, until="2026", most=50)).lines == []
    with pytest.raises(Missing):
        await store.read(statement, AccountId("nobody"), most=50)
    with pytest.raises(BadCursor):
        await store.read(statement, told, after="x", most=50)


async def test_an_account_without_transfers_has_an_empty_statement(store: Store) -> None:
    [amina] = await store.write(begin, "amina")
    found = await store.read(statement, amina, since="2026", until="2027", most=50)
    assert (found.lines, found.before) == ([], Standing())


@pytest.mark.parametrize("language", [*LANGUAGES, "ber"])
async def test_a_statement_is_a_file_that_spreadsheets_open(
    store: Store, told: AccountId, language: str
) -> None:
    found = await store.read(statement, told, most=50)
    file = statement_csv(found, unit=await store.read(unit, HOURS), language=language)
    assert file.startswith(b"\xef\xbb\xbf")
    headings, before, *rows = csv.reader(io.StringIO(file.decode("utf-8-sig")))
    assert len(set(map(len, [headings, before, *rows]))) == 1
    word = {"en": "given", "ar": "المعطى", "fr": "donné", "es": "entregado", "pt": "entregue"}
    minutes = {"en": "minutes", "ar": "دقائق", "fr": "minutes", "es": "minutos", "pt": "minutos"}
    known = language if language in word else "en"
    assert f"{word[known]} ({minutes[known]})" in headings
    assert rows[0][headings.index(f"{word[known]} ({minutes[known]})")] == "45"
    assert [row[-3:-1] for row in rows] == [
        ["-45", "15"], ["-45", "15"], ["-25", "35"], ["-25", "30"], ["-25", "35"], ["20", "80"],
    ]  # fmt: skip
    assert before[-3:-1] == ["0", "60"]


async def test_what_people_wrote_is_no_formula(store: Store, told: AccountId) -> None:
    found = await store.read(statement, told, most=50)
    file = statement_csv(found, unit=await store.read(unit, HOURS), language="en").decode()
    assert ",'=1+1," in file
    assert ",=1+1," not in file


async def test_mutual_credit_is_written_in_whole_and_hundredths(store: Store) -> None:
    await store.write(begin)
    code = mutual_credit(NODE)
    accounts = []
    for owner in ("amina", "badr"):
        opened = await store.write(
            open_account,
            owner=owner,
            kind=AccountKind.PERSON,
            unit_code=code,
            node=NODE,
            floor=NO_FLOOR,
            ceiling=NO_CEILING,
        )
        accounts.append(opened.account.id)
    await store.write(give, 1, *accounts, 12_05)
    found = await store.read(statement, accounts[0], most=50)
    credit = await store.read(unit, code)
    text = statement_csv(found, unit=credit, language="es").decode("utf-8-sig")
    headings, _, line = csv.reader(io.StringIO(text))
    assert "entregado (Crédito mutuo)" in headings
    # Without a floor no number says what is available.
    assert line[-3:-1] == ["-12.05", ""]
    assert [shown(amount, credit) for amount in (0, 5, -5, 100, -1_234)] == [
        "0.00", "0.05", "-0.05", "1.00", "-12.34",
    ]  # fmt: skip


async def test_a_file_has_so_many_lines_and_no_more(store: Store, told: AccountId) -> None:
    found = await store.read(statement, told, most=50)
    endless = found._replace(lines=found.lines[:1] * (LINES_MAX + 1))
    with pytest.raises(StatementTooLong):
        statement_csv(endless, unit=await store.read(unit, HOURS), language="en")
