"""Stories of five networks under two hubs, over lines that lose and part, with one who may cheat.

A story is made of a seed. Each network has its own clock, hears what its hub has heard, and does
what is due. At the end the lines are whole again, and all that was told is known everywhere.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from services.governance.federated.acts import Act, Does, certificate_fields
from services.governance.federated.ballot import Ballot, BallotState, state_at
from services.governance.federated.facts import Fact, told
from services.governance.federated.policies import Policy
from services.governance.federated.seals import commitment, signed
from services.governance.rules import Method, Rule
from shared.clock import stamp
from shared.contracts.decisions import DecisionCommitted, DecisionSealed, DecisionShown
from shared.contracts.disputes import DecisionChallenged
from tests.governance.federated.kit import (
    CLOSES,
    GRACE_ENDS,
    HEX,
    NAMES,
    NOTICED,
    OPENS,
    Choices,
    Federation,
    Network,
    answers,
    charter_of,
    digest,
    options,
    rule_of,
)

HUBS: Final = {
    "africa": ("adrar", "kaolack", "souss"),
    "americas": ("lima", "quebec"),
}
HOME: Final = {name: hub for hub, those in HUBS.items() for name in those}
LONG_AFTER: Final = GRACE_ENDS + timedelta(days=30)


class Honest(Network):
    """A network that rules as well, when it is drawn: against proofs, and not against words."""

    def backup(self) -> tuple[Any, ...]:
        """Return all that it has."""
        return list(self.log), set(self.known), dict(self.bound)

    def restore(self, backup: tuple[Any, ...], *, published: set[Fact]) -> None:
        """Go back to what it had, and then read what it had published before it does anything."""
        log, known, bound = backup
        own = [fact for fact in published if fact.teller == self.name and fact not in log]
        self.log, self.bound = [*log, *own], dict(bound)
        self.known = {*known, *own}
        self._folded = None

    def does(self, act: Act) -> bool:
        if act.does is Does.REVEAL:
            return act.network in self.bound
        return act.does is not Does.AUDIT

    def rule(
        self,
        which: Mapping[str, str],
        disputes: Sequence[str],
        now: datetime,
        *,
        order: str = "",
        legs: Sequence[str] = (),
    ) -> None:
        guilty = sorted({one.split(":")[1] for one in disputes if one.startswith("equivocation")})
        if guilty:
            order, legs = "exclude-leg", guilty
        else:
            order = "recount" if any(one.startswith("mismatch") for one in disputes) else "dismiss"
        super().rule(which, disputes, now, order=order, legs=legs)


class TwoFaced(Honest):
    """It signs two seals, and tells each hub another one."""

    def reveal(self, which: Mapping[str, str], network: str, heard: Mapping[str, str]) -> None:
        super().reveal(which, network, heard)
        seal, nonce, _ = self.bound[network]
        other = seal.model_copy(update={"ballots_root": digest("other ballots")})
        other = other.model_copy(update={"signature": signed(self.key, other.statement())})
        event = DecisionSealed(**which, seal=other, nonce=nonce, heard=dict(heard))
        self.other = told(self.name, event)


class Waiting(Honest):
    """It waits for the others' seals, and then says the opposite of what its members said."""

    def does(self, act: Act) -> bool:
        if act.does is Does.COMMIT:
            seals = [leg for leg in self.ballot().legs.values() if leg.seal]
            return len(seals) >= 3
        return super().does(act)


class Unbound(Honest):
    """It shows another seal than that to which it was bound."""

    def commit(self, ballot: Ballot, which: Mapping[str, str], network: str, now: datetime) -> None:
        super().commit(ballot, which, network, now)
        seal, nonce, counted = self.bound[network]
        other = seal.model_copy(update={"ballots_root": digest("other ballots")})
        other = other.model_copy(update={"signature": signed(self.key, other.statement())})
        self.bound[network] = (other, nonce, counted)


class Silent(Honest):
    """It is bound and never shows its seal."""

    def does(self, act: Act) -> bool:
        return act.does is not Does.REVEAL and super().does(act)


class Liar(Honest):
    """It certifies what does not follow."""

    def certify(self, which: Mapping[str, str], details: Mapping[str, Any], now: datetime) -> None:
        super().certify(which, {**details, "outcome": "rejected", "outcome_hash": HEX}, now)


