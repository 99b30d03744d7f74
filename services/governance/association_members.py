"""What can happen to a network in an association: it asks to belong, and members stand for it.

Nothing here decides on anybody: that is done by certified ballots alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.governance.association_handlers import adopt, kept_here
from services.governance.association_refusals import (
    ApplicationUnproven,
    KeyUnlike,
    NoMember,
    NotApplied,
)
from services.governance.association_rows import association_at, root_keys
from services.governance.federated.applications import why_unproven
from services.governance.federated.associations import Association
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_refusals import CharterNotAdopted
from services.governance.federated_rows import facts_of
from shared.contracts.associations import MembershipApplied, MembershipSponsored, SignedAdoption
from shared.contracts.charters import CharterAdopted
from shared.store import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Who this network is to others.

    Args:
        names: by language.
        root_key: its public root key.
        certificate: by which that key certifies the key of its service of decisions.
    """

    names: Mapping[str, str]
    root_key: str
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What the keeper enters of a network without software, from the paper that it has signed.

    Args:
        paper_hash: SHA-256 of the signed paper.
        decision: of the keeper's own network, by which it speaks for the other one.
    """

    network: str
    names: Mapping[str, str]
    paper_hash: str
    decision: str


def apply(work: Work, desk: FederatedDesk, association: str, own: Own) -> MembershipApplied:
    """Ask to belong, as this network, which has signed the charter; return what it says.

    It is told on the own log. Where no other network hears that yet, people carry what is returned
    to the network that keeps the association.

    Raises:
        CharterNotAdopted
    """
    signed = [
        one.event
        for one in facts_of(work, association)
        if isinstance(one.event, CharterAdopted) and one.teller == desk.node and not one.event.leg
    ]
    if not signed:
        raise CharterNotAdopted()
    last = max(signed, key=lambda one: one.adopted_at)
    event = MembershipApplied(
        association=association,
        node=desk.node,
        network=desk.node,
        names=dict(own.names),
        root_key=own.root_key,
        certificate=own.certificate,
        adoption=SignedAdoption.model_validate(last.model_dump()),
        applied_at=work.moment,
    )
    desk.tell(work, event)
    return event


def enter(
    work: Work, desk: FederatedDesk, association: str, said: Mapping[str, Any]
) -> MembershipApplied:
    """Enter an application that was carried to the network that keeps the association.

    Raises:
        Missing, NotKeptHere
        ApplicationUnproven: it does not show whose word it is; the detail says why.
        KeyUnlike: the name is known here by another root key.
    """
    kept_here(work, desk, association)
    try:
        event = MembershipApplied.model_validate(
            {**said, "association": association, "node": desk.node, "paper_hash": None}
        )
    except ValidationError as error:
        raise ApplicationUnproven("it cannot be read") from error
    if said.get("association") != association:
        raise ApplicationUnproven("it is for another association")
    if event.network == desk.node or event.root_key is None:
        raise ApplicationUnproven("it is no application of another network with software")
    if why := why_unproven(event, keeper=desk.node):
        raise ApplicationUnproven(why)
    _require_key(work, event.network, event.root_key)
    if not any(one.event == event for one in facts_of(work, association)):
        desk.tell(work, event)
    return event


def enter_paper(
    work: Work, desk: FederatedDesk, association: str, paper: Paper, *, steward: str
) -> MembershipApplied:
    """Enter a network without software, from its signed paper; this one speaks for it from then on.

    Raises:
        Missing, NotKeptHere, NoLocalDecision
        KeyUnlike: the name is that of a node.
    """
    before = kept_here(work, desk, association)
    if root_keys(work).get(paper.network) or _asked_with_key(before, paper.network):
        raise KeyUnlike("a network of this name has software and speaks for itself")
    event = MembershipApplied(
        association=association,
        node=desk.node,
        network=paper.network,
        names=dict(paper.names),
        paper_hash=paper.paper_hash,
        applied_at=work.moment,
    )
    desk.tell(work, event)
    assert before.charter is not None
    adopt(
        work,
        desk,
        association,
        number=before.charter.number,
        charter_hash=before.charter.hash,
        decision=paper.decision,
        steward=steward,
        network=paper.network,
    )
    return event


def sponsor_member(work: Work, desk: FederatedDesk, association: str, network: str) -> None:
    """Stand for a network that asks to belong, as a member; said twice it changes nothing.

    Raises:
        Missing, NoMember, NotApplied
    """
    before = association_at(work, association, work.now)
    require_member(before, desk.node)
    asked = before.applications.get(network)
    if asked is None or network == desk.node:
        raise NotApplied()
    event = MembershipSponsored(
        association=association,
        node=desk.node,
        network=network,
        root_key=asked.root_key or None,
        sponsored_at=work.moment,
    )
    if desk.node not in before.sponsors.get(network, ()):
        desk.tell(work, event)


def require_member(before: Association, network: str) -> None:
    """Return quietly where a network is a member for which the charter in force holds.

    Raises:
        NoMember
    """
    if network not in before.voters:
        raise NoMember()


def _asked_with_key(before: Association, network: str) -> bool:
    asked = before.applications.get(network)
    return asked is not None and bool(asked.root_key)


def _require_key(work: Work, network: str, root_key: str) -> None:
    if root_keys(work).get(network, root_key) != root_key:
        raise KeyUnlike()
