"""This node's offers and wants, as rings hold them and take them out of the lists."""

from services.exchange import blocks, item_handlers, ring_copies
from services.exchange.items import IN_RINGS, Repeat, Rings, Side, State, Visibility
from services.exchange.rings.plans import Slot, neighbours
from shared.contracts.rings import RingPlan, Why
from shared.ids import NodeName
from shared.refusals import Refusal
from shared.store import Work, of_the_database


class OwnItems:
    """The items of this node.

    Args:
        node: this node.
    """

    def __init__(self, node: NodeName) -> None:
        self._node = node

    def unfit(self, work: Work, slot: Slot, plan: RingPlan, *, giving: bool) -> Why:
        """Return why an own item cannot be held for a ring, or an empty text.

        What only the network may see stands in rings of this node alone, and so does what its
        owner has not put forward for rounds between networks.
        """
        try:
            item = item_handlers.own_item(work, slot.item, node=self._node).item
        except Refusal as refusal:
            if of_the_database(refusal):
                raise
            return "unknown"
        own_round = plan.decider == self._node
        if item.visibility is Visibility.NETWORK and not own_round:
            # To other nodes it is as if it were not there.
            return "unknown"
        side = Side.OFFER if giving else Side.WANT
        if item.owner != slot.party or item.side is not side or item.kind not in IN_RINGS:
            return "unknown"
        if item.revision != slot.revision or item.state is not State.PUBLISHED:
            return "changed"
        if item.rings is Rings.NONE or (item.rings is Rings.NETWORK and not own_round):
            return "changed"
        if item.choice and self._is_chosen(work, slot, plan, item.choice):
            return "taken"
        return "partner" if _is_blocked(work, slot.party, plan) else ""

    def fulfilled(self, work: Work, item: str) -> None:
        """Take an own item out of the lists, unless it is given or needed again and again."""
        try:
            with work.nested():
                known = item_handlers.own_item(work, item, node=self._node).item
                if known.repeat is Repeat.ONCE:
                    item_handlers.move_item(work, item, State.FULFILLED, node=self._node)
        except Refusal as refusal:
            # Its owner has closed it in the meantime: nothing is left to be done.
            if of_the_database(refusal):
                raise

    def _is_chosen(self, work: Work, slot: Slot, plan: RingPlan, choice: str) -> bool:
        """Return whether another of the owner's items with the same word is held already."""
        held = ring_copies.held_elsewhere(work, slot.party, but=plan.ring_id)
        others = (item_handlers.found(work, item) for item in held)
        return any(known is not None and known.item.choice == choice for known in others)


def _is_blocked(work: Work, party: str, plan: RingPlan) -> bool:
    return any(blocks.apart(work, party, other) for other in neighbours(plan, party))
