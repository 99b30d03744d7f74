"""Who may do what with ballots: people cast their own, stewards name tellers, tellers enter paper.

No program and no service casts, enters or reads a vote. Who is in the roll, who is a teller, and
whose delegation it is, the ballot itself says.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.access import Caller, Role, Row, only

_PEOPLE: Final = (Role.MEMBER, Role.DELEGATE, Role.STEWARD, Role.AUDITOR)
_OF_THE_NETWORK: Final = (*_PEOPLE, Role.PROGRAM, Role.SERVICE)


def _of_open_votes(caller: Caller, *, secret: bool) -> bool:
    return not secret


BALLOT_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "read_ballot": only(*_OF_THE_NETWORK, reads=True),
        "cast_ballot": only(*_PEOPLE),
        "read_own_ballot": only(*_PEOPLE, reads=True),
        # Stewards and the ballot's tellers, who have to know whether there is a quorum.
        "read_turnout": only(*_PEOPLE, reads=True),
        "list_receipts": only(*_OF_THE_NETWORK, reads=True),
        "prove_receipt": only(*_OF_THE_NETWORK, reads=True),
        "read_roll_call": only(*_OF_THE_NETWORK, reads=True),
        "list_issued": only(Role.STEWARD, Role.AUDITOR, reads=True),
        "download_package": only(
            Role.STEWARD, Role.AUDITOR, reads=True, member=_of_open_votes, delegate=_of_open_votes
        ),
        "export_ballots": only(
            Role.STEWARD, Role.AUDITOR, reads=True, member=_of_open_votes, delegate=_of_open_votes
        ),
        "list_tellers": only(*_OF_THE_NETWORK, reads=True),
        "name_tellers": only(Role.STEWARD),
        "enter_paper": only(*_PEOPLE),
        "read_paper": only(*_PEOPLE, reads=True),
        "take_back_paper": only(*_PEOPLE),
        "list_papers": only(*_PEOPLE, reads=True),
        "tick_voter": only(*_PEOPLE),
        "untick_voter": only(*_PEOPLE),
        "sign_urn_note": only(*_PEOPLE),
        "enter_proxy": only(*_PEOPLE),
        "end_proxy": only(*_PEOPLE),
        "list_proxies": only(*_PEOPLE, reads=True),
        "give_delegation": only(*_PEOPLE),
        "revoke_delegation": only(*_PEOPLE),
        "list_own_delegations": only(*_PEOPLE, reads=True),
        "list_holders": only(*_OF_THE_NETWORK, reads=True),
    }
)
"""The rows of the operations of ballots; the access table of governance includes them."""
