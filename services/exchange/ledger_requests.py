"""What is asked for before it passes: who did the work writes it down, who had it done confirms.

A request holds nothing: it says what somebody believes they are to receive. It becomes a transfer,
with the request's own id, when the payer confirms it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.exchange.ledger import Account, AccountId, Entry, TransferId, takes_new
from services.exchange.ledger_accounts import account
from services.exchange.ledger_handlers import Kept, found, record
from services.exchange.ledger_refusals import (
    OneAccount,
    RequestDecided,
    RequestExpired,
    SameIdOtherContent,
    UnknownAccount,
)
from services.exchange.ledger_steps import passing
from services.exchange.tables.ledger import TRANSFER_REQUEST
from shared.amounts import UnitsDiffer
from shared.clock import stamp
from shared.paging import cursor_values
from shared.refusals import Missing
from shared.store import Prepared, Work

REQUEST_LIFE: Final = timedelta(days=30)
"""How long a request waits for its answer."""
KIND: Final = "request"
"""Of which kind a transfer is that was asked for."""


class RequestState(StrEnum):
    """What became of a request."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    """The payer said no."""
    WITHDRAWN = "withdrawn"
    """The payee took it back."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A transfer that its payee asks for."""

    entry: Entry
    state: RequestState
    asked_by: str
    asked_at: str
    expires_at: str
    reason: str = ""
    decided_by: str = ""
    decided_at: str = ""
    key: int = 0


class Asked(NamedTuple):
    """A request as it is kept, and whether it was kept before."""

    request: Request
    again: bool


