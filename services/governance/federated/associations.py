"""An association as its facts add up: its charter, who belongs to it and how, what has to be told.

It is a pure function of the set of facts, and of the ballots that they make: the order in which
they came changes nothing. What the keeper of the association has told of a ballot stays while that
ballot is in doubt; it is taken back only when the ballot has come to something else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.governance.federated import applications as applying
from services.governance.federated.applications import Application
from services.governance.federated.ballot import Ballot
from services.governance.federated.causes import (
    Effect,
    Kept,
    accepted_effects,
    has_failed,
    is_adopted,
    was_adopted,
)
from services.governance.federated.charter import (
    BadCharter,
    Charter,
    Matter,
    Rights,
    chained,
    charter_of,
    rights,
)
from services.governance.federated.facts import Fact, Keys, admitted
from services.governance.federated.membership import Belonging, MembershipState, belonging
from shared.contracts.associations import MembershipApplied, MembershipSponsored
from shared.contracts.charters import CharterAdopted, CharterLeft, CharterPublished
from shared.contracts.membership import MembershipDecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """An association at a time.

    Args:
        versions: of its charter, each but the first by a certified ballot, the newest last.
        charter: the version under which ballots are called: the newest that more than half of the
            members have signed; none as long as there is none at all.
        signed: by network the hashes of the versions that it has signed.
        members: how each network belongs, by its name.
        applications: what each network has said of itself when it asked.
        sponsors: by network the members that stand for it.
        effects: what follows from ballots on belonging, in their order; by ballot.
        passed: ballots from which nothing follows, with the reason.
        failed: ballots of which it is settled that nothing follows from them.
        told: what the keeper has told, by network, in the order of its revisions.
        replaced: by a name that is no more the one that has come in its place.
    """

    id: str
    versions: tuple[Charter, ...] = ()
    charter: Charter | None = None
    signed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    members: Mapping[str, Belonging] = field(default_factory=dict)
    rights: Mapping[str, Rights] = field(default_factory=dict)
    applications: Mapping[str, Application] = field(default_factory=dict)
    sponsors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)
    passed: Mapping[str, str] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    told: Mapping[str, tuple[MembershipDecided, ...]] = field(default_factory=dict)
    replaced: Mapping[str, str] = field(default_factory=dict)

    @property
    def keeper(self) -> str:
        """The network that keeps its charter and roll."""
        return self.id.partition(":")[0]

    def state_of(self, network: str) -> MembershipState:
        """Return how a network belongs."""
        found = self.members.get(network)
        return found.state if found else MembershipState.NONE

    @property
    def voters(self) -> tuple[str, ...]:
        """The members that are called to vote: those for which the charter in force holds."""
        return tuple(
            sorted(
                name
                for name, found in self.members.items()
                if found.state is MembershipState.MEMBER and self.rights[name] is Rights.FULL
            )
        )

    def keeps(self, network: str) -> bool:
        """Tell whether the keeper speaks for a network, because it has no software."""
        found = self.applications.get(network)
        return found is not None and found.kept


def association_of(
    association: str,
    facts: Iterable[Fact],
    *,
    ballots: Mapping[str, Ballot],
    keys: Keys,
    now: datetime,
    published_at: Mapping[str, datetime] | None = None,
) -> Association:
    """Return an association as its facts make it.

    Args:
        facts: of the association; others do no harm.
        ballots: of the association on its charter and on belonging, by their ids.
        keys: by network the public keys that its service of decisions has had.
        now: by the reader's own clock.
        published_at: by a version's hash when the reader heard of it; else it is as if now.
    """
    those = [one for one in facts if getattr(one.event, "association", "") == association]
    keeper = association.partition(":")[0]
    told = admitted(those, keys=keys)
    chain = _versions(told.of(CharterPublished), ballots, now)
    asked = applying.applications(told.of(MembershipApplied), keeper=keeper)
    kept = Kept(
        charter=chain[-1] if chain else None,
        chain=tuple(one.hash for one in chain),
        adoptions=applying.adoptions(told.of(CharterAdopted), asked, keeper=keeper),
        departures=[
            one for one in told.of(CharterLeft) if applying.speaks(one.node, one.leg, asked, keeper)
        ],
        applications=asked,
        sponsorships=told.of(MembershipSponsored),
        told=_told(those, keeper),
    )
    if kept.charter is None:
        return Association(id=association, applications=asked, told=kept.told)
    effects, passed, replaced = accepted_effects(kept, ballots, now)
    after = kept.renamed(replaced)
    causes = [one.cause for one in effects.values() if one.cause.matter is not Matter.HUB]
    members = {
        network: belonging(
            network,
            charter=kept.charter,
            adoptions=after.adoptions,
            departures=after.departures,
            causes=causes,
            founders=[replaced.get(one, one) for one in kept.charter.founders],
            now=now,
        )
        for network in after.networks(causes)
    }
    passed = passed | {
        ballot: why for one in members.values() for ballot, why in one.without_effect
    }
    signed = after.signed()
    charter = _in_force(chain, signed, members)
    return Association(
        id=association,
        versions=chain,
        charter=charter,
        signed=signed,
        members=members,
        rights={
            name: _rights(name, chain, charter, after, published_at or {}, now) for name in members
        },
        applications=asked,
        sponsors={name: kept.sponsors_of(name, members) for name in asked},
        effects={key: one for key, one in effects.items() if key not in passed},
        passed=passed,
        failed=frozenset(key for key, one in ballots.items() if has_failed(one, now)),
        told=kept.told,
        replaced=replaced,
    )


def _versions(
    published: Iterable[CharterPublished], ballots: Mapping[str, Ballot], now: datetime
) -> tuple[Charter, ...]:
    """Return the versions that follow each other, each but the first by a certified ballot.

    They end before one that changes what its ballot could not.
    """
    found: dict[str, Charter] = {}
    matters: dict[str, str] = {}
    for event in published:
        try:
            charter = charter_of(event)
        except BadCharter:
            continue
        ballot = ballots.get(event.cause or "")
        if charter.number == 1:
            found[charter.hash] = charter
        elif ballot and ballot.notice and has_decided_version(ballot, charter, now):
            found[charter.hash], matters[charter.hash] = charter, ballot.notice.event.matter
    chain: list[Charter] = []
    for one in chained(found.values()):
        if chain and changes_too_much(chain[-1], one, matters[one.hash]):
            break
        chain.append(one)
    return tuple(chain)


def decides_version(ballot: Ballot, charter: Charter, now: datetime) -> bool:
    """Tell whether a certified ballot, in no doubt, has decided on this version of a charter."""
    return is_adopted(ballot, now) and has_decided_version(ballot, charter, now)


def has_decided_version(ballot: Ballot, charter: Charter, now: datetime) -> bool:
    """Tell whether a ballot has decided on this very version; a doubt takes nothing back yet."""
    if ballot.notice is None or not was_adopted(ballot, now):
        return False
    event = ballot.notice.event
    return (
        event.matter in (Matter.CHARTER, Matter.VALUES)
        and event.association == charter.association
        and event.charter_hash == charter.previous
        and event.effect is not None
        and event.effect.charter_hash == charter.hash
    )


def changes_too_much(before: Charter, after: Charter, matter: str) -> bool:
    """Tell whether a version changes what a ballot of its matter cannot."""
    if before.founders != after.founders:
        return True
    return matter != Matter.VALUES and before.values != after.values


def _told(facts: Iterable[Fact], keeper: str) -> dict[str, tuple[MembershipDecided, ...]]:
    """Return what the keeper has told of each network, by revision."""
    found: dict[str, dict[int, MembershipDecided]] = {}
    for fact in facts:
        if isinstance(fact.event, MembershipDecided) and fact.teller == keeper:
            found.setdefault(fact.event.node, {})[fact.event.revision] = fact.event
    return {name: tuple(those[at] for at in sorted(those)) for name, those in found.items()}


def _in_force(
    chain: Sequence[Charter],
    signed: Mapping[str, frozenset[str]],
    members: Mapping[str, Belonging],
) -> Charter:
    """Return the newest version that more than half of the members have signed, or the first."""
    those = [name for name, one in members.items() if one.state is MembershipState.MEMBER]
    for at in range(len(chain) - 1, 0, -1):
        later = {one.hash for one in chain[at:]}
        if 2 * sum(bool(signed.get(name, frozenset()) & later) for name in those) > len(those):
            return chain[at]
    return chain[0]


def _rights(
    network: str,
    chain: Sequence[Charter],
    charter: Charter,
    kept: Kept,
    published_at: Mapping[str, datetime],
    now: datetime,
) -> Rights:
    """Return the rights of a network; who has signed a later version has signed this one, too."""
    until = [one for one in chain if one.number <= charter.number]
    later = {one.hash for one in chain if one.number > charter.number}
    adoptions = [
        one.model_copy(update={"charter_hash": charter.hash, "number": charter.number})
        if one.charter_hash in later
        else one
        for one in kept.adoptions
    ]
    heard = {one.hash: published_at.get(one.hash, now) for one in chain}
    return rights(until, adoptions, kept.departures, network, published_at=heard, now=now)
