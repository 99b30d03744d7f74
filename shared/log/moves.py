"""What moves change in the registry of nodes: a node that goes over, and a reader that has gone."""

from sqlalchemy import Table, select, update

from shared.contracts.node import Parent
from shared.contracts.peers import PeerReceived
from shared.store import Work


def goes_over(work: Work, known: Table, event: PeerReceived, *, hub: str) -> None:
    """Hold a node for another hub's, as it stands with that one; what is older changes nothing.

    Args:
        known: the registry's table.
        event: what the new hub tells.
        hub: the new hub, whose way to the node has been checked.
    """
    work.execute(
        update(known)
        .where(known.c.node == event.node, known.c.revision < event.revision)
        .values(
            continent=event.continent,
            admitted_by=hub,
            standing="normal",
            cause="",
            last_pages="{}",
            revision=event.revision,
        )
    )


def follow_move(work: Work, known: Table, *, own: Parent, hub: Parent) -> None:
    """Stand below another hub than before: what was given is as if it had always been so.

    The former hub is one of many now, below the hub of hubs that it had told of; of that one the
    new hub tells.

    Args:
        known: the registry's table.
        own: this node, a local one.
        hub: the hub to which it is joined now.
    """
    in_place = known.c.node == own.node, known.c.continent != own.continent
    work.execute(update(known).where(*in_place).values(continent=own.continent))
    given = (
        known.c.admitted_by == own.node,
        known.c.node.not_in((own.node, hub.node)),
        known.c.level == "continental",
    )
    for former in work.execute(select(known.c.node).where(*given)).scalars().all():
        below_it = known.c.admitted_by == former, known.c.level == "intercontinental"
        above = work.execute(select(known.c.node).where(*below_it)).scalar_one_or_none()
        now_below = {hub.node: own.node, former: above or hub.node}
        now_below |= {above: hub.node} if above is not None else {}
        for node, by in now_below.items():
            work.execute(update(known).where(known.c.node == node).values(admitted_by=by))
