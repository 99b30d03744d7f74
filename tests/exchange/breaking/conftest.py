"""An exchange over a real store, for those who hand in what nobody should."""

from tests.exchange.items.conftest import (
    Exchange,
    client,
    clock,
    exchange,
    postgresql,
    postgresql_server,
    postgresql_store,
    sqlite_store,
    store,
)

__all__ = [
    "Exchange",
    "client",
    "clock",
    "exchange",
    "postgresql",
    "postgresql_server",
    "postgresql_store",
    "sqlite_store",
    "store",
]
