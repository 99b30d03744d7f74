"""Who may do what about an outcome between networks that is in doubt."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.access import Role, Row, only

_BELONGS: Final = tuple(role for role in Role if role is not Role.ANONYMOUS)
_LOOKS: Final = (Role.STEWARD, Role.AUDITOR)

DISPUTE_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "challenge_outcome": only(Role.STEWARD),
        "rule_on_disputes": only(Role.STEWARD),
        "list_dispute_reasons": only(*_BELONGS, reads=True),
        "list_audits": only(*_BELONGS, reads=True),
        # Pseudonyms and proofs of drawn entries leave the node with it.
        "answer_audit": only(*_LOOKS, reads=True),
        "check_audit_answer": only(*_LOOKS, reads=True),
        "report_audit": only(*_LOOKS),
        # All ballots, without who cast them, leave the node with it.
        "open_recount_package": only(Role.STEWARD),
        "read_opened_package": only(*_LOOKS, reads=True),
        "list_recount_openings": only(*_BELONGS, reads=True),
        "count_again": only(*_LOOKS, reads=True),
    }
)
"""The rows of disputes; ``access.ACCESS`` takes them in.

Whether a network was drawn is asked of the facts, in the unit of work itself.
"""
