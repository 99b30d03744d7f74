"""What goes in and out at the paths of ballots."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.governance.rules import Code, Option, Rule
from shared.contracts.fields import LINE_PATTERN

BallotPath = Annotated[
    str, Path(pattern=r"^[0-9a-f-]{36}$", examples=["0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11"])
]
_VOTER = r"[pe]:[a-z0-9:-]{1,100}"
VoterId = Annotated[
    str, Field(pattern=f"^{_VOTER}$", examples=["p:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e21"])
]
VoterPath = Annotated[str, Path(pattern=f"^{_VOTER}$", examples=["p:0199c2f4-amina"])]
SubjectId = Annotated[str, Field(pattern=f"^({_VOTER}|s:[1-9][0-9]{{0,5}})$", examples=["s:17"])]
SubjectPath = Annotated[str, Path(pattern=f"^({_VOTER}|s:[1-9][0-9]{{0,5}})$", examples=["s:17"])]
PersonId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,100}$", examples=["p-amina"])]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


CHOICES: Final = [
    {"answer": "yes"},
    {"answer": "stand-aside"},
    {"options": ["mill", "well"]},
    {"points": {"mill": 3, "well": 7}},
    {"ranks": [["safia"], ["badr", "touda"]]},
    {"scores": {"mill": 5, "well": 0}},
    {"percent": {"members": 45, "reserves": 45, "social": 10}},
    {"ratio": {"n": 9, "d": 2}},
    {"blank": True},
]
"""What votes look like, for each method."""


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CastIn(_In):
    """A vote. What it may say follows from the ballot's rule."""

    choice: dict[str, Any] = Field(
        examples=CHOICES,
        max_length=8,
        description="By the method of the ballot's rule: `answer` for yes-no (yes, no) and "
        "consent (consent, stand-aside, object); `options` for approval and budget; `points` for "
        "a budget with points; `ranks` for schulze, ranked-pairs, irv and stv (equals share one, "
        "which irv and stv do not take); `scores` for score and star; `percent` for surplus, 100 "
        "in all; `ratio` for pay-ratio. `blank` for each of them.",
    )
    voter: VoterId | None = Field(
        default=None,
        description="Whose vote it is, where you speak for several, or somebody's proxy is yours.",
    )
    nonce: Hash | None = Field(
        default=None,
        description="32 bytes drawn by yourself, in hex: with them you see that the receipt is "
        "of your own choice, and so can anybody whom you give them to. Draw new ones each time.",
    )


class CastOut(BaseModel):
    """That a vote was recorded; nothing of what it says."""

    ballot_id: str
    voter: str
    receipt: str = Field(description="Look for it among the receipts after the close.")
    changed: bool = Field(description="Whether an earlier vote gave way; its receipt is void.")


class ResultOut(BaseModel):
    """What came of a ballot that is closed."""

    closed_at: str
    root: str = Field(description="Over the receipts, in hex.")
    cast: int
    blank: int
    invalid: int
    issued: int = Field(description="How many voters are noted to have voted.")
    call: int
    report: dict[str, Any]
    words: list[str] = Field(
        description="The report in sentences, in the language that was asked for (`lang`)."
    )
    report_hash: str
    engine: str
    notes: list[dict[str, Any]]
    small_groups: list[str] = Field(
        description="Classes with so few ballots that the table should not leave the network."
    )


class BallotOut(BaseModel):
    """A ballot: its question, its time, and after the close what came of it."""

    ballot_id: str
    rule: Rule
    rule_hash: str
    options: list[Option]
    texts: dict[str, str]
    opens_at: datetime
    closes_at: datetime
    state: Literal["waiting", "open", "over", "closed"] = Field(
        description="`over`: its time has passed, and it waits for its count."
    )
    roll_root: str
    roll_size: int
    result: ResultOut | None


class OwnVoteOut(BaseModel):
    """Whether somebody has voted; never what."""

    voter: str
    voted: bool
    channel: str = Field(default="", examples=["online"])
    hour: str = Field(default="", examples=["2026-11-22T09"])
    by_proxy: bool = Field(description="Whether you cast it for somebody who gave you a proxy.")


class OwnBallotOut(BaseModel):
    """What you can do in a ballot, and have done."""

    ballot_id: str
    takes_votes: bool
    may_change: bool
    votes: list[OwnVoteOut]


class TurnoutOut(BaseModel):
    """How many have voted; null where that would tell of few people."""

    voted: int | None
    roll_size: int


class ReceiptOut(BaseModel):
    """A receipt and its place in the tree."""

    place: int
    receipt: str


class StepOut(BaseModel):
    """A neighbour on the way to the root, and on which side of the way it stands."""

    side: str
    hash: str


class ReceiptProofOut(BaseModel):
    """The way from a receipt to the root of its ballot."""

    receipt: str
    root: str
    index: int
    size: int
    path: list[StepOut]


class SpokenOut(BaseModel):
    """Who voted what, in a ballot whose votes are open."""

    voter: str
    choice: dict[str, Any]


class IssuedOut(BaseModel):
    """That somebody voted."""

    voter: str
    channel: str
    hour: str


class TellersIn(_In):
    """Who enters what comes on paper or by telephone."""

    persons: list[PersonId] = Field(min_length=2, max_length=20)


class TellersOut(BaseModel):
    """The tellers of a ballot."""

    persons: list[str]


class PaperIn(_In):
    """What one teller has read, or was told."""

    subject: SubjectId = Field(
        description="The voter, or the number of a slip without a name: `s:17`."
    )
    channel: Literal["paper", "phone", "urn"]
    choice: dict[str, Any] | None = Field(default=None, examples=[{"answer": "yes"}], max_length=8)
    spoilt: bool = Field(default=False, description="Of a slip that says nothing clear.")


class PaperOut(BaseModel):
    """How an entry stands."""

    subject: str
    channel: str
    state: Literal["waiting", "differs", "agreed", "spoilt"]
    yours: dict[str, Any] | None = Field(description="As long as it is not counted.")
    others: dict[str, Any] | None = Field(description="What the other has read, if it differs.")
    receipt: str = Field(description="Of a voter's vote that was counted, to be handed to them.")


class PaperLineOut(BaseModel):
    """That a teller has entered something; nothing of what they read."""

    subject: str
    teller: str
    channel: str
    state: str


class TickIn(_In):
    """Who has put a slip into the urn."""

    voter: VoterId


class UrnNoteIn(_In):
    """A teller's word on an urn whose slips are not as many as the ticks."""

    ticks: int = Field(ge=0, le=1_000_000)
    slips: int = Field(ge=0, le=1_000_000)
    note: str = Field(min_length=1, max_length=1_000, pattern=LINE_PATTERN)


class ProxyIn(_In):
    """A written proxy, as a teller has seen it."""

    giver: VoterId
    holder: VoterId


class ProxyOut(BaseModel):
    """Who casts for whom."""

    giver: str
    holder: str


class DelegationIn(_In):
    """A vote that is given into another's hands."""

    holder: VoterId
    scope: Code
    until: AwareDatetime
    giver: VoterId | None = Field(default=None, description="An entity of yours; else you.")


class DelegationOut(BaseModel):
    """A delegation as it stands."""

    id: str
    giver: str
    holder: str
    scope: str
    given_at: str
    until: str
    revoked_at: str


class HolderOut(BaseModel):
    """How many votes of others somebody holds."""

    holder: str
    scope: str
    votes: int
