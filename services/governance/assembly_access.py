"""Who may do what with assemblies, budget cycles and the health of governance.

Whoever was named in an assembly (chair, secretary, tellers) or in a cycle acts in it: the record
itself knows them, so that the table lets all people of the network knock, and the rules open.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.access import Role, Row, only

_PEOPLE: Final = (Role.MEMBER, Role.DELEGATE, Role.STEWARD)
_OF_THE_NETWORK: Final = (*_PEOPLE, Role.AUDITOR, Role.COORDINATOR, Role.PROGRAM, Role.SERVICE)

ASSEMBLY_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "call_assembly": only(Role.STEWARD),
        "list_assemblies": only(*_OF_THE_NETWORK, reads=True),
        "read_assembly": only(*_OF_THE_NETWORK, reads=True),
        "record_assembly_step": only(*_PEOPLE),
        # Who was there, and the record as it stands, are for those who lead it and who check it.
        "read_attendance": only(*_PEOPLE, Role.AUDITOR, reads=True),
        "read_assembly_record": only(*_PEOPLE, Role.AUDITOR, reads=True),
        "print_attendance_sheet": only(*_PEOPLE, reads=True),
        "print_minutes": only(*_OF_THE_NETWORK, reads=True),
        "begin_cycle": only(Role.STEWARD),
        "list_cycles": only(*_OF_THE_NETWORK, reads=True),
        "read_cycle": only(*_OF_THE_NETWORK, reads=True),
        "record_cycle_step": only(*_PEOPLE),
        "read_cycle_record": only(*_OF_THE_NETWORK, reads=True),
        "follow_surplus": only(*_OF_THE_NETWORK, reads=True),
        "read_governance_health": only(*_OF_THE_NETWORK, reads=True),
        "read_health_indicator": only(*_OF_THE_NETWORK, reads=True),
        "list_declarations": only(*_OF_THE_NETWORK, reads=True),
        "declare": only(Role.STEWARD),
    }
)
"""The rows of these operations; the access table of governance includes them."""
