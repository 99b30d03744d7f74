"""Why something cannot be done in an association."""

from typing import ClassVar, Final

from services.governance.federated.charter import BadCharter
from services.governance.federated_refusals import (
    CALLING_REFUSALS,
    CharterNotAdopted,
    NoLocalDecision,
    NoSuchCharter,
    NotInTime,
    NotOurs,
)
from shared.refusals import Kind, Refusal


class NotKeptHere(Refusal):
    """Only the network in an association's id publishes its charter and enters applications."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-kept-here"
    title: ClassVar[str] = "Another network keeps this association"


class VersionNotDecided(Refusal):
    """A version of a charter was to be published that no certified ballot has decided on."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "version-not-decided"
    title: ClassVar[str] = "No certified ballot has decided on this version of the charter"


class TextLacking(Refusal):
    """A text of a charter is missing, or is another one than the charter says."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "charter-text-lacking"
    title: ClassVar[str] = "Each language of a charter has its text"


class ApplicationUnproven(Refusal):
    """An application does not show whose word it is."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "application-unproven"
    title: ClassVar[str] = "This application does not prove whose word it is"


class KeyUnlike(Refusal):
    """A network is known here by another root key than the one that was given."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "root-key-unlike"
    title: ClassVar[str] = "This name belongs to another root key"


class NotApplied(Refusal):
    """Somebody is sponsored or voted on who has not asked to belong."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-applied"
    title: ClassVar[str] = "This network has not asked to belong, or does not any more"


class NoMember(Refusal):
    """Only a member does this."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-in-the-association"
    title: ClassVar[str] = "Only a member of the association does this"


class SponsorsLacking(Refusal):
    """Too few members stand for a network that asks to belong."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "sponsors-lacking"
    title: ClassVar[str] = "Too few members stand for this network"


class NoSuchStep(Refusal):
    """From how a network belongs now, such a ballot leads nowhere."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-such-step"
    title: ClassVar[str] = "Such a ballot leads nowhere from how the network belongs now"


class NotTheSubject(Refusal):
    """Only the network that a ballot is about replies or appeals."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-the-subject"
    title: ClassVar[str] = "This ballot is not about this network"


class NoAppeal(Refusal):
    """The time of an appeal is over, or there was one, or nothing is certified."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-appeal"
    title: ClassVar[str] = "There is nothing to appeal against, or not any more"


FOUNDING_REFUSALS: Final = (BadCharter, TextLacking, VersionNotDecided, NotKeptHere)
SIGNING_REFUSALS: Final = (NoSuchCharter, NoLocalDecision, NotOurs)
MEMBER_REFUSALS: Final = (ApplicationUnproven, KeyUnlike, NotApplied, NoMember, NotKeptHere)
BALLOT_REFUSALS: Final = (
    *CALLING_REFUSALS,
    NoMember,
    NotApplied,
    KeyUnlike,
    SponsorsLacking,
    NoSuchStep,
    NotInTime,
    CharterNotAdopted,
)
ANSWER_REFUSALS: Final = (NotTheSubject, NoAppeal, NotInTime)
