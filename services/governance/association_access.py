"""Who may do what in associations: stewards act for their network, everybody of it reads."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.access import Role, Row, everyone, only

_BELONGS: Final = tuple(role for role in Role if role is not Role.ANONYMOUS)

ASSOCIATION_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "draft_charter": everyone(reads=True),
        "list_associations": only(*_BELONGS, reads=True),
        "read_association": only(*_BELONGS, reads=True),
        "read_charter": only(*_BELONGS, reads=True),
        "list_association_members": only(*_BELONGS, reads=True),
        "list_association_words": only(*_BELONGS, reads=True),
        "found_association": only(Role.STEWARD),
        "change_charter": only(Role.STEWARD),
        "adopt_charter": only(Role.STEWARD),
        "leave_association": only(Role.STEWARD),
        "apply_for_membership": only(Role.STEWARD),
        "enter_application": only(Role.STEWARD),
        "enter_paper_member": only(Role.STEWARD),
        "sponsor_member": only(Role.STEWARD),
        "prepare_membership_ballot": only(Role.STEWARD),
        "call_membership_ballot": only(Role.STEWARD),
        "reply_to_ballot": only(Role.STEWARD),
        "appeal_ballot": only(Role.STEWARD),
    }
)
"""The rows of associations; ``access.ACCESS`` takes them in.

The draft of a charter says nothing of anybody and is everybody's. What stewards do here binds
nobody but their own network; who belongs is decided by ballots of all.
"""
