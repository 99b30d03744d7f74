"""What can happen between accounts: value passes, is held, posted, given back, or taken back.

Each handler is a synchronous unit: it locks the accounts in the order of their ids, asks the rules,
and keeps the transfers; the database then changes the counters (``tables.ledger_triggers``).
Whatever comes a second time with the same id is answered as the first time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.exchange.ledger import (
    AccountId,
    Entry,
    Step,
    Transfer,
    TransferId,
    same,
    settled,
)
from services.exchange.ledger_accounts import locked
from services.exchange.ledger_refusals import (
    AlreadyReversed,
    BadGroup,
    HoldExpired,
    HoldResolved,
    LimitReached,
    NotReversible,
    SameIdOtherContent,
    UnknownAccount,
)
from services.exchange.ledger_steps import derived, held, passing, resolved, reversal
from services.exchange.tables.ledger import ACCOUNT, OPEN_HOLD, TRANSFER, TRANSFER_NOTE
from shared.refusals import Missing, Refusal
from shared.store import Prepared, Work

NEVER_EXPIRES: Final = ("between",)
"""Kinds of holds that only an answer of another node resolves, never a clock."""
EXPIRED_AT_ONCE_MAX: Final = 100
CLOCK: Final = "clock"
"""Who acts when a hold expires."""

_REFUSED_BY: Final[dict[str, type[Refusal]]] = {
    "within_limits": LimitReached,
    "resolved_once": HoldResolved,
    "transfer.pending_id": HoldResolved,
    "reversed_once": AlreadyReversed,
    "transfer.reverses": AlreadyReversed,
}
"""What the database's own rules mean; SQLite names the column of what must be unique."""

_FIELDS: Final = {
    "id": "id", "step": "step", "kind": "kind", "unit": "unit", "debit": "debit_account",
    "credit": "credit_account", "amount": "amount", "reserved": "reserved", "posted": "posted",
    "purpose": "purpose", "actor": "actor", "pending_id": "pending_id", "reverses": "reverses",
    "group_id": "group_id", "group_size": "group_size", "expires_at": "expires_at",
    "agreement": "agreement", "happened_on": "happened_on", "at": "at",
}  # fmt: skip
_QUERY = select(
    *(TRANSFER.c[column] for column in _FIELDS.values()), TRANSFER.c.key, TRANSFER_NOTE.c.note
).select_from(TRANSFER.outerjoin(TRANSFER_NOTE, TRANSFER_NOTE.c.transfer == TRANSFER.c.id))
_TRANSFER = Prepared(_QUERY.where(TRANSFER.c.id == bindparam("wanted")))
_RESOLUTION = Prepared(_QUERY.where(TRANSFER.c.pending_id == bindparam("wanted")))
_REVERSAL = Prepared(_QUERY.where(TRANSFER.c.reverses == bindparam("wanted")))
_GROUP = Prepared(_QUERY.where(TRANSFER.c.group_id == bindparam("wanted")).order_by(TRANSFER.c.key))
_INSERT = Prepared(
    insert(TRANSFER).inline().on_conflict_do_nothing(index_elements=("id",)),
    columns=tuple(_FIELDS.values()),
)
_UNIT_OF = Prepared(select(ACCOUNT.c.unit).where(ACCOUNT.c.id == bindparam("wanted")))
_NOTE = Prepared(insert(TRANSFER_NOTE), columns=("transfer", "note"))
_DUE = Prepared(
    select(OPEN_HOLD.c.transfer, OPEN_HOLD.c.group_id)
    .where(
        OPEN_HOLD.c.expires_at <= bindparam("now"),
        *(OPEN_HOLD.c.kind != kind for kind in NEVER_EXPIRES),
    )
    .order_by(OPEN_HOLD.c.expires_at)
    .limit(EXPIRED_AT_ONCE_MAX)
)


class Kept(NamedTuple):
    """A transfer as it is kept, and whether it was kept before."""

    transfer: Transfer
    again: bool


