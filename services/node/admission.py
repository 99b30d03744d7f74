"""Letting a node in: what a hub tells of it, and the credential by which its leaf enters.

Two stewards and a decision admit in the same way; a node that comes from another hub is received
with that hub's word.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from services.node import joining, tables
from services.node.handlers import Telling, next_revision
from services.node.members import Members, credential_of
from shared.canonical import parse_canonical
from shared.contracts.node import Parent, PeerAdmitted
from shared.contracts.peers import PeerReceived, Release
from shared.ids import NodeName, ServiceName
from shared.log.releases import NotReleased
from shared.store import Work


def known(work: Work, node: str) -> Any:
    """Return what the registry holds of a node within this unit, or none."""
    table = tables.LOG.known_node
    return work.execute(select(table).where(table.c.node == node)).one_or_none()


def request_by_key(work: Work, node: str, root_key: str) -> Any:
    """Return the request of a node to join this hub, whatever became of it, or none."""
    table = tables.joining
    return work.execute(
        select(table).where(table.c.root_key == root_key, table.c.node == node)
    ).one_or_none()


def admit(work: Work, telling: Telling, members: Members, request: Any) -> tuple[int, str]:
    """Admit the node of a request; return the revision, and the leaf key that it has replaced.

    Raises:
        NotItsChild, NameTaken: this hub may not say that.
        NotReleased: it belongs to another hub, which has not let it go.
    """
    row = known(work, request.node)
    revision = next_revision(work, row.revision if row is not None else None)
    if row is not None and row.admitted_by != telling.own:
        telling.peer(work, _received(work, request, revision))
    else:
        telling.peer(work, admitted(request, revision))
    return revision, _let_in(work, members, request)


def admit_again(work: Work, telling: Telling, members: Members, row: Any) -> int | None:
    """Admit a node that was cut off, with the keys that it had; none where they are forgotten.

    Args:
        row: of the registry.
    """
    credential = credential_of(work, row.node)
    if credential is None:
        return None
    revision = next_revision(work, row.revision)
    telling.peer(work, admitted(row, revision))
    members.issue(
        work,
        NodeName(row.node),
        row.level,
        leaf_key=credential.leaf_key,
        epochs=_epochs(credential.epochs),
    )
    table = tables.joining
    work.execute(
        update(table)
        .where(table.c.root_key == row.root_key)
        .values(state=joining.ADMITTED, cause="")
    )
    return revision


def admitted(row: Any, revision: int) -> PeerAdmitted:
    """Return the event that admits a node, from its request or from the registry."""
    return PeerAdmitted(**_parent(row).model_dump(), revision=revision)


def releases_of(work: Work, node: str) -> list[Release]:
    """Return of each hub that has let a node go its last word."""
    table = tables.peer_release
    rows = work.execute(select(table.c.body).where(table.c.node == node).order_by(table.c.revision))
    return [Release.model_validate_json(row.body) for row in rows]


def _received(work: Work, request: Any, revision: int) -> PeerReceived:
    releases = releases_of(work, request.node)
    if not releases:
        raise NotReleased(request.node)
    said = {**_parent(request).model_dump(), "revision": revision, "releases": releases}
    return PeerReceived.model_validate(said)


def _let_in(work: Work, members: Members, request: Any) -> str:
    """Issue the credential of a request's leaf key; return the one that it has replaced, if any."""
    last = credential_of(work, request.node)
    members.issue(
        work,
        NodeName(request.node),
        request.level,
        leaf_key=request.leaf_key,
        epochs=_epochs(request.epochs),
    )
    joining.decided(work, request.fingerprint, state=joining.ADMITTED)
    return last.leaf_key if last is not None and last.leaf_key != request.leaf_key else ""


def _epochs(text: str) -> dict[ServiceName, int]:
    said: Mapping[str, int] = parse_canonical(text.encode())
    return {ServiceName(service): epoch for service, epoch in said.items()}


def _parent(row: Any) -> Parent:
    return Parent.model_validate(
        {
            "node": row.node,
            "continent": row.continent,
            "root_key": row.root_key,
            "level": row.level,
        }
    )
