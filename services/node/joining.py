"""Requests to join this hub: kept until two stewards decide, and answered by fingerprint."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

from sqlalchemy import delete, func, insert, select, update

from services.node import membership_rows, tables
from services.node.home import NodeSettings
from services.node.invitations import (
    RESERVED,
    JoiningAnswer,
    JoiningRequest,
    NameReserved,
    NotAHub,
    NotItsPlace,
)
from services.node.members import credential_of
from shared.canonical import canonical
from shared.clock import stamp
from shared.keys import fingerprint
from shared.log.trust import NameTaken, Standing
from shared.refusals import Kind, Missing, Refusal
from shared.store import Work
from shared.subjects import Level, offered_streams

WAITING: Final = "waiting"
ADMITTED: Final = "admitted"
REFUSED: Final = "refused"
WAITING_DAYS: Final = 60
"""How long a request waits before it is forgotten; the network can ask again."""
LATER_DAYS: Final = 1
"""How far ahead of ours the clock of a network that asks may be."""


class TooManyWaiting(Refusal):
    """As many requests wait at this hub as it keeps."""

    kind: ClassVar[Kind] = Kind.TOO_MANY
    slug: ClassVar[str] = "too-many-waiting"
    title: ClassVar[str] = "Many networks are waiting here; ask again in a few days"


class OlderRequest(Refusal):
    """A request that its node has replaced by a later one."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "older-request"
    title: ClassVar[str] = "This network has sent a later request already"


class FutureRequest(Refusal):
    """A request that is dated in the future: no later one could replace it."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "future-request"
    title: ClassVar[str] = "The clock of the machine that asks is wrong by more than a day"


class ContinentTaken(Refusal):
    """A second hub asks to join in a continent's name."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "continent-taken"
    title: ClassVar[str] = "That continent has a hub already"


def require_place(settings: NodeSettings, request: JoiningRequest) -> None:
    """Return quietly when a node of that level and continent may join this hub.

    Raises:
        NotAHub, NotItsPlace, NameReserved.
    """
    if settings.level is Level.LOCAL:
        raise NotAHub(settings.name)
    below = Level.LOCAL if settings.level is Level.CONTINENTAL else Level.CONTINENTAL
    if request.hub != settings.name or Level(request.level) is not below:
        raise NotItsPlace(f"a node of level {below.value} joins {settings.name}")
    if below is Level.LOCAL and request.continent != settings.continent:
        raise NotItsPlace(f"this hub's continent is {settings.continent}")
    if {request.node, request.continent} & RESERVED:
        raise NameReserved()


def receive(work: Work, request: JoiningRequest, *, waiting_max: int) -> str:
    """Keep a request whose signature and place were checked; return its fingerprint.

    Raises:
        NameTaken: the name has been admitted with another root key.
        ContinentTaken: the continent has another hub.
        FutureRequest: it is dated in the future.
        OlderRequest: the same node has sent a later one.
        TooManyWaiting: no more are kept, but of those whom a decision has admitted.
    """
    table = tables.joining
    _forget_old(work)
    _require_free(work, request)
    if request.asked_at > stamp(work.now + timedelta(days=LATER_DAYS)):
        raise FutureRequest()
    last = work.execute(select(table).where(table.c.root_key == request.root_key)).one_or_none()
    if last is not None:
        if request.asked_at < last.asked_at:
            raise OlderRequest()
        if last.state == ADMITTED and _stands(work, request, last):
            return str(last.fingerprint)
    waiting = (
        select(func.count())
        .select_from(table)
        .where(table.c.state == WAITING, table.c.root_key != request.root_key)
    )
    expected = membership_rows.awaited(work, request.root_key)
    if not expected and work.execute(waiting).scalar_one() >= waiting_max:
        raise TooManyWaiting(retry_after_s=86_400)
    work.execute(delete(table).where(table.c.root_key == request.root_key))
    row = {
        "root_key": request.root_key,
        "fingerprint": fingerprint(request.root_key),
        "node": request.node,
        "continent": request.continent,
        "level": request.level,
        "leaf_key": request.leaf_key,
        "names": canonical(dict(request.names)).decode(),
        "services": canonical(list(request.services)).decode(),
        "epochs": canonical(dict(request.epochs)).decode(),
        "asked_at": request.asked_at,
        "received_at": work.moment,
        "state": WAITING,
    }
    work.execute(insert(table).values(row))
    return fingerprint(request.root_key)