class Hasty(Honest):
    """It certifies as soon as two seals are there, as if the grace were over."""

    hurried = False

    def step(self, now: datetime) -> list[Fact]:
        moved = super().step(now)
        ballot = self.ballot()
        seals = [leg for leg in ballot.legs.values() if leg.seal]
        mine = ballot.certificates and self.name in {one.network for one in ballot.certificates}
        if len(seals) == 2 and not mine and not self.hurried:
            self.hurried = True
            which = {"node": self.name, "ballot_id": ballot.ballot_id}
            self.certify(which, certificate_fields(ballot), GRACE_ENDS)
            moved = [*moved, self.log[-1]]
        return moved


class Quarrelsome(Honest):
    """It challenges whatever comes out, and annuls whatever it may rule on."""

    challenged = False

    def step(self, now: datetime) -> list[Fact]:
        moved = super().step(now)
        if now >= CLOSES and not self.challenged:
            self.challenged = True
            event = DecisionChallenged(
                node=self.name,
                ballot_id=self.ballot().ballot_id,
                ground="roll",
                accused="kaolack" if self.name != "kaolack" else "adrar",
                evidence_hash=HEX,
                challenged_at=stamp(now),
            )
            moved = [*moved, self.tell(event)]
        return moved

    def rule(
        self,
        which: Mapping[str, str],
        disputes: Sequence[str],
        now: datetime,
        *,
        order: str = "",
        legs: Sequence[str] = (),
    ) -> None:
        Network.rule(self, which, disputes, now, order="annul")


class Forger(Honest):
    """It speaks in others' names, and shows seals that they never signed."""

    forged = False

    def step(self, now: datetime) -> list[Fact]:
        moved = super().step(now)
        if now >= CLOSES and self.bound and not self.forged:
            self.forged = True
            victim = "lima" if self.name != "lima" else "adrar"
            seal, nonce, _ = self.bound[self.name]
            theirs = seal.model_copy(update={"node": victim})
            which = {"ballot_id": seal.ballot_id}
            bound_to = commitment(theirs, bytes.fromhex(nonce))
            moved = [
                *moved,
                self.tell(DecisionShown(**which, node=self.name, seal=theirs, nonce=nonce)),
                self.tell(DecisionSealed(**which, node=victim, seal=theirs, nonce=nonce)),
                self.tell(
                    DecisionCommitted(
                        **which, node=victim, commitment=bound_to, closed_at=stamp(now)
                    )
                ),
            ]
        return moved


CHEATS: Final[tuple[type[Honest], ...]] = (
    TwoFaced,
    Waiting,
    Unbound,
    Silent,
    Liar,
    Hasty,
    Quarrelsome,
    Forger,
)


@dataclass
class Story:
    """What a story has come to.

    Args:
        cheat: who cheats, if anybody does, and how.
        cut: who was cut off during the vote, until when.
        restored: who went back to a backup.
    """

    seed: int
    federation: Federation
    cheat: str | None = None
    kind: type[Honest] | None = None
    cut: dict[str, datetime] = field(default_factory=dict)
    restored: str | None = None
    hubs: dict[str, set[Fact]] = field(default_factory=lambda: {hub: set() for hub in HUBS})

    @property
    def honest(self) -> list[Network]:
        """Who does not cheat."""
        return [one for one in self.federation.networks.values() if one.name != self.cheat]

    def ballots(self) -> list[Ballot]:
        """The ballot at each honest network."""
        return [one.ballot() for one in self.honest]

    def states(self) -> set[BallotState]:
        """Where it stands for them, in the end."""
        return {state_at(ballot, LONG_AFTER) for ballot in self.ballots()}


