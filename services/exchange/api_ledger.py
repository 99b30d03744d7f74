"""HTTP of accounts: units and purposes, accounts and their limits, statements, whether books agree.

``router()`` holds the paths of transfers and requests, too. What a caller may do is asked of the
application's own access table, which includes ``ledger_access.LEDGER_ROWS``.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.exchange import api_ledger_transfers, ledger_units
from services.exchange.api_ledger_models import (
    AccountChange,
    AccountIn,
    AccountOut,
    CheckOut,
    FindingOut,
    LedgerUnitOut,
    LedgerUnitsOut,
    PurposeOut,
    PurposesOut,
    StatementOut,
)
from services.exchange.api_ledger_transfers import AccountPath, TableDep
from services.exchange.ledger import NO_CEILING, NO_FLOOR, AccountId
from services.exchange.ledger_accounts import listed, tag, unit, units
from services.exchange.ledger_audit import findings
from services.exchange.ledger_bodies import account_body, statement_body
from services.exchange.ledger_csv import MEDIA_TYPE, StatementTooLong, statement_csv
from services.exchange.ledger_purposes import PURPOSES, LedgerUnit
from services.exchange.ledger_refusals import (
    AccountClosed,
    AccountNotAtZero,
    BadLimits,
    LimitReached,
    OwnerElsewhere,
    UnknownLedgerUnit,
)
from services.exchange.ledger_statements import LINES_MAX, Statement, statement
from services.exchange.parts import PartsDep
from shared.access import REFUSALS, Caller
from shared.amounts import AmountTooLarge
from shared.edge import AfterQuery, IfMatch, IfNoneMatch, SizeQuery, not_modified
from shared.etag import BadMatch, ChangedMeanwhile, MatchRequired, unchanged
from shared.gate import allowed
from shared.idempotency import IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

Moment = Annotated[
    str,
    Query(
        pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{12}Z)?)?$",
        description="A day or a moment, in UTC.",
        examples=["2026-11-01"],
    ),
]


def router() -> APIRouter:
    """Return the paths of the ledger."""
    made = APIRouter(prefix="/ledger", tags=["ledger"])
    made.get("/units", operation_id="list_ledger_units")(list_ledger_units)
    made.get("/purposes", operation_id="list_purposes")(list_purposes)
    made.get(
        "/accounts", operation_id="list_accounts", responses=refusals(*REFUSALS, BadCursor)
    )(list_accounts)  # fmt: skip
    made.post(
        "/accounts", operation_id="open_account", status_code=201, response_model=AccountOut,
        responses=refusals(
            *REFUSALS, UnknownLedgerUnit, OwnerElsewhere, BadLimits, AmountTooLarge, KeyReused
        ),
    )(open_account)  # fmt: skip
    made.get(
        "/accounts/{account_id}", operation_id="read_account", response_model=AccountOut,
        responses={
            304: {"description": "You have it as it is"},
            **refusals(*REFUSALS, Missing, BadMatch),
        },
    )(read_account)  # fmt: skip
    made.patch(
        "/accounts/{account_id}", operation_id="amend_account", response_model=AccountOut,
        responses=refusals(
            *REFUSALS, Missing, AccountClosed, AccountNotAtZero, LimitReached, BadLimits,
            AmountTooLarge, MatchRequired, BadMatch, ChangedMeanwhile, KeyReused,
        ),
    )(amend_account)  # fmt: skip
    made.get(
        "/accounts/{account_id}/statement", operation_id="read_statement",
        response_model=StatementOut, responses=refusals(*REFUSALS, Missing, BadCursor),
    )(read_statement)  # fmt: skip
    made.get(
        "/accounts/{account_id}/statement.csv", operation_id="download_statement",
        response_class=Response,
        responses={
            200: {"description": "The statement", "content": {"text/csv": {}}},
            **refusals(*REFUSALS, Missing, StatementTooLong),
        },
    )(download_statement)  # fmt: skip
    made.get(
        "/check", operation_id="check_ledger", responses=refusals(*REFUSALS)
    )(check_ledger)  # fmt: skip
    api_ledger_transfers.add_to(made)
    return made


async def list_ledger_units(
    parts: PartsDep, caller: Annotated[Caller, allowed("list_ledger_units")]
) -> LedgerUnitsOut:
    """List the units in which this network keeps accounts."""
    kept = await parts.store.read(units)
    fields = tuple(LedgerUnitOut.model_fields)
    return LedgerUnitsOut(
        units=[
            LedgerUnitOut.model_validate({name: getattr(one, name) for name in fields})
            for one in kept
        ]
    )


async def list_purposes(
    caller: Annotated[Caller, allowed("list_purposes")],
) -> PurposesOut:
    """List what transfers are for; care is a purpose of its own."""
    return PurposesOut(
        purposes=[PurposeOut(code=code, names=names) for code, names in PURPOSES.items()]
    )


async def list_accounts(
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("list_accounts")],
    owner: Annotated[str, Query(max_length=128, description="Whose; yours, or any you keep.")] = "",
    unit: Annotated[str, Query(max_length=64, examples=["hours"])] = "",
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[AccountOut]:
    """List accounts: of one owner, or for those who keep them of all."""
    table.may(caller, "list_accounts", owner=owner)
    owners = (owner,) if owner else ()
    rows = await parts.store.read(listed, owners=owners, unit_code=unit, after=after, most=size + 1)
    return page(
        rows,
        size=size,
        shown=lambda account: AccountOut.model_validate(account_body(account)),
        order=lambda account: (account.id,),
    )


async def open_account(
    account: AccountIn,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("open_account")],
    key: IdempotencyKey = None,
) -> Response:
    """Open an account at zero; one that is there already is answered as it stands.

    Limits are set by those who keep the accounts; where none are said, those of the unit hold.
    """
    said = account.model_fields_set & {"floor", "ceiling"}
    table.may(caller, "open_account", owner=account.owner, limits=bool(said))
    answer = await parts.store.write(
        ledger_units.open_account,
        owner=account.owner,
        kind=account.kind,
        unit_code=account.unit,
        floor=_limit(account.floor, NO_FLOOR) if "floor" in said else None,
        ceiling=_limit(account.ceiling, NO_CEILING) if "ceiling" in said else None,
        node=parts.node,
        answers=parts.answers,
        asked=asked(caller, "open_account", key, account.model_dump_json(exclude_unset=True)),
    )
    return answer.response()


async def read_account(
    account_id: AccountPath,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("read_account")],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return an account as it stands: its balance, and what is available."""
    account = await parts.store.read(
        ledger_units.read_account,
        AccountId(account_id),
        may=lambda owner: table.may(caller, "read_account", owner=owner),
    )
    if unchanged(if_none_match, tag(account)):
        return not_modified(tag(account))
    body = AccountOut.model_validate(account_body(account)).model_dump_json()
    headers = {"ETag": tag(account), "Cache-Control": "no-store"}
    return Response(body, headers=headers, media_type="application/json")


