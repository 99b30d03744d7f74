"""Carrying out decisions on membership, each in one unit of work with what is told of it.

Doing it twice does no more than once: a node that stands already as it was decided, for that very
cause, is left as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.node import admission, joining, membership, membership_rows
from services.node.handlers import Telling, next_revision
from services.node.members import Members
from services.node.membership import STANDING, Deed
from services.node.membership_rows import DONE, ENDED, PASSED, WAITING
from shared.canonical import parse_canonical
from shared.contracts.membership import MembershipDecided
from shared.contracts.node import PeerCut, PeerLimited, PeerQuarantined
from shared.contracts.peers import PeerDecided, PeerReleased
from shared.keys import SigningKey, fingerprint
from shared.log.releases import NotReleased, signed_release
from shared.log.trust import Standing
from shared.refusals import Refusal
from shared.store import Work

LastPages = Mapping[str, Mapping[str, tuple[int, int]]]
"""By node, by service: the last page of its log that was gathered, for those who may be cut."""

_NORMAL: Final = {"standing": Standing.NORMAL.value, "cause": ""}

NOT_ITS_CHILD: Final = "not-its-child"
ANOTHER_KEY: Final = "another-key"
NO_REQUEST: Final = "no-request"
NO_KEYS: Final = "no-keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a decision."""

    state: str
    note: str = ""
    replaced_key: str = field(default="", repr=False)
    """A leaf key whose credentials must end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What a hub acts with.

    Args:
        telling: announces in its name.
        members: the nodes below it.
        root_key: returns its root key, which signs that a node may go.
    """

    telling: Telling
    members: Members
    root_key: Callable[[], SigningKey]


def carry_out(
    work: Work, hub: Hub, decision: MembershipDecided, *, last_pages: LastPages
) -> Outcome:
    """Do what was decided, and write down what became of it."""
    row = membership_rows.row_of(work, decision.association, decision.node)
    if row is None or row.revision != decision.revision or row.state not in ("due", WAITING):
        # Another one has been heard, or this one was done, since it was looked up.
        return Outcome(state=PASSED, note=membership_rows.OLDER_REVISION)
    try:
        with work.nested():
            outcome = _done(work, hub, decision, last_pages)
    except NotReleased as refusal:
        outcome = Outcome(state=WAITING, note=refusal.slug)
    except Refusal as refusal:
        outcome = Outcome(state=PASSED, note=refusal.slug)
    if outcome.state == PASSED:
        membership_rows.not_heeded(work, hub.telling.own, outcome.note)
    elif outcome.state == DONE and membership.deed_of(decision, hub=hub.telling.own) in STANDING:
        # A decision stands in the place of what stewards had done in an emergency.
        membership_rows.end_emergency(work, decision.node)
    if (row.state, row.note) != (outcome.state, outcome.note):
        lasts = decision.what == "suspended" and outcome.state == DONE
        membership_rows.settled(
            work,
            decision,
            outcome.state,
            note=outcome.note,
            ends_at=(decision.until or "") if lasts else "",
        )
    return outcome


def end_over(work: Work, hub: Hub, association: str) -> list[str]:
    """Take back what has ended by itself: suspensions, and emergencies that nobody confirmed."""
    ended: list[str] = []
    for decision in membership_rows.over(work, association):
        row = admission.known(work, decision.node)
        if _is_child(row, hub) and row.standing == Standing.LIMITED:
            cause = "The time of the suspension is over."
            revision = _stand(work, hub, row, Standing.NORMAL, cause)
            tell = {"what": "reinstated", **_of_decision(decision), "cause": cause}
            _tell(work, hub, row.node, revision, by="association", **tell)
            ended.append(decision.node)
        # Where stewards have set it apart meanwhile, it comes back from that as if never suspended.
        membership_rows.emergency_stood(work, decision.node, _NORMAL)
        membership_rows.settled(work, decision, ENDED)
    for act in membership_rows.emergencies_over(work):
        end_emergency(work, hub, act, cause="The time of the emergency is over.")
        ended.append(act.node)
    return ended


def end_emergency(work: Work, hub: Hub, act: Any, *, cause: str) -> None:
    """Have a node that was set apart for now stand as it did before.

    Args:
        act: the stewards' act.
        cause: why it ends, in words.
    """
    row = admission.known(work, act.node)
    membership_rows.end_emergency(work, act.node)
    if not _is_child(row, hub) or row.standing != Standing.QUARANTINED:
        return
    before = parse_canonical(act.stood_before.encode())
    standing = Standing(before["standing"])
    revision = _stand(work, hub, row, standing, before["cause"])
    what = "reinstated" if standing is Standing.NORMAL else "limited"
    _tell(work, hub, row.node, revision, by="stewards", what=what, cause=cause)


def tell_stewards_act(work: Work, hub_of: Telling, node: str, revision: int, **said: Any) -> None:
    """Tell that two stewards have acted on a node."""
    hub_of.decided(work, PeerDecided.model_validate({"node": node, "revision": revision, **said}))


def release(work: Work, hub: Hub, row: Any, *, to: str, cause: str) -> int:
    """Let a node go to another hub; return the revision with which it was told.

    Its link stands until the other hub has it: then this one's registry says so.
    """
    revision = next_revision(work, row.revision)
    word = signed_release(
        hub.root_key(),
        node=row.node,
        root_key=row.root_key,
        by=hub.telling.own,
        to=to,
        revision=revision,
    )
    said = {"node": row.node, "revision": revision, "cause": cause, "release": word}
    hub.telling.peer(work, PeerReleased.model_validate(said))
    return revision


