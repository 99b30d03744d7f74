"""Who may do what with the view of coordinators, seals that travel, and papers of networks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.access import Role, Row, only

_BELONGS: Final = tuple(role for role in Role if role is not Role.ANONYMOUS)
_ENTERS: Final = (Role.MEMBER, Role.DELEGATE, Role.STEWARD)

FEDERATED_VIEW_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "list_together": only(*_BELONGS, reads=True),
        "read_together": only(*_BELONGS, reads=True),
        "export_together": only(*_BELONGS, reads=True),
        "read_weights": only(*_BELONGS, reads=True),
        # They change nothing; they are sent because a rule does not fit into an address.
        "weigh_rule": only(*_BELONGS, reads=True),
        "try_rules": only(*_BELONGS, reads=True),
        "read_seal": only(*_BELONGS, reads=True),
        "take_in_seal": only(Role.STEWARD, Role.COORDINATOR),
        "name_paper_tellers": only(Role.STEWARD),
        "list_paper_tellers": only(*_BELONGS, reads=True),
        "enter_paper_roll": only(*_ENTERS),
        "enter_paper_result": only(*_ENTERS),
        "read_leg_paper": only(*_BELONGS, reads=True),
    }
)
"""The rows of what is seen of ballots between networks; ``access.ACCESS`` takes them in.

Who enters a paper is asked of the paper: only its named tellers do.
"""