def answered(work: Work, fingerprint_: str, settings: NodeSettings) -> JoiningAnswer:
    """Return what a network is told that asks after its request.

    Raises:
        Missing: there is no request with this fingerprint.
    """
    row = request_of(work, fingerprint_)
    if row is None:
        raise Missing()
    credential = credential_of(work, row.node) if row.state == ADMITTED else None
    return JoiningAnswer.model_validate(
        {
            "hub": settings.name,
            "node": row.node,
            "fingerprint": row.fingerprint,
            "state": row.state,
            "cause": row.cause,
            "level": settings.level.value,
            "offered": offered_streams(settings.name, settings.level) if credential else (),
            "leaf_jwt": credential.user_jwt if credential else "",
            "also_asked_by": others_of(work, row),
        }
    )


def requests(work: Work) -> Sequence[Any]:
    """Return all requests that are kept, the oldest first."""
    return work.execute(select(tables.joining).order_by(tables.joining.c.received_at)).all()


def request_of(work: Work, fingerprint_: str) -> Any:
    """Return the request with a fingerprint, or none."""
    table = tables.joining
    return work.execute(select(table).where(table.c.fingerprint == fingerprint_)).one_or_none()


def others_of(work: Work, row: Any) -> list[str]:
    """Return the fingerprints of the others who ask for the same name, or have it."""
    table = tables.joining
    found = work.execute(
        select(table.c.fingerprint).where(
            table.c.node == row.node,
            table.c.root_key != row.root_key,
            table.c.state != REFUSED,
        )
    )
    return sorted(found.scalars())


def earlier_of(work: Work, row: Any) -> str | None:
    """Return the fingerprint of somebody who asked for the same name before and still waits."""
    table = tables.joining
    return work.execute(
        select(table.c.fingerprint)
        .where(
            table.c.node == row.node,
            table.c.root_key != row.root_key,
            table.c.state != REFUSED,
            table.c.received_at <= row.received_at,
        )
        .order_by(table.c.received_at)
        .limit(1)
    ).scalar_one_or_none()


def decided(work: Work, fingerprint_: str, *, state: str, cause: str = "") -> None:
    """Write down what was decided of a request, or of the node that had made it."""
    work.execute(
        update(tables.joining)
        .where(tables.joining.c.fingerprint == fingerprint_)
        .values(state=state, cause=cause)
    )


def _require_free(work: Work, request: JoiningRequest) -> None:
    known = tables.LOG.known_node
    row = work.execute(select(known).where(known.c.node == request.node)).one_or_none()
    if row is not None and row.root_key != request.root_key:
        raise NameTaken(request.node)
    if Level(request.level) is Level.CONTINENTAL:
        hub = work.execute(
            select(known.c.node).where(
                known.c.continent == request.continent,
                known.c.level != Level.LOCAL.value,
                known.c.node != request.node,
                known.c.standing != Standing.CUT.value,
            )
        ).first()
        if hub is not None:
            raise ContinentTaken(request.continent)


def _stands(work: Work, request: JoiningRequest, row: Any) -> bool:
    """Return whether the node is a member already, with the very keys that it names."""
    known = tables.LOG.known_node
    standing = work.execute(
        select(known.c.standing).where(
            known.c.node == request.node, known.c.admitted_by == request.hub
        )
    ).scalar_one_or_none()
    same = (row.node, row.leaf_key) == (request.node, request.leaf_key)
    return same and standing is not None and standing != Standing.CUT.value


def _forget_old(work: Work) -> None:
    table = tables.joining
    since = stamp(work.now - timedelta(days=WAITING_DAYS))
    work.execute(delete(table).where(table.c.state != ADMITTED, table.c.received_at < since))
