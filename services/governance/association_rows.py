"""How an association is made from the facts that this node has, and what its keeper tells of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.governance.federated.associations import Association, association_of
from services.governance.federated.ballot import Ballot
from services.governance.federated.charter import ROLL_BEFORE_NOTICE
from services.governance.federated.consequences import words_due
from services.governance.federated.facts import Fact, told
from services.governance.federated_rows import (
    Place,
    facts_of,
    keep_fact,
    keep_facts,
    keys_of,
    state_of,
)
from services.governance.tables.associations import TOLD
from services.governance.tables.base import LOG
from services.governance.tables.federated import FACT, FEDERATED
from shared.clock import moment
from shared.contracts.associations import MembershipApplied, MembershipSponsored
from shared.contracts.charters import CharterLeft, CharterPublished
from shared.contracts.membership import MembershipDecided
from shared.events import NotItsNamespace
from shared.log.arrived import Arrived
from shared.log.projector import Projector
from shared.refusals import Missing
from shared.store import Prepared, Work

MATTERS: Final = tuple(sorted(matter.value for matter in ROLL_BEFORE_NOTICE))
"""The matters of ballots from which something follows for an association."""

_ALL: Final = Prepared(
    select(FACT.c.about)
    .distinct()
    .where(FACT.c.kind == CharterPublished.kind)
    .order_by(FACT.c.about)
)
_BALLOTS: Final = Prepared(
    select(FEDERATED.c.id)
    .where(
        FEDERATED.c.association == bindparam("of_association"),
        or_(*(FEDERATED.c.matter == matter for matter in ("", *MATTERS))),
    )
    .order_by(FEDERATED.c.id)
)
_COUNT: Final = Prepared(
    select(func.count()).select_from(FACT).where(FACT.c.about == bindparam("of_about"))
)
_HEARD: Final = Prepared(
    select(FACT.c.body, FACT.c.arrived_at).where(
        FACT.c.about == bindparam("of_about"), FACT.c.kind == CharterPublished.kind
    )
)
_ROOTS: Final = Prepared(select(LOG.known_node.c.node, LOG.known_node.c.root_key))
_TELL: Final = Prepared(
    insert(TOLD).on_conflict_do_nothing(), columns=[column.name for column in TOLD.c]
)

Remembered = dict[str, tuple[int, int, Ballot]]
"""By ballot: from how many facts of it and of its association it was made, and what it is."""


def register(projector: Projector) -> None:
    """Have a projector remember who asks to belong, who stands for them, and what was decided."""
    projector.on(MembershipApplied, _remember)
    projector.on(MembershipSponsored, _remember)
    projector.on(MembershipDecided, _remember_decided)


def _remember(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
    for one in arrived:
        if one.data["node"] != one.origin:
            raise NotItsNamespace(f"{one.origin} speaks for {str(one.data['node'])[:64]}")
    places = [Place(one.event_id, one.epoch, one.number) for one in arrived]
    facts = [told(one.origin, one.event) for one in arrived]
    keep_facts(
        work,
        [(fact, place, one.data) for fact, place, one in zip(facts, places, arrived, strict=True)],
    )


def _remember_decided(work: Work, arrived: Sequence[Arrived[MembershipDecided]]) -> None:
    """Keep what the keepers of associations tell; a word of anybody else about one is dropped."""
    for one in arrived:
        event = one.event
        if event.association.partition(":")[0] == one.origin:
            place = Place(one.event_id, one.epoch, one.number)
            keep_fact(work, told(one.origin, event), place, data=one.data)


def associations(work: Work) -> list[str]:
    """Return the ids of all associations of which a charter was published to this node."""
    return [row[0] for row in work.rows(_ALL, {})]


def association_at(
    work: Work, association: str, now: datetime, *, remembered: Remembered | None = None
) -> Association:
    """Return an association as the facts that this node has make it.

    Args:
        remembered: ballots that were made before, where many are looked at again and again.

    Raises:
        Missing: nobody has published a charter of it.
    """
    facts = facts_of(work, association)
    if not any(isinstance(one.event, CharterPublished) for one in facts):
        raise Missing()
    return association_of(
        association,
        facts,
        ballots=_ballots(work, association, len(facts), remembered),
        keys=keys_of(work, facts),
        now=now,
        published_at=_heard(work, association),
    )


def _ballots(
    work: Work, association: str, facts: int, remembered: Remembered | None
) -> dict[str, Ballot]:
    found: dict[str, Ballot] = {}
    for (ballot_id,) in work.rows(_BALLOTS, {"of_association": association}):
        if remembered is None:
            found[ballot_id] = state_of(work, ballot_id)
            continue
        ((count,),) = work.rows(_COUNT, {"of_about": ballot_id})
        before = remembered.get(ballot_id)
        if before is None or before[:2] != (count, facts):
            before = (count, facts, state_of(work, ballot_id))
            remembered[ballot_id] = before
        found[ballot_id] = before[2]
    return found


def _heard(work: Work, association: str) -> dict[str, datetime]:
    """Return by the hash of a version when this node heard of it first."""
    found: dict[str, datetime] = {}
    for body, arrived_at in work.rows(_HEARD, {"of_about": association}):
        version, at = orjson.loads(body)["charter_hash"], moment(arrived_at)
        found[version] = min(found.get(version, at), at)
    return found


def departures(facts: Sequence[Fact]) -> dict[str, CharterLeft]:
    """Return by network the last word by which it has left."""
    found: dict[str, CharterLeft] = {}
    for fact in facts:
        event = fact.event
        if isinstance(event, CharterLeft) and event.node == fact.teller:
            name = event.leg or event.node
            if name not in found or event.left_at > found[name].left_at:
                found[name] = event
    return found


def root_keys(work: Work) -> dict[str, str]:
    """Return the root keys of nodes as the registry of this service has them."""
    return {str(node): str(key) for node, key in work.rows(_ROOTS, {})}


def due_words(
    work: Work, node: str, association: str, *, remembered: Remembered | None = None
) -> list[MembershipDecided]:
    """Return what this network has to tell now as the keeper of an association.

    Raises:
        Missing: there is no such association.
    """
    found = association_at(work, association, work.now, remembered=remembered)
    if found.keeper != node:
        return []
    left = departures(facts_of(work, association))
    return words_due(found, departures=left, root_keys=root_keys(work), now=work.now)


def tell_due(
    work: Work, node: str, association: str, *, remembered: Remembered | None = None
) -> list[MembershipDecided]:
    """Tell what follows from the association's ballots and was not told; return what was told.

    Only who keeps the association tells. What another unit tells at the same time is left to it.

    Raises:
        Missing: there is no such association.
    """
    words = due_words(work, node, association, remembered=remembered)
    return [word for word in words if _tell(work, node, word)]


def _tell(work: Work, node: str, word: MembershipDecided) -> bool:
    row: Mapping[str, Any] = {
        "association": word.association,
        "node": word.node,
        "revision": word.revision,
        "what": word.what,
        "ballot": word.cause.ballot,
        "outcome": word.cause.outcome,
        "told_at": work.moment,
    }
    if not work.run(_TELL, row):
        return False
    event_id = work.announce(word)
    keep_fact(work, told(node, word), Place(event_id))
    return True