async def amend_account(
    account_id: AccountPath,
    change: AccountChange,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("amend_account")],
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response:
    """Give an account other limits, freeze it, open it again or close it for good."""
    said = change.model_fields_set
    request = change.model_dump_json(exclude_unset=True)
    answer = await parts.store.write(
        ledger_units.amend_account,
        AccountId(account_id),
        if_match=if_match,
        floor=_limit(change.floor, NO_FLOOR) if "floor" in said else None,
        ceiling=_limit(change.ceiling, NO_CEILING) if "ceiling" in said else None,
        state=change.state,
        answers=parts.answers,
        asked=asked(caller, "amend_account", key, account_id, if_match, request),
    )
    return answer.response()


async def read_statement(
    account_id: AccountPath,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("read_statement")],
    since: Moment = "",
    until: Moment = "",
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> StatementOut:
    """Return what has happened to an account, the oldest first, with both balances after each."""

    def read(work: Work) -> Statement:
        ledger_units.read_account(
            work,
            AccountId(account_id),
            may=lambda owner: table.may(caller, "read_statement", owner=owner),
        )
        return statement(
            work, AccountId(account_id), since=since, until=until, after=after, most=size + 1
        )

    found = await parts.store.read(read)
    here = found._replace(lines=found.lines[:size])
    following = cursor(here.lines[-1].key) if len(found.lines) > size else None
    return StatementOut.model_validate(statement_body(here, following=following))


async def download_statement(
    account_id: AccountPath,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("download_statement")],
    since: Moment = "",
    until: Moment = "",
    language: Annotated[Literal["en", "ar", "fr", "es", "pt"], Query()] = "en",
) -> Response:
    """Return a statement as a file that spreadsheets open, with headings in a language."""

    def read(work: Work) -> tuple[Statement, LedgerUnit]:
        account = ledger_units.read_account(
            work,
            AccountId(account_id),
            may=lambda owner: table.may(caller, "download_statement", owner=owner),
        )
        found = statement(work, account.id, since=since, until=until, most=LINES_MAX + 1)
        return found, unit(work, account.unit)

    found, measure = await parts.store.read(read)
    return Response(
        statement_csv(found, unit=measure, language=language),
        headers={
            "Content-Disposition": 'attachment; filename="statement.csv"',
            "Cache-Control": "no-store",
        },
        media_type=MEDIA_TYPE,
    )


async def check_ledger(
    parts: PartsDep, caller: Annotated[Caller, allowed("check_ledger")]
) -> CheckOut:
    """Count the books anew and say whether every invariant of them holds."""
    found = await parts.store.read(findings)
    return CheckOut(
        holds=all(one.holds for one in found),
        findings=[FindingOut(**one._asdict(), holds=one.holds) for one in found],
    )


def _limit(said: int | None, none: int) -> int:
    """Return a limit, or the one that nobody reaches where it was said that there is none."""
    return none if said is None else said
