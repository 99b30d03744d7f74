"""Ledgers for tests: stores on real SQLite files and on a real PostgreSQL, and accounts in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

import services.exchange.tables.ledger  # noqa: F401  # its tables are made with the others
from services.exchange.ledger import Account, AccountId, AccountKind, Entry, TransferId
from services.exchange.ledger_accounts import account, begin_units, open_account
from services.exchange.ledger_audit import findings
from services.exchange.ledger_handlers import record
from services.exchange.ledger_purposes import HOURS
from services.exchange.tables.base import LOG
from shared.clock import SetClock
from shared.events import Speaker
from shared.ids import NodeName, ServiceName
from shared.store import Store, Work, open_store
from tests.databases import NewDatabase, database_url, postgresql, postgresql_server

__all__ = ["NewDatabase", "database_url", "postgresql", "postgresql_server"]

NODE = NodeName("souss")
NOW = datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)


def uuid(number: int) -> TransferId:
    """Return an id that is the same in every run."""
    return TransferId(str(UUID(int=(0x0199 << 112) | (7 << 76) | (2 << 62) | number)))


def begin(work: Work, /, *owners: str, **limits: int) -> list[AccountId]:
    """Begin the node's units and open an account in hours for each owner."""
    begin_units(work, node=NODE)
    return [
        open_account(
            work, owner=owner, kind=AccountKind.PERSON, unit_code=HOURS, node=NODE, **limits
        ).account.id
        for owner in owners
    ]


def entry(number: int, payer: AccountId, payee: AccountId, amount: int, **fields: Any) -> Entry:
    """Return an entry with an id of that number, for care where nothing else is said."""
    given = {"purpose": "care", **fields}
    return Entry(id=uuid(number), payer=payer, payee=payee, amount=amount, **given)


def give(work: Work, number: int, payer: AccountId, payee: AccountId, amount: int) -> None:
    """Pass minutes."""
    record(work, entry(number, payer, payee, amount), actor="amina")


async def standing(store: Store, account_id: AccountId) -> Account:
    """Return an account as it stands."""
    return await store.read(account, account_id)


async def assert_books_are_right(store: Store) -> None:
    """Fail unless every invariant holds."""
    broken = [one for one in await store.read(findings) if not one.holds]
    assert broken == []


@asynccontextmanager
async def opened(url: str, clock: SetClock | None = None) -> AsyncIterator[Store]:
    """Open an exchange's store with its tables."""
    store = await open_store(
        url,
        LOG,
        speaker=Speaker(NODE, ServiceName("exchange")),
        clock=clock or SetClock(NOW),
        create=True,
    )
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
def clock() -> SetClock:
    """A clock that a test moves."""
    return SetClock(NOW)


@pytest.fixture
async def store(database_url: str, clock: SetClock) -> AsyncIterator[Store]:
    """An exchange's store, on each kind of database in turn."""
    async with opened(database_url, clock) as store:
        yield store
