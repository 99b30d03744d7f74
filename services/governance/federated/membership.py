"""How a network belongs to an association: by its own signature, and by certified ballots.

APPLICANT -> OBSERVER -> MEMBER -> SUSPENDED -> (MEMBER or EXPELLED), and WITHDRAWN from any of
them. Every arrow but withdrawal is caused by a certified ballot about that network, in which it did
not vote. A suspension ends by itself; an expulsion follows on a suspension, after the right of
reply, and can be appealed once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.governance.counting.report import Outcome
from services.governance.federated.ballot import Ballot, BallotState, outcome_of, state_at
from services.governance.federated.charter import ABOUT_BELONGING, Charter, Matter
from services.governance.federated.notices import Notice
from shared.clock import BadTime, moment
from shared.contracts.charters import CharterAdopted, CharterLeft
from shared.contracts.membership import What


class MembershipState(StrEnum):
    """How a network belongs."""

    NONE = "none"
    APPLICANT = "applicant"
    OBSERVER = "observer"
    MEMBER = "member"
    SUSPENDED = "suspended"
    EXPELLED = "expelled"
    WITHDRAWN = "withdrawn"


ARROWS: Final[Mapping[tuple[MembershipState, Matter], MembershipState]] = MappingProxyType(
    {
        (MembershipState.APPLICANT, Matter.ADMISSION): MembershipState.OBSERVER,
        (MembershipState.OBSERVER, Matter.ADMISSION): MembershipState.MEMBER,
        (MembershipState.MEMBER, Matter.SUSPENSION): MembershipState.SUSPENDED,
        (MembershipState.SUSPENDED, Matter.REINSTATEMENT): MembershipState.MEMBER,
        (MembershipState.SUSPENDED, Matter.EXPULSION): MembershipState.EXPELLED,
    }
)
"""Where a certified ballot of a matter leads from a state; there is no other arrow."""
_TOLD: Final[Mapping[MembershipState, What]] = MappingProxyType(
    {
        MembershipState.OBSERVER: "observer",
        MembershipState.MEMBER: "admitted",
        MembershipState.SUSPENDED: "suspended",
        MembershipState.EXPELLED: "expelled",
        MembershipState.WITHDRAWN: "withdrawn",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A certified ballot about a network.

    Args:
        at: when the ballot closed: by this the causes are in their order everywhere.
        appeal_until: until when the network may appeal.
        voters: who was called to vote.
    """

    ballot_id: str
    outcome_hash: str
    matter: Matter
    network: str
    noticed_at: datetime
    at: datetime
    appeal_until: datetime
    grounds: tuple[str, ...]
    voters: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An arrow that a network has gone along, and what caused it."""

    became: MembershipState
    at: datetime
    cause: Cause | None = None
    until: datetime | None = None

    @property
    def told_as(self) -> What | None:
        """The word by which the node service is told of it."""
        if self.cause and self.cause.matter is Matter.REINSTATEMENT:
            return "reinstated"
        return _TOLD.get(self.became)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """How a network belongs, and how it came to this.

    Args:
        since: of the state.
        until: when a suspension ends by itself.
        without_effect: certified ballots from which nothing follows, each with the reason.
    """

    network: str
    state: MembershipState
    since: datetime | None = None
    until: datetime | None = None
    history: tuple[Change, ...] = ()
    without_effect: tuple[tuple[str, str], ...] = ()


def cause_of(ballot: Ballot, now: datetime) -> Cause | None:
    """Return what a ballot causes for a network's belonging; nothing unless it is certified.

    A ballot that is contested, annulled or not adopted causes nothing.
    """
    notice, computed = ballot.notice, outcome_of(ballot, now)
    if notice is None or computed is None or computed.outcome.outcome is not Outcome.ADOPTED:
        return None
    event = notice.event
    if event.subject is None or event.matter not in ABOUT_BELONGING:
        return None
    if event.subject in notice.legs:
        return None
    return Cause(
        ballot_id=ballot.ballot_id,
        outcome_hash=computed.hash,
        matter=Matter(event.matter),
        network=event.subject,
        noticed_at=moment(event.noticed_at),
        at=notice.closes_at,
        appeal_until=notice.closes_at + timedelta(seconds=notice.charter.parameters.challenge_s),
        grounds=event.grounds,
        voters=frozenset(notice.legs),
    )


def belonging(
    network: str,
    *,
    charter: Charter,
    adoptions: Iterable[CharterAdopted] = (),
    departures: Iterable[CharterLeft] = (),
    causes: Iterable[Cause] = (),
    founders: Iterable[str] = (),
    now: datetime,
) -> Belonging:
    """Return how a network belongs, from its own word and from certified ballots, in any order.

    Args:
        founders: the networks with which the association began; before them nobody could vote.
        now: when a suspension may have ended by itself.
    """
    own = [one for one in adoptions if (one.leg or one.node) == network]
    left = [one for one in departures if (one.leg or one.node) == network]
    steps: list[tuple[datetime, int, str, Cause | str]] = []
    # At one moment a network signs first, is decided on next, and leaves last.
    steps += [(_when(one.adopted_at), 0, one.charter_hash, "signed") for one in own]
    steps += [(_when(one.left_at), 2, "", "left") for one in left]
    about = {one.ballot_id: one for one in causes if one.network == network}
    steps += [(one.at, 1, one.ballot_id, one) for one in about.values()]
    found = Belonging(network=network, state=MembershipState.NONE)
    for at, _, _, step in sorted(steps, key=lambda one: one[:3]):
        found = lapsed(found, at)
        if isinstance(step, Cause):
            found = _caused(found, step, charter)
        elif step == "left":
            found = _changed(found, Change(became=MembershipState.WITHDRAWN, at=at))
        elif found.state in _MAY_APPLY:
            founding = network in set(founders) and found.state is MembershipState.NONE
            became = MembershipState.MEMBER if founding else MembershipState.APPLICANT
            found = _changed(found, Change(became=became, at=at))
    return lapsed(found, now)


_MAY_APPLY: Final = frozenset(
    {MembershipState.NONE, MembershipState.WITHDRAWN, MembershipState.EXPELLED}
)


def lapsed(found: Belonging, now: datetime) -> Belonging:
    """Return how a network belongs at a time: a suspension has an end."""
    if found.state is not MembershipState.SUSPENDED or found.until is None or now < found.until:
        return found
    return _changed(found, Change(became=MembershipState.MEMBER, at=found.until))


def _caused(found: Belonging, cause: Cause, charter: Charter) -> Belonging:
    why = why_without_effect(found, cause, charter)
    if why:
        ended = (*found.without_effect, (cause.ballot_id, why))
        return Belonging(
            network=found.network,
            state=found.state,
            since=found.since,
            until=found.until,
            history=found.history,
            without_effect=ended,
        )
    became = ARROWS.get((found.state, cause.matter), MembershipState.EXPELLED)
    until = None
    if became is MembershipState.SUSPENDED:
        until = cause.at + timedelta(seconds=charter.parameters.suspension_s)
    return _changed(found, Change(became=became, at=cause.at, cause=cause, until=until))


def why_without_effect(found: Belonging, cause: Cause, charter: Charter) -> str:
    """Return why nothing follows from a ballot for a network; empty where something does."""
    if found.network in cause.voters:
        return "the network has voted on itself"
    if (found.state, cause.matter) not in ARROWS and not _was_suspended(found, cause):
        return f"from {found.state.value} no {cause.matter.value} leads on"
    numbers = charter.parameters
    observed = timedelta(seconds=numbers.observing_s)
    is_observer = found.state is MembershipState.OBSERVER and found.since is not None
    if is_observer and cause.at < (found.since or cause.at) + observed:
        return "it has not observed long enough"
    reply = timedelta(seconds=numbers.reply_s)
    if cause.matter is Matter.EXPULSION and cause.at < cause.noticed_at + reply:
        return "it had too little time to reply"
    return ""


def _was_suspended(found: Belonging, cause: Cause) -> bool:
    """Tell whether a suspension has ended by itself while an expulsion was being voted on."""
    if cause.matter is not Matter.EXPULSION or found.state is not MembershipState.MEMBER:
        return False
    last = next(
        (one for one in reversed(found.history) if one.became is MembershipState.SUSPENDED), None
    )
    return last is not None and last.until is not None and cause.noticed_at < last.until


def _changed(found: Belonging, change: Change) -> Belonging:
    return Belonging(
        network=found.network,
        state=change.became,
        since=change.at,
        until=change.until,
        history=(*found.history, change),
        without_effect=found.without_effect,
    )


def _when(text: str) -> datetime:
    try:
        return moment(text)
    except BadTime:
        # Who says no moment is taken to have said the last one that there is.
        return moment("9999-12-31T23:59:59.999Z")


def members(belongings: Iterable[Belonging]) -> tuple[str, ...]:
    """Return the networks that are called to vote, by name."""
    return tuple(sorted(one.network for one in belongings if one.state is MembershipState.MEMBER))


def why_wrong_legs(notice: Notice, voting: Iterable[str]) -> str:
    """Return why a network ought to decline a notice for whom it calls; empty where it is right.

    Args:
        voting: the members of the association.
    """
    wanted = set(voting) - {notice.event.subject}
    called = set(notice.legs)
    if missing := sorted(wanted - called):
        return f"these are not called: {', '.join(missing)}"
    if strange := sorted(called - wanted):
        return f"these are no members: {', '.join(strange)}"
    return ""


def may_be_appealed(ballot: Ballot, cause: Cause, now: datetime) -> bool:
    """Tell whether a network may still appeal: once, in time, while the ballot is certified."""
    appeal = f"challenge:{cause.network}:appeal:"
    appealed = any(one.startswith(appeal) for one in (*ballot.disputes, *ballot.rulings.settled))
    in_time = now < cause.appeal_until
    return in_time and not appealed and state_at(ballot, now) is BallotState.CERTIFIED
