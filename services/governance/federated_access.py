"""Who may do what about ballots between networks: stewards act for theirs, all who belong read."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.access import Role, Row, only

_BELONGS: Final = tuple(role for role in Role if role is not Role.ANONYMOUS)

FEDERATED_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "list_federated_ballots": only(*_BELONGS, reads=True),
        "read_federated_ballot": only(*_BELONGS, reads=True),
        "read_federated_outcome": only(*_BELONGS, reads=True),
        "prepare_federated_ballot": only(Role.STEWARD),
        "convene_federated_ballot": only(Role.STEWARD),
        "sponsor_federated_ballot": only(Role.STEWARD),
        "answer_federated_ballot": only(Role.STEWARD),
        "withdraw_federated_ballot": only(Role.STEWARD),
        "object_to_federated_ballot": only(Role.STEWARD),
        "step_federated_objection": only(Role.STEWARD),
        "answer_federated_objection": only(Role.STEWARD),
    }
)
"""The rows of ballots between networks; ``access.ACCESS`` takes them in.

Members vote in the ballot of their own node, whose rows are those of every ballot.
"""
