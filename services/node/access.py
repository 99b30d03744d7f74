"""Who may do what at the node service: its operations by role. What is not here is refused."""

from typing import Final

from shared import health
from shared.access import AccessTable, Role, everyone, only

_LOOKS_AFTER_IT: Final = (Role.STEWARD, Role.AUDITOR, Role.SERVICE)
"""Who may look behind the public side: stewards, auditors, and the operator on the machine itself,
whose commands speak as the node's own service."""

ACCESS: Final = AccessTable(
    {
        **health.ROWS,
        "read_public_log": everyone(reads=True),
        "read_private_log": only(Role.SERVICE, reads=True),
        "read_log_standing": only(Role.SERVICE, reads=True),
        "list_nodes": everyone(reads=True),
        "list_happenings": everyone(reads=True),
        "sign_reopening": only(Role.SERVICE),
        "list_epochs": only(*_LOOKS_AFTER_IT, reads=True),
        "see_watch": only(*_LOOKS_AFTER_IT, Role.COORDINATOR, reads=True),
        "make_invitation": only(Role.STEWARD, Role.SERVICE),
        "list_joinings": only(*_LOOKS_AFTER_IT, reads=True),
        "list_acts": only(*_LOOKS_AFTER_IT, reads=True),
        "speak_for_act": only(Role.STEWARD),
    }
)

JOINING_ACCESS: Final = AccessTable(
    {
        "ask_to_join": everyone(),
        "see_joining": everyone(reads=True),
    }
)
"""What a hub answers on the HTTPS port by which networks ask to join; they have no tokens yet."""
