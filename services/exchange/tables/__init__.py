"""How the exchange lies in its database; importing it makes all of its tables known."""

from typing import Final

from services.exchange.tables import ledger, offers, rings, rounds
from services.exchange.tables.base import LOG, REVOKED, metadata

HEAD: Final = "0001"
"""The newest revision of the migrations."""

__all__ = ["HEAD", "LOG", "REVOKED", "ledger", "metadata", "offers", "rings", "rounds"]