def told_story(seed: int) -> Story:
    """Return the story of a seed, at its end."""
    luck = random.Random(seed)
    cheat = luck.choice((None, *NAMES)) if luck.random() < 0.75 else None
    kind = luck.choice(CHEATS) if cheat else None
    rule, votes, more = _question(luck)
    federation = Federation(
        rule,
        charter=charter_of(),
        votes=votes,
        rolls={name: luck.randint(200, 500) for name in NAMES},
        kinds={name: kind if name == cheat and kind else Honest for name in NAMES},
        **more,
    )
    story = Story(seed, federation, cheat, kind)
    for name in luck.sample(NAMES, luck.choice((0, 0, 1, 1, 2))):
        story.cut[name] = CLOSES + timedelta(hours=luck.choice((4, 30, 60, 80, 200)))
    skews = {name: timedelta(seconds=luck.randint(-240, 240)) for name in NAMES}
    loss, down = luck.choice((0.0, 0.2, 0.5)), luck.choice((0.0, 0.1, 0.3))
    times = list(_times(luck))
    saved, back = sorted(luck.sample(range(len(times)), 2))
    restored = luck.choice(NAMES) if luck.random() < 0.2 else None
    backup: tuple[Any, ...] = ()
    for at, now in enumerate(times):
        if restored and at == saved:
            backup = federation[restored].backup()
        if restored and at == back and not _is_cut(story, restored, now):
            story.restored = restored
            federation[restored].restore(backup, published=story.hubs[HOME[restored]])
        for name in luck.sample(NAMES, len(NAMES)):
            if luck.random() >= down:
                federation[name].step(now + skews[name])
        _carry(story, luck, now, loss)
    _heal(story, skews)
    return story


def _question(luck: random.Random) -> tuple[Any, dict[str, Choices], dict[str, Any]]:
    """Return a rule, the votes and what else the notice says."""
    policy = luck.choice((Policy.DOUBLE, Policy.PER_MEMBER, Policy.DEGRESSIVE, Policy.OPTIONS))
    if policy is not Policy.OPTIONS:
        lean = luck.choice((30, 48, 52, 70))
        votes = {
            name: answers(luck.randint(5, lean), luck.randint(5, 100 - lean)) for name in NAMES
        }
        return rule_of(policy), votes, {}
    codes = ("credit", "seeds", "tools")
    votes = {
        name: [
            ({"options": sorted(luck.sample(codes, luck.randint(1, 2)))}, luck.randint(5, 60))
            for _ in range(3)
        ]
        for name in NAMES
    }
    rule = rule_of(policy, rule=Rule(method=Method.APPROVAL))
    return rule, votes, {"options": options(*codes)}


def _times(luck: random.Random) -> Iterable[datetime]:
    yield NOTICED + timedelta(hours=1)
    yield NOTICED + timedelta(days=6)
    yield OPENS + timedelta(minutes=5)
    yield OPENS + timedelta(days=luck.randint(1, 6))
    for hours in (0.05, 5, 25, 61, 71, 80):
        yield CLOSES + timedelta(hours=hours)


def _carry(story: Story, luck: random.Random, now: datetime, loss: float) -> None:
    """Let facts go from networks to their hubs, between hubs, and back, as far as lines hold."""
    two_faced = getattr(story.federation.networks.get(story.cheat or ""), "other", None)
    up = {name: not _is_cut(story, name, now) and luck.random() >= loss for name in NAMES}
    for name in NAMES:
        if up[name]:
            story.hubs[HOME[name]].update(story.federation[name].log)
    if two_faced is not None:
        away = "americas" if HOME[two_faced.teller] == "africa" else "africa"
        story.hubs[away].add(two_faced)
    if luck.random() >= loss:
        everything = story.hubs["africa"] | story.hubs["americas"]
        for hub in story.hubs.values():
            hub |= everything
    for name in NAMES:
        if up[name]:
            facts = sorted(story.hubs[HOME[name]], key=lambda fact: fact.key)
            story.federation[name].hear(fact for fact in facts if luck.random() >= loss / 2)


def _is_cut(story: Story, name: str, now: datetime) -> bool:
    until = story.cut.get(name)
    return until is not None and OPENS < now < until


def _heal(story: Story, skews: Mapping[str, timedelta]) -> None:
    """Let all lines hold from now on, until nothing more is said."""
    for turn in range(12):
        now = GRACE_ENDS + timedelta(days=9 + turn)
        moved = [
            fact
            for one in story.federation.networks.values()
            for fact in one.step(now + skews[one.name])
        ]
        everything = story.federation.facts
        for hub in story.hubs.values():
            everything |= hub
        two_faced = getattr(story.federation.networks.get(story.cheat or ""), "other", None)
        everything |= {two_faced} if two_faced else set()
        for one in story.federation.networks.values():
            moved += [fact for fact in everything if fact not in one.known]
            one.hear(everything)
        if not moved:
            return
    raise AssertionError(f"story {story.seed} never ends")
