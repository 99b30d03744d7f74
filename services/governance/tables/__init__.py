"""How governance lies in its database; importing it makes all of its tables known."""

from typing import Final

from services.governance.tables import (
    assemblies,
    associations,
    ballots,
    decisions,
    federated,
    federated_desks,
    rolls,
)
from services.governance.tables.base import LOG, REVOKED, metadata

HEAD: Final = "0001"
"""The newest revision of the migrations."""

__all__ = [
    "HEAD",
    "LOG",
    "REVOKED",
    "assemblies",
    "associations",
    "ballots",
    "decisions",
    "federated",
    "federated_desks",
    "metadata",
    "rolls",
]
