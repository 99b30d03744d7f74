"""A notice as it was read: the charter behind it, its rule, and whether a ballot can come of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from pydantic import ValidationError

from services.governance.federated.charter import (
    ROLL_BEFORE_NOTICE,
    BadCharter,
    Charter,
    Matter,
    charter_of,
)
from services.governance.federated.competence import (
    NotCompetent,
    competent_level,
    escalates,
    require_competent,
)
from services.governance.federated.facts import Fact, Told, hash_of
from services.governance.federated.policies import FederatedRule, Policy, fallback_of
from services.governance.rules import Option
from shared.clock import BadTime, moment
from shared.contracts.charters import CharterPublished
from shared.contracts.decisions import (
    DecisionAccepted,
    DecisionEscalated,
    DecisionNoticed,
    DecisionSponsored,
    ToldLeg,
)

_NEED_SUBJECT: Final = frozenset(
    {Matter.ADMISSION, Matter.SUSPENSION, Matter.REINSTATEMENT, Matter.EXPULSION}
)
_NEED_GROUNDS: Final = frozenset({Matter.SUSPENSION, Matter.EXPULSION})


class Unfit(Exception):
    """Why no ballot can come of a notice; it never leaves this module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice from which a ballot can come.

    Args:
        hash: what acceptances and sponsors name.
        legs: who is called, by name.
    """

    event: DecisionNoticed
    hash: str
    charter: Charter
    rule: FederatedRule
    options: tuple[Option, ...]
    legs: Mapping[str, ToldLeg]
    opens_at: datetime
    closes_at: datetime

    @property
    def convener(self) -> str:
        """The network that has called the ballot."""
        return self.event.node

    @property
    def grace_ends(self) -> datetime:
        """Until when a network that was cut off is heard."""
        return self.closes_at + timedelta(seconds=self.charter.parameters.grace_s)

    @property
    def reveals_at(self) -> datetime:
        """From when on seals are shown, even if somebody is not bound yet."""
        return self.closes_at + timedelta(seconds=self.charter.parameters.reveal_s)

    def speaker(self, network: str) -> str:
        """Return the network that speaks for a leg: itself, or who keeps it."""
        return self.legs[network].kept_by or network

    def with_software(self) -> list[str]:
        """Return the networks that speak for themselves, by name."""
        return sorted(name for name, leg in self.legs.items() if leg.kept_by is None)


def read_notices(told: Told, ballot_id: str) -> tuple[Notice, ...]:
    """Return the notices of a ballot from which one can come: one, unless somebody cheats.

    Where there are several, that which most networks have accepted is first.
    """
    charters = {
        fact.event.charter_hash: fact
        for fact in told.by_kind.get(CharterPublished, ())
        if isinstance(fact.event, CharterPublished)
    }
    found: list[Notice] = []
    for fact in told.by_kind.get(DecisionNoticed, ()):
        event = fact.event
        assert isinstance(event, DecisionNoticed)
        behind = charters.get(event.charter_hash)
        if event.ballot_id != ballot_id or behind is None:
            continue
        notice = _notice(fact, behind)
        if notice and _is_at_its_level(told, notice) and has_sponsors(told, notice):
            found.append(notice)
    accepted = [one.notice_hash for one in told.of(DecisionAccepted) if one.ballot_id == ballot_id]
    return tuple(sorted(found, key=lambda one: (-accepted.count(one.hash), one.hash)))


def has_sponsors(told: Told, notice: Notice) -> bool:
    """Tell whether enough of the networks that are called stand for a notice."""
    sponsors = {
        one.node
        for one in told.of(DecisionSponsored)
        if one.ballot_id == notice.event.ballot_id and one.notice_hash == notice.hash
    }
    standing = {notice.convener, *sponsors} & set(notice.with_software())
    return len(standing) >= notice.charter.parameters.sponsors_min


def why_unfit(event: DecisionNoticed, charter: Charter) -> str:
    """Return why no ballot can come of a notice under a charter; empty where one can.

    Competence is looked at apart, because a lower level may have sent the matter up.
    """
    try:
        _read(event, charter)
    except Unfit as error:
        return str(error)
    return ""


@lru_cache(maxsize=1_024)
def _charter(fact: Fact) -> Charter | None:
    assert isinstance(fact.event, CharterPublished)
    try:
        return charter_of(fact.event)
    except BadCharter:
        return None


@lru_cache(maxsize=1_024)
def _notice(noticed: Fact, published: Fact) -> Notice | None:
    """Return a notice as it was read under a charter; what was found is remembered."""
    charter = _charter(published)
    assert isinstance(noticed.event, DecisionNoticed)
    if charter is None:
        return None
    try:
        return _read(noticed.event, charter)
    except Unfit:
        return None


def _read(event: DecisionNoticed, charter: Charter) -> Notice:
    """Return a notice, or say why no ballot can come of it.

    Raises:
        Unfit: the first thing that is wrong with it.
    """
    try:
        rule = FederatedRule.model_validate(event.rule)
        options = tuple(Option.model_validate(one.model_dump()) for one in event.options)
        noticed, opens, closes = map(moment, (event.noticed_at, event.opens_at, event.closes_at))
    except (ValidationError, BadTime) as error:
        raise Unfit("rule, options or times cannot be read") from error
    if any(not 2000 <= one.year <= 2200 for one in (noticed, opens, closes)):
        # Calendars cannot reckon with what lies beyond, and every reader would stumble.
        raise Unfit("its times are beyond our calendars")
    legs = {leg.node: leg for leg in event.legs}
    numbers = charter.parameters
    wait = numbers.notice_s
    if event.matter == Matter.EXPULSION:
        wait = max(wait, numbers.reply_s)
    usual = charter.rules.get(event.matter)
    languages = set(charter.languages)
    wrong = (
        (event.ballot_id.partition(":")[0] != event.node, "it is called in another's name"),
        ((event.association, event.charter_hash) != (charter.association, charter.hash), "charter"),
        (rule.hash != event.rule_hash, "the rule has another hash"),
        (rule.floor < numbers.floor, "the floor is below that of the charter"),
        (not languages <= set(event.texts), "a language of the charter has no text"),
        (event.language not in event.texts, "the authoritative text is missing"),
        (
            any(not one.confirmed for tag, one in event.texts.items() if tag != event.language),
            "a translation is not confirmed",
        ),
        (opens < noticed + timedelta(seconds=wait), "the notice is too short"),
        (closes <= opens, "it closes before it opens"),
        (len(legs) < len(event.legs), "a network is called twice"),
        (event.subject in legs, "the subject does not vote on itself"),
        (event.matter in _NEED_SUBJECT and event.subject is None, "it is about nobody"),
        (
            event.matter in _NEED_GROUNDS
            and not (event.grounds and set(event.grounds) <= set(charter.expulsions)),
            "its grounds are not those of the charter",
        ),
        (
            event.matter in ROLL_BEFORE_NOTICE
            and any(leg.roll_root is None and leg.kept_by is None for leg in event.legs),
            "a matter of the charter wants all rolls sealed before",
        ),
        (
            event.matter in ROLL_BEFORE_NOTICE
            and usual is not None
            and rule not in _usual(usual, event),
            "a matter of the charter is decided by the charter's rule",
        ),
        (
            any(leg.kept_by not in (None, charter.keeper) for leg in event.legs),
            "who has no software is spoken for by who keeps the charter",
        ),
        (charter.keeper in {leg.node for leg in event.legs if leg.kept_by}, "it keeps itself"),
        (rule.policy is Policy.OPTIONS and not options, "there is nothing to choose from"),
        (len({one.code for one in options}) < len(options), "an option stands twice"),
    )
    for broken, why in wrong:
        if broken:
            raise Unfit(why)
    return Notice(
        event=event,
        hash=hash_of(event),
        charter=charter,
        rule=rule,
        options=options,
        legs=legs,
        opens_at=opens,
        closes_at=closes,
    )


def _usual(rule: FederatedRule, event: DecisionNoticed) -> tuple[FederatedRule, ...]:
    """Return the rules by which a matter of the charter is decided: its own, or its fallback."""
    if rule.policy is Policy.CONSENT and event.follows is not None:
        return (rule, fallback_of(rule))
    return (rule,)


def _is_at_its_level(told: Told, notice: Notice) -> bool:
    event, charter = notice.event, notice.charter
    if event.level == competent_level(charter, event.matter):
        return True
    asked = [
        one
        for one in told.of(DecisionEscalated)
        if event.follows is not None
        and one.ballot_id == event.follows
        and one.network in notice.legs
        and notice.speaker(one.network) == one.node
        and escalates(charter, one, standing=[one.objection] if one.objection else [])
    ]
    try:
        require_competent(charter, event.matter, event.level, escalated=bool(asked))
    except NotCompetent:
        return False
    return True
