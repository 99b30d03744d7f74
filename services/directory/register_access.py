"""Who may do what with the register: its keepers all; members and delegates read their own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.access import Caller, Role, Row, only

_KEEPS_IT: Final = (Role.STEWARD, Role.PROGRAM, Role.SERVICE)
"""Who keeps the register: stewards, programs that they trust, the portal."""
_READS_IT: Final = (*_KEEPS_IT, Role.AUDITOR)


def _of_themselves(caller: Caller, *, person: str, entity: str = "") -> bool:
    return bool(person) and person == caller.id


def _of_theirs(caller: Caller, *, person: str, entity: str = "") -> bool:
    return _of_themselves(caller, person=person) or (bool(entity) and caller.speaks_for(entity))


def _own(*roles: Role) -> Row:
    return only(*roles, reads=True, member=_of_themselves, delegate=_of_theirs)


REGISTER_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "enter_person": only(*_KEEPS_IT),
        "amend_person": only(*_KEEPS_IT),
        "remove_person": only(*_KEEPS_IT),
        "list_persons": only(*_READS_IT, reads=True),
        "read_person": _own(*_READS_IT),
        "admit_member": only(*_KEEPS_IT),
        "end_membership": only(*_KEEPS_IT),
        "list_members": only(*_READS_IT, reads=True),
        "read_member": _own(*_READS_IT),
        "read_member_history": _own(*_READS_IT),
        "import_register": only(*_KEEPS_IT),
        "give_mandate": only(*_KEEPS_IT),
        "end_mandate": only(*_KEEPS_IT),
        "list_mandates": _own(*_READS_IT),
        "read_mandate": _own(*_READS_IT),
    }
)
"""The rows of the register's operations; the directory's access table includes them."""


def reads_all(caller: Caller) -> bool:
    """Return whether a caller may see the whole register, and not only what is their own."""
    return bool(caller.roles & {*_READS_IT})


def sees_notes(caller: Caller) -> bool:
    """Return whether a caller may see names and notes: stewards alone."""
    return Role.STEWARD in caller.roles
