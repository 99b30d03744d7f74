"""Acts on membership: two stewards of the hub decide, and the second one's word carries it out.

So it is until the hub's association has a charter. From then on its decisions are needed
(``services.node.membership_acts``), and two stewards can only set a node apart for three days. An
act is kept with those who spoke for it; a person's second word is the same word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import insert, select, update

from services.node import admission, joining, membership, membership_acts, membership_rows, tables
from services.node.handlers import Telling, next_revision
from services.node.membership import DecisionNeeded, EmergencyOver
from services.node.membership_acts import Hub
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
from shared.canonical import canonical
from shared.clock import stamp
from shared.contracts.node import PeerCut, PeerLimited, PeerQuarantined
from shared.ids import new_id
from shared.keys import fingerprint
from shared.log.releases import NotReleased
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
    ends_at: str = ""
    """When it ends by itself: an emergency."""
    replaced_key: str = field(default="")
    """The leaf key that an admission has replaced, whose credentials must end."""


def speak(
    work: Work,
    hub: Hub,
    proposal: Proposal,
    *,
    person: str,
    association: str,
    last_pages: LastPages,
) -> Act:
    """Note a steward's word for an act; with the second steward's word it is carried out here.

    Args:
        person: the steward's id.
        association: whose decisions move this hub's links, or nothing.
        last_pages: for a cut, by service the last page of the node's log that was gathered.

    Raises:
        CauseMissing, FingerprintMissing, HubMissing: the proposal does not say what it must.
        DecisionNeeded, EmergencyOver: the association has a charter, and decides this itself.
        Missing: this hub has no member of that name.
        NotWaiting, AskedBefore: the request cannot be decided now.
        AlreadySo, AdmissionNeeded: the act does not fit how the node stands.
        NameTaken, NotItsChild, NotReleased: this hub may not say that.
    """
    require_whole(proposal)
    _one_after_another(work, hub.telling)
    chartered = membership_rows.has_charter(work, association)
    if chartered:
        _require_by_hand(work, proposal, association)
    _require_fit(work, hub.telling, proposal)
    row = _open_act(work, proposal)
    if row is None:
        row = _opened(work, proposal)
    act = _act(work, row)
    if person not in {one for one, _ in act.voices}:
        work.execute(insert(tables.act_voice).values(act=act.id, person=person, at=work.moment))
        act.voices.append((person, work.moment))
    if len(act.voices) >= VOICES_NEEDED:
        before = _stands(work, act.proposal) if chartered else ""
        if before and proposal.kind is ActKind.QUARANTINE:
            act.ends_at = stamp(work.now + membership.EMERGENCY)
        # The cause that the first steward wrote stands: it is what both have spoken for.
        act.replaced_key = _carry_out(work, hub, act, last_pages)
        act.state, act.closed_at = "done", work.moment
        work.execute(
            update(tables.act)
            .where(tables.act.c.id == act.id)
            .values(
                state="done",
                closed_at=work.moment,
                ends_at=act.ends_at,
                stood_before=before if act.ends_at else "",
            )
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


def _require_by_hand(work: Work, proposal: Proposal, association: str) -> None:
    """Return quietly when stewards may do this although their association has a charter.

    Raises:
        DecisionNeeded: only a decision does it; ``decision`` names which.
        EmergencyOver: the node was set apart before, and nothing was decided since.
    """
    emergency = membership_rows.emergency_of(work, proposal.node)
    match proposal.kind:
        case ActKind.REFUSE:
            return
        case ActKind.QUARANTINE:
            if emergency is None and membership_rows.emergency_spent(
                work, association, proposal.node
            ):
                raise EmergencyOver(proposal.node)
            return
        case ActKind.RESTORE if emergency is not None:
            return
    needed = membership.NEEDED[proposal.kind]
    raise DecisionNeeded(
        f"{association} decides: {needed}", association=association, decision=needed
    )


def _stands(work: Work, proposal: Proposal) -> str:
    """Return how a member stands now, as canonical JSON; nothing for one that is none."""
    row = admission.known(work, proposal.node)
    said = {"standing": row.standing, "cause": row.cause} if row is not None else None
    return canonical(said).decode() if said else ""


def _require_fit(work: Work, telling: Telling, proposal: Proposal) -> None:
    if proposal.kind in ON_REQUESTS:
        row = joining.request_of(work, proposal.fingerprint)
        if row is None or row.node != proposal.node or row.state != joining.WAITING:
            raise NotWaiting(proposal.node)
        earlier = joining.earlier_of(work, row) if proposal.kind is ActKind.ADMIT else None
        if earlier is not None:
            raise AskedBefore(proposal.node, fingerprint=earlier)
        known = admission.known(work, proposal.node)
        elsewhere = known is not None and known.admitted_by != telling.own
        admits = proposal.kind is ActKind.ADMIT
        if admits and elsewhere and not admission.releases_of(work, proposal.node):
            raise NotReleased(f"{proposal.node} belongs to {known.admitted_by}")
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
            table.c.to_hub == proposal.to,
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
            to_hub=proposal.to,
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
            kind=ActKind(row.kind),
            node=row.node,
            fingerprint=row.fingerprint,
            cause=row.cause,
            to=row.to_hub,
        ),
        state="lapsed" if lapsed else row.state,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        voices=[(one.person, one.at) for one in voices],
        ends_at=row.ends_at,
    )


def _oldest(work: Work) -> str:
    return stamp(work.now - timedelta(days=ACT_DAYS))


def _carry_out(work: Work, hub: Hub, act: Act, last_pages: LastPages) -> str:
    """Do what was decided; return the leaf key that was replaced, if one was."""
    proposal, telling, replaced = act.proposal, hub.telling, ""
    if proposal.kind is ActKind.REFUSE:
        joining.decided(work, proposal.fingerprint, state=joining.REFUSED, cause=proposal.cause)
        return ""
    if proposal.kind is ActKind.ADMIT:
        request = joining.request_of(work, proposal.fingerprint)
        revision, replaced = admission.admit(work, telling, hub.members, request)
    else:
        row = _member(work, telling, proposal.node)
        emergency = membership_rows.emergency_of(work, proposal.node)
        if proposal.kind is ActKind.RESTORE and emergency is not None:
            cause = proposal.cause or "The stewards have ended it."
            membership_acts.end_emergency(work, hub, emergency, cause=cause)
            return ""
        revision = _change(work, hub, proposal, row, last_pages)
    said: dict[str, Any] = {
        "by": "stewards",
        "what": membership.NEEDED[proposal.kind],
        "cause": proposal.cause,
        "to": proposal.to or None,
        "until": act.ends_at or None,
    }
    membership_acts.tell_stewards_act(work, telling, proposal.node, revision, **said)
    return replaced


def _change(work: Work, hub: Hub, proposal: Proposal, row: Any, last_pages: LastPages) -> int:
    """Change how a member stands, or let it go; return the revision."""
    telling = hub.telling
    if proposal.kind is ActKind.RELEASE:
        return membership_acts.release(work, hub, row, to=proposal.to, cause=proposal.cause)
    revision = next_revision(work, row.revision)
    said: dict[str, Any] = {"node": proposal.node, "revision": revision, "cause": proposal.cause}
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
            telling.peer(work, admission.admitted(row, revision))
    return revision
