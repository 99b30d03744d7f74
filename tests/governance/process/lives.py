"""Decisions for tests: who takes part, and lives that have come as far as a test needs them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.governance.counting.report import Outcome
from services.governance.process import calling, concluding, proposing
from services.governance.process.actors import CLOCK, Actor
from services.governance.process.calling import Count
from services.governance.process.facts import Step
from services.governance.process.folding import applied, begun, fold
from services.governance.process.state import Decision
from services.governance.process.steps_proposal import Begun
from services.governance.rules import Method, Quorum, Rule, SecondCall, Share

NOW = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)
AMINA = Actor(person="p-amina")
"""The proposer."""
BADR = Actor(person="p-badr")
CHAMA = Actor(person="p-chama")
STEWARD = Actor(person="p-steward", steward=True)
OTHER_STEWARD = Actor(person="p-other-steward", steward=True)
AUDITOR = Actor(person="p-auditor", auditor=True)
PLAIN = Rule(method=Method.YES_NO)
TWICE = Rule(
    method=Method.YES_NO,
    quorum=Quorum(share=Share(n=1, d=2), second_call=SecondCall(share=Share(n=1, d=4), days_min=3)),
)
HASH = "ab" * 32


class Life:
    """A decision whose steps are kept, and a clock that tests move.

    Args:
        steps: the first ones.
    """

    def __init__(self, steps: tuple[Step, ...], now: datetime = NOW) -> None:
        first, *others = steps
        assert isinstance(first, Begun)
        self.steps: list[Step] = list(steps)
        self.state = begun(first)
        for step in others:
            self.state = applied(self.state, step)
        self.now = now

    def take(self, decide: Any, *args: Any, **fields: Any) -> Decision:
        """Take the steps that a deciding function says."""
        steps = decide(self.state, *args, now=self.now, **fields)
        for step in steps:
            self.state = applied(self.state, step)
            self.steps.append(step)
        assert fold(self.steps) == self.state
        return self.state

    def after(self, days: float) -> "Life":
        """Let days pass."""
        self.now += timedelta(days=days)
        return self


def idea(**fields: Any) -> Life:
    """Return an idea of Amina's."""
    given = {"template": "yes-no", "language": "fr", "title": "Un four", "text": "Commun."}
    return Life(proposing.began(AMINA, **(given | {"idea": True} | fields), now=NOW))


def proposal(**fields: Any) -> Life:
    """Return a proposal of Amina's."""
    return idea(idea=False, **fields)


def noticed(rule: Rule = PLAIN, life: Life | None = None) -> Life:
    """Return a decision that is announced."""
    life = life or proposal()
    when = calling.times(rule, now=life.now)
    life.take(calling.noticed, STEWARD, rule=rule, languages=["fr"], when=when)
    return life


def voting(rule: Rule = PLAIN, life: Life | None = None) -> Life:
    """Return a decision whose ballot is open."""
    life = noticed(rule, life)
    life.after(rule.notice_days).take(calling.opened, roll_root=HASH, roll_size=10)
    return life


def counted(
    outcome: Outcome = Outcome.ADOPTED, rule: Rule = PLAIN, life: Life | None = None
) -> Life:
    """Return a decision whose ballot is counted."""
    life = voting(rule, life)
    life.after(max(rule.voting_days, 1)).take(calling.closed, count(outcome))
    return life


def decided(outcome: Outcome = Outcome.ADOPTED) -> Life:
    """Return a decision of which it stands what follows."""
    life = counted(outcome)
    if outcome in concluding.PASSED:
        deadline = life.now + 30 * DAY
        life.take(concluding.settled, STEWARD, owner=BADR.person, deadline=deadline)
    else:
        life.take(concluding.settled, CLOCK)
    return life


def count(outcome: Outcome = Outcome.ADOPTED, report_hash: str = HASH) -> Count:
    """Return how a ballot was counted."""
    return Count(
        outcome=outcome,
        winners=(),
        cast=7,
        blank=1,
        invalid=0,
        root=HASH,
        report_hash=report_hash,
    )
