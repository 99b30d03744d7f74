"""What a ballot says no to, by name."""

from typing import ClassVar, Final

from services.governance.rolls import ActsForAnother, NotInRoll
from shared.refusals import Kind, Refusal


class BallotNotOpen(Refusal):
    """A vote before the ballot opens."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "ballot-not-open"
    title: ClassVar[str] = "This ballot has not opened yet"


class BallotClosed(Refusal):
    """A vote, or a change of one, after the close."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "ballot-closed"
    title: ClassVar[str] = "This ballot is closed; nothing more is taken"


class BallotStillOpen(Refusal):
    """What is known after the close only, or a close before its time."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "ballot-still-open"
    title: ClassVar[str] = "This ballot is open still; nothing of it is told or counted before"


class BallotThere(Refusal):
    """A ballot that was opened with another question."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "ballot-there"
    title: ClassVar[str] = "There is a ballot of that id already, with another rule or time"


class WrongMandate(Refusal):
    """A vote for an entity by somebody who does not act for it here."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "wrong-mandate"
    title: ClassVar[str] = "Your mandates do not let you vote for this member"


class NoProxy(Refusal):
    """A vote for another person without a proxy."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "no-proxy"
    title: ClassVar[str] = "No written proxy to you was entered for this voter"


class AlreadyVoted(Refusal):
    """A second vote where votes stay as they were cast."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "already-voted"
    title: ClassVar[str] = "This voter has voted, and by this rule a vote stays as it was cast"


class VotedElsewhere(Refusal):
    """A vote by one way of somebody who has voted by another."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "voted-elsewhere"
    title: ClassVar[str] = "This voter has voted already, by another way"


class NonceTaken(Refusal):
    """A nonce that stands on another ballot; a receipt is of one ballot."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "nonce-taken"
    title: ClassVar[str] = "This nonce stands on another ballot; draw a new one"


class NoSuchReceipt(Refusal):
    """A receipt that the urn does not hold."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "no-such-receipt"
    title: ClassVar[str] = "No ballot that was counted has this receipt"


class VotesAreSecret(Refusal):
    """Who voted what, of a ballot that is secret."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "votes-are-secret"
    title: ClassVar[str] = "By its rule this ballot is secret; who voted what is not told"


class NotATeller(Refusal):
    """A teller's entry by somebody who was not named for it."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-a-teller"
    title: ClassVar[str] = "Only those who were named as tellers of this ballot do this"


class TwoTellers(Refusal):
    """A third entry of one paper."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "two-tellers"
    title: ClassVar[str] = "Two tellers have entered this ballot already"


class EntryCounted(Refusal):
    """A new entry of a paper that two tellers have agreed on."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "entry-counted"
    title: ClassVar[str] = "Two tellers have agreed on this ballot; it is counted as they read it"


class UrnDiffers(Refusal):
    """An urn with more or fewer slips than people who put one in."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "urn-differs"
    title: ClassVar[str] = (
        "The urn has not as many slips as were ticked on the roll; two tellers say in a note why"
    )


class TooManyProxies(Refusal):
    """More proxies in one hand than the rule lets it hold."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "too-many-proxies"
    title: ClassVar[str] = "Nobody stands for more absent voters than the rule says"


class BadProxy(Refusal):
    """A proxy that this ballot does not know, or that would be handed on."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "bad-proxy"
    title: ClassVar[str] = "This proxy cannot be used here"


class BadDelegation(Refusal):
    """A delegation to oneself, for too long, or from somebody one does not act for."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-delegation"
    title: ClassVar[str] = "This delegation cannot be given as it stands"


CASTING_REFUSALS: Final = (
    BallotNotOpen,
    BallotClosed,
    NotInRoll,
    ActsForAnother,
    WrongMandate,
    NoProxy,
    AlreadyVoted,
    VotedElsewhere,
    NonceTaken,
)
