"""Why something cannot be done about the outcome of a ballot between networks."""

from typing import ClassVar, Final

from services.governance.federated_refusals import NoBallotYet, NotInTime, NotOurLeg
from shared.refusals import Kind, Refusal


class NothingToChallenge(Refusal):
    """A challenge that could have no effect: on somebody who is not called, or made already."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "nothing-to-challenge"
    title: ClassVar[str] = "A challenge like this has no effect here"


class NotDrawn(Refusal):
    """Only the networks that were drawn rule on a dispute, or look at a roll, each once."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-drawn"
    title: ClassVar[str] = "This network was not drawn for that, or has done it"


class DisputesChanged(Refusal):
    """A panel rules on all disputes that wait together, as it has read them."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "disputes-changed"
    title: ClassVar[str] = "Other disputes wait now than those that were ruled on"


class OrderUnfit(Refusal):
    """An order names legs that it cannot be about, or none where it needs some."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "order-unfit"
    title: ClassVar[str] = "This order cannot be given for these networks"


class NoLocalVote(Refusal):
    """The vote of this network's own part is not in this database, or is not closed."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-local-vote"
    title: ClassVar[str] = "There is no closed vote of this network for that ballot here"


class NoSealThere(Refusal):
    """There is no seal of that network to show or to compare with."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "no-seal-there"
    title: ClassVar[str] = "No seal of that network has come here"


class BadAnswer(Refusal):
    """An answer about drawn entries that does not prove what it says."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-audit-answer"
    title: ClassVar[str] = "This is no answer to what was drawn"


class TooManyBad(Refusal):
    """More entries were called false or double than were looked up."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "too-many-bad"
    title: ClassVar[str] = "No more entries are false than were looked up"


DISPUTE_REFUSALS: Final = (NoBallotYet, NotInTime, NotOurLeg)
