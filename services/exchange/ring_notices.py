"""Whom a change of a ring concerns: our parties, when they are asked and as it goes on."""

from collections.abc import Iterable

from services.exchange.rings.parts import Copy
from shared.contracts.notices import NoticeDue
from shared.contracts.rings import RingState
from shared.store import Work


def notify(work: Work, before: Copy, after: Copy, parties: Iterable[str]) -> None:
    """Announce what our parties of a ring ought to be told, in the unit that has changed it.

    A ring that came to nothing before anybody was asked concerns nobody.

    Args:
        before, after: what this node knew of the ring, and knows now.
        parties: ours.
    """
    asks = after.opened and not before.opened and after.state is RingState.PROPOSED
    moved = after.state is not before.state and (before.opened or after.opened)
    for party in sorted(parties):
        if asks:
            work.announce(
                NoticeDue(
                    ring_id=after.plan.ring_id,
                    party=party,
                    what="asked",
                    due=after.plan.deadline,
                )
            )
        elif moved:
            work.announce(
                NoticeDue.model_validate(
                    {"ring_id": after.plan.ring_id, "party": party, "what": after.state.value}
                )
            )
