"""HTTP of proxies: tellers enter them, holders see whose they hold."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from services.governance.api_ballot_models import BallotPath, ProxyIn, ProxyOut, VoterPath
from services.governance.api_ballot_papers import answered, once
from services.governance.ballot_refusals import (
    BadProxy,
    BallotClosed,
    NotATeller,
    TooManyProxies,
    VotedElsewhere,
)
from services.governance.ballots import the_ballot
from services.governance.parts import PartsDep
from services.governance.proxies import (
    Proxy,
    end_proxy,
    enter_proxy,
    proxies,
    require_not_own,
)
from services.governance.roll_handlers import entry_for
from services.governance.rolls import NotInRoll
from services.governance.tellers import is_teller, require_teller
from shared.access import REFUSALS, Caller, Role
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work


def add_to(made: APIRouter) -> None:
    """Add the paths of proxies."""
    made.get(
        "/ballots/{ballot_id}/proxies", operation_id="list_proxies",
        responses=refusals(*REFUSALS, Missing, NotATeller, BadCursor),
    )(list_proxies)  # fmt: skip
    made.post(
        "/ballots/{ballot_id}/proxies", operation_id="enter_proxy", status_code=201,
        response_model=ProxyOut,
        responses=refusals(
            *REFUSALS, Missing, BallotClosed, NotATeller, NotInRoll, BadProxy, TooManyProxies,
            VotedElsewhere, KeyReused,
        ),
    )(post_proxy)  # fmt: skip
    made.delete(
        "/ballots/{ballot_id}/proxies/{voter}", operation_id="end_proxy", status_code=204,
        responses=refusals(*REFUSALS, Missing, BallotClosed, NotATeller, KeyReused),
    )(delete_proxy)  # fmt: skip


async def list_proxies(
    ballot_id: BallotPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_proxies")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[ProxyOut]:
    """List the proxies of a ballot, to its tellers and to stewards."""
    last = cursor_values(after, str)[0] if after else ""

    def read(work: Work) -> list[Proxy]:
        the_ballot(work, ballot_id)
        keeps = {Role.STEWARD, Role.AUDITOR} & caller.roles
        if not keeps and not is_teller(work, ballot_id, caller.id):
            raise NotATeller()
        return list(proxies(work, ballot_id, after=last, most=size + 1))

    return page(
        await parts.store.read(read),
        size=size,
        shown=lambda row: ProxyOut(**row._asdict()),
        order=lambda row: (row.giver,),
    )


async def post_proxy(
    ballot_id: BallotPath,
    written: ProxyIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("enter_proxy")],
    key: IdempotencyKey = None,
) -> Response:
    """Enter a written proxy that you have seen."""

    def do(work: Work) -> Answer:
        require_not_own(work, holder=written.holder, teller=caller.id)
        found = enter_proxy(
            work, ballot_id, giver=written.giver, holder=written.holder, teller=caller.id
        )
        return answered(ProxyOut(**found._asdict()), 201)

    request = asked(caller, "enter_proxy", key, ballot_id, written.model_dump_json())
    return (await parts.store.write(once, parts.answers, request, do)).response()


async def delete_proxy(
    ballot_id: BallotPath,
    voter: VoterPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("end_proxy")],
    key: IdempotencyKey = None,
) -> Response:
    """End a proxy: a teller does it, or the voter who gave it."""

    def do(work: Work) -> Answer:
        the_ballot(work, ballot_id)
        own = entry_for(work, ballot_id, person=caller.id, entities=caller.entities)
        if own is None or own.voter != voter:
            require_teller(work, ballot_id, caller.id)
        end_proxy(work, ballot_id, giver=voter)
        return Answer(status=204)

    request = asked(caller, "end_proxy", key, ballot_id, voter)
    return (await parts.store.write(once, parts.answers, request, do)).response()
