"""What has happened to an account, line by line, with the balance after each.

Both balances are shown everywhere: what is posted, and what is available once holds and the floor
are taken into account. A statement begins where a period begins and goes on by the order in which
transfers became true, so that each line's balance is the one before it and what the line says.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    func,
    literal,
    or_,
    select,
    union_all,
)

from services.exchange.ledger import Account, AccountId, Step
from services.exchange.ledger_accounts import account
from services.exchange.tables.ledger import ACCOUNT, TRANSFER, TRANSFER_NOTE
from shared.paging import cursor_values
from shared.store import Work

LINES_MAX: Final = 10_000
"""How many lines a statement may have that is not read by pages."""

_T: Final = TRANSFER.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an account stands at a moment; numbers are in the unit's smallest part."""

    posted: int = 0
    held_out: int = 0
    """What is held to be given."""
    held_in: int = 0
    """What is held to be received."""

    def available(self, floor: int) -> int:
        """Return how much more may be given."""
        return self.posted - self.held_out - floor


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A transfer as one of its accounts sees it.

    Args:
        received, given: what has passed; at most one of them is not zero.
        held: by how much more is held from now on, or less where it is negative.
        other: the owner of the other account.
        after: how the account stands after it.
    """

    key: int
    id: str
    at: str
    happened_on: str
    step: Step
    kind: str
    purpose: str
    other: str
    note: str
    agreement: str
    pending_id: str | None
    reverses: str | None
    received: int
    given: int
    held: int
    after: Standing


class Statement(NamedTuple):
    """An account, how it stood before the first line, and the lines."""

    account: Account
    before: Standing
    lines: list[StatementLine]


def statement(
    work: Work,
    account_id: AccountId,
    *,
    since: str = "",
    until: str = "",
    after: str | None = None,
    most: int,
) -> Statement:
    """Return what has happened to an account, the oldest first, at most so many lines.

    Args:
        work: a unit that reads.
        account_id: whose.
        since, until: moments or days as ``stamp`` writes them or their beginning; the second one
            is not part of the period.
        after: the cursor of the last line that was shown.
        most: how many.

    Raises:
        Missing, BadCursor
    """
    owner = account(work, account_id)
    begin = _first_key(work, account_id, since) if since else 0
    if after is not None:
        begin = max(begin, cursor_values(after, int)[0] + 1)
    end = _first_key(work, account_id, until) if until else None
    standing = before = _standing(work, account_id, begin)
    lines: list[StatementLine] = []
    for row in work.execute(_lines(account_id, begin, end, most)):
        line = _line(row, standing)
        standing = line.after
        lines.append(line)
    return Statement(owner, before, lines)


def _first_key(work: Work, account_id: AccountId, moment: str) -> int:
    """Return the key of an account's first transfer of a period, or one beyond all."""
    mine = or_(_T.debit_account == account_id, _T.credit_account == account_id)
    first = work.execute(select(func.min(_T.key)).where(mine, _T.at >= moment)).scalar_one()
    if first is None:
        first = work.execute(select(func.max(_T.key) + 1).where(mine)).scalar_one()
    return int(first or 0)


def _standing(work: Work, account_id: AccountId, before_key: int) -> Standing:
    def sums(side: ColumnElement[str]) -> tuple[int, int]:
        query: Select[Any] = select(
            func.coalesce(func.sum(_T.posted), 0), func.coalesce(func.sum(_T.reserved), 0)
        ).where(side == account_id, _T.key < before_key)
        posted, reserved = tuple(work.execute(query).one())
        return int(posted), int(reserved)

    if not before_key:
        return Standing()
    given, held_out = sums(_T.debit_account)
    received, held_in = sums(_T.credit_account)
    return Standing(posted=received - given, held_out=held_out, held_in=held_in)


def _lines(account_id: AccountId, begin: int, end: int | None, most: int) -> Select[Any]:
    def side(own: ColumnElement[str], other: ColumnElement[str], name: str) -> Select[Any]:
        period = [_T.key >= begin] if end is None else [_T.key >= begin, _T.key < end]
        part = (
            select(_T.key, other.label("other_account"), literal(name, String).label("side"))
            .where(own == account_id, and_(*period))
            .order_by(_T.key)
            .limit(most)
            .subquery()
        )
        return select(part)

    mine = union_all(
        side(_T.debit_account, _T.credit_account, "debit"),
        side(_T.credit_account, _T.debit_account, "credit"),
    ).subquery()
    return (
        select(
            *(TRANSFER.c[name] for name in _SHOWN),
            mine.c.side,
            ACCOUNT.c.owner.label("other"),
            TRANSFER_NOTE.c.note,
        )
        .select_from(
            mine.join(TRANSFER, _T.key == mine.c.key)
            .join(ACCOUNT, ACCOUNT.c.id == mine.c.other_account)
            .outerjoin(TRANSFER_NOTE, TRANSFER_NOTE.c.transfer == _T.id)
        )
        .order_by(_T.key)
        .limit(most)
    )


_SHOWN: Final = (
    *("key", "id", "at", "happened_on", "step", "kind", "purpose", "agreement"),
    *("pending_id", "reverses", "posted", "reserved"),
)


def _line(row: Row[Any], before: Standing) -> StatementLine:
    gives = row.side == "debit"
    after = Standing(
        posted=before.posted - row.posted if gives else before.posted + row.posted,
        held_out=before.held_out + (row.reserved if gives else 0),
        held_in=before.held_in + (0 if gives else row.reserved),
    )
    return StatementLine(
        key=row.key,
        id=row.id,
        at=row.at,
        happened_on=row.happened_on,
        step=Step(row.step),
        kind=row.kind,
        purpose=row.purpose,
        other=row.other,
        note=row.note or "",
        agreement=row.agreement,
        pending_id=row.pending_id,
        reverses=row.reverses,
        received=0 if gives else row.posted,
        given=row.posted if gives else 0,
        held=row.reserved,
        after=after,
    )
