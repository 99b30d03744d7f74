"""What the ledger needs of a running service: its units at the start, and an eye on the clock."""

from services.exchange.ledger_accounts import begin_units
from services.exchange.ledger_handlers import expire_due
from services.exchange.ledger_requests import expire_requests
from shared.store import Work

__all__ = ["begin_units", "expire_ledger"]


def expire_ledger(work: Work) -> int:
    """Give back what was held for too long, and close requests that nobody has answered.

    Returns:
        How many there were; the service asks again at once until there are none.
    """
    return expire_due(work) + expire_requests(work)
