"""Why something cannot be done in a ballot between networks."""

from typing import ClassVar, Final

from services.governance.federated.charter import BadCharter
from services.governance.federated.competence import NotCompetent
from shared.refusals import Kind, Refusal


class NoSuchCharter(Refusal):
    """A ballot is called under a charter that nobody has published to us."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "no-such-charter"
    title: ClassVar[str] = "We know no charter of that association"


class CharterNotAdopted(Refusal):
    """A network that has not signed a charter does not take part under it."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "charter-not-adopted"
    title: ClassVar[str] = "This network has not signed the charter of that ballot"


class NoticeUnfit(Refusal):
    """No ballot could come of such a notice."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "notice-unfit"
    title: ClassVar[str] = "No ballot can come of this notice"


class RollsLacking(Refusal):
    """A matter of the charter wants all rolls sealed before the ballot is announced."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "rolls-lacking"
    title: ClassVar[str] = "Not all networks have sealed their rolls for this ballot yet"


class NoBallotYet(Refusal):
    """Something was told of a ballot, and no ballot comes of it (yet)."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-ballot-yet"
    title: ClassVar[str] = "There is no notice yet for which enough networks stand"


class NotOurLeg(Refusal):
    """A network speaks for its own part of a ballot alone, and for those that it keeps."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-our-leg"
    title: ClassVar[str] = "This network does not speak for that part of the ballot"


class NotInTime(Refusal):
    """It is too late, or too early, for that."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-in-time"
    title: ClassVar[str] = "The ballot is past the point at which this can be done"


class NotOurs(Refusal):
    """Only the network that has said something goes on with it."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-ours"
    title: ClassVar[str] = "That is for another network to do"


class NoLocalDecision(Refusal):
    """The decision of this network by which it answers is none that was adopted."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-local-decision"
    title: ClassVar[str] = "There is no such decision of this network that was adopted"


class ReasonLacking(Refusal):
    """A network that does not take part says why."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "reason-lacking"
    title: ClassVar[str] = "Whoever does not accept says why"


class RollLost(Refusal):
    """The roll that was sealed is not in this database; it was restored from before."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "roll-lost"
    title: ClassVar[str] = "The roll that was sealed for this ballot is not here any more"


class SealLost(Refusal):
    """The seal to which the network is bound is not in this database."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "seal-lost"
    title: ClassVar[str] = "The seal to which this network is bound is not here any more"


CALLING_REFUSALS: Final = (
    NoSuchCharter,
    CharterNotAdopted,
    BadCharter,
    NoticeUnfit,
    RollsLacking,
    NotCompetent,
)
ACTING_REFUSALS: Final = (NoBallotYet, NotOurLeg, NotInTime, NotOurs, CharterNotAdopted)
