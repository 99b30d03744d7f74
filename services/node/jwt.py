"""Tokens by which nats-server knows operator, accounts and users.

Source: NATS JWT, version 2; the hash and the encodings follow github.com/nats-io/jwt.
"""

import hashlib
import json
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from services.node.permissions import Allowed
from shared.keys import BadKey, BadSignature, SigningKey, verify
from shared.refusals import Kind, Refusal

_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}
_UNLIMITED: Final = -1


class BadCredential(Refusal):
    """A token for nats-server is not what it should be."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-credential"
    title: ClassVar[str] = "This token does not hold"


def operator_token(operator: SigningKey, *, name: str, system_account: str, issued_at: int) -> str:
    """Return the operator's token, signed by itself."""
    nats = {"type": "operator", "version": 2, "system_account": system_account}
    return _token(operator, operator.public, name=name, nats=nats, issued_at=issued_at)


def account_token(
    operator: SigningKey,
    account: str,
    *,
    name: str,
    issued_at: int,
    jetstream: bool,
    leafs: bool,
    signing_keys: Sequence[str] = (),
    revocations: Mapping[str, int] | None = None,
) -> str:
    """Return an account's token.

    Args:
        operator: who vouches for the account.
        account: the account's public key.
        name: the account's name, for people.
        issued_at: Unix seconds; the server keeps the newest token.
        jetstream: whether the account has streams.
        leafs: whether leaf connections may bind to it.
        signing_keys: public keys that may sign users in the account's place.
        revocations: users' public keys, each with the Unix second up to which tokens issued
            for it are void.
    """
    limits: dict[str, Any] = {
        "subs": _UNLIMITED,
        "data": _UNLIMITED,
        "payload": _UNLIMITED,
        "imports": _UNLIMITED,
        "exports": _UNLIMITED,
        "wildcards": True,
        "conn": _UNLIMITED,
        "leaf": _UNLIMITED if leafs else 0,
    }
    if jetstream:
        limits |= dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), _UNLIMITED)
    nats: dict[str, Any] = {
        "type": "account",
        "version": 2,
        "limits": limits,
        "default_permissions": {"pub": {}, "sub": {}},
    }
    if signing_keys:
        nats["signing_keys"] = list(signing_keys)
    if revocations:
        nats["revocations"] = dict(revocations)
    return _token(operator, account, name=name, nats=nats, issued_at=issued_at)


def user_token(
    issuer: SigningKey,
    user: str,
    *,
    name: str,
    allowed: Allowed,
    issued_at: int,
    issuer_account: str | None = None,
    expires_at: int | None = None,
) -> str:
    """Return a user's token with its allow-lists.

    Args:
        issuer: the account's key, or a signing key of it.
        user: the user's public key.
        name: the user's name, for people.
        allowed: what the user may publish and subscribe; everything else is refused.
        issued_at: Unix seconds.
        issuer_account: the account's public key, needed when a signing key issues.
        expires_at: Unix seconds, or None for a user of the node's own.
    """
    nats: dict[str, Any] = {
        "type": "user",
        "version": 2,
        "subs": _UNLIMITED,
        "data": _UNLIMITED,
        "payload": _UNLIMITED,
        "pub": {"allow": list(allowed.publish)},
        "sub": {"allow": list(allowed.subscribe)},
    }
    if issuer_account is not None:
        nats["issuer_account"] = issuer_account
    return _token(issuer, user, name=name, nats=nats, issued_at=issued_at, expires_at=expires_at)


def credentials_text(token: str, seed: str) -> str:
    """Return the text of a credentials file: a user's token and its seed, a secret."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )


def token_of_credentials(text: str) -> str:
    """Return the token in the text of a credentials file.

    Raises:
        BadCredential: there is none.
    """
    lines = text.splitlines()
    if len(lines) < 2 or lines[0] != "-----BEGIN NATS USER JWT-----":
        raise BadCredential("not a credentials file")
    return lines[1]


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says, having checked that the key which it names signed it.

    Whether that key may sign such a thing is for the caller to judge by ``iss``.

    Raises:
        BadCredential: not a token, or not signed by its issuer.
    """
    try:
        signed, _, signature = token.rpartition(".")
        _, body = signed.split(".")
        claims = json.loads(_bytes(body))
        verify(claims["iss"], signed.encode("ascii"), _bytes(signature))
    except (ValueError, KeyError, TypeError, BadKey, BadSignature) as error:
        raise BadCredential("not a token, or not signed by its issuer") from error
    assert isinstance(claims, dict)
    return claims


def says_the_same(one: str, other: str) -> bool:
    """Return whether two tokens differ in nothing but the time of their making.

    Raises:
        BadCredential: one of them is not a token.
    """
    left, right = claims_of(one), claims_of(other)
    for claims in (left, right):
        claims.pop("iat", None)
        claims.pop("jti", None)
    return left == right


def _token(
    issuer: SigningKey,
    subject: str,
    *,
    name: str,
    nats: dict[str, Any],
    issued_at: int,
    expires_at: int | None = None,
) -> str:
    claims: dict[str, Any] = {
        "iat": issued_at,
        "iss": issuer.public,
        "name": name,
        "sub": subject,
        "nats": nats,
    }
    if expires_at is not None:
        claims["exp"] = expires_at
    digest = hashlib.new("sha512_256", _compact(claims)).digest()
    claims["jti"] = b32encode(digest).decode("ascii").rstrip("=")
    signed = f"{_text(_compact(_HEADER))}.{_text(_compact(claims))}"
    return f"{signed}.{_text(issuer.sign(signed.encode('ascii')))}"


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("utf-8")


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
