"""The units of work behind the ledger's endpoints: who may, a handler, and the answer that is kept.

Whoever may not see an account meets the same refusal whether it is there or not.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select

from services.exchange import ledger_accounts, ledger_requests
from services.exchange.ledger import (
    Account,
    AccountId,
    AccountKind,
    AccountState,
    Entry,
    TransferId,
)
from services.exchange.ledger_bodies import account_body, owner_of, request_body, transfer_body
from services.exchange.ledger_handlers import Kept, found, record, reverse
from services.exchange.ledger_sheets import LineEntered, enter_sheet
from services.exchange.tables.ledger import ACCOUNT
from shared.access import NotAllowed
from shared.idempotency import REPLAYED_HEADER, Answer, Answers, Asked
from shared.ids import NodeName
from shared.refusals import Missing
from shared.store import Prepared, Work

May = Callable[[str], None]
"""Returns quietly when the caller may do what they ask with an owner's account; '' is nobody's."""

_OF_OWNER: Final = Prepared(
    select(ACCOUNT.c.id).where(
        ACCOUNT.c.owner == bindparam("of_owner"), ACCOUNT.c.unit == bindparam("of_unit")
    )
)


def open_account(
    work: Work,
    *,
    owner: str,
    kind: AccountKind,
    unit_code: str,
    floor: int | None,
    ceiling: int | None,
    node: NodeName,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Open an account and answer with it; one that is there is answered as it stands.

    Raises:
        KeyReused, and what ``ledger_accounts.open_account`` refuses.
    """

    def do() -> Answer:
        account, again = ledger_accounts.open_account(
            work,
            owner=owner,
            kind=kind,
            unit_code=unit_code,
            node=node,
            floor=floor,
            ceiling=ceiling,
        )
        return _account(account, status=200 if again else 201)

    return answers.once(work, asked, do)


