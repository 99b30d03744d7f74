"""An association for tests: it is founded, asked, and decides; what is told lies in one heap."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.governance.federated.association_templates import USUAL
from services.governance.federated.associations import Association, association_of
from services.governance.federated.ballot import Ballot, folded
from services.governance.federated.charter import Charter, Parameters
from services.governance.federated.consequences import words_due
from services.governance.federated.facts import Fact, hash_of, told
from services.governance.federated.policies import FederatedRule, Policy, fallback_of
from services.governance.federated.seals import signed
from shared.clock import moment, stamp
from shared.contracts.associations import MembershipApplied, MembershipSponsored
from shared.contracts.charters import CharterAdopted, CharterLeft, CharterPublished
from shared.contracts.decisions import (
    DecisionNoticed,
    DecisionSponsored,
    ToldEffect,
    ToldLeg,
    ToldText,
)
from shared.contracts.disputes import DecisionChallenged, DecisionRuled
from shared.contracts.membership import MembershipDecided
from shared.events import Event
from shared.keys import Prefix, SigningKey
from tests.governance.federated.kit import HEX, KEYS, Network, answers, digest

FOUNDERS: Final = ("adrar", "kaolack", "lima", "quebec", "souss")
ASSOCIATION: Final = "adrar:01990000-0000-7000-8000-0000000000aa"
BEGUN: Final = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
DAY: Final = timedelta(days=1)
QUICK: Final = {"observing_s": 30 * 86_400}


def root_key_of(name: str) -> SigningKey:
    return SigningKey(bytes.fromhex(digest(f"root of {name}")), Prefix.ROOT)


def usual_charter(**more: Any) -> Charter:
    fields: dict[str, Any] = {
        "association": ASSOCIATION,
        "number": 1,
        "names": {"fr": "Afrique solidaire"},
        "founders": FOUNDERS,
        "languages": ("fr",),
        "authoritative": "fr",
        "texts": {"fr": HEX},
        "competence": USUAL.competence,
        "rules": {matter: by_majority(rule) for matter, rule in USUAL.rules.items()},
        "parameters": Parameters(**QUICK),
    }
    return Charter(**(fields | more))


class Voting(Network):
    """A network that does what is due in the ballot that it looks at."""

    current = ""

    def ballot(self, ballot_id: str = "") -> Ballot:
        return super().ballot(self.current)


class World:
    """Networks that hear everything at once, and a calendar.

    Args:
        founders: the networks with which the association begins.
        others: networks that are there besides.
    """

    def __init__(
        self,
        founders: Sequence[str] = FOUNDERS,
        others: Sequence[str] = ("dakar", "evora", "fes"),
        **charter: Any,
    ) -> None:
        self.networks = {
            name: Voting(name, roll_size=100, choices=answers(80, 10))
            for name in (*founders, *others)
        }
        self.now = BEGUN
        self.charter = usual_charter(**charter)
        self.number = 0
        self.publish(self.charter)
        for name in founders:
            self.adopt(name)

    @property
    def facts(self) -> set[Fact]:
        return {fact for one in self.networks.values() for fact in one.log}

    def tell(self, name: str, event: Event) -> Fact:
        fact = self.networks[name].tell(event)
        self.share()
        return fact

    def share(self) -> None:
        facts = self.facts
        for one in self.networks.values():
            one.hear(facts)

    def later(self, days: int) -> None:
        self.now += days * DAY

    def publish(self, charter: Charter, cause: str | None = None) -> None:
        self.tell(
            charter.keeper,
            CharterPublished(
                association=ASSOCIATION,
                node=charter.keeper,
                number=charter.number,
                charter=charter.as_data(),
                charter_hash=charter.hash,
                cause=cause,
            ),
        )

    def adoption(self, name: str, charter: Charter | None = None, **more: Any) -> CharterAdopted:
        held = charter or self.charter
        event = CharterAdopted(
            association=ASSOCIATION,
            node=name,
            number=held.number,
            charter_hash=held.hash,
            adopted_at=stamp(self.now),
            signature="A" * 86,
            **more,
        )
        key = self.networks[name].key
        return event.model_copy(update={"signature": signed(key, event.statement())})

    def adopt(self, name: str, charter: Charter | None = None, **more: Any) -> Fact:
        return self.tell(name, self.adoption(name, charter, **more))

    def leave(self, name: str) -> Fact:
        event = CharterLeft(association=ASSOCIATION, node=name, left_at=stamp(self.now))
        return self.tell(name, event)

    def apply(self, name: str) -> None:
        """Have a network ask, which has a line already."""
        self.adopt(name)
        self.tell(
            name,
            MembershipApplied(
                association=ASSOCIATION,
                node=name,
                network=name,
                names={"fr": name.title()},
                root_key=root_key_of(name).public,
                applied_at=stamp(self.now),
            ),
        )

    def sponsor(self, name: str, *by: str) -> None:
        for one in by or ("kaolack", "lima"):
            self.tell(
                one,
                MembershipSponsored(
                    association=ASSOCIATION,
                    node=one,
                    network=name,
                    root_key=root_key_of(name).public,
                    sponsored_at=stamp(self.now),
                ),
            )

    def notice(
        self,
        matter: str,
        network: str,
        *,
        legs: Iterable[str] | None = None,
        effect: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> DecisionNoticed:
        self.number += 1
        convener = more.pop("convener", "adrar")
        rule = more.pop("rule", None) or self.charter.rules[matter]
        called = legs if legs is not None else [one for one in self.voters if one != network]
        numbers = self.charter.parameters
        wait = max(numbers.notice_s, numbers.reply_s if matter == "expulsion" else 0)
        opens = self.now + timedelta(seconds=wait)
        said = {
            "ground": "Ninety days have gone well.",
            "network": network,
            "root_key": root_key_of(network).public,
        }
        fields: dict[str, Any] = {
            "node": convener,
            "ballot_id": f"{convener}:{UUID(int=self.number)}",
            "association": ASSOCIATION,
            "charter_hash": self.charter.hash,
            "matter": matter,
            "level": "continent",
            "rule": rule.model_dump(mode="json"),
            "rule_hash": rule.hash,
            "language": "fr",
            "texts": {"fr": ToldText(hash=HEX)},
            "legs": [
                ToldLeg(node=one, roll_root=self.networks[one].roll(one).root) for one in called
            ],
            "subject": network,
            "grounds": ("harm",) if matter in ("suspension", "expulsion") else (),
            "effect": ToldEffect.model_validate(said | dict(effect or {})),
            "noticed_at": stamp(self.now),
            "opens_at": stamp(opens),
            "closes_at": stamp(opens + 7 * DAY),
        }
        return DecisionNoticed.model_validate(fields | more)

    def vote(
        self, event: DecisionNoticed, *, sponsors: Sequence[str] = ("kaolack", "souss")
    ) -> str:
        """Have a ballot announced, voted on and certified; the calendar goes on. Return its id."""
        self.tell(event.node, event)
        notice_hash = hash_of(event)
        for one in sponsors:
            self.tell(
                one,
                DecisionSponsored(node=one, ballot_id=event.ballot_id, notice_hash=notice_hash),
            )
        self.carry(event.ballot_id, event)
        return event.ballot_id

    def carry(self, ballot_id: str, event: DecisionNoticed) -> None:
        """Do all that is due in a ballot until its grace is over."""
        closes = moment(event.closes_at)
        for now in (
            moment(event.noticed_at),
            moment(event.opens_at),
            closes,
            closes + timedelta(hours=73),
        ):
            self.now = max(now, self.now)
            for _ in range(8):
                moved = []
                for one in self.networks.values():
                    one.current = ballot_id
                    moved += one.step(self.now)
                self.share()
                if not moved:
                    break

    def decide(self, matter: str, network: str, **more: Any) -> str:
        return self.vote(self.notice(matter, network, **more))

    def appeal(self, name: str, ballot_id: str) -> None:
        self.tell(
            name,
            DecisionChallenged(
                node=name,
                ballot_id=ballot_id,
                ground="appeal",
                evidence_hash=HEX,
                challenged_at=stamp(self.now),
            ),
        )

    def rule(self, ballot_id: str, order: str) -> None:
        """Have everybody rule on what is in doubt; the panel's words count."""
        ballot = self.ballot(ballot_id)
        for name in self.networks:
            self.tell(
                name,
                DecisionRuled(
                    node=name,
                    ballot_id=ballot_id,
                    disputes=tuple(sorted(ballot.disputes)),
                    order=order,
                    reason_hash=HEX,
                    ruled_at=stamp(self.now),
                ),
            )
        for _ in range(8):
            for one in self.networks.values():
                one.current = ballot_id
                one.step(self.now)
            self.share()

    def ballot(self, ballot_id: str, facts: Iterable[Fact] | None = None) -> Ballot:
        return folded(ballot_id, self.facts if facts is None else facts, keys=KEYS)

    def association(self, facts: Iterable[Fact] | None = None) -> Association:
        those = list(self.facts if facts is None else facts)
        ids = {one.event.ballot_id for one in those if isinstance(one.event, DecisionNoticed)}
        return association_of(
            ASSOCIATION,
            those,
            ballots={one: folded(one, those, keys=KEYS) for one in ids},
            keys=KEYS,
            now=self.now,
        )

    @property
    def voters(self) -> tuple[str, ...]:
        return self.association().voters

    def words(self, facts: Iterable[Fact] | None = None) -> list[MembershipDecided]:
        """Return what the keeper has to tell, from these facts."""
        those = list(self.facts if facts is None else facts)
        left = {one.event.node: one.event for one in those if isinstance(one.event, CharterLeft)}
        return words_due(
            self.association(those),
            departures=left,
            root_keys={one: root_key_of(one).public for one in self.networks},
            now=self.now,
        )

    def keep(self) -> list[tuple[str, str]]:
        """Have the keeper tell all that is due, until nothing is; return who became what."""
        found: list[tuple[str, str]] = []
        while words := self.words():
            for word in words:
                # It tells of others in its own log.
                fact = told("adrar", word)
                self.networks["adrar"].log.append(fact)
                found.append((word.node, word.what))
            self.share()
        return found

    def admit(self, name: str) -> None:
        """Have a network become a member by two ballots, with the days between them."""
        self.apply(name)
        self.sponsor(name)
        self.decide("admission", name)
        self.later(40)
        self.decide("admission", name)


def by_majority(rule: FederatedRule) -> FederatedRule:
    """Return the rule by which networks vote yes or no: the fallback of one of consent."""
    return fallback_of(rule) if rule.policy is Policy.CONSENT else rule
