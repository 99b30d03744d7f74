"""Tokens of people and programs: issued here until the portal gives them to people, and ended.

What a token says is kept, the token itself never: it is shown once, to the one who asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Final

from sqlalchemy import insert, select, update

from services.node import tables
from shared.access import Caller, Role
from shared.canonical import canonical, parse_canonical
from shared.contracts.node import TokenRevoked
from shared.ids import SERVICES, NodeName, ServiceName
from shared.people import EVERYTHING, Bearer, Claims, Mandate
from shared.refusals import Kind, Missing, Refusal
from shared.revocations import Revocations
from shared.store import Work

TOKENS_SHOWN: Final = 1_000


class OnlyTheOperator(Refusal):
    """A steward was to be named by another steward: then one could decide for two."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "only-the-operator"
    title: ClassVar[str] = "A steward is named on the node's own machine, with `twiza token issue`"


class NotForPrograms(Refusal):
    """A program was to get what only a person has."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "not-for-programs"
    title: ClassVar[str] = "Roles and mandates are for people; say in the scope what a program may"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A token that somebody asks for.

    Args:
        bearer: the pseudonymous id of a person, or the name of a program.
        kind: which of the two.
        days: how long it holds.
        roles, mandates, scope: what it is good for.
        audience: the services that it may be shown to.
        label: what it is for, for the list of tokens; nothing personal.
    """

    bearer: str
    kind: Bearer
    days: int
    roles: frozenset[str] = frozenset()
    mandates: Sequence[Mandate] = ()
    scope: frozenset[str] = frozenset({EVERYTHING})
    audience: Sequence[ServiceName] = SERVICES
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What is kept of a token that was issued."""

    id: str
    label: str
    issued_by: str
    revoked_at: str
    claims: Claims = field(repr=False)


def require_allowed(wanted: Wanted, caller: Caller) -> None:
    """Return quietly when the caller may issue such a token.

    Raises:
        OnlyTheOperator: only the operator of the machine names stewards.
        NotForPrograms: a program gets no roles and no mandates.
    """
    if Role.STEWARD in wanted.roles and Role.SERVICE not in caller.roles:
        raise OnlyTheOperator()
    if wanted.kind is Bearer.PROGRAM and (wanted.roles or wanted.mandates):
        raise NotForPrograms()


def issued_token(work: Work, wanted: Wanted, *, node: NodeName, issued_by: str) -> Issued:
    """Decide what a new token says, and keep that; ``issue`` makes the token of it.

    Args:
        wanted: what is asked for; ``require_allowed`` has been asked.
        node: this node.
        issued_by: the id of the one who asked.
    """
    claims = Claims.lasting(
        timedelta(days=wanted.days),
        now=work.now,
        sub=wanted.bearer,
        kind=wanted.kind,
        node=node,
        roles=wanted.roles,
        mandates=tuple(wanted.mandates),
        scope=wanted.scope,
        aud=tuple(wanted.audience),
    )
    said = claims.model_dump(mode="json", exclude_none=True)
    said |= {name: sorted(said[name]) for name in ("roles", "scope")}
    work.execute(
        insert(tables.token).values(
            id=claims.jti,
            bearer=claims.sub,
            kind=claims.kind.value,
            claims=canonical(said).decode(),
            label=wanted.label,
            issued_by=issued_by,
            issued=claims.iat,
            expires=claims.exp,
        )
    )
    return Issued(
        id=claims.jti, label=wanted.label, issued_by=issued_by, revoked_at="", claims=claims
    )


def token_of(work: Work, token_id: str) -> Issued:
    """Return what is kept of a token.

    Raises:
        Missing: no such token was issued here.
    """
    table = tables.token
    row = work.execute(select(table).where(table.c.id == token_id)).one_or_none()
    if row is None:
        raise Missing(token_id[:64])
    return _kept(row)


def revoke_token(work: Work, revocations: Revocations, token_id: str) -> None:
    """End a token before its time, here and in all services of this node.

    A second call does nothing; a token that has ended by itself is not told of.

    Raises:
        Missing: no such token was issued here.
    """
    table = tables.token
    row = work.execute(select(table).where(table.c.id == token_id)).one_or_none()
    if row is None:
        raise Missing(token_id[:64])
    if row.revoked_at:
        return
    work.execute(update(table).where(table.c.id == token_id).values(revoked_at=work.moment))
    if row.expires > int(work.now.timestamp()):
        revocations.revoke(work, token_id, expires=row.expires)
        work.announce(TokenRevoked(token_id=token_id, expires=row.expires))


def tokens(work: Work) -> list[Issued]:
    """Return what is kept of the tokens that hold still or were revoked, the newest first."""
    table = tables.token
    rows: Sequence[Any] = work.execute(
        select(table)
        .where(table.c.expires > int(work.now.timestamp()))
        .order_by(table.c.issued.desc(), table.c.id)
        .limit(TOKENS_SHOWN)
    ).all()
    return [_kept(row) for row in rows]


def _kept(row: Any) -> Issued:
    return Issued(
        id=row.id,
        label=row.label,
        issued_by=row.issued_by,
        revoked_at=row.revoked_at,
        claims=Claims.model_validate(parse_canonical(row.claims.encode())),
    )
