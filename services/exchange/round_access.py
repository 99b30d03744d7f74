"""Who may do what with rounds of matching."""

from typing import Final

from shared.access import Role, everyone, only

ROUND_ROWS: Final = {
    "hold_round": only(Role.STEWARD, Role.PROGRAM),
    "list_rounds": everyone(reads=True),
    "read_round": everyone(reads=True),
    "read_round_certificate": only(Role.STEWARD, Role.PROGRAM, Role.AUDITOR, reads=True),
    "explain_item": everyone(reads=True),
}
"""Who may do what with rounds; ``access.ACCESS`` takes them in.

The certificate names the items of a network's own round, so that only stewards and auditors see it;
what keeps an item from being matched is said to whoever may see the item at all.
"""
