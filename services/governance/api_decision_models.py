"""What comes in over HTTP of decisions, and what goes out of them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from services.governance.process.facts import (
    REASON_MAX,
    File,
    MaybeReason,
    Person,
    Reason,
    Sha256,
    Text,
    Title,
    Voter,
)
from services.governance.process.steps_objection import Ground
from services.governance.rules import Code, Rule
from shared.contracts.fields import Language

_ID: Final = "0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e20"
_RULE: Final[dict[str, Any]] = {"method": "yes-no", "notice_days": 14, "voting_days": 7}
Amount = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]


def _of_our_time(at: datetime) -> datetime:
    """Return a moment in UTC, where calendars can still reckon with it."""
    if not 2000 <= at.year <= 2200:
        raise ValueError("a moment between the years 2000 and 2200")
    return at.astimezone(UTC)


Moment = Annotated[
    AwareDatetime, AfterValidator(_of_our_time), Field(examples=["2026-12-06T09:00:00Z"])
]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WordsIn(_In):
    """A title and a text, in one language."""

    title: Title = Field(examples=["Un four commun"])
    text: Text = Field(default="", examples=["Nous achetons un four pour le village."])


TextsIn = Annotated[dict[Language, WordsIn], Field(min_length=1, max_length=40)]


class BeginIn(_In):
    """A decision as somebody begins it."""

    template: Code = Field(description="A code of /templates.", examples=["yes-no"])
    language: Language = Field(description="Of the words: the authoritative one.", examples=["fr"])
    title: Title = Field(examples=["Un four commun"])
    text: Text = Field(default="", examples=["Nous achetons un four pour le village."])
    idea: bool = Field(
        default=False, description="Put up for support first, and written as a proposal later."
    )
    entity: Annotated[str, Field(max_length=161)] = Field(
        default="", description="For which entity you speak; you must have its mandate."
    )
    subject: Voter = Field(
        default="",
        description="`p:<person>` or `e:<entity>` whom it is about; they do not vote on it.",
    )
    follows: Annotated[str, Field(pattern=r"^([0-9a-f-]{36})?$")] = Field(
        default="", description="An earlier decision that it takes up again."
    )


class VersionIn(_In):
    """A new version of a proposal."""

    language: Language = Field(description="The authoritative one.", examples=["fr"])
    texts: TextsIn = Field(examples=[{"fr": {"title": "Un four commun", "text": "À côté."}}])


class ConfirmIn(_In):
    """That a translation was read and is right."""

    hash: Sha256 = Field(description="The hash of the words that you have read.")
    alone: MaybeReason = Field(
        default="", description="Why you confirm your own translation, where nobody else can."
    )


class OptionIn(_In):
    """An option of a ballot."""

    sort: Literal["answer", "candidate", "project"] = "answer"
    words: TextsIn = Field(examples=[{"fr": {"title": "Le moulin"}}])
    cost: Amount | None = Field(default=None, examples=[120_000])
    groups: list[Code] = Field(default=[], max_length=20, examples=[["women"]])
    person: Annotated[str, Field(max_length=161)] = Field(
        default="", description="Of a candidate: their pseudonymous id, or an entity's."
    )


class ReasonIn(_In):
    """A reason that has to be given."""

    reason: Reason = Field(examples=["Trop cher pour cette année."])


class MaybeReasonIn(_In):
    """A reason that may be given."""

    reason: MaybeReason = ""


class AcceptIn(_In):
    """Whether a candidate stands."""

    accepts: bool


class AmendmentIn(_In):
    """Other words that are proposed for the newest version."""

    version: Annotated[int, Field(ge=1, le=100_000)] = Field(examples=[1])
    language: Language = Field(examples=["fr"])
    title: Title = Field(examples=["Deux fours communs"])
    text: Text = ""
    reason: Reason = Field(examples=["Le hameau du haut est loin."])


class AmendmentAnswerIn(_In):
    """Whether an amendment is taken in; where not, why."""

    accept: bool
    reason: MaybeReason = Field(default="", examples=["C'est déjà dans le texte."])


class SaidIn(_In):
    """A question, or its answer."""

    language: Language = Field(examples=["fr"])
    text: Reason = Field(examples=["Qui l'entretient ?"])


class ObjectionIn(_In):
    """An objection: its ground, the harm, and what would have to change."""

    ground: Ground = Field(examples=["harm-members"])
    language: Language = Field(examples=["fr"])
    harm: Reason = Field(examples=["La fumée entre dans l'école."])
    change: MaybeReason = Field(default="", examples=["Le placer derrière le moulin."])
    entity: Annotated[str, Field(max_length=161)] = ""


class JudgementIn(_In):
    """Whether an objection is one on its ground, and why."""

    valid: bool
    reason: Reason = Field(examples=["La fumée est un dommage pour des membres."])


class AnswerIn(_In):
    """Why a valid objection is not taken in."""

    answer: Reason = Field(examples=["Aucun autre terrain n'est libre."])


class RoleIn(_In):
    """Who has a role: `facilitator`, `proposer`, `panel`, `tellers`."""

    persons: list[Person] = Field(
        max_length=20, examples=[["0199c2f4-7d1a-7c3e-9b52-000000000001"]]
    )


class NoticeIn(_In):
    """The notice: by which rule it is decided, and when. What is not said, the rule says."""

    rule: Rule = Field(examples=[_RULE])
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    objections_until: Moment | None = None

    def times(self) -> dict[str, datetime | None]:
        """Return the times that were given."""
        return {
            "opens_at": self.opens_at,
            "closes_at": self.closes_at,
            "objections_until": self.objections_until,
        }


class AgainIn(_In):
    """When the second call opens and closes. What is not said, the rule says."""

    opens_at: Moment | None = None
    closes_at: Moment | None = None


class OutcomeIn(_In):
    """Who sees to what was adopted, and until when; nothing where nothing was adopted."""

    owner: Annotated[str, Field(max_length=161)] = ""
    deadline: Moment | None = None
    task: MaybeReason = Field(default="", examples=["Acheter le four et le monter."])


class FollowUpIn(_In):
    """That what was adopted is done, or will not be done and why."""

    state: Literal["done", "dropped"]
    report: Annotated[str, Field(max_length=REASON_MAX)] = Field(
        default="", description="Of what is dropped: the reason."
    )
    files: list[File] = Field(default=[], max_length=50)


class AppealIn(_In):
    """An appeal against how it was decided."""

    ground: Literal["count", "roll", "notice", "procedure", "secrecy", "rights"]
    language: Language = Field(examples=["fr"])
    text: Reason = Field(examples=["Trois membres manquaient sur la liste."])


class AppealJudgementIn(_In):
    """A word on an appeal; two persons who order the same decide it."""

    order: Literal["dismiss", "recount", "new-vote"]
    reasons: Reason = Field(examples=["La liste était complète."])


class TakenOut(BaseModel):
    """Where a decision is after a step."""

    id: str = Field(examples=[_ID])
    phase: str = Field(examples=["proposal"])
    steps: int = Field(description="How many steps its record has.", examples=[2])
    head: str = Field(description="The hash of the last one.")


class ShownWords(BaseModel):
    """Words in one language."""

    language: str = Field(examples=["fr"])
    title: str = Field(examples=["Un four commun"])
    text: str = ""


class DecisionWords(ShownWords):
    """The words of the proposal in the language asked for, or in another where it has none."""

    authoritative: bool = Field(description="Whether this language counts where others differ.")
    confirmed: bool = Field(description="Whether people can vote on these words as they stand.")


class NeedOut(BaseModel):
    """Something that a decision waits for."""

    who: str = Field(
        description="`p:<person>`, `e:<entity>`, or keepers, judges, members, voters.",
        examples=["keepers"],
    )
    what: str = Field(examples=["judge"])
    due: str = ""


class DecisionOut(TakenOut):
    """A decision, whole."""

    template: str
    label: str = Field(description="What the template is called.", examples=["Oui ou non"])
    proposer: str
    entity: str
    subject: str
    begun_at: str
    follows: str
    successor: str
    call: int
    support: int = Field(description="How many support the idea.")
    support_min: int
    roles: dict[str, list[str]]
    words: DecisionWords
    languages: list[dict[str, Any]]
    lacking: list[str] = Field(
        description="Languages of the charter in which people could not vote."
    )
    versions: list[dict[str, Any]]
    options: list[dict[str, Any]]
    amendments: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    objections: list[dict[str, Any]]
    rounds: list[dict[str, Any]]
    fallback: bool
    notice: dict[str, Any] | None
    ballot: dict[str, Any] | None = Field(description="When it opened, and the root of its roll.")
    count: dict[str, Any] | None = Field(description="After the close only.")
    appeals_until: str
    appeals: list[dict[str, Any]]
    outcome: dict[str, Any] | None
    withdrawn: str
    needs: list[NeedOut]


class AwaitedOut(BaseModel):
    """What a decision awaits from the asker."""

    what: str = Field(examples=["vote"])
    due: str = ""


class DecisionItem(BaseModel):
    """A decision in a list."""

    id: str = Field(examples=[_ID])
    phase: str = Field(examples=["voting"])
    template: str = Field(examples=["yes-no"])
    label: str = Field(examples=["Oui ou non"])
    language: str = Field(description="Of the title.", examples=["fr"])
    title: str = Field(examples=["Un four commun"])
    proposer: str
    opens_at: str
    closes_at: str
    deadline: str
    outcome: str = Field(examples=["adopted"])
    begun_at: str
    changed_at: str
    needs: list[AwaitedOut] = Field(default=[], description="With `needs=me`: what awaits you.")


class LinkOut(BaseModel):
    """A step of a decision, as it lies in its record."""

    number: int = Field(examples=[1])
    step: dict[str, Any] = Field(description="What happened, by whom, when.")
    body: str = Field(description="Its canonical bytes, over which the hash is made.")
    previous: str
    hash: str


class ObjectionItem(BaseModel):
    """An objection in the register."""

    decision: str = Field(examples=[_ID])
    title: str = Field(description="Of the decision.")
    phase: str
    number: int
    state: str = Field(examples=["validated"])
    ground: str = Field(examples=["law"])
    raised_at: str
    due_at: str
    answered_at: str
    by: str
    entity: str
    version: int
    language: str
    harm: str
    change: str
    reason: str
    appeal: str
    answer: str
    integrated_in: int


class OutcomeOut(BaseModel):
    """What came of a decision, and how it goes with what was adopted."""

    id: str
    phase: str
    count: dict[str, Any] | None
    outcome: dict[str, Any] | None
    appeals: list[dict[str, Any]]
    appeals_until: str
    successor: str


class VersionOut(BaseModel):
    """A version, whole: its words in every language."""

    number: int
    authoritative: str
    by: str
    at: str
    texts: dict[str, ShownWords]


class TemplateOut(BaseModel):
    """A sort of decision: a rule to begin with, and what it asks for."""

    code: str = Field(examples=["yes-no"])
    label: str
    text: str
    labels: dict[str, str]
    rule: dict[str, Any]
    rule_hash: str
    asks: list[str]
    stricter_only: list[str] = Field(description="Fields of the rule that may only be stricter.")
    fallback: dict[str, Any] | None
    about_somebody: bool
    presets: dict[str, Any]


class MethodOut(BaseModel):
    """A method of counting."""

    code: str = Field(examples=["schulze"])
    label: str
    text: str
    labels: dict[str, str]


class MethodsOut(BaseModel):
    """The methods that are offered, and the others."""

    offered: list[MethodOut]
    more: list[MethodOut]
