"""Who may do what with accounts: stewards for everybody, delegates and members for their own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.access import Caller, Role, Row, everyone, only

_KEEPS_IT: Final = (Role.STEWARD, Role.PROGRAM, Role.SERVICE)
"""Who looks after a network's accounts: stewards, programs that they trust, the portal."""


def _of_its_entity(caller: Caller, *, owner: str, limits: bool = False) -> bool:
    # Nobody sets limits for themselves.
    return not limits and caller.speaks_for(owner)


def _of_themselves(caller: Caller, *, owner: str, limits: bool = False) -> bool:
    return not limits and owner == caller.id


def _by_owner(*roles: Role, reads: bool = False) -> Row:
    return only(*_KEEPS_IT, *roles, reads=reads, delegate=_of_its_entity, member=_of_themselves)


LEDGER_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "list_ledger_units": everyone(reads=True),
        "list_purposes": everyone(reads=True),
        "open_account": _by_owner(),
        "list_accounts": _by_owner(Role.AUDITOR, reads=True),
        "read_account": _by_owner(Role.AUDITOR, reads=True),
        "amend_account": only(*_KEEPS_IT),
        "read_statement": _by_owner(Role.AUDITOR, reads=True),
        "download_statement": _by_owner(Role.AUDITOR, reads=True),
        # The owner is the payer: nobody takes from another's account.
        "record_transfer": _by_owner(),
        # The owner is either of the two.
        "read_transfer": _by_owner(Role.AUDITOR, reads=True),
        # The owner is who received it, and gives it back.
        "reverse_transfer": _by_owner(),
        # The owner is the payee, who has done the work.
        "request_transfer": _by_owner(),
        "withdraw_request": _by_owner(),
        "list_requests": _by_owner(Role.AUDITOR, reads=True),
        # The owner is the payer, who has had it done.
        "confirm_request": _by_owner(),
        "decline_request": _by_owner(),
        "enter_sheet": only(*_KEEPS_IT),
        "check_ledger": only(*_KEEPS_IT, Role.AUDITOR, reads=True),
    }
)
"""The rows of the ledger's operations; the exchange's access table includes them."""
