"""What goes out over HTTP of ballots between networks as coordinators see them."""

from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.fields import Language
from shared.contracts.membership import AssociationId
from shared.contracts.rings import Node
from shared.contracts.seals import Count

ID: Final = "maghreb:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e62"
ASSOCIATION: Final = "maghreb:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e61"
HASH: Final = "9f" * 32

TongueQuery = Annotated[
    Language, Query(alias="lang", description="In which language.", examples=["fr"])
]
AssociationQuery = Annotated[
    str, Query(pattern=r"^[a-z0-9:-]{0,69}$", description="Only its ballots.")
]
NetworkQuery = Annotated[str, Query(pattern=r"^[a-z0-9-]{0,32}$")]
CodeQuery = Annotated[str, Query(pattern=r"^[a-z0-9-]{0,64}$")]


class TurnoutSeen(BaseModel):
    """How many of how many voted, over the networks that tell it."""

    cast: int
    of: int
    networks: int = Field(description="How many networks tell it.")
    withheld: int = Field(description="How many tell a sign alone; they stand in neither number.")


class TogetherItem(BaseModel):
    """A ballot between networks in a coordinator's list."""

    id: str = Field(examples=[ID])
    convener: str
    association: str = Field(examples=[ASSOCIATION])
    matter: str = Field(examples=["solidarity-fund"])
    level: str
    method: str = Field(examples=["yes-no"])
    policy: str = Field(examples=["double"])
    state: str = Field(examples=["collecting"])
    label: str = Field(description="The state in words.")
    opens_at: str
    closes_at: str
    grace_ends: str
    called: int
    answered: list[str] = Field(description="Networks that take part.")
    sealed: list[str] = Field(description="Networks whose seal is here and counts.")
    awaited: list[str] = Field(description="Networks whose seal may still come.")
    missing: list[str] = Field(description="Networks whose seal did not come in time.")
    late: list[str] = Field(description="Networks whose seal came too late.")
    turnout: TurnoutSeen
    disputes: int = Field(description="How many wait for a ruling.")
    outcome: str = Field(description="Empty until one is certified and nothing is in doubt.")
    result: str = Field(description="The outcome in words.")
    winners: list[str]
    outcome_hash: str
    agreeing: list[str] = Field(description="Networks that computed the same.")
    said: list[str] = Field(description="The whole in a few sentences.")


class MarkSeen(BaseModel):
    """What is strange or wrong about the part of a network."""

    code: str = Field(examples=["unwitnessed"])
    label: str


class LegSeen(BaseModel):
    """The part of one network; numbers are those of its seal, and empty where it tells none."""

    network: str
    state: str = Field(examples=["attested"])
    label: str
    kept_by: str | None = Field(description="Who speaks for it, where it has no software.")
    on_paper: bool
    reason: str = Field(description="Why it does not take part, in one word.")
    roll_size: int | None
    roll_root: str | None
    roll_epoch: int | None
    audited: int = Field(description="How large its last audited roll was.")
    commitment: str | None
    seal: str | None = Field(description="Its hash.", examples=[HASH])
    counts: bool
    told: str = Field(description="`numbers`, `sign`, `order`, or empty.")
    issued: int | None
    cast: int | None
    blank: int | None
    invalid: int | None
    of: int | None = Field(description="How many could cast these ballots; pooled rolls together.")
    tally: dict[str, Any] | None
    sign: int | None = Field(description="1 yes, 0 neither, -1 no.")
    sign_label: str
    order: list[list[str]] | None
    marks: list[MarkSeen]
    unheard_by: list[str]
    two_stories: list[str] = Field(description="Hashes of different seals that it has signed.")
    doubles: int = Field(description="Drawn entries that stand in another roll, too.")
    outcome_hash: str | None = Field(description="Of the outcome as that network computed it.")


class OutcomeSeen(BaseModel):
    """What a network has computed, and what this node finds of it."""

    node: str
    outcome: str
    winners: list[str]
    outcome_hash: str
    certified_at: str
    rulings: str
    verdict: str = Field(examples=["sound"])
    label: str
    current: bool = Field(description="Whether it takes into account all that was ruled.")


