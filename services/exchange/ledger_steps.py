"""What follows from a transfer: it is held, a hold is resolved, what has passed is taken back.

What is left over between giving and receiving in a ring becomes transfers here, too.
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID, uuid5

from services.exchange.ledger import AccountId, Entry, Step, Transfer, TransferId, amount_of
from services.exchange.ledger_purposes import purpose
from services.exchange.ledger_refusals import LimitReached, NotReversible
from shared.amounts import UnitsDiffer


def passing(entry: Entry, *, unit: str, kind: str, actor: str) -> Transfer:
    """Return the transfer that an entry asks for.

    Raises:
        BadAmount, AmountTooLarge: the amount is none.
        UnitsDiffer: the entry names another unit than that of the accounts.
        UnknownPurpose: it is for nothing that we know.
    """
    if entry.unit not in ("", unit):
        raise UnitsDiffer(f"{entry.unit} and {unit}")
    return Transfer(
        id=entry.id,
        step=Step.POSTED,
        kind=kind,
        unit=unit,
        debit=entry.payer,
        credit=entry.payee,
        amount=amount_of(entry.amount),
        reserved=0,
        posted=entry.amount,
        purpose=purpose(entry.purpose),
        actor=actor,
        agreement=entry.agreement,
        happened_on=entry.happened_on,
        note=entry.note,
    )


def held(transfer: Transfer, *, expires_at: str | None = None) -> Transfer:
    """Return the hold of what a transfer would pass."""
    return replace(
        transfer,
        step=Step.PENDING,
        reserved=transfer.amount,
        posted=0,
        expires_at=expires_at,
    )


def resolved(hold: Transfer, step: Step, *, actor: str, amount: int | None = None) -> Transfer:
    """Return the transfer that posts a hold, gives it back or lets it expire.

    Its id follows from the hold's, so that a retry is the same transfer.

    Args:
        hold: what is held.
        step: ``POST``, ``VOID`` or ``EXPIRE``.
        actor: who does it.
        amount: what is posted of it, if less than the whole.

    Raises:
        BadAmount, AmountTooLarge: the amount is none.
        LimitReached: it is more than what is held.
    """
    assert hold.step is Step.PENDING, "only what is held is resolved"
    assert step in (Step.POST, Step.VOID, Step.EXPIRE)
    passes = hold.amount
    if amount is not None:
        assert step is Step.POST, "what is given back is given back whole"
        passes = amount_of(amount)
        if passes > hold.amount:
            raise LimitReached("more than what is held", held=hold.amount)
    return replace(
        hold,
        id=derived(hold.id, step.value),
        step=step,
        amount=passes,
        reserved=-hold.amount,
        posted=passes if step is Step.POST else 0,
        pending_id=hold.id,
        expires_at=None,
        actor=actor,
        note="",
        key=0,
        at="",
    )


def reversal(transfer: Transfer, *, transfer_id: TransferId, actor: str, note: str) -> Transfer:
    """Return the transfer that takes another one back, whole.

    Raises:
        NotReversible: it has passed nothing, or is a reversal itself.
    """
    if not transfer.posted or transfer.reverses is not None:
        raise NotReversible()
    return replace(
        transfer,
        id=transfer_id,
        step=Step.POSTED,
        kind="reversal",
        debit=transfer.credit,
        credit=transfer.debit,
        amount=transfer.posted,
        reserved=0,
        posted=transfer.posted,
        pending_id=None,
        reverses=transfer.id,
        group_id=None,
        group_size=None,
        actor=actor,
        note=note,
        key=0,
        at="",
    )


def settling(residuals: Mapping[AccountId, int]) -> list[tuple[AccountId, AccountId, int]]:
    """Return who gives whom how much so that everybody's residual is met, with few transfers.

    Args:
        residuals: by account what its owner has given beyond what they received (more than zero:
            they are to receive), in one unit; they sum to zero.

    Source: each transfer meets at least one residual whole, the last one two: n accounts need
    fewer than n transfers.
    """
    assert sum(residuals.values()) == 0, "what some gave too much others received"
    owing = sorted((value, account) for account, value in residuals.items() if value < 0)
    owed = sorted((-value, account) for account, value in residuals.items() if value > 0)
    passes: list[tuple[AccountId, AccountId, int]] = []
    while owing and owed:
        (owes, giver), (is_owed, receiver) = owing.pop(0), owed.pop(0)
        amount = min(-owes, -is_owed)
        passes.append((giver, receiver, amount))
        if owes + amount:
            owing.insert(0, (owes + amount, giver))
        if is_owed + amount:
            owed.insert(0, (is_owed + amount, receiver))
    return passes


def derived(of: str, what: str) -> TransferId:
    """Return the id of what follows from another thing, the same each time.

    Args:
        of: a UUID as text.
        what: what follows from it, unlike anything else that does.
    """
    return TransferId(str(uuid5(UUID(of), what)))
