"""What comes in over HTTP of outcomes in doubt, and what goes out of them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.governance.dispute_audits import Found
from services.governance.dispute_handlers import Challenge, ChallengeGround, Word
from shared.contracts.associations import AssociationText
from shared.contracts.disputes import GROUNDS_MAX, Dispute, Order
from shared.contracts.fields import Language, Line
from shared.contracts.log import Sha256
from shared.contracts.rings import Node
from shared.contracts.seals import NODES_MAX, Count

Told = Annotated[AssociationText, Field(max_length=8_000)]
"""Words that everybody in the federation will read."""


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChallengeIn(_In):
    """Why an outcome is in doubt. The reason is told to all networks: it names nobody."""

    ground: ChallengeGround = Field(examples=["ballots"])
    accused: Node | None = Field(default=None, description="Whose part it is about.")
    language: Language = Field(examples=["fr"])
    reason: Told = Field(examples=["Trois reçus ne mènent pas à la racine publiée."])
    evidence: Sha256 | None = Field(
        default=None, description="The hash of a file that the panel is given apart."
    )

    def challenge(self) -> Challenge:
        """Return it as the handler takes it."""
        return Challenge(
            ground=self.ground,
            accused=self.accused or "",
            language=self.language,
            text=self.reason,
            evidence=self.evidence or "",
        )


class RulingIn(_In):
    """How this network, which was drawn, rules on all that is in doubt together."""

    disputes: list[Dispute] = Field(min_length=1, max_length=GROUNDS_MAX)
    order: Order = Field(examples=["dismiss"])
    legs: list[Node] = Field(
        default=[],
        max_length=NODES_MAX,
        description="Of a recount the late parts that count; else those that are left out.",
    )
    language: Language = Field(examples=["fr"])
    reason: Told = Field(examples=["Les reçus étaient d'un autre scrutin."])

    def word(self) -> Word:
        """Return it as the handler takes it."""
        return Word(
            disputes=tuple(self.disputes),
            order=self.order,
            legs=tuple(self.legs),
            language=self.language,
            reason=self.reason,
        )


class AuditFoundIn(_In):
    """What people found when they looked drawn entries up: numbers, and words without names."""

    looked_up: Count = Field(examples=[59])
    bad: Count = Field(description="Nobody, or nobody entitled.", examples=[0])
    doubles: Count = Field(default=0, description="In another network's roll, too.")
    language: Language = Field(examples=["fr"])
    report: Told = Field(examples=["Les 59 inscriptions sont des membres connus du registre."])

    def found(self) -> Found:
        """Return it as the handler takes it."""
        return Found(
            looked_up=self.looked_up,
            bad=self.bad,
            doubles=self.doubles,
            language=self.language,
            report=self.report,
        )


class OpenIn(_In):
    """To whom the ballots of this network are opened."""

    network: Node = Field(examples=["teranga"])
    auditor: Line = Field(description="Who is given the package.", examples=["A. Ndiaye"])
    reason: Line = Field(examples=["Recount asked for by the panel"])


class ToldOut(BaseModel):
    """That something was told."""

    id: str
    reason_hash: str


class ReasonOut(BaseModel):
    """Why somebody has challenged, or ruled."""

    network: str
    what: str = Field(examples=["ruling"])
    order: str
    ground: str
    hash: str
    at: str
    text: str | None = Field(description="Empty where the words have not come here.")


class ReasonsOut(BaseModel):
    """All reasons, by time."""

    items: list[ReasonOut]


class AuditOut(BaseModel):
    """Drawn entries of a roll."""

    audited: str
    auditor: str
    roll_root: str
    roll_size: int
    outcome_hash: str | None
    places: list[int] = Field(description="From 0.")
    done: bool
    ours: bool


class AuditsOut(BaseModel):
    """All draws of a ballot."""

    items: list[AuditOut]


class CheckedEntry(BaseModel):
    """An entry that is proven to stand at its place."""

    place: int
    voter: str = Field(description="A pseudonym, or an entity's public id.")
    twice: bool = Field(description="Whether it stood at an earlier drawn place, too.")


class CheckedOut(BaseModel):
    """What a machine finds of an answer."""

    entries: list[CheckedEntry]
    lacking: list[int]
    doubles: list[int]


class OpeningOut(BaseModel):
    """To whom the ballots were opened."""

    id: str
    network: str
    auditor: str
    reason: str
    opened_by: str
    opened_at: str
    package_hash: str = Field(description="The SHA-256 of the package.")


class OpeningsOut(BaseModel):
    """All openings of a ballot."""

    items: list[OpeningOut]


class CountedAgainOut(BaseModel):
    """What a recount of another network's ballots has found."""

    network: str
    seal: str
    package_hash: str
    agrees: bool
    differs: list[str] = Field(description="Fields of the seal that are not as the ballots say.")
    withheld: bool
    pooled: bool
    same_engine: bool
    small_groups: list[str]
