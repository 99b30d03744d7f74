"""The desk of rings of a running exchange, put together from its real parts."""

from services.exchange.ring_copies import hold_slot
from services.exchange.ring_desk import RingDesk, Rules
from services.exchange.ring_items import OwnItems
from services.exchange.ring_ledger import LedgerResiduals
from services.exchange.ring_letters import SealedPost
from services.exchange.rings.parts import Timing
from services.exchange.tables.base import LOG
from shared.ids import NodeName


def ring_desk(node: NodeName, timing: Timing | None = None) -> RingDesk:
    """Return the desk at which a node's rings are handled; the timing is the usual one if None."""
    return RingDesk(
        node=node,
        items=OwnItems(node),
        post=SealedPost(node, LOG),
        rules=Rules(hold=hold_slot),
        residuals=LedgerResiduals(node),
        timing=timing or Timing(),
    )
