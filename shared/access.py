"""Who may do what: a declared table of operation and role, and one function that asks it.

What is not in the table is refused. A service declares its table once; an endpoint is guarded by
its row (``shared.gate``), and a unit of work asks ``table.may(caller, "amend_entity", entity=...)``
where the row has a rule on the thing itself. Nothing here knows HTTP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

from shared.clock import Clock
from shared.ids import NodeName, ServiceName
from shared.people import (
    EVERYTHING,
    READING,
    Bearer,
    Claims,
    Revoked,
    TokenExpired,
    TokenForged,
    TokenKeys,
    TokenMissing,
    TokenNotYours,
    TokenRevoked,
    verify,
)
from shared.refusals import Kind, Refusal


class Role(StrEnum):
    """In what quality somebody asks."""

    ANONYMOUS = "anonymous"
    """Whoever asks; everybody is this too."""
    MEMBER = "member"
    DELEGATE = "delegate"
    """A person with a mandate of an entity that holds still."""
    STEWARD = "steward"
    AUDITOR = "auditor"
    COORDINATOR = "coordinator"
    PROGRAM = "program"
    SERVICE = "service"
    """Another service of this node."""


_GIVEN: Final = frozenset({Role.MEMBER, Role.STEWARD, Role.AUDITOR, Role.COORDINATOR})
"""The roles that a token gives by naming them; the others follow from what its bearer is."""


class NotAllowed(Refusal):
    """Somebody whom we know asked for what is not theirs to do."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-allowed"
    title: ClassVar[str] = "Your roles and mandates do not allow this"


REFUSALS: Final = (
    TokenMissing,
    TokenForged,
    TokenNotYours,
    TokenExpired,
    TokenRevoked,
    NotAllowed,
)
"""What a guarded endpoint may answer: ``responses=refusals(*access.REFUSALS)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking, in what qualities, and for which entities they may speak."""

    id: str = ""
    """The pseudonymous id of a person, the id of a program, the name of a service, or nothing."""
    kind: Bearer | None = None
    roles: frozenset[Role] = frozenset({Role.ANONYMOUS})
    entities: frozenset[str] = frozenset()
    scope: frozenset[str] = frozenset()
    token_id: str = ""

    @classmethod
    def of(cls, claims: Claims, *, now: datetime) -> Self:
        """Return the bearer of a token that was verified."""
        entities = frozenset(one.entity for one in claims.mandates if one.holds(now))
        roles = {Role.ANONYMOUS}
        match claims.kind:
            case Bearer.SERVICE:
                roles.add(Role.SERVICE)
            case Bearer.PROGRAM:
                roles.add(Role.PROGRAM)
            case Bearer.PERSON:
                roles |= {role for role in _GIVEN if role.value in claims.roles}
                roles |= {Role.DELEGATE} if entities else set()
        return cls(
            id=claims.sub,
            kind=claims.kind,
            roles=frozenset(roles),
            entities=entities if claims.kind is Bearer.PERSON else frozenset(),
            scope=claims.scope,
            token_id=claims.jti,
        )

    def speaks_for(self, entity: str) -> bool:
        """Return whether the caller has a mandate of that entity."""
        return entity in self.entities


ANYBODY: Final = Caller()

Rule = Callable[..., bool]
"""A rule on the thing itself: ``rule(caller, **thing)`` says whether the role suffices for it."""


@dataclass(frozen=True, slots=True)
class Row:
    """Which roles an operation is open to, each with its rule on the thing if it has one."""

    roles: Mapping[Role, Rule | None]
    reads: bool = False
    """Whether the operation changes nothing, so that the scope ``read`` is enough."""


def everyone(*, reads: bool = False) -> Row:
    """Return the row of an operation that is open to all, with a token or without."""
    return Row(MappingProxyType({Role.ANONYMOUS: None}), reads)


def only(*roles: Role, reads: bool = False, **ruled: Rule) -> Row:
    """Return the row of an operation for these roles, and for others under a rule on the thing.

    Args:
        roles: those to whom it is open whatever the thing is.
        reads: whether it changes nothing.
        ruled: by the name of a role, the rule that the thing must meet: ``delegate=of_its_entity``.
    """
    under_rule = {Role(name): rule for name, rule in ruled.items()}
    if not roles and not ruled:
        raise TypeError("an operation that is open to nobody need not be there")
    if under_rule.keys() & set(roles):
        raise TypeError("a role stands under a rule or it does not")
    return Row(MappingProxyType({**dict.fromkeys(roles), **under_rule}), reads)


class AccessTable:
    """The declared table of one service: for each operation, who may do it."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self.rows: Mapping[str, Row] = MappingProxyType(dict(rows))

    def enter(self, caller: Caller, operation: str) -> None:
        """Return quietly when the caller has a role for which the operation is open at all.

        Where that role stands under a rule, ``may`` must be asked as well, with the thing.

        Raises:
            TokenMissing: it is not open to all, and nobody has said who is asking.
            NotAllowed: the caller has no such role, the token no such scope, the table no such row.
        """
        if not self._standings(caller, operation):
            raise self._no(caller)

    def may(self, caller: Caller, operation: str, **thing: Any) -> None:
        """Return quietly when the caller may do the operation to this thing.

        Args:
            caller: who is asking.
            operation: the operation's id, as in the table.
            thing: what the rules of its row look at.

        Raises:
            TokenMissing: it is not open to all, and nobody has said who is asking.
            NotAllowed: no role of the caller's suffices for this thing.
        """
        rules = self._standings(caller, operation)
        # A role without a rule is enough, and a rule is asked only when none is.
        if None not in rules and not any(rule(caller, **thing) for rule in rules if rule):
            raise self._no(caller)

    def _standings(self, caller: Caller, operation: str) -> list[Rule | None]:
        """Return the rules under which the caller's roles stand; none at all means no."""
        row = self.rows.get(operation)
        if row is None:
            return []
        if Role.ANONYMOUS in row.roles:
            return [row.roles[Role.ANONYMOUS]]
        good_for = {EVERYTHING, operation} | ({READING} if row.reads else set())
        if not caller.scope & good_for:
            return []
        return [rule for role, rule in row.roles.items() if role in caller.roles]

    @staticmethod
    def _no(caller: Caller) -> Refusal:
        return TokenMissing() if caller.kind is None else NotAllowed()


@dataclass(slots=True, kw_only=True)
class Gate:
    """What an application needs to know who is asking; its keys may be changed while it runs."""

    table: AccessTable
    keys: TokenKeys
    node: NodeName
    audience: ServiceName
    clock: Clock
    revoked: Revoked = field(default=lambda claims: False)

    def caller(self, token: str) -> Caller:
        """Return the bearer of a token.

        Raises:
            TokenMissing, TokenForged, TokenNotYours, TokenExpired, TokenRevoked: see ``verify``.
        """
        now = self.clock.now()
        claims = verify(
            token,
            self.keys,
            node=self.node,
            audience=self.audience,
            now=now,
            revoked=self.revoked,
        )
        return Caller.of(claims, now=now)
