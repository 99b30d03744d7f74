"""The charter of an association: who decides what, by which rules, in which languages.

It holds for the networks that have signed it, each for itself. Who does not sign a new version
keeps an observer's rights for the time that the version before it states, and can leave at any
time.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.governance.federated.policies import NODES_MAX, FederatedRule
from services.governance.rules import Code, Share
from shared.canonical import canonical
from shared.contracts.charters import CharterAdopted, CharterLeft, CharterPublished
from shared.contracts.fields import Language, Name
from shared.contracts.log import Sha256
from shared.contracts.membership import AssociationId
from shared.contracts.rings import Node
from shared.refusals import Kind, Refusal

DAY_S: Final = 86_400
HOUR_S: Final = 3_600
VALUES: Final = (
    "humanism",
    "democracy",
    "solidarity",
    "inclusiveness",
    "subsidiarity",
    "diversity",
    "creativity",
    "sustainable-development",
    "equity",
    "integration",
    "plural-economy",
)
"""The values of the intercontinental network's charter, of the scheme ``ripess``."""
LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
_TEXTS: Final = Path(__file__).parent / "texts"

Seconds = Annotated[int, Field(ge=0, le=10 * 366 * DAY_S, strict=True)]


class Matter(StrEnum):
    """The matters that the machinery itself knows; a charter names its own beside them."""

    CHARTER = "charter"
    VALUES = "values"
    ADMISSION = "admission"
    SUSPENSION = "suspension"
    REINSTATEMENT = "reinstatement"
    EXPULSION = "expulsion"
    HUB = "hub"
    """A new hub, a move to another one, a name that replaces one whose root key was lost."""


ABOUT_BELONGING: Final = frozenset(
    {
        Matter.ADMISSION,
        Matter.SUSPENSION,
        Matter.REINSTATEMENT,
        Matter.EXPULSION,
        Matter.HUB,
    }
)
"""Matters that have a subject, which does not vote."""
ROLL_BEFORE_NOTICE: Final = frozenset({Matter.CHARTER, Matter.VALUES, *ABOUT_BELONGING})
"""Matters of the charter: rolls are sealed before the ballot is announced."""


class CompetenceLevel(StrEnum):
    """Where a matter can be decided, the lowest first."""

    ENTITY = "entity"
    NETWORK = "network"
    CONTINENT = "continent"
    INTERCONTINENTAL = "intercontinental"


class BadCharter(Refusal):
    """What was handed in is no charter."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-charter"
    title: ClassVar[str] = "This is not a charter as it stands"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Parameters(_Part):
    """The numbers of a charter; times are seconds."""

    floor: int = Field(default=5, ge=1, le=100, strict=True)
    """The k of k-anonymity: below so many ballots no number is told."""
    notice_s: Seconds = 14 * DAY_S
    grace_s: Seconds = 72 * HOUR_S
    """How long a network that was cut off can still be heard after the close."""
    reveal_s: Seconds = 24 * HOUR_S
    """How long seals wait for all commitments after the close; no longer than the grace."""
    challenge_s: Seconds = 7 * DAY_S
    skew_s: Seconds = 300
    """By how much a clock may differ before it is marked."""
    observer_s: Seconds = 180 * DAY_S
    """How long who does not sign a new version keeps an observer's rights."""
    observing_s: Seconds = 90 * DAY_S
    """How long an applicant observes before it can be admitted."""
    suspension_s: Seconds = 90 * DAY_S
    reply_s: Seconds = 30 * DAY_S
    """The right of reply before an expulsion is voted on."""
    sponsors_min: int = Field(default=2, ge=1, le=100, strict=True)
    """How many networks stand for a notice, the one that calls it counted; or for an applicant."""
    roll_min: int = Field(default=10, ge=1, le=100_000, strict=True)
    """Below so many members a network has no vote as a network; its members do."""
    growth_percent: int = Field(default=125, ge=100, le=10_000, strict=True)
    """What a roll counts for at most, of the last audited one, until it is audited again."""
    returned_by: Share = Share(n=1, d=3)
    escalated_by: Share = Share(n=1, d=10)
    panel: int = Field(default=3, ge=1, le=15, strict=True)
    audit_entries: int = Field(default=59, ge=1, le=10_000, strict=True)
    """59 find one false member in twenty with 95 percent certainty, 299 one in a hundred."""
    audit_networks: int = Field(default=2, ge=1, le=10, strict=True)
    """How many other networks look at the drawn entries of a roll."""

    @model_validator(mode="after")
    def _waits_go_together(self) -> Self:
        if self.reveal_s > self.grace_s:
            raise ValueError("seals are shown before the grace is over")
        return self


