"""The tokens of a node's own nats-server: operator, accounts, users, and its members' leafs.

Everything is derived from the keys and two small files (epochs, revocations). A token that
already says what it should say is kept, so that deriving them again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from services.node import jwt, permissions
from shared.ids import SERVICES, NodeName, ServiceName
from shared.keys import Prefix, SigningKey, prefix_of, read_secret, write_secret
from shared.refusals import Kind, Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from nats.aio.client import Client

    from services.node.home import Home
    from shared.subjects import Level

Account = Literal["sys", "app", "fed"]

ACCOUNTS: Final[tuple[Account, ...]] = ("sys", "app", "fed")
LEAF_LIFETIME: Final = timedelta(days=365)
CLAIMS_TIMEOUT_S: Final = 5.0


class ClaimsRefused(Refusal):
    """nats-server did not take an account's new token."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "claims-refused"
    title: ClassVar[str] = "nats-server did not take the account's new token"


@dataclass(frozen=True, slots=True)
class Epochs:
    """The current epoch of each service's logs; 1 where nothing is said."""

    public: dict[ServiceName, int]
    private: dict[ServiceName, int]


def issue(home: Home, *, at: datetime | None = None) -> None:
    """Write the tokens and credentials of this node as its keys, place and revocations ask.

    What already says the same stays as it is, to the byte.
    """
    issued_at = _unix(at)
    operator = SigningKey.load(home.operator_key)
    keys = {account: SigningKey.load(home.account_key(account)) for account in ACCOUNTS}
    _keep_token(
        home.token("operator"),
        lambda iat: jwt.operator_token(
            operator,
            name=home.settings().name,
            system_account=keys["sys"].public,
            issued_at=iat,
        ),
        issued_at,
    )
    for account, key in keys.items():
        _keep_token(home.token(account), _account(home, operator, account, key), issued_at)
    place = home.place()
    _issue_user(home, keys["sys"], "sys", "node", permissions.system_user(place), issued_at)
    for service in SERVICES:
        private = permissions.private_user(place, service)
        _issue_user(home, keys["app"], "app", service, private, issued_at)
        federated = permissions.federated_user(place, service)
        _issue_user(home, keys["fed"], "fed", service, federated, issued_at)
    _issue_leaf(home)


def issue_member_leaf(
    home: Home,
    *,
    user: str,
    member: NodeName,
    member_level: Level,
    epochs: dict[ServiceName, int] | None = None,
    at: datetime | None = None,
    lifetime: timedelta = LEAF_LIFETIME,
) -> str:
    """Return the token by which a member's leaf enters this hub; useless without its own seed.

    Args:
        home: the hub's home.
        user: the public key of the member's ``leaf.seed``.
        member: the member's name.
        member_level: the member's level.
        epochs: the current epochs of the member's public logs.
        at: now.
        lifetime: how long the token holds.

    Raises:
        BadCredential: the key is not a user's.
    """
    if prefix_of(user) is not Prefix.USER:
        raise jwt.BadCredential("a leaf enters with a user key")
    settings, issued_at = home.settings(), _unix(at)
    # A member that was cut off and comes back with its old key gets a token of a later second
    # than its revocation, which voids everything issued up to then.
    issued_at = max(issued_at, revocations(home).get(user, 0) + 1)
    return jwt.user_token(
        SigningKey.load(home.fed_signing_key),
        user,
        name=f"leaf-{member}",
        allowed=permissions.member_leaf(
            settings.name, settings.level, member, member_level, epochs=epochs
        ),
        issued_at=issued_at,
        issuer_account=SigningKey.load(home.account_key("fed")).public,
        expires_at=issued_at + int(lifetime.total_seconds()),
    )


def revoke(home: Home, user: str, *, at: datetime | None = None) -> str:
    """Void every leaf token issued for a user key so far; return the account's new token.

    The revocation is on disk when this returns; ``announce_claims`` makes it felt at once.
    """
    revoked = revocations(home)
    revoked[user] = max(_unix(at), revoked.get(user, 0))
    write_secret(home.revoked_file, json.dumps(revoked, indent=1, sort_keys=True).encode())
    issue(home, at=at)
    return read_secret(home.token("fed")).decode("ascii")


