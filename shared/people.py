"""Tokens: who is asking, as a key of their own node has signed it.

A token is a JSON Web Token signed with Ed25519 (RFC 7519, RFC 8037; its checks follow RFC 8725). It
holds pseudonymous ids only. A key that the root key has certified with the role ``tokens`` signs
for people and programs; besides that, each service signs for itself, and for nobody else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Final, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.ids import SERVICES, NodeName, ServiceName, new_id
from shared.keys import SigningKey, raw_public
from shared.log.certificates import ROLE_TOKENS, checked_certificate
from shared.refusals import Kind, Refusal

TOKEN_LENGTH_MAX: Final = 8_192
SERVICE_TOKEN_LIFE: Final = timedelta(minutes=5)
TOKEN_LIFE_MAX: Final = timedelta(days=400)
CLOCKS_DIFFER_MAX: Final = timedelta(seconds=30)
"""How far the clocks of two machines of one node may differ."""
EVERYTHING: Final = "*"
"""The scope of a token that may do whatever its bearer may do."""
READING: Final = "read"
"""The scope of a token that may do whatever its bearer may do without changing anything."""

_ALGORITHM: Final = "EdDSA"
_TYPE: Final = "twiza+jwt"
_MOMENT_MAX: Final = 2**53 - 1
# The moments and the audience are looked at in verify, against a clock that is handed in.
_OPTIONS: Final[Any] = {
    "require": ["sub", "aud", "iat", "exp", "jti"],
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}

Words = Annotated[str, Field(min_length=1, max_length=128)]
Moment = Annotated[int, Field(strict=True, ge=0, le=_MOMENT_MAX)]
"""Seconds since 1970 in UTC, as in every JSON Web Token."""


class TokenMissing(Refusal):
    """Something that is not open to everybody was asked without a token."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    slug: ClassVar[str] = "token-missing"
    title: ClassVar[str] = "This needs a token; nobody has said who is asking"


class TokenForged(Refusal):
    """A token that no key of this node has signed as it stands."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    slug: ClassVar[str] = "token-forged"
    title: ClassVar[str] = "No key that may do so has signed this token"


class TokenNotYours(Refusal):
    """A token that was made for another node or another service."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    slug: ClassVar[str] = "token-not-yours"
    title: ClassVar[str] = "This token was made for another node or service"


class TokenExpired(Refusal):
    """A token whose time is over, or has not begun."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    slug: ClassVar[str] = "token-expired"
    title: ClassVar[str] = "The time of this token is over, or has not begun"


class TokenRevoked(Refusal):
    """A token that was ended before its time."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    slug: ClassVar[str] = "token-revoked"
    title: ClassVar[str] = "This token was revoked"


class Bearer(StrEnum):
    """What sort of somebody carries a token."""

    PERSON = "person"
    PROGRAM = "program"
    SERVICE = "service"


class Mandate(BaseModel):
    """For which entity a person may act, and until when."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    entity: Words
    until: Moment | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether its term runs still."""
        return self.until is None or now.timestamp() < self.until


class Claims(BaseModel):
    """What a token says.

    Roles and scopes that this release does not know are kept and give nothing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    sub: Words
    """The person's pseudonymous id, the program's, or the service's name."""
    kind: Bearer
    node: NodeName
    roles: frozenset[Words] = Field(default=frozenset(), max_length=32)
    mandates: tuple[Mandate, ...] = Field(default=(), max_length=64)
    scope: frozenset[Words] = Field(default=frozenset({EVERYTHING}), max_length=64)
    """``*``, ``read``, or the operations for which the token is good."""
    aud: tuple[ServiceName, ...] = Field(default=SERVICES, min_length=1, max_length=10)
    """The services of the node that the token may be shown to."""
    iat: Moment
    exp: Moment
    jti: Words = Field(default_factory=new_id)
    """The token's own id, by which it can be revoked."""

    @model_validator(mode="after")
    def _lives_no_longer_than_its_sort_may(self) -> Self:
        service = self.kind is Bearer.SERVICE
        life_max = SERVICE_TOKEN_LIFE if service else TOKEN_LIFE_MAX
        if not 0 < self.exp - self.iat <= life_max.total_seconds():
            raise ValueError(f"a token of a {self.kind} lives at most {life_max}")
        if service and (self.sub not in SERVICES or len(self.aud) != 1):
            raise ValueError("a service speaks in its own name to one other")
        return self

    @classmethod
    def lasting(cls, life: timedelta, *, now: datetime, **claims: Any) -> Self:
        """Return the claims of a token that is good from now on."""
        begin = int(now.timestamp())
        return cls(iat=begin, exp=begin + int(life.total_seconds()), **claims)


