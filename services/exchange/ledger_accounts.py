"""What can happen to accounts: units are begun, accounts opened, limited, frozen and closed."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from services.exchange.ledger import Account, AccountId, AccountKind, AccountState, limits
from services.exchange.ledger_purposes import LedgerUnit, units_of
from services.exchange.ledger_refusals import (
    AccountClosed,
    AccountNotAtZero,
    LimitReached,
    OwnerElsewhere,
    UnknownAccount,
    UnknownLedgerUnit,
)
from services.exchange.tables.ledger import ACCOUNT, LEDGER_UNIT
from shared.etag import etag, require_match
from shared.ids import NodeName, new_uuid7
from shared.paging import cursor_values
from shared.refusals import Missing
from shared.store import Prepared, Work

OWNER_LENGTH_MAX: Final = 128

_KEPT: Final = (
    ACCOUNT.c.id,
    ACCOUNT.c.unit,
    ACCOUNT.c.kind,
    ACCOUNT.c.owner,
    ACCOUNT.c.state,
    ACCOUNT.c.floor,
    ACCOUNT.c.ceiling,
    ACCOUNT.c.debits_pending,
    ACCOUNT.c.debits_posted,
    ACCOUNT.c.credits_pending,
    ACCOUNT.c.credits_posted,
    ACCOUNT.c.last_transfer,
    ACCOUNT.c.revision,
    ACCOUNT.c.opened_at,
)
_NAMES: Final = tuple(column.name for column in _KEPT)
_OF_ID = select(*_KEPT).where(ACCOUNT.c.id == bindparam("wanted"))
_ACCOUNT = Prepared(_OF_ID)
# Others may go on referring to the account; nobody else changes it.
_LOCKED = Prepared(_OF_ID.with_for_update(key_share=True))
_OF_OWNER = Prepared(
    select(*_KEPT).where(
        ACCOUNT.c.owner == bindparam("of_owner"),
        ACCOUNT.c.unit == bindparam("of_unit"),
        ACCOUNT.c.kind == bindparam("of_kind"),
    )
)
_OPEN = Prepared(
    insert(ACCOUNT).on_conflict_do_nothing(index_elements=("owner", "unit", "kind")),
    columns=(
        *("id", "unit", "kind", "owner", "state", "floor", "ceiling"),
        *("revision", "opened_at", "changed_at"),
    ),
)
_AMEND = Prepared(
    update(ACCOUNT)
    .where(ACCOUNT.c.id == bindparam("wanted"))
    .values(
        state=bindparam("new_state"),
        floor=bindparam("new_floor"),
        ceiling=bindparam("new_ceiling"),
        revision=ACCOUNT.c.revision + 1,
        changed_at=bindparam("new_changed_at"),
    )
)
_BEGIN_UNIT = Prepared(
    insert(LEDGER_UNIT).on_conflict_do_nothing(index_elements=("code",)),
    columns=("code", "kind", "parts", "names", "floor", "ceiling", "revision", "opened_at"),
)


class Opened(NamedTuple):
    """An account, and whether it was there before."""

    account: Account
    again: bool


def begin_units(work: Work, *, node: NodeName) -> None:
    """Make sure that a node keeps accounts in hours and in its own mutual credit."""
    for unit in units_of(node):
        row = {
            "code": unit.code,
            "kind": unit.kind,
            "parts": unit.parts,
            "names": orjson.dumps(unit.names).decode(),
            "floor": unit.floor,
            "ceiling": unit.ceiling,
            "revision": unit.revision,
            "opened_at": work.moment,
        }
        work.run(_BEGIN_UNIT, row)


def units(work: Work) -> list[LedgerUnit]:
    """Return the units in which this node keeps accounts."""
    rows = work.execute(select(LEDGER_UNIT).order_by(LEDGER_UNIT.c.code)).mappings()
    return [_unit(dict(row)) for row in rows]


def unit(work: Work, code: str) -> LedgerUnit:
    """Return a unit in which this node keeps accounts.

    Raises:
        UnknownLedgerUnit
    """
    found = work.execute(select(LEDGER_UNIT).where(LEDGER_UNIT.c.code == code)).mappings().first()
    if found is None:
        raise UnknownLedgerUnit(code[:64])
    return _unit(dict(found))


def open_account(
    work: Work,
    *,
    owner: str,
    kind: AccountKind,
    unit_code: str,
    node: NodeName,
    floor: int | None = None,
    ceiling: int | None = None,
) -> Opened:
    """Open an account at zero, or return the one that its owner has in that unit.

    Args:
        work: the unit of work.
        owner: an entity's global id, or a person's pseudonymous id.
        kind: which of the two it is.
        unit_code: the unit of account.
        node: this node, to which the owner must belong.
        floor, ceiling: in the unit's smallest part; those of the unit where none are said.

    Raises:
        UnknownLedgerUnit, OwnerElsewhere, BadLimits, AmountTooLarge
    """
    of = unit(work, unit_code)
    home, apart, _ = owner.partition(":")
    if not owner or len(owner) > OWNER_LENGTH_MAX or (apart and home != node):
        raise OwnerElsewhere()
    if kind is AccountKind.ENTITY and not apart:
        raise OwnerElsewhere("an entity is named by its global id")
    low, high = limits(
        of.floor if floor is None else floor, of.ceiling if ceiling is None else ceiling
    )
    row = {
        "id": new_uuid7(),
        "unit": of.code,
        "kind": kind.value,
        "owner": owner,
        "state": AccountState.OPEN.value,
        "floor": low,
        "ceiling": high,
        "revision": 1,
        "opened_at": work.moment,
        "changed_at": work.moment,
    }
    made = work.run(_OPEN, row)
    found = account_of(work, owner=owner, unit_code=of.code, kind=kind)
    assert found is not None, "it was there, or it was made"
    return Opened(found, again=not made)


def amend_account(
    work: Work,
    account_id: AccountId,
    *,
    if_match: str | None,
    floor: int | None = None,
    ceiling: int | None = None,
    state: AccountState | None = None,
) -> Account:
    """Give an account other limits, freeze it, open it again or close it for good.

    Args:
        work: the unit of work.
        account_id: which.
        if_match: the request's header; it names the state that the asker has seen.
        floor, ceiling, state: what is to be; what is not said stays.

    Raises:
        Missing, MatchRequired, BadMatch, ChangedMeanwhile
        AccountClosed: it has ended already.
        AccountNotAtZero: it is to be closed, and is not at zero or holds something.
        LimitReached: it stands beyond the new limits.
        BadLimits, AmountTooLarge
    """
    found = work.rows(_LOCKED, {"wanted": account_id})
    if not found:
        raise Missing()
    before = _account(found[0])
    require_match(if_match, tag(before))
    if before.state is AccountState.CLOSED:
        raise AccountClosed()
    low, high = limits(
        before.floor if floor is None else floor, before.ceiling if ceiling is None else ceiling
    )
    if before.posted - before.debits_pending < low:
        raise LimitReached("it stands below this floor")
    if before.posted + before.credits_pending > high:
        raise LimitReached("it stands above this ceiling")
    after = state or before.state
    if after is AccountState.CLOSED and (
        before.posted or before.debits_pending or before.credits_pending
    ):
        raise AccountNotAtZero()
    changes = {
        "wanted": account_id,
        "new_state": after.value,
        "new_floor": low,
        "new_ceiling": high,
        "new_changed_at": work.moment,
    }
    work.run(_AMEND, changes)
    return account(work, account_id)


def account(work: Work, account_id: str) -> Account:
    """Return an account as it stands.

    Raises:
        Missing
    """
    found = work.rows(_ACCOUNT, {"wanted": account_id})
    if not found:
        raise Missing()
    return _account(found[0])


def account_of(work: Work, *, owner: str, unit_code: str, kind: AccountKind) -> Account | None:
    """Return the account that an owner has in a unit, or None."""
    found = work.rows(_OF_OWNER, {"of_owner": owner, "of_unit": unit_code, "of_kind": kind.value})
    return _account(found[0]) if found else None


def locked(work: Work, ids: Iterable[AccountId]) -> dict[AccountId, Account]:
    """Return accounts as they stand; until the unit of work ends nobody else changes them.

    Raises:
        UnknownAccount: one of them is not here.
    """
    accounts: dict[AccountId, Account] = {}
    # Everybody locks in the order of the ids: two opposite transfers never wait for each other.
    for wanted in sorted(set(ids)):
        found = work.rows(_LOCKED, {"wanted": wanted})
        if not found:
            raise UnknownAccount()
        accounts[wanted] = _account(found[0])
    return accounts


def listed(
    work: Work, *, owners: Sequence[str] = (), unit_code: str = "", after: str | None, most: int
) -> list[Account]:
    """Return accounts in the order of their ids, at most so many.

    Args:
        work: a unit that reads.
        owners: whose; of everybody where nobody is named.
        unit_code: in which unit; in all where none is named.
        after: the cursor of the last one that was shown.
        most: how many.

    Raises:
        BadCursor
    """
    query = select(*_KEPT).order_by(ACCOUNT.c.id).limit(most)
    if owners:
        query = query.where(ACCOUNT.c.owner.in_(owners))
    if unit_code:
        query = query.where(ACCOUNT.c.unit == unit_code)
    if after is not None:
        query = query.where(ACCOUNT.c.id > cursor_values(after, str)[0])
    return [_account(tuple(row)) for row in work.execute(query)]


def tag(account: Account) -> str:
    """Return the entity tag of an account as it stands."""
    return etag(account.revision, account.last_transfer)


def _account(row: tuple[Any, ...]) -> Account:
    told = dict(zip(_NAMES, row, strict=True))
    return Account(**{**told, "state": AccountState(told["state"])})


def _unit(row: dict[str, Any]) -> LedgerUnit:
    del row["opened_at"]
    return LedgerUnit(**{**row, "names": orjson.loads(row["names"])})
