"""Acts on membership: two stewards of the hub decide, and the second one's word carries it out.

Until a charter says otherwise. An act is kept with those who spoke for it; a person's second word
is the same word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import insert, select, update

from services.node import joining, tables
from services.node.handlers import Telling, next_revision
from services.node.members import Members, credential_of
from services.node.proposals import (
    CAUSE_MAX,
    ON_REQUESTS,
    ActKind,
    AdmissionNeeded,
    AlreadySo,
    AskedBefore,
    NotWaiting,
    Proposal,
    require_whole,
)
from shared.canonical import parse_canonical
from shared.clock import stamp
from shared.contracts.node import Parent, PeerAdmitted, PeerCut, PeerLimited, PeerQuarantined
from shared.ids import NodeName, ServiceName, new_id
from shared.keys import fingerprint
from shared.log.trust import Standing
from shared.refusals import Missing
from shared.store import Work

VOICES_NEEDED: Final = 2
ACT_DAYS: Final = 30
"""How long an act waits for its second voice, in days."""
ACTS_SHOWN: Final = 200

LastPages = Mapping[str, tuple[int, int]]


@dataclass(slots=True, kw_only=True)
class Act:
    """An act with those who have spoken for it."""

    id: str
    proposal: Proposal
    state: str
    opened_at: str
    closed_at: str
    voices: list[tuple[str, str]]
    """Persons, each with the moment of their word."""
    replaced_key: str = field(default="")
    """The leaf key that an admission has replaced, whose credentials must end."""


def speak(
    work: Work,
    telling: Telling,
    members: Members,
    proposal: Proposal,
    *,
    person: str,
    last_pages: LastPages,
) -> Act:
    """Note a steward's word for an act; with the second steward's word it is carried out here.

    Args:
        person: the steward's id.
        last_pages: for a cut, by service the last page of the node's log that was gathered.

    Raises:
        CauseMissing, FingerprintMissing: the proposal does not say what it must.
        Missing: this hub has no member of that name.
        NotWaiting, AskedBefore: the request cannot be decided now.
        AlreadySo, AdmissionNeeded: the act does not fit how the node stands.
        NameTaken, NotItsChild: this hub may not say that.
    """
    require_whole(proposal)
    _one_after_another(work, telling)
    _require_fit(work, telling, proposal)
    row = _open_act(work, proposal)
    if row is None:
        row = _opened(work, proposal)
    act = _act(work, row)
    if person not in {one for one, _ in act.voices}:
        work.execute(insert(tables.act_voice).values(act=act.id, person=person, at=work.moment))
        act.voices.append((person, work.moment))
    if len(act.voices) >= VOICES_NEEDED:
        # The cause that the first steward wrote stands: it is what both have spoken for.
        act.replaced_key = _carry_out(work, telling, members, act.proposal, last_pages)
        act.state, act.closed_at = "done", work.moment
        work.execute(
            update(tables.act)
            .where(tables.act.c.id == act.id)
            .values(state="done", closed_at=work.moment)
        )
    return act


def acts(work: Work) -> list[Act]:
    """Return the last acts, newest first; those that waited too long are shown as lapsed."""
    statement = select(tables.act).order_by(tables.act.c.id.desc()).limit(ACTS_SHOWN)
    return [_act(work, row) for row in work.execute(statement).all()]


def _one_after_another(work: Work, telling: Telling) -> None:
    """Let two stewards who speak in the same moment speak one after another, on PostgreSQL too."""
    known = tables.LOG.known_node
    own = select(known.c.revision).where(known.c.node == telling.own)
    work.execute(own.with_for_update())


def _require_fit(work: Work, telling: Telling, proposal: Proposal) -> None:
    if proposal.kind in ON_REQUESTS:
        row = joining.request_of(work, proposal.fingerprint)
        if row is None or row.node != proposal.node or row.state != joining.WAITING:
            raise NotWaiting(proposal.node)
        earlier = joining.earlier_of(work, row) if proposal.kind is ActKind.ADMIT else None
        if earlier is not None:
            raise AskedBefore(proposal.node, fingerprint=earlier)
        return
    standing = _member(work, telling, proposal.node).standing
    match proposal.kind, Standing(standing):
        case ActKind.RESTORE, Standing.CUT:
            raise AdmissionNeeded(proposal.node)
        case (ActKind.RESTORE, Standing.NORMAL) | (_, Standing.CUT):
            raise AlreadySo(f"{proposal.node}: {standing}", standing=standing)
        case (ActKind.LIMIT, Standing.LIMITED) | (ActKind.QUARANTINE, Standing.QUARANTINED):
            raise AlreadySo(f"{proposal.node}: {standing}", standing=standing)


def _member(work: Work, telling: Telling, node: str) -> Any:
    known = tables.LOG.known_node
    row = work.execute(
        select(known).where(known.c.node == node, known.c.admitted_by == telling.own)
    ).one_or_none()
    if row is None or row.node == telling.own or row.revision == 0:
        # This node itself and its own hub stand in the registry without having been admitted here.
        raise Missing(node)
    return row


def _open_act(work: Work, proposal: Proposal) -> Any:
    table = tables.act
    return work.execute(
        select(table)
        .where(
            table.c.kind == proposal.kind.value,
            table.c.node == proposal.node,
            table.c.fingerprint == proposal.fingerprint,
            table.c.state == "open",
            table.c.opened_at >= _oldest(work),
        )
        .order_by(table.c.id)
        .limit(1)
    ).one_or_none()


def _opened(work: Work, proposal: Proposal) -> Any:
    table, act_id = tables.act, new_id()
    work.execute(
        insert(table).values(
            id=act_id,
            kind=proposal.kind.value,
            node=proposal.node,
            fingerprint=proposal.fingerprint,
            cause=proposal.cause.strip()[:CAUSE_MAX],
            state="open",
            opened_at=work.moment,
        )
    )
    return work.execute(select(table).where(table.c.id == act_id)).one()


def _act(work: Work, row: Any) -> Act:
    voice = tables.act_voice
    voices = work.execute(
        select(voice.c.person, voice.c.at).where(voice.c.act == row.id).order_by(voice.c.at)
    )
    lapsed = row.state == "open" and row.opened_at < _oldest(work)
    return Act(
        id=row.id,
        proposal=Proposal(
            kind=ActKind(row.kind), node=row.node, fingerprint=row.fingerprint, cause=row.cause
        ),
        state="lapsed" if lapsed else row.state,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        voices=[(one.person, one.at) for one in voices],
    )


def _oldest(work: Work) -> str:
    return stamp(work.now - timedelta(days=ACT_DAYS))


def _carry_out(
    work: Work, telling: Telling, members: Members, proposal: Proposal, last_pages: LastPages
) -> str:
    """Do what was decided; return the leaf key that was replaced, if one was."""
    if proposal.kind is ActKind.REFUSE:
        joining.decided(work, proposal.fingerprint, state=joining.REFUSED, cause=proposal.cause)
        return ""
    if proposal.kind is ActKind.ADMIT:
        return _admit(work, telling, members, proposal)
    row = _member(work, telling, proposal.node)
    said: dict[str, Any] = {
        "node": proposal.node,
        "revision": next_revision(work, row.revision),
        "cause": proposal.cause,
    }
    match proposal.kind:
        case ActKind.LIMIT:
            telling.peer(work, PeerLimited.model_validate(said))
        case ActKind.QUARANTINE:
            telling.peer(work, PeerQuarantined.model_validate(said))
        case ActKind.CUT:
            said["last_pages"] = dict(last_pages)
            telling.peer(work, PeerCut.model_validate(said))
            joining.decided(
                work, fingerprint(row.root_key), state=joining.REFUSED, cause=proposal.cause
            )
        case ActKind.RESTORE:
            telling.peer(work, _admission(row, said["revision"]))
    return ""


def _admit(work: Work, telling: Telling, members: Members, proposal: Proposal) -> str:
    request = joining.request_of(work, proposal.fingerprint)
    known = tables.LOG.known_node
    revision = work.execute(
        select(known.c.revision).where(known.c.node == request.node)
    ).scalar_one_or_none()
    telling.peer(work, _admission(request, next_revision(work, revision)))
    last = credential_of(work, request.node)
    epochs = {
        ServiceName(service): epoch
        for service, epoch in parse_canonical(request.epochs.encode()).items()
    }
    members.issue(
        work,
        NodeName(request.node),
        request.level,
        leaf_key=request.leaf_key,
        epochs=epochs,
    )
    joining.decided(work, proposal.fingerprint, state=joining.ADMITTED)
    return last.leaf_key if last is not None and last.leaf_key != request.leaf_key else ""


def _admission(row: Any, revision: int) -> PeerAdmitted:
    """Return the event that admits a node, from its request or from the registry."""
    parent = Parent.model_validate(
        {
            "node": row.node,
            "continent": row.continent,
            "root_key": row.root_key,
            "level": row.level,
        }
    )
    return PeerAdmitted(**parent.model_dump(), revision=revision)
