"""What comes in over HTTP of ballots between networks, and what goes out of them."""

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from services.governance.api_decision_models import Moment
from services.governance.federated.policies import FederatedRule
from services.governance.federated_answers import Escalation
from services.governance.federated_handlers import Calling, Reason, Wording
from services.governance.federated_objections import Objecting
from services.governance.rules import Option
from shared.contracts.associations import AssociationText
from shared.contracts.decisions import Level, ToldLeg
from shared.contracts.fields import Language
from shared.contracts.log import Sha256
from shared.contracts.membership import AssociationId
from shared.contracts.rings import Node
from shared.contracts.seals import OPTIONS_MAX, BallotId, Code, Count
from shared.ids import NodeName

_ID = "maghreb:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e62"
_ASSOCIATION = "maghreb:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e61"
_RULE: dict[str, Any] = {"rule": {"method": "yes-no"}, "policy": "double"}

FederatedPath = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?:[0-9a-f-]{36}$",
        description="The ballot, with the network that has called it.",
        examples=[_ID],
    ),
]
ObjectionPath = Annotated[
    str,
    Path(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?:[0-9a-f-]{36}$", examples=[_ID]),
]
Sentence = Annotated[AssociationText, Field(max_length=4_000)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TogetherTextIn(_In):
    """The proposal in one language."""

    text: AssociationText = Field(examples=["Un fonds commun pour les semences."])
    confirmed: bool = Field(default=False, description="Whether people confirmed the translation.")


class LegIn(_In):
    """A network that is called."""

    node: Node = Field(examples=["teranga"])
    audited: Count = Field(default=0, description="How large its last audited roll was.")
    kept_by: Node | None = Field(
        default=None, description="Who speaks for it, where it has no software."
    )


class TogetherPrepareIn(_In):
    """That a ballot on a matter of the charter is about to be called."""

    association: AssociationId = Field(examples=[_ASSOCIATION])
    matter: Code = Field(examples=["values"])
    legs: list[Node] = Field(min_length=1, max_length=1_000, examples=[["maghreb", "teranga"]])
    subject: Node | None = None


class TogetherCallIn(_In):
    """A ballot between networks. What is not said, the charter says."""

    association: AssociationId = Field(examples=[_ASSOCIATION])
    matter: Code = Field(examples=["solidarity-fund"])
    level: Level | None = Field(default=None, description="The lowest that is competent, if none.")
    rule: FederatedRule | None = Field(default=None, examples=[_RULE])
    options: list[Option] = Field(default=[], max_length=OPTIONS_MAX)
    language: Language = Field(description="The authoritative one.", examples=["fr"])
    texts: dict[Language, TogetherTextIn] = Field(min_length=1, max_length=24)
    legs: list[LegIn] = Field(min_length=1, max_length=1_000)
    subject: Node | None = None
    grounds: list[Code] = Field(default=[], max_length=20)
    opens_at: Moment
    closes_at: Moment
    follows: BallotId | None = Field(
        default=None, description="The ballot that this one repeats, appeals or falls back from."
    )
    call: Literal[1, 2] = 1
    ballot_id: BallotId | None = Field(
        default=None, description="The one for which rolls were asked.", examples=[_ID]
    )

    def calling(self) -> Calling:
        """Return it as the handler takes it."""
        return Calling(
            association=self.association,
            matter=self.matter,
            level=self.level or "",
            rule=self.rule,
            options=tuple(self.options),
            language=self.language,
            texts={
                tag: Wording(text=one.text, confirmed=one.confirmed)
                for tag, one in self.texts.items()
            },
            legs=tuple(ToldLeg.model_validate(one.model_dump()) for one in self.legs),
            subject=self.subject,
            grounds=tuple(self.grounds),
            opens_at=self.opens_at,
            closes_at=self.closes_at,
            follows=self.follows,
            call=self.call,
            ballot_id=self.ballot_id or "",
        )


class TogetherReasonIn(_In):
    """Why: in one word, and in full for everybody to read."""

    code: Code = Field(examples=["no-time"])
    language: Language = Field(default="en", examples=["fr"])
    text: Annotated[Sentence, Field(min_length=0)] = Field(
        default="", examples=["Notre assemblée est en mars."]
    )

    def reason(self) -> Reason:
        """Return it as handlers take it."""
        return Reason(code=self.code, language=self.language, text=self.text)


class SponsorIn(_In):
    """For which notice the network stands, where there are several."""

    notice_hash: Sha256 | None = None


class TogetherAnswerIn(_In):
    """How a network answers: for itself, or for one without software that it keeps."""

    answer: Literal["accept", "decline", "return", "escalate"]
    network: Node | None = Field(default=None, description="Whose leg it is, if not the own one.")
    decision: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")] | None = Field(
        default=None, description="The own decision by which the network answers so."
    )
    reason: TogetherReasonIn | None = Field(default=None, description="Where it does not accept.")
    ground: Literal["members", "node", "objection"] = Field(
        default="node", description="Of an escalation: who asks for it."
    )
    supporters: Count = 0
    roll_size: Count = 0
    objection: BallotId | None = None

    def escalation(self) -> Escalation:
        """Return why it should go one level higher."""
        return Escalation(
            ground=self.ground,
            supporters=self.supporters,
            roll_size=self.roll_size,
            objection=self.objection,
        )


class TogetherObjectionIn(_In):
    """An objection of the network, for itself or for a member."""

    ground: Code = Field(description="Of the charter's list.", examples=["harm"])
    language: Language = Field(examples=["fr"])
    harm: Sentence = Field(examples=["Les petits réseaux n'ont pas de compte en banque."])
    change: Annotated[Sentence, Field(min_length=0)] = ""

    def objecting(self) -> Objecting:
        """Return it as the handler takes it."""
        return Objecting(
            ground=self.ground, language=self.language, harm=self.harm, change=self.change
        )


class ObjectionStepIn(_In):
    """How the network that objects goes on."""

    state: Literal["appealed", "withdrawn"]


class ObjectionAnswerIn(_In):
    """What who has called the ballot answers to an objection."""

    state: Literal["validated", "not-validated", "integrated", "stands"]
    reason: TogetherReasonIn


class FederatedItem(BaseModel):
    """A ballot between networks in a list."""

    id: str = Field(examples=[_ID])
    state: str = Field(examples=["open"])
    association: str
    matter: str
    convener: NodeName
    opens_at: str
    closes_at: str
    outcome: str = Field(description="Empty until it is certified.")
    outcome_hash: str
    waits: list[dict[str, str]] = Field(description="What waits for people of this network.")
    local_ballot: str = Field(description="In which the members of this network vote; or empty.")


class ActedOut(BaseModel):
    """That something was said, and where the ballot is now."""

    id: str
    state: str
    objection: str = ""
