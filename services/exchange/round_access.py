"""Who may do what with rounds of matching."""

from typing import Final

from shared.access import Role, everyone, only

_BELONGS: Final = tuple(role for role in Role if role is not Role.ANONYMOUS)

ROUND_ROWS: Final = {
    "hold_round": only(Role.STEWARD, Role.PROGRAM),
    "list_rounds": everyone(reads=True),
    "read_round": everyone(reads=True),
    "read_round_certificate": only(Role.STEWARD, Role.PROGRAM, Role.AUDITOR, reads=True),
    "read_weights": everyone(reads=True),
    "explain_item": only(*_BELONGS, reads=True),
}
"""Who may do what with rounds; ``access.ACCESS`` takes them in.

A network's own round is made of what only the network may see, too: its counts, its progress and
that it was held at all are shown to those who belong to the network, and so is what keeps an item
from being matched, because the nearest other may be such a thing. Rounds between networks are
everybody's. The certificate names items, so that only stewards and auditors see it.
"""
