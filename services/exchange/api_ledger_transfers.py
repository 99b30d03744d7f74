"""HTTP of what passes: transfers and corrections, requests and their answers, paper sheets."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from services.exchange import ledger_units
from services.exchange.api_ledger_models import (
    Declining,
    RequestOut,
    ReversalIn,
    SheetIn,
    SheetOut,
    TransferIn,
    TransferOut,
    TransfersOut,
)
from services.exchange.ledger import AccountId, Entry, TransferId
from services.exchange.ledger_bodies import owner_of, request_body
from services.exchange.ledger_refusals import (
    TRANSFER_REFUSALS,
    AccountClosed,
    AccountFrozen,
    AlreadyReversed,
    BadGroup,
    LimitReached,
    NotReversible,
    RequestDecided,
    RequestExpired,
    SameIdOtherContent,
)
from services.exchange.ledger_requests import RequestState, requests
from services.exchange.parts import Parts, PartsDep
from shared.access import REFUSALS, AccessTable, Caller
from shared.amounts import AmountTooLarge, BadAmount, UnitsDiffer
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import IdempotencyKey, KeyReused, asked
from shared.ids import new_uuid7
from shared.paging import PAGE_SIZE, BadCursor, Page, page
from shared.problems import refusals
from shared.refusals import Invalid, Missing
from shared.store import Work

DAY_AHEAD: Final = timedelta(days=1)
"""How far ahead of our day another place's may be."""

AccountPath = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9-]+$")]


def _table(request: Request) -> AccessTable:
    table: AccessTable = request.app.state.gate.table
    return table


TableDep = Annotated[AccessTable, Depends(_table)]

_PASSING: Final = (*REFUSALS, *TRANSFER_REFUSALS, BadAmount, AmountTooLarge, UnitsDiffer, KeyReused)
_ANSWERING: Final = (*REFUSALS, Missing, RequestDecided, KeyReused)


def add_to(made: APIRouter) -> None:
    """Add the paths of transfers, requests and sheets to those of accounts."""
    made.post(
        "/transfers", operation_id="record_transfer", status_code=201,
        response_model=TransferOut, responses=refusals(*_PASSING),
    )(record_transfer)  # fmt: skip
    made.get(
        "/transfers/{transfer_id}", operation_id="read_transfer",
        responses=refusals(*REFUSALS, Missing),
    )(read_transfer)  # fmt: skip
    made.post(
        "/transfers/{transfer_id}/reversal", operation_id="reverse_transfer", status_code=201,
        response_model=TransfersOut,
        responses=refusals(
            *REFUSALS, Missing, NotReversible, AlreadyReversed, AccountFrozen, AccountClosed,
            LimitReached, SameIdOtherContent, KeyReused,
        ),
    )(reverse_transfer)  # fmt: skip
    made.get(
        "/requests", operation_id="list_requests", responses=refusals(*REFUSALS, BadCursor)
    )(list_requests)  # fmt: skip
    made.post(
        "/requests", operation_id="request_transfer", status_code=201,
        response_model=RequestOut, responses=refusals(*_PASSING),
    )(request_transfer)  # fmt: skip
    made.post(
        "/requests/{request_id}/confirm", operation_id="confirm_request", status_code=201,
        response_model=TransferOut,
        responses=refusals(
            *_ANSWERING, RequestExpired, AccountFrozen, AccountClosed, LimitReached,
            SameIdOtherContent,
        ),
    )(confirm_request)  # fmt: skip
    made.post(
        "/requests/{request_id}/decline", operation_id="decline_request",
        response_model=RequestOut, responses=refusals(*_ANSWERING),
    )(decline_request)  # fmt: skip
    made.post(
        "/requests/{request_id}/withdraw", operation_id="withdraw_request",
        response_model=RequestOut, responses=refusals(*_ANSWERING),
    )(withdraw_request)  # fmt: skip
    made.post(
        "/sheets", operation_id="enter_sheet", response_model=SheetOut,
        responses=refusals(*REFUSALS, BadGroup, KeyReused),
    )(enter_sheet)  # fmt: skip


async def record_transfer(
    transfer: TransferIn,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("record_transfer")],
    key: IdempotencyKey = None,
) -> Response:
    """Pass value at once, for the payer; sent twice with one id it is one transfer."""
    answer = await parts.store.write(
        ledger_units.record_transfer,
        _entry(transfer, parts),
        **_acting(parts, table, caller, "record_transfer"),
        asked=asked(caller, "record_transfer", key, transfer.model_dump_json()),
    )
    return answer.response()


async def read_transfer(
    transfer_id: UUID,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("read_transfer")],
) -> TransferOut:
    """Return a transfer of which the caller has one side."""
    body = await parts.store.read(
        ledger_units.read_transfer,
        TransferId(str(transfer_id)),
        may=_may(table, caller, "read_transfer"),
    )
    return TransferOut.model_validate(body)