Revoked = Callable[[Claims], bool]
"""Whether a token was ended: by its own id, or with all of its bearer's before a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKeys:
    """The public keys of a node that sign tokens.

    Args:
        tokens: those that sign for everybody.
        services: those that sign for one service only, and which.
    """

    tokens: frozenset[str]
    services: Mapping[str, ServiceName]

    @classmethod
    def of(cls, certificates: Iterable[str], *, node: NodeName, root_key: str) -> Self:
        """Return the keys of a node's own certificates.

        Raises:
            BadCertificate: one is not signed by the root key.
        """
        read = [checked_certificate(text, root_key) for text in certificates]
        own = [certificate for certificate in read if certificate.node == node]
        return cls(
            tokens=frozenset(one.key for one in own if ROLE_TOKENS in one.roles),
            services={one.key: one.service for one in own},
        )

    def may_sign(self, key: str, claims: Claims) -> bool:
        """Return whether a key speaks for what the claims name."""
        return key in self.tokens or (
            claims.kind is Bearer.SERVICE and self.services.get(key) == claims.sub
        )


def issue(claims: Claims, key: SigningKey) -> str:
    """Return the token that says these claims, signed."""
    payload = claims.model_dump(mode="json", exclude_none=True)
    for name in ("roles", "scope"):
        payload[name].sort()
    token = jwt.encode(
        payload,
        Ed25519PrivateKey.from_private_bytes(key.raw_seed),
        algorithm=_ALGORITHM,
        headers={"kid": key.public, "typ": _TYPE},
    )
    assert len(token) <= TOKEN_LENGTH_MAX
    return token


def service_token(
    service: ServiceName, key: SigningKey, *, node: NodeName, audience: ServiceName, now: datetime
) -> str:
    """Return a token by which one service of a node asks another, good for five minutes."""
    claims = Claims.lasting(
        SERVICE_TOKEN_LIFE, now=now, sub=service, kind=Bearer.SERVICE, node=node, aud=(audience,)
    )
    return issue(claims, key)


def verify(
    token: str,
    keys: TokenKeys,
    *,
    node: NodeName,
    audience: ServiceName,
    now: datetime,
    revoked: Revoked,
) -> Claims:
    """Return what a token says, once it has been found to be genuine, in time and meant for us.

    Args:
        token: the text after ``Bearer``.
        keys: the keys of this node that sign tokens.
        node: this node.
        audience: the service that is asked.
        now: the present moment.
        revoked: tells whether a token was ended.

    Raises:
        TokenMissing: there is no text at all.
        TokenForged: malformed, or no key of the node that may do so has signed it.
        TokenNotYours: made for another node or service.
        TokenExpired: its time is over, or has not begun.
        TokenRevoked: it was ended.
    """
    if not token:
        raise TokenMissing()
    claims = _signed_claims(token, keys)
    if claims.node != node or audience not in claims.aud:
        raise TokenNotYours()
    at = now.timestamp()
    if not claims.iat - CLOCKS_DIFFER_MAX.total_seconds() <= at < claims.exp:
        raise TokenExpired()
    if revoked(claims):
        raise TokenRevoked()
    return claims


def _signed_claims(token: str, keys: TokenKeys) -> Claims:
    if len(token) > TOKEN_LENGTH_MAX:
        raise TokenForged("too long")
    try:
        header = jwt.get_unverified_header(token)
        key = header.get("kid")
        if header.get("typ") != _TYPE or not isinstance(key, str):
            raise TokenForged("not a token of ours")
        # The header names a key; which keys there are it does not decide.
        if key not in keys.tokens and key not in keys.services:
            raise TokenForged("signed by a key that signs no tokens here")
        payload = jwt.decode(token, _public_key(key), algorithms=[_ALGORITHM], options=_OPTIONS)
        claims = Claims.model_validate(payload)
    except (jwt.InvalidTokenError, ValidationError, UnicodeError) as error:
        raise TokenForged() from error
    if not keys.may_sign(key, claims):
        raise TokenForged("signed by a service that speaks for itself only")
    return claims


@lru_cache(maxsize=64)
def _public_key(public: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw_public(public))
