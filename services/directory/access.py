"""Who may do what at the directory: its operations by role. What is not here is refused."""

from typing import Final

from services.directory.register_access import REGISTER_ROWS
from services.directory.search import Sight
from shared import health
from shared.access import AccessTable, Caller, Role, everyone, only
from shared.people import EVERYTHING, READING

_KEEPS_IT: Final = (Role.STEWARD, Role.PROGRAM, Role.SERVICE)
"""Who looks after a network's entries: stewards, programs that they trust, the portal."""


def _of_its_entity(caller: Caller, *, entity: str) -> bool:
    return caller.speaks_for(entity)


ACCESS: Final = AccessTable(
    {
        **health.ROWS,
        "read_public_log": everyone(reads=True),
        "read_private_log": only(Role.SERVICE, reads=True),
        "read_log_standing": only(Role.SERVICE, reads=True),
        "list_entities": everyone(reads=True),
        "count_entities": everyone(reads=True),
        "read_entity": everyone(reads=True),
        "read_entity_at_home": only(*_KEEPS_IT, reads=True, delegate=_of_its_entity),
        "create_entity": only(*_KEEPS_IT),
        "amend_entity": only(*_KEEPS_IT, delegate=_of_its_entity),
        "withdraw_entity": only(*_KEEPS_IT, delegate=_of_its_entity),
        "preview_import": only(*_KEEPS_IT),
        "import_list": only(*_KEEPS_IT),
        "list_imports": only(*_KEEPS_IT, Role.AUDITOR, reads=True),
        "read_import": only(*_KEEPS_IT, Role.AUDITOR, reads=True),
        "read_import_rows": only(*_KEEPS_IT, Role.AUDITOR, reads=True),
        "list_vocabularies": everyone(reads=True),
        "read_vocabulary": everyone(reads=True),
        **REGISTER_ROWS,
    }
)


def sight_of(caller: Caller, *, own: str) -> Sight:
    """Return what a caller may see of this node: those who belong to its network see all."""
    belongs = bool(caller.roles - {Role.ANONYMOUS} and caller.scope & {EVERYTHING, READING})
    return Sight(network=belongs, limited=belongs, own=own)
