"""What comes in over HTTP of associations, and what goes out of them."""

from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from services.governance.api_decision_models import Moment
from services.governance.federated.charter import Charter, CompetenceLevel, Parameters
from services.governance.federated.policies import FederatedRule
from services.governance.rules import Code
from shared.contracts.associations import AssociationText, SignedAdoption
from shared.contracts.fields import Language, Name
from shared.contracts.log import Sha256
from shared.contracts.membership import AssociationId, Ground
from shared.contracts.node import PublicKey
from shared.contracts.rings import Node
from shared.contracts.seals import BallotId

_ASSOCIATION: Final = "maghreb:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e61"
_HASH: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_DECISION: Final = "0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e20"

AssociationPath = Annotated[
    AssociationId, Path(description="The association's id.", examples=[_ASSOCIATION])
]
NodePath = Annotated[Node, Path(description="The network's name.", examples=["teranga"])]
BallotPath = Annotated[
    BallotId, Path(description="The ballot's id.", examples=["maghreb:" + _DECISION])
]
LocalDecision = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f-]{36}$",
        description="The decision of this network, adopted, on whose ground it is done.",
        examples=[_DECISION],
    ),
]
Texts = Annotated[dict[Language, AssociationText], Field(min_length=1, max_length=24)]
Names = Annotated[dict[Language, Name], Field(min_length=1, max_length=24)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DraftIn(_In):
    """A charter as people write it; its texts are hashed, and it gets its number and its id."""

    names: Names = Field(examples=[{"fr": "Maghreb solidaire"}])
    founders: list[Node] = Field(
        min_length=1,
        max_length=1_000,
        description="The networks with which it begins, this one among them.",
        examples=[["maghreb", "souss", "teranga"]],
    )
    authoritative: Language = Field(examples=["fr"])
    texts: Texts = Field(examples=[{"fr": "Nous, réseaux de l'économie solidaire, …"}])
    competence: dict[Code, CompetenceLevel] = Field(
        min_length=1, max_length=200, examples=[{"admission": "continent"}]
    )
    rules: dict[Code, FederatedRule] = Field(default={}, max_length=200)
    values: list[str] | None = Field(default=None, max_length=50)
    objections: list[Code] | None = Field(default=None, max_length=20)
    expulsions: list[Code] | None = Field(default=None, max_length=20)
    parameters: Parameters = Parameters()

    def draft(self) -> dict[str, Any]:
        """Return the fields of the charter, without its texts."""
        said = self.model_dump(mode="json", exclude={"texts"}, exclude_none=True)
        return said | {"languages": tuple(sorted(self.texts))}


class ChangeIn(DraftIn):
    """A further version of a charter, and the certified ballot that has decided on it."""

    ballot: BallotId | None = Field(
        default=None,
        description="Left out, it is only said which hash a ballot has to decide on.",
        examples=["maghreb:" + _DECISION],
    )


class AdoptIn(_In):
    """A version of a charter that a network signs."""

    number: int = Field(ge=1, le=100_000, strict=True, examples=[1])
    charter_hash: Sha256 = Field(examples=[_HASH])
    decision: LocalDecision
    network: Node | None = Field(
        default=None, description="A network without software for which this one speaks."
    )


class LeaveIn(_In):
    """A network leaves; nobody has to agree."""

    decision: LocalDecision
    network: Node | None = None


class ApplyIn(_In):
    """A network asks to belong; it has signed the charter before."""

    names: Names = Field(examples=[{"fr": "Réseau du Gandiol"}])


class EnterIn(_In):
    """An application as it was carried to the network that keeps the association."""

    association: AssociationId = Field(examples=[_ASSOCIATION])
    network: Node
    names: Names
    root_key: PublicKey
    certificate: str = Field(max_length=2_048)
    adoption: SignedAdoption
    applied_at: str = Field(max_length=24)


class PaperApplicationIn(_In):
    """A network without software, from the paper that it has signed."""

    network: Node = Field(examples=["gandiol"])
    names: Names = Field(examples=[{"fr": "Réseau du Gandiol"}])
    paper_hash: Sha256 = Field(description="SHA-256 of the signed paper.", examples=[_HASH])
    decision: LocalDecision


class BelongingPrepareIn(_In):
    """A ballot on who belongs or on the charter, for which the rolls are asked."""

    matter: Code = Field(examples=["admission"])
    ground: Ground = Field(examples=["Ninety days as an observer have gone well."])
    network: Node | None = Field(default=None, examples=["gandiol"])
    grounds: list[Code] = Field(default=[], max_length=20, examples=[["fraud"]])
    was: Node | None = Field(default=None, description="The name whose root key was lost.")
    root_key: PublicKey | None = None
    to: Node | None = Field(default=None, description="The hub to which it goes.")
    charter_hash: Sha256 | None = Field(default=None, description="Of the version to come.")


class CharterTextIn(_In):
    """What is put to the vote, in one language."""

    text: AssociationText
    confirmed: bool = Field(default=False, description="Whether people confirm the translation.")


class BelongingCallIn(BelongingPrepareIn):
    """A ballot on who belongs or on the charter, as it is announced."""

    ballot: BallotId = Field(description="For which the rolls were asked.")
    language: Language = Field(examples=["fr"])
    texts: Annotated[dict[Language, CharterTextIn], Field(min_length=1, max_length=24)]
    opens_at: Moment
    closes_at: Moment
    follows: BallotId | None = Field(
        default=None, description="The ballot of consent whose fallback this one is."
    )


class ReplyIn(_In):
    """A reply in one language; without a text it is waived."""

    language: Language = Field(examples=["fr"])
    text: AssociationText | None = Field(
        default=None, examples=["Nous avons remis nos comptes le 3 mars."]
    )


class BelongingAppealIn(_In):
    """The reasons of an appeal, in one language."""

    language: Language = Field(examples=["fr"])
    text: AssociationText = Field(examples=["Le délai de réponse n'a pas été tenu."])


class CharterTemplateOut(BaseModel):
    """A charter to begin with."""

    texts: dict[str, str]
    competence: dict[str, str]
    rules: dict[str, Any]
    values: list[str]
    parameters: Parameters


class SignedOut(BaseModel):
    """What came of signing."""

    association: str
    number: int
    charter_hash: str
    signed: bool = Field(description="False where it was signed before.")


class CharterVersionOut(BaseModel):
    """A version of a charter that is published, or would be."""

    association: str
    number: int
    charter_hash: str
    published: bool
    charter: Charter


class BelongingBallotOut(BaseModel):
    """A ballot that was prepared or announced."""

    ballot: str = Field(examples=["maghreb:" + _DECISION])


class ApplicationOut(BaseModel):
    """An application, as it can be carried to the network that keeps the association."""

    association: str
    network: str
    names: dict[str, str]
    root_key: str | None
    certificate: str | None
    adoption: dict[str, Any] | None
    applied_at: str


class ChangeOut(BaseModel):
    """A step on the way of a network in the association."""

    became: str = Field(examples=["member"])
    at: str
    ballot: str = Field(description="Empty where it was the network's own word, or the time's.")
    until: str = ""


class MemberOut(BaseModel):
    """How a network belongs."""

    network: str
    names: dict[str, str]
    state: str = Field(examples=["member"])
    rights: str = Field(examples=["full"])
    since: str
    until: str
    root_key: str
    software: bool = Field(description="False where the keeper of the association speaks for it.")
    sponsors: list[str]
    replaced: str = Field(description="The name that has come in the place of this one.")
    history: list[ChangeOut]


class AssociationItem(BaseModel):
    """An association in the list."""

    id: str = Field(examples=[_ASSOCIATION])
    names: dict[str, str]
    keeper: str
    number: int = Field(description="Of the version under which ballots are called.")
    newest: int
    members: int
    state: str = Field(description="How this network belongs.", examples=["member"])
    rights: str


class AssociationOut(AssociationItem):
    """An association with what waits in it."""

    charter_hash: str
    voters: list[str]
    signed: dict[str, list[int]] = Field(description="Which versions each network has signed.")
    passed: dict[str, str] = Field(description="Ballots from which nothing follows, and why.")
    in_doubt: list[str] = Field(description="Ballots that are contested after they had an effect.")


class CharterOut(BaseModel):
    """A version of a charter with its texts."""

    charter: Charter
    charter_hash: str
    number: int
    texts: dict[str, str]
    certified_by: str = Field(description="The ballot that has decided on it.")


class WordOut(BaseModel):
    """What the keeper has told of a network."""

    network: str
    revision: int
    what: str
    ground: str
    ballot: str
    outcome: str
    valid_from: str
    until: str
    appeal_until: str