class ContestSeen(BaseModel):
    """Something that is in doubt, and who rules on it."""

    name: str = Field(examples=["challenge:souss:roll:teranga"])
    said: str
    parties: list[str]
    panel: list[str] = Field(description="Drawn for all that wait together.")
    ruled_by: list[str]


class RulingSeen(BaseModel):
    """What most of a panel have ruled alike."""

    hash: str
    disputes: list[str]
    order: str
    label: str
    legs: list[str]
    panel: list[str]
    by: list[str]


class ObjectionSeen(BaseModel):
    """An objection of a network."""

    id: str
    network: str
    ground: str
    state: str
    label: str
    blocks: bool
    appealed: bool


class NeedSeen(BaseModel):
    """What is due at this node; where it waits for people, a sentence says so."""

    does: str
    network: str
    said: str
    audited: str
    disputes: list[str]


class NoticeSeen(BaseModel):
    """The notice, which is never changed."""

    hash: str
    rule_hash: str
    charter_hash: str
    rule: dict[str, Any]
    options: list[str]
    texts: dict[str, str]
    language: str
    subject: str | None
    grounds: list[str]
    follows: str | None
    call: int
    noticed_at: str
    reveals_at: str


class TogetherOut(TogetherItem):
    """A ballot between networks, whole."""

    legs: list[LegSeen]
    totals: dict[str, int] = Field(
        description="Sums over the seals that tell numbers; final once it is certified."
    )
    outcomes: list[OutcomeSeen]
    contests: list[ContestSeen]
    rulings: list[RulingSeen]
    objections: list[ObjectionSeen]
    needs: list[NeedSeen]
    notice: NoticeSeen | None
    secrecy: list[str] = Field(description="What the vote's secrecy protects, and what not.")


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


_RULE: Final[dict[str, Any]] = {"policy": "degressive", "cap": {"n": 1, "d": 5}}


class WeighIn(_In):
    """A rule whose weights are asked for; nothing of it is kept."""

    association: AssociationId | None = Field(
        default=None, description="Whose rolls, as far as they are known here."
    )
    rule: dict[str, Any] = Field(
        default={}, description="A federated rule of yes and no; two majorities if empty.",
        examples=[_RULE],
    )  # fmt: skip
    rolls: dict[Node, Count] = Field(
        default={}, max_length=200, description="How many members; in the place of known rolls."
    )


class TryIn(_In):
    """Rules that are tried on the past."""

    association: AssociationId
    rules: list[dict[str, Any]] = Field(min_length=1, max_length=6, examples=[[_RULE]])


class WeightOut(BaseModel):
    """What a network weighs."""

    network: str
    roll_size: int
    share: tuple[int, int] = Field(
        description="Its part of all deciding votes, in millionths.",
        examples=[[250_000, 1_000_000]],
    )
    swings: str | None = Field(
        default=None, description="For auditors: in how many divisions of the others it decides."
    )
    divisions: str | None = Field(default=None, description="For auditors: of how many.")


class WeightsOut(BaseModel):
    """What each network weighs under a rule, the heaviest first."""

    rule_hash: str
    policy: str
    index: str | None = Field(default=None, description="For auditors: by which index.")
    weights: list[WeightOut]


class TriedOutcome(BaseModel):
    """What a ballot came to, or would have."""

    outcome: str
    label: str
    changed: bool = Field(description="Whether it differs from what was certified.")
    figures: dict[str, Any]


class TriedOut(BaseModel):
    """A ballot of the past under other rules."""

    ballot: str
    matter: str
    closes_at: str
    was: TriedOutcome
    would: list[TriedOutcome]


class TrialOut(BaseModel):
    """Rules tried on the past."""

    rules: list[str] = Field(description="Their hashes, in order.")
    ballots: list[TriedOut]
    changed: list[int] = Field(description="For each rule how many outcomes differ.")
