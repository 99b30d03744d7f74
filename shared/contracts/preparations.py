"""What comes before a ballot on a matter of the charter: the rolls are asked for.

Rolls for such a matter are sealed before the ballot is announced, so that nobody fills one up for
it. Who is about to call the ballot says so, and each network that would be called seals its roll.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.decisions import DecisionTold
from shared.contracts.log import Sha256
from shared.contracts.membership import AssociationId
from shared.contracts.rings import Node, Stamp
from shared.contracts.seals import NODES_MAX, Code
from shared.events import published


@published
class DecisionPrepared(DecisionTold):
    """A network is about to call a ballot and asks for the rolls; nothing is decided by it.

    Args:
        association: whose ballot it will be; its charter has ``charter_hash``.
        matter: a matter of the charter.
        legs: the networks that seal their rolls.
        subject: the network that it is about, which does not vote.
    """

    kind: ClassVar[str] = "governance.decision.prepared"
    version: ClassVar[int] = 1

    association: AssociationId
    charter_hash: Sha256
    matter: Code
    legs: Annotated[tuple[Node, ...], Field(min_length=1, max_length=NODES_MAX)]
    subject: Node | None = None
    prepared_at: Stamp
