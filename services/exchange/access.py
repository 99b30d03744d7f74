"""Who may do what at the exchange: its operations by role. What is not here is refused."""

from typing import Final

from services.exchange.api_rings import RING_ROWS
from services.exchange.item_search import Sight
from services.exchange.ledger_access import LEDGER_ROWS
from services.exchange.round_access import ROUND_ROWS
from shared import health
from shared.access import AccessTable, Caller, Role, Row, everyone, only
from shared.people import EVERYTHING, READING

_KEEPS_IT: Final = (Role.STEWARD, Role.PROGRAM, Role.SERVICE)
"""Who looks after what a network offers and needs: stewards, programs they trust, the portal."""


def _of_its_entity(caller: Caller, *, owner: str, node: str) -> bool:
    return owner.startswith(f"{node}:") and caller.speaks_for(owner)


def _of_themselves(caller: Caller, *, owner: str, node: str) -> bool:
    return owner == f"{node}:{caller.id}"


def _by_owner(*roles: Role, reads: bool = False) -> Row:
    """Return the row of what keepers do, delegates for their entities, members for themselves."""
    return only(*_KEEPS_IT, *roles, reads=reads, delegate=_of_its_entity, member=_of_themselves)


ITEM_ROWS: Final = {
    "list_items": everyone(reads=True),
    "read_item": everyone(reads=True),
    "list_owner_items": _by_owner(Role.AUDITOR, reads=True),
    "create_item": _by_owner(),
    "amend_item": _by_owner(),
    "publish_item": _by_owner(),
    "pause_item": _by_owner(),
    "close_item": _by_owner(),
    "list_categories": everyone(reads=True),
    "add_category": only(*_KEEPS_IT),
    "close_category": only(*_KEEPS_IT),
    "list_units": everyone(reads=True),
    "list_rates": everyone(reads=True),
    "read_rates": everyone(reads=True),
    "publish_rates": only(*_KEEPS_IT),
    "agree_link": _by_owner(),
    "end_link": _by_owner(),
    "list_links": _by_owner(reads=True),
    "list_blocks": _by_owner(reads=True),
    "block": _by_owner(),
    "unblock": _by_owner(),
    "read_participant": everyone(reads=True),
}

ACCESS: Final = AccessTable(
    {
        **health.ROWS,
        "read_public_log": everyone(reads=True),
        "read_private_log": only(Role.SERVICE, reads=True),
        "read_log_standing": only(Role.SERVICE, reads=True),
        **ITEM_ROWS,
        **LEDGER_ROWS,
        **RING_ROWS,
        **ROUND_ROWS,
    }
)


def sight_of(caller: Caller, *, own: str) -> Sight:
    """Return what a caller may see of this node: those who belong to its network see all."""
    belongs = bool(caller.roles - {Role.ANONYMOUS} and caller.scope & {EVERYTHING, READING})
    return Sight(network=belongs, limited=belongs, own=own)