async def reverse_transfer(
    transfer_id: UUID,
    reversal: ReversalIn,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("reverse_transfer")],
    key: IdempotencyKey = None,
) -> Response:
    """Take a transfer back by one the other way; what it was linked with is taken back, too."""
    answer = await parts.store.write(
        ledger_units.reverse_transfer,
        TransferId(str(transfer_id)),
        reversal_id=_id(reversal.id),
        note=reversal.note,
        **_acting(parts, table, caller, "reverse_transfer"),
        asked=asked(caller, "reverse_transfer", key, str(transfer_id), reversal.model_dump_json()),
    )
    return answer.response()


async def list_requests(
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("list_requests")],
    account: Annotated[
        str, Query(max_length=64, description="An account of yours, or any you keep.")
    ] = "",
    state: Annotated[RequestState | None, Query(examples=["asked"])] = None,
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[RequestOut]:
    """List requests, the newest first: of one account, or for those who keep them of all."""
    may = _may(table, caller, "list_requests")

    def read(work: Work) -> list[tuple[int, dict[str, Any]]]:
        may(owner_of(work, AccountId(account)) if account else "")
        wanted = [AccountId(account)] if account else []
        found = requests(work, wanted, state=state, after=after, most=size + 1)
        return [(one.key, request_body(work, one)) for one in found]

    rows = await parts.store.read(read)
    return page(
        rows,
        size=size,
        shown=lambda row: RequestOut.model_validate(row[1]),
        order=lambda row: (row[0],),
    )


async def request_transfer(
    transfer: TransferIn,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("request_transfer")],
    key: IdempotencyKey = None,
) -> Response:
    """Ask the payer for a transfer, for the payee; it holds nothing until it is confirmed."""
    answer = await parts.store.write(
        ledger_units.request_transfer,
        _entry(transfer, parts),
        **_acting(parts, table, caller, "request_transfer"),
        asked=asked(caller, "request_transfer", key, transfer.model_dump_json()),
    )
    return answer.response()


async def confirm_request(
    request_id: UUID,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("confirm_request")],
    key: IdempotencyKey = None,
) -> Response:
    """Confirm a request for its payer: it passes, with the request's own id."""
    answer = await parts.store.write(
        ledger_units.confirm_request,
        TransferId(str(request_id)),
        **_acting(parts, table, caller, "confirm_request"),
        asked=asked(caller, "confirm_request", key, str(request_id)),
    )
    return answer.response()


async def decline_request(
    request_id: UUID,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("decline_request")],
    declining: Declining | None = None,
    key: IdempotencyKey = None,
) -> Response:
    """Decline a request for its payer: nothing passes."""
    given = declining or Declining()
    answer = await parts.store.write(
        ledger_units.close_request,
        TransferId(str(request_id)),
        by_payer=True,
        reason=given.reason,
        **_acting(parts, table, caller, "decline_request"),
        asked=asked(caller, "decline_request", key, str(request_id), given.model_dump_json()),
    )
    return answer.response()


async def withdraw_request(
    request_id: UUID,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("withdraw_request")],
    key: IdempotencyKey = None,
) -> Response:
    """Take a request back for its payee."""
    answer = await parts.store.write(
        ledger_units.close_request,
        TransferId(str(request_id)),
        by_payer=False,
        **_acting(parts, table, caller, "withdraw_request"),
        asked=asked(caller, "withdraw_request", key, str(request_id)),
    )
    return answer.response()


async def enter_sheet(
    sheet: SheetIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("enter_sheet")],
    key: IdempotencyKey = None,
) -> Response:
    """Enter a paper sheet; a line that is refused keeps no other from being entered."""
    answer = await parts.store.write(
        ledger_units.enter,
        [_entry(line, parts) for line in sheet.lines],
        actor=caller.id,
        answers=parts.answers,
        asked=asked(caller, "enter_sheet", key, sheet.model_dump_json()),
    )
    return answer.response()


def _may(table: AccessTable, caller: Caller, operation: str) -> Callable[[str], None]:
    return lambda owner: table.may(caller, operation, owner=owner)


def _acting(parts: Parts, table: AccessTable, caller: Caller, operation: str) -> dict[str, Any]:
    return {
        "actor": caller.id,
        "may": _may(table, caller, operation),
        "answers": parts.answers,
    }


def _entry(given: TransferIn, parts: Parts) -> Entry:
    return Entry(
        id=_id(given.id),
        payer=AccountId(given.payer),
        payee=AccountId(given.payee),
        amount=given.amount,
        purpose=given.purpose,
        unit=given.unit,
        note=given.note.strip(),
        agreement=given.agreement,
        happened_on=_day(given.happened_on, parts),
    )


def _id(given: UUID | None) -> TransferId:
    return TransferId(str(given) if given else new_uuid7())


def _day(given: date | None, parts: Parts) -> str:
    if given is None:
        return ""
    if given > (parts.clock.now() + DAY_AHEAD).date():
        raise Invalid("nothing has happened on a day to come", field="happened_on")
    return given.isoformat()
