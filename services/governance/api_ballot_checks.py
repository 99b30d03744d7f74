"""HTTP of what is known after the close: receipts and proofs, who voted, packages and exports.

Whoever asks for the proof of one receipt tells this node that they hold it. Whoever would rather
not asks for all that begin alike, or for the whole list, and looks for theirs at home.
"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from services.governance.api_ballot_models import (
    BallotPath,
    IssuedOut,
    ReceiptOut,
    ReceiptProofOut,
    SpokenOut,
)
from services.governance.ballot_refusals import BallotStillOpen, NoSuchReceipt, VotesAreSecret
from services.governance.ballots import BallotState, the_ballot
from services.governance.exports import Exported, Form, NoSuchExport, exported
from services.governance.package import write_package
from services.governance.parts import PartsDep
from services.governance.receipts import inclusion, listed_receipts
from services.governance.rules import Secrecy
from services.governance.tables.ballots import BALLOT_ISSUED, ROLL_CALL
from shared.access import REFUSALS, AccessTable, Caller
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work


def _table(request: Request) -> AccessTable:
    table: AccessTable = request.app.state.gate.table
    return table


TableDep = Annotated[AccessTable, Depends(_table)]
ReceiptPath = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
_AFTER_CLOSE = (*REFUSALS, Missing, BallotStillOpen)


def add_to(made: APIRouter) -> None:
    """Add the paths of what is known after the close."""
    made.get(
        "/ballots/{ballot_id}/receipts", operation_id="list_receipts",
        responses=refusals(*_AFTER_CLOSE, BadCursor),
    )(list_receipts)  # fmt: skip
    made.get(
        "/ballots/{ballot_id}/receipts/{receipt}", operation_id="prove_receipt",
        response_model=ReceiptProofOut, responses=refusals(*_AFTER_CLOSE, NoSuchReceipt),
    )(prove_receipt)  # fmt: skip
    made.get(
        "/ballots/{ballot_id}/roll-call", operation_id="read_roll_call",
        responses=refusals(*_AFTER_CLOSE, VotesAreSecret, BadCursor),
    )(read_roll_call)  # fmt: skip
    made.get(
        "/ballots/{ballot_id}/issued", operation_id="list_issued",
        responses=refusals(*_AFTER_CLOSE, BadCursor),
    )(list_issued)  # fmt: skip
    made.get(
        "/ballots/{ballot_id}/package", operation_id="download_package", response_class=Response,
        responses={
            200: {"description": "A recount package", "content": {"application/json": {}}},
            **refusals(*_AFTER_CLOSE),
        },
    )(download_package)  # fmt: skip
    made.get(
        "/ballots/{ballot_id}/export", operation_id="export_ballots", response_class=Response,
        responses={
            200: {"description": "The ballots", "content": {"text/csv": {}, "text/plain": {}}},
            **refusals(*_AFTER_CLOSE, NoSuchExport),
        },
    )(export_ballots)  # fmt: skip


async def list_receipts(
    ballot_id: BallotPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_receipts")],
    beginning: Annotated[
        str, Query(pattern=r"^[0-9a-f]{0,64}$", description="The first digits of those wanted.")
    ] = "",
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[ReceiptOut]:
    """List the receipts of a closed ballot, in the order of the tree."""

    def read(work: Work) -> list[tuple[int, str]]:
        the_ballot(work, ballot_id).require_closed()
        return listed_receipts(work, ballot_id, beginning=beginning, after=after, most=size + 1)

    return page(
        await parts.store.read(read),
        size=size,
        shown=lambda row: ReceiptOut(place=row[0], receipt=row[1]),
        order=lambda row: (row[0],),
    )


async def prove_receipt(
    ballot_id: BallotPath,
    receipt: ReceiptPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("prove_receipt")],
) -> Response:
    """Return the proof that a receipt is under the root of its ballot."""

    def read(work: Work) -> dict[str, Any]:
        closed = the_ballot(work, ballot_id).require_closed()
        proof = inclusion(work, ballot_id, receipt)
        return {"receipt": receipt, "root": closed.root, **proof.as_data()}

    body = await parts.store.read(read)
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")


async def read_roll_call(
    ballot_id: BallotPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_roll_call")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[SpokenOut]:
    """List who voted what, where the rule says that votes are open."""
    last = cursor_values(after, str)[0] if after else ""

    def read(work: Work) -> list[tuple[str, str]]:
        ballot = the_ballot(work, ballot_id)
        if ballot.rule.secrecy is not Secrecy.OPEN:
            raise VotesAreSecret()
        ballot.require_closed()
        query = (
            select(ROLL_CALL.c.voter, ROLL_CALL.c.choice)
            .where(ROLL_CALL.c.ballot_id == ballot_id, ROLL_CALL.c.voter > last)
            .order_by(ROLL_CALL.c.voter)
            .limit(size + 1)
        )
        return [(row.voter, row.choice) for row in work.execute(query)]

    return page(
        await parts.store.read(read),
        size=size,
        shown=lambda row: SpokenOut(voter=row[0], choice=orjson.loads(row[1])),
        order=lambda row: (row[0],),
    )


async def list_issued(
    ballot_id: BallotPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_issued")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[IssuedOut]:
    """List who is noted to have voted in a closed ballot, by which way and in which hour."""
    last = cursor_values(after, str)[0] if after else ""

    def read(work: Work) -> list[IssuedOut]:
        the_ballot(work, ballot_id).require_closed()
        query = (
            select(BALLOT_ISSUED.c.voter, BALLOT_ISSUED.c.channel, BALLOT_ISSUED.c.hour)
            .where(BALLOT_ISSUED.c.ballot_id == ballot_id, BALLOT_ISSUED.c.voter > last)
            .order_by(BALLOT_ISSUED.c.voter)
            .limit(size + 1)
        )
        return [IssuedOut(**row) for row in work.execute(query).mappings()]

    return page(
        await parts.store.read(read),
        size=size,
        shown=lambda row: row,
        order=lambda row: (row.voter,),
    )


async def download_package(
    ballot_id: BallotPath,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("download_package")],
) -> Response:
    """Return the package by which anybody counts a closed ballot again: `twiza recount FILE`.

    It holds choices and nonces, and no voter. With somebody's receipt it shows what they voted, so
    that where votes are secret it is for stewards and auditors.
    """

    def read(work: Work) -> bytes:
        _may(table, caller, "download_package", the_ballot(work, ballot_id))
        return write_package(work, ballot_id)

    return _file(await parts.store.read(read), f"recount-{ballot_id}.json", "application/json")


async def export_ballots(
    ballot_id: BallotPath,
    parts: PartsDep,
    table: TableDep,
    caller: Annotated[Caller, allowed("export_ballots")],
    form: Annotated[Form, Query(description="Which kind of file.")] = Form.CSV,
) -> Response:
    """Return the ballots of a closed urn for other programs, without receipts and nonces."""

    def read(work: Work) -> Exported:
        _may(table, caller, "export_ballots", the_ballot(work, ballot_id))
        return exported(work, ballot_id, form)

    found = await parts.store.read(read)
    return _file(found.text.encode(), f"ballots-{ballot_id}{found.suffix}", found.media_type)


def _may(table: AccessTable, caller: Caller, operation: str, ballot: BallotState) -> None:
    table.may(caller, operation, secret=ballot.rule.secrecy is not Secrecy.OPEN)


def _file(data: bytes, name: str, media_type: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(data, headers=headers, media_type=media_type)
