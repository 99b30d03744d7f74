"""The rules of accounts: what passes between two of them, what is held, what is taken back.

Accounts of one unit sum to zero, because each transfer takes from one what it gives another. An
amount can be held first and then posted, whole or in part, or given back. What is held counts
against the limits at once, so that posting can never pass them.

Source: the model of debits and credits, pending and posted, is TigerBeetle's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final, NewType

from services.exchange.ledger_refusals import (
    AccountClosed,
    AccountFrozen,
    BadLimits,
    LimitReached,
    OneAccount,
)
from shared.amounts import INTEGER_MAX, AmountTooLarge, BadAmount, UnitsDiffer

AccountId = NewType("AccountId", str)
TransferId = NewType("TransferId", str)

NO_FLOOR: Final = -INTEGER_MAX
NO_CEILING: Final = INTEGER_MAX
"""An account without a limit has one that nobody reaches."""


class Step(StrEnum):
    """What a transfer does."""

    POSTED = "posted"
    """It passes the amount at once."""
    PENDING = "pending"
    """It holds the amount."""
    POST = "post"
    """It passes what was held, or less, and gives back the rest."""
    VOID = "void"
    """It gives back what was held."""
    EXPIRE = "expire"
    """It gives back what was held for too long."""


class AccountKind(StrEnum):
    """Whose sort an account is."""

    ENTITY = "entity"
    PERSON = "person"


class AccountState(StrEnum):
    """What may be done with an account."""

    OPEN = "open"
    FROZEN = "frozen"
    """Nothing new; what is held already is still posted or given back."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as it stands; all numbers are in the unit's smallest part."""

    id: AccountId
    unit: str
    kind: str
    owner: str
    state: AccountState
    floor: int
    ceiling: int
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0
    last_transfer: int = 0
    revision: int = 1
    opened_at: str = ""

    @property
    def posted(self) -> int:
        """The balance: what was received less what was given."""
        return self.credits_posted - self.debits_posted

    @property
    def available(self) -> int:
        """How much more may be given, with what is held and the floor taken into account."""
        return self.posted - self.debits_pending - self.floor

    @property
    def room(self) -> int:
        """How much more may be received, with what is held and the ceiling taken into account."""
        return self.ceiling - self.posted - self.credits_pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Value passing, or held, between two accounts of one unit; once kept it never changes.

    Args:
        debit: the account that gives.
        credit: the account that receives.
        amount: in the unit's smallest part, more than zero.
        reserved, posted: what it adds to the pending and to the posted counter of both accounts.
        pending_id: the hold that it resolves.
        reverses: the transfer that it takes back.
        group_id, group_size: with which others it happens or not at all, and how many they are.
        happened_on: the day of the work, where it was said.
    """

    id: TransferId
    step: Step
    kind: str
    unit: str
    debit: AccountId
    credit: AccountId
    amount: int
    reserved: int
    posted: int
    purpose: str
    actor: str
    pending_id: TransferId | None = None
    reverses: TransferId | None = None
    group_id: str | None = None
    group_size: int | None = None
    expires_at: str | None = None
    agreement: str = ""
    happened_on: str = ""
    note: str = ""
    key: int = 0
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A transfer as it is asked for: who gives whom how much, and what for.

    Args:
        payer: whose account gives, of whom the work was done.
        payee: whose account receives, who did the work.
        amount: in the unit's smallest part.
        unit: where it was said, so that a mistake is found.
    """

    id: TransferId
    payer: AccountId
    payee: AccountId
    amount: int
    purpose: str
    unit: str = ""
    note: str = ""
    agreement: str = ""
    happened_on: str = ""


_WHOSE_AND_WHEN: Final = frozenset(("actor", "key", "at"))
_CONTENT: Final = tuple(
    field.name for field in fields(Transfer) if field.name not in _WHOSE_AND_WHEN
)


def same(one: Transfer, other: Transfer) -> bool:
    """Return whether two transfers say the same, whoever entered them and when."""
    return all(getattr(one, name) == getattr(other, name) for name in _CONTENT)


def amount_of(value: int) -> int:
    """Return an amount as it is.

    Raises:
        BadAmount: it is no whole number above zero.
        AmountTooLarge: it lies beyond 2^53.
    """
    # True is an integer to Python and a mistake to a bookkeeper.
    if type(value) is not int or value <= 0:
        raise BadAmount("an amount is a whole number above zero")
    if value > INTEGER_MAX:
        raise AmountTooLarge()
    return value


def limits(floor: int, ceiling: int) -> tuple[int, int]:
    """Return the limits of an account as they are, in the unit's smallest part.

    Raises:
        BadLimits: they leave no room for zero.
        AmountTooLarge: one lies beyond 2^53.
    """
    if type(floor) is not int or type(ceiling) is not int or floor > 0 or ceiling < 0:
        raise BadLimits()
    if floor < NO_FLOOR or ceiling > NO_CEILING:
        raise AmountTooLarge()
    return floor, ceiling


def settled(accounts: Mapping[AccountId, Account], transfer: Transfer) -> dict[AccountId, Account]:
    """Return the accounts after a transfer.

    Args:
        accounts: at least the transfer's two.
        transfer: what passes, is held, or is given back.

    Raises:
        BadAmount, AmountTooLarge, OneAccount, UnitsDiffer: it is no transfer between these two.
        AccountFrozen, AccountClosed: one of them takes nothing new.
        LimitReached: the giver would stand below its floor or the receiver above its ceiling.
    """
    amount_of(transfer.amount)
    if transfer.debit == transfer.credit:
        raise OneAccount()
    giver, receiver = accounts[transfer.debit], accounts[transfer.credit]
    if not giver.unit == receiver.unit == transfer.unit:
        raise UnitsDiffer(f"{giver.unit} and {receiver.unit}")
    if transfer.pending_id is None:
        takes_new(giver, receiver)
        if giver.available < transfer.amount:
            raise LimitReached(side="payer", unit=giver.unit)
        if receiver.room < transfer.amount:
            raise LimitReached(side="payee", unit=receiver.unit)
    after = {
        **accounts,
        giver.id: replace(
            giver,
            debits_pending=giver.debits_pending + transfer.reserved,
            debits_posted=giver.debits_posted + transfer.posted,
        ),
        receiver.id: replace(
            receiver,
            credits_pending=receiver.credits_pending + transfer.reserved,
            credits_posted=receiver.credits_posted + transfer.posted,
        ),
    }
    assert sum(one.posted for one in after.values()) == sum(
        one.posted for one in accounts.values()
    ), "what one gives another receives"
    return after


def takes_new(*accounts: Account) -> None:
    """Return quietly when something new may be done with accounts.

    Raises:
        AccountFrozen, AccountClosed
    """
    for account in accounts:
        if account.state is AccountState.FROZEN:
            raise AccountFrozen()
        if account.state is AccountState.CLOSED:
            raise AccountClosed()