def record(work: Work, entry: Entry, *, actor: str, kind: str = "record") -> Kept:
    """Pass value from one account to another at once.

    Raises:
        BadAmount, AmountTooLarge, UnitsDiffer, UnknownPurpose, OneAccount, UnknownAccount
        AccountFrozen, AccountClosed, LimitReached, SameIdOtherContent
    """
    return keep(work, [_transfer_of(work, entry, kind=kind, actor=actor)])[0]


def reserve(
    work: Work, entry: Entry, *, actor: str, kind: str = "hold", expires_at: str | None = None
) -> Kept:
    """Hold value for another account.

    Raises:
        as ``record``.
    """
    passes = _transfer_of(work, entry, kind=kind, actor=actor)
    return keep(work, [held(passes, expires_at=expires_at)])[0]


def resolve(
    work: Work, hold_id: TransferId, step: Step, *, actor: str, amount: int | None = None
) -> Kept:
    """Post what is held, or less of it, or give it back.

    Raises:
        Missing: there is no such hold.
        BadGroup: it belongs to others, which must be resolved with it.
        HoldResolved, HoldExpired, BadAmount, AmountTooLarge
        LimitReached: more is to be posted than is held.
    """
    hold = found(work, hold_id)
    if hold is None or hold.step is not Step.PENDING:
        raise Missing()
    if hold.group_id is not None:
        raise BadGroup("the group is resolved as a whole")
    amounts = {} if amount is None else {hold.id: amount}
    return resolve_all(work, [hold], step, actor=actor, amounts=amounts)[0]


def reverse(
    work: Work, transfer_id: TransferId, *, reversal_id: TransferId, actor: str, note: str = ""
) -> list[Kept]:
    """Take a transfer back by one the other way; what it was linked with is taken back with it.

    Raises:
        Missing: there is no such transfer.
        NotReversible: nothing has passed, or it is a reversal itself.
        AlreadyReversed: it was, under another id.
        AccountFrozen, AccountClosed, LimitReached, SameIdOtherContent
    """
    wanted = found(work, transfer_id)
    if wanted is None:
        raise Missing()
    if not wanted.posted:
        raise NotReversible()
    linked = group(work, wanted.group_id) if wanted.group_id else [wanted]
    passed = [one for one in linked if one.posted]
    locked(work, _sides(passed))
    back: list[Transfer] = []
    for one in sorted(passed, key=lambda one: one.key, reverse=True):
        own = reversal_id if one.id == transfer_id else derived(reversal_id, one.id)
        known = work.rows(_REVERSAL, {"wanted": one.id})
        if known and _transfer(known[0]).id != own:
            raise AlreadyReversed()
        back.append(reversal(one, transfer_id=own, actor=actor, note=note))
    if len(back) > 1:
        assert wanted.group_id is not None
        back = in_group(back, derived(wanted.group_id, "reversal"))
    return keep(work, back)


def expire_due(work: Work) -> int:
    """Give back what has been held for too long, each group as a whole; return how many holds.

    Holds of the kinds ``NEVER_EXPIRES`` stay. Where there may be more, the number is at least
    ``EXPIRED_AT_ONCE_MAX``.
    """
    due: dict[TransferId, Transfer] = {}
    for hold_id, group_id in work.rows(_DUE, {"now": work.moment}):
        hold = found(work, hold_id)
        assert hold is not None, "a hold is a transfer"
        linked = group(work, group_id) if group_id else [hold]
        due |= {one.id: one for one in linked if one.step is Step.PENDING}
    done = resolve_all(work, list(due.values()), Step.EXPIRE, actor=CLOCK, amounts={})
    return sum(not kept.again for kept in done)


