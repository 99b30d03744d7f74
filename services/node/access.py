"""Who may do what at the node service: its operations by role. What is not here is refused."""

from typing import Final

from shared import health
from shared.access import AccessTable, Caller, Role, everyone, only

OPERATOR: Final = "node"
"""Whoever can read the node's keys on its machine speaks as the node's own service."""
_LOOKS_AFTER_IT: Final = (Role.STEWARD, Role.AUDITOR, Role.SERVICE)
"""Who may look behind the public side: stewards, auditors, the operator and the other services."""


def _is_the_operator(caller: Caller) -> bool:
    """Return whether a service's token is the operator's: no other service may do this."""
    return caller.id == OPERATOR


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
        "make_invitation": only(Role.STEWARD, service=_is_the_operator),
        "list_joinings": only(*_LOOKS_AFTER_IT, reads=True),
        "issue_token": only(Role.STEWARD, service=_is_the_operator),
        "list_tokens": only(*_LOOKS_AFTER_IT, reads=True),
        "revoke_token": only(Role.STEWARD, service=_is_the_operator),
        "list_acts": only(*_LOOKS_AFTER_IT, reads=True),
        "speak_for_act": only(Role.STEWARD),
        "list_memberships": everyone(reads=True),
    }
)

JOINING_ACCESS: Final = AccessTable(
    {
        "ask_to_join": everyone(),
        "see_joining": everyone(reads=True),
    }
)
"""What a hub answers on the HTTPS port by which networks ask to join; they have no tokens yet."""

FRONT_ACCESS: Final = AccessTable({"see_status": everyone(reads=True)})
"""What the node shows to people at ``/``."""
