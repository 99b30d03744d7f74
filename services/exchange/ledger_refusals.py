"""What the ledger says no to. Amounts that are none are refused as ``shared.amounts`` does."""

from typing import ClassVar

from shared.refusals import Kind, Refusal


class LimitReached(Refusal):
    """An account would stand below its floor or above its ceiling."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "limit-reached"
    title: ClassVar[str] = "An account would pass the limit that its network has set"


class AccountFrozen(Refusal):
    """Something new was asked of an account that rests."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "account-frozen"
    title: ClassVar[str] = "This account rests; its network can open it again"


class AccountClosed(Refusal):
    """Something was asked of an account that has ended."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "account-closed"
    title: ClassVar[str] = "This account is closed"


class AccountNotAtZero(Refusal):
    """An account was to be closed that owes, is owed, or holds something."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "account-not-at-zero"
    title: ClassVar[str] = "An account is closed at zero, with nothing held"


class UnknownAccount(Refusal):
    """A transfer names an account that is not here."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-account"
    title: ClassVar[str] = "There is no such account in this network"


class UnknownLedgerUnit(Refusal):
    """An account was asked for in a unit that this network does not keep."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-ledger-unit"
    title: ClassVar[str] = "This network keeps no accounts in that unit"


class UnknownPurpose(Refusal):
    """A transfer is for something that stands in no list of purposes."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-purpose"
    title: ClassVar[str] = "This is none of the purposes; take `other` and say it in the note"


class OneAccount(Refusal):
    """A transfer has the same account on both sides."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "one-account"
    title: ClassVar[str] = "A transfer passes from one account to another"


class OwnerElsewhere(Refusal):
    """An account was asked for an entity of another network."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "owner-elsewhere"
    title: ClassVar[str] = "Accounts here are of this network's own members and entities"


class BadLimits(Refusal):
    """A floor lies above zero, or a ceiling below."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-limits"
    title: ClassVar[str] = "A floor is at most zero and a ceiling at least zero"


class SameIdOtherContent(Refusal):
    """An id came again with something else than the first time."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "same-id-other-content"
    title: ClassVar[str] = "This id stands for something else already"


class HoldResolved(Refusal):
    """A hold was to be posted or given back after the other had happened."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "hold-resolved"
    title: ClassVar[str] = "What was held has been paid or given back already"


class HoldExpired(Refusal):
    """A hold was to be posted after its time."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "hold-expired"
    title: ClassVar[str] = "The time until which it was held is over"


class AlreadyReversed(Refusal):
    """A transfer was to be taken back a second time."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "already-reversed"
    title: ClassVar[str] = "This transfer has been taken back already"


class NotReversible(Refusal):
    """Something was to be taken back that has passed nothing, or that takes back itself."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-reversible"
    title: ClassVar[str] = "Only a transfer that has passed is taken back, and a correction never"


class BadGroup(Refusal):
    """A group of transfers is empty or too large."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-group"
    title: ClassVar[str] = "Transfers that belong together are at least one and not too many"


class RequestDecided(Refusal):
    """A request for a transfer was to be answered a second time, otherwise."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "request-decided"
    title: ClassVar[str] = "This request has been answered already"


class RequestExpired(Refusal):
    """A request for a transfer was to be confirmed after its time."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "request-expired"
    title: ClassVar[str] = "The time to confirm this request is over; ask again"


TRANSFER_REFUSALS = (
    LimitReached,
    AccountFrozen,
    AccountClosed,
    UnknownAccount,
    UnknownPurpose,
    OneAccount,
    SameIdOtherContent,
)
"""What a transfer may be refused for, besides amounts and units that are none."""
