"""Which ballots have an effect on who belongs: certified, called rightly, and saying what follows.

They are looked at in the order in which they closed, because who was to be called for one depends
on what those before it have come to. What the keeper has told stays while its ballot is in doubt,
and is not undone by what others say later of earlier days.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from services.governance.counting.report import Outcome
from services.governance.federated.applications import Application
from services.governance.federated.ballot import ENDED, Ballot, outcome_of, state_at
from services.governance.federated.charter import ABOUT_BELONGING, Charter, Matter
from services.governance.federated.membership import (
    Belonging,
    Cause,
    MembershipState,
    belonging,
    why_wrong_legs,
)
from services.governance.federated.notices import Notice
from shared.clock import BadTime, moment
from shared.contracts.associations import MembershipSponsored
from shared.contracts.charters import CharterAdopted, CharterLeft
from shared.contracts.decisions import ToldEffect
from shared.contracts.membership import MembershipDecided

_LATEST: Final = "9999-12-31T23:59:59.999Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What follows from a ballot for a network.

    Args:
        in_doubt: the ballot is contested; what was told of it stays until that is settled.
    """

    cause: Cause
    said: ToldEffect
    in_doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was told of an association besides its ballots, as far as it counts.

    Args:
        charter: the newest version.
        chain: the hashes of all versions, the first one first.
    """

    charter: Charter | None
    chain: tuple[str, ...]
    adoptions: Sequence[CharterAdopted]
    departures: Sequence[CharterLeft]
    applications: Mapping[str, Application]
    sponsorships: Sequence[MembershipSponsored]
    told: Mapping[str, tuple[MembershipDecided, ...]]

    def networks(self, causes: Iterable[Cause] = ()) -> list[str]:
        """Return the names of all networks of which anything was said, by name."""
        those = {one.leg or one.node for one in self.adoptions}
        those |= {one.leg or one.node for one in self.departures}
        return sorted(those | {one.network for one in causes})

    def signed(self) -> dict[str, frozenset[str]]:
        """Return the hashes of the versions that each network has signed."""
        found: dict[str, set[str]] = {}
        for one in self.adoptions:
            if one.charter_hash in self.chain:
                found.setdefault(one.leg or one.node, set()).add(one.charter_hash)
        return {name: frozenset(those) for name, those in found.items()}

    def renamed(self, replaced: Mapping[str, str]) -> "Kept":
        """Return the same, with what was said under a name that is no more said under the new."""
        if not replaced:
            return self

        def now(name: str) -> str:
            while name in replaced:
                name = replaced[name]
            return name

        return replace(
            self,
            adoptions=[_under(one, now(one.leg or one.node)) for one in self.adoptions],
            departures=[_under(one, now(one.leg or one.node)) for one in self.departures],
        )

    def sponsors_of(self, network: str, members: Mapping[str, Belonging]) -> tuple[str, ...]:
        """Return the members that stand for a network with this very root key."""
        asked = self.applications.get(network)
        key = (asked.root_key if asked else "") or None
        those = {
            one.node
            for one in self.sponsorships
            if one.network == network and one.root_key == key and one.node != network
        }
        return tuple(sorted(one for one in those if _is_member(members.get(one))))


Said = TypeVar("Said", CharterAdopted, CharterLeft)


def _under(event: Said, name: str) -> Said:
    return event.model_copy(update={"node": name, "leg": None})


def _is_member(found: Belonging | None) -> bool:
    return found is not None and found.state is MembershipState.MEMBER


def is_adopted(ballot: Ballot, now: datetime) -> bool:
    """Tell whether a ballot is certified, in no doubt, and adopted."""
    found = outcome_of(ballot, now)
    return found is not None and found.outcome.outcome is Outcome.ADOPTED


def was_adopted(ballot: Ballot, now: datetime) -> bool:
    """Tell whether a ballot was certified as adopted, though it may be in doubt by now.

    What followed from it stays until the doubt is settled.
    """
    if is_adopted(ballot, now):
        return True
    certified = ballot.certified or ballot.before
    if certified is None or has_failed(ballot, now):
        return False
    return certified.computed.outcome.outcome is Outcome.ADOPTED


def has_failed(ballot: Ballot, now: datetime) -> bool:
    """Tell whether it is settled that nothing follows from a ballot.

    Of a ballot whose facts are being read again nothing is settled.
    """
    if ballot.notice is None:
        return False
    found = outcome_of(ballot, now)
    if found is not None:
        return found.outcome.outcome is not Outcome.ADOPTED
    return state_at(ballot, now) in ENDED


def accepted_effects(
    kept: Kept, ballots: Mapping[str, Ballot], now: datetime
) -> tuple[dict[str, Effect], dict[str, str], dict[str, str]]:
    """Return the effects of ballots, those from which nothing follows with why, and new names.

    Args:
        ballots: on belonging, of this association and perhaps of others.
        now: by the reader's own clock.
    """
    assert kept.charter is not None
    told = {one.cause.ballot for those in kept.told.values() for one in those}
    effects: dict[str, Effect] = {}
    passed: dict[str, str] = {}
    replaced: dict[str, str] = {}
    those = [one for one in ballots.values() if _is_about_belonging(one, kept.charter.association)]
    for ballot in sorted(those, key=_closed):
        found = _effect(ballot, kept, now, was_told=ballot.ballot_id in told)
        if found is None:
            continue
        if ballot.ballot_id not in told:
            why = _why_without(ballot, found, kept.renamed(replaced), effects, replaced)
            if why:
                passed[ballot.ballot_id] = why
                continue
        effects[ballot.ballot_id] = found
        if found.said.was and found.said.network and found.said.was != found.said.network:
            replaced[found.said.was] = found.said.network
    renamed = {key: _with_name(one, replaced) for key, one in effects.items()}
    return renamed, passed, replaced


def _with_name(effect: Effect, replaced: Mapping[str, str]) -> Effect:
    name = effect.cause.network
    while name in replaced:
        name = replaced[name]
    return replace(effect, cause=replace(effect.cause, network=name))


def _is_about_belonging(ballot: Ballot, association: str) -> bool:
    notice = ballot.notice
    return (
        notice is not None
        and notice.event.association == association
        and notice.event.matter in ABOUT_BELONGING
    )


def _closed(ballot: Ballot) -> tuple[datetime, str]:
    assert ballot.notice is not None
    return ballot.notice.closes_at, ballot.ballot_id


def _effect(ballot: Ballot, kept: Kept, now: datetime, *, was_told: bool) -> Effect | None:
    """Return what a ballot causes as it stands: nothing unless it is adopted.

    One that was certified, and told, and is in doubt now causes what it did until that is settled.
    """
    notice = ballot.notice
    assert notice is not None
    event, said = notice.event, notice.event.effect
    in_doubt = not is_adopted(ballot, now)
    if in_doubt and not (was_told and was_adopted(ballot, now)):
        return None
    if said is None:
        said = ToldEffect(ground=event.matter, network=event.subject)
    outcome = outcome_of(ballot, now)
    cause = Cause(
        ballot_id=ballot.ballot_id,
        outcome_hash=outcome.hash if outcome else _told_outcome(kept, ballot.ballot_id),
        matter=Matter(event.matter),
        network=event.subject or "",
        noticed_at=moment(event.noticed_at),
        at=notice.closes_at,
        appeal_until=notice.closes_at + timedelta(seconds=notice.charter.parameters.challenge_s),
        grounds=event.grounds,
        voters=frozenset(notice.legs),
    )
    return Effect(cause=cause, said=said, in_doubt=in_doubt)


def _told_outcome(kept: Kept, ballot_id: str) -> str:
    return next(
        one.cause.outcome
        for those in kept.told.values()
        for one in those
        if one.cause.ballot == ballot_id
    )


def _why_without(
    ballot: Ballot,
    found: Effect,
    kept: Kept,
    before: Mapping[str, Effect],
    replaced: Mapping[str, str],
) -> str:
    """Return why nothing follows from an adopted ballot; empty where something does."""
    notice, said, cause = ballot.notice, found.said, found.cause
    assert notice is not None
    if notice.event.effect is None:
        return "the notice does not say what follows"
    if cause.network not in (said.network, said.was) or not said.network:
        return "what follows is about another network"
    if cause.matter is Matter.HUB and (said.was is None) == (said.to is None):
        return "it names neither a former name nor another hub, or both"
    if cause.matter is not Matter.HUB and (said.was or said.to):
        return "only a matter of hubs changes a name or a hub"
    asked = kept.applications.get(said.network)
    if asked is not None and asked.root_key != (said.root_key or ""):
        return "the network has another root key"
    if notice.event.charter_hash not in kept.chain:
        return "it was called under another charter"
    members = members_at(kept, cause.noticed_at, before, replaced)
    called = voters_at(kept, cause.noticed_at, members, notice)
    if why := why_wrong_legs(notice, called):
        return why
    if cause.matter is Matter.ADMISSION:
        wanted = notice.charter.parameters.sponsors_min
        if len(kept.sponsors_of(cause.network, members)) < wanted:
            return "too few members stand for it"
    return ""


def members_at(
    kept: Kept, at: datetime, effects: Mapping[str, Effect], replaced: Mapping[str, str]
) -> dict[str, Belonging]:
    """Return how each network belonged at a time, by what had happened until then."""
    assert kept.charter is not None
    causes = [
        _with_name(one, replaced).cause
        for one in effects.values()
        if one.cause.at <= at and one.cause.matter is not Matter.HUB
    ]
    adoptions = [one for one in kept.adoptions if _until(one.adopted_at, at)]
    departures = [one for one in kept.departures if _until(one.left_at, at)]
    founders = [replaced.get(one, one) for one in kept.charter.founders]
    return {
        network: belonging(
            network,
            charter=kept.charter,
            adoptions=adoptions,
            departures=departures,
            causes=causes,
            founders=founders,
            now=at,
        )
        for network in kept.networks(causes)
    }


def voters_at(
    kept: Kept, at: datetime, members: Mapping[str, Belonging], notice: Notice
) -> set[str]:
    """Return who was to be called: members that had signed the notice's charter or a later one."""
    since = kept.chain[kept.chain.index(notice.event.charter_hash) :]
    signed = {
        one.leg or one.node
        for one in kept.adoptions
        if one.charter_hash in since and _until(one.adopted_at, at)
    }
    return {name for name, found in members.items() if _is_member(found) and name in signed}


def _until(text: str, at: datetime) -> bool:
    try:
        return moment(text) <= at
    except BadTime:
        return at >= moment(_LATEST)
