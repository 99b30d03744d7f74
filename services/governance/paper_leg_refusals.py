"""Why a roll or a result on paper cannot be entered."""

from typing import ClassVar, Final

from services.governance.federated_refusals import NoBallotYet, NotInTime, NotOurLeg
from shared.refusals import Kind, Refusal


class NotATellerThere(Refusal):
    """Somebody enters a paper who was not named for it."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-a-teller-there"
    title: ClassVar[str] = "Only the tellers who were named for that network enter its papers"


class NoTellers(Refusal):
    """A paper is read by two people at least."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "no-tellers"
    title: ClassVar[str] = "Two to ten tellers enter a paper, each alone"


class AlreadyTold(Refusal):
    """What two tellers agreed on was told, and stays."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "already-told"
    title: ClassVar[str] = "Two tellers have agreed and it was told; a challenge can change it"


class RollTooSmall(Refusal):
    """A roll in which nobody stands."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "roll-too-small"
    title: ClassVar[str] = "A roll has at least one voter"


class PaperUnfit(Refusal):
    """The numbers of a paper are not those of such a ballot."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "paper-unfit"
    title: ClassVar[str] = "These numbers do not go together, or not with this ballot"


PAPER_REFUSALS: Final = (
    NoBallotYet,
    NotOurLeg,
    NotInTime,
    NotATellerThere,
    AlreadyTold,
    RollTooSmall,
    PaperUnfit,
)
