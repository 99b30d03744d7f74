"""What each network weighs under a rule, and what a rule would have made of the past.

Both are shown before a charter is signed. The past are the certified ballots of yes or no that
this node knows: their seals are put together again under another rule, so that a network that told
its sign alone counts by its sign here, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from pydantic import ValidationError

from services.governance.federated.aggregate import FederatedOutcome, Part, Poll, aggregated
from services.governance.federated.ballot import outcome_of
from services.governance.federated.banzhaf import Index, power
from services.governance.federated.charter import BadCharter, Charter, chained, charter_of
from services.governance.federated.policies import FederatedRule
from services.governance.federated_rows import facts_of
from services.governance.federated_seen import Seen
from services.governance.federated_view_rows import Wanted, every
from services.governance.rules import Method, Rule
from shared.contracts.charters import CharterPublished
from shared.refusals import Kind, Refusal
from shared.store import Work

PAST_MAX: Final = 200
"""On how many ballots of the past a rule is tried."""
RULES_MAX: Final = 6
MILLION: Final = 1_000_000


class NoRolls(Refusal):
    """Nobody knows how many members the networks have."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-rolls"
    title: ClassVar[str] = "No rolls of this association are known here yet; name them"


class NotYesNo(Refusal):
    """A rule whose weight cannot be told: it is not one of yes and no."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "not-yes-no"
    title: ClassVar[str] = "Weights are told of rules of yes and no"


class BadFederatedRule(Refusal):
    """What was handed in is no rule of a ballot between networks."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-federated-rule"
    title: ClassVar[str] = "This is no rule of a ballot between networks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a network weighs under a rule.

    Args:
        index: in how many divisions of the others its vote decides.
    """

    network: str
    roll_size: int
    index: Index

    @property
    def share(self) -> tuple[int, int]:
        """Its part of all deciding votes, in millionths."""
        return (self.index.swings * MILLION // self.index.total if self.index.total else 0), MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A ballot of the past under other rules.

    Args:
        was: its outcome under its own rule.
        would: what it would have come to under each rule.
    """

    ballot: str
    matter: str
    closes_at: str
    was: FederatedOutcome
    would: tuple[FederatedOutcome, ...]


def rule_of(data: Mapping[str, Any]) -> FederatedRule:
    """Return a rule of yes and no from data; a method at home need not be said.

    Raises:
        BadFederatedRule, NotYesNo
    """
    at_home = Rule(method=Method.YES_NO).model_dump(mode="json")
    try:
        rule = FederatedRule.model_validate({"rule": at_home, **data})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadFederatedRule(f"{place}: {first['msg']}"[:300]) from error
    _require_yes_no(rule)
    return rule


def charter_rule(work: Work, association: str, matter: str) -> FederatedRule:
    """Return the rule that the newest charter known here has for a matter; else two majorities.

    Raises:
        NotYesNo: it is decided otherwise than by yes and no.
    """
    charters = charters_of(work, association)
    rule = charters[-1].rules.get(matter) if charters else None
    if rule is None:
        rule = FederatedRule(rule=Rule(method=Method.YES_NO))
    _require_yes_no(rule)
    return rule


def charters_of(work: Work, association: str) -> tuple[Charter, ...]:
    """Return the versions of an association's charter that its keeper has published, in order."""
    found: list[Charter] = []
    for fact in facts_of(work, association):
        if isinstance(fact.event, CharterPublished) and fact.teller == fact.event.node:
            try:
                found.append(charter_of(fact.event))
            except BadCharter:
                continue
    return chained(found)


def known_rolls(work: Work, association: str, *, me: str, now: datetime) -> dict[str, int]:
    """Return how many members each network has: by the newest ballot in which it sealed a roll.

    Raises:
        NoRolls: no ballot of the association has rolls.
    """
    rolls: dict[str, int] = {}
    for seen in every(work, Wanted(association=association), me=me, now=now, most=PAST_MAX):
        for leg in seen.legs:
            if leg.roll is not None:
                rolls.setdefault(leg.network, leg.roll.size)
    if not rolls:
        raise NoRolls()
    return dict(sorted(rolls.items()))


def weights_under(rule: FederatedRule, rolls: Mapping[str, int]) -> list[Weight]:
    """Return what each network weighs, the heaviest first.

    Raises:
        TooManyNetworks
    """
    found = [
        Weight(network=network, roll_size=rolls[network], index=index)
        for network, index in power(rule, rolls).items()
    ]
    return sorted(found, key=lambda one: (-one.index.swings, one.network))


def tried_on_past(
    work: Work,
    association: str,
    rules: Sequence[FederatedRule],
    *,
    me: str,
    now: datetime,
) -> list[Tried]:
    """Return what the certified ballots of yes or no would have come to, the newest first."""
    wanted = Wanted(association=association)
    return [
        one
        for seen in every(work, wanted, me=me, now=now, most=PAST_MAX)
        if (one := _tried(seen, rules)) is not None
    ]


def _tried(seen: Seen, rules: Sequence[FederatedRule]) -> Tried | None:
    notice, held = seen.notice, outcome_of(seen.ballot, seen.now)
    if notice is None or held is None or seen.ballot.certified is None:
        return None
    if notice.rule.rule.method is not Method.YES_NO:
        return None
    basis = seen.ballot.certified.basis
    return Tried(
        ballot=seen.ballot.ballot_id,
        matter=notice.event.matter,
        closes_at=notice.event.closes_at,
        was=held.outcome,
        would=tuple(_aggregated(basis.poll, rule, basis.parts) for rule in rules),
    )


def _aggregated(poll: Poll, rule: FederatedRule, parts: Sequence[Part]) -> FederatedOutcome:
    other = Poll(
        ballot_id=poll.ballot_id,
        rule=rule,
        called=poll.called,
        roll_min=poll.roll_min,
        standing=poll.standing,
    )
    return aggregated(other, parts)


def _require_yes_no(rule: FederatedRule) -> None:
    if rule.rule.method is not Method.YES_NO:
        raise NotYesNo()