def _done(work: Work, hub: Hub, decision: MembershipDecided, last_pages: LastPages) -> Outcome:
    row, deed = (
        admission.known(work, decision.node),
        membership.deed_of(decision, hub=hub.telling.own),
    )
    if row is not None and row.root_key != decision.root_key:
        return Outcome(state=PASSED, note=ANOTHER_KEY)
    if deed is Deed.ADMIT:
        return _admit(work, hub, decision, row, last_pages)
    if not _is_child(row, hub):
        return Outcome(state=PASSED, note=NOT_ITS_CHILD)
    words = membership.words_of(decision)
    if deed is Deed.RELEASE:
        assert decision.to is not None, "it was required when the decision was heard"
        revision = release(work, hub, row, to=decision.to, cause=words)
        _tell_decided(work, hub, decision, revision)
        return Outcome(state=DONE)
    standing = STANDING[deed]
    if row.standing == Standing.CUT and standing is not Standing.CUT:
        return Outcome(state=PASSED, note="admission-needed")
    if (row.standing, row.cause) != (standing, words):
        pages = last_pages.get(row.node, {})
        revision = _stand(work, hub, row, standing, words, last_pages=pages)
        _tell_decided(work, hub, decision, revision)
    return Outcome(state=DONE)


def _admit(
    work: Work, hub: Hub, decision: MembershipDecided, row: Any, last_pages: LastPages
) -> Outcome:
    if decision.what == "key-replaced":
        _leave_behind(work, hub, decision, last_pages)
    if _is_child(row, hub) and row.standing != Standing.CUT:
        revision = next_revision(work, row.revision)
        if row.standing != Standing.NORMAL:
            hub.telling.peer(work, admission.admitted(row, revision))
        _tell_decided(work, hub, decision, revision)
        return Outcome(state=DONE)
    replaced, again = "", None
    request = admission.request_by_key(work, decision.node, decision.root_key)
    if request is not None and not _is_old(request, row):
        again, replaced = admission.admit(work, hub.telling, hub.members, request)
    elif _is_child(row, hub):
        again = admission.admit_again(work, hub.telling, hub.members, row)
    if again is None:
        return Outcome(state=WAITING, note=NO_REQUEST if request is None else NO_KEYS)
    _tell_decided(work, hub, decision, again)
    return Outcome(state=DONE, replaced_key=replaced)


def _leave_behind(work: Work, hub: Hub, decision: MembershipDecided, last_pages: LastPages) -> None:
    """Cut the name whose root key was lost: nobody can be sure who speaks under it."""
    row = admission.known(work, decision.was or "")
    if _is_child(row, hub) and row.standing != Standing.CUT:
        words = membership.words_of(decision)
        pages = last_pages.get(row.node, {})
        revision = _stand(work, hub, row, Standing.CUT, words, last_pages=pages)
        tell = {**_of_decision(decision), "what": decision.what, "cause": words}
        _tell(work, hub, row.node, revision, by="association", **tell, now=decision.node)


def _stand(
    work: Work,
    hub: Hub,
    row: Any,
    standing: Standing,
    cause: str,
    *,
    last_pages: Mapping[str, tuple[int, int]] | None = None,
) -> int:
    """Tell how a node stands from now on; return the revision."""
    revision = next_revision(work, row.revision)
    said: dict[str, Any] = {"node": row.node, "revision": revision, "cause": cause}
    match standing:
        case Standing.NORMAL:
            hub.telling.peer(work, admission.admitted(row, revision))
        case Standing.LIMITED:
            hub.telling.peer(work, PeerLimited.model_validate(said))
        case Standing.QUARANTINED:
            hub.telling.peer(work, PeerQuarantined.model_validate(said))
        case Standing.CUT:
            said["last_pages"] = dict(last_pages or {})
            hub.telling.peer(work, PeerCut.model_validate(said))
            joining.decided(work, fingerprint(row.root_key), state=joining.REFUSED, cause=cause)
    return revision


def _tell_decided(work: Work, hub: Hub, decision: MembershipDecided, revision: int) -> None:
    said = _of_decision(decision) | {
        "what": decision.what,
        "cause": membership.words_of(decision),
        "was": decision.was if decision.what == "key-replaced" else None,
        "to": decision.to if decision.what == "moved" else None,
        "until": decision.until,
    }
    _tell(work, hub, decision.node, revision, by="association", **said)


def _tell(work: Work, hub: Hub, node: str, revision: int, **said: Any) -> None:
    tell_stewards_act(work, hub.telling, node, revision, **said)


def _of_decision(decision: MembershipDecided) -> dict[str, Any]:
    return {
        "association": decision.association,
        "ballot": decision.cause.ballot,
        "outcome": decision.cause.outcome,
    }


def _is_child(row: Any, hub: Hub) -> bool:
    """Return whether this hub has admitted a node; its own hub was given and not admitted."""
    own = hub.telling.own
    return row is not None and row.admitted_by == own and row.node != own and row.revision > 0


def _is_old(request: Any, row: Any) -> bool:
    """Return whether a request is the one by which a node was admitted before it was cut off."""
    return row is not None and row.standing == Standing.CUT and request.state != joining.WAITING
