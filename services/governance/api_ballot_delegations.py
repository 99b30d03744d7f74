"""HTTP of delegations: votes given into another's hands, and who holds how many."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from services.governance.api_ballot_models import DelegationIn, DelegationOut, HolderOut
from services.governance.api_ballot_papers import answered, once
from services.governance.ballot_refusals import BadDelegation, WrongMandate
from services.governance.delegations import (
    Delegation,
    give,
    held,
    listed,
    revoke,
    the_delegation,
)
from services.governance.parts import PartsDep
from services.governance.register_views import mandates_of
from shared.access import REFUSALS, Caller
from shared.clock import stamp
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work


def add_to(made: APIRouter) -> None:
    """Add the paths of delegations."""
    made.get(
        "/delegations", operation_id="list_own_delegations",
        responses=refusals(*REFUSALS, BadCursor),
    )(list_own_delegations)  # fmt: skip
    made.post(
        "/delegations", operation_id="give_delegation", status_code=201,
        response_model=DelegationOut,
        responses=refusals(*REFUSALS, BadDelegation, WrongMandate, KeyReused),
    )(give_delegation)  # fmt: skip
    made.post(
        "/delegations/{delegation_id}/revocation", operation_id="revoke_delegation",
        response_model=DelegationOut, responses=refusals(*REFUSALS, Missing, KeyReused),
    )(revoke_delegation)  # fmt: skip
    made.get(
        "/delegations/holders", operation_id="list_holders",
        responses=refusals(*REFUSALS, BadCursor),
    )(list_holders)  # fmt: skip


async def list_own_delegations(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_own_delegations")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[DelegationOut]:
    """List the delegations that you have given, or that you hold, the oldest first."""

    def read(work: Work) -> list[Delegation]:
        return listed(work, voters=_voters(work, caller), after=after, most=size + 1)

    rows = await parts.store.read(read)
    return page(
        rows,
        size=size,
        shown=lambda row: DelegationOut(**row._asdict()),
        order=lambda row: (row.id,),
    )


async def give_delegation(
    wanted: DelegationIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("give_delegation")],
    key: IdempotencyKey = None,
) -> Response:
    """Give your vote into another's hands for one sort of matters; the newest one holds.

    It is used only where a decision's rule has delegation, and only if you do not vote yourself.
    """

    def do(work: Work) -> Answer:
        giver = wanted.giver or f"p:{caller.id}"
        if giver not in _voters(work, caller):
            raise WrongMandate()
        _require_within_mandate(work, caller, giver, until=wanted.until)
        given = give(
            work, giver=giver, holder=wanted.holder, scope=wanted.scope, until=wanted.until
        )
        return answered(DelegationOut(**given._asdict()), 201)

    request = asked(caller, "give_delegation", key, wanted.model_dump_json())
    return (await parts.store.write(once, parts.answers, request, do)).response()


async def revoke_delegation(
    delegation_id: str,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("revoke_delegation")],
    key: IdempotencyKey = None,
) -> Response:
    """Take a vote back that you have given into another's hands."""

    def do(work: Work) -> Answer:
        found = the_delegation(work, delegation_id)
        if found.giver not in _voters(work, caller):
            # Whose delegation it is, is nobody else's business.
            raise Missing()
        return answered(DelegationOut(**revoke(work, found)._asdict()))

    request = asked(caller, "revoke_delegation", key, delegation_id)
    return (await parts.store.write(once, parts.answers, request, do)).response()


async def list_holders(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_holders")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[HolderOut]:
    """List who holds how many votes of others now, in which sort of matters."""
    at = stamp(parts.clock.now())
    rows = await parts.store.read(held, at=at, after=after, most=size + 1)
    return page(
        rows,
        size=size,
        shown=lambda row: HolderOut(**row._asdict()),
        order=lambda row: (row.holder, row.scope),
    )


def _voters(work: Work, caller: Caller) -> list[str]:
    """Return the caller, and for whom they may act: the token says so, and the register, too."""
    may = {one.entity for one in mandates_of(work, caller.id, work.now)} & caller.entities
    return [f"p:{caller.id}", *(f"e:{one}" for one in sorted(may))]


def _require_within_mandate(work: Work, caller: Caller, giver: str, *, until: datetime) -> None:
    """Return quietly unless a delegate gives an entity's vote away for longer than they act.

    Raises:
        BadDelegation
    """
    held = [one for one in mandates_of(work, caller.id, work.now) if giver == f"e:{one.entity}"]
    if held and all(one.until and one.until < stamp(until) for one in held):
        raise BadDelegation("nobody gives an entity's vote away for longer than their mandate")
