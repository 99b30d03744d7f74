"""How accounts, transfers, requests and statements are shown to programs."""

from typing import Any, Final

from sqlalchemy import bindparam, select

from services.exchange.ledger import NO_CEILING, NO_FLOOR, Account, AccountId, Transfer
from services.exchange.ledger_requests import Request
from services.exchange.ledger_statements import Standing, Statement, StatementLine
from services.exchange.tables.ledger import ACCOUNT
from shared.store import Prepared, Work

_SIDE: Final = Prepared(select(ACCOUNT.c.owner).where(ACCOUNT.c.id == bindparam("wanted")))


def account_body(account: Account) -> dict[str, Any]:
    """Return an account as it is shown; a limit that nobody reaches is shown as none."""
    without_floor, without_ceiling = account.floor == NO_FLOOR, account.ceiling == NO_CEILING
    return {
        "id": account.id,
        "unit": account.unit,
        "kind": account.kind,
        "owner": account.owner,
        "state": account.state.value,
        "posted": account.posted,
        "available": None if without_floor else account.available,
        "room": None if without_ceiling else account.room,
        "held_out": account.debits_pending,
        "held_in": account.credits_pending,
        "floor": None if without_floor else account.floor,
        "ceiling": None if without_ceiling else account.ceiling,
        "opened_at": account.opened_at,
    }


def transfer_body(work: Work, transfer: Transfer) -> dict[str, Any]:
    """Return a transfer as it is shown."""
    return {
        "id": transfer.id,
        "step": transfer.step.value,
        "kind": transfer.kind,
        "unit": transfer.unit,
        "payer": _side(work, transfer.debit),
        "payee": _side(work, transfer.credit),
        "amount": transfer.amount,
        "purpose": transfer.purpose,
        "note": transfer.note,
        "agreement": transfer.agreement,
        "happened_on": transfer.happened_on,
        "hold": transfer.pending_id,
        "reverses": transfer.reverses,
        "group": transfer.group_id,
        "at": transfer.at,
    }


def request_body(work: Work, request: Request) -> dict[str, Any]:
    """Return a request as it is shown."""
    entry = request.entry
    return {
        "id": entry.id,
        "state": request.state.value,
        "unit": entry.unit,
        "payer": _side(work, entry.payer),
        "payee": _side(work, entry.payee),
        "amount": entry.amount,
        "purpose": entry.purpose,
        "note": entry.note,
        "agreement": entry.agreement,
        "happened_on": entry.happened_on,
        "reason": request.reason,
        "asked_at": request.asked_at,
        "expires_at": request.expires_at,
        "decided_at": request.decided_at,
    }


def statement_body(statement: Statement, *, following: str | None) -> dict[str, Any]:
    """Return a statement as it is shown, with the cursor of what follows."""
    floor = statement.account.floor
    return {
        "account": account_body(statement.account),
        "before": _standing(statement.before, floor),
        "lines": [_line(line, floor) for line in statement.lines],
        "next": following,
    }


def owner_of(work: Work, account_id: AccountId) -> str:
    """Return whose an account is; of one that is not here, nobody's."""
    rows = work.rows(_SIDE, {"wanted": account_id})
    return str(rows[0][0]) if rows else ""


def _side(work: Work, account_id: AccountId) -> dict[str, str]:
    return {"account": account_id, "owner": owner_of(work, account_id)}


def _line(line: StatementLine, floor: int) -> dict[str, Any]:
    return {
        "id": line.id,
        "at": line.at,
        "happened_on": line.happened_on,
        "step": line.step.value,
        "kind": line.kind,
        "purpose": line.purpose,
        "other": line.other,
        "note": line.note,
        "agreement": line.agreement,
        "hold": line.pending_id,
        "reverses": line.reverses,
        "received": line.received,
        "given": line.given,
        "held": line.held,
        "after": _standing(line.after, floor),
    }


def _standing(standing: Standing, floor: int) -> dict[str, Any]:
    return {
        "posted": standing.posted,
        "available": None if floor == NO_FLOOR else standing.available(floor),
        "held_out": standing.held_out,
        "held_in": standing.held_in,
    }