async def announce_claims(system: Client, token: str) -> None:
    """Hand an account's new token to the running server.

    Args:
        system: a client of the system account.
        token: the account's token.

    Raises:
        ClaimsRefused: the server did not take it.
    """
    answer = json.loads(
        (
            await system.request(
                "$SYS.REQ.CLAIMS.UPDATE", token.encode("ascii"), timeout=CLAIMS_TIMEOUT_S
            )
        ).data
    )
    if answer.get("data", {}).get("code") != 200:
        raise ClaimsRefused(str(answer.get("error", answer))[:200])


def revocations(home: Home) -> dict[str, int]:
    """Return the revoked user keys, each with the Unix second up to which its tokens are void."""
    if not home.revoked_file.exists():
        return {}
    return {str(user): int(at) for user, at in json.loads(read_secret(home.revoked_file)).items()}


def epochs(home: Home) -> Epochs:
    """Return the current epochs of this node's logs."""
    if not home.epochs_file.exists():
        return Epochs({}, {})
    kept = json.loads(read_secret(home.epochs_file))
    return Epochs(
        {ServiceName(service): int(epoch) for service, epoch in kept["public"].items()},
        {ServiceName(service): int(epoch) for service, epoch in kept["private"].items()},
    )


def keep_epochs(home: Home, kept: Epochs) -> None:
    """Write the current epochs, and the credentials that name the ones after them."""
    said = {"public": kept.public, "private": kept.private}
    write_secret(home.epochs_file, json.dumps(said, indent=1, sort_keys=True).encode())
    issue(home)


def _account(
    home: Home, operator: SigningKey, account: Account, key: SigningKey
) -> Callable[[int], str]:
    federated = account == "fed"
    signing = (SigningKey.load(home.fed_signing_key).public,) if federated else ()
    return lambda iat: jwt.account_token(
        operator,
        key.public,
        name=account.upper(),
        issued_at=iat,
        jetstream=account != "sys",
        leafs=federated,
        signing_keys=signing,
        revocations=revocations(home) if federated else None,
    )


def _keep_token(path: Path, made: Callable[[int], str], issued_at: int) -> None:
    if path.exists():
        old = read_secret(path).decode("ascii")
        if jwt.says_the_same(old, made(issued_at)):
            return
        # The server keeps the newest of two tokens of an account, and counts in seconds.
        issued_at = max(issued_at, int(jwt.claims_of(old)["iat"]) + 1)
    write_secret(path, made(issued_at).encode("ascii"))


def _issue_user(
    home: Home,
    issuer: SigningKey,
    account: Account,
    service: ServiceName | str,
    allowed: permissions.Allowed,
    issued_at: int,
) -> None:
    user, path = SigningKey.load(home.user_key(account, service)), home.user_creds(account, service)
    token = jwt.user_token(
        issuer, user.public, name=f"{account}-{service}", allowed=allowed, issued_at=issued_at
    )
    if path.exists():
        old = jwt.token_of_credentials(read_secret(path).decode("ascii"))
        if jwt.says_the_same(old, token):
            token = old
    _keep_credentials(path, token, user)


def _issue_leaf(home: Home) -> None:
    federation = home.federation()
    if federation is not None:
        leaf = SigningKey.load(home.leaf_key)
        if jwt.claims_of(federation.leaf_jwt)["sub"] != leaf.public:
            raise jwt.BadCredential("the hub issued this token for another key")
        _keep_credentials(home.leaf_creds, federation.leaf_jwt, leaf)


def _keep_credentials(path: Path, token: str, user: SigningKey) -> None:
    text = jwt.credentials_text(token, user.seed).encode("ascii")
    if not path.exists() or read_secret(path) != text:
        write_secret(path, text)


def _unix(at: datetime | None) -> int:
    return int((at or datetime.now(UTC)).timestamp())
