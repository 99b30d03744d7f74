"""Who may do what with rolls: everybody of the network sees a root, and their own entry."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.access import Role, Row, only

_OF_THE_NETWORK: Final = (
    Role.MEMBER,
    Role.DELEGATE,
    Role.STEWARD,
    Role.AUDITOR,
    Role.PROGRAM,
    Role.SERVICE,
)
_PEOPLE: Final = (Role.MEMBER, Role.DELEGATE, Role.STEWARD, Role.AUDITOR)

ROLL_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "count_electorate": only(*_OF_THE_NETWORK, reads=True),
        "list_electorate": only(Role.STEWARD, Role.AUDITOR, reads=True),
        "read_roll": only(*_OF_THE_NETWORK, reads=True),
        # It is the entry of whoever asks, and of nobody else.
        "read_own_entry": only(*_PEOPLE, reads=True),
        "list_roll_entries": only(Role.STEWARD, Role.AUDITOR, reads=True),
    }
)
"""The rows of the operations of rolls; the access table of governance includes them."""
