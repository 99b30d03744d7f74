"""Steps of notice and ballot: what is fixed, opened, closed, counted, settled and appealed."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.governance.counting.report import Outcome
from services.governance.process.facts import Count, MaybeReason, Number, Reason, Sha256, Step
from services.governance.rules import Option, Rule
from shared.contracts.fields import Language
from shared.contracts.rings import Stamp


class NoticeGiven(Step):
    """The decision is announced; from now on nothing of what is voted on is changed."""

    what: Literal["notice-given"] = "notice-given"
    version: Number
    rule: Rule
    rule_hash: Sha256
    options: tuple[Option, ...] = Field(default=(), max_length=1_000)
    text_hashes: dict[Language, Sha256] = Field(min_length=1, max_length=40)
    """By language of the charter, the hash of the words on which people vote."""
    opens_at: Stamp
    closes_at: Stamp
    objections_until: Stamp

    @model_validator(mode="after")
    def _says_one_thing(self) -> "NoticeGiven":
        if self.rule.hash != self.rule_hash:
            raise ValueError("the hash is not that of the rule")
        if not self.objections_until <= self.opens_at < self.closes_at:
            raise ValueError("objections end, then the ballot opens, then it closes")
        return self


class BallotOpened(Step):
    """The roll is frozen and the ballot open."""

    what: Literal["ballot-opened"] = "ballot-opened"
    opens_at: Stamp
    closes_at: Stamp
    """As announced; later where the opening had to wait, so that everybody has the whole time."""
    roll_root: Sha256
    roll_size: Count


class BallotClosed(Step):
    """The ballot is closed and counted."""

    what: Literal["ballot-closed"] = "ballot-closed"
    outcome: Outcome
    winners: tuple[str, ...] = Field(default=(), max_length=1_000)
    cast: Count
    blank: Count
    invalid: Count = 0
    roll: Count
    root: Sha256
    """Of the ballots."""
    report_hash: Sha256
    call: Literal[1, 2] = 1
    standing: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 0
    """How many objections stood."""


class Recounted(Step):
    """The ballots were counted again, because an appeal asked for it."""

    what: Literal["recounted"] = "recounted"
    number: Number
    """Of the appeal."""
    outcome: Outcome
    winners: tuple[str, ...] = Field(default=(), max_length=1_000)
    report_hash: Sha256
    agrees: bool


class Withdrawn(Step):
    """The decision was taken back before its ballot opened."""

    what: Literal["withdrawn"] = "withdrawn"
    reason: MaybeReason = ""


class OutcomeSettled(Step):
    """It stands what follows: who sees to it, and until when."""

    what: Literal["outcome-settled"] = "outcome-settled"
    owner: Annotated[str, Field(max_length=161)] = ""
    """Empty only where nothing was adopted."""
    deadline: Stamp | None = None
    task: MaybeReason = ""

    @model_validator(mode="after")
    def _has_both_or_none(self) -> "OutcomeSettled":
        if bool(self.owner) != (self.deadline is not None):
            raise ValueError("an owner has a deadline")
        return self


class AppealRaised(Step):
    """Somebody appeals against how it was decided."""

    what: Literal["appeal-raised"] = "appeal-raised"
    number: Number
    ground: Literal["count", "roll", "notice", "procedure", "secrecy", "rights"]
    language: Language
    text: Reason


class AppealJudged(Step):
    """Somebody who did not decide has judged an appeal, with reasons; two that agree end it."""

    what: Literal["appeal-judged"] = "appeal-judged"
    number: Number
    order: Literal["dismiss", "recount", "new-vote"]
    reasons: Reason