def keep(work: Work, transfers: Sequence[Transfer]) -> list[Kept]:
    """Keep transfers, all or none; those that are kept already are returned as they are.

    Raises:
        UnknownAccount, UnitsDiffer, OneAccount, AccountFrozen, AccountClosed, LimitReached
        SameIdOtherContent: an id stands for something else.
    """
    accounts = locked(work, _sides(transfers))
    kept: list[Kept] = []
    for transfer in transfers:
        first = found(work, transfer.id)
        if first is None:
            accounts = settled(accounts, transfer)
            first = write(work, transfer)
            kept.append(Kept(first, again=False))
        elif same(first, transfer):
            kept.append(Kept(first, again=True))
        else:
            raise SameIdOtherContent()
    return kept


def resolve_all(
    work: Work,
    holds: Sequence[Transfer],
    step: Step,
    *,
    actor: str,
    amounts: Mapping[TransferId, int],
) -> list[Kept]:
    """Resolve holds in one way, all or none; what has been resolved so already stays.

    Raises:
        HoldResolved, HoldExpired, BadAmount, AmountTooLarge, LimitReached
    """
    accounts = locked(work, _sides(holds))
    kept: list[Kept] = []
    for hold in holds:
        transfer = resolved(hold, step, actor=actor, amount=amounts.get(hold.id))
        earlier = work.rows(_RESOLUTION, {"wanted": hold.id})
        if earlier:
            before = _transfer(earlier[0])
            given_back = before.step is Step.EXPIRE and step is Step.VOID
            if step is not Step.EXPIRE and not given_back and not same(before, transfer):
                raise HoldResolved(step=before.step.value)
            kept.append(Kept(before, again=True))
            continue
        if step is Step.POST and hold.expires_at is not None and hold.expires_at <= work.moment:
            raise HoldExpired(expires_at=hold.expires_at)
        accounts = settled(accounts, transfer)
        kept.append(Kept(write(work, transfer), again=False))
    return kept


def write(work: Work, transfer: Transfer) -> Transfer:
    """Write a new transfer as it stands; the database changes the counters and holds the limits.

    Raises:
        SameIdOtherContent: the id was taken meanwhile, between other accounts.
        LimitReached, HoldResolved, AlreadyReversed: a rule of the database's own.
    """
    row = {column: getattr(transfer, name) for name, column in _FIELDS.items()}
    row |= {"step": transfer.step.value, "at": work.moment}
    try:
        written = work.run(_INSERT, row)
    except Exception as error:
        text = str(error)
        for name, refusal in _REFUSED_BY.items():
            if name in text:
                raise refusal() from error
        raise
    if not written:
        raise SameIdOtherContent()
    if transfer.note:
        work.run(_NOTE, {"transfer": transfer.id, "note": transfer.note})
    return replace(transfer, at=work.moment)


def found(work: Work, transfer_id: str) -> Transfer | None:
    """Return a transfer as it is kept, or None."""
    rows = work.rows(_TRANSFER, {"wanted": transfer_id})
    return _transfer(rows[0]) if rows else None


def group(work: Work, group_id: str) -> list[Transfer]:
    """Return all transfers of a group: those that began it and those that resolved it."""
    return [_transfer(row) for row in work.rows(_GROUP, {"wanted": group_id})]


def in_group(transfers: Sequence[Transfer], group_id: str) -> list[Transfer]:
    """Return transfers as the members of one group."""
    size = len(transfers)
    return [replace(one, group_id=group_id, group_size=size) for one in transfers]


def _transfer_of(work: Work, entry: Entry, *, kind: str, actor: str) -> Transfer:
    units = work.rows(_UNIT_OF, {"wanted": entry.payer})
    if not units:
        raise UnknownAccount()
    return passing(entry, unit=units[0][0], kind=kind, actor=actor)


def _sides(transfers: Sequence[Transfer]) -> set[AccountId]:
    return {side for one in transfers for side in (one.debit, one.credit)}


def _transfer(row: tuple[Any, ...]) -> Transfer:
    *kept, key, note = row
    told = dict(zip(_FIELDS, kept, strict=True))
    return Transfer(**{**told, "step": Step(told["step"])}, key=key, note=note or "")
