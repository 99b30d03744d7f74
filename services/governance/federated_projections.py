"""What governance takes in of ballots between networks: every public fact, each once.

A page of the own log that comes back, as after a restore, is taken in by the same way. Whatever
order facts come in, the same ones make the same ballot; what is to be done then, the keeper does.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, select

from services.governance.federated.facts import told
from services.governance.federated_rows import (
    ABOUT_CHARTERS,
    GOVERNANCE,
    Place,
    keep_facts,
    keep_text,
    mark,
)
from services.governance.tables.federated import FACT, WORDS
from shared.contracts import disputes, preparations
from shared.contracts.associations import MembershipApplied, MembershipSponsored, TextTold
from shared.contracts.decisions import DecisionTold
from shared.contracts.membership import MembershipDecided
from shared.events import Event, NotItsNamespace, contracts
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.log.projector import Projector
from shared.store import Work

_MODULES: Final = (disputes, preparations)
"""Their import makes their contracts known."""

_CHARTERS: Final = tuple(
    one.kind for one in (*ABOUT_CHARTERS, MembershipApplied, MembershipSponsored, MembershipDecided)
)
"""The kinds of facts that are kept under an association."""


def kinds() -> tuple[type[Event], ...]:
    """Return the contracts of all facts of ballots between networks and of charters."""
    of_ballots = [one for one in contracts().values() if issubclass(one, DecisionTold)]
    return (*ABOUT_CHARTERS, *of_ballots)


def register(projector: Projector) -> None:
    """Have a projector remember what networks tell of their ballots and charters."""
    for kind in kinds():
        projector.on(kind, remember)
    projector.on(TextTold, remember_texts)
    projector.on_forget(forget)


def remember(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
    """Keep facts as they were told.

    Raises:
        NotItsNamespace: a network tells in another one's name.
    """
    found = []
    for one in arrived:
        _require_own(one)
        place = Place(one.event_id, one.epoch, one.number)
        found.append((told(one.origin, one.event), place, one.data))
    keep_facts(work, found)


def remember_texts(work: Work, arrived: Sequence[Arrived[TextTold]]) -> None:
    """Keep texts by their hashes; it does not matter who tells one.

    Raises:
        NotItsNamespace: a network tells in another one's name.
    """
    for one in arrived:
        _require_own(one)
        keep_text(work, one.origin, one.event)


def forget(work: Work, node: NodeName, service: ServiceName) -> None:
    """Forget what a network has told, because its log is about to be told again."""
    if service != GOVERNANCE:
        return
    of_node, of_charters = FACT.c.teller == node, FACT.c.kind.in_(_CHARTERS)
    about = select(FACT.c.about).distinct().where(of_node)
    associations = work.execute(about.where(of_charters)).scalars().all()
    ballots = work.execute(about.where(~of_charters)).scalars().all()
    work.execute(delete(FACT).where(of_node))
    work.execute(delete(WORDS).where(WORDS.c.teller == node))
    mark(work, ballots, associations=associations)


def _require_own(one: Arrived[Any]) -> None:
    if one.data["node"] != one.origin:
        raise NotItsNamespace(f"{one.origin} speaks for {str(one.data['node'])[:64]}")
