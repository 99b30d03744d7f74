"""The rule of a decision: one object with a hash, fixed when the decision is announced.

Everything that decides an outcome besides the ballots stands in it: the method and its numbers,
who votes, how secret the ballot is, how long each part lasts. Shares are pairs of integers. There
is no field for money of a voter, dues or shares of capital: nothing of that kind weighs a vote.
"""

import hashlib
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.canonical import canonical
from shared.refusals import Kind, Refusal

SHARE_MAX: Final = 10_000
"""The largest denominator of a share."""
SCALE_MAX: Final = 100
SEATS_MAX: Final = 100

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""A short name of an option, a group, a part: small letters, digits and hyphens."""


class BadRule(Refusal):
    """A rule whose parts do not go together, or that its method cannot be counted by."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-rule"
    title: ClassVar[str] = "This rule cannot be counted by as it stands"


class Method(StrEnum):
    """By what rule ballots are counted. The six in ``OFFERED`` are shown first."""

    YES_NO = "yes-no"
    CONSENT = "consent"
    APPROVAL = "approval"
    SCORE = "score"
    STAR = "star"
    SCHULZE = "schulze"
    RANKED_PAIRS = "ranked-pairs"
    IRV = "irv"
    STV = "stv"
    BUDGET = "budget"
    SURPLUS = "surplus"
    PAY_RATIO = "pay-ratio"


OFFERED: Final = (
    Method.YES_NO,
    Method.CONSENT,
    Method.APPROVAL,
    Method.SCHULZE,
    Method.STV,
    Method.BUDGET,
)
"""Yes/no, consent, choose several, rank, elect a committee, budget: what people are offered."""
RANKED: Final = frozenset({Method.SCHULZE, Method.RANKED_PAIRS, Method.IRV, Method.STV})
SCORED: Final = frozenset({Method.SCORE, Method.STAR})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Share(_Part):
    """A share as a pair of integers: ``n`` of ``d``, from 0 to 1."""

    n: int = Field(ge=0, le=SHARE_MAX, strict=True)
    d: int = Field(ge=1, le=SHARE_MAX, strict=True)

    @model_validator(mode="after")
    def _is_no_more_than_all(self) -> Self:
        if self.n > self.d:
            raise ValueError("a share is at most the whole")
        return self


class Base(StrEnum):
    """Of what a majority is a share."""

    VOTES = "votes"
    """Yes and no; blank ballots aside."""
    CAST = "cast"
    """All valid ballots, blank ones too."""
    ROLL = "roll"
    """All who could vote: an absolute majority."""


class Threshold(_Part):
    """How much is enough: more than the share of the base, or at least as much."""

    share: Share = Share(n=1, d=2)
    at_least: bool = False
    base: Base = Base.VOTES


class SecondCall(_Part):
    """The quorum of a second call, and the least number of days after the first."""

    share: Share
    days_min: int = Field(ge=0, le=365, strict=True)


class Quorum(_Part):
    """The share of the roll that has to take part, blank ballots included; at least as much."""

    share: Share
    second_call: SecondCall | None = None


class Reserved(_Part):
    """Seats of a committee that are kept for a group of its candidates."""

    group: Code
    seats: int = Field(ge=1, le=SEATS_MAX, strict=True)


class Secrecy(StrEnum):
    """How far a ballot is apart from who cast it."""

    OPEN = "open"
    """Roll call: who voted what is shown after the close."""
    CUSTODY = "custody"
    """Identity and ballot lie apart; the node is trusted, receipts and a root check it."""
    BLIND = "blind"
    """Blind tokens; reserved, not offered by this release."""
    HOMOMORPHIC = "homomorphic"
    """Encrypted tallies; reserved, not offered by this release."""


class Ties(StrEnum):
    """What decides between equals after the method's own rule."""

    LOT = "lot"
    """The public lot: ascending SHA-256 of ballot, seed and option."""
    LISTED = "listed"
    """The order in which the options are listed."""


class MissingGrade(StrEnum):
    """What a grade that a voter did not give counts for."""

    ZERO = "zero"
    EXCLUDED = "excluded"


class BudgetCount(StrEnum):
    """By which rule projects are funded."""

    GREEDY_SKIP = "greedy-skip"
    GREEDY_STOP = "greedy-stop"
    SHARES_COST = "equal-shares-cost"
    SHARES_CARDINALITY = "equal-shares-cardinality"
    PHRAGMEN = "phragmen"


class BudgetBallot(StrEnum):
    """What a ballot of a budget says."""

    APPROVAL = "approval"
    POINTS = "points"


class Cap(_Part):
    """The most that the projects of one category or territory may cost together."""

    category: Code
    total: int = Field(ge=0, le=2**53 - 1, strict=True)