_R: Final = TRANSFER_REQUEST.c
_ENTRY: Final = {
    "id": _R.id, "payer": _R.payer_account, "payee": _R.payee_account, "amount": _R.amount,
    "purpose": _R.purpose, "unit": _R.unit, "note": _R.note, "agreement": _R.agreement,
    "happened_on": _R.happened_on,
}  # fmt: skip
_STANDING: Final = (
    "state", "asked_by", "asked_at", "expires_at", "reason", "decided_by", "decided_at", "key",
)  # fmt: skip
_QUERY = select(*_ENTRY.values(), *(_R[name] for name in _STANDING))
_OF_ID = _QUERY.where(_R.id == bindparam("wanted"))
_REQUEST = Prepared(_OF_ID)
_LOCKED = Prepared(_OF_ID.with_for_update())
_ASK = Prepared(
    insert(TRANSFER_REQUEST).inline().on_conflict_do_nothing(index_elements=("id",)),
    columns=(
        *(column.name for column in _ENTRY.values()),
        *("state", "asked_by", "asked_at", "expires_at"),
    ),
)
_DECIDE = Prepared(
    update(TRANSFER_REQUEST)
    .where(_R.id == bindparam("wanted"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        decided_by=bindparam("new_decided_by"),
        decided_at=bindparam("new_decided_at"),
    )
)
_EXPIRE = Prepared(
    update(TRANSFER_REQUEST)
    .where(_R.state == RequestState.ASKED.value, _R.expires_at <= bindparam("now"))
    .values(state=RequestState.EXPIRED.value, decided_at=bindparam("now"))
)


def ask(work: Work, entry: Entry, *, actor: str) -> Asked:
    """Ask the payer of an entry to confirm it.

    Raises:
        BadAmount, AmountTooLarge, UnitsDiffer, UnknownPurpose, OneAccount, UnknownAccount
        AccountFrozen, AccountClosed, SameIdOtherContent
    """
    payer, payee = _side(work, entry.payer), _side(work, entry.payee)
    if payer.id == payee.id:
        raise OneAccount()
    if payer.unit != payee.unit:
        raise UnitsDiffer(f"{payer.unit} and {payee.unit}")
    asked = passing(entry, unit=payer.unit, kind=KIND, actor=actor)
    known = request(work, entry.id)
    if known is None:
        takes_new(payer, payee)
        if found(work, entry.id) is not None:
            raise SameIdOtherContent()
        row = {
            **{column.name: getattr(entry, name) for name, column in _ENTRY.items()},
            "unit": asked.unit,
            "state": RequestState.ASKED.value,
            "asked_by": actor,
            "asked_at": work.moment,
            "expires_at": stamp(work.now + REQUEST_LIFE),
        }
        made = work.run(_ASK, row)
        known = request(work, entry.id)
        assert known is not None, "it was there, or it was made"
        if made:
            return Asked(known, again=False)
    if passing(known.entry, unit=payer.unit, kind=KIND, actor=actor) != asked:
        raise SameIdOtherContent()
    return Asked(known, again=True)


def confirm(work: Work, request_id: TransferId, *, actor: str) -> Kept:
    """Let what was asked for pass; a second time it is answered as the first.

    Raises:
        Missing, RequestDecided, RequestExpired
        AccountFrozen, AccountClosed, LimitReached, SameIdOtherContent
    """
    asked = _locked(work, request_id)
    if asked.state in (RequestState.DECLINED, RequestState.WITHDRAWN):
        raise RequestDecided(state=asked.state.value)
    if asked.state is not RequestState.CONFIRMED and _is_over(work, asked):
        raise RequestExpired()
    # A confirmed one is found by its id, as it was kept.
    kept = record(work, asked.entry, actor=actor, kind=KIND)
    if not kept.again:
        _decide(work, request_id, RequestState.CONFIRMED, actor=actor)
    return kept


def decline(work: Work, request_id: TransferId, *, actor: str, reason: str = "") -> Request:
    """Say for the payer that nothing passes.

    Raises:
        Missing, RequestDecided
    """
    return _close(work, request_id, RequestState.DECLINED, actor=actor, reason=reason)


def withdraw(work: Work, request_id: TransferId, *, actor: str) -> Request:
    """Take a request back for the payee.

    Raises:
        Missing, RequestDecided
    """
    return _close(work, request_id, RequestState.WITHDRAWN, actor=actor, reason="")


def expire_requests(work: Work) -> int:
    """Close the requests that nobody has answered in time; return how many."""
    return work.run(_EXPIRE, {"now": work.moment})


def request(work: Work, request_id: str) -> Request | None:
    """Return a request as it stands, or None."""
    rows = work.rows(_REQUEST, {"wanted": request_id})
    return _request(rows[0]) if rows else None


def requests(
    work: Work,
    accounts: Sequence[AccountId],
    *,
    state: RequestState | None = None,
    after: str | None = None,
    most: int,
) -> list[Request]:
    """Return the requests in which these accounts pay or receive, the newest first.

    Args:
        work: a unit that reads.
        accounts: whose; of everybody where none is named.
        state: in which state; in any where none is named.
        after: the cursor of the last one that was shown.
        most: how many.

    Raises:
        BadCursor
    """
    query = _QUERY.order_by(_R.key.desc()).limit(most)
    if accounts:
        query = query.where(or_(_R.payer_account.in_(accounts), _R.payee_account.in_(accounts)))
    if state is not None:
        query = query.where(_R.state == state.value)
    if after is not None:
        query = query.where(_R.key < cursor_values(after, int)[0])
    return [_request(tuple(row)) for row in work.execute(query)]


def _close(
    work: Work, request_id: TransferId, state: RequestState, *, actor: str, reason: str
) -> Request:
    asked = _locked(work, request_id)
    if asked.state not in (RequestState.ASKED, state):
        raise RequestDecided(state=asked.state.value)
    if asked.state is RequestState.ASKED:
        _decide(work, request_id, state, actor=actor, reason=reason)
    closed = request(work, request_id)
    assert closed is not None
    return closed


def _decide(
    work: Work, request_id: str, state: RequestState, *, actor: str, reason: str = ""
) -> None:
    changes = {
        "wanted": request_id,
        "new_state": state.value,
        "new_reason": reason,
        "new_decided_by": actor,
        "new_decided_at": work.moment,
    }
    work.run(_DECIDE, changes)


def _locked(work: Work, request_id: str) -> Request:
    rows = work.rows(_LOCKED, {"wanted": request_id})
    if not rows:
        raise Missing()
    return _request(rows[0])


def _is_over(work: Work, asked: Request) -> bool:
    return asked.state is RequestState.EXPIRED or asked.expires_at <= work.moment


def _side(work: Work, account_id: AccountId) -> Account:
    try:
        return account(work, account_id)
    except Missing as error:
        raise UnknownAccount() from error


def _request(row: tuple[Any, ...]) -> Request:
    entry, standing = row[: len(_ENTRY)], row[len(_ENTRY) :]
    told = dict(zip(_STANDING, standing, strict=True))
    return Request(
        entry=Entry(**dict(zip(_ENTRY, entry, strict=True))),
        **{**told, "state": RequestState(told["state"])},
    )
