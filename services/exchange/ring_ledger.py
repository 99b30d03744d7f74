"""What a ring leaves over between its parties, in the ledger of this node."""

from services.exchange import item_handlers, ledger_groups
from services.exchange.items import OwnerKind
from services.exchange.ledger_purposes import ledger_code
from services.exchange.ledger_refusals import UnknownLedgerUnit
from services.exchange.rings.plans import residuals, slots
from shared.contracts.rings import RingPlan
from shared.ids import NodeName
from shared.store import Work

ACTOR = "ring"
"""Who holds and posts: the ring itself, to which all its parties have said yes."""


class LedgerResiduals:
    """Residuals as a group of transfers, named by the ring's own id.

    Args:
        node: this node; rings between nodes leave nothing in its ledger.
    """

    def __init__(self, node: NodeName) -> None:
        self._node = node

    def carries(self, work: Work, plan: RingPlan) -> bool:
        """Return whether this node keeps accounts in the ring's unit."""
        try:
            ledger_code(plan.unit, node=self._node)
        except UnknownLedgerUnit:
            return False
        return True

    def reserve(self, work: Work, plan: RingPlan) -> None:
        """Hold what is left over, all of it or nothing.

        Raises:
            LimitReached, and what else ``ledger_groups.reserve_group`` refuses.
        """
        beyond = {
            _owner(work, plan, party): -received for party, received in residuals(plan).items()
        }
        lines = ledger_groups.residual_lines(
            work, beyond, unit_code=ledger_code(plan.unit, node=self._node), node=self._node
        )
        ledger_groups.reserve_group(
            work, _group(plan.ring_id), lines, kind="ring", agreement=plan.ring_id, actor=ACTOR
        )

    def post(self, work: Work, ring_id: str) -> None:
        """Post what is held for a ring."""
        ledger_groups.post_group(work, _group(ring_id), actor=ACTOR)

    def void(self, work: Work, ring_id: str) -> None:
        """Give back what is held for a ring."""
        ledger_groups.void_group(work, _group(ring_id), actor=ACTOR)


def _owner(work: Work, plan: RingPlan, party: str) -> str:
    """Return a party as the ledger knows it: an entity by its global id, a person by their own."""
    for slot in slots(plan):
        if slot.party == party:
            known = item_handlers.found(work, slot.item)
            if known is not None and known.item.owner_kind is OwnerKind.PERSON:
                return party.partition(":")[2]
    return party


def _group(ring_id: str) -> str:
    return ring_id.partition(":")[2]