class BudgetRule(_Part):
    """How a budget is shared out between projects; amounts are in the smallest unit."""

    total: int = Field(ge=1, le=2**53 - 1, strict=True)
    unit: str = Field(min_length=1, max_length=32)
    count: BudgetCount = BudgetCount.SHARES_COST
    ballot: BudgetBallot = BudgetBallot.APPROVAL
    points: int = Field(default=10, ge=1, le=1_000, strict=True)
    """How many points a voter may give out, where ballots give points."""
    threshold: int = Field(default=0, ge=0, le=2**53 - 1, strict=True)
    """The least number of votes or points of a project that can be funded."""
    add1: bool = True
    """Equal Shares: the voters' budgets grow step by step until the budget is used up."""
    then_greedy: bool = True
    """Equal Shares: what is left is spent by votes."""
    caps: tuple[Cap, ...] = Field(default=(), max_length=100)


class SurplusPart(_Part):
    """One use of a surplus, and the least that law or statutes demand for it, in percent."""

    code: Code
    percent_min: int = Field(default=0, ge=0, le=100, strict=True)


class DelegationRule(_Part):
    """Voting through others: off unless a rule has this."""

    scope: Code
    """For which matters a delegation must have been given to be used here."""
    held_max: int = Field(default=3, ge=1, le=100, strict=True)
    """How many votes of others one person may carry."""


class ElectorateKind(StrEnum):
    """Who has a vote."""

    PERSONS = "persons"
    ENTITIES = "entities"
    """One entity, one vote, cast by its delegate."""
    MIXED = "mixed"


class Electorate(_Part):
    """Whose roll is made at the opening; with groups, only members who are in one of them."""

    kind: ElectorateKind = ElectorateKind.PERSONS
    groups: tuple[Code, ...] = Field(default=(), max_length=32)


class Rule(_Part):
    """The rule of a decision, whole.

    Its hash is taken over all fields, those at their defaults too, so that a later release that
    adds one has to raise ``version``.
    """

    version: Literal[1] = 1
    method: Method
    threshold: Threshold | None = None
    """Yes/no: what passes. Approval: the least share of the ballots for an option to be chosen."""
    quorum: Quorum | None = None
    approval_quorum: Share | None = None
    """Yes/no: the share of the roll that has to say yes, at least."""
    objections_max: int = Field(default=0, ge=0, le=100, strict=True)
    """Consent: how many objections may stand and it still passes."""
    seats: int = Field(default=1, ge=1, le=SEATS_MAX, strict=True)
    reserved: tuple[Reserved, ...] = Field(default=(), max_length=20)
    choices_max: int | None = Field(default=None, ge=1, le=1_000, strict=True)
    """How many options a ballot may name at most."""
    scale_max: int = Field(default=5, ge=1, le=SCALE_MAX, strict=True)
    missing_grade: MissingGrade = MissingGrade.ZERO
    budget: BudgetRule | None = None
    surplus: tuple[SurplusPart, ...] = Field(default=(), max_length=20)
    ties: Ties = Ties.LOT
    secrecy: Secrecy = Secrecy.CUSTODY
    change_until_close: bool = True
    delegation: DelegationRule | None = None
    proxies_max: int = Field(default=0, ge=0, le=10, strict=True)
    """How many absent voters one person may stand for in the room; customary: 2."""
    electorate: Electorate = Electorate()
    notice_days: int = Field(default=14, ge=0, le=365, strict=True)
    voting_days: int = Field(default=7, ge=0, le=365, strict=True)
    appeal_days: int = Field(default=7, ge=0, le=365, strict=True)

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        budget, surplus = self.method is Method.BUDGET, self.method is Method.SURPLUS
        wrong = (
            (budget != (self.budget is not None), "a budget, and nothing else, has a budget part"),
            (surplus != bool(self.surplus), "a surplus, and nothing else, has parts of a surplus"),
            (sum(part.percent_min for part in self.surplus) > 100, "minima are 100 % at most"),
            (
                len({part.code for part in self.surplus}) < len(self.surplus),
                "each part of a surplus stands once",
            ),
            (
                sum(one.seats for one in self.reserved) > self.seats,
                "no more seats are reserved than there are",
            ),
            (self.reserved != () and self.method is not Method.STV, "only STV reserves seats"),
            (
                self.seats > 1 and self.method not in (Method.STV, Method.APPROVAL),
                "only STV and approval fill several seats",
            ),
            (
                self.approval_quorum is not None and self.method is not Method.YES_NO,
                "an approval quorum asks for a yes or no",
            ),
            (
                self.secrecy in (Secrecy.BLIND, Secrecy.HOMOMORPHIC),
                "blind and encrypted ballots are reserved for a later release",
            ),
        )
        for broken, why in wrong:
            if broken:
                raise ValueError(why)
        return self

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the rule's canonical JSON, in hex."""
        return hashlib.sha256(canonical(self.model_dump(mode="json"))).hexdigest()


class Option(_Part):
    """One thing that can be chosen: a candidate, a project, an answer.

    Its words stand with the proposal, by language; here is what the count needs of it.
    """

    code: Code
    cost: int | None = Field(default=None, ge=0, le=2**53 - 1, strict=True)
    """What a project costs, in the smallest unit of the budget."""
    groups: tuple[Code, ...] = Field(default=(), max_length=20)
    """Gender, region, category, territory: what reserved seats and caps look at."""