class Charter(_Part):
    """A version of an association's charter.

    Args:
        previous: the hash of the version before it; empty for the first.
        names: what the association is called, by language.
        founders: with whom it began: before them nobody could vote. Later versions repeat them.
        texts: the hash of the text in each of its languages.
        competence: for each matter the lowest level that is competent.
        rules: for each matter the rule by which it is decided unless a notice says otherwise.
        values: of the preamble, as ``scheme:code``.
        objections: on which grounds a proposal can be objected to.
        expulsions: on which grounds a network can be suspended or expelled.
    """

    version: Literal[1] = 1
    association: AssociationId
    number: int = Field(ge=1, le=100_000, strict=True)
    previous: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    names: dict[Language, Name] = Field(default={}, max_length=24)
    founders: tuple[Node, ...] = Field(default=(), max_length=NODES_MAX)
    languages: tuple[Language, ...] = Field(min_length=1, max_length=24)
    authoritative: Language
    texts: dict[Language, Sha256]
    competence: dict[Code, CompetenceLevel] = Field(max_length=200)
    rules: dict[Code, FederatedRule] = Field(default={}, max_length=200)
    values: tuple[str, ...] = Field(
        default=tuple(f"ripess:{code}" for code in VALUES), max_length=50
    )
    objections: tuple[Code, ...] = Field(default=("values", "harm", "law"), max_length=20)
    expulsions: tuple[Code, ...] = Field(
        default=("values", "fraud", "silence", "harm"), max_length=20
    )
    parameters: Parameters = Parameters()

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        wrong = (
            (len(set(self.languages)) < len(self.languages), "a language stands twice"),
            (set(self.texts) != set(self.languages), "each language has one text"),
            (len(set(self.founders)) < len(self.founders), "a founder stands twice"),
            (self.authoritative not in self.languages, "the authoritative language is one of them"),
            (not set(self.rules) <= set(self.competence), "a rule is for a matter of the table"),
            ((self.number == 1) != (self.previous == ""), "all but the first follow another"),
        )
        for broken, why in wrong:
            if broken:
                raise ValueError(why)
        return self

    @property
    def keeper(self) -> str:
        """The network that keeps the charter and publishes its versions."""
        return self.association.partition(":")[0]

    def as_data(self) -> dict[str, Any]:
        """Return the charter as plain JSON, every field of it."""
        return self.model_dump(mode="json")

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the charter's canonical JSON, in hex."""
        return hashlib.sha256(canonical(self.as_data())).hexdigest()


def charter_of(event: CharterPublished) -> Charter:
    """Return the charter of an event.

    Raises:
        BadCharter: it is none, another one than its hash says, or of another association.
    """
    try:
        charter = Charter.model_validate(event.charter)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadCharter(f"{place}: {first['msg']}"[:300]) from error
    if charter.hash != event.charter_hash:
        raise BadCharter("its hash is another one")
    if (charter.association, charter.number) != (event.association, event.number):
        raise BadCharter("it is the charter of another association, or another version")
    if event.node != charter.keeper:
        raise BadCharter("only the network that keeps an association publishes its charter")
    return charter


class Rights(StrEnum):
    """What a network may do in an association by the charters that it has signed."""

    FULL = "full"
    OBSERVER = "observer"
    NONE = "none"


def rights(
    versions: Iterable[Charter],
    adoptions: Iterable[CharterAdopted],
    departures: Iterable[CharterLeft],
    network: str,
    *,
    published_at: Mapping[str, datetime],
    now: datetime,
) -> Rights:
    """Return the rights that a network's signatures give it.

    It is a full member under the newest version if it has signed that; an observer for a time if it
    has signed an earlier one; nothing otherwise, or once it has left.

    Args:
        published_at: by the hash of a version when this node heard of it.
        now: by the clock of this node.
    """
    chain = chained(versions)
    left = [one.left_at for one in departures if (one.leg or one.node) == network]
    signed = {
        one.charter_hash
        for one in adoptions
        if (one.leg or one.node) == network and not any(one.adopted_at <= at for at in left)
    }
    if not chain or not any(one.hash in signed for one in chain):
        return Rights.NONE
    if chain[-1].hash in signed:
        return Rights.FULL
    last = max(at for at, one in enumerate(chain) if one.hash in signed)
    later = chain[last + 1]
    until = published_at[later.hash] + timedelta(seconds=chain[last].parameters.observer_s)
    return Rights.OBSERVER if now < until else Rights.NONE


def chained(versions: Iterable[Charter]) -> tuple[Charter, ...]:
    """Return the versions of one association that follow each other from the first on.

    Two versions that follow the same one are a fork: the chain ends before it.
    """
    following: dict[str, dict[str, Charter]] = {}
    for one in versions:
        following.setdefault(one.previous, {})[one.hash] = one
    chain: list[Charter] = []
    while len(after := following.get(chain[-1].hash if chain else "", {})) == 1:
        (following_one,) = after.values()
        if following_one.number != len(chain) + 1:
            break
        chain.append(following_one)
    return tuple(chain)


def preamble(language: str) -> dict[str, Any]:
    """Return the template of a preamble: an opening, and each value with a name and a sentence.

    Args:
        language: one of ``LANGUAGES``; English where there is none in it.
    """
    found: dict[str, Any] = _texts("preamble")[_known(language)]
    return found


def secrecy_statement(language: str) -> tuple[str, ...]:
    """Return what a secret ballot between networks protects against, and what it does not."""
    return tuple(_texts("secrecy")[_known(language)])


def _known(language: str) -> str:
    spoken = language.partition("-")[0].lower()
    return spoken if spoken in LANGUAGES else "en"


@lru_cache(maxsize=4)
def _texts(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((_TEXTS / f"{name}.json").read_text("utf-8"))
    return read