def amend_account(
    work: Work,
    account_id: AccountId,
    *,
    if_match: str | None,
    floor: int | None,
    ceiling: int | None,
    state: AccountState | None,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Amend an account and answer with it.

    Raises:
        KeyReused, and what ``ledger_accounts.amend_account`` refuses.
    """

    def do() -> Answer:
        account = ledger_accounts.amend_account(
            work, account_id, if_match=if_match, floor=floor, ceiling=ceiling, state=state
        )
        return _account(account, status=200)

    return answers.once(work, asked, do)


def read_account(work: Work, account_id: AccountId, *, may: May) -> Account:
    """Return an account, if the caller may read it.

    Raises:
        Missing, NotAllowed, TokenMissing
    """
    may(owner_of(work, account_id))
    return ledger_accounts.account(work, account_id)


def record_transfer(
    work: Work, entry: Entry, *, actor: str, may: May, answers: Answers, asked: Asked | None
) -> Answer:
    """Pass value and answer with the transfer.

    Raises:
        NotAllowed, KeyReused, and what ``ledger_handlers.record`` refuses.
    """

    def do() -> Answer:
        named = with_accounts(work, entry)
        may(owner_of(work, named.payer))
        return _kept(work, record(work, named, actor=actor))

    return answers.once(work, asked, do)


def read_transfer(work: Work, transfer_id: TransferId, *, may: May) -> dict[str, Any]:
    """Return a transfer, if the caller may read one of its accounts.

    Raises:
        Missing, NotAllowed, TokenMissing
    """
    transfer = found(work, transfer_id)
    if transfer is None:
        may("")
        raise Missing()
    _one_of(may, owner_of(work, transfer.debit), owner_of(work, transfer.credit))
    return transfer_body(work, transfer)


def reverse_transfer(
    work: Work,
    transfer_id: TransferId,
    *,
    reversal_id: TransferId,
    note: str,
    actor: str,
    may: May,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Take a transfer back, with what it is linked with, and answer with the corrections.

    Raises:
        NotAllowed, KeyReused, and what ``ledger_handlers.reverse`` refuses.
    """

    def do() -> Answer:
        transfer = found(work, transfer_id)
        may("" if transfer is None else owner_of(work, transfer.credit))
        kept = reverse(work, transfer_id, reversal_id=reversal_id, actor=actor, note=note)
        for one in kept:
            # Of linked transfers, each is given back by whoever received it.
            may(owner_of(work, one.transfer.debit))
        body = {"transfers": [transfer_body(work, one.transfer) for one in kept]}
        return _answer(body, status=201, again=all(one.again for one in kept))

    return answers.once(work, asked, do)


def request_transfer(
    work: Work, entry: Entry, *, actor: str, may: May, answers: Answers, asked: Asked | None
) -> Answer:
    """Ask for a transfer and answer with the request.

    Raises:
        NotAllowed, KeyReused, and what ``ledger_requests.ask`` refuses.
    """

    def do() -> Answer:
        named = with_accounts(work, entry)
        may(owner_of(work, named.payee))
        request, again = ledger_requests.ask(work, named, actor=actor)
        return _answer(request_body(work, request), status=201, again=again)

    return answers.once(work, asked, do)


def confirm_request(
    work: Work,
    request_id: TransferId,
    *,
    actor: str,
    may: May,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Confirm a request for its payer and answer with the transfer.

    Raises:
        NotAllowed, KeyReused, and what ``ledger_requests.confirm`` refuses.
    """

    def do() -> Answer:
        request = ledger_requests.request(work, request_id)
        may(owner_of(work, request.entry.payer) if request else "")
        return _kept(work, ledger_requests.confirm(work, request_id, actor=actor))

    return answers.once(work, asked, do)


def close_request(
    work: Work,
    request_id: TransferId,
    *,
    by_payer: bool,
    reason: str = "",
    actor: str,
    may: May,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Decline a request for its payer, or take it back for its payee, and answer with it.

    Raises:
        NotAllowed, KeyReused, and what ``ledger_requests.decline`` refuses.
    """

    def do() -> Answer:
        request = ledger_requests.request(work, request_id)
        if request is None:
            may("")
            raise Missing()
        may(owner_of(work, request.entry.payer if by_payer else request.entry.payee))
        if by_payer:
            closed = ledger_requests.decline(work, request_id, actor=actor, reason=reason)
        else:
            closed = ledger_requests.withdraw(work, request_id, actor=actor)
        return _answer(request_body(work, closed), status=200)

    return answers.once(work, asked, do)


def enter(
    work: Work, lines: list[Entry], *, actor: str, answers: Answers, asked: Asked | None
) -> Answer:
    """Enter a paper sheet and answer with what became of each line.

    Raises:
        BadGroup, KeyReused
    """

    def do() -> Answer:
        named = [with_accounts(work, line) for line in lines]
        entered = enter_sheet(work, named, actor=actor)
        return _answer({"lines": [_line(one) for one in entered]}, status=200)

    return answers.once(work, asked, do)


def with_accounts(work: Work, entry: Entry) -> Entry:
    """Return an entry whose sides are accounts, where they were said by their owners.

    A side that is not here stays as it was said: the handler refuses it, once it is clear that the
    caller may ask at all.
    """
    payer, payee = (_account_id(work, side, entry.unit) for side in (entry.payer, entry.payee))
    return replace(entry, payer=payer, payee=payee)


def _account_id(work: Work, side: str, unit: str) -> AccountId:
    of_owner = work.rows(_OF_OWNER, {"of_owner": side, "of_unit": unit})
    return AccountId(of_owner[0][0]) if len(of_owner) == 1 else AccountId(side)


def _one_of(may: May, first: str, second: str) -> None:
    try:
        may(first)
    except NotAllowed:
        may(second)


def _account(account: Account, *, status: int) -> Answer:
    headers = {"ETag": ledger_accounts.tag(account)}
    if status == 201:
        headers["Location"] = f"ledger/accounts/{account.id}"
    return Answer(status=status, body=orjson.dumps(account_body(account)), headers=headers)


def _kept(work: Work, kept: Kept) -> Answer:
    return _answer(transfer_body(work, kept.transfer), status=201, again=kept.again)


def _line(entered: LineEntered) -> dict[str, Any]:
    refused = entered.refused
    outcome = "known" if entered.again else "recorded"
    return {
        "id": entered.entry.id,
        "outcome": "refused" if refused else outcome,
        "type": f"/problems/{refused.slug}" if refused else "",
        "title": refused.title if refused else "",
        "detail": refused.detail if refused else "",
    }


def _answer(body: dict[str, Any], *, status: int, again: bool = False) -> Answer:
    headers = {REPLAYED_HEADER: "true"} if again else {}
    return Answer(status=status, body=orjson.dumps(body), headers=headers)
