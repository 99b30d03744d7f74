"""Ballots of an association on who belongs to it and on its charter: called, replied to, appealed.

They are ballots like all others between networks. What is particular is who is called, that their
subject does not vote, and that the notice says what will follow by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.governance.association_members import require_member
from services.governance.association_refusals import (
    KeyUnlike,
    NoAppeal,
    NoSuchStep,
    NotApplied,
    NotTheSubject,
    SponsorsLacking,
)
from services.governance.association_rows import MATTERS, association_at, root_keys
from services.governance.federated.associations import Association
from services.governance.federated.charter import Matter
from services.governance.federated.membership import (
    ARROWS,
    MembershipState,
    cause_of,
    may_be_appealed,
)
from services.governance.federated.policies import Policy, fallback_of
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_handlers import Calling, Wording, convene, noticed, prepare
from services.governance.federated_refusals import NotInTime
from shared.contracts.decisions import DecisionReplied, ToldEffect, ToldLeg
from shared.contracts.disputes import DecisionChallenged
from shared.store import Work

_LEADS_TO: Final = {
    matter: frozenset(state for state, by in ARROWS if by is matter)
    for matter in {by for _, by in ARROWS}
}
"""From where a ballot of a matter leads on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutMember:
    """A ballot on who belongs, or on the charter, before it is announced.

    Args:
        network: that it is about; empty for the charter.
        ground: why, in words that everybody will read.
        was: with a lost root key the former name, which does not vote.
        root_key: of a network that has not asked here: of the new name, or of who moves.
        to: the hub to which it goes.
        charter_hash: of the version that is to be published.
    """

    matter: str
    ground: str
    network: str = ""
    grounds: tuple[str, ...] = ()
    was: str = ""
    root_key: str = ""
    to: str = ""
    charter_hash: str = ""

    @property
    def subject(self) -> str | None:
        """Who does not vote."""
        return self.was or self.network or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """When and in which words a ballot is held."""

    language: str
    texts: Mapping[str, Wording]
    opens_at: datetime
    closes_at: datetime
    follows: str = ""
    ballot_id: str = ""


def prepare_ballot(work: Work, desk: FederatedDesk, association: str, about: AboutMember) -> str:
    """Ask the members for their rolls before a ballot on who belongs; return the ballot's id.

    Raises:
        Missing, NoMember, NotApplied, KeyUnlike, SponsorsLacking, NoSuchStep
        NoSuchCharter, CharterNotAdopted
    """
    before = _ready(work, desk, association, about)
    assert before.charter is not None
    return prepare(
        work,
        desk,
        association=association,
        matter=about.matter,
        legs=[one for one in before.voters if one != about.subject and not before.keeps(one)],
        subject=about.subject,
        charter_hash=before.charter.hash,
    )


def call_ballot(
    work: Work, desk: FederatedDesk, association: str, about: AboutMember, course: Course
) -> str:
    """Announce a ballot on who belongs or on the charter: all members are called but its subject.

    Raises:
        Missing, NoMember, NotApplied, KeyUnlike, SponsorsLacking, NoSuchStep
        RollsLacking, NoticeUnfit, NotInTime, NoSuchCharter, CharterNotAdopted, NotCompetent
    """
    before = _ready(work, desk, association, about)
    charter = before.charter
    assert charter is not None
    rule = charter.rules.get(about.matter)
    if rule is not None and rule.policy is Policy.CONSENT and course.follows:
        rule = fallback_of(rule)
    legs = [
        ToldLeg(node=one, kept_by=before.keeper if before.keeps(one) else None)
        for one in before.voters
        if one != about.subject
    ]
    calling = Calling(
        association=association,
        matter=about.matter,
        language=course.language,
        texts=course.texts,
        legs=legs,
        opens_at=course.opens_at,
        closes_at=course.closes_at,
        rule=rule,
        subject=about.subject,
        grounds=about.grounds,
        effect=_effect(work, before, about),
        follows=course.follows or None,
        ballot_id=course.ballot_id,
        charter_hash=charter.hash,
    )
    return convene(work, desk, calling)


def reply(work: Work, desk: FederatedDesk, ballot_id: str, *, language: str, text: str) -> None:
    """Reply, as the network that a ballot is about; an empty text waives it.

    Raises:
        Missing, NoBallotYet, NotTheSubject
        NotInTime: voting has begun.
    """
    _, notice = noticed(work, ballot_id)
    if notice.event.subject != desk.node:
        raise NotTheSubject()
    if work.now >= notice.opens_at:
        raise NotInTime()
    told = desk.tell_text(work, notice.event.association, language, text) if text else None
    desk.tell(work, DecisionReplied(node=desk.node, ballot_id=ballot_id, reply_hash=told))


def appeal(work: Work, desk: FederatedDesk, ballot_id: str, *, language: str, text: str) -> None:
    """Appeal, as the network that a certified ballot is about: once, and in time.

    Raises:
        Missing, NoBallotYet, NotTheSubject, NoAppeal
    """
    ballot, notice = noticed(work, ballot_id)
    if notice.event.subject != desk.node:
        raise NotTheSubject()
    cause = cause_of(ballot, work.now)
    if cause is None or not may_be_appealed(ballot, cause, work.now):
        raise NoAppeal()
    evidence = desk.tell_text(work, notice.event.association, language, text)
    desk.tell(
        work,
        DecisionChallenged(
            node=desk.node,
            ballot_id=ballot_id,
            ground="appeal",
            evidence_hash=evidence,
            challenged_at=work.moment,
        ),
    )


def _ready(work: Work, desk: FederatedDesk, association: str, about: AboutMember) -> Association:
    """Return an association in which this network may call such a ballot now."""
    before = association_at(work, association, work.now)
    require_member(before, desk.node)
    if about.matter not in MATTERS:
        raise NoSuchStep("it is no matter of the charter or of belonging")
    matter, state = Matter(about.matter), before.state_of(about.was or about.network)
    if matter is Matter.HUB:
        if state is MembershipState.NONE or bool(about.was) == bool(about.to):
            raise NoSuchStep("it is about a network that belongs: its new name, or another hub")
    elif matter in _LEADS_TO and state not in _LEADS_TO[matter]:
        raise NoSuchStep(state.value)
    if matter is Matter.ADMISSION:
        _require_sponsors(before, about.network)
    return before


def _require_sponsors(before: Association, network: str) -> None:
    if network not in before.applications:
        raise NotApplied()
    assert before.charter is not None, "who has asked has a charter before them"
    wanted = before.charter.parameters.sponsors_min
    if len(before.sponsors.get(network, ())) < wanted:
        raise SponsorsLacking(wanted=wanted)


def _effect(work: Work, before: Association, about: AboutMember) -> ToldEffect:
    """Return what is to follow from a ballot, with the root key of the network that is meant.

    Raises:
        KeyUnlike: the key that was given is not the one that is known, or none is known.
    """
    if about.matter in (Matter.CHARTER, Matter.VALUES):
        return ToldEffect(ground=about.ground, charter_hash=about.charter_hash or None)
    asked = before.applications.get(about.network)
    known = asked.root_key if asked else root_keys(work).get(about.network, "")
    if about.root_key and known and about.root_key != known:
        raise KeyUnlike()
    key = known or about.root_key
    if not key and not before.keeps(about.network):
        raise KeyUnlike("no root key of this network is known here; it has to be named")
    return ToldEffect(
        ground=about.ground,
        network=about.network,
        root_key=key or None,
        was=about.was or None,
        to=about.to or None,
    )
