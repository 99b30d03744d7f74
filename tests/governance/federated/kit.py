"""Networks for tests: each with a key, members who vote, and a log of what it has told.

A network does what ``due`` says, from the facts that it knows, by its own clock. Subclasses cheat.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from services.governance.federated.acts import Act, Does, due
from services.governance.federated.ballot import Ballot, folded
from services.governance.federated.charter import Charter, Matter, Parameters
from services.governance.federated.facts import Fact, hash_of, told
from services.governance.federated.legs import expected_of
from services.governance.federated.policies import Bar, FederatedRule, Policy
from services.governance.federated.seals import SealedRoll, commitment, sealed, signed
from services.governance.federated.tallies import Counted, counted_at_home
from services.governance.rules import Method, Option, Rule, Share
from shared.clock import stamp
from shared.contracts.charters import CharterAdopted, CharterPublished
from shared.contracts.decisions import (
    DecisionAccepted,
    DecisionChunked,
    DecisionCommitted,
    DecisionNoticed,
    DecisionOpened,
    DecisionRolled,
    DecisionSealed,
    DecisionSponsored,
    ToldLeg,
    ToldOption,
    ToldText,
)
from shared.contracts.disputes import DecisionCertified, DecisionRuled
from shared.contracts.seals import Seal, SealHead
from shared.events import Event
from shared.keys import Prefix, SigningKey

NAMES: Final = ("adrar", "kaolack", "lima", "quebec", "souss")
ROLLS: Final = {"adrar": 400, "kaolack": 900, "lima": 250, "quebec": 150, "souss": 120}
VOTES: Final = {
    "adrar": (310, 90),
    "kaolack": (300, 600),
    "lima": (200, 50),
    "quebec": (90, 60),
    "souss": (70, 50),
}
"""The worked example of our notes on governance: yes and no by network."""
ASSOCIATION: Final = "adrar:01990000-0000-7000-8000-0000000000aa"
BALLOT: Final = "adrar:01990000-0000-7000-8000-0000000000bb"
NOTICED: Final = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
OPENS: Final = NOTICED + timedelta(days=14)
CLOSES: Final = OPENS + timedelta(days=7)
GRACE_ENDS: Final = CLOSES + timedelta(hours=72)
HALF: Final = Bar()
HEX: Final = "0123456789abcdef" * 4

Choices = Sequence[tuple[Mapping[str, Any], int]]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def key_of(name: str) -> SigningKey:
    return SigningKey(hashlib.sha256(f"key of {name}".encode()).digest(), Prefix.SERVICE)


KEYS: Final = {name: (key_of(name).public,) for name in (*NAMES, "dakar", "evora", "fes")}


def answers(yes: int, no: int, blank: int = 0) -> Choices:
    said = [({"answer": "yes"}, yes), ({"answer": "no"}, no), ({"blank": True}, blank)]
    return [(choice, number) for choice, number in said if number]


def rule_of(
    policy: Policy = Policy.DOUBLE, *, rule: Rule | None = None, **more: Any
) -> FederatedRule:
    return FederatedRule(rule=rule or Rule(method=Method.YES_NO), policy=policy, **more)


def charter_of(**more: Any) -> Charter:
    fields: dict[str, Any] = {
        "association": ASSOCIATION,
        "number": 1,
        "languages": ("ar", "fr"),
        "authoritative": "fr",
        "texts": {"ar": HEX, "fr": HEX},
        "competence": {
            "solidarity-fund": "continent",
            "purchasing": "network",
            **dict.fromkeys(Matter, "continent"),
        },
    }
    return Charter(**(fields | more))


def notice_of(charter: Charter, rule: FederatedRule, **more: Any) -> DecisionNoticed:
    fields: dict[str, Any] = {
        "node": "adrar",
        "ballot_id": BALLOT,
        "association": charter.association,
        "charter_hash": charter.hash,
        "matter": "solidarity-fund",
        "level": "continent",
        "rule": rule.model_dump(mode="json"),
        "rule_hash": rule.hash,
        "language": "fr",
        "texts": {"ar": ToldText(hash=HEX, confirmed=True), "fr": ToldText(hash=HEX)},
        "legs": tuple(ToldLeg(node=name) for name in NAMES),
        "noticed_at": stamp(NOTICED),
        "opens_at": stamp(OPENS),
        "closes_at": stamp(CLOSES),
    }
    return DecisionNoticed(**(fields | more))


@lru_cache(maxsize=32)
def _folded(ballot_id: str, facts: frozenset[Fact]) -> Ballot:
    """Return the ballot of facts; networks that know the same have the same, as one test shows."""
    return folded(ballot_id, facts, keys=KEYS)


class Network:
    """A network that does what is due, and tells it on its log."""

    def __init__(self, name: str, *, roll_size: int, choices: Choices) -> None:
        self.name = name
        self.roll_size = roll_size
        self.choices = choices
        self.key = key_of(name)
        self.log: list[Fact] = []
        self.known: set[Fact] = set()
        self.bound: dict[str, tuple[Seal, str, Counted]] = {}
        self._folded: tuple[int, str, Ballot] | None = None

    def tell(self, event: Event) -> Fact:
        fact = told(self.name, event)
        self.log.append(fact)
        self.known.add(fact)
        return fact

    def hear(self, facts: Iterable[Fact]) -> None:
        self.known.update(facts)

    def ballot(self, ballot_id: str = BALLOT) -> Ballot:
        # What is known only grows, so that its size says whether something new has come.
        if self._folded is None or self._folded[:2] != (len(self.known), ballot_id):
            ballot = _folded(ballot_id, frozenset(self.known))
            self._folded = (len(self.known), ballot_id, ballot)
        return self._folded[2]

    def adopt(self, charter: Charter, leg: str | None = None) -> None:
        event = CharterAdopted(
            association=charter.association,
            node=self.name,
            leg=leg,
            number=charter.number,
            charter_hash=charter.hash,
            adopted_at=stamp(NOTICED - timedelta(days=30)),
            signature="A" * 86,
        )
        self.tell(event.model_copy(update={"signature": signed(self.key, event.statement())}))

    def step(self, now: datetime) -> list[Fact]:
        """Do all that is due, until nothing is."""
        before = len(self.log)
        for _ in range(12):
            ballot = self.ballot()
            acts = [act for act in due(ballot, self.name, now) if self.does(act)]
            if not acts:
                break
            for act in acts:
                self.perform(act, ballot, now)
        return self.log[before:]

    def does(self, act: Act) -> bool:
        return act.does not in (Does.AUDIT, Does.RULE)

    def perform(self, act: Act, ballot: Ballot, now: datetime) -> None:
        assert ballot.notice is not None
        which = {"node": self.name, "ballot_id": ballot.ballot_id}
        if act.network != self.name:
            which["leg"] = act.network
        match act.does:
            case Does.ANSWER:
                self.accept(ballot, which)
            case Does.SEAL_ROLL:
                roll = self.roll(act.network)
                self.tell(
                    DecisionRolled(
                        **which,
                        roll_epoch=roll.epoch,
                        roll_root=roll.root,
                        roll_size=roll.size,
                        rolled_at=stamp(now),
                    )
                )
            case Does.OPEN:
                root = self.roll(act.network).root
                self.tell(DecisionOpened(**which, roll_root=root, opened_at=stamp(now)))
            case Does.COMMIT:
                self.commit(ballot, which, act.network, now)
            case Does.REVEAL:
                self.reveal(which, act.network, act.details["heard"])
            case Does.CERTIFY:
                self.certify(which, act.details, now)
            case Does.RULE:
                self.rule(which, act.details["disputes"], now)
            case Does.AUDIT:
                raise AssertionError("people look entries up")

    def accept(self, ballot: Ballot, which: Mapping[str, str]) -> None:
        assert ballot.notice is not None
        event = DecisionAccepted(
            **which,
            revision=1,
            notice_hash=ballot.notice.hash,
            rule_hash=ballot.notice.event.rule_hash,
            charter_hash=ballot.notice.event.charter_hash,
            signature="A" * 86,
        )
        self.tell(event.model_copy(update={"signature": signed(self.key, event.statement())}))

    def roll(self, network: str) -> SealedRoll:
        return SealedRoll(epoch=1, root=digest(f"roll of {network}"), size=self.roll_size)

    def counted(self, ballot: Ballot) -> Counted:
        assert ballot.notice is not None
        return counted_at_home(ballot.notice.rule, ballot.notice.options, self.choices)

    def seal(self, ballot: Ballot, network: str, now: datetime, counted: Counted) -> Seal:
        assert ballot.notice is not None
        return sealed(
            counted,
            expected=expected_of(ballot.notice, network, self.roll(network)),
            issued=self.roll_size,
            ballots_root=digest(f"ballots of {network}"),
            closed_at=now,
            head=SealHead(epoch=1, page=len(self.log), hash=digest(network)),
            key=self.key,
        )

    def commit(self, ballot: Ballot, which: Mapping[str, str], network: str, now: datetime) -> None:
        counted = self.counted(ballot)
        seal, nonce = self.seal(ballot, network, now, counted), digest(f"nonce of {network}")
        self.bound[network] = (seal, nonce, counted)
        bound_to = commitment(seal, bytes.fromhex(nonce))
        self.tell(DecisionCommitted(**which, commitment=bound_to, closed_at=stamp(now)))

    def reveal(self, which: Mapping[str, str], network: str, heard: Mapping[str, str]) -> None:
        seal, nonce, counted = self.bound[network]
        for number, classes in enumerate(counted.chunks, 1):
            self.tell(
                DecisionChunked(**which, number=number, of=len(counted.chunks), classes=classes)
            )
        more: dict[str, Any] = {}
        if network != self.name:
            more = {"tellers": ("a-first", "a-second"), "paper_hash": HEX}
        self.tell(DecisionSealed(**which, seal=seal, nonce=nonce, heard=dict(heard), **more))

    def certify(self, which: Mapping[str, str], details: Mapping[str, Any], now: datetime) -> None:
        event = DecisionCertified.model_validate(
            {**which, **details, "certified_at": stamp(now), "signature": "A" * 86}
        )
        self.tell(event.model_copy(update={"signature": signed(self.key, event.statement())}))

    def rule(
        self,
        which: Mapping[str, str],
        disputes: Sequence[str],
        now: datetime,
        *,
        order: str = "dismiss",
        legs: Sequence[str] = (),
    ) -> None:
        self.tell(
            DecisionRuled(
                **which,
                disputes=tuple(disputes),
                order=order,
                legs=tuple(legs),
                reason_hash=HEX,
                ruled_at=stamp(now),
            )
        )


class Federation:
    """Networks with one charter and one ballot; what one tells the others hear by ``share``."""

    def __init__(
        self,
        rule: FederatedRule | None = None,
        *,
        charter: Charter | None = None,
        votes: Mapping[str, Choices] | None = None,
        rolls: Mapping[str, int] = ROLLS,
        kinds: Mapping[str, type[Network]] | None = None,
        names: Sequence[str] = NAMES,
        **notice: Any,
    ) -> None:
        self.charter = charter or charter_of()
        self.rule = rule or rule_of()
        votes = votes or {name: answers(*VOTES[name]) for name in names}
        self.networks = {
            name: (kinds or {}).get(name, Network)(name, roll_size=rolls[name], choices=votes[name])
            for name in names
        }
        self.cut: set[str] = set()
        self.event = notice_of(self.charter, self.rule, **notice)
        first = self.networks[self.charter.keeper]
        first.tell(
            CharterPublished(
                association=self.charter.association,
                node=first.name,
                number=1,
                charter=self.charter.as_data(),
                charter_hash=self.charter.hash,
            )
        )
        for network in self.networks.values():
            network.adopt(self.charter)
        self.networks[self.event.node].tell(self.event)
        for name in names[1:2]:
            self.networks[name].tell(
                DecisionSponsored(
                    node=name, ballot_id=self.event.ballot_id, notice_hash=hash_of(self.event)
                )
            )
        self.share()

    def __getitem__(self, name: str) -> Network:
        return self.networks[name]

    def share(self) -> None:
        """Let everybody hear everything, but who is cut off."""
        joined = [one for one in self.networks.values() if one.name not in self.cut]
        everything = {fact for one in joined for fact in one.known}
        for one in joined:
            one.hear(everything)

    def step(self, now: datetime) -> None:
        """Let everybody do what is due and hear of it, until nothing more happens."""
        self.share()
        for _ in range(10):
            moved = [fact for one in self.networks.values() for fact in one.step(now)]
            self.share()
            if not moved:
                return
        raise AssertionError("it never ends")

    def run(self, *times: datetime) -> None:
        for now in times or (NOTICED, OPENS, CLOSES):
            self.step(now)

    @property
    def facts(self) -> set[Fact]:
        return {fact for one in self.networks.values() for fact in one.known}


def options(*codes: str) -> tuple[ToldOption, ...]:
    return tuple(ToldOption(code=code) for code in codes)


def plain_options(*codes: str) -> tuple[Option, ...]:
    return tuple(Option(code=code) for code in codes)


def share(n: int, d: int) -> Share:
    return Share(n=n, d=d)


def fast_charter() -> Charter:
    return charter_of(parameters=Parameters(notice_s=0))
