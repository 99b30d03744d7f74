"""Tokens over HTTP: issued to people and programs, listed without themselves, and ended."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.node import tokens
from services.node.access import ACCESS
from services.node.parts import PartsDep
from services.node.tokens import Issued, NotForPrograms, OnlyTheOperator, Wanted
from shared.access import REFUSALS, Caller
from shared.gate import allowed
from shared.idempotency import Answer, IdempotencyKey, KeyReused, asked
from shared.ids import SERVICES, ServiceName
from shared.people import EVERYTHING, TOKEN_LIFE_MAX, Bearer, Mandate, issue
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

DAYS_MAX = TOKEN_LIFE_MAX.days

Word = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
TokenId = Annotated[str, Path(max_length=64, examples=["0194c0de000070008000000000000001"])]

router = APIRouter(prefix="/tokens", tags=["tokens"])


class MandateIn(BaseModel):
    """For which entity a person may act."""

    model_config = ConfigDict(extra="forbid")

    entity: Word = Field(examples=["remess:0194c0de-0000-7000-8000-000000000001"])
    until: int | None = Field(
        default=None, ge=0, le=2**53 - 1, description="Unix seconds.", examples=[1795276800]
    )


class TokenIn(BaseModel):
    """A token that is wanted."""

    model_config = ConfigDict(extra="forbid")

    bearer: Word = Field(
        description="The pseudonymous id of a person, or the name of a program.",
        examples=["p-0194c0de"],
    )
    kind: Literal["person", "program"] = Field(default="person", examples=["person"])
    roles: set[Literal["member", "steward", "auditor", "coordinator"]] = Field(
        default=set(), examples=[["member"]]
    )
    mandates: list[MandateIn] = Field(default=[], max_length=64)
    scope: set[Word] = Field(
        default={EVERYTHING},
        min_length=1,
        max_length=64,
        description="`*`, `read`, or the operations for which it is good.",
        examples=[["*"]],
    )
    audience: list[Literal["directory", "exchange", "governance", "portal", "node"]] = Field(
        default=[], max_length=5, description="All services where nothing is said.", examples=[[]]
    )
    days: int = Field(default=90, ge=1, le=DAYS_MAX, examples=[90])
    label: str = Field(
        default="",
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="What it is for; nothing personal.",
        examples=["import at night"],
    )


class TokenOut(BaseModel):
    """What is kept of a token; the token itself is not."""

    id: str = Field(examples=["0194c0de000070008000000000000001"])
    bearer: str = Field(examples=["p-0194c0de"])
    kind: Bearer
    roles: list[str]
    mandates: list[Mandate]
    scope: list[str]
    audience: list[str]
    label: str
    issued_by: str
    issued: int = Field(description="Unix seconds.", examples=[1795190400])
    expires: int = Field(description="Unix seconds.", examples=[1802966400])
    revoked_at: str = Field(examples=[""])


class NewTokenOut(TokenOut):
    """A token that was issued just now. It is shown this once."""

    token: str


@router.post(
    "",
    operation_id="issue_token",
    status_code=201,
    responses=refusals(*REFUSALS, OnlyTheOperator, NotForPrograms, KeyReused),
    response_model=NewTokenOut,
)
async def issue_token(
    wanted_in: TokenIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("issue_token")],
    key: IdempotencyKey = None,
) -> Response:
    """Issue a token to a person or a program. Only the operator of the machine names stewards."""
    wanted = Wanted(
        bearer=wanted_in.bearer,
        kind=Bearer(wanted_in.kind),
        days=wanted_in.days,
        roles=frozenset(wanted_in.roles),
        mandates=[Mandate(entity=one.entity, until=one.until) for one in wanted_in.mandates],
        scope=frozenset(wanted_in.scope),
        audience=[ServiceName(one) for one in wanted_in.audience] or SERVICES,
        label=wanted_in.label,
    )
    ACCESS.may(caller, "issue_token")
    tokens.require_allowed(wanted, caller)
    host = parts.host

    def unit(work: Work) -> tuple[Answer, Issued]:
        """What is kept for a request that comes again is the token's id, and not the token."""

        def do() -> Answer:
            kept = tokens.issued_token(work, wanted, node=host.place.node, issued_by=caller.id)
            return Answer(status=201, body=kept.id.encode("ascii"))

        answer = parts.answers.once(work, once, do)
        return answer, tokens.token_of(work, answer.body.decode("ascii"))

    once = asked(caller, "issue_token", key, wanted_in.model_dump_json())
    answer, kept = await host.store.write(unit)
    # The same claims give the same token again: a signature of Ed25519 has no chance in it.
    made = NewTokenOut(**_out(kept).model_dump(), token=issue(kept.claims, host.key))
    return replace(answer, body=made.model_dump_json().encode()).response()


@router.get(
    "", operation_id="list_tokens", dependencies=[allowed("list_tokens")],
    responses=refusals(*REFUSALS),
)  # fmt: skip
async def list_tokens(parts: PartsDep) -> list[TokenOut]:
    """List the tokens that have not ended, the newest first, and which of them were revoked."""
    return [_out(one) for one in await parts.host.store.read(tokens.tokens)]


@router.delete(
    "/{token_id}",
    operation_id="revoke_token",
    status_code=204,
    responses=refusals(*REFUSALS, Missing),
)
async def revoke_token(
    token_id: TokenId,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("revoke_token")],
    key: IdempotencyKey = None,
) -> Response:
    """End a token now, in all services of this node. A second time changes nothing more."""
    ACCESS.may(caller, "revoke_token")
    await parts.host.store.write(tokens.revoke_token, parts.revocations, token_id)
    return Response(status_code=204)


def _out(one: Issued) -> TokenOut:
    claims = one.claims
    return TokenOut(
        id=one.id,
        bearer=claims.sub,
        kind=claims.kind,
        roles=sorted(claims.roles),
        mandates=list(claims.mandates),
        scope=sorted(claims.scope),
        audience=list(claims.aud),
        label=one.label,
        issued_by=one.issued_by,
        issued=claims.iat,
        expires=claims.exp,
        revoked_at=one.revoked_at,
    )
