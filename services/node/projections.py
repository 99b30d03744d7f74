"""What the node service remembers of the node logs, its own log's events among them.

The registry of nodes, the heads and the letter keys are kept by the log desk, alike in every
service; here is what the node service knows besides.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.node import jwt, tables
from shared.canonical import canonical
from shared.contracts.log import LogReopened
from shared.contracts.node import (
    CredentialRenewed,
    DescriptionPublished,
    HeadsAnnounced,
    PeerAdmitted,
    PeerCut,
    PeerLimited,
    PeerQuarantined,
)
from shared.contracts.peers import PeerDecided, PeerReceived, PeerReleased
from shared.events import Event, NotItsNamespace
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.log.projector import Projector
from shared.store import Prepared, Work

HAPPENINGS_MAX: Final = 500
"""How many of the last happenings are kept."""


def _newest(table: Table, *key: str) -> Prepared:
    """Return the statement that keeps the row with the highest revision."""
    keep = insert(table)
    columns = [column.name for column in table.c]
    return Prepared(
        keep.on_conflict_do_update(
            index_elements=key,
            set_={name: keep.excluded[name] for name in columns if name not in key},
            where=keep.excluded.revision > table.c.revision,
        ),
        columns=columns,
    )


_DESCRIBED: Final = _newest(tables.description, "node")
_RENEWED: Final = _newest(tables.renewal, "hub")
_CREDENTIAL: Final = _newest(tables.credential, "node")
_DECIDED: Final = _newest(tables.peer_decision, "node")
_RELEASED: Final = _newest(tables.peer_release, "node", "by_hub")
_HAPPENED: Final = Prepared(
    insert(tables.happening).on_conflict_do_nothing(),
    columns=("event_id", "what", "node", "by", "at"),
)

WHAT: Final[dict[type[Event], str]] = {
    PeerAdmitted: "admitted",
    PeerLimited: "limited",
    PeerQuarantined: "quarantined",
    PeerCut: "cut",
    PeerReleased: "released",
    PeerReceived: "received",
    LogReopened: "reopened",
}
"""The words by which happenings are kept; the status page says them in five languages."""


def follow(
    projector: Projector, own: NodeName, *, hub: NodeName | None, notice: Callable[[], None]
) -> None:
    """Have a projector remember what the node service knows of the node logs.

    Args:
        own: this node.
        hub: the hub to which it is joined, if any; of this node itself it alone can speak.
        notice: called, within the unit, where something must be done about an event soon: a log
            that goes on in a new epoch is drawn, and heard, with new credentials only.
    """

    def renewed(work: Work, arrived: Sequence[Arrived[CredentialRenewed]]) -> None:
        for told in arrived:
            if told.origin == own:
                keep_credential(work, told.event)
            elif told.event.node == own:
                keep_renewal(work, told.event, hub=told.origin)
                notice()

    def heads(work: Work, arrived: Sequence[Arrived[HeadsAnnounced]]) -> None:
        for told in arrived:
            known = _epochs_announced(work, told.origin)
            if any(head.epoch > known.get(head.service, 1) for head in told.event.heads):
                notice()

    def reopened(work: Work, arrived: Sequence[Arrived[LogReopened]]) -> None:
        notice()

    def released(work: Work, arrived: Sequence[Arrived[PeerReleased]]) -> None:
        for told in arrived:
            if _is_hub_of(work, told.origin, told.event.node):
                keep_release(work, told.event, origin=told.origin)
                notice()

    def received(work: Work, arrived: Sequence[Arrived[PeerReceived]]) -> None:
        """A former hub ends the link of a node that has arrived elsewhere."""
        notice()

    def decided(work: Work, arrived: Sequence[Arrived[PeerDecided]]) -> None:
        for told in arrived:
            of_us = told.event.node == own and told.origin == hub
            if of_us or _is_hub_of(work, told.origin, told.event.node):
                keep_decision(work, told.event, origin=told.origin, at=work.moment)

    projector.on(PeerReleased, released)
    projector.on(PeerReceived, received)
    projector.on(PeerDecided, decided)
    projector.on(DescriptionPublished, _remember_descriptions)
    projector.on(CredentialRenewed, renewed)
    # Before the log desk remembers the heads themselves.
    projector.on(HeadsAnnounced, heads)
    projector.on(LogReopened, reopened)
    for contract in WHAT:
        projector.on(contract, _remember_happenings)
    projector.on_forget(_forget)


def keep_description(work: Work, event: DescriptionPublished, *, origin: NodeName, at: str) -> None:
    """Remember what a node says of itself."""
    work.run(
        _DESCRIBED,
        {
            "node": origin,
            "revision": event.revision,
            "body": canonical(event.model_dump(mode="json")).decode(),
            "at": at,
        },
    )


def keep_happening(
    work: Work, what: str, *, event_id: str, node: str, by: NodeName, at: str
) -> None:
    """Remember that something has happened in the federation, among the last few hundred."""
    kept = work.run(
        _HAPPENED, {"event_id": event_id, "what": what, "node": node, "by": by, "at": at}
    )
    if kept:
        table = tables.happening
        newest = select(func.max(table.c.id)).scalar_subquery()
        work.execute(delete(table).where(table.c.id <= newest - HAPPENINGS_MAX))


def keep_decision(work: Work, event: PeerDecided, *, origin: NodeName, at: str) -> None:
    """Remember on whose word a hub has acted on a node last."""
    body = canonical(event.model_dump(mode="json", exclude_defaults=True)).decode()
    work.run(
        _DECIDED,
        {
            "node": event.node, "revision": event.revision, "by_hub": origin, "body": body,
            "at": at,
        },
    )  # fmt: skip


def keep_release(work: Work, event: PeerReleased, *, origin: NodeName) -> None:
    """Remember that a hub lets a node go.

    Raises:
        NotItsNamespace: a hub shows another one's word as its own.
    """
    release = event.release
    if (release.by, release.node) != (origin, event.node):
        raise NotItsNamespace(f"{origin} tells of a release of {release.node} by {release.by}")
    work.run(
        _RELEASED,
        {
            "node": event.node,
            "by_hub": origin,
            "revision": event.revision,
            "body": canonical(release.model_dump(mode="json")).decode(),
        },
    )


def keep_renewal(work: Work, event: CredentialRenewed, *, hub: NodeName) -> None:
    """Remember the newest credential that the hub has given to this node."""
    work.run(
        _RENEWED,
        {
            "hub": hub,
            "user_jwt": event.user_jwt,
            "expires": event.expires,
            "revision": event.revision,
        },
    )


def keep_credential(
    work: Work, event: CredentialRenewed, *, epochs: Mapping[ServiceName, int] | None = None
) -> None:
    """Remember the newest credential that this hub has given to a node below it.

    Args:
        epochs: those of the member's logs for which it was issued. An event of our own log that is
            read again, after a restored backup, does not say them, and the credential is renewed.
    """
    claims = jwt.claims_of(event.user_jwt)
    work.run(
        _CREDENTIAL,
        {
            "node": event.node,
            "leaf_key": claims["sub"],
            "user_jwt": event.user_jwt,
            "issued": claims["iat"],
            "expires": event.expires,
            "epochs": canonical(dict(epochs or {})).decode(),
            "revision": event.revision,
        },
    )


def _remember_descriptions(work: Work, arrived: Sequence[Arrived[DescriptionPublished]]) -> None:
    for told in arrived:
        if told.event.node != told.origin:
            raise NotItsNamespace(f"{told.origin} describes {told.event.node}")
        keep_description(work, told.event, origin=told.origin, at=work.moment)


def _remember_happenings(work: Work, arrived: Sequence[Arrived[Any]]) -> None:
    for told in arrived:
        node = told.origin if isinstance(told.event, LogReopened) else told.event.node
        keep_happening(
            work,
            WHAT[type(told.event)],
            event_id=told.event_id,
            node=node,
            by=told.origin,
            at=work.moment,
        )


def _is_hub_of(work: Work, hub: NodeName, node: str) -> bool:
    """Return whether a hub has admitted a node, as the registry says within this unit."""
    known = tables.LOG.known_node
    by = select(known.c.admitted_by).where(known.c.node == node)
    return work.execute(by).scalar_one_or_none() == hub


def _epochs_announced(work: Work, node: NodeName) -> dict[str, int]:
    """Return, by service, the epochs of a node's logs that its heads have shown so far."""
    heads = tables.LOG.announced_head
    rows = work.execute(select(heads.c.service, heads.c.epoch).where(heads.c.node == node))
    return {row.service: row.epoch for row in rows}


def _forget(work: Work, node: NodeName, service: ServiceName) -> None:
    """Forget what a node's node service told, before its log is remembered anew."""
    if service == "node":
        work.execute(delete(tables.description).where(tables.description.c.node == node))
        work.execute(delete(tables.renewal).where(tables.renewal.c.hub == node))
        for told in (tables.peer_decision, tables.peer_release):
            work.execute(delete(told).where(told.c.by_hub == node))
